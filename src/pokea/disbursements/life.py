"""A disbursement's status is one pure function of its steps and of its attempts (law: attempts and their status).

    requested ── approved ── sending ── accepted ──┬── completed ── returned
        │            │           │          │      │
     rejected      lapsed     unknown ──────┘      └── failed ── (retried: requested again)
     withdrawn    withdrawn

`completed` outranks every other word whenever it comes, and nothing leads out of it but `returned`.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pokea.clock import Instant
from pokea.disbursements.model import AttemptStatus, DisbursementStatus, OutAttempt, OutStep, StepKind

_OF_STEP: Final[Mapping[str, DisbursementStatus]] = {
    StepKind.REQUESTED: DisbursementStatus.REQUESTED,
    StepKind.RETRIED: DisbursementStatus.REQUESTED,
    StepKind.APPROVED: DisbursementStatus.APPROVED,
    StepKind.REJECTED: DisbursementStatus.REJECTED,
    StepKind.WITHDRAWN: DisbursementStatus.WITHDRAWN,
    StepKind.LAPSED: DisbursementStatus.LAPSED,
}

ALLOWED: Final[Mapping[StepKind, frozenset[DisbursementStatus]]] = {
    StepKind.APPROVED: frozenset({DisbursementStatus.REQUESTED}),
    StepKind.REJECTED: frozenset({DisbursementStatus.REQUESTED}),
    StepKind.WITHDRAWN: frozenset({DisbursementStatus.REQUESTED, DisbursementStatus.APPROVED}),
    StepKind.LAPSED: frozenset({DisbursementStatus.APPROVED}),
    StepKind.RETRIED: frozenset({DisbursementStatus.FAILED, DisbursementStatus.LAPSED}),
}
"""In which statuses each step can be made; what is not in the table is refused."""

IN_ATTEMPT: Final = frozenset({DisbursementStatus.SENDING, DisbursementStatus.ACCEPTED, DisbursementStatus.UNKNOWN})
"""A request may have left, and what became of it is not proved."""
RESERVED: Final = IN_ATTEMPT | {DisbursementStatus.APPROVED}
"""The amount stands in out_pending (law: escrow, postings)."""
PAID_OUT: Final = frozenset({DisbursementStatus.COMPLETED, DisbursementStatus.RETURNED})


class DisbursementState(NamedTuple):
    """What follows from a disbursement's steps and attempts.

    `receipt`, `completed_at` and the failure are those of the attempt that decides. `is_paid_twice`: more than one
    attempt has completed.
    """

    status: DisbursementStatus
    receipt: str | None = None
    completed_at: Instant | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    is_paid_twice: bool = False


def state_of(steps: Sequence[OutStep], attempts: Sequence[OutAttempt]) -> DisbursementState:
    """Where the disbursement stands. `steps` are in the order of their numbers, the first one is the request.

    An attempt belongs to the approval before it: a step that was made after an attempt had failed begins anew.
    Raises ValueError where there is no step.
    """
    if not steps:
        raise ValueError("a disbursement begins with a request")
    paid = sorted(
        (each for each in attempts if each.status in (AttemptStatus.COMPLETED, AttemptStatus.RETURNED)),
        key=lambda each: (each.completed_at or 0, each.number),
    )
    if paid:
        # One that was returned has not paid out where another one has.
        standing = [each for each in paid if each.status == AttemptStatus.COMPLETED]
        first = (standing or paid)[0]
        status = DisbursementStatus.COMPLETED if standing else DisbursementStatus.RETURNED
        return DisbursementState(status, first.receipt, first.completed_at, is_paid_twice=len(paid) > 1)
    approvals = sum(step.kind == StepKind.APPROVED for step in steps)
    last = max(attempts, key=lambda each: each.number, default=None)
    step = steps[-1]
    # Each approval begins one attempt at most, so the attempts are numbered as the approvals are.
    if last is None or step.kind != StepKind.APPROVED or last.number < approvals:
        return DisbursementState(_OF_STEP[step.kind])
    status = DisbursementStatus(last.status)
    return DisbursementState(status, failure_code=last.failure_code, failure_reason=last.failure_reason)
