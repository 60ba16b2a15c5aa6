"""What a statement says of money out: by receipt first, never by a guess, and by absence only where it is complete."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pokea.clock import HOUR, SECOND, Instant
from pokea.disbursements.model import AttemptStatus, Way
from pokea.ledger.entries import Account
from pokea.reconciliation.compare import Compared, KnownHere, OurAccounts, compare, out_evidence_of
from pokea.reconciliation.match_out import OutCandidate, WhyOut
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.report import ReconciliationExit, outcome, report_of, sentences
from tests.reconciliation.written import DAY_BEGIN, OURS, PAID_AT, Movement, candidate, statement_of

RECEIPT: Final = "TK5BB00001"
ORIGINAL: Final = "TK5AA00001"
ACCOUNTS: Final = OurAccounts(OURS, None, pays_out=True)
OTHER_SIDE: Final = "25470****149 - JOHN **** DOE"
LONG: Final = {"until": DAY_BEGIN + 48 * HOUR - SECOND, "reported_at": DAY_BEGIN + 49 * HOUR}
FUNDS: Final = Movement(
    receipt="TK5CC00001", at=DAY_BEGIN, cents=900_000, details="Funds Transfer", payer="", account=""
)
PAYOUT: Final = Movement(
    receipt=RECEIPT,
    cents=-50_000,
    details=f"Business Payment to {OTHER_SIDE} via API",
    reason="Business Payment to Customer via API",
    payer=OTHER_SIDE,
    account="",
)
CHARGE: Final = replace(PAYOUT, cents=-900, details="Business Payment Charge", payer="")
REVERSAL: Final = replace(
    PAYOUT, details="Pay Bill Reversal by 174379 - DEMO", reason="Pay Utility Reversal", linked=ORIGINAL
)
BACK: Final = replace(
    PAYOUT, receipt="TK5BB00009", at=PAID_AT + HOUR, cents=50_000, details="Reversal", reason="Reversal", linked=RECEIPT
)


def sent(number: int = 1, **values: Any) -> OutCandidate:
    """A payout of 500 shillings at noon, of which it is not known whether it paid."""
    usual: dict[str, Any] = {
        "attempt_id": f"at_{number}",
        "disbursement_id": f"po_{number}",
        "way": Way.B2C,
        "status": AttemptStatus.UNKNOWN,
        "amount_cents": 50_000,
        "recipient": "254708374149",
        "original_receipt": None,
        "created_at": PAID_AT - 20 * SECOND,
    }
    return OutCandidate(**usual | values)


def undoing(**values: Any) -> OutCandidate:
    """A reversal of which it is not known whether it paid."""
    return sent(**{"way": Way.REVERSAL, "original_receipt": ORIGINAL} | values)


def compared(*movements: Movement, sendings: list[OutCandidate], **preamble: Any) -> Compared:
    """What a statement of these movements says."""
    statement = statement_of(FUNDS, *movements, read_at=DAY_BEGIN + 100 * HOUR, **LONG | preamble)
    return compare(statement, KnownHere([], sendings), ACCOUNTS)


def whys(found: Compared) -> list[WhyOut]:
    """Why a person must look at lines."""
    return [each.why for each in found.out.noticed]


@pytest.mark.parametrize("known", [{"owned": frozenset({RECEIPT})}, {"named": frozenset({RECEIPT})}])
def test_a_withdrawal_with_the_receipt_of_a_sending_is_that_sending(known: dict[str, Any]) -> None:
    """Whatever its wording is, and whether the sending owns the receipt or a proved message has named it."""
    for details in (PAYOUT.details, "A wording of tomorrow"):
        found = compared(replace(PAYOUT, details=details), sendings=[sent(**known)])
        assert [each.attempt.attempt_id for each in found.out.matched] == ["at_1"]
        (piece,) = out_evidence_of(found, 7)
        assert (piece.operation_id, piece.receipt, piece.amount_cents) == ("at_1", RECEIPT, 50_000)
        assert outcome(found) is ReconciliationExit.AGREED


def test_a_payout_whose_receipt_is_not_known_is_for_a_person() -> None:
    """Amount, digits, time and wording fit one open sending: it is named with what to do, and settles nothing."""
    found = compared(PAYOUT, sendings=[sent()])
    assert (whys(found), out_evidence_of(found, 7)) == ([WhyOut.RECEIPT_UNKNOWN], [])
    (told,) = [each for each in sentences(report_of(statement_of(), found)) if RECEIPT in each]
    assert "po_1" in told
    assert "two people record the finding" in told
    assert outcome(found) is ReconciliationExit.TO_BE_LOOKED_AT
    assert whys(compared(PAYOUT, sendings=[sent(), sent(2)])) == [WhyOut.SEVERAL_ATTEMPTS]


@pytest.mark.parametrize(
    "other",
    [
        {"amount_cents": 40_000},
        {"recipient": "254708374140"},
        {"created_at": PAID_AT + HOUR},
        {"created_at": PAID_AT - 25 * HOUR},
        {"status": AttemptStatus.FAILED},
        {"status": AttemptStatus.COMPLETED, "owned": frozenset({"TK5BB00007"})},
    ],
)
def test_a_payout_that_fits_no_open_sending_is_not_ours(other: dict[str, Any]) -> None:
    """Another amount, number or time, or a sending that has ended: the line is told as a stranger's."""
    assert whys(compared(PAYOUT, sendings=[sent(**other)])) == [WhyOut.NOT_OURS]


def test_another_amount_or_recipient_completes_nothing() -> None:
    """A line with the sending's receipt and another amount raises a flag; one with another recipient only a finding."""
    known = sent(named=frozenset({RECEIPT}))
    more = compared(replace(PAYOUT, cents=-70_000), sendings=[known])
    assert (more.out.matched, [each.amount_cents for each in out_evidence_of(more, 7)]) == ([], [70_000])
    assert [each.cents for each in more.lines.amounts] == [70_000]
    other = compared(replace(PAYOUT, payer="25470****140 - JOHN **** DOE"), sendings=[known])
    assert (whys(other), out_evidence_of(other, 7)) == ([WhyOut.RECIPIENT], [])
    for found in (more, other):
        assert outcome(found) is ReconciliationExit.TO_BE_LOOKED_AT


def test_another_amount_is_not_believed_where_the_sums_contradict_it() -> None:
    """A mistyped amount posts nothing and stops nothing."""
    statement = statement_of(FUNDS, PAYOUT, read_at=DAY_BEGIN + 100 * HOUR, **LONG)
    lines = [
        replace(line, withdrawn_cents=line.withdrawn_cents + 500) if line.receipt == RECEIPT else line
        for line in statement.lines
    ]
    found = compare(replace(statement, lines=lines), KnownHere([], [sent(owned=frozenset({RECEIPT}))]), ACCOUNTS)
    assert (len(found.out.differing), out_evidence_of(found, 7), found.lines.amounts) == (1, [], ())


def test_a_reversal_is_known_by_the_payment_that_it_names() -> None:
    """Also one that another has made; a second one of the same payment, or one of another payment, is a person's."""
    found = compared(REVERSAL, sendings=[undoing()])
    assert [each.line.receipt for each in found.out.matched] == [RECEIPT]
    assert (found.payments.undoings, outcome(found)) == ([], ReconciliationExit.AGREED)
    twice = compared(REVERSAL, replace(REVERSAL, receipt="TK5BB00002"), sendings=[undoing()])
    assert (twice.out.matched, whys(twice)) == ([], [WhyOut.SEVERAL_LINES] * 2)
    other = compared(replace(REVERSAL, linked="TK5AA00009"), sendings=[undoing()])
    assert (other.out.matched, len(other.payments.undoings)) == ([], 1)
    failed = compared(REVERSAL, sendings=[undoing(status=AttemptStatus.FAILED)])
    assert (failed.out.matched, len(failed.payments.undoings)) == ([], 1)


def test_what_came_back_is_returned() -> None:
    """A credit that names the receipt of what was paid takes it back; another amount is a finding."""
    paid = sent(status=AttemptStatus.COMPLETED, owned=frozenset({RECEIPT}))
    for lines, sending in (([BACK], paid), ([PAYOUT, BACK], sent(named=frozenset({RECEIPT})))):
        found = compared(*lines, sendings=[sending])
        assert [each.line.receipt for each in found.out.returned] == [BACK.receipt]
        assert out_evidence_of(found, 7)[-1].receipt == BACK.receipt
        assert (found.payments.undoings, outcome(found)) == ([], ReconciliationExit.TO_BE_LOOKED_AT)
    part = compared(replace(BACK, cents=40_000), sendings=[paid])
    assert (part.out.returned, whys(part)) == ([], [WhyOut.RETURN_DIFFERS])


def test_charges_and_sweeps_are_posted_by_their_receipts() -> None:
    """The charge of a sending and of a payment, and what goes to the bank; not from a file that contradicts itself."""
    sweep = Movement(
        receipt="TK5DD00001",
        at=PAID_AT + 3 * HOUR,
        cents=-100_000,
        details="Utility Account to Organization Settlement Account",
        payer="",
        account="",
    )
    paid = Movement(at=PAID_AT - 2 * HOUR)
    cost = replace(paid, cents=-500, details="Pay Bill Charge", account="")
    statement = statement_of(FUNDS, paid, cost, CHARGE, PAYOUT, sweep, read_at=DAY_BEGIN + 100 * HOUR, **LONG)
    payer = candidate(created_at=paid.at - SECOND, receipts=frozenset({paid.receipt}), status="completed")
    known = KnownHere([payer], [sent(named=frozenset({RECEIPT}))])
    seen = compare(statement, known, ACCOUNTS).lines
    assert seen.account is Account.MPESA_CLEARING
    assert {(each.operation_id, each.cents) for each in seen.charges} == {("at_1", 900), ("pay_1", 500)}
    assert {(each.receipt, each.cents) for each in seen.transfers} == {
        ("TK5CC00001", -900_000),
        ("TK5DD00001", 100_000),
    }
    torn = replace(statement, lines=[line for line in statement.lines if line.receipt != paid.receipt])
    assert compare(torn, known, ACCOUNTS).lines.transfers == ()


def test_only_a_complete_statement_shows_that_nothing_was_paid() -> None:
    """An unproved sending that it covers and does not show was not paid, and a completed one is missing."""
    done = sent(2, status=AttemptStatus.COMPLETED, owned=frozenset({"TK5BB00007"}))
    whole = compared(sendings=[sent(), done])
    assert ([each.attempt_id for each in whole.out.not_paid], whole.out.unresolved) == (["at_1"], [])
    assert [each.attempt_id for each in whole.out.missing] == ["at_2"]
    for lacks in (
        {"until": DAY_BEGIN + 30 * HOUR},
        {"reported_at": DAY_BEGIN + 30 * HOUR},
        {"account": "Working Account"},
        {"short_code": "600000"},
    ):
        found = compared(sendings=[sent(), done], **lacks)
        assert not [*found.out.not_paid, *found.out.missing]


@pytest.mark.parametrize("details", [PAYOUT.details, "A wording of tomorrow", "Utility Account to Merchant Account"])
def test_nothing_is_concluded_while_a_line_could_be_the_sending(details: str) -> None:
    """Whatever its wording is, and whoever's number it shows."""
    line = replace(PAYOUT, details=details, payer="")
    found = compared(line, sendings=[sent(), sent(2)])
    assert found.out.not_paid == []
    assert {each.attempt.attempt_id for each in found.out.undecided} == {"at_1", "at_2"}


def test_a_statement_of_another_settles_nothing() -> None:
    """Another shortcode's or another account's lines are no evidence, and post nothing."""
    for foreign in ({"short_code": "600000"}, {"account": "Working Account"}):
        found = compared(CHARGE, PAYOUT, BACK, sendings=[sent(owned=frozenset({RECEIPT}))], **foreign)
        assert outcome(found) is ReconciliationExit.SETTLES_NOTHING
        assert out_evidence_of(found, 7) == []
        assert (found.lines.charges, found.lines.transfers, found.lines.amounts) == ((), (), ())


def test_payouts_of_a_shortcode_of_their_own_have_their_own_statement() -> None:
    """It settles payouts alone, from the account of payouts; payments' statements settle none."""
    accounts = ACCOUNTS._replace(payouts=ReceivingAccount(frozenset({"600000"}), "utility"))
    own = statement_of(FUNDS, PAYOUT, read_at=DAY_BEGIN + 100 * HOUR, **LONG, short_code="600000")
    theirs = statement_of(FUNDS, PAYOUT, read_at=DAY_BEGIN + 100 * HOUR, **LONG)
    assert (accounts.ways(own), accounts.ways(theirs)) == ((Way.B2C,), (Way.REVERSAL,))
    found = compare(own, KnownHere([], [sent(named=frozenset({RECEIPT}))]), accounts)
    assert (len(found.out.matched), found.lines.account) == (1, Account.PAYOUT_FLOAT)
    foreign = statement_of(FUNDS, PAYOUT, short_code="600001")
    assert compare(foreign, KnownHere([], [sent()]), accounts).payments.gates


@st.composite
def _days(draw: st.DrawFn) -> tuple[list[OutCandidate], list[Movement], set[str]]:
    """Sendings, the lines of those that paid among others, and the ids of those that paid."""
    sendings, lines, paid = [], [], set()
    for number in range(draw(st.integers(1, 5))):
        each = sent(
            number,
            amount_cents=draw(st.sampled_from([10_000, 20_000])),
            recipient=draw(st.sampled_from(["254708374149", "254708374140"])),
            created_at=PAID_AT + draw(st.integers(0, 600)) * SECOND,
        )
        receipt = f"TK5EE{number:05}"
        if draw(st.booleans()):
            paid.add(each.attempt_id)
            masked = f"25470****{each.recipient[-3:]} - A B"
            at: Instant = each.created_at + draw(st.integers(0, 3_600)) * SECOND
            lines.append(replace(PAYOUT, receipt=receipt, at=at, cents=-each.amount_cents, payer=masked))
            if draw(st.booleans()):
                each = replace(each, named=frozenset({receipt}))
        sendings.append(each)
    for number in range(draw(st.integers(0, 3))):
        cents = draw(st.sampled_from([10_000, 20_000, 30_000]))
        at = PAID_AT + draw(st.integers(0, 3_600)) * SECOND
        wording = draw(st.sampled_from([PAYOUT.details, "Other words", "Withdraw to Bank"]))
        lines.append(replace(PAYOUT, receipt=f"TK5FF{number:05}", at=at, cents=-cents, details=wording, payer=""))
    return sendings, sorted(lines, key=lambda line: line.at), paid


@given(_days(), st.permutations(range(5)), st.booleans())
def test_what_was_paid_is_never_said_to_be_unpaid(
    day: tuple[list[OutCandidate], list[Movement], set[str]], order: list[int], cut: bool
) -> None:
    """Whatever else is in the file and in whatever order the sendings are known: what paid is matched only to its own
    line and never denied; and of a file that was cut nothing is concluded from absence."""
    sendings, lines, paid = day
    known = [sendings[place] for place in order if place < len(sendings)]
    statement = statement_of(FUNDS, *lines, read_at=DAY_BEGIN + 100 * HOUR, **LONG)
    if cut and lines:
        statement = replace(statement, lines=[line for line in statement.lines if line.receipt != lines[0].receipt])
    found = compare(statement, KnownHere([], known), ACCOUNTS)
    for each in found.out.matched:
        assert each.line.receipt in each.attempt.named
    assert not paid & {each.attempt_id for each in found.out.not_paid}
    if cut and lines:
        assert not [*found.out.not_paid, *found.out.missing]
