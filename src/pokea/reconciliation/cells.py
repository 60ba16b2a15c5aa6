"""Single values of a statement: amounts, times and receipts, each read in one way or not at all. Pure.

An amount that can be read in two ways is a wrong amount half of the time, and evidence only grows. So a comma separates
thousands and nothing else, the day stands before the month, and digits are ASCII; what is not written so is None.
"""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.clock import EAST_AFRICA_TIME, SECOND, Instant, from_datetime
from pokea.money import CENTS

FIRST_YEAR: Final = 2007
"""M-PESA began in March 2007: no statement is older."""
_LAST_YEAR: Final = 2099
_CENTURY: Final = 2000
_NOON: Final = 12
_MINUTE: Final[Instant] = 60 * SECOND
_EXCEL_BEGINS: Final = datetime(1899, 12, 30, tzinfo=EAST_AFRICA_TIME)

_CURRENCY: Final = r"(?:KES|KSHS?\.?)"
_AMOUNT: Final = re.compile(
    rf"(?P<before>[+-]?)\s*{_CURRENCY}?\s*(?P<after>[+-]?)\s*"
    rf"(?P<whole>0|[1-9][0-9]{{0,11}}|[1-9][0-9]{{0,2}}(?:,[0-9]{{3}}){{1,3}})(?:\.(?P<cents>[0-9]{{2}}))?\s*{_CURRENCY}?",
    re.IGNORECASE | re.ASCII,
)
_IN_PARENTHESES: Final = re.compile(r"\(\s*([^()]*?)\s*\)")
_RECEIPT: Final = re.compile(r"[A-Za-z0-9]{8,12}", re.ASCII)
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?", re.ASCII)

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            *("jan january", "feb february", "mar march", "apr april", "may", "jun june"),
            *("jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december"),
        ),
        start=1,
    )
    for name in names.split()
}
_CLOCK_TIME: Final = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?"
)
_DAY_FIRST: Final = re.compile(
    rf"(?P<day>[0-9]{{1,2}})(?P<between>[-/. ])(?P<month>[0-9]{{1,2}}|[a-z]{{3,9}})(?P=between)"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}})(?:,?\s+|T){_CLOCK_TIME}",
    re.IGNORECASE | re.ASCII,
)
_YEAR_FIRST: Final = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<between>[-/.])(?P<month>[0-9]{{1,2}})(?P=between)(?P<day>[0-9]{{1,2}})"
    rf"(?:,?\s+|T){_CLOCK_TIME}",
    re.IGNORECASE | re.ASCII,
)


class DateCell(Struct, frozen=True):
    """A cell that a spreadsheet holds as a date, as `YYYY-MM-DD HH:MM:SS`.

    The spreadsheet may have taken the day for the month when it read the text that stood there before.
    """

    text: str


Cell = str | DateCell


class StatementTime(NamedTuple):
    """A statement's time: the instant `at`, or up to `blur` later, where seconds were lost."""

    at: Instant
    blur: Instant


def read_cents(text: str) -> int | None:
    """Cents with their sign; 0 for a cell that is empty or holds a dash; None for what is not an amount."""
    plain = _plain(text)
    wrapped = _IN_PARENTHESES.fullmatch(plain)
    if wrapped:
        plain = f"-{wrapped[1]}"
    if plain in ("", "-"):
        return None if wrapped else 0
    found = _AMOUNT.fullmatch(plain)
    if found is None or (found["before"] and found["after"]):
        return None
    cents = int(found["whole"].replace(",", "")) * CENTS + int(found["cents"] or 0)
    return -cents if "-" in (found["before"], found["after"]) else cents


def _plain(text: str) -> str:
    """The text with every kind of dash and of blank as the ASCII one, and without what cannot be seen."""
    if text.isascii() and text.isprintable():
        return text.strip()  # nearly every cell
    plain = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Pd" or character == "\u2212":
            plain.append("-")
        elif category == "Zs" or character in "\t\r\n":
            plain.append(" ")
        elif category != "Cf":
            plain.append(character)
    return "".join(plain).strip()


def read_time(cell: Cell) -> StatementTime | None:
    """The time of a cell, which is Nairobi's, with the day before the month; None for anything else."""
    if isinstance(cell, DateCell):
        return _from_text(cell.text)
    text = _plain(cell)
    return _from_serial(text) if _SERIAL.fullmatch(text) else _from_text(text)


def is_spreadsheets_date(cell: Cell) -> bool:
    """Whether a spreadsheet has read the text of this time, and may have swapped its day and month."""
    return isinstance(cell, DateCell) or _SERIAL.fullmatch(_plain(cell)) is not None


def _from_serial(text: str) -> StatementTime | None:
    moment = _EXCEL_BEGINS + timedelta(seconds=round(float(text) * 86_400))
    return StatementTime(from_datetime(moment), 0) if FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _from_text(text: str) -> StatementTime | None:
    found = _DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    if found is None:
        return None
    year = int(found["year"]) + (_CENTURY if len(found["year"]) < len("2025") else 0)
    month = int(found["month"]) if found["month"].isdigit() else _MONTHS.get(found["month"].lower(), 0)
    hour = _hour(int(found["hour"]), found["half"])
    if hour is None or not FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    clock_time = (hour, int(found["minute"]), int(found["second"] or 0))
    try:
        moment = datetime(year, month, int(found["day"]), *clock_time, tzinfo=EAST_AFRICA_TIME)
    except ValueError:
        return None
    return StatementTime(from_datetime(moment), 0 if found["second"] else _MINUTE - SECOND)


def _hour(hour: int, half: str | None) -> int | None:
    if half is None:
        return hour
    if not 1 <= hour <= _NOON:
        return None
    return hour % _NOON + (_NOON if half.lower() == "p" else 0)


def read_receipt(text: str) -> str | None:
    """The receipt in capitals; None for what is none."""
    plain = _plain(text)
    return plain.upper() if _RECEIPT.fullmatch(plain) else None
