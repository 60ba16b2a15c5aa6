"""Statements as M-PESA's portal prints them (texts 1.2 to 1.9): read, refused, and matched to payments."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pokea.clock import EAST_AFRICA_TIME, SECOND, Instant, from_datetime
from pokea.payments.matching import EDGE, Candidate, mask_fits, match
from pokea.payments.statement import Line, LineKind, NotAStatement, Statement, read_cents, read_statement, read_time

_FOLDER = Path(__file__).parents[1] / "fixtures" / "statements"
CLASSIC = (_FOLDER / "classic.csv").read_bytes().decode()
NEWER = (_FOLDER / "newer.csv").read_bytes().decode()
PAID_AT = from_datetime(datetime(2025, 11, 5, 9, 0, 2, tzinfo=EAST_AFRICA_TIME))


def candidate(payment_id: str = "pay_1", **values: object) -> Candidate:
    """A payment that was prompted half a minute before BK-1001 was paid."""
    asked = Candidate(
        payment_id,
        "pending",
        150_000,
        "BK-1001",
        "254722000108",
        PAID_AT - 30 * SECOND,
        PAID_AT + 90 * SECOND,
        None,
        True,
    )
    return replace(asked, **values)


def line(**values: object) -> Line:
    """The line of BK-1001."""
    return replace(Line("TK5AA00001", PAID_AT, 150_000, LineKind.PAYMENT, "BK-1001", "25472****108"), **values)


def covering(*lines: Line, spare: Instant = 3600 * SECOND) -> Statement:
    """A statement of these lines that covers an hour on either side."""
    return Statement(lines, PAID_AT - spare, PAID_AT + spare)


def test_the_classic_export_is_read_whole() -> None:
    """Its period, shortcode and lines, with the payments told from sweeps, payouts and charges."""
    found = read_statement(CLASSIC.encode())
    assert found.shortcode == "600001"
    assert found.findings == []
    assert (found.since, found.until) == (read_time("05-11-2025 00:00:00"), read_time("05-11-2025 23:59:59"))
    assert [each.kind for each in found.lines] == [LineKind.OTHER] * 3 + [LineKind.PAYMENT] * 2
    assert found.lines[-1] == line()
    assert found.lines[-1].transaction_date == "20251105090002"


def test_the_newer_export_is_read_too() -> None:
    """Without preamble and account column: the account stands in the details, and what is covered is a guess."""
    found = read_statement(NEWER.encode())
    assert [(each.kind, each.account, each.paid_in_cents) for each in found.lines] == [
        (LineKind.OTHER, "", 0),
        (LineKind.PAYMENT, "BK-1001", 110_000),
    ]
    assert found.since == found.lines[1].at
    assert "does not say which time it covers" in found.findings[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xd0\xcf\x11\xe0 and so on", "save it as CSV"),
        (b"PK\x03\x04 and so on", "save it as CSV"),
        (b"", "No header"),
        (b"Name,Amount\nJane,5\n", "No header"),
        (b"Receipt No.,When,What\nA,B,C\n", "lacks"),
        (
            b"Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance\n"
            b"TK5AA00001,2025-11-05 09:00:02,Pay Bill to 600001 - SHOP Acc. 1,Completed,,500.00,0\n",
            "customer's own",
        ),
    ],
)
def test_what_is_no_statement_of_ours_is_refused_with_a_sentence(content: bytes, says: str) -> None:
    """The sentence says what was looked for, or what to do."""
    with pytest.raises(NotAStatement, match=says):
        read_statement(content)


def test_lines_that_cannot_be_read_or_did_not_complete_are_counted() -> None:
    """Nothing is left out in silence."""
    rows = (
        "TK5AA00009,yesterday,Pay Bill from X,Completed,5.00,0.00,0",
        "TK5AA00008,05/11/2025 16:00:00,Pay Bill from X,Failed,5.00,0.00,0",
        "TK5AA00007,05/11/2025 16:00:00,Pay Bill from X,Completed,5.00,-5.00,0",
    )
    odd = NEWER + "\r\n".join(rows)
    found = read_statement(odd.encode())
    assert len(found.lines) == 2
    assert found.findings[:2] == [
        "2 lines cannot be read: look at them by hand.",
        "1 lines are not completed and were left out.",
    ]


@pytest.mark.parametrize(
    ("details", "kind"),
    [
        ("Pay Bill Online from 25472****108 - A Acc. 1", LineKind.PAYMENT),
        ("Merchant Payment", LineKind.PAYMENT),
        ("Merchant Payment from 070****366 - A **** B", LineKind.PAYMENT),
        ("Reversal of TK5AA00001", LineKind.REVERSAL),
        ("Utility Account to Organization Settlement Account", LineKind.OTHER),
        ("Something M-PESA has thought of since", LineKind.UNKNOWN),
    ],
)
def test_credits_are_told_apart_by_their_wording(details: str, kind: LineKind) -> None:
    """A wording that is not known is unknown: shown to a person, never guessed."""
    head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn\n"
    found = read_statement(f"{head}TK5AA00001,2025-11-05 09:00:02,{details},Completed,5.00,\n".encode())
    assert found.lines[0].kind is kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("0.00", 0),
        ("1,500.00", 150_000),
        ("-22,779.95", 2_277_995),
        ("Ksh 5", 500),
        ("KES5.50", 550),
        ("5.005", None),
        ("five", None),
        ("1e400", None),
        ("nan", None),
    ],
)
def test_amounts_are_read_to_the_cent_or_not_at_all(text: str, expected: int | None) -> None:
    """Separators, currency and sign fall away; what is no amount is none."""
    assert read_cents(text) == expected


@pytest.mark.parametrize("text", ["05-11-2025 09:00:02", "05/11/2025 09:00:02", "2025-11-05 09:00:02"])
def test_times_are_nairobis_in_each_form(text: str) -> None:
    """Day before month, whatever stands between them."""
    assert read_time(text) == PAID_AT


def test_times_that_excel_has_been_at_are_read() -> None:
    """Without seconds, and as a serial."""
    assert read_time("05-11-2025 09:00") == PAID_AT - 2 * SECOND
    assert read_time("45966.375") == PAID_AT - 2 * SECOND
    assert read_time("9/9") is None


@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(str.encode)
    | st.lists(st.sampled_from(CLASSIC.splitlines()), max_size=12).map(lambda rows: "\n".join(rows).encode())
)
def test_any_file_is_read_or_refused(content: bytes) -> None:
    """No file makes the reader fail in another way, and no line has an amount below nothing."""
    try:
        found = read_statement(content)
    except NotAStatement:
        return
    assert all(each.paid_in_cents >= 0 for each in found.lines)


def test_a_line_finds_its_payment_by_receipt_first() -> None:
    """Who owns the receipt is the payment, whatever else is written; another amount is for the row to judge."""
    owner = candidate("pay_2", receipts=frozenset({"TK5AA00001"}), account_reference="OTHER", amount_cents=5)
    found = match(covering(line()), [candidate(), owner])
    assert [each.payment_id for each in found.matched] == ["pay_2"]


def test_a_line_finds_its_payment_by_account_amount_time_and_number() -> None:
    """All of them agree; with one that differs the line is unknown."""
    assert [each.payment_id for each in match(covering(line()), [candidate()]).matched] == ["pay_1"]
    for other in (
        {"account_reference": "BK-1002"},
        {"amount_cents": 150_100},
        {"created_at": PAID_AT + 120 * SECOND},
        {"expires_at": PAID_AT - 240 * SECOND},
        {"msisdn": "254722000109"},
        {"receipts": frozenset({"TK5AA99999"})},
    ):
        found = match(covering(line()), [candidate(**other)])
        assert (found.matched, found.unknown) == ([], [line()])


def test_a_tills_line_needs_amount_time_and_number_together() -> None:
    """It has no account: without a masked number nothing is guessed."""
    assert match(covering(line(account="")), [candidate()]).matched
    assert not match(covering(line(account="", payer="")), [candidate()]).matched


def test_what_two_payments_fit_or_two_lines_claim_is_left_to_a_person() -> None:
    """Neither is guessed."""
    assert match(covering(line()), [candidate(), candidate("pay_2")]).unknown == [line()]
    twice = [line(), line(receipt="TK5AA00002", at=PAID_AT + SECOND)]
    found = match(covering(*twice), [candidate()])
    assert (found.matched, found.unknown) == ([], twice)


def test_completed_payments_that_a_covering_statement_lacks_are_missing() -> None:
    """Only well inside of what it covers: near the end the money may stand in the next one."""
    done = candidate(status="completed", completed_at=PAID_AT, receipts=frozenset({"TK5AA00007"}))
    assert match(covering(), [done]).missing == ["pay_1"]
    assert match(covering(spare=EDGE - SECOND), [done]).missing == []
    assert match(covering(line(receipt="TK5AA00007")), [done]).missing == []
    assert match(Statement([], None, None), [done]).missing == []


def test_a_push_without_an_id_is_settled_by_a_statement_that_covers_it() -> None:
    """Shown, it was paid; covered and not shown, it was not (law 3)."""
    lost = candidate(status="initiated", has_checkout_id=False)
    assert [each.payment_id for each in match(covering(line()), [lost]).matched] == ["pay_1"]
    assert match(covering(), [lost]).unpaid == ["pay_1"]
    assert match(covering(spare=100 * SECOND), [lost]).unpaid == []
    assert match(covering(), [candidate()]).unpaid == []


@pytest.mark.parametrize(
    ("mask", "fits"),
    [
        ("25472****108", True),
        ("2547****108", True),
        ("072****108", True),
        ("25472****109", False),
        ("071****108", False),
    ],
)
def test_masked_numbers_are_hints(mask: str, fits: bool) -> None:
    """In either of their forms."""
    assert mask_fits(mask, "254722000108") is fits
