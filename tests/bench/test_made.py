"""The payments that a load settles are as if they had been pushed, and a wrong settlement is found."""

import asyncio

import pytest
from sqlalchemy import update

from bench.made import callback_request, check_settled, client_secret, make_bookings, make_payments, payment_id
from pokea.api.callback_address import read_own_name
from pokea.clock import SystemClock
from pokea.daraja.callback import read_callback
from pokea.operations import store
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery
from pokea.operations.settle import settle
from pokea.operations.tokens import PaymentTokens
from pokea.payments.flow import PaymentFlow
from pokea.redact import Secret
from pokea.storage import tables
from pokea.storage.database import open_database
from tests.system.service.running import SECRET_KEY
from tests.system.service.world import on_database

_TOKENS = PaymentTokens(Secret(SECRET_KEY))


def deliver(url: str, *numbers: int) -> None:
    """Settle the callbacks of these payments, as the service does."""
    now = SystemClock().now()
    deliveries = []
    for number in numbers:
        head, body = callback_request(number).split(b"\r\n\r\n", 1)
        reading = read_callback(body)
        assert reading is not None
        payment_id, token = read_own_name(head.split(b" ", 2)[1].decode().rsplit("/", 1)[1])
        deliveries.append(Delivery(token, reading, body, now, payment_id))
    database = open_database(url)
    asyncio.run(database.write(settle, Batch(now, deliveries), PaymentFlow(_TOKENS.proves)))
    database.close()


def test_made_payments_wait_for_their_callbacks(database_url: str) -> None:
    """Each is pending with Daraja's id, and its callback completes it with money and event."""
    made = make_payments(database_url, 3)
    found = on_database(database_url, lambda connection: store.find_all(connection, made.ids))
    assert {payment.status for payment in found.values()} == {"pending"}
    deliver(database_url, 1, 2, 3)
    check_settled(made)


def test_what_was_acknowledged_must_be_there(database_url: str) -> None:
    """A payment that is not settled is found missing, unless its callback was not acknowledged."""
    made = make_payments(database_url, 3)
    deliver(database_url, 1, 3)
    check_settled(made, acknowledged=[0, 2])
    with pytest.raises(AssertionError, match="not there"):
        check_settled(made)


def test_half_a_settlement_is_found(database_url: str) -> None:
    """A posting that is missing beside a completed payment does not pass."""
    made = make_payments(database_url, 2)
    deliver(database_url, 1, 2)
    gone = tables.postings.delete().where(tables.postings.c.source_id == payment_id(1))
    on_database(database_url, lambda connection: connection.execute(gone))
    with pytest.raises(AssertionError):
        check_settled(made)


def test_a_fee_that_is_not_held_is_found(database_url: str) -> None:
    """A completed payment whose booking does not hold the fee does not pass."""
    made = make_payments(database_url, 1)
    deliver(database_url, 1)
    on_database(database_url, lambda it: it.execute(update(tables.bookings).values(fee_status="unpaid")))
    with pytest.raises(AssertionError):
        check_settled(made)


def test_a_page_s_secret_opens_its_payment() -> None:
    """The secret that a made page sends is the payment's own."""
    now = SystemClock().now()
    assert _TOKENS.opens(client_secret(7), payment_id(7), now, now)
    assert not _TOKENS.opens(client_secret(7), payment_id(8), now, now)


def test_bookings_alone_await_their_payment(database_url: str) -> None:
    """For pushes only the bookings are made."""
    make_bookings(database_url, 4)
    rows = on_database(database_url, lambda it: it.execute(tables.bookings.select()).all())
    assert {(row.status, row.fee_status) for row in rows} == {("awaiting_payment", "unpaid")}
    assert len(rows) == 4
