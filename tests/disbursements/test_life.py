"""A disbursement's status as a function of its steps and attempts, by every short life that there is."""

from itertools import permutations, product

import pytest

from pokea.disbursements.life import ALLOWED, IN_ATTEMPT, state_of
from pokea.disbursements.model import AttemptStatus, DisbursementStatus, OutStep, StepKind
from tests.disbursements.rows import attempt_row, steps_of

_PAID = (AttemptStatus.COMPLETED, AttemptStatus.RETURNED)


def _lives(longest: int) -> list[list[OutStep]]:
    """Every sequence of steps up to so long that the table allows, where nothing is sent."""
    lives, grown = [], [steps_of(StepKind.REQUESTED)]
    while grown:
        life = grown.pop()
        lives.append(life)
        status = state_of(life, []).status
        if len(life) < longest:
            kinds = [each.kind for each in life]
            grown += [steps_of(*map(StepKind, kinds), kind) for kind, where in ALLOWED.items() if status in where]
    return lives


def test_without_an_attempt_the_last_step_decides() -> None:
    """A disbursement that was never sent stands where its last step put it."""
    for life in _lives(6):
        status = state_of(life, []).status
        expected = "requested" if life[-1].kind == StepKind.RETRIED else life[-1].kind
        assert status.value == expected


@pytest.mark.parametrize("status", AttemptStatus)
def test_the_attempt_of_an_approval_decides_it(status: AttemptStatus) -> None:
    """After an approval the status is that of the attempt that it began."""
    found = state_of(steps_of(StepKind.REQUESTED, StepKind.APPROVED), [attempt_row(status=status)])
    assert found.status.value == status.value


@pytest.mark.parametrize("status", [each for each in AttemptStatus if each not in _PAID])
def test_a_retry_begins_anew(status: AttemptStatus) -> None:
    """A step after a failed attempt is what counts, until its own approval has an attempt."""
    steps = steps_of(StepKind.REQUESTED, StepKind.APPROVED, StepKind.RETRIED)
    failed = attempt_row(status=AttemptStatus.FAILED, is_live=False)
    assert state_of(steps, [failed]).status is DisbursementStatus.REQUESTED
    approved = [*steps, OutStep("rf_1", 4, StepKind.APPROVED, "ben", None, None, 4)]
    assert state_of(approved, [failed]).status is DisbursementStatus.APPROVED
    assert state_of(approved, [failed, attempt_row(2, status=status)]).status.value == status.value


def test_a_payment_outranks_everything_whenever_it_comes() -> None:
    """Whatever the other attempts and the steps are, one attempt that completed makes the disbursement completed."""
    steps = [life for life in _lives(5) if any(each.kind == StepKind.APPROVED for each in life)]
    for life, other, order in product(steps, AttemptStatus, permutations((0, 1))):
        paid = attempt_row(1, status=AttemptStatus.COMPLETED, completed_at=5, receipt="SKR1")
        attempts = [paid, attempt_row(2, status=other, completed_at=9 if other in _PAID else None, receipt="SKR2")]
        found = state_of(life, [attempts[index] for index in order])
        assert (found.status, found.receipt, found.completed_at) == (DisbursementStatus.COMPLETED, "SKR1", 5)
        assert found.is_paid_twice == (other in _PAID)


def test_money_that_came_back_leads_out_of_completed() -> None:
    """An attempt that was returned makes the disbursement returned, unless another one has paid."""
    steps = steps_of(StepKind.REQUESTED, StepKind.APPROVED)
    back = attempt_row(1, status=AttemptStatus.RETURNED, completed_at=5)
    assert state_of(steps, [back]).status is DisbursementStatus.RETURNED
    paid = attempt_row(2, status=AttemptStatus.COMPLETED, completed_at=9)
    assert state_of(steps, [back, paid]).status is DisbursementStatus.COMPLETED


def test_nothing_that_may_have_left_can_be_withdrawn_or_sent_again() -> None:
    """No step is allowed while a request may have left and is not proved failed."""
    assert not any(IN_ATTEMPT & where for where in ALLOWED.values())


def test_a_disbursement_without_a_request_is_refused() -> None:
    """A life without any step is a mistake of the caller."""
    with pytest.raises(ValueError, match="begins with a request"):
        state_of([], [])
