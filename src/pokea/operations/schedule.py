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

from pokea.clock import Instant
from pokea.operations.decision import Decision, Status
from pokea.operations.evidence import Evidence, Source
from pokea.operations.rules import PushRules


class InquiryState(Struct, frozen=True):
    """What has been asked so far, and what the payment's row says is due."""

    created_at: Instant
    lease_until: Instant
    expires_at: Instant
    next_action_at: Instant | None = None
    inquiries: int = 0
    last_inquiry_at: Instant | None = None


def given_up_at(rules: PushRules, asked: InquiryState) -> Instant:
    """When the asking is over."""
    return asked.created_at + rules.give_up


def next_action_at(
    rules: PushRules, row: Decision, evidence: Sequence[Evidence], asked: InquiryState
) -> Instant | None:
    """When something is to be done about the payment; None when nothing is left to do."""
    has_id = row.request_id is not None
    if row.status is Status.COMPLETED or (row.status is Status.FAILED and not has_id):
        return None
    if not has_id:
        return _lock_end(rules, asked) if row.push_answered else asked.lease_until
    moments = [*_routine(rules, row, evidence, asked), *_expedited(rules, row, evidence, asked)]
    return min(*moments, given_up_at(rules, asked)) if moments else None


def may_expedite(
    rules: PushRules, last_inquiry_at: Instant | None, inquiry_requested_at: Instant | None, now: Instant
) -> bool:
    """Whether a claim may bring the question forward: not while one does, and once a minute at most (law:
    inquiries)."""
    return inquiry_requested_at is None and (last_inquiry_at is None or last_inquiry_at <= now - rules.expedite_every)


def _lock_end(rules: PushRules, asked: InquiryState) -> Instant:
    return asked.expires_at + rules.lock_grace


def _routine(rules: PushRules, row: Decision, evidence: Sequence[Evidence], asked: InquiryState) -> list[Instant]:
    if row.status is Status.FAILED:
        last_word = _lock_end(rules, asked)
        if (asked.last_inquiry_at or 0) < last_word:
            return [last_word]
        due_at = asked.next_action_at
        return [due_at] if due_at is not None and _is_unanswered(rules, evidence, asked) else []
    if asked.inquiries and asked.next_action_at is not None:
        return [asked.next_action_at]
    return [(row.accepted_at or asked.created_at) + rules.first_question]


def _is_unanswered(rules: PushRules, evidence: Sequence[Evidence], asked: InquiryState) -> bool:
    """Whether the last question, which leaves no evidence when Daraja does not answer it, is to be asked again."""
    if (asked.next_action_at or 0) >= given_up_at(rules, asked):
        return False
    since = (piece.source for piece in evidence if piece.received_at >= (asked.last_inquiry_at or 0))
    return not any(kind in (Source.QUERY, Source.GAVE_UP) for kind in since)


def _expedited(rules: PushRules, row: Decision, evidence: Sequence[Evidence], asked: InquiryState) -> list[Instant]:
    last_inquiry_at = asked.last_inquiry_at or 0
    doubtful = [piece.received_at for piece in evidence if _is_doubtful(rules, piece, row)]
    newest_doubt = max(doubtful, default=None)
    doubted = rules.expedited_at(newest_doubt, asked.last_inquiry_at)
    moments = [] if doubted is None else [doubted]
    answers = [
        piece.received_at for piece in evidence if piece.source is Source.QUERY and rules.is_final_failure(piece)
    ]
    since_doubt = [at for at in answers if newest_doubt is not None and at >= newest_doubt]
    is_lone = bool(since_doubt) and not rules.agree(since_doubt)
    if answers and max(answers) >= last_inquiry_at and (row.status is Status.PENDING or is_lone):
        moments.append(max(answers) + rules.second_opinion)
    return moments


def _is_doubtful(rules: PushRules, piece: Evidence, row: Decision) -> bool:
    """A callback that did not decide the payment: it is pending still, or it failed and this one does not say so."""
    return piece.source is Source.CALLBACK and (row.status is Status.PENDING or not rules.is_final_failure(piece))
