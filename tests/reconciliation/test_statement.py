"""Statements as M-PESA's portal prints them (texts: envelope; texts: rules for a reader): what stands in them, and what
is not understood."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import SECOND
from pokea.reconciliation.lines import LineKind, StatementLine, UnreadableLine
from pokea.reconciliation.statement import NotAStatement, Statement, read_statement
from tests.reconciliation.workbooks import Value, as_xlsx
from tests.reconciliation.written import (
    COLUMNS,
    DAY_BEGIN,
    DAY_END,
    NEXT_DAY,
    PAID_AT,
    PAYMENT,
    Movement,
    as_csv,
    classic_rows,
)

_FOLDER = Path(__file__).parents[1] / "fixtures" / "statements"
CLASSIC = (_FOLDER / "classic.csv").read_bytes()
NEWER = (_FOLDER / "newer.csv").read_bytes()
ROWS = classic_rows([PAYMENT])


def read(content: bytes, name: str = "") -> Statement:
    """The statement, read on the next day."""
    return read_statement(content, read_at=NEXT_DAY, name=name)


def with_cell(column: str, value: str) -> list[list[str]]:
    """The statement with one payment, one cell of whose row is another."""
    place = COLUMNS.index(column)
    return [*ROWS[:7], [*ROWS[7][:place], value, *ROWS[7][place + 1 :]]]


def test_the_classic_export_is_read_whole() -> None:
    """Its preamble and lines, with the payments told from sweeps, payouts and charges."""
    found = read(CLASSIC)
    preamble = found.preamble
    assert (preamble.short_codes, preamble.accounts) == (("600001",), ("Utility Account",))
    assert (preamble.since, preamble.until) == (DAY_BEGIN, DAY_END)
    assert preamble.reported_at == DAY_END
    assert (preamble.opening_cents, preamble.closing_cents) == (0, 0)
    assert (preamble.paid_in_cents, preamble.withdrawn_cents) == (161_100, -161_100)
    assert (found.unreadable, preamble.unreadable) == ([], ())
    assert [each.kind for each in found.lines] == [
        *(LineKind.TRANSFER, LineKind.PAYOUT, LineKind.CHARGE, LineKind.PAYMENT, LineKind.PAYMENT)
    ]
    paid = found.lines[-1]
    assert (paid.number, paid.receipt, paid.paid_in_cents, paid.account, paid.payer) == (
        *(12, "TK5AA00001", 150_000, "BK-1001", "25472****108"),
    )
    assert paid.provider_time == "20251105090002"


def test_the_newer_export_is_read_too() -> None:
    """Without preamble and account column: the account stands in the details, and no time is covered."""
    found = read(NEWER)
    assert [(each.kind, each.account, each.paid_in_cents) for each in found.lines] == [
        (LineKind.CHARGE, "", 0),
        (LineKind.PAYMENT, "BK-1001", 110_000),
    ]
    assert (found.preamble.since, found.preamble.short_codes) == (None, ())


def test_the_portals_own_file_names_say_whose_a_file_is() -> None:
    """Where the preamble was taken out; what it then proves is another matter."""
    found = read(NEWER, "Statements for 600001 from 2025-11-01 to 2025-11-05.csv").preamble
    assert (found.short_codes, found.states_short_code) == (("600001",), False)
    found = read(as_csv(ROWS[6:]), "ORG_600001_ChargesPaidAccount_All_20251105222257.xls").preamble
    assert (found.short_codes, found.accounts) == (("600001",), ("Charges Paid Account",))
    assert read(as_csv(ROWS), "november.csv").preamble.short_codes == ("174379",)


def test_files_that_were_put_one_behind_the_other_each_say_whose_they_are() -> None:
    """The second preamble stands among the rows: it is read as one, and its rows are named as not understood."""
    other = classic_rows([PAYMENT], short_code="600001", account="MMF Account")
    found = read(as_csv([*ROWS, *other]))
    assert found.preamble.short_codes == ("174379", "600001")
    assert found.preamble.accounts == ("Utility Account", "MMF Account")
    assert [each.number for each in found.unreadable] == [*range(9, 16)]


@pytest.mark.parametrize(
    ("code", "account"),
    [("174379", "UtilityAccount"), (" 174379 ", "Utility  Account"), ("174379 - DEMO TRADERS", "Utility Account")],
)
def test_whose_a_file_is_may_be_written_in_each_way(code: str, account: str) -> None:
    """With a name behind the number, and with blanks or none."""
    found = read(as_csv(classic_rows([], short_code=code, account=account))).preamble
    assert (found.short_codes, found.accounts) == (("174379",), ("Utility Account",))


@pytest.mark.parametrize(
    ("preamble", "period"),
    [
        ([["Time Period:", "From", "05/11/2025 00:00:00", "To", "05/11/2025 23:59:59"]], (DAY_BEGIN, DAY_END)),
        ([["Time Period:", "From 05-11-2025 00:00:00", "To 05-11-2025 23:59:59"]], (DAY_BEGIN, DAY_END)),
        ([["Time Period: From 05-11-2025 00:00:00 To 05-11-2025 23:59:59"]], (DAY_BEGIN, DAY_END)),
        ([["time period", "", "05-11-2025 00:00:00", "", "05-11-2025 11:59:59 PM"]], (DAY_BEGIN, DAY_END)),
        ([["Time Period:", "From", "05-11-2025", "To", "05-11-2025"]], (None, None)),
        ([["Time Period:", "From", "05-11-2025 00:00:00", "To", ""]], (None, None)),
        ([["Time Period:", "From", "06-11-2025 00:00:00", "To", "05-11-2025 00:00:00"]], (None, None)),
        ([], (None, None)),
    ],
)
def test_the_period_is_read_by_its_label(preamble: list[list[str]], period: tuple[int | None, int | None]) -> None:
    """In one cell or in several; what is no period is none, and is named."""
    found = read(as_csv([*preamble, *ROWS[6:]])).preamble
    assert (found.since, found.until) == period
    assert found.unreadable == (("Time Period",) if preamble and period == (None, None) else ())


def test_a_period_without_seconds_begins_and_ends_where_it_surely_does() -> None:
    """A minute that may be half covered is not counted as covered."""
    found = read(as_csv([["Time Period:", "From", "05-11-2025 00:00", "To", "05-11-2025 23:59"], *ROWS[6:]])).preamble
    assert (found.since, found.until) == (DAY_BEGIN + 59 * SECOND, DAY_END - 59 * SECOND)


def test_values_of_the_preamble_that_cannot_be_read_are_named() -> None:
    """Nothing is left out in silence, and nothing is guessed."""
    preamble = [["Date of Report:", "soon"], ["Opening Balance:", "1,5", "Closing Balance:", ""]]
    found = read(as_csv([*preamble, *ROWS[6:]])).preamble
    assert found.unreadable == ("Opening Balance", "Date of Report")
    assert (found.reported_at, found.opening_cents, found.closing_cents) == (None, None, None)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Receipt No.,When,What", "lacks `Completion Time`, `Details`, `Transaction Status`, `Paid In`, `Withdrawn`"),
        ("Receipt No.,Completion Time,Details,Transaction Status,Paid In", "lacks `Withdrawn`"),
        ("Receipt No.,Completion Time,Details,Transaction Status,Paid In,Paid In (KSHs),Withdrawn", "two columns"),
    ],
)
def test_a_header_that_does_not_name_its_columns_once_is_refused(header: str, says: str) -> None:
    """The sentence says which one lacks, or stands twice."""
    with pytest.raises(NotAStatement, match=says.replace(".", r"\.")):
        read(f"{header}\n".encode())


@pytest.mark.parametrize(
    "details",
    [
        *(
            "Pay Bill to 600001 - SHOP Acc. 1",
            "Pay Bill Online to 600001 - SHOP Acc. 1",
            "Merchant Payment to 1 - SHOP",
        ),
        *("Pay Bill Fuliza M-Pesa to 600001 - SHOP", "Customer Transfer to 0722****108 - J", "Airtime Purchase"),
    ],
)
def test_a_customers_own_statement_is_refused(details: str) -> None:
    """Its directions are the payer's."""
    head = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Balance\n"
    row = f"TK5AA00001,2025-11-05 09:00:02,{details},Completed,,500.00,0\n"
    with pytest.raises(NotAStatement, match="customer's own"):
        read((head + row).encode())


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("Receipt No.", "TK5", "`Receipt No.`"),
        ("Receipt No.", "", "`Receipt No.`"),
        ("Completion Time", "yesterday", "`Completion Time`"),
        ("Completion Time", "11/25/2025 12:00:05", "`Completion Time`"),
        ("Transaction Status", "Pending", "`Transaction Status`"),
        ("Transaction Status", "", "`Transaction Status`"),
        ("Paid In", "500,00", "`Paid In`"),
        ("Paid In", "-500.00", "`Paid In`"),
        ("Paid In", "\u0665\u0660\u0660", "`Paid In`"),
        ("Paid In", "", "exactly one"),
        ("Withdrawn", "500.00", "exactly one"),
        ("Withdrawn", "?", "`Withdrawn`"),
        ("Balance", "1.234,56", "`Balance`"),
        ("Currency", "USD", "`Currency`"),
        ("Currency", "K", "`Currency`"),
        ("Currency", "", "`Currency`"),
    ],
)
def test_a_row_that_is_not_understood_is_named_with_what_would_be(column: str, value: str, why: str) -> None:
    """By its number in a spreadsheet, and without a word of what stands in it."""
    found = read(as_csv(with_cell(column, value)))
    assert (found.lines, [each.number for each in found.unreadable]) == ([], [8])
    assert why in found.unreadable[0].why
    assert not value or value not in found.unreadable[0].why.replace("KES", "")


@pytest.mark.parametrize("unused", ["-", " -   ", "\u2212", "(0.00)", "0", "0.00", "", "  "])
def test_the_side_that_is_not_used_may_be_written_in_each_way(unused: str) -> None:
    """As spreadsheets do."""
    assert [each.paid_in_cents for each in read(as_csv(with_cell("Withdrawn", unused))).lines] == [50_000]


@pytest.mark.parametrize("withdrawn", ["-300.00", "300.00", "(300.00)", "\u2212300.00"])
def test_what_is_withdrawn_is_so_with_and_without_a_sign(withdrawn: str) -> None:
    """Exports disagree about it."""
    rows = with_cell("Withdrawn", withdrawn)
    rows[7][5] = ""
    assert [each.withdrawn_cents for each in read(as_csv(rows)).lines] == [30_000]


def test_a_row_with_fewer_or_more_cells_than_the_header_is_not_understood() -> None:
    """A file that was cut, and an amount whose separator stood for one of CSV's."""
    short, long = [*ROWS, ROWS[7][:9]], as_csv(ROWS).replace(b"500.00,,", b"1,500.00,,")
    assert [each.number for each in read(as_csv(short)).unreadable] == [9]
    assert "the file was cut" in read(as_csv(short)).unreadable[0].why
    assert [each.number for each in read(long).unreadable] == [8]
    assert "more cells" in read(long).unreadable[0].why


def test_a_file_that_was_cut_anywhere_in_its_last_row_has_no_such_row() -> None:
    """At whichever byte it ends, no amount is read that is not the whole one."""
    content = as_csv(ROWS)
    begin = content.rindex(b"TK5AA00001")
    for end in range(begin + 1, len(content.rstrip())):
        found = read(content[:end])
        assert (found.lines, [each.number for each in found.unreadable]) == ([], [8]), content[begin:end]


def test_empty_rows_and_sums_below_the_last_row_are_no_rows() -> None:
    """Some tools write them."""
    content = as_csv([*ROWS, [], [""] * 14, ["Totals", "", "", "", "", "500.00", "0.00", *[""] * 7]])
    found = read(content)
    assert (len(found.lines), found.unreadable) == (1, [])


@pytest.mark.parametrize(
    ("details", "reason", "kind"),
    [
        ("Pay Bill from 25472****108 - A Acc. 1", "Pay Utility", LineKind.PAYMENT),
        ("Pay Bill Online from 25472****108 - A Acc. 1", "Pay Bill Online", LineKind.PAYMENT),
        ("Pay Bill Online", "Pay Bill Online", LineKind.PAYMENT),
        ("Standing Order Pay Bill from 072****108 - A Acc. 1", "", LineKind.PAYMENT),
        ("Small Business Pay Bill from 072****108 - A Acc. 1", "", LineKind.PAYMENT),
        ("Merchant Pay Utility Received from 1234567 - A  Acc. 1", "", LineKind.PAYMENT),
        ("Business Pay Bill via API by 999001 - A Acc. 1", "", LineKind.PAYMENT),
        (r"FSI to Pay Bill by 999002 - BANK Acc. 1 via WEB by BANK\B2BUser1", "", LineKind.PAYMENT),
        ("Merchant Payment", "Pay Merchant", LineKind.PAYMENT),
        ("Merchant Payment from 070****366 - A **** B", "Pay Merchant", LineKind.PAYMENT),
        ("Merchant Payment Online from 070****366 - A **** B", "", LineKind.PAYMENT),
        ("Small Business Pay Merchant from 070****366 - A", "", LineKind.PAYMENT),
        ("Merchant Customer Payment from 070****366 - A", "", LineKind.PAYMENT),
        ("Customer Payment from 070****366 - A", "", LineKind.PAYMENT),
        ("Reversal of TK5AA00009", "", LineKind.REVERSAL),
        ("Something", "Pay Utility Reversal", LineKind.REVERSAL),
        ("Pay Bill from 25472****108 - A Acc. 1", "Pay Utility Reversal", LineKind.REVERSAL),
        ("Utility Account to Organization Settlement Account", "", LineKind.TRANSFER),
        ("Organization Settlement Account to Organization MMF Account", "", LineKind.TRANSFER),
        ("Something M-PESA has thought of since", "", LineKind.UNKNOWN),
        ("Gift from 25472****108 - A ORGANIZATION Acc. 1", "", LineKind.UNKNOWN),
    ],
)
def test_credits_are_told_apart_by_their_wording(details: str, reason: str, kind: LineKind) -> None:
    """A wording that is not known is unknown: shown to a person, never guessed."""
    rows = with_cell("Details", details)
    rows[7][9] = reason
    assert [each.kind for each in read(as_csv(rows)).lines] == [kind]


@pytest.mark.parametrize(
    ("details", "account"),
    [
        ("Pay Bill from 25472****108 - A Acc. BK-1001", "BK-1001"),
        ("Pay Bill from 25472****108 - A  Acc.  BK 1001 ", "BK 1001"),
        (r"FSI to Pay Bill by 999002 - BANK Acc. BK-1001 via WEB by BANK\B2BUser1", "BK-1001"),
        ("Pay Bill from 2547****777 - NAME Acc.", ""),
        ("Merchant Payment from 070****366 - A", ""),
    ],
)
def test_what_the_payer_typed_stands_in_details_where_it_has_no_column(details: str, account: str) -> None:
    """With a tail behind it, with blanks in it, or not at all."""
    head = "Receipt No,Completion Time,Details,Transaction Status,Paid In (KSHs),Withdrawn (KSHs)\n"
    found = read(f"{head}TK5AA00001,05/11/2025 12:00:05,{details},Completed,5.00,0.00\n".encode())
    assert [each.account for each in found.lines] == [account]


def test_rows_that_did_not_complete_moved_nothing() -> None:
    """They are kept apart, whatever the word."""
    for status in ("Failed", "declined", "CANCELLED", "Expired"):
        found = read(as_csv(with_cell("Transaction Status", status)))
        assert [each.kind for each in found.lines] == [LineKind.UNFINISHED]


def test_dates_of_a_spreadsheet_beside_plain_times_are_not_believed() -> None:
    """A spreadsheet of another country turns just those into dates whose day could be a month, and swaps them."""
    swapped = datetime.fromisoformat("2025-05-11T12:00:05")
    other = classic_rows([PAYMENT, Movement(receipt="TK5AA00002", at=PAID_AT + 60 * SECOND)])
    rows: list[Sequence[Value]] = [*other[:8], [other[8][0], swapped, *other[8][2:]]]
    found = read(as_xlsx(rows))
    assert [each.number for each in found.unreadable] == [9]
    assert "in another way than in other rows" in found.unreadable[0].why


@pytest.mark.parametrize(
    ("days", "may_be_swapped"), [(["05"], True), (["05", "06"], True), (["11"], False), (["05", "25"], False)]
)
def test_dates_alone_may_be_swapped_until_a_day_shows_that_they_are_not(days: list[str], may_be_swapped: bool) -> None:
    """A day beyond the twelfth was never taken for a month."""
    dates = [datetime.fromisoformat(f"2025-11-{day}T12:00:05") for day in days]
    rows: list[Sequence[Value]] = [[*ROWS[7][:1], date, "", *ROWS[7][3:]] for date in dates]
    found = read(as_xlsx([*ROWS[:3], ROWS[6], *rows]))
    assert (len(found.lines), found.may_be_swapped) == (len(days), may_be_swapped)


def test_a_morning_among_times_that_name_their_half_is_not_believed() -> None:
    """Where other rows say AM or PM, one o'clock without either is one of two."""
    other = classic_rows([PAYMENT, Movement(receipt="TK5AA00002", at=PAID_AT + 3600 * SECOND)])
    rows = [*other[:7], [other[7][0], "05-11-2025 01:00:05 PM", *other[7][2:]], other[8]]
    assert [each.number for each in read(as_csv(rows)).unreadable] == [9]
    rows[8] = [other[8][0], "05-11-2025 13:00:05", *other[8][2:]]
    assert read(as_csv(rows)).unreadable == []


@given(
    st.lists(
        st.tuples(st.sampled_from(COLUMNS), st.text(max_size=20) | st.sampled_from(["500,00", "-", "1e3", "\x00"])),
        max_size=4,
    ),
    st.integers(0, 40),
)
def test_any_row_is_read_as_it_stands_or_named(changes: list[tuple[str, str]], cut: int) -> None:
    """Whatever its cells hold, it is a line of that row or an unreadable one, and no amount is below nothing."""
    row = [*ROWS[7]]
    for column, value in changes:
        row[COLUMNS.index(column)] = value
    rows: Any = [*ROWS[:7], row[: len(row) - max(0, cut - 26)], ROWS[7]]
    found = read(as_csv(rows))
    read_rows: list[StatementLine | UnreadableLine] = [*found.lines, *found.unreadable]
    last = max(read_rows, key=lambda each: each.number)
    assert isinstance(last, UnreadableLine) or (last.receipt, last.paid_in_cents) == ("TK5AA00001", 50_000)
    assert not isinstance(last, UnreadableLine) or "than in other rows" in last.why
    assert all(each.paid_in_cents >= 0 and each.withdrawn_cents >= 0 for each in found.lines)
    assert all(bool(each.paid_in_cents) != bool(each.withdrawn_cents) for each in found.lines)
