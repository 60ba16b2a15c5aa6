"""What an endpoint's answers do to it: its breaker, its pauses and its share. Pure (law: delivery queue).

Retries belong to the endpoint. Five failures in a row over any of its rows open its breaker: then one probe is sent at
a time, after pauses that grow, and the other rows wait and spend nothing. One success closes it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, NamedTuple

from pokea.clock import HOUR, SECOND, Instant, from_datetime
from pokea.webhooks.model import Endpoint, Reason, as_disabled

FAILURES_TO_OPEN: Final = 5
MINUTE: Final[Instant] = 60 * SECOND
PROBE_PAUSES: Final[Sequence[Instant]] = (
    *(5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Before each probe in turn; the last one is that before each further probe."""
SPREAD: Final = 0.2
"""A pause is longer or shorter by this part of it at most, so that endpoints are not tried in step."""
FAILING_FOR: Final[Instant] = 5 * 24 * HOUR
LONGEST_HOLD: Final[Instant] = 24 * HOUR
MOST_IN_FLIGHT: Final = 8
ATTEMPTS_TO_PARK: Final = 10
_LONGEST_ROW_PAUSE: Final[Instant] = MINUTE
_MOST_DIGITS: Final = 9


class Attempted(NamedTuple):
    """One sending of an event, and what came of it: `status` is 0 where there was no whole answer, `says` the beginning
    of the answer or why there was none. `hold_until` is what the receiver asked for."""

    object_id: str
    version: int
    at: Instant
    status: int
    says: str
    hold_until: Instant = 0

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def hold_of(retry_after: str, now: Instant) -> Instant:
    """Until when a `Retry-After` holds what is to be sent, a day at most; 0 for one that says nothing."""
    if retry_after.isascii() and retry_after.isdigit():
        # So many digits are more than a day in any case, unless they begin with zeros.
        count = int(retry_after.lstrip("0")[:_MOST_DIGITS] or "0")
        return now + min(count * SECOND, LONGEST_HOLD) if count else 0
    try:
        named = parsedate_to_datetime(retry_after)
        until = from_datetime(named if named.tzinfo else named.replace(tzinfo=UTC))
    except (ValueError, OverflowError, IndexError, TypeError):
        return 0
    return min(until, now + LONGEST_HOLD) if until > now else 0


def row_pause(attempts: int) -> Instant:
    """How long a row waits after so many failures of its own."""
    return min(SECOND << min(attempts, 6), _LONGEST_ROW_PAUSE)


def probe_pause(probes: int, chance: float) -> Instant:
    """How long an open breaker waits before the probe of this number, from 1; `chance` is from 0 to 1."""
    pause = PROBE_PAUSES[min(probes, len(PROBE_PAUSES)) - 1]
    return round(pause * (1 - SPREAD + 2 * SPREAD * chance))


def judged(
    endpoint: Endpoint, round_: Sequence[Attempted], now: Instant, chance: Callable[[], float], *, is_probe: bool
) -> Endpoint:
    """The endpoint after a round of attempts, in the order in which they ended.

    A failure that was in flight when the breaker opened does not lengthen its wait.
    """
    for each in round_:
        if each.is_taken:
            endpoint = endpoint._replace(failures=0, probes=0, probe_at=0, failing_since=None)
            continue
        endpoint = endpoint._replace(
            failures=endpoint.failures + 1,
            failing_since=each.at if endpoint.failing_since is None else endpoint.failing_since,
            held_until=max(endpoint.held_until, each.hold_until),
        )
        if each.status == HTTPStatus.GONE:
            return as_disabled(endpoint, Reason.GONE, now)
        opens = not endpoint.is_open and endpoint.failures >= FAILURES_TO_OPEN
        if opens or (endpoint.is_open and is_probe):
            probes = endpoint.probes + 1
            endpoint = endpoint._replace(probes=probes, probe_at=now + probe_pause(probes, chance()))
    if endpoint.is_open and endpoint.failing_since is not None and now - endpoint.failing_since >= FAILING_FOR:
        return as_disabled(endpoint, Reason.FAILING, now)
    return _with_share(endpoint, round_)


def _with_share(endpoint: Endpoint, round_: Sequence[Attempted]) -> Endpoint:
    """More may be in flight after a round that went well, and less after one that did not."""
    if not round_:
        return endpoint
    went_well = all(each.is_taken for each in round_)
    share = min(endpoint.window * 2, MOST_IN_FLIGHT) if went_well else max(endpoint.window // 2, 1)
    return endpoint._replace(window=share)


def goes_on(failures: int, last: Attempted) -> bool:
    """Whether a round goes on after so many failures in a row, the last of which this was."""
    return last.is_taken or not (failures >= FAILURES_TO_OPEN or last.hold_until or last.status == HTTPStatus.GONE)
