"""Whose a callback is: the payment that its address names and its token proves, or that of a token alone."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from pokea.operations import store
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery
from pokea.operations.settle import settle, store_alone
from pokea.operations.tokens import callback_digest
from pokea.storage.database import Database
from pokea.storage.tables import claims
from tests.deliveries import FLOW, TOKENS, delivery, delivery_by_token, pushed_payment
from tests.payment_rows import new_booking
from tests.properties.interleaved import NOW, accepted, batch
from tests.properties.tables import begin_with

MINE, OTHER = "pay_1", "pay_2"


def made_before(payment_id: str, **values: Any) -> Any:
    """A payment as version 3.2 made it, with the digest of its token."""
    return pushed_payment(payment_id, callback_digest=callback_digest(TOKENS.callback_token(payment_id)), **values)


@pytest.fixture
def plain(database: Database) -> Database:
    """A database with two payments whose pushes Daraja has accepted: one made by this version, and one before it."""
    with database.engine.begin() as connection:
        begin_with(
            connection,
            [new_booking("bk_1"), new_booking("bk_2")],
            [pushed_payment(MINE, booking_id="bk_1"), made_before(OTHER, booking_id="bk_2", msisdn="254712345679")],
        )
        settle(connection, batch(accepted(MINE), accepted(OTHER)), FLOW)
    return database


def settled(database: Database, *deliveries: Delivery) -> tuple[dict[str, str], int]:
    """The status of each payment after these callbacks, and how many of them are kept as claims."""
    with database.engine.begin() as connection:
        settle(connection, Batch(NOW, deliveries), FLOW)
    with database.engine.connect() as connection:
        found = store.find_all(connection, [MINE, OTHER])
        return {key: row.status for key, row in found.items()}, len(connection.execute(select(claims)).all())


def test_the_address_names_the_payment(plain: Database) -> None:
    """A payment is found by the id in its address, whichever version has made it."""
    both = (delivery(MINE, receipt="UE0000000A"), delivery(OTHER, receipt="UE0000000B"))
    assert settled(plain, *both) == ({MINE: "completed", OTHER: "completed"}, 0)


def test_a_token_alone_finds_a_payment_that_was_made_before(plain: Database) -> None:
    """Its address was given to Daraja before this version, and is accepted for ever."""
    assert settled(plain, delivery_by_token(OTHER)) == ({MINE: "pending", OTHER: "completed"}, 0)


def test_a_token_alone_is_stored_for_a_payment_that_was_made_before(plain: Database) -> None:
    """Also where its batch cannot be settled."""
    with plain.engine.begin() as connection:
        owners = store_alone(connection, Batch(NOW, [delivery_by_token(OTHER), delivery(MINE)]), FLOW)
        waiting = store.unapplied(connection, 10)
    assert owners == {TOKENS.callback_token(OTHER): OTHER, TOKENS.callback_token(MINE): MINE}
    assert sorted(waiting) == [MINE, OTHER]


def test_a_token_alone_proves_nothing_of_a_payment_made_since(plain: Database) -> None:
    """Daraja never got such an address for it: the callback is a claim, and the payment is asked about."""
    assert settled(plain, delivery_by_token(MINE)) == ({MINE: "pending", OTHER: "pending"}, 1)
    with plain.engine.connect() as connection:
        assert store.find_all(connection, [MINE])[MINE].inquiry_requested_at == NOW


@pytest.mark.parametrize("token", [TOKENS.callback_token(OTHER), "0" * 48])
def test_an_id_with_a_token_that_is_not_its_own_proves_nothing(plain: Database, token: str) -> None:
    """Ids are no secret: the callback is a claim."""
    forged = replace(delivery(MINE), token=token)
    assert settled(plain, forged) == ({MINE: "pending", OTHER: "pending"}, 1)


def test_a_payment_that_is_not_there_is_not_made(plain: Database) -> None:
    """The address of a payment whose row was never made leads to no row: its callback is a claim."""
    gone = delivery("pay_3")
    assert settled(plain, gone) == ({MINE: "pending", OTHER: "pending"}, 1)
    with plain.engine.begin() as connection:
        assert store_alone(connection, Batch(NOW, [gone]), FLOW) == {}
