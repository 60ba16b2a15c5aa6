"""What a statement lacks to be complete: each thing by itself, by its rows, and nothing that it does not lack."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pokea.clock import HOUR, SECOND
from pokea.reconciliation.completeness import CompleteStatement, Gap, GapKind, coverage_of, gaps
from pokea.reconciliation.match import match
from pokea.reconciliation.receiving import ReceivingAccount, receiving_account
from pokea.reconciliation.statement import read_statement
from pokea.settings import Settings
from tests.reconciliation.written import (
    DAY_BEGIN,
    DAY_END,
    NEXT_DAY,
    OURS,
    PAID_AT,
    PAYMENT,
    Movement,
    as_csv,
    candidate,
    classic_rows,
    statement_of,
)

SECOND_PAYMENT = replace(PAYMENT, receipt="TK5AA00002", at=PAID_AT + 60 * SECOND, cents=70_000)
CHARGE = Movement(receipt="TK5AA00002", at=PAID_AT + 60 * SECOND, cents=-500, details="Pay Bill Charge", account="")
SWEEP = Movement(
    receipt="TK5AA00004",
    at=PAID_AT + HOUR,
    cents=-119_500,
    details="Utility Account to Organization Settlement Account",
    account="",
    payer="",
)
DAY = [PAYMENT, SECOND_PAYMENT, CHARGE, SWEEP]
ROWS = classic_rows(DAY)
"""The preamble, the header, and four rows: the sweep in row 8, the charge, the second payment, and the first in 11."""


def found_in(rows: list[list[str]], read_at: int = NEXT_DAY) -> list[Gap]:
    """The gaps of a statement of these cells."""
    return gaps(read_statement(as_csv(rows), read_at=read_at), OURS, ())


def kinds(rows: list[list[str]]) -> list[GapKind]:
    """The kinds of its gaps."""
    return [gap.kind for gap in found_in(rows)]


def with_cells(*changes: tuple[int, int, str]) -> list[list[str]]:
    """The statement with other cells, each given by the row's number, the column's place and its text."""
    rows = [[*row] for row in ROWS]
    for number, place, text in changes:
        rows[number - 1][place] = text
    return rows


def test_a_whole_statement_has_no_gap_in_either_order() -> None:
    """Newest first, as the portal has it, and oldest first, as people sort it."""
    assert found_in(ROWS) == []
    assert found_in([*ROWS[:7], *reversed(ROWS[7:])]) == []
    complete = CompleteStatement(read_statement(as_csv(ROWS), read_at=NEXT_DAY), OURS, ())
    assert (complete.coverage.since, complete.coverage.until) == (DAY_BEGIN, DAY_END)


@pytest.mark.parametrize(
    ("preamble", "expected"),
    [
        ({"short_code": "600001"}, [GapKind.FOREIGN_SHORT_CODE]),
        ({"short_code": ""}, [GapKind.SHORT_CODE_UNKNOWN]),
        ({"account": "Merchant Account"}, [GapKind.FOREIGN_ACCOUNT]),
        ({"account": "MMF Account"}, [GapKind.FOREIGN_ACCOUNT]),
        ({"account": "Charges Paid Account"}, [GapKind.FOREIGN_ACCOUNT]),
        ({"account": ""}, [GapKind.ACCOUNT_UNKNOWN]),
        ({"since": PAID_AT + 30 * SECOND}, [GapKind.ROWS_OUTSIDE_PERIOD]),
        ({"until": PAID_AT + 30 * SECOND}, [GapKind.ROWS_OUTSIDE_PERIOD]),
        ({"reported_at": PAID_AT - HOUR}, [GapKind.ROWS_OUTSIDE_PERIOD]),
        ({"reported_at": NEXT_DAY + 3 * HOUR}, [GapKind.CLOCK_DIFFERS]),
    ],
)
def test_a_preamble_that_is_not_ours_or_says_too_little_is_a_gap(
    preamble: dict[str, Any], expected: list[GapKind]
) -> None:
    """One thing lacks, and one gap says which."""
    assert kinds(classic_rows(DAY, **preamble)) == expected


@pytest.mark.parametrize(
    ("taken_out", "expected"),
    [
        (1, [GapKind.SHORT_CODE_UNKNOWN]),
        (2, [GapKind.ACCOUNT_UNKNOWN]),
        (3, [GapKind.PERIOD_UNKNOWN]),
        (4, []),
        (5, [GapKind.SUMS_UNKNOWN]),
    ],
)
def test_a_line_of_the_preamble_that_was_taken_out_is_a_gap_where_it_is_needed(
    taken_out: int, expected: list[GapKind]
) -> None:
    """Without it is not known whose statement it is, of which time, or whether rows lack; the report's date can."""
    assert kinds([*ROWS[:taken_out], *ROWS[taken_out + 1 :]]) == expected


@pytest.mark.parametrize("taken_out", range(7, 11))
def test_a_row_that_was_taken_out_is_noticed(taken_out: int) -> None:
    """By the totals, and by the chain of balances or its ends."""
    found = kinds([*ROWS[:taken_out], *ROWS[taken_out + 1 :]])
    assert found[0] is GapKind.TOTALS_DIFFER
    assert found[1:] in ([GapKind.BALANCES_BREAK], [GapKind.EDGE_BALANCES_DIFFER])


@pytest.mark.parametrize(("paid_in", "withdrawn"), [("1,200.00", "-1,200.00"), ("", ""), ("see above", "-")])
def test_sums_below_the_rows_that_agree_are_no_gap(paid_in: str, withdrawn: str) -> None:
    """Neither is a row of sums that stand elsewhere."""
    assert found_in([*ROWS, ["Total", "", "", "", "", paid_in, withdrawn, *[""] * 7]]) == []
    assert found_in([*ROWS, ["Totals:", paid_in, withdrawn]]) == []


@pytest.mark.parametrize("sums", [("1,300.00", "1,200.00"), ("1,300.00", ""), ("", "1.00")])
def test_sums_below_the_rows_that_differ_are_noticed(sums: tuple[str, str]) -> None:
    """They are the statement's totals as those above the header are, and rows may lack."""
    (gap,) = found_in([*ROWS, ["Total", "", "", "", "", *sums, *[""] * 7]])
    assert gap.kind is GapKind.TOTALS_DIFFER
    assert "of row 12 is 1" in gap.sentence


@pytest.mark.parametrize("taken_out", range(7, 11))
def test_a_row_that_was_taken_out_is_noticed_without_totals(taken_out: int) -> None:
    """The chain of balances is enough, with its ends."""
    rows = with_cells((6, 9, ""), (6, 7, ""))
    found = found_in([*rows[:taken_out], *rows[taken_out + 1 :]])
    assert [gap.kind for gap in found] in ([GapKind.BALANCES_BREAK], [GapKind.EDGE_BALANCES_DIFFER])


def test_the_row_at_which_balances_break_is_named() -> None:
    """By its number; another amount in the middle breaks at its own row, or at the one after it in time."""
    assert [gap.lines for gap in found_in(with_cells((10, 7, "1,100.00")))] == [(10, 9)]
    found = found_in(with_cells((10, 5, "600.00")))
    assert [(gap.kind, gap.lines) for gap in found] == [
        (GapKind.TOTALS_DIFFER, ()),
        (GapKind.BALANCES_BREAK, (10,)),
    ]
    assert "`Total Paid In` is 1,200.00 and the rows have 1,100.00" in found[0].sentence


def test_a_balance_that_a_row_lacks_breaks_nothing() -> None:
    """The next one that is there follows from what moved between."""
    assert found_in(with_cells((9, 7, ""), (10, 7, ""))) == []
    assert found_in(with_cells((9, 7, ""), (8, 7, "1.00")))[0].lines == (8,)


def test_opening_and_closing_balance_are_those_of_the_rows_at_the_ends() -> None:
    """A difference says that rows may lack there; without a row both are the same."""
    for place, text in ((1, "10.00"), (3, "10.00")):
        [gap] = found_in(with_cells((6, place, text)))
        assert gap.kind is GapKind.EDGE_BALANCES_DIFFER
    empty = classic_rows([], opening_cents=500)
    assert found_in(empty) == []
    empty[5][3] = "7.00"
    assert [gap.kind for gap in found_in(empty)] == [GapKind.EDGE_BALANCES_DIFFER]
    empty[5][7] = "2.00"
    assert [gap.kind for gap in found_in(empty)] == [GapKind.TOTALS_DIFFER, GapKind.EDGE_BALANCES_DIFFER]


def test_without_any_balance_in_the_rows_the_headers_two_are_held_against_what_moved() -> None:
    """The opening balance and what moved come to the closing one."""
    blank = [(number, 7, "") for number in range(8, 12)]
    assert found_in(with_cells(*blank)) == []
    assert [gap.kind for gap in found_in(with_cells(*blank, (6, 3, "10.00")))] == [GapKind.EDGE_BALANCES_DIFFER]


def test_one_pair_of_sums_is_enough() -> None:
    """Both balances, or both totals; of each pair one alone notices nothing."""
    assert found_in(with_cells((6, 7, ""), (6, 9, ""))) == []
    assert found_in(with_cells((6, 1, ""), (6, 3, ""))) == []
    assert kinds(with_cells((6, 1, ""), (6, 7, ""))) == [GapKind.SUMS_UNKNOWN]


def test_rows_that_are_out_of_order_are_named() -> None:
    """A statement goes back in time, or forth."""
    rows = [*ROWS[:8], ROWS[10], ROWS[9], ROWS[8]]
    found = found_in(rows)
    assert found[0].kind is GapKind.ROWS_OUT_OF_ORDER
    assert found[0].lines == (10,)


def test_a_row_that_stands_twice_is_named() -> None:
    """With the same receipt, side and details; a payment and its charge share a receipt, and are two."""
    found = found_in([*ROWS[:8], ROWS[7], *ROWS[8:]])
    assert [(gap.kind, gap.lines) for gap in found if gap.kind is GapKind.ROWS_REPEATED] == [
        (GapKind.ROWS_REPEATED, (8, 9))
    ]


def test_rows_that_cannot_be_read_are_named() -> None:
    """All of them, by their numbers; what they moved is not taken for a break of the chain."""
    found = found_in(with_cells((10, 5, "7OO"), (9, 1, "noon")))
    assert [(gap.kind, gap.lines) for gap in found] == [(GapKind.ROWS_UNREADABLE, (9, 10))]
    assert found[0].sentence == "Not every row can be read: rows 9, 10."


def test_many_rows_are_not_all_told_in_a_sentence() -> None:
    """The first of them are; the value has all."""
    rows = [*ROWS, *[["?", *ROWS[10][1:]]] * 30]
    [gap] = [gap for gap in found_in(rows) if gap.kind is GapKind.ROWS_UNREADABLE]
    assert (len(gap.lines), gap.sentence) == (
        30,
        "Not every row can be read: rows 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 20 more.",
    )


def test_a_statement_covers_from_its_begin_to_the_earliest_of_three_ends() -> None:
    """The period's, the report's date and the reading; without a report's date it ends with the last row."""

    def until(**given: Any) -> int | None:
        covered = coverage_of(statement_of(*DAY, **given))
        return covered.until if covered else None

    assert until() == DAY_END
    assert until(reported_at=PAID_AT + 2 * HOUR) == PAID_AT + 2 * HOUR
    assert until(read_at=PAID_AT + 3 * HOUR) == PAID_AT + 3 * HOUR
    assert until(reported_at=None) == PAID_AT + HOUR
    assert until(reported_at=DAY_BEGIN - HOUR) is None
    assert coverage_of(statement_of(reported_at=None)) is None


def test_a_statement_whose_clock_is_not_ours_is_not_complete() -> None:
    """A line with a receipt of ours says when the payment was: an hour off, and all its times are."""
    ours = candidate(status="completed", receipts=frozenset({"TK5AA00001"}))
    found = match(statement_of(replace(PAYMENT, at=PAID_AT + HOUR)), [ours], OURS)
    assert [(gap.kind, gap.lines) for gap in found.gaps] == [(GapKind.CLOCK_DIFFERS, (8,))]
    assert [each.payment_id for each in found.matched] == ["pay_1"]


def test_a_row_of_tomorrow_is_a_gap() -> None:
    """No report shows what has not been yet."""
    tomorrow = statement_of(replace(PAYMENT, at=PAID_AT), read_at=PAID_AT - HOUR, reported_at=None)
    assert GapKind.ROWS_OUTSIDE_PERIOD in [gap.kind for gap in gaps(tomorrow, OURS, ())]


def test_rows_that_moved_nothing_are_in_no_sum() -> None:
    """A failed row changes neither totals nor balances."""
    failed = Movement(receipt="TK5AA00003", at=PAID_AT + 30 * SECOND, status="Failed")
    assert found_in(classic_rows([PAYMENT, failed, SECOND_PAYMENT])) == []


@given(st.lists(st.tuples(st.integers(-90_000, 90_000).filter(bool), st.integers(0, 3)), max_size=8), st.booleans())
def test_every_chain_that_adds_up_is_whole_and_no_other_is(moved: list[tuple[int, int]], oldest_first: bool) -> None:
    """Rows of any amounts and of the same second: written whole they have no gap, and without any one row they have."""
    movements = []
    at = PAID_AT
    for number, (cents, later) in enumerate(moved):
        at += later * SECOND
        movements.append(
            Movement(receipt=f"TK5AA{number:05d}", at=at, cents=cents, details="Merchant Payment", reason="")
        )
    rows = classic_rows(movements)
    if oldest_first:
        rows = [*rows[:7], *reversed(rows[7:])]
    assert found_in(rows) == []
    for lacking in range(7, len(rows)):
        assert kinds([*rows[:lacking], *rows[lacking + 1 :]])


def test_the_receiving_account_is_the_paybills_or_the_tills() -> None:
    """As the settings name it; a till's statement may be named after its head office."""
    paybill = Settings(mpesa_shortcode="174379")
    assert receiving_account(paybill) == OURS
    till = Settings(mpesa_shortcode="174379", mpesa_till="600002", mpesa_transaction_type="CustomerBuyGoodsOnline")
    assert receiving_account(till) == ReceivingAccount(frozenset({"174379", "600002"}), "merchant")
    ours = receiving_account(till)
    assert gaps(statement_of(short_code="600002", account="Merchant Account"), ours, ()) == []
    assert [gap.kind for gap in gaps(statement_of(), ours, ())] == [GapKind.FOREIGN_ACCOUNT]
