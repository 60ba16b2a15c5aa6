"""What a statement says of payments: by receipt first, then by what agrees, and never by a guess."""

from typing import Any

import pytest
from msgspec.structs import replace

from pokea.clock import HOUR, SECOND
from pokea.reconciliation.completeness import CompleteStatement
from pokea.reconciliation.lines import mask_fits
from pokea.reconciliation.match import Why, match
from pokea.reconciliation.statement import Statement
from tests.reconciliation.written import (
    DAY_BEGIN,
    DAY_END,
    NEXT_DAY,
    OURS,
    PAID_AT,
    PAYMENT,
    Movement,
    candidate,
    statement_of,
)

LOST = candidate(status="initiated", is_unanswered=True)
"""A push whose answer was lost."""
DONE = candidate(status="completed", receipts=frozenset({"TK5AA00001"}))
"""A payment that a callback has completed."""


def matched(statement: Statement, *candidates: object) -> list[str]:
    """The payments of the lines that are matched."""
    return [each.payment_id for each in match(statement, candidates, OURS).matched]  # type: ignore[arg-type]  # candidates


def test_a_line_finds_its_payment_by_receipt_first() -> None:
    """The payment that owns the receipt is the line's, whatever account and number the line has."""
    owner = candidate("pay_2", receipts=frozenset({"TK5AA00001"}), account_reference="OTHER", msisdn="254700000000")
    assert matched(statement_of(PAYMENT), candidate(), owner) == ["pay_2"]


@pytest.mark.parametrize(
    "details",
    [
        "Small Business Pay Merchant from 25471****678 - JANE **** DOE",
        "Merchant Customer Payment from 25471****678 - JANE **** DOE",
        "Customer Payment from 25471****678 - JANE **** DOE",
        "Pay Bill Online",
        "What M-PESA will think of next year",
        "Utility Account to Organization Settlement Account",
        "Reversal of a reversal",
    ],
)
def test_the_wording_of_a_line_with_a_receipt_of_ours_does_not_matter(details: str) -> None:
    """Whatever its Details say, the line is the payment's, and the payment is not missing."""
    found = match(statement_of(replace(PAYMENT, details=details, reason="")), [DONE], OURS)
    assert [each.payment_id for each in found.matched] == ["pay_1"]
    assert (found.unknown, found.missing, found.undoings) == ([], [], [])


def test_a_line_finds_its_payment_by_account_amount_time_and_number() -> None:
    """All of them agree; with one that differs the line is unknown."""
    statement = statement_of(PAYMENT)
    assert matched(statement, candidate()) == ["pay_1"]
    for other in (
        {"account_reference": "BK-1002"},
        {"amount_cents": 50_100},
        {"created_at": PAID_AT + 120 * SECOND, "expires_at": PAID_AT + 240 * SECOND},
        {"created_at": PAID_AT - 360 * SECOND, "expires_at": PAID_AT - 240 * SECOND},
        {"msisdn": "254712345679"},
        {"receipts": frozenset({"TK5AA99999"})},
    ):
        found = match(statement, [candidate(**other)], OURS)
        assert (found.matched, [each.why for each in found.unknown]) == ([], [Why.NO_PAYMENT])


def test_a_tills_line_needs_amount_time_and_number_together() -> None:
    """It has no account: without a masked number nothing is guessed."""
    till = replace(PAYMENT, account="", details="Merchant Payment from 25471****678 - JANE **** DOE")
    assert matched(statement_of(till), candidate()) == ["pay_1"]
    assert matched(statement_of(replace(till, payer="", details="Merchant Payment")), candidate()) == []


def test_what_two_payments_fit_or_two_lines_claim_is_left_to_a_person() -> None:
    """Neither is guessed, and the report says of which payments it may be."""
    found = match(statement_of(PAYMENT), [candidate(), candidate("pay_2")], OURS)
    assert (found.matched, found.unknown[0].why) == ([], Why.SEVERAL_PAYMENTS)
    assert found.unknown[0].payment_ids == ("pay_1", "pay_2")
    twice = statement_of(PAYMENT, replace(PAYMENT, receipt="TK5AA00002", at=PAID_AT + SECOND))
    found = match(twice, [candidate()], OURS)
    assert (found.matched, [each.why for each in found.unknown]) == ([], [Why.SEVERAL_LINES] * 2)


def test_another_amount_of_a_known_receipt_is_told_with_both_amounts() -> None:
    """It is the payment's line, and neither matched nor unknown."""
    found = match(statement_of(replace(PAYMENT, cents=45_000)), [DONE], OURS)
    assert [(each.payment_id, each.line.paid_in_cents, each.asked_cents) for each in found.differing] == [
        ("pay_1", 45_000, 50_000)
    ]
    assert (found.matched, found.unknown, found.missing) == ([], [], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"details": "Pay Bill from 25472****321 - JOHN **** ROE Acc. BK-7777", "payer": "25472****321"},
        {"payer": "25471****679"},
        {"details": "Pay Bill Acc. BK-7777", "payer": "", "account": "BK-7777"},
    ],
)
def test_another_amount_of_another_payer_is_not_the_payments(changes: dict[str, str]) -> None:
    """Daraja has named the wrong receipt: the line is another's money. It is told with the payment that has its
    receipt, and no difference is posted."""
    found = match(statement_of(replace(PAYMENT, cents=4_600, **changes)), [DONE], OURS)
    assert [(each.why, each.payment_ids) for each in found.unknown] == [(Why.OF_ANOTHER, ("pay_1",))]
    assert (found.matched, found.differing) == ([], [])


@pytest.mark.parametrize("changes", [{}, {"account": "bk1001"}, {"details": "Pay Bill", "payer": "", "account": ""}])
def test_another_amount_is_the_payments_where_its_payer_is(changes: dict[str, str]) -> None:
    """What is shown of number and reference agrees, or nothing is shown."""
    found = match(statement_of(replace(PAYMENT, cents=4_600, **changes)), [DONE], OURS)
    assert ([each.payment_id for each in found.differing], found.unknown) == (["pay_1"], [])


@pytest.mark.parametrize(
    "reversal",
    [
        Movement(linked="TK5AA00001", details="Pay Bill Reversal by 999 - CARE", reason="Pay Utility Reversal"),
        Movement(details="Reversal of TK5AA00001", reason=""),
        Movement(linked="tk5aa00001 ", details="Something", reason="Transaction Reversal"),
    ],
)
def test_a_reversal_is_told_of_the_payment_whose_receipt_it_names(reversal: Movement) -> None:
    """In its own column, or in the words of Details."""
    taken_back = replace(reversal, receipt="TK5AA00009", cents=-50_000, at=PAID_AT + HOUR)
    found = match(statement_of(PAYMENT, taken_back), [DONE], OURS)
    assert [(each.payment_id, each.original, each.line.receipt) for each in found.undoings] == [
        ("pay_1", "TK5AA00001", "TK5AA00009")
    ]
    assert [each.payment_id for each in found.matched] == ["pay_1"]


def test_a_reversal_is_told_of_a_payment_that_the_same_file_has_just_shown() -> None:
    """Its receipt was not known before; the payment is matched, and what takes it back names it."""
    back = Movement(receipt="TK5AA00009", cents=-50_000, details="Reversal", linked="TK5AA00001", at=PAID_AT + HOUR)
    found = match(statement_of(PAYMENT, back), [LOST], OURS)
    assert [each.payment_id for each in found.matched] == ["pay_1"]
    assert [each.payment_id for each in found.undoings] == ["pay_1"]


def test_a_reversal_of_what_is_not_ours_is_told_too() -> None:
    """It names no payment, and is left to a person."""
    strange = Movement(receipt="TK5AA00009", cents=-50_000, details="Reversal", reason="", at=PAID_AT + HOUR)
    found = match(statement_of(PAYMENT, strange), [DONE], OURS)
    assert [(each.payment_id, each.original) for each in found.undoings] == [(None, None)]


def test_a_payer_whose_name_sounds_like_a_reversal_pays() -> None:
    """Only the opening and the reason type of a line say that it takes money back."""
    named = replace(PAYMENT, details="Pay Bill from 25471****678 - JANE REVERSON Acc. BK-1001")
    assert matched(statement_of(named), candidate()) == ["pay_1"]


def test_the_charge_of_a_payment_shares_its_receipt() -> None:
    """It is no reversal, and the payment is matched with the whole amount."""
    charge = Movement(cents=-500, details="Pay Bill Charge", payer="", account="")
    found = match(statement_of(PAYMENT, charge), [DONE], OURS)
    assert ([each.payment_id for each in found.matched], found.undoings, found.gaps) == (["pay_1"], [], [])


def test_one_receipt_with_two_amounts_settles_nothing() -> None:
    """Which one is right is for a person to say."""
    found = match(statement_of(PAYMENT, replace(PAYMENT, cents=60_000)), [DONE], OURS)
    assert (found.matched, found.differing) == ([], [])
    assert [each.why for each in found.unknown] == [Why.RECEIPT_TWICE] * 2


def test_a_line_that_did_not_complete_is_told_of_a_completed_payment_alone() -> None:
    """A failed row of a stranger is nothing; one of a payment that we hold for completed contradicts us."""
    failed = replace(PAYMENT, status="Failed")
    assert [each.why for each in match(statement_of(failed), [DONE], OURS).unknown] == [Why.NOT_COMPLETED]
    assert match(statement_of(failed), [LOST], OURS).unknown == []


def test_a_push_without_an_answer_is_settled_by_a_complete_statement_that_covers_it() -> None:
    """Shown, it was paid; covered and not shown, it was not (law: push)."""
    assert matched(statement_of(PAYMENT), LOST) == ["pay_1"]
    found = match(statement_of(), [LOST], OURS)
    assert (found.not_paid, found.unresolved, found.gaps) == (["pay_1"], [], [])
    assert match(statement_of(), [candidate()], OURS).not_paid == []


def test_a_completed_payment_that_a_complete_statement_lacks_is_missing() -> None:
    """It is told; with its line it is not."""
    assert match(statement_of(), [DONE], OURS).missing == ["pay_1"]
    assert match(statement_of(PAYMENT), [DONE], OURS).missing == []


@pytest.mark.parametrize(
    ("since", "until", "reported_at"),
    [
        (DAY_BEGIN, DAY_END, PAID_AT - 600 * SECOND),
        (DAY_BEGIN, DAY_END, PAID_AT),
        (DAY_BEGIN, DAY_END, PAID_AT + 600 * SECOND),
        (DAY_BEGIN, PAID_AT + 600 * SECOND, NEXT_DAY),
        (PAID_AT - 300 * SECOND, DAY_END, NEXT_DAY),
        (DAY_BEGIN, DAY_END, None),
    ],
)
def test_nothing_is_concluded_of_a_payment_whose_time_is_not_covered_whole(
    since: int, until: int, reported_at: int | None
) -> None:
    """From minutes before its push until minutes after its prompt's end; what was paid a minute later may lack."""
    statement = statement_of(since=since, until=until, reported_at=reported_at)
    found = match(statement, [LOST, replace(DONE, payment_id="pay_2")], OURS)
    assert (found.not_paid, found.missing, found.unresolved) == ([], [], ["pay_1"])


def test_a_statement_that_is_read_during_its_period_ends_at_that_moment() -> None:
    """Its period may end at midnight and its clock may run ahead: what comes later is not in it."""
    found = match(statement_of(reported_at=PAID_AT + 200 * SECOND, read_at=PAID_AT), [LOST], OURS)
    assert found.coverage is not None
    assert found.coverage.until == PAID_AT
    assert found.not_paid == []


def test_nothing_is_concluded_while_unexplained_money_could_be_the_payments() -> None:
    """A mistyped account, an unknown wording, a reversed credit: the payment is undecided, and the rows are named."""
    for stranger in (
        replace(PAYMENT, account=" BK-1010", details="Pay Bill from 25471****678 - JANE **** DOE Acc. BK-1010"),
        replace(PAYMENT, details="Something new from X", account="", payer=""),
        replace(PAYMENT, details="Reversal", reason="", receipt="TK5AA00007"),
        replace(PAYMENT, account="", payer="25471****000", at=PAID_AT + 650 * SECOND),
    ):
        found = match(statement_of(stranger), [LOST, replace(DONE, payment_id="pay_2", receipts=frozenset())], OURS)
        assert (found.not_paid, found.missing) == ([], [])
        assert [(each.payment_id, each.lines) for each in found.undecided] == [("pay_1", (8,)), ("pay_2", (8,))]


def test_unexplained_money_of_another_amount_or_hour_leaves_a_conclusion_as_it_is() -> None:
    """Neither could be the payment's."""
    others = (
        replace(PAYMENT, cents=60_000, account="", payer="25471****000"),
        replace(PAYMENT, receipt="TK5AA00002", account="X", at=PAID_AT + HOUR),
    )
    assert match(statement_of(*others), [LOST], OURS).not_paid == ["pay_1"]


def test_money_that_another_prompt_of_the_phone_may_have_brought_leaves_the_first_in_doubt() -> None:
    """The line fits the second prompt alone; M-PESA may all the same have been late with the first one's."""
    first = replace(LOST, created_at=PAID_AT - 500 * SECOND, expires_at=PAID_AT - 380 * SECOND)
    found = match(statement_of(PAYMENT), [first, candidate("pay_2")], OURS)
    assert [each.payment_id for each in found.matched] == ["pay_2"]
    assert (found.not_paid, [each.payment_id for each in found.undecided]) == ([], ["pay_1"])


@pytest.mark.parametrize(
    "named", [{"amount_cents": 60_000}, {"account_reference": "OTHER"}, {"msisdn": "254700000000"}]
)
def test_money_booked_to_a_payment_that_it_does_not_agree_with_may_be_anothers(named: dict[str, Any]) -> None:
    """A callback may name a wrong receipt: then the payment that really has it is not said to be unpaid."""
    wrong = candidate("pay_2", status="completed", receipts=frozenset({"TK5AA00001"}), **named)
    found = match(statement_of(PAYMENT), [LOST, wrong], OURS)
    assert (found.not_paid, [each.payment_id for each in found.undecided]) == ([], ["pay_1"])


def test_the_line_of_a_payment_that_was_named_a_wrong_receipt_goes_to_no_earlier_try() -> None:
    """Its own line fits the failed try of the same booking too: a person decides, and nothing is paid twice."""
    failed = candidate(status="failed", created_at=PAID_AT - 90 * SECOND, expires_at=PAID_AT + 30 * SECOND)
    named = candidate("pay_2", status="completed", receipts=frozenset({"TK5AA00009"}))
    statement = statement_of(PAYMENT, replace(PAYMENT, receipt="TK5AA00009", cents=90_000, account="OTHER"))
    found = match(statement, [failed, named], OURS)
    assert (found.matched, [each.payment_ids for each in found.unknown]) == ([], [("pay_1", "pay_2")])


def test_a_clock_that_is_ahead_gives_no_line_to_an_earlier_try() -> None:
    """By such a clock the line comes before its own push, and in time for the one before: a person decides."""
    failed = candidate(status="failed", created_at=PAID_AT, expires_at=PAID_AT + 120 * SECOND)
    lost = candidate("pay_2", created_at=PAID_AT + 125 * SECOND, expires_at=PAID_AT + 245 * SECOND, is_unanswered=True)
    found = match(statement_of(PAYMENT), [failed, lost], OURS)
    assert (found.matched, found.not_paid, found.unknown[0].why) == ([], [], Why.SEVERAL_PAYMENTS)


def test_a_statement_of_another_settles_and_says_nothing() -> None:
    """A foreign short code, or an account that customers do not pay to, shuts the gate."""
    others: list[dict[str, Any]] = [
        {"short_code": "600001"},
        {"account": "Merchant Account"},
        {"account": "Charges Paid Account"},
    ]
    for preamble in others:
        found = match(statement_of(PAYMENT, **preamble), [LOST], OURS)
        assert (len(found.gates), found.matched, found.unknown, found.not_paid) == (1, (), (), ())


def test_absence_is_concluded_from_a_complete_statement_alone() -> None:
    """Of one with a gap there is no value that a conclusion could be given."""
    statement = statement_of(short_code="")
    with pytest.raises(ValueError, match="does not name the short code"):
        CompleteStatement(statement, OURS, ())
    assert match(statement, [LOST], OURS).not_paid == []


@pytest.mark.parametrize(
    ("mask", "fits"),
    [
        ("25471****678", True),
        ("2547****678", True),
        ("071****678", True),
        ("254712345678", True),
        ("0712345678", True),
        ("0712345679", False),
        ("25471****679", False),
        ("072****678", False),
    ],
)
def test_masked_numbers_are_hints(mask: str, fits: bool) -> None:
    """In either of their forms."""
    assert mask_fits(mask, "254712345678") is fits
