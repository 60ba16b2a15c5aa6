"""When an attempt whose outcome is not proved is asked about (law: finding out): pure policy.

30 s, 1, 2, 4, 8, 15, 30 minutes and 1 hour after the sending began, then hourly for a day, then every six hours for a
week. What arrived and proves nothing brings the next question forward, once a minute at most. A lone answer that names
a failure is asked again after a minute, since it takes two that agree. Giving up is a person's.
"""

from typing import NamedTuple

from pokea.clock import Instant
from pokea.disbursements.decision import AttemptDecision
from pokea.disbursements.model import AttemptStatus
from pokea.disbursements.rules import AttemptRules


class AskedSoFar(NamedTuple):
    """What has been asked about an attempt: when its sending began and may end, how often, and when last."""

    send_began_at: Instant
    lease_until: Instant
    inquiries: int
    last_inquiry_at: Instant | None


def next_action_at(rules: AttemptRules, decision: AttemptDecision, asked: AskedSoFar) -> Instant | None:
    """When something is to be done about the attempt; None when nothing is left to do, or only by a person."""
    if decision.status is AttemptStatus.SENDING:
        return asked.lease_until
    if decision.status not in (AttemptStatus.ACCEPTED, AttemptStatus.UNKNOWN):
        return None
    last = asked.last_inquiry_at
    moments = [
        rules.next_question(asked.send_began_at, max(last or 0, asked.send_began_at)),
        rules.expedited_at(decision.doubted_at, last),
    ]
    if decision.failing_answer_at is not None:
        second = decision.failing_answer_at + rules.second_opinion
        moments.append(second if (last or 0) < second else None)
    return min((at for at in moments if at is not None), default=None)
