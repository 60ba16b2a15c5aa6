"""What follows from an attempt's new decision: postings, the disbursement's row, and what a person must hear of. Pure.

Money is posted once for each turn of a disbursement: what was reserved is cleared when an attempt completes, and given
back when it is proved failed. An unknown attempt posts nothing: its amount stands in out_pending (law: escrow).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pokea.clock import Instant
from pokea.disbursements.life import IN_ATTEMPT, PAID_OUT, RESERVED, DisbursementState, state_of
from pokea.disbursements.model import (
    AttemptStatus,
    Disbursement,
    DisbursementStatus,
    OutAttempt,
    OutFlag,
    OutStep,
)
from pokea.ledger.entries import Account, Posting
from pokea.ledger.money_out import (
    Obligation,
    charged,
    cleared,
    cleared_from_debt,
    paid_again,
    returned,
    unreserved,
)

_STOPPING: Final = frozenset({OutFlag.AMOUNT_DIFFERS, OutFlag.RECIPIENT_DIFFERS, OutFlag.PAID_OUT_TWICE})
"""Flags that stop all money out (law: who may)."""


class OutEffects(NamedTuple):
    """What follows for one disbursement.

    `after` is its row, whose version is not raised yet; `event` is the type of what happened, if it can be seen from
    outside; `stops` are flags that stop money out, each with the attempt that raised it.
    """

    after: Disbursement
    event: str | None
    postings: Sequence[Posting]
    stops: Sequence[tuple[OutFlag, str]]


def obligation_of(disbursement: Disbursement) -> Obligation:
    """What the disbursement pays off."""
    return Obligation(disbursement.id, disbursement.merchant_id, disbursement.amount_cents, disbursement.payee_id)


def follow(
    before: Disbursement,
    steps: Sequence[OutStep],
    was: Sequence[OutAttempt],
    now_are: Sequence[OutAttempt],
    paid_from: Account,
    now: Instant,
) -> OutEffects:
    """What follows once the attempts of a disbursement are what they are now.

    `was` and `now_are` hold the same attempts in the same order; `paid_from` is the account that pays out.
    """
    state = state_of(steps, now_are)
    owed = obligation_of(before)
    postings = _of_disbursement(before, state, owed, now_are, paid_from, now)
    stops: list[tuple[OutFlag, str]] = []
    for old, new in zip(was, now_are, strict=True):
        if _has_paid(new) and not _has_paid(old) and new.receipt != state.receipt:
            postings += paid_again(owed, new.id, paid_from, now)
        if new.charge_cents and not old.charge_cents:
            postings += charged(new.id, new.merchant_id, new.charge_cents, now)
        stops += [(flag, new.id) for flag in new.raised if flag in _STOPPING and flag not in old.raised]
    flags = {flag for attempt in now_are for flag in attempt.raised}
    if state.is_paid_twice:
        flags.add(OutFlag.PAID_OUT_TWICE)
        if OutFlag.PAID_OUT_TWICE not in before.flags:
            stops.append((OutFlag.PAID_OUT_TWICE, before.id))
    after = before._replace(
        status=state.status.value,
        receipt=state.receipt,
        completed_at=state.completed_at,
        failure_code=state.failure_code,
        failure_reason=state.failure_reason,
        flags=",".join(sorted({*filter(None, before.flags.split(",")), *flags})),
        waiting=before.waiting if state.status is DisbursementStatus.APPROVED else None,
        next_action_at=before.next_action_at if state.status is DisbursementStatus.APPROVED else None,
    )
    return OutEffects(after, event_of(before, after), postings, stops)


ANNOUNCED: Final = frozenset(
    {
        DisbursementStatus.REQUESTED,
        DisbursementStatus.APPROVED,
        DisbursementStatus.COMPLETED,
        DisbursementStatus.FAILED,
        DisbursementStatus.UNKNOWN,
        DisbursementStatus.RETURNED,
    }
)
"""The statuses that are events (law: event types)."""


def event_of(before: Disbursement, after: Disbursement) -> str | None:
    """The type of event that a change of the row is; None where it is none."""
    is_announced = after.status != before.status and after.status in ANNOUNCED
    return f"{after.kind}.{after.status}" if is_announced else None


def _of_disbursement(
    before: Disbursement,
    state: DisbursementState,
    owed: Obligation,
    attempts: Sequence[OutAttempt],
    paid_from: Account,
    now: Instant,
) -> list[Posting]:
    if before.status == state.status:
        return []
    was, status = DisbursementStatus(before.status), state.status
    number = max((each.number for each in attempts), default=0)
    postings: list[Posting] = []
    if status in PAID_OUT and was not in PAID_OUT:
        clear = cleared if was in RESERVED else cleared_from_debt
        postings += clear(owed, paid_from, now)
    if status is DisbursementStatus.RETURNED:
        postings += returned(owed, paid_from, now)
    if status is DisbursementStatus.FAILED and was in IN_ATTEMPT:
        postings += unreserved(owed, number, now)
    return postings


def _has_paid(attempt: OutAttempt) -> bool:
    return attempt.status in (AttemptStatus.COMPLETED, AttemptStatus.RETURNED)
