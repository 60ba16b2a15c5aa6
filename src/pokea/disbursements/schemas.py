"""What the calls of refunds and payouts take and answer."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from pokea.api.bodies import Incoming, Outgoing, Shillings
from pokea.bookings.schemas import ONE_LINE, one_line
from pokea.clock import iso
from pokea.disbursements.model import Disbursement, DisbursementStatus, OutAttempt, Waiting, Way
from pokea.disbursements.views import DisbursementView, OutFinding
from pokea.money import shillings_json
from pokea.redact import mask_msisdn

MOST_LISTED = 100
_ONE_WORD = r"^[!-~]+$"

Reason = Annotated[str, AfterValidator(one_line("reason")), ONE_LINE]
WayName = Literal["reversal", "b2c"]
_WHY = Field(description="Why, in one line: the other person reads it.")
_REPEAT = Field(
    False, description="Whether it is meant although the same recipient was to get the same amount within 24 hours."
)


class CreateRefund(Incoming):
    """A refund that is asked for."""

    payment_id: str = Field(max_length=64, pattern=_ONE_WORD, description="The payment whose money goes back.")
    amount: Shillings | None = Field(None, description="In whole shillings; by default all that is left of it.")
    way: WayName | None = Field(
        None, description="`reversal` or `b2c`; by default the usual one (docs/law/money-out.md)."
    )
    reason: Reason = _WHY
    confirm_repeat: StrictBool = _REPEAT


class CreatePayout(Incoming):
    """A payout that is asked for."""

    payee_id: str = Field(max_length=64, pattern=_ONE_WORD, description="Who is paid.")
    amount: Shillings = Field(description="In whole shillings, at least 10.")
    reason: Reason = _WHY
    booking_id: str | None = Field(
        None, max_length=64, pattern=_ONE_WORD, description="The booking that it is for, if any."
    )
    confirm_repeat: StrictBool = _REPEAT


class ApproveBody(Incoming):
    """What is approved."""

    digest: str = Field(max_length=128, description="`digest` of what the approver has read.")
    over_cap: StrictBool = Field(False, description="Whether an admin goes above the caps knowingly.")


class ReasonBody(Incoming):
    """Why it is rejected or withdrawn."""

    reason: Reason = _WHY


class RetryBody(Incoming):
    """Why it is begun again, and how."""

    reason: Reason = _WHY
    way: WayName | None = Field(None, description="Another way; by default the one that it had.")


class OutQuery(Incoming):
    """Which refunds or payouts are asked for."""

    status: DisbursementStatus | None = Field(None, description="Only those of this status.")
    limit: int = Field(20, ge=1, le=MOST_LISTED, description="How many are shown at most.")
    cursor: str | None = Field(
        None, pattern="^[a-z]{2}_[0-9a-z]{26}$", description="`nextCursor` of an earlier answer."
    )


class OutFailureBody(Outgoing):
    """Why no money went out."""

    code: str | None = Field(description="Daraja's code, where it gave one (docs/codes.md).")
    message: str


class OutAttemptBody(Outgoing):
    """One sending."""

    id: str
    way: Way
    status: str = Field(description="`sending`, `accepted`, `unknown`, `completed`, `failed` or `returned`.")
    flags: list[str] = Field(description="Why a person should look at it; usually empty.")
    receipt: str | None = Field(description="M-PESA's receipt of the movement.")
    sent_at: str
    failure: OutFailureBody | None


class FindingBody(Outgoing):
    """What a person found out about a sending whose outcome is unknown."""

    id: str
    attempt_id: str
    paid: bool
    receipt: str | None
    statement: str | None = Field(description="The digest of the statement in which no line fits.")
    reason: str | None
    found_by: str
    found_at: str
    confirms: str | None = Field(description="The finding of another person that this one confirms.")


class OutBody(Outgoing):
    """What refunds and payouts have in common."""

    id: str
    status: DisbursementStatus = Field(description="Computed from what people did and what is proved.")
    waiting: Waiting | None = Field(
        description="`needs_funds`, `cap`, `delay`, `payee_wait` or `stopped`: what it waits for."
    )
    amount: int | float = Field(description="In shillings.")
    currency: Literal["KES"] = "KES"
    way: Way
    recipient: str = Field(description="The number that gets the money, masked.")
    reason: str
    requested_by: str | None = Field(description="Null for a customer.")
    retried_by: str | None
    approved_by: str | None = Field(description="Null before, and where no second person is needed.")
    digest: str | None = Field(description="What is approved: any change makes another one. Null for a customer.")
    attempts: list[OutAttemptBody]
    findings: list[FindingBody]
    receipt: str | None = Field(description="M-PESA's receipt, once it is proved that the money went out.")
    failure: OutFailureBody | None
    flags: list[str] = Field(description="Why a person should look at it; usually empty.")
    version: int
    created_at: str
    approved_at: str | None
    completed_at: str | None


class RefundBody(OutBody):
    """A payment's money that goes back to the phone that paid."""

    payment_id: str


class PayoutBody(OutBody):
    """Money that goes to a payee."""

    payee_id: str
    booking_id: str | None


class RefundAnswer(Outgoing):
    """One refund."""

    success: Literal[True] = True
    refund: RefundBody


class RefundsAnswer(Outgoing):
    """A page of refunds, newest first."""

    success: Literal[True] = True
    refunds: list[RefundBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class PayoutAnswer(Outgoing):
    """One payout."""

    success: Literal[True] = True
    payout: PayoutBody


class PayoutsAnswer(Outgoing):
    """A page of payouts, newest first."""

    success: Literal[True] = True
    payouts: list[PayoutBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


def refund_body(view: DisbursementView, *, is_staff: bool = True) -> RefundBody:
    """A refund as the API shows it; a customer does not see who has done what about it."""
    return RefundBody(payment_id=view.row.payment_id or "", **_values(view, is_staff=is_staff))


def payout_body(view: DisbursementView) -> PayoutBody:
    """A payout as the API shows it."""
    return PayoutBody(payee_id=view.row.payee_id or "", booking_id=view.row.booking_id, **_values(view, is_staff=True))


def _values(view: DisbursementView, *, is_staff: bool) -> dict[str, object]:
    row = view.row
    return {
        "id": row.id,
        "status": DisbursementStatus(row.status),
        "waiting": Waiting(row.waiting) if row.waiting else None,
        "amount": shillings_json(row.amount_cents),
        "way": Way(row.way),
        "recipient": mask_msisdn(row.recipient),
        "reason": row.reason,
        "requested_by": row.requested_by if is_staff else None,
        "retried_by": row.retried_by if is_staff else None,
        "approved_by": row.approved_by if is_staff else None,
        "digest": row.digest if is_staff else None,
        "attempts": [_attempt(each) for each in view.attempts],
        "findings": [_finding(each) for each in view.findings] if is_staff else [],
        "receipt": row.receipt,
        "failure": _failure(row),
        "flags": _names(row.flags),
        "version": row.version,
        "created_at": iso(row.created_at) or "",
        "approved_at": iso(row.approved_at),
        "completed_at": iso(row.completed_at),
    }


def _attempt(attempt: OutAttempt) -> OutAttemptBody:
    return OutAttemptBody(
        id=attempt.id,
        way=Way(attempt.way),
        status=attempt.status,
        flags=_names(attempt.flags),
        receipt=attempt.receipt,
        sent_at=iso(attempt.created_at) or "",
        failure=_failure(attempt),
    )


def _finding(finding: OutFinding) -> FindingBody:
    return FindingBody(
        id=finding.id,
        attempt_id=finding.attempt_id,
        paid=bool(finding.is_paid),
        receipt=finding.receipt,
        statement=finding.statement,
        reason=finding.reason,
        found_by=finding.subject,
        found_at=iso(finding.made_at) or "",
        confirms=finding.confirms,
    )


def _failure(row: Disbursement | OutAttempt) -> OutFailureBody | None:
    if row.failure_code is None and row.failure_reason is None:
        return None
    return OutFailureBody(code=row.failure_code, message=row.failure_reason or f"M-PESA answered {row.failure_code}.")


def _names(flags: str) -> list[str]:
    return [name for name in flags.split(",") if name]
