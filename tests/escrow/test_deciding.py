"""Decisions about held money in a real database: what a release takes, and what is in its way."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, insert, select

from pokea.clock import HOUR
from pokea.escrow.deciding import dispute, mark_done, release, release_by_time
from pokea.escrow.shares import WantedShare
from pokea.ledger.entries import Money
from pokea.storage.database import Database
from pokea.storage.tables import flags, postings
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


def payable(scene: PeopleScene) -> dict[str, int]:
    """What each payee is owed, below zero where they owe it."""
    columns = postings.c
    owed = select(columns.party_id, -func.sum(columns.amount_cents)).where(columns.account == "provider_payable")
    return {name: int(cents) for name, cents in scene.connection.execute(owed.group_by(columns.party_id))}


def test_a_released_fee_goes_back_by_b2c_from_those_to_whom_it_was_released(scene: PeopleScene) -> None:
    """Each gives back in proportion to what they got, the commission too; who owes is paid out nothing."""
    scene.paid(money=Money.HELD)
    for number in (1, 2):
        scene.payee(number, owed_cents=0)
    parts = [WantedShare("py_1", 15_000), WantedShare("py_2", None)]
    release(scene.connection, scene.call("owner", is_admin=True, object_id="dc_release"), "bk_1", parts, 1_000)
    assert payable(scene) == {"py_1": 15_000, "py_2": 30_000}
    refund = scene.refund(amount_cents=20_000)
    assert (refund.status, refund.way, payable(scene)) == ("requested", "b2c", {"py_1": 15_000, "py_2": 30_000})
    scene.approve(refund)
    assert payable(scene) == {"py_1": 8_400, "py_2": 16_600}
    with refusal("beyond_payable"):
        scene.payout(10_000)
    rest = scene.approve(scene.refund(confirms_repeat=True))
    assert (rest.amount_cents, rest.way) == (30_000, "b2c")
    assert payable(scene) == {"py_1": -1_600, "py_2": -3_400}
    assert scene.balances() == {
        "mpesa_clearing": 50_000,
        "provider_payable": 5_000,
        "commission": -5_000,
        "out_pending": -50_000,
    }
    assert scene.fee() == "released"
    with refusal("already_decided"):
        scene.refund(confirms_repeat=True)


def test_two_refunds_after_a_release_take_no_shilling_twice(scene: PeopleScene) -> None:
    """What one asks for is not at hand for another, and one that is rejected leaves the payee what they got."""
    scene.paid(money=Money.HELD)
    scene.payee(owed_cents=0)
    release_all(scene)
    first = scene.refund(amount_cents=30_000)
    with refusal("already_decided"):
        scene.refund(amount_cents=30_000, confirms_repeat=True)
    scene.reject(first)
    assert payable(scene) == {"py_1": 50_000}
    assert scene.refund(confirms_repeat=True).amount_cents == 50_000


def test_a_dispute_ends_by_an_admin_s_refund_alone(scene: PeopleScene) -> None:
    """Who may ask for refunds and is no admin does not decide about a fee that the customer disputes."""
    scene.paid(money=Money.HELD)
    dispute(scene.connection, scene.call("customer", object_id="dc_dispute"), "bk_1", "it leaks")
    with refusal("already_decided"):
        scene.refund()
    assert scene.made_refund(scene.call("owner", is_admin=True)).row.status == "requested"
