"""Days and instants as callers write them: without a zone they are of East Africa Time."""

import re
from datetime import date, datetime, timedelta

from pokea.clock import EAST_AFRICA_TIME, Instant, from_datetime
from pokea.errors import invalid

_DAY = re.compile(r"[0-9]{4}(-?)[0-9]{2}\1[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt+ ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?:[Zz]|[+ -][0-9]{2}:?[0-9]{2})?"
)
_EARLIEST_YEAR = 1900
_LATEST_YEAR = 9000
"""Beyond these a calendar's end is near enough for a sum of days to leave it; nothing was ever paid there."""


def parse_instant(field: str, text: str | None, *, end_of_day: bool) -> Instant | None:
    """A day of East Africa Time, or an instant; the end of a day is the beginning of the next.

    Raises ApiError `invalid_request` for anything else.
    """
    if text is None:
        return None
    try:
        named = _read(text, end_of_day=end_of_day)
    except (ValueError, OverflowError):
        named = None
    if named is None or not _EARLIEST_YEAR <= named.year <= _LATEST_YEAR:
        raise invalid(
            field,
            f"`{field}` must be a day such as 2026-01-31, or an instant such as 2026-01-31T09:00:00Z, from "
            f"{_EARLIEST_YEAR} to {_LATEST_YEAR}.",
        )
    return from_datetime(named)


def _read(text: str, *, end_of_day: bool) -> datetime | None:
    if _DAY.fullmatch(text):
        day = date.fromisoformat(text) + timedelta(days=end_of_day)
        return datetime(day.year, day.month, day.day, tzinfo=EAST_AFRICA_TIME)
    if not _INSTANT.fullmatch(text):
        return None
    # A plus sign that was not escaped in an address arrives as a blank.
    named = datetime.fromisoformat(text[:10] + "T" + text[11:].replace(" ", "+").replace(",", ".").upper())
    return named if named.tzinfo else named.replace(tzinfo=EAST_AFRICA_TIME)
