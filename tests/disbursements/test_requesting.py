"""Refunds and payouts that people ask for: what is written down, and what is refused."""

from collections.abc import Iterator

import pytest

from pokea.clock import HOUR
from pokea.disbursements.model import Way
from pokea.disbursements.saving import post
from pokea.ledger.entries import Money, adjustment
from pokea.storage.database import Database
from tests.disbursements.people_scene import PeopleScene, refusal, scene_on


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def test_a_whole_payment_that_is_due_back_is_asked_for(scene: PeopleScene) -> None:
    """Without an amount all of it is refunded, by reversal, to the number that paid; no money is reserved yet."""
    scene.paid()
    row = scene.refund()
    assert (row.status, row.amount_cents, row.way, row.recipient) == ("requested", 50_000, Way.REVERSAL, "254712345601")
    assert (row.payment_id, row.booking_id, row.decision_id, row.waiting) == ("pay_1", "bk_1", None, None)
    assert (row.requested_by, row.approved_by, row.next_action_at) == ("ann", None, None)
    assert scene.found(row) == row
    assert scene.events(row) == [(1, "refund.requested")]
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}


def test_a_part_goes_by_b2c_and_a_chosen_way_must_be_open(scene: PeopleScene) -> None:
    """M-PESA reverses whole payments only; B2C may be chosen for a whole one, too."""
    scene.paid(1)
    scene.paid(2)
    assert scene.refund("pay_1", amount_cents=20_000).way == Way.B2C
    with refusal("invalid_request"):
        scene.refund("pay_1", amount_cents=10_000, way=Way.REVERSAL)
    assert scene.refund("pay_2", way=Way.B2C).way == Way.B2C


@pytest.mark.parametrize("flag", ["receipt_conflict", "several_receipts"])
def test_a_receipt_that_may_be_another_s_is_not_reversed(scene: PeopleScene, flag: str) -> None:
    """A reversal would give another customer's payment back; B2C goes to the number that paid. A person's decision
    about the flag opens the way again, and another flag never closes it."""
    scene.paid(1, flags=f"amount_differs,{flag}")
    scene.paid(2, flags=f"-{flag},amount_differs")
    with refusal("invalid_request"):
        scene.refund("pay_1", way=Way.REVERSAL)
    assert scene.refund("pay_1").way == Way.B2C
    assert scene.refund("pay_2").way == Way.REVERSAL


def test_less_than_ten_shillings_with_a_doubtful_receipt_stay_due(scene: PeopleScene) -> None:
    """B2C pays out no less, and a reversal might be of another's payment."""
    scene.paid(amount_cents=500, flags="receipt_conflict")
    with refusal("not_refundable"):
        scene.refund()


def test_refunds_of_a_payment_never_exceed_what_it_brought(scene: PeopleScene) -> None:
    """What is asked for, approved or paid out is no longer there; what was rejected is there again."""
    scene.paid()
    with refusal("invalid_request"):
        scene.refund(amount_cents=50_100)
    first = scene.refund(amount_cents=30_000)
    with refusal("already_decided"):
        scene.refund(amount_cents=20_100)
    assert scene.refund().amount_cents == 20_000
    with refusal("already_decided"):
        scene.refund(amount_cents=100)
    scene.reject(first)
    assert scene.refund(amount_cents=30_000, confirms_repeat=True).amount_cents == 30_000


def test_a_statement_that_names_less_leaves_less_to_refund(scene: PeopleScene) -> None:
    """Where M-PESA moved less than was asked for, no more goes back; a reversal would take back that amount."""
    scene.paid()
    post(scene.connection, adjustment("pay_1", 1, -10_000, scene.now))
    with refusal("invalid_request"):
        scene.refund(amount_cents=50_000)
    row = scene.refund()
    assert (row.amount_cents, row.way) == (40_000, Way.REVERSAL)


def test_cents_that_a_statement_names_stay_due(scene: PeopleScene) -> None:
    """M-PESA pays out whole shillings: what is asked for is what can be sent, to the cent."""
    scene.paid()
    post(scene.connection, adjustment("pay_1", 1, -10_050, scene.now))
    row = scene.refund()
    assert (row.amount_cents, row.way) == (39_900, Way.B2C)


def test_a_statement_that_names_more_changes_nothing_of_what_is_due(scene: PeopleScene) -> None:
    """What came on top stands in suspense; the amount that was due goes back by B2C, since a reversal takes it all."""
    scene.paid()
    post(scene.connection, adjustment("pay_1", 1, 10_000, scene.now))
    row = scene.refund()
    assert (row.amount_cents, row.way) == (50_000, Way.B2C)


def test_money_in_suspense_waits_for_its_flag(scene: PeopleScene) -> None:
    """Of doubtful money nothing goes back before a person has decided about it, and of no money nothing ever."""
    scene.paid(1, Money.SUSPENSE)
    scene.paid(2, status="failed", completed_at=None, receipt=None)
    for payment_id in ("pay_1", "pay_2"):
        with refusal("not_refundable"):
            scene.refund(payment_id)
    with refusal("not_found"):
        scene.refund("pay_3")


def test_a_part_of_a_few_shillings_stays_due(scene: PeopleScene) -> None:
    """Under KES 10 only a reversal of the whole goes out."""
    scene.paid(1)
    scene.paid(2, amount_cents=500)
    with refusal("not_refundable"):
        scene.refund("pay_1", amount_cents=900)
    assert scene.refund("pay_2").way == Way.REVERSAL


def test_an_old_payment_goes_back_by_b2c(scene: PeopleScene) -> None:
    """POKEA_REVERSAL_DAYS after it came a payment is no longer reversed."""
    scene.paid(1, completed_at=scene.now - 169 * HOUR)
    assert scene.refund().way == Way.B2C


def test_the_same_to_the_same_phone_looks_like_a_repeat(scene: PeopleScene) -> None:
    """Two payments of one phone count as well; it is asked for knowingly with `confirmRepeat`."""
    scene.paid(1)
    scene.paid(2, msisdn="254712345601")
    scene.paid(3)
    first = scene.refund("pay_1")
    with refusal("looks_like_a_repeat"):
        scene.refund("pay_2")
    assert scene.refund("pay_3").status == "requested"
    assert scene.refund("pay_2", amount_cents=40_000).status == "requested"
    assert scene.refund("pay_2", amount_cents=10_000).status == "requested"
    scene.withdraw(first)
    assert scene.refund("pay_1").status == "requested"


def test_a_day_later_nothing_looks_like_a_repeat(scene: PeopleScene) -> None:
    """Only the last 24 hours are looked at."""
    scene.paid(1)
    scene.paid(2, msisdn="254712345601")
    scene.refund("pay_1")
    scene.now += 24 * HOUR
    assert scene.refund("pay_2").status == "requested"


def test_a_payout_is_bounded_by_what_the_payee_is_owed(scene: PeopleScene) -> None:
    """What is asked for already counts, though no posting shows it yet."""
    scene.payee(owed_cents=100_000)
    row = scene.payout(60_000)
    assert (row.way, row.recipient, row.payee_id, row.source_of_money) == ("b2c", "254722222201", "py_1", "py_1")
    with refusal("beyond_payable"):
        scene.payout(40_100)
    assert scene.payout(40_000).status == "requested"
    with refusal("beyond_payable"):
        scene.payout(1_000)
    scene.withdraw(row)
    assert scene.payout(50_000).status == "requested"


def test_a_payout_names_a_payee_and_a_booking_that_are_there(scene: PeopleScene) -> None:
    """What does not exist is named; less than M-PESA pays out is refused."""
    scene.payee()
    scene.paid()
    with refusal("not_found"):
        scene.payout(payee_id="py_9")
    with refusal("not_found"):
        scene.payout(booking_id="bk_9")
    with refusal("invalid_request"):
        scene.payout(900)
    assert scene.payout(booking_id="bk_1").booking_id == "bk_1"


def test_a_key_makes_one_request(scene: PeopleScene) -> None:
    """The same key finds what the first call made, also where that call was made after all; with another body it is
    refused."""
    scene.paid()
    call = scene.call("ann", key="once")
    made = scene.made_refund(call)
    assert not made.replayed
    assert scene.made_refund(call) == made, "another run of the same change"
    again = scene.made_refund(scene.call("ann", key="once"))
    assert (again.row, again.replayed) == (made.row, True)
    other = scene.call("ann", key="once")
    with refusal("idempotency_key_reused"):
        scene.made_refund(other._replace(key=other.key._replace(body_digest="another")))
    with refusal("already_decided"):
        scene.made_refund(scene.call("eve", key="once"))
