"""A statement as a file: what is asked for, the bytes, and the damage that files meet on their way (field cases).

Damage strikes one row, or the whole file. It is there for the tests of a reader: a file that lacks something must be
noticed, and nothing may be concluded from what it lacks.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from pokea.clock import nairobi
from pokea.money import CENTS
from pokea.simulator.journal import Journal, Movement, MovementKind, OrganisationAccount
from pokea.simulator.sheets import Cell, Encoding, Form, delimited, encoded, workbook
from pokea.simulator.statement_rows import (
    CLASSIC_COLUMNS,
    DETAILS,
    NEWER_COLUMNS,
    PAID_IN,
    CoveredPeriod,
    Heading,
    Manner,
    body_of,
    preamble,
    rows_of,
)

Format = Literal["csv", "xlsx"]
Delimiter = Literal["comma", "semicolon", "tab"]
Damage = Literal[
    "row_missing", "amount_differs", "short_row", "cut", "open_quote", "no_totals", "no_preamble", "padded", "shouted"
]

MOST_ROWS: Final = 20_000
_STRIKES_A_ROW: Final = frozenset({"row_missing", "amount_differs", "short_row", "cut", "open_quote"})
_TEXT_ONLY: Final = frozenset({"cut", "open_quote"})
_DELIMITERS: Final[dict[Delimiter, str]] = {"comma": ",", "semicolon": ";", "tab": "\t"}
_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Unwritable(Exception):
    """Such a statement cannot be made: the parameter at fault, and a sentence."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field


class StatementOrder(NamedTuple):
    """What one statement is to be like."""

    account: OrganisationAccount
    coverage: CoveredPeriod
    heading: Heading
    manner: Manner = Manner()
    form: Form = Form()
    format: Format = "csv"
    delimiter: Delimiter = "comma"
    encoding: Encoding = "utf-8"
    damage: Damage | None = None
    receipt: str | None = None
    """The payment whose row the damage strikes; None for the newest."""


class StatementFile(NamedTuple):
    """A file to download."""

    name: str
    content_type: str
    content: bytes


class _Table(NamedTuple):
    head: Sequence[Sequence[Cell]]
    """The preamble and the header."""
    rows: Sequence[tuple[Movement, list[Cell]]]


def statement_file(order: StatementOrder, journal: Journal) -> StatementFile:
    """The statement of what the journal holds. Raises Unwritable."""
    _refuse_what_is_forgotten(order, journal)
    account, coverage, manner = order.account, order.coverage, order.manner
    body = body_of(list(journal.movements), account, manner.layout, coverage, journal.balances[account])
    if len(body.movements) > MOST_ROWS:
        raise Unwritable("from", f"this time has {len(body.movements)} rows, and a statement has {MOST_ROWS} at most.")
    head: list[Sequence[Cell]] = []
    if manner.layout == "classic":
        head += preamble(body, account, coverage, order.heading)
    head.append(CLASSIC_COLUMNS if manner.layout == "classic" else NEWER_COLUMNS)
    table = _Table(head, rows_of(body, order.heading, manner, order.form))
    content = _damaged_text(order, table) if order.format == "csv" else _damaged_workbook(order, table)
    return StatementFile(_name_of(order), _TYPES[order.format], content)


def _refuse_what_is_forgotten(order: StatementOrder, journal: Journal) -> None:
    forgotten = journal.forgotten_until
    if forgotten is not None and order.coverage.since <= forgotten:
        kept = f"{nairobi(forgotten):%Y-%m-%dT%H:%M:%S}"
        raise Unwritable("from", f"movements before {kept} are no longer kept (--most-records): begin after that.")


def _name_of(order: StatementOrder) -> str:
    short_code, coverage = order.heading.short_code, order.coverage
    if order.manner.layout == "newer":
        days = f"from {nairobi(coverage.since):%Y-%m-%d} to {nairobi(coverage.until):%Y-%m-%d}"
        return f"Statements for {short_code} {days}.{order.format}"
    account = f"{order.account.value.title()}Account"
    return f"ORG_{short_code}_{account}_All_{nairobi(coverage.reported_at):%Y%m%d%H%M%S}.{order.format}"


def _struck(order: StatementOrder, table: _Table) -> int:
    """The place of the row that the damage strikes; -1 when it strikes none."""
    if order.damage not in _STRIKES_A_ROW:
        return -1
    for place, (movement, _) in enumerate(table.rows):
        if movement.kind is MovementKind.PAYMENT and order.receipt in (None, movement.receipt):
            return place
    named = f" with the receipt {order.receipt}" if order.receipt else ""
    raise Unwritable("receipt", f"the statement has no payment{named} that `{order.damage}` could strike.")


def _cells(order: StatementOrder, table: _Table) -> list[Sequence[Cell]]:
    """The whole sheet under the damages that are done to cells and rows."""
    head, rows = list(table.head), [row for _, row in table.rows]
    place, paid_in = _struck(order, table), PAID_IN[order.manner.layout]
    match order.damage:
        case "row_missing":
            del rows[place]
        case "short_row":
            rows[place] = rows[place][: paid_in + 1]
        case "amount_differs":
            rows[place] = _with_a_shilling_more(table.rows[place][0], rows[place], order)
        case "no_preamble":
            head = head[-1:]
        case "no_totals":
            head = [row for row in head if row[0] != "Opening Balance:"]
        case "padded":
            width = len(head[-1])
            head = [[*row, *[""] * (width - len(row))] for row in head]
        case "shouted":
            rows = [["TRUE" if cell == "true" else cell for cell in row] for row in rows]
        case _:
            pass
    return [*head, *rows]


def _with_a_shilling_more(paid: Movement, row: Sequence[Cell], order: StatementOrder) -> list[Cell]:
    changed = list(row)
    cents = paid.cents + CENTS
    newer = order.manner.layout == "newer"
    changed[PAID_IN[order.manner.layout]] = f"{cents // CENTS:,}.{cents % CENTS:02d}" if newer else cents
    return changed


def _damaged_workbook(order: StatementOrder, table: _Table) -> bytes:
    if order.damage in _TEXT_ONLY:
        raise Unwritable("damage", f"`{order.damage}` is done to a text: ask for format=csv.")
    name = "transaction" if order.manner.layout == "classic" else "Statements"
    return workbook(name, _cells(order, table), order.form)


def _damaged_text(order: StatementOrder, table: _Table) -> bytes:
    delimiter = _DELIMITERS[order.delimiter]
    lines = [delimited(row, order.form, delimiter) for row in _cells(order, table)]
    if order.damage in _TEXT_ONLY:
        place = len(table.head) + _struck(order, table)
        row = table.rows[place - len(table.head)][1]
        column = (PAID_IN if order.damage == "cut" else DETAILS)[order.manner.layout]
        before = delimited(row[:column], order.form, delimiter).removesuffix("\r\n") + delimiter
        if order.damage == "cut":
            # In the middle of the amount, as a download that broke off.
            amount = delimited(row[column : column + 1], order.form, delimiter)
            lines[place:] = [before + amount[: max(1, amount.find(".") - 1)]]
        else:
            # From here to the next quote, or to the end, everything is one cell.
            lines[place] = f'{before}"{lines[place].removeprefix(before)}'
    return encoded("".join(lines), order.encoding)
