"""The organisation's statement as a value: what its preamble says, its lines, and the rows that are not understood.

Columns are found by name and preamble values by label (texts: envelope; texts: newer export). Reading decides nothing:
what a statement proves is `completeness` and `match`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.clock import Instant, nairobi
from pokea.reconciliation.cells import Cell, is_spreadsheets_date, read_cents, read_time
from pokea.reconciliation.lines import Columns, LineKind, StatementLine, Swapped, UnreadableLine, names_half, read_line
from pokea.reconciliation.statement_file import (
    NotAStatement,
    OpenWorkbook,
    SheetRow,
    StatementSheet,
    column_name,
    read_sheet,
)

__all__ = ["LineKind", "NotAStatement", "Preamble", "Statement", "StatementLine", "UnreadableLine", "read_statement"]

_NAMES: Final = {
    "receipt": ("receipt no",),
    "completion_time": ("completion time",),
    "initiation_time": ("initiation time",),
    "details": ("details",),
    "status": ("transaction status",),
    "paid_in": ("paid in", "paid in (kshs)"),
    "withdrawn": ("withdrawn", "withdrawn (kshs)"),
    "balance": ("balance", "balance (kshs)"),
    "reason": ("reason type",),
    "other_party": ("other party info", "opposite party"),
    "linked": ("linked transaction id",),
    "account": ("a/c no",),
    "currency": ("currency",),
}
_NEEDED: Final = ("completion_time", "details", "status", "paid_in", "withdrawn")
MONTHS: Final = 12
_PERSONAL: Final = re.compile(
    r"(?:pay bill|merchant payment|small business payment|customer transfer|customer payment|send money)\b.*\bto\b"
    r"|customer withdrawal at agent|airtime purchase|funds received from|customer transfer of funds charge",
    re.IGNORECASE,
)
_CLASSIC_NAME: Final = re.compile(r"ORG_([0-9]{5,7})_([A-Za-z]+?)_", re.IGNORECASE)
_NEWER_NAME: Final = re.compile(r"Statements for ([0-9]{5,7}) from ", re.IGNORECASE)


class Preamble(Struct, frozen=True, kw_only=True):
    """What stands above the header; None for what does not, or cannot be read: `unreadable` names its labels.

    `short_codes` and `accounts` hold every one that the preamble or the file's name gives; the first is the preamble's
    where `is_stated`.
    """

    short_codes: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    states_short_code: bool = False
    states_account: bool = False
    since: Instant | None = None
    until: Instant | None = None
    reported_at: Instant | None = None
    opening_cents: int | None = None
    closing_cents: int | None = None
    paid_in_cents: int | None = None
    withdrawn_cents: int | None = None
    unreadable: tuple[str, ...] = ()


class SumsBelow(NamedTuple):
    """The sums that some tools write below the last row, by their row's number; None for what they do not say."""

    number: int
    paid_in_cents: int | None
    withdrawn_cents: int | None


class Statement(Struct, frozen=True, kw_only=True):
    """A statement as it was read at `read_at`, rows in the file's order, and the sums below them.

    `may_be_swapped`: a spreadsheet has turned times into dates, and nothing shows that it did not take days for months.
    """

    preamble: Preamble
    lines: Sequence[StatementLine]
    unreadable: Sequence[UnreadableLine]
    read_at: Instant
    sums_below: Sequence[SumsBelow] = ()
    may_be_swapped: bool = False


def read_statement(
    content: bytes, *, read_at: Instant, name: str = "", open_workbook: OpenWorkbook | None = None
) -> Statement:
    """The statement in a file of this name, read at this moment. Raises NotAStatement."""
    return statement_in(read_sheet(content, open_workbook), read_at=read_at, name=name)


def statement_in(
    sheet: StatementSheet, *, read_at: Instant, name: str = "", advance: Callable[[int], None] = lambda _count: None
) -> Statement:
    """The statement in these rows; `advance` is called for every row that is read. Raises NotAStatement."""
    columns = _columns(sheet.rows[sheet.head].cells)
    below = [row for row in sheet.rows[sheet.head + 1 :] if row.fault or _holds_anything(row)]
    rows = [row for row in below if row.fault or not _is_of_sums(row)]
    _refuse_personal(rows, columns)
    times = [columns.cell(row.cells, columns.completion_time) for row in rows if len(row.cells) >= columns.width]
    dates, plain = _told_apart(times)
    halves = [names_half(time) for time in plain]
    doubt = Swapped(bool(dates and plain), any(halves) and not all(halves))
    dates_above, plain_above = _told_apart([cell for row in sheet.rows[: sheet.head] for cell in row.cells])
    all_dates, all_plain = dates + dates_above, plain + plain_above
    read = []
    for row in rows:
        unread = UnreadableLine(row.number, row.fault)
        read.append(unread if row.fault else read_line(row.number, row.cells, columns, doubt))
        advance(1)
    return Statement(
        preamble=_preamble(sheet, name),
        lines=[each for each in read if isinstance(each, StatementLine)],
        unreadable=[each for each in read if isinstance(each, UnreadableLine)],
        read_at=read_at,
        sums_below=[_sums(row, columns) for row in below if not row.fault and _is_of_sums(row)],
        may_be_swapped=bool(all_dates) and (bool(all_plain) or all(map(_may_be_swapped, all_dates))),
    )


def _told_apart(cells: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """The times among these cells that a spreadsheet has read as dates, and those that are text still."""
    dates: list[Cell] = []
    plain: list[Cell] = []
    for cell in cells:
        if read_time(cell) is not None:
            (dates if is_spreadsheets_date(cell) else plain).append(cell)
    return dates, plain


def _holds_anything(row: SheetRow) -> bool:
    return any(cell if not isinstance(cell, str) else cell.strip() for cell in row.cells)


def _is_of_sums(row: SheetRow) -> bool:
    """Whether the row is no movement, and holds the sums of those above it."""
    return column_name(row.cells[0]) in ("total", "totals") and not any(map(read_time, row.cells))


def _sums(row: SheetRow, columns: Columns) -> SumsBelow:
    texts = [
        columns.text(row.cells, place) if place < len(row.cells) else ""
        for place in (columns.paid_in, columns.withdrawn)
    ]
    # A dash says nothing here.
    return SumsBelow(row.number, *(read_cents(text) if re.search("[0-9]", text) else None for text in texts))


def _may_be_swapped(cell: Cell) -> bool:
    """Whether day and month of a spreadsheet's date are different and both could be a month."""
    time = read_time(cell)
    if time is None:
        return False
    date = nairobi(time.at)
    return date.day <= MONTHS and date.day != date.month


def _columns(header: Sequence[Cell]) -> Columns:
    names = [column_name(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    places = {}
    for field, known in _NAMES.items():
        found = [place for place, name in enumerate(names) if name in known]
        if len(found) > 1:
            raise NotAStatement(f"The header has two columns named `{known[0].title()}`.")
        places[field] = found[0] if found else -1
    lacking = [f"`{_NAMES[field][0].title()}`" for field in _NEEDED if places[field] < 0]
    if lacking:
        raise NotAStatement(f"The header lacks {', '.join(lacking)}.")
    return Columns(len(names), **places)


def _refuse_personal(rows: Sequence[SheetRow], columns: Columns) -> None:
    if columns.reason < 0 and any(
        _PERSONAL.match(columns.text(row.cells, columns.details)) for row in rows if len(row.cells) >= columns.width
    ):
        raise NotAStatement("This is a customer's own statement; the organisation's is on M-PESA's portal.")


def _preamble(sheet: StatementSheet, name: str) -> Preamble:
    cells = [row.cells for row in sheet.rows[: sheet.head]]
    stated_code, stated_account = _labelled(cells, "short code").strip(), _labelled(cells, "account").strip()
    # Of files that were put one behind the other each one says whose it is.
    below = [row.cells[:2] for row in sheet.rows[sheet.head + 1 :] if _is_label(row.cells, "short code", "account")]
    other_codes, other_accounts = ([_labelled([row], label) for row in below] for label in ("short code", "account"))
    classic, newer = _CLASSIC_NAME.search(name), _NEWER_NAME.search(name)
    named = classic or newer
    since, until = _period(cells)
    reported = _labelled_cell(cells, "date of report")
    reported_at = read_time(reported)
    amounts, unreadable = {}, []
    for field, label in _AMOUNTS.items():
        text = _labelled(cells, label)
        amounts[field] = read_cents(text) if text.strip() else None
        if text.strip() and amounts[field] is None:
            unreadable.append(label.title())
    if any(_is_label(row, "time period") for row in cells) and (since is None or until is None):
        unreadable.append("Time Period")
    if reported and reported_at is None:
        unreadable.append("Date of Report")
    unreadable += [f"row {row.number}" for row in sheet.rows[: sheet.head] if row.fault]
    return Preamble(
        short_codes=_each_once(map(_digits, (stated_code, named[1] if named else "", *other_codes))),
        accounts=_each_once(map(_spaced, (stated_account, classic[2] if classic else "", *other_accounts))),
        states_short_code=bool(stated_code),
        states_account=bool(stated_account),
        since=since,
        until=until,
        reported_at=reported_at.at if reported_at else None,
        unreadable=tuple(unreadable),
        **amounts,
    )


_AMOUNTS: Final = {
    "opening_cents": "opening balance",
    "closing_cents": "closing balance",
    "paid_in_cents": "total paid in",
    "withdrawn_cents": "total withdrawn",
}


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _digits(text: str) -> str:
    """The short code of `174379`, also where a name stands behind it."""
    found = re.fullmatch(r"\s*([0-9]{5,7})(?![0-9]).*", text, re.ASCII | re.DOTALL)
    return found[1] if found else " ".join(text.split())


def _spaced(name: str) -> str:
    """`UtilityAccount` as `Utility Account`."""
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).split())


def _is_label(row: Sequence[Cell], *labels: str) -> bool:
    """Whether the row begins with one of these labels, alone or with its value behind a colon."""
    if not row or not isinstance(row[0], str):
        return False
    return column_name(row[0].partition(":")[0]) in labels


def _labelled_cell(rows: Sequence[Sequence[Cell]], label: str) -> Cell:
    """The cell beside the one with this label, or the rest of the label's own cell; empty where there is none."""
    for row in rows:
        for place, cell in enumerate(row):
            if not isinstance(cell, str):
                continue
            before, colon, after = cell.partition(":")
            if column_name(before) == label and (colon or place + 1 < len(row)):
                beside = row[place + 1] if place + 1 < len(row) else ""
                if after.strip():
                    return after.strip()
                return "" if isinstance(beside, str) and beside.rstrip().endswith(":") else beside
    return ""


def _labelled(rows: Sequence[Sequence[Cell]], label: str) -> str:
    cell = _labelled_cell(rows, label)
    return cell if isinstance(cell, str) else cell.text


def _period(rows: Sequence[Sequence[Cell]]) -> tuple[Instant | None, Instant | None]:
    """The first and the last instant of the period."""
    for row in rows:
        if _is_label(row, "time period"):
            pieces: list[Cell] = []
            for cell in row:
                pieces += re.split(r"(?i)\b(?:from|to)\b|period:", cell) if isinstance(cell, str) else [cell]
            known = [time for time in map(read_time, pieces) if time is not None]
            if len(known) == 2 and known[0].at <= known[1].at:  # noqa: PLR2004 - a beginning and an end
                return known[0].at + known[0].blur, known[1].at
    return None, None
