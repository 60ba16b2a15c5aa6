"""Time as a value: instants in microseconds of UTC, and the clock that is passed to what needs one.

Daraja's timestamps are East Africa Time (UTC+3, no summer time; daraja: STK push request; daraja: identifiers).
"""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple, Protocol, TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00Z."""

SECOND: Instant = 1_000_000
HOUR: Instant = 3600 * SECOND

EAST_AFRICA_TIME = timezone(timedelta(hours=3), "EAT")


class Clock(Protocol):
    """Tells the time. Sleeping belongs to the event loop, which a universe replaces as a whole."""

    def now(self) -> Instant:
        """The present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        """The present instant."""
        return time.time_ns() // 1000


class Deadline(NamedTuple):
    """The moment after which something is not begun, on two clocks; whichever reaches it first decides.

    `loop_seconds` is a time of the event loop's clock, which never jumps and stands still while the machine sleeps;
    `instant` is a time of the machine's clock, which runs on while the machine sleeps and may be set.
    """

    loop_seconds: float
    instant: Instant

    def left_seconds(self, loop_seconds: float, now: Instant) -> float:
        """The seconds that are left at these times of the two clocks; less than 0 when the deadline has passed."""
        return min(self.loop_seconds - loop_seconds, (self.instant - now) / SECOND)


def seconds(count: float) -> Instant:
    """A span of `count` seconds as microseconds."""
    return round(count * SECOND)


def to_datetime(instant: Instant) -> datetime:
    """The instant as an aware datetime in UTC."""
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def iso(instant: Instant | None) -> str | None:
    """RFC 3339 in UTC to the millisecond, as the API prints it; None stays None."""
    if instant is None:
        return None
    text = to_datetime(instant).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def nairobi(instant: Instant) -> datetime:
    """The instant as an aware datetime in East Africa Time."""
    return to_datetime(instant).astimezone(EAST_AFRICA_TIME)


def daraja_timestamp(instant: Instant) -> str:
    """`YYYYMMDDHHmmss` in East Africa Time, the form of a push's Timestamp (daraja: STK push request)."""
    return nairobi(instant).strftime("%Y%m%d%H%M%S")
