"""From a row of a statement to a line: a movement that is understood, or the sentence that says what would be. Pure.

No sentence repeats a cell: the file holds names and pieces of phone numbers.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.clock import Instant, daraja_timestamp
from pokea.reconciliation.cells import Cell, StatementTime, is_spreadsheets_date, read_cents, read_receipt, read_time

_COMPLETED: Final = "completed"
_WITHOUT_MONEY: Final = frozenset({"failed", "declined", "cancelled", "canceled", "expired"})
_ACCOUNT: Final = re.compile(r".*\bAcc\.\s*(.*?)(?:\s+via\s+\S+\s+by\s.*)?", re.DOTALL)
_PAYER: Final = re.compile(r"(?<![0-9*])((?:254|0)[0-9]{1,9}\*{2,}[0-9]{2,4}|(?:254|0)[17][0-9]{8})(?![0-9*])")
_RECEIPT_WORD: Final = re.compile(r"(?<![A-Za-z0-9*])[A-Za-z][A-Za-z0-9]{9}(?![A-Za-z0-9*])", re.ASCII)
_PAID: Final = re.compile(
    r"(?:standing order |small business )?pay bill (?:online )?from\b|pay bill online$"
    r"|merchant pay utility received from\b|business pay bill via api by\b|fsi to pay bill by\b"
    r"|small business pay merchant from\b|(?:merchant )?customer payment from\b"
    r"|merchant (?:customer )?payment(?: online)?(?: from\b|$)",
    re.IGNORECASE,
)
_PAID_OUT: Final = re.compile(
    r"(?:mep )?(?:business|salary|promotion) payment\b(?! charge)|salary advance payment\b"
    r"|transfer from bank to customer via api\b|pay dividend to\b",
    re.IGNORECASE,
)
_WITHIN_THE_ORGANISATION: Final = re.compile(
    r"(?:utility|merchant|working|mmf|charges paid|organization [a-z ]+?) account to [a-z ]+ account"
    r"|agency withdrawal of funds to bank|withdraw to bank|funds transfer",
    re.IGNORECASE,
)


class LineKind(StrEnum):
    """What a line of the statement is, by its wording."""

    PAYMENT = "payment"
    REVERSAL = "reversal"
    CHARGE = "charge"
    PAYOUT = "payout"
    TRANSFER = "transfer"
    """To the organisation's bank or another account of its own, or from there."""
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


class StatementLine(Struct, frozen=True, kw_only=True):
    """One movement. Cents are positive on the one side that is used; the other is 0.

    `number` is the row's in a spreadsheet. The movement was at `at`, or up to `blur` later where seconds were lost.
    `payer` is the masked number, `account` what the payer typed, `linked` the receipts of others that the line names.
    """

    number: int
    receipt: str
    at: Instant
    kind: LineKind
    paid_in_cents: int = 0
    withdrawn_cents: int = 0
    blur: Instant = 0
    balance_cents: int | None = None
    details: str = ""
    account: str = ""
    payer: str = ""
    linked: tuple[str, ...] = ()

    @property
    def provider_time(self) -> str:
        """The time in the form that a callback has (daraja: STK callback success)."""
        return daraja_timestamp(self.at)

    @property
    def moved_cents(self) -> int:
        """What the account has more after it."""
        return self.paid_in_cents - self.withdrawn_cents


class UnreadableLine(NamedTuple):
    """A row that is not understood: its number in a spreadsheet, and what would have been understood."""

    number: int
    why: str


class Columns(Struct, frozen=True):
    """Where each column stands that is read; -1 for one that the file lacks. `width` counts the header's cells."""

    width: int
    receipt: int
    completion_time: int
    initiation_time: int
    details: int
    status: int
    paid_in: int
    withdrawn: int
    balance: int
    reason: int
    other_party: int
    linked: int
    account: int
    currency: int

    def cell(self, cells: Sequence[Cell], place: int) -> Cell:
        """The cell of that column; empty where the file lacks it."""
        return cells[place] if place >= 0 else ""

    def text(self, cells: Sequence[Cell], place: int) -> str:
        """The text of that column's cell, with single blanks."""
        cell = self.cell(cells, place)
        return " ".join(cell.split()) if isinstance(cell, str) else cell.text


class Swapped(Struct, frozen=True):
    """Why times of the column are doubtful: it mixes dates of a spreadsheet, or halves of the day, with plain times."""

    dates: bool = False
    halves: bool = False


def read_line(number: int, cells: Sequence[Cell], columns: Columns, doubt: Swapped) -> StatementLine | UnreadableLine:
    """The movement of this row."""
    try:
        return _line(number, cells, columns, doubt)
    except _NotUnderstood as failure:
        return UnreadableLine(number, str(failure))


class _NotUnderstood(Exception):
    """The row is not understood; the text says what would have been."""


def _line(number: int, cells: Sequence[Cell], columns: Columns, doubt: Swapped) -> StatementLine:
    _check_fit(cells, columns)
    receipt = read_receipt(columns.text(cells, columns.receipt))
    if receipt is None:
        raise _NotUnderstood("`Receipt No.` is not 8 to 12 letters and digits")
    status = columns.text(cells, columns.status).lower()
    if status not in (_COMPLETED, *_WITHOUT_MONEY):
        raise _NotUnderstood("`Transaction Status` is neither Completed nor one of a movement that never was")
    is_finished = status == _COMPLETED
    time = _time(cells, columns, doubt, is_finished)
    paid_in, withdrawn = _sides(columns.text(cells, columns.paid_in), columns.text(cells, columns.withdrawn))
    balance = columns.text(cells, columns.balance)
    balance_cents = read_cents(balance) if balance else None
    if balance and balance_cents is None:
        raise _NotUnderstood("`Balance` is not an amount such as 1,234.56")
    details, reason = columns.text(cells, columns.details), columns.text(cells, columns.reason)
    account, payer = _payer(cells, columns, details)
    return StatementLine(
        number=number,
        receipt=receipt,
        at=time.at,
        blur=time.blur,
        kind=_kind(details, reason, paid_in) if is_finished else LineKind.UNFINISHED,
        paid_in_cents=paid_in,
        withdrawn_cents=withdrawn,
        balance_cents=balance_cents,
        details=details,
        account=account,
        payer=payer,
        linked=_linked(columns.text(cells, columns.linked), details, receipt),
    )


def _check_fit(cells: Sequence[Cell], columns: Columns) -> None:
    if len(cells) < columns.width:
        raise _NotUnderstood(
            f"it has {len(cells)} cells and the header {columns.width}: where it is the last row, the file was cut"
        )
    if any(cells[columns.width :]):
        raise _NotUnderstood(f"it has more cells than the header, which has {columns.width}")
    if columns.currency >= 0 and columns.text(cells, columns.currency).upper() != "KES":
        raise _NotUnderstood("`Currency` is not KES")


def _time(cells: Sequence[Cell], columns: Columns, doubt: Swapped, is_finished: bool) -> StatementTime:
    cell = columns.cell(cells, columns.completion_time)
    if not cell and not is_finished:
        cell = columns.cell(cells, columns.initiation_time)
    time = read_time(cell)
    if time is None:
        raise _NotUnderstood("`Completion Time` is not a time such as 05-11-2025 12:00:05")
    if (doubt.dates and is_spreadsheets_date(cell)) or (doubt.halves and not names_half(cell) and _is_half(cell)):
        raise _NotUnderstood("`Completion Time` is written in another way than in other rows")
    return time


def _sides(paid_in: str, withdrawn: str) -> tuple[int, int]:
    """What was paid in and what was withdrawn, in cents without sign."""
    credit, debit = read_cents(paid_in), read_cents(withdrawn)
    if credit is None or credit < 0:
        raise _NotUnderstood("`Paid In` is not an amount such as 1,234.56")
    if debit is None:
        raise _NotUnderstood("`Withdrawn` is not an amount such as -1,234.56")
    if bool(credit) == bool(debit):
        raise _NotUnderstood("exactly one of `Paid In` and `Withdrawn` must hold an amount")
    return credit, abs(debit)


def _payer(cells: Sequence[Cell], columns: Columns, details: str) -> tuple[str, str]:
    """What the payer typed as the account, and the masked number; empty where they do not stand in the row."""
    typed = _ACCOUNT.fullmatch(details)
    payer = _PAYER.search(columns.text(cells, columns.other_party)) or _PAYER.search(details)
    account = columns.text(cells, columns.account) or (typed[1].strip() if typed else "")
    return account, payer[1] if payer else ""


def _linked(linked: str, details: str, receipt: str) -> tuple[str, ...]:
    """The other receipts that the row names: that of its own column first, then those among the words of Details."""
    named = [read_receipt(linked) or "", *map(str.upper, _RECEIPT_WORD.findall(details))]
    return tuple(dict.fromkeys(each for each in named if each and each != receipt))


def _kind(details: str, reason: str, paid_in_cents: int) -> LineKind:
    is_paid = bool(paid_in_cents) and _PAID.match(details) is not None
    # A payer may be called Reverson: only the reason type counts where the opening is a payment's.
    if "revers" in reason.lower() or (not is_paid and "revers" in details.lower()):
        return LineKind.REVERSAL
    if is_paid:
        return LineKind.PAYMENT
    if _WITHIN_THE_ORGANISATION.fullmatch(details):
        return LineKind.TRANSFER
    if paid_in_cents:
        return LineKind.UNKNOWN
    if _PAID_OUT.match(details):
        return LineKind.PAYOUT
    return LineKind.CHARGE if re.search(r"\b(?:charge|fee)\b", details, re.IGNORECASE) else LineKind.UNKNOWN


def names_half(cell: Cell) -> bool:
    """Whether the time says which half of the day it is in."""
    return isinstance(cell, str) and re.search(r"[ap]\.?m\.?\W*$", cell, re.IGNORECASE) is not None


def _is_half(cell: Cell) -> bool:
    """Whether a time without AM or PM may be one of the other half of the day."""
    found = re.search(r"\b([0-9]{1,2}):[0-9]{2}", cell) if isinstance(cell, str) else None
    return found is not None and 1 <= int(found[1]) <= 12  # noqa: PLR2004 - the hours of half a day


def mask_fits(mask: str, msisdn: str) -> bool:
    """Whether a masked number, in either of its forms (texts: columns), may be this one."""
    head, starred, rest = mask.partition("*")
    tail = rest.lstrip("*")
    number = f"0{msisdn.removeprefix('254')}" if head.startswith("0") else msisdn
    if not starred:
        return number == head
    return number.startswith(head) and number.endswith(tail)
