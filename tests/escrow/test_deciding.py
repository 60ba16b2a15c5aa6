"""Decisions about held money in a real database: what a release takes, and what is in its way."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from pokea.clock import HOUR
from pokea.escrow.deciding import mark_done, release, release_by_time
from pokea.escrow.shares import WantedShare
from pokea.ledger.entries import Money
from pokea.storage.database import Database
from pokea.storage.tables import flags
from tests.disbursements.people_scene import PeopleScene, refusal, scene_on


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def release_all(scene: PeopleScene) -> int | None:
    """An admin releases what is held of the fee to the one payee; how much that was."""
    call = scene.call("owner", is_admin=True, object_id=f"dc_release_{scene.now}")
    made = release(scene.connection, call, "bk_1", [WantedShare("py_1", None)], 0)
    return None if made.decision is None else made.decision.amount_cents


def test_a_fee_is_not_released_while_a_refund_of_a_part_is_asked_for(scene: PeopleScene) -> None:
    """What the refund asks for would stay held for ever; once it is rejected all of the fee is released."""
    scene.paid(money=Money.HELD)
    scene.payee(owed_cents=0)
    refund = scene.refund(amount_cents=8_000)
    with refusal("already_decided"):
        release_all(scene)
    scene.reject(refund)
    assert release_all(scene) == 50_000
    assert scene.balances() == {"mpesa_clearing": 50_000, "provider_payable": -50_000}


def released_by_time(scene: PeopleScene) -> bool:
    """Whether the fee was released once its hour was over."""
    scene.now += 2 * HOUR
    return release_by_time(scene.connection, scene.call("", object_id=f"dc_time_{scene.now}"), "bk_1", 0)


def test_a_booking_with_an_open_flag_or_refund_does_not_release_by_itself(scene: PeopleScene) -> None:
    """Nor where the flag, or the refund, is that of another payment of the booking than the one that paid the fee."""
    scene.paid(money=Money.HELD)
    scene.payee(owed_cents=0)
    mark_done(scene.connection, scene.call("customer"), "bk_1", [WantedShare("py_1", None)], HOUR)
    scene.paid_again()
    refund = scene.refund("pay_9")
    assert not released_by_time(scene)
    scene.reject(refund)
    raised = {"operation_id": "pay_9", "flag": "paid_twice", "raised_at": scene.now}
    scene.connection.execute(insert(flags), [raised])
    assert not released_by_time(scene)
    assert scene.fee() == "held"
    scene.connection.execute(flags.update().values(closed_at=scene.now))
    assert released_by_time(scene)
    assert scene.fee() == "released"
