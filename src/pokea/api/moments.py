"""Days and instants as callers write them: without a zone they are of East Africa Time."""

from datetime import date, datetime, timedelta

from pokea.clock import EAST_AFRICA_TIME, Instant, from_datetime
from pokea.errors import invalid


def moment(field: str, text: str | None, *, end_of_day: bool) -> Instant | None:
    """A day of East Africa Time, or an instant; the end of a day is the beginning of the next.

    Raises Refusal `invalid_request` for anything else.
    """
    if text is None:
        return None
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text) + timedelta(days=end_of_day)
            return from_datetime(datetime(day.year, day.month, day.day, tzinfo=EAST_AFRICA_TIME))
        named = datetime.fromisoformat(text.replace(" ", "+"))
        return from_datetime(named if named.tzinfo else named.replace(tzinfo=EAST_AFRICA_TIME))
    except (ValueError, OverflowError):
        raise invalid(
            field, f"`{field}` must be a day such as 2026-01-31, or an instant such as 2026-01-31T09:00:00Z."
        ) from None
