"""Reading the file that an organisation downloads from M-PESA's portal, saved as CSV (texts 1.2 to 1.9): pure.

Columns are found by name and preamble lines by label. What cannot be read is said, never guessed; the file holds names
and pieces of phone numbers, so no finding repeats a line.
"""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from msgspec import Struct

from pokea.clock import EAST_AFRICA_TIME, Instant, daraja_timestamp, from_datetime
from pokea.errors import PokeaError
from pokea.money import CENTS

_FORMS: Final = ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d")
_TIMES: Final = ("%H:%M:%S", "%H:%M")
_EXCEL_BEGINS: Final = datetime(1899, 12, 30, tzinfo=EAST_AFRICA_TIME)
_SERIAL: Final = re.compile(r"\d{5}(\.\d+)?")
_MONEY_WORDS: Final = re.compile(r"(?i)kes|kshs?\.?|[\s,]")
_RECEIPT: Final = re.compile(r"[A-Z0-9]{8,12}")
_ACCOUNT: Final = re.compile(r"\bAcc\.\s*(\S+)\s*$")
_PAYER: Final = re.compile(r"\b((?:254|0)\d{1,9}\*{2,}\d{2,4})\b")
_PAID: Final = re.compile(
    r"(?:standing order |small business )?pay bill (?:online )?from\b|merchant pay utility received from\b"
    r"|business pay bill via api by\b|merchant payment(?: online)?(?: from\b|$)",
    re.IGNORECASE,
)
_MOST_ROWS: Final = 1_000_000
_PREAMBLE_ROWS: Final = 30


class NotAStatement(PokeaError):
    """The file is not an organisation's statement, or not as CSV; the sentence says what was looked for."""


class LineKind(StrEnum):
    """What a line of the statement is."""

    PAYMENT = "payment"
    REVERSAL = "reversal"
    OTHER = "other"
    UNKNOWN = "unknown"


class Line(Struct, frozen=True):
    """One completed movement. `payer` is the masked number, `account` what the payer typed; empty where untold."""

    receipt: str
    at: Instant
    paid_in_cents: int
    kind: LineKind
    account: str = ""
    payer: str = ""

    @property
    def transaction_date(self) -> str:
        """The time in the form that a callback has (reference 3.1)."""
        return daraja_timestamp(self.at)


class Statement(Struct, frozen=True):
    """A statement as it was read. `findings` say what is odd; `since` and `until` bound what it covers."""

    lines: Sequence[Line]
    since: Instant | None
    until: Instant | None
    shortcode: str = ""
    findings: Sequence[str] = ()


def read_statement(content: bytes) -> Statement:
    """The statement in the file. Raises NotAStatement."""
    if content[:4] in (b"\xd0\xcf\x11\xe0", b"PK\x03\x04"):
        raise NotAStatement("This is an Excel file: open it, save it as CSV, and give that file.")
    rows = list(csv.reader(io.StringIO(_decoded(content), newline="")))[:_MOST_ROWS]
    head = next((number for number, row in enumerate(rows[:_PREAMBLE_ROWS]) if _is_header(row)), None)
    if head is None:
        raise NotAStatement("No header was found: a statement has a row that begins with `Receipt No.`.")
    names = [_name(cell) for cell in rows[head]]
    if (
        "details" not in names
        or "completion time" not in names
        or not any(each.startswith("paid in") for each in names)
    ):
        raise NotAStatement("The header lacks `Completion Time`, `Details` or `Paid In`.")
    _refuse_personal(names, rows[head + 1 :])
    lines, findings = _lines(names, rows[head + 1 :])
    since, until = _period(rows[:head])
    times = [line.at for line in lines]
    if times and since is None:
        since, until = min(times), max(times)
        findings.append(
            "The file does not say which time it covers: it is taken to reach from its first to its last line."
        )
    return Statement(lines, since, until, _labelled(rows[:head], "short code"), findings)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _name(cell: str) -> str:
    return " ".join(cell.strip().lower().rstrip(".").split())


def _is_header(row: Sequence[str]) -> bool:
    return bool(row) and _name(row[0]) == "receipt no"


def _labelled(rows: Sequence[Sequence[str]], label: str) -> str:
    for row in rows:
        for number, cell in enumerate(row[:-1]):
            if cell.strip().lower().rstrip(":") == label:
                return row[number + 1].strip()
    return ""


def _period(rows: Sequence[Sequence[str]]) -> tuple[Instant | None, Instant | None]:
    for row in rows:
        cells = [cell.strip() for cell in row]
        if cells and cells[0].lower().startswith("time period"):
            moments = [read_time(re.sub(r"(?i)^(from|to)\s+", "", cell)) for cell in cells[1:]]
            known = [moment for moment in moments if moment is not None]
            if len(known) >= 2:  # noqa: PLR2004 - a beginning and an end
                return known[0], known[1]
    return None, None


def _refuse_personal(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    place = names.index("details")
    details = [row[place].strip().lower() for row in rows if len(row) > place]
    if "reason type" not in names and any(
        each.startswith(("pay bill to", "pay bill online to", "merchant payment to", "merchant payment online to"))
        for each in details
    ):
        raise NotAStatement("This is a customer's own statement; the organisation's is on M-PESA's portal.")


def _lines(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[Line], list[str]]:
    lines, unreadable, foreign = [], 0, 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        cells = {name: row[number].strip() for number, name in enumerate(names) if number < len(row)}
        if cells.get("transaction status", "completed").lower() != "completed":
            foreign += 1
            continue
        line = _line(cells)
        if line is None:
            unreadable += 1
        else:
            lines.append(line)
    findings = [f"{unreadable} lines cannot be read: look at them by hand."] if unreadable else []
    return lines, findings + ([f"{foreign} lines are not completed and were left out."] if foreign else [])


def _line(cells: dict[str, str]) -> Line | None:
    receipt = cells.get("receipt no", "").upper()
    at = read_time(cells.get("completion time", ""))
    paid_in = read_cents(next((text for name, text in cells.items() if name.startswith("paid in")), ""))
    withdrawn = read_cents(next((text for name, text in cells.items() if name.startswith("withdrawn")), ""))
    if not _RECEIPT.fullmatch(receipt) or at is None or paid_in is None or withdrawn is None or (paid_in and withdrawn):
        return None
    details = cells.get("details", "")
    typed = _ACCOUNT.search(details)
    account = cells.get("a/c no", "") or (typed[1] if typed else "")
    payer = _PAYER.search(cells.get("other party info", "") or details)
    kind = _kind(details, cells.get("reason type", ""), paid_in)
    return Line(receipt, at, paid_in, kind, account, payer[1] if payer else "")


def _kind(details: str, reason: str, paid_in_cents: int) -> LineKind:
    if "revers" in f"{details} {reason}".lower():
        return LineKind.REVERSAL
    if not paid_in_cents:
        return LineKind.OTHER
    if _PAID.match(details.strip()):
        return LineKind.PAYMENT
    return LineKind.OTHER if "organization" in details.lower() else LineKind.UNKNOWN


def read_time(text: str) -> Instant | None:
    """An instant from a statement's time, which is Nairobi's, or from an Excel serial; None for anything else."""
    text = text.strip()
    try:
        if _SERIAL.fullmatch(text):
            return from_datetime(_EXCEL_BEGINS + timedelta(days=float(text)))
    except OverflowError:
        return None
    for form in _FORMS:
        for time in _TIMES:
            try:
                return from_datetime(datetime.strptime(text, f"{form} {time}").replace(tzinfo=EAST_AFRICA_TIME))
            except (ValueError, OverflowError):
                continue
    return None


def read_cents(text: str) -> int | None:
    """Cents, without their sign; 0 for an empty cell; None for what is no amount or has pieces of a cent."""
    plain = _MONEY_WORDS.sub("", text)
    if not plain:
        return 0
    try:
        cents = abs(Decimal(plain)) * CENTS
        return int(cents) if cents.is_finite() and cents == int(cents) and cents < 10**15 else None
    except (InvalidOperation, OverflowError, ValueError):
        return None
