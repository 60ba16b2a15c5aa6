"""When a quiet payment is asked about, and when it is given up (law: time; law: inquiries): pure policy.

A payment whose push was accepted is first asked about 15 s later, then with growing gaps, for a day. A lone answer that
says "not paid" is asked again after 11 s, since it takes two that agree. What arrives and proves nothing (a bare
callback, a doubtful one) brings the question forward, once a minute at most. A payment that ended without money is
asked about one last time when its lock is over, because a charge may have followed a failure (daraja: callback
retries); while Daraja does not answer, with the same gaps. One that a callback then says is paid is asked about at
once, and again where a lone answer says otherwise.
A payment without an id cannot be asked about at all: it waits for its callback until the lock is over.
"""

from collections.abc import Sequence

from msgspec import Struct

from pokea.clock import HOUR, SECOND, Instant
from pokea.operations.decision import LOCK_GRACE, QUERY_AGREEMENT, Decision, Status, is_final_failure
from pokea.operations.evidence import Evidence, Source

FIRST_QUESTION: Instant = 15 * SECOND
SECOND_OPINION: Instant = 11 * SECOND
EXPEDITE_AT_MOST_EVERY: Instant = 60 * SECOND
GIVE_UP: Instant = 24 * HOUR

GAPS_SECONDS = (15, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)
"""The pauses between questions; the last one is repeated."""


class InquiryState(Struct, frozen=True):
    """What has been asked so far, and what the payment's row says is due."""

    created_at: Instant
    lease_until: Instant
    expires_at: Instant
    next_action_at: Instant | None = None
    inquiries: int = 0
    last_inquiry_at: Instant | None = None


def gap(inquiries: int) -> Instant:
    """The pause after question number `inquiries` (from 1)."""
    return GAPS_SECONDS[min(inquiries, len(GAPS_SECONDS)) - 1] * SECOND


def given_up_at(asked: InquiryState) -> Instant:
    """When a day of asking is over."""
    return asked.created_at + GIVE_UP


def next_action_at(row: Decision, evidence: Sequence[Evidence], asked: InquiryState) -> Instant | None:
    """When something is to be done about the payment; None when nothing is left to do."""
    has_id = row.request_id is not None
    if row.status is Status.COMPLETED or (row.status is Status.FAILED and not has_id):
        return None
    if not has_id:
        return _lock_end(asked) if row.push_answered else asked.lease_until
    moments = [*_routine(row, evidence, asked), *_expedited(row, evidence, asked)]
    return min(*moments, given_up_at(asked)) if moments else None


def may_expedite(last_inquiry_at: Instant | None, inquiry_requested_at: Instant | None, now: Instant) -> bool:
    """Whether a claim may bring the question forward: not while one does, and once a minute at most (law:
    inquiries)."""
    return inquiry_requested_at is None and (last_inquiry_at is None or last_inquiry_at <= now - EXPEDITE_AT_MOST_EVERY)


def _lock_end(asked: InquiryState) -> Instant:
    return asked.expires_at + LOCK_GRACE


def _routine(row: Decision, evidence: Sequence[Evidence], asked: InquiryState) -> list[Instant]:
    if row.status is Status.FAILED:
        last_word = _lock_end(asked)
        if (asked.last_inquiry_at or 0) < last_word:
            return [last_word]
        return [asked.next_action_at] if asked.next_action_at is not None and _is_unanswered(evidence, asked) else []
    if asked.inquiries and asked.next_action_at is not None:
        return [asked.next_action_at]
    return [(row.accepted_at or asked.created_at) + FIRST_QUESTION]


def _is_unanswered(evidence: Sequence[Evidence], asked: InquiryState) -> bool:
    """Whether the last question, which leaves no evidence when Daraja does not answer it, is to be asked again."""
    if (asked.next_action_at or 0) >= given_up_at(asked):
        return False
    since = (piece.source for piece in evidence if piece.received_at >= (asked.last_inquiry_at or 0))
    return not any(kind in (Source.QUERY, Source.GAVE_UP) for kind in since)


def _expedited(row: Decision, evidence: Sequence[Evidence], asked: InquiryState) -> list[Instant]:
    last_inquiry_at = asked.last_inquiry_at or 0
    moments = []
    doubtful = [piece.received_at for piece in evidence if _is_doubtful(piece, row)]
    newest_doubt = max(doubtful, default=0)
    if doubtful and newest_doubt >= last_inquiry_at:
        moments.append(max(newest_doubt, last_inquiry_at + EXPEDITE_AT_MOST_EVERY) if last_inquiry_at else newest_doubt)
    answers = [piece.received_at for piece in evidence if piece.source is Source.QUERY and is_final_failure(piece)]
    since_doubt = [at for at in answers if doubtful and at >= newest_doubt]
    is_lone = bool(since_doubt) and max(since_doubt) < min(since_doubt) + QUERY_AGREEMENT
    if answers and max(answers) >= last_inquiry_at and (row.status is Status.PENDING or is_lone):
        moments.append(max(answers) + SECOND_OPINION)
    return moments


def _is_doubtful(piece: Evidence, row: Decision) -> bool:
    """A callback that did not decide the payment: it is pending still, or it failed and this one does not say so."""
    return piece.source is Source.CALLBACK and (row.status is Status.PENDING or not is_final_failure(piece))
