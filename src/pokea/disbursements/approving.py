"""What people decide about a request: approve, reject, withdraw; and what the time decides: an approval that lapses.

Nothing is approved by who asked for it: not here, not by the table's check, whatever token or command it comes by.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.disbursements import sums
from pokea.disbursements.calls import Made, OutCall, bind, first_call
from pokea.disbursements.caps import Cap, caps_above, is_within
from pokea.disbursements.checks import check_payable, check_refund_sum, check_reversible, digest_of_row
from pokea.disbursements.life import ALLOWED
from pokea.disbursements.limits import OutRules
from pokea.disbursements.locks import lock_payment, take_turn
from pokea.disbursements.model import (
    MOST_CENTS,
    Disbursement,
    DisbursementKind,
    DisbursementStatus,
    OutAttempt,
    OutStep,
    StepKind,
    Waiting,
)
from pokea.disbursements.payee_store import lock_payee
from pokea.disbursements.refund_source import check_due, follow_fee, take_decision
from pokea.disbursements.saving import add_steps, insert_disbursement, post, restated, save
from pokea.disbursements.sending_rules import look, survey
from pokea.disbursements.store import attempts_of, find_disbursement, lock_disbursements, steps_of
from pokea.errors import ApiError
from pokea.ledger.money_out import Obligation, reserved, unreserved
from pokea.money import shillings_json
from pokea.scope import Scope

BY_TIME: Final = "time"
"""Who makes a step that no person makes."""
_REQUESTS: Final = (StepKind.REQUESTED, StepKind.RETRIED)


class Target(NamedTuple):
    """The disbursement that a call is about."""

    kind: DisbursementKind
    id: str


class Case(NamedTuple):
    """A disbursement that is locked, with what was done about it."""

    row: Disbursement
    steps: Sequence[OutStep]
    attempts: Sequence[OutAttempt]

    @property
    def approvals(self) -> int:
        """How often it was approved."""
        return sum(step.kind == StepKind.APPROVED for step in self.steps)

    def is_own(self, subject: str) -> bool:
        """Whether this person has requested it, or begun it again."""
        return any(step.subject == subject for step in self.steps if step.kind in _REQUESTS)

    def after(self, kind: StepKind, subject: str, reason: str | None, now: Instant) -> tuple["Case", OutStep]:
        """The case after one more step, and the step."""
        step = OutStep(self.row.id, len(self.steps) + 1, kind.value, subject, reason, self.row.digest, now)
        steps = [*self.steps, step]
        return Case(restated(self.row, steps, self.attempts), steps, self.attempts), step


class Approval(NamedTuple):
    """What an approver has seen, and whether an admin goes above the caps knowingly."""

    digest: str
    over_cap: bool


def open_case(connection: Connection, scope: Scope, target: Target) -> Case:
    """The merchant's disbursement, locked after the merchant's turn and its payment or payee.

    Raises ApiError `not_found`.
    """
    take_turn(connection, scope.merchant_id)
    row = find_disbursement(connection, target.id)
    if row is None or row.merchant_id != scope.merchant_id or row.kind != target.kind:
        raise ApiError("not_found", f"There is no such {target.kind}.")
    if row.payment_id is not None:
        lock_payment(connection, row.payment_id)
    if row.payee_id is not None:
        lock_payee(connection, scope, row.payee_id)
    return case_of(connection, lock_disbursements(connection, [row.id])[row.id])


def case_of(connection: Connection, row: Disbursement) -> Case:
    """A disbursement that is locked, with its steps and attempts."""
    return cases_of(connection, [row])[0]


def cases_of(connection: Connection, rows: Sequence[Disbursement]) -> list[Case]:
    """Disbursements that are locked, each with its steps and attempts."""
    ids = [row.id for row in rows]
    steps, attempts = steps_of(connection, ids), attempts_of(connection, ids)
    return [Case(row, steps[row.id], attempts[row.id]) for row in rows]


def begin(connection: Connection, row: Disbursement, rules: OutRules, now: Instant) -> Disbursement:
    """Write a new request; it is approved at once where no second person must approve it."""
    step = OutStep(row.id, 1, StepKind.REQUESTED.value, row.requested_by, row.reason, row.digest, now)
    row = row._replace(waiting=cap_or_none(connection, row, rules, now))
    insert_disbursement(connection, row, [step], now)
    return approve_by_time(connection, Case(row, [step], ()), rules, now)


def approve_by_time(connection: Connection, case: Case, rules: OutRules, now: Instant) -> Disbursement:
    """Approve a request that needs no second person, unless a cap is in the way: then it waits for an admin."""
    if case.row.needs_second_person or case.row.waiting is not None:
        return case.row
    return _approved(connection, case, rules, now, approver=None)


def approve(connection: Connection, call: OutCall, target: Target, seen: Approval, rules: OutRules) -> Made | ApiError:
    """Approve what was seen. The refusal `above_cap` is answered, since the row says from then on what it waits for.

    Raises ApiError `not_found`, `own_request`, `already_decided`, `digest_changed`, `beyond_payable`, `not_refundable`.
    """
    case = open_case(connection, call.scope, target)
    first = first_call(connection, call)
    if first is not None:
        return Made(case.row, replayed=first != call.id)
    if case.is_own(call.subject):
        raise ApiError("own_request", "Another person must approve this: you asked for it yourself.")
    check_step(case.row, StepKind.APPROVED)
    if seen.digest != case.row.digest or digest_of_row(case.row) != case.row.digest:
        raise ApiError("digest_changed", "What was approved is not what is asked for now: look at it again.")
    _check_money(connection, call.scope, case.row)
    above = caps_above(
        rules.caps, sums.cap_use(connection, case.row.merchant_id, case.row.recipient, call.now), case.row.amount_cents
    )
    over_cap = bool(above) and seen.over_cap and call.is_admin and Cap.MOST not in above
    if above and not over_cap:
        save(connection, case.row, case.row._replace(waiting=Waiting.CAP.value), call.now)
        return _above(above)
    row = _approved(connection, case, rules, call.now, approver=call.subject, over_cap=over_cap)
    bind(connection, call)
    return Made(row)


def reject(connection: Connection, call: OutCall, target: Target, reason: str) -> Made:
    """Refuse a request for good. Raises ApiError `not_found`, `already_decided`."""
    return _ended(connection, call, target, StepKind.REJECTED, reason)


def withdraw(connection: Connection, call: OutCall, target: Target, reason: str) -> Made:
    """Take a request back that is not being sent; what was reserved is given back.

    Raises ApiError `not_found`, `already_decided`.
    """
    return _ended(connection, call, target, StepKind.WITHDRAWN, reason)


def lapse(connection: Connection, case: Case, now: Instant) -> Disbursement:
    """An approval that was not used in its time is void; what was reserved is given back."""
    return _end(connection, case, StepKind.LAPSED, BY_TIME, None, now)


def check_step(row: Disbursement, kind: StepKind) -> None:
    """Raises ApiError `already_decided` where the step cannot be made in the row's status."""
    if DisbursementStatus(row.status) not in ALLOWED[kind]:
        raise ApiError("already_decided", f"This {row.kind} is {row.status}.", extra={"status": row.status})


def obligation_of(row: Disbursement) -> Obligation:
    """What the disbursement pays off, for its postings."""
    return Obligation(row.id, row.merchant_id, row.amount_cents, row.payee_id)


def _approved(
    connection: Connection, case: Case, rules: OutRules, now: Instant, *, approver: str | None, over_cap: bool = False
) -> Disbursement:
    after, step = case.after(StepKind.APPROVED, approver or BY_TIME, None, now)
    add_steps(connection, [step])
    take_decision(connection, case.row, now)
    check_due(connection, case.row)
    post(connection, reserved(obligation_of(case.row), after.approvals, now))
    row = after.row._replace(approved_by=approver, approved_at=now, is_over_cap=over_cap, waiting=None)
    verdict = look(connection, row, rules, now, survey(connection, [row], rules, now))
    row = save(connection, case.row, row._replace(waiting=verdict.waiting, next_action_at=verdict.look_at), now)
    follow_fee(connection, row, now)
    return row


def _ended(connection: Connection, call: OutCall, target: Target, kind: StepKind, reason: str) -> Made:
    case = open_case(connection, call.scope, target)
    first = first_call(connection, call)
    if first is not None:
        return Made(case.row, replayed=first != call.id)
    check_step(case.row, kind)
    row = _end(connection, case, kind, call.subject, reason, call.now)
    bind(connection, call)
    return Made(row)


def _end(
    connection: Connection, case: Case, kind: StepKind, subject: str, reason: str | None, now: Instant
) -> Disbursement:
    after, step = case.after(kind, subject, reason, now)
    add_steps(connection, [step])
    if case.row.status == DisbursementStatus.APPROVED:
        post(connection, unreserved(obligation_of(case.row), case.approvals, now))
    return save(connection, case.row, after.row, now)


def _check_money(connection: Connection, scope: Scope, row: Disbursement) -> None:
    """What was checked at the request, again: others may have been asked for and approved since."""
    if row.kind == DisbursementKind.REFUND:
        check_refund_sum(connection, row)
        check_reversible(connection, row)
        return
    payee = lock_payee(connection, scope, row.payee_id or "")
    if payee is not None:
        check_payable(connection, payee, row.amount_cents, besides=row.id)


def cap_or_none(connection: Connection, row: Disbursement, rules: OutRules, now: Instant) -> str | None:
    """`cap` where a request is above one, and waits for an admin."""
    used = sums.cap_use(connection, row.merchant_id, row.recipient, now)
    return None if is_within(rules.caps, used, row.amount_cents, over_cap=False) else Waiting.CAP.value


_CAP_WORDS: Final = {
    Cap.MOST: f"KES {shillings_json(MOST_CENTS)}, which M-PESA pays out at once at most",
    Cap.ONE: "POKEA_OUT_LIMIT_ONE",
    Cap.DAY: "POKEA_OUT_LIMIT_DAY",
    Cap.PAYEE_DAY: "POKEA_OUT_LIMIT_PAYEE_DAY",
    Cap.HOURLY: "POKEA_OUT_LIMIT_HOURLY",
}


def _above(above: Sequence[Cap]) -> ApiError:
    words = ", ".join(_CAP_WORDS[cap] for cap in above)
    return ApiError(
        "above_cap", f"This is above {words}: an admin may approve it with `overCap`.", extra={"caps": list(above)}
    )
