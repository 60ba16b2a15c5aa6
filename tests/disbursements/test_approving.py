"""Approval by a second person: who may, of what, how much, and what follows in the rows and the books."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from pokea.clock import HOUR
from pokea.disbursements import sums
from pokea.disbursements.approving import Approval, Target, approve, case_of, lapse
from pokea.disbursements.brake_store import stop
from pokea.disbursements.caps import CapReservation, use_of
from pokea.disbursements.checks import digest_of_row
from pokea.disbursements.model import APPROVAL_LASTS, MOST_CENTS, Disbursement, DisbursementKind, Way
from pokea.errors import ApiError
from pokea.scope import Scope
from pokea.storage.database import Database
from pokea.storage.tables import disbursement_steps, disbursements
from tests.disbursements.people_scene import NOW, PeopleScene, refusal, scene_on, target_of


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def steps(scene: PeopleScene, row: Disbursement) -> list[tuple[str, str]]:
    """What was done about it, and by whom."""
    columns = disbursement_steps.c
    own = select(columns.kind, columns.subject).where(columns.disbursement_id == row.id).order_by(columns.number)
    return [(kind, subject) for kind, subject in scene.connection.execute(own)]


def test_another_person_approves(scene: PeopleScene) -> None:
    """The amount is reserved, the row says who and when, and it is due to be sent at once."""
    scene.paid()
    row = scene.approve(scene.refund())
    assert (row.status, row.approved_by, row.approved_at, row.waiting) == ("approved", "ben", NOW, None)
    assert row.next_action_at == NOW
    assert scene.found(row) == row
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -50_000}
    assert scene.events(row) == [(1, "refund.requested"), (2, "refund.approved")]
    assert steps(scene, row) == [("requested", "ann"), ("approved", "ben")]


def test_a_reversal_of_a_receipt_that_is_in_doubt_by_now_is_not_approved(scene: PeopleScene) -> None:
    """Another payment has named the receipt since it was asked for: it is asked for anew, by B2C."""
    scene.paid()
    row = scene.refund()
    scene.doubt_receipt()
    with refusal("not_refundable"):
        scene.approve(row)
    assert scene.found(row) == row
    scene.reject(row)
    assert scene.approve(scene.refund(confirms_repeat=True)).way == Way.B2C


def test_a_payout_is_taken_from_the_payable(scene: PeopleScene) -> None:
    """What the payee is owed goes to out_pending."""
    scene.payee(owed_cents=100_000)
    scene.approve(scene.payout(60_000))
    assert scene.balances() == {"fees_held": 100_000, "provider_payable": -40_000, "out_pending": -60_000}
    assert sums.payable_cents(scene.connection, 1, "py_1") == 40_000


@pytest.mark.parametrize("is_admin", [False, True])
def test_no_one_approves_their_own(scene: PeopleScene, is_admin: bool) -> None:
    """Not even an admin, and whatever token or command the call comes by."""
    scene.paid()
    row = scene.refund()
    with refusal("own_request"):
        scene.approve(row, by="ann", is_admin=is_admin)
    assert scene.found(row) == row


@pytest.mark.parametrize("column", ["requested_by", "retried_by"])
def test_the_table_refuses_who_approves_their_own(scene: PeopleScene, column: str) -> None:
    """A check of the table holds where no function is asked."""
    scene.paid()
    row = scene.refund()
    own = update(disbursements).where(disbursements.c.id == row.id)
    scene.connection.execute(own.values(approved_by="ben"))
    with pytest.raises(IntegrityError), scene.connection.begin_nested():
        scene.connection.execute(own.values({column: "ben"}))


def test_only_what_was_seen_is_approved(scene: PeopleScene) -> None:
    """Another digest than that of the request is refused, and so is a row that no longer has the digest it carries."""
    scene.paid()
    row = scene.refund()
    with refusal("digest_changed"):
        scene.approve(row, digest="0" * 64)
    scene.put(row, recipient="254700000000")
    with refusal("digest_changed"):
        scene.approve(row)


def test_what_was_decided_is_decided(scene: PeopleScene) -> None:
    """Nothing is approved or rejected twice, and what is withdrawn or rejected stays so."""
    scene.paid(1)
    scene.paid(2)
    approved = scene.approve(scene.refund("pay_1"))
    rejected = scene.reject(scene.refund("pay_2"))
    for row in (approved, rejected):
        with refusal("already_decided"):
            scene.approve(row, by="cat")
        with refusal("already_decided"):
            scene.reject(row)
    with refusal("already_decided"):
        scene.withdraw(rejected)


def test_what_is_withdrawn_after_the_approval_is_given_back(scene: PeopleScene) -> None:
    """The debt stands again where it stood."""
    scene.paid()
    row = scene.withdraw(scene.approve(scene.refund()))
    assert (row.status, row.next_action_at, row.waiting) == ("withdrawn", None, None)
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}
    assert scene.events(row)[-1] == (3, "refund.withdrawn")


def test_what_was_never_approved_moves_nothing(scene: PeopleScene) -> None:
    """A rejection and a withdrawal of a request leave the books as they were."""
    scene.paid(1)
    scene.paid(2)
    before = scene.balances()
    assert scene.reject(scene.refund("pay_1")).status == "rejected"
    assert scene.withdraw(scene.refund("pay_2")).status == "withdrawn"
    assert scene.balances() == before


def test_an_approval_lapses(scene: PeopleScene) -> None:
    """What was not sent in its day is given back; the step is the time's."""
    scene.paid()
    row = scene.approve(scene.refund())
    lapsed = lapse(scene.connection, case_of(scene.connection, row), NOW + APPROVAL_LASTS)
    assert (lapsed.status, steps(scene, lapsed)[-1]) == ("lapsed", ("lapsed", "time"))
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}


def test_above_a_cap_it_waits_for_an_admin(scene: PeopleScene) -> None:
    """The request says so from the beginning; an admin approves it knowingly, and no one else does."""
    scene.paid(amount_cents=1_500_000)
    row = scene.refund()
    assert row.waiting == "cap"
    tries: list[dict[str, Any]] = [{}, {"over_cap": True}, {"is_admin": True}]
    for values in tries:
        with refusal("above_cap"):
            scene.approve(row, **values)
    assert (scene.found(row).status, scene.found(row).waiting) == ("requested", "cap")
    approved = scene.approve(row, is_admin=True, over_cap=True)
    assert (approved.is_over_cap, approved.waiting) == (True, None)


def test_a_cap_that_fills_up_meanwhile_is_looked_at_again(scene: PeopleScene) -> None:
    """What was below the caps when it was asked for may be above them when it is approved; then it says so."""
    scene.rules = scene.rules._replace(caps=scene.rules.caps._replace(day_cents=80_000))
    scene.paid(1)
    scene.paid(2)
    first, second = scene.refund("pay_1"), scene.refund("pay_2")
    assert (first.waiting, second.waiting) == (None, None)
    scene.approve(first)
    call = scene.call("ben", key="again")
    answer = scene.answer(second, call)
    assert isinstance(answer, ApiError)
    assert (answer.code, scene.found(second).waiting) == ("above_cap", "cap")
    scene.withdraw(first)
    assert not isinstance(scene.answer(second, call), ApiError), "the key was not used up by the refusal"
    assert scene.found(second).status == "approved"


def test_nothing_goes_above_m_pesas_own_limit(scene: PeopleScene) -> None:
    """No admin approves more than 250,000 shillings at once."""
    scene.payee(owed_cents=3 * MOST_CENTS)
    row = scene.payout(MOST_CENTS + 100)
    with refusal("above_cap"):
        scene.approve(row, is_admin=True, over_cap=True)
    assert scene.approve(scene.payout(MOST_CENTS), is_admin=True, over_cap=True).status == "approved"


def test_what_the_caps_use_is_what_the_rows_say(scene: PeopleScene) -> None:
    """The sums in SQL are those of the pure function: of what is approved and not given back, to the microsecond."""
    scene.paid()
    row = scene.approve(scene.refund(amount_cents=1_000))
    counting = ("approved", "sending", "accepted", "unknown", "completed")
    rows, counted = [], []
    for number, status in enumerate((*counting, "requested", "rejected", "failed", "lapsed", "withdrawn", "returned")):
        for ago in (0, HOUR - 1, HOUR, 24 * HOUR - 1, 24 * HOUR):
            values: dict[str, Any] = {
                "recipient": f"25470000000{number % 2}",
                "amount_cents": 100 + number,
                "approved_at": NOW - ago,
            }
            rows.append(row._replace(id=f"rf_{number}_{ago}", status=status, **values)._asdict())
            if status in counting:
                counted.append(CapReservation(rows[-1]["id"], **values))
    scene.connection.execute(insert(disbursements), rows)
    scene.put(row, status="failed")
    for recipient in ("254700000000", "254700000001"):
        assert sums.cap_use(scene.connection, 1, recipient, NOW) == use_of(counted, recipient, NOW)
        for each in counted:
            earlier = [other for other in counted if (other.approved_at, other.id) < (each.approved_at, each.id)]
            mine = row._replace(id=each.id, recipient=recipient, approved_at=each.approved_at)
            assert sums.cap_use_before(scene.connection, mine, NOW) == use_of(earlier, recipient, NOW)


def test_a_key_approves_once(scene: PeopleScene) -> None:
    """The same call again answers what stands, and posts nothing twice."""
    scene.paid()
    row = scene.refund()
    call = scene.call("ben", key="once")
    first = scene.answer(row, call)
    assert not isinstance(first, ApiError)
    assert scene.answer(row, call) == first
    again = scene.answer(row, scene.call("ben", key="once"))
    assert not isinstance(again, ApiError)
    assert (again.row, again.replayed) == (first.row, True)
    assert scene.balances() == {"mpesa_clearing": 50_000, "out_pending": -50_000}


def test_the_sum_is_checked_again_at_the_approval(scene: PeopleScene) -> None:
    """Where another refund has taken the money since, by whatever way, nothing more is approved."""
    scene.paid(1)
    scene.paid(2)
    first, second = scene.refund("pay_1"), scene.refund("pay_2", confirms_repeat=True)
    scene.put(second, payment_id="pay_1")
    with refusal("already_decided"):
        scene.approve(first)


def test_the_payable_is_checked_again_at_the_approval(scene: PeopleScene) -> None:
    """A payout is approved only while the payee is owed as much."""
    scene.payee(owed_cents=100_000)
    row = scene.payout(80_000)
    scene.put(row, amount_cents=120_000)
    changed = scene.found(row)
    scene.put(row, digest=digest_of_row(changed))
    with refusal("beyond_payable"):
        scene.approve(scene.found(row))


def test_a_business_of_one_person_waits_instead(scene: PeopleScene) -> None:
    """What is below POKEA_OUT_SECOND_PERSON_FROM is approved by the time, and can be withdrawn until it is sent."""
    scene.rules = scene.rules._replace(second_person_from_cents=60_000)
    scene.paid(1)
    row = scene.refund()
    assert (row.status, row.approved_by, row.waiting, row.needs_second_person) == ("approved", None, "delay", False)
    assert row.next_action_at == NOW + scene.rules.delay
    assert steps(scene, row) == [("requested", "ann"), ("approved", "time")]
    assert scene.events(row) == [(1, "refund.requested"), (2, "refund.approved")]
    assert scene.withdraw(row).status == "withdrawn"
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}


def test_from_the_threshold_upward_a_second_person_is_needed(scene: PeopleScene) -> None:
    """The amount of POKEA_OUT_SECOND_PERSON_FROM itself needs one; so does what is above a cap."""
    scene.rules = scene.rules._replace(second_person_from_cents=50_000)
    scene.paid(1)
    scene.paid(2, amount_cents=49_900)
    assert scene.refund("pay_1").status == "requested"
    scene.rules = scene.rules._replace(caps=scene.rules.caps._replace(one_cents=40_000))
    row = scene.refund("pay_2")
    assert (row.status, row.waiting) == ("requested", "cap")
    with refusal("own_request"):
        scene.approve(row, by="ann", is_admin=True, over_cap=True)


def test_while_money_out_is_stopped_an_approval_waits(scene: PeopleScene) -> None:
    """The approval says what it waits for, and so does that of a payout whose payee was confirmed lately."""
    scene.paid()
    scene.payee(confirmed_at=NOW - HOUR)
    scene.payee(2, confirmed_at=None, confirmed_by=None)
    late, never = (scene.approve(scene.payout(10_000, payee_id=each)) for each in ("py_1", "py_2"))
    assert (late.waiting, late.next_action_at) == ("payee_wait", NOW + 23 * HOUR)
    assert (never.waiting, never.next_action_at) == ("payee_wait", NOW + APPROVAL_LASTS)
    stop(scene.connection, 1, "ben", "I want to look", NOW)
    assert scene.approve(scene.refund()).waiting == "stopped"


def test_without_funds_an_approval_waits(scene: PeopleScene) -> None:
    """The last balance, less what is pending, must cover the amount and its charge; an unknown one covers nothing."""
    scene.paid(1)
    scene.paid(2, msisdn="254700000009")
    scene.fund(None)
    assert scene.approve(scene.refund("pay_1")).waiting == "needs_funds"
    scene.fund(49_999)
    assert scene.approve(scene.refund("pay_2")).waiting == "needs_funds"


def test_a_cent_of_the_charge_is_enough_to_wait(scene: PeopleScene) -> None:
    """B2C costs something, and a reversal does not."""
    scene.paid(1)
    scene.paid(2, msisdn="254700000009")
    scene.fund(50_000)
    assert scene.approve(scene.refund("pay_1")).waiting is None
    assert scene.approve(scene.refund("pay_2", way=Way.B2C)).waiting == "needs_funds"


def test_of_another_merchant_there_is_nothing(scene: PeopleScene) -> None:
    """A call sees the disbursements of its own merchant and kind only."""
    scene.paid()
    row = scene.refund()
    call = scene.call("ben")
    for other in (call._replace(scope=Scope(2)), call):
        wanted = target_of(row) if other is not call else Target(DisbursementKind.PAYOUT, row.id)
        with refusal("not_found"):
            approve(scene.connection, other, wanted, Approval(row.digest, over_cap=False), scene.rules)
