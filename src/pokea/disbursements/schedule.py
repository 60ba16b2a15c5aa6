"""When an attempt whose outcome is not proved is asked about (law: finding out): pure policy.

30 s, 1, 2, 4, 8, 15, 30 minutes and 1 hour after the sending began, then hourly for a day, then every six hours for a
week. What arrived and proves nothing brings the next question forward, once a minute at most. A lone answer that names
a failure is asked again after a minute, since it takes two that agree. Giving up is a person's.
"""

from typing import Final, NamedTuple

from pokea.clock import HOUR, SECOND, Instant
from pokea.disbursements.decision import STATUS_AGREEMENT, AttemptDecision
from pokea.disbursements.model import AttemptStatus

EXPEDITE_AT_MOST_EVERY: Final[Instant] = 60 * SECOND
WORK_ITEM_AFTER: Final[Instant] = 24 * HOUR
"""After so long an attempt that is not proved is a person's to find out about."""
_DAY = 24
_FIRST_MINUTES: Final = (0.5, 1, 2, 4, 8, 15, 30)
OFFSETS: Final[tuple[Instant, ...]] = (
    *(round(minutes * 60) * SECOND for minutes in _FIRST_MINUTES),
    *(hours * HOUR for hours in range(1, _DAY + 1)),
    *(hours * HOUR for hours in range(_DAY + 6, 7 * _DAY + 1, 6)),
)
"""When questions are due, counted from the beginning of the sending."""


class AskedSoFar(NamedTuple):
    """What has been asked about an attempt: when its sending began and may end, how often, and when last."""

    send_began_at: Instant
    lease_until: Instant
    inquiries: int
    last_inquiry_at: Instant | None


def next_action_at(decision: AttemptDecision, asked: AskedSoFar) -> Instant | None:
    """When something is to be done about the attempt; None when nothing is left to do, or only by a person."""
    if decision.status is AttemptStatus.SENDING:
        return asked.lease_until
    if decision.status not in (AttemptStatus.ACCEPTED, AttemptStatus.UNKNOWN):
        return None
    last = asked.last_inquiry_at
    since = max(last or 0, asked.send_began_at)
    moments = [at for offset in OFFSETS if (at := asked.send_began_at + offset) > since][:1]
    if decision.doubted_at is not None and decision.doubted_at >= (last or 0):
        earliest = 0 if last is None else last + EXPEDITE_AT_MOST_EVERY
        moments.append(max(decision.doubted_at, earliest))
    if decision.failing_answer_at is not None:
        second = decision.failing_answer_at + STATUS_AGREEMENT + SECOND
        moments += [second] if (last or 0) < second else []
    return min(moments, default=None)
