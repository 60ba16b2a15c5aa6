"""Beginning anew what failed or lapsed: a person asks, and another one than all who have asked approves."""

from collections.abc import Iterator
from typing import Any

import pytest

from pokea.clock import HOUR
from pokea.disbursements.approving import case_of, lapse, obligation_of
from pokea.disbursements.model import APPROVAL_LASTS, Disbursement, Way
from pokea.disbursements.retrying import RetryRequest, retry
from pokea.disbursements.saving import post
from pokea.ledger.entries import Money
from pokea.ledger.money_out import unreserved
from pokea.storage.database import Database
from pokea.storage.tables import attempts
from tests.disbursements.people_scene import NOW, PeopleScene, refusal, scene_on, target_of
from tests.disbursements.rows import attempt_row


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def failed(scene: PeopleScene, row: Disbursement) -> Disbursement:
    """The approved refund once its attempt is proved failed, and what was reserved is given back."""
    attempt = attempt_row(1, disbursement_id=row.id, status="failed", is_live=False, digest=row.digest, way=row.way)
    scene.connection.execute(attempts.insert(), [attempt._asdict()])
    post(scene.connection, unreserved(obligation_of(row), 1, NOW))
    scene.put(row, status="failed", failure_code="2040", next_action_at=None)
    return scene.found(row)


def retried(scene: PeopleScene, row: Disbursement, by: str = "ben", way: Way | None = None) -> Disbursement:
    """The refund once this person has asked for it anew."""
    call = scene.call(by)
    return retry(
        scene.connection, call, target_of(row), RetryRequest("the phone is registered now", way), scene.rules
    ).row


def test_what_failed_is_asked_for_anew(scene: PeopleScene) -> None:
    """With another digest, which voids what was approved; neither who asked first nor who asked again approves it."""
    scene.paid()
    first = failed(scene, scene.approve(scene.refund()))
    again = retried(scene, first)
    assert (again.status, again.retried_by, again.approved_by, again.failure_code) == ("requested", "ben", None, None)
    assert again.digest != first.digest
    for person in ("ann", "ben"):
        with refusal("own_request"):
            scene.approve(again, by=person, is_admin=True)
    with refusal("digest_changed"):
        scene.approve(again, by="cat", digest=first.digest)
    approved = scene.approve(again, by="cat")
    assert (approved.status, approved.approved_by) == ("approved", "cat")
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -50_000}
    assert scene.events(approved)[-2:] == [(3, "refund.requested"), (4, "refund.approved")]


def test_who_asked_again_before_cannot_approve_either(scene: PeopleScene) -> None:
    """All who have ever asked for it are out."""
    scene.paid()
    row = scene.approve(scene.refund())
    for number, person in enumerate(("cat", "dan"), 1):
        row = lapse(scene.connection, case_of(scene.connection, scene.found(row)), NOW + APPROVAL_LASTS)
        row = retried(scene, row, by=person)
        if number == 1:
            row = scene.approve(row, by="eve")
    for person in ("ann", "cat", "dan"):
        with refusal("own_request"):
            scene.approve(row, by=person)
    assert scene.approve(row, by="ben").status == "approved"


def test_another_way_is_chosen_by_a_person(scene: PeopleScene) -> None:
    """A reversal that failed may become a B2C payment, never by itself; a way that is closed meanwhile is refused."""
    scene.paid()
    row = failed(scene, scene.approve(scene.refund()))
    scene.now = NOW + 8 * 24 * HOUR
    with refusal("invalid_request"):
        retried(scene, row)
    assert retried(scene, row, way=Way.B2C).way == Way.B2C


def test_a_reversal_is_not_begun_anew_with_a_doubtful_receipt(scene: PeopleScene) -> None:
    """The number that paid gets it by B2C."""
    scene.paid()
    row = failed(scene, scene.approve(scene.refund()))
    scene.doubt_receipt()
    with refusal("invalid_request"):
        retried(scene, row)
    assert retried(scene, row, way=Way.B2C).way == Way.B2C


@pytest.mark.parametrize(
    "status", ["requested", "approved", "sending", "accepted", "unknown", "completed", "withdrawn"]
)
def test_only_what_failed_or_lapsed_is_begun_anew(scene: PeopleScene, status: str) -> None:
    """What may still pay, or has paid, is never sent again."""
    scene.paid()
    row = scene.refund()
    scene.put(row, status=status)
    with refusal("already_decided"):
        retried(scene, row)


def test_money_that_went_another_way_is_not_there(scene: PeopleScene) -> None:
    """Another refund that was asked for since has taken it."""
    scene.paid()
    row = failed(scene, scene.approve(scene.refund()))
    scene.refund(confirms_repeat=True)
    with refusal("already_decided"):
        retried(scene, row)


def test_a_payout_goes_to_the_number_that_the_payee_has_now(scene: PeopleScene) -> None:
    """Other people have confirmed it meanwhile; the sum of what is asked for stays within what is owed."""
    scene.payee(owed_cents=60_000)
    row = failed(scene, scene.approve(scene.payout(50_000)))
    with refusal("invalid_request"):
        retried(scene, row, way=Way.REVERSAL)
    scene.connection.exec_driver_sql("update payees set msisdn = '254733000000'")
    again = retried(scene, row)
    assert (again.recipient, again.way) == ("254733000000", "b2c")
    with refusal("beyond_payable"):
        scene.payout(20_000)


def test_a_business_of_one_person_begins_anew_by_itself(scene: PeopleScene) -> None:
    """It waits again as long as the first time."""
    scene.rules = scene.rules._replace(second_person_from_cents=60_000)
    scene.paid()
    row = failed(scene, scene.refund())
    again = retried(scene, row, by="ann")
    assert (again.status, again.approved_by, again.waiting) == ("approved", None, "delay")


FEES: list[tuple[list[int], list[str]]] = [
    ([50_000], ["refunding"]),
    ([20_000], ["refunding"]),
    ([20_000, 30_000], ["refunding", "refunding"]),
]


@pytest.mark.parametrize(("amounts", "fees"), FEES)
def test_a_refund_of_a_held_fee_is_the_decision_about_it(
    scene: PeopleScene, amounts: list[int], fees: list[str]
) -> None:
    """It takes effect with the approval: the fee is `refunding` from then on, and what is left of it stays held."""
    scene.paid(money=Money.HELD)
    taken = 0
    for amount, fee in zip(amounts, fees, strict=True):
        row = scene.refund(amount_cents=amount)
        assert row.decision_id is not None
        scene.approve(row)
        taken += amount
        assert scene.fee() == fee
    left = {"fees_held": taken - 50_000} if taken < 50_000 else {}
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -taken, **left}
    with refusal("already_decided"):
        scene.refund(amount_cents=50_100 - taken)


def test_a_request_alone_leaves_the_fee_held(scene: PeopleScene) -> None:
    """Rejected, it has done nothing; withdrawn after the approval, the money stays due and the next one takes it."""
    scene.paid(money=Money.HELD)
    row = scene.refund()
    assert scene.fee() == "held"
    scene.reject(row)
    assert (scene.fee(), scene.balances()) == ("held", {"mpesa_clearing": 50_000, "fees_held": -50_000})
    second = scene.withdraw(scene.approve(scene.refund()))
    assert second.status == "withdrawn"
    assert (scene.fee(), scene.balances()) == ("refunding", {"mpesa_clearing": 50_000, "refunds_due": -50_000})
    third = scene.refund()
    assert third.decision_id is None, "it was decided already"
    scene.approve(third)
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -50_000}


def test_two_requests_share_no_shilling_of_a_fee(scene: PeopleScene) -> None:
    """What one asks for of the held fee the other cannot, before any of them is approved."""
    values: dict[str, Any] = {"money": Money.HELD}
    scene.paid(**values)
    first = scene.refund(amount_cents=30_000)
    second = scene.refund()
    assert (second.amount_cents, first.decision_id != second.decision_id) == (20_000, True)
    scene.approve(second)
    scene.approve(first)
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -50_000}
