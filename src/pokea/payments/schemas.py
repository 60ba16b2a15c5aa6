"""The bodies of the payment calls, as the guide gives them."""

from typing import Any, Literal

from pydantic import Field

from pokea.api.bodies import Incoming, Shillings
from pokea.clock import Instant, iso
from pokea.daraja.codes.lookup import reason_meaning
from pokea.daraja.codes.reasons import NOT_SENT, next_step
from pokea.errors import ApiError, FieldError
from pokea.money import shillings_json
from pokea.operations.decision import NO_ANSWER, Status
from pokea.operations.store import Payment
from pokea.payments.customer_words import customer_words, reason_words
from pokea.payments.history.rows import ShownPayment
from pokea.payments.reserve import Rejected, RejectReason
from pokea.redact import mask_msisdn

SENT = "STK Push sent successfully. Please enter your M-Pesa PIN on your phone."
CHECKING = (
    "We are checking whether the payment request reached your phone. "
    "If it appears, enter your M-Pesa PIN; do not pay a second time."
)
CUSTOMER_MESSAGE = "Success. Request accepted for processing"
_RETRY_DARAJA_SECONDS = 30
_REFUSAL_CODES = {
    "subscriber_locked": "subscriber_locked",
    "daraja_unavailable": "daraja_unavailable",
    NOT_SENT: "unavailable",
}
"""By reason, where waiting helps. What is wrong with our settings or with the number is there after a wait, too."""
_ONE_WORD = r"^[!-~]+$"
_NO_NUL = r"^[^\x00]+$"


class PushBody(Incoming):
    """`POST /payments/mpesa/stkpush`."""

    phone_number: str = Field(max_length=40, description="The M-PESA number: 0712345678, 0112345678 or 254712345678.")
    booking_id: str = Field(max_length=64, pattern=_ONE_WORD, description="The booking whose fee is paid.")
    amount: Shillings = Field(description="The booking's fee in whole shillings.")
    type: Literal["booking_fee"] = Field("booking_fee", description="What is paid.")


class HistoryQuery(Incoming):
    """`GET /payments/mpesa/history`."""

    page: int = Field(1, ge=1, le=10_000_000, description="Page number, from 1: exact at any depth by status and time.")
    limit: int = Field(10, ge=1, le=100, description="Transactions a page.")
    status: Status | None = Field(None, description="Only transactions of this status.")
    from_: str | None = Field(None, alias="from", max_length=40, description="First day (East Africa Time) or instant.")
    to: str | None = Field(None, max_length=40, description="Last day (East Africa Time) or instant.")
    booking_id: str | None = Field(
        None, max_length=64, pattern=_ONE_WORD, description="Only transactions of this booking, the newest 1,000."
    )
    q: str | None = Field(
        None,
        min_length=3,
        max_length=40,
        pattern=_NO_NUL,
        description="A receipt, a phone number in any of its forms, or a booking's reference in small or capital "
        "letters; finds the newest 1,000.",
    )
    cursor: str | None = Field(None, max_length=200, description="`nextCursor` of the page before, instead of `page`.")


def transaction(payment: ShownPayment, language: str, now: Instant) -> dict[str, Any]:
    """The guide's transaction, and what Pokea adds to it."""
    return {
        "id": payment.id,
        "status": payment.status,
        "amount": shillings_json(payment.amount_cents),
        "currency": "KES",
        "paymentMethod": "mpesa",
        "mpesaReceiptNumber": payment.receipt,
        "createdAt": iso(payment.created_at),
        "completedAt": iso(payment.completed_at),
        "type": payment.type,
        "bookingId": payment.booking_id,
        "phoneNumber": mask_msisdn(payment.msisdn),
        "message": customer_words(payment, language, now),
        "failure": _failure(payment, language, now),
        "review": list(payment.raised),
        "expiresAt": iso(payment.expires_at),
        "version": payment.version,
    }


def status_body(payment: Payment, language: str, now: Instant) -> dict[str, Any]:
    """`GET /payments/mpesa/status/{transactionId}`."""
    return {"success": True, "transaction": transaction(payment, language, now)}


def push_body(payment: Payment, client_secret: str, hint: str | None) -> dict[str, Any]:
    """The answer to a push that was accepted, or of which the outcome is unknown."""
    is_known = payment.request_id is not None
    return {
        "success": True,
        "message": SENT if is_known else CHECKING,
        "data": {
            "transactionId": payment.id,
            "checkoutRequestId": payment.request_id,
            "customerMessage": CUSTOMER_MESSAGE if is_known else CHECKING,
            "clientSecret": client_secret,
            "expiresAt": iso(payment.expires_at),
            "phoneNumber": mask_msisdn(payment.msisdn),
            "hint": hint,
        },
    }


def was_refused(payment: Payment) -> bool:
    """Whether Daraja refused the push, so that no prompt was sent."""
    is_nameless = payment.request_id is None and payment.status == Status.FAILED
    return is_nameless and payment.failure_reason != NO_ANSWER


def error_of_push(payment: Payment, language: str) -> ApiError:
    """The error for a push that Daraja refused, or that was not sent (law: push)."""
    reason = payment.failure_reason or "daraja_refused"
    code = _REFUSAL_CODES.get(reason, "daraja_refused")
    return ApiError(
        code,
        reason_words(reason, language),
        (FieldError("daraja", payment.failure_code),) if payment.failure_code else (),
        {"transactionId": payment.id, "reason": reason},
        _RETRY_DARAJA_SECONDS if code != "daraja_refused" else None,
    )


def error_of_rejection(refused: Rejected, may_see_live: bool) -> ApiError:
    """The error when no payment was made."""
    if refused.why is RejectReason.IN_PROGRESS:
        extra = {"transactionId": refused.conflict.id} if refused.conflict and may_see_live else {}
        message = "A payment is already in progress. Finish it on the phone, or wait until it ends."
        return ApiError("payment_in_progress", message, extra=extra)
    if refused.why is RejectReason.AMOUNT_MISMATCH:
        fee = f"The fee of this booking is KES {shillings_json(refused.fee_cents or 0)}."
        return ApiError("amount_mismatch", "Amount mismatch", (FieldError("amount", fee),))
    if refused.why is RejectReason.ALREADY_PAID:
        return ApiError("already_paid", "The fee of this booking has been paid already.")
    return ApiError("not_found", "There is no such booking.", (FieldError("bookingId", "There is no such booking."),))


def _failure(payment: ShownPayment, language: str, now: Instant) -> dict[str, Any] | None:
    if payment.status != Status.FAILED:
        return None
    text = reason_meaning(payment.failure_reason or NO_ANSWER)
    return {
        "code": payment.failure_code,
        "reason": payment.failure_reason,
        "message": reason_words(text.reason, language),
        "retryable": text.retryable and not payment.is_locked(now),
        "nextStep": next_step(text),
    }
