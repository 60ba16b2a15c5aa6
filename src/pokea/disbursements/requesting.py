"""Requests: a refund or a payout is written down, with all that is checked before a person may approve it.

What no second person must approve is approved at once, and waits so long that it can be withdrawn (law: who may).
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from pokea.disbursements.approving import begin
from pokea.disbursements.calls import Made, OutCall, bind, first_call
from pokea.disbursements.checks import (
    check_payable,
    check_repeat,
    chosen_way,
    digest_of_row,
    has_doubtful_receipt,
    refundable_amount,
)
from pokea.disbursements.limits import OutRules
from pokea.disbursements.locks import lock_booking, lock_payment, take_turn
from pokea.disbursements.model import Disbursement, DisbursementKind, DisbursementStatus, Way
from pokea.disbursements.payee_store import lock_payee
from pokea.disbursements.refund_source import REFUND_DECISION, standing_of
from pokea.disbursements.saving import FIRST_VERSION
from pokea.disbursements.store import find_disbursement
from pokea.disbursements.way import LEAST_B2C_CENTS, RefundCase, ways_of_refund
from pokea.errors import ApiError, FieldError, invalid
from pokea.money import CENTS
from pokea.operations.decision import Status
from pokea.storage.tables import bookings, decisions


class RefundRequest(NamedTuple):
    """A refund that is asked for: of all that is left, by the usual way, unless another amount or way is given.

    `decision_id` is for the decision about a held fee that the request may be.
    """

    payment_id: str
    amount_cents: int | None
    way: Way | None
    reason: str
    confirms_repeat: bool
    decision_id: str


class PayoutRequest(NamedTuple):
    """A payout that is asked for."""

    payee_id: str
    amount_cents: int
    booking_id: str | None
    reason: str
    confirms_repeat: bool


def request_refund(connection: Connection, call: OutCall, wanted: RefundRequest, rules: OutRules) -> Made:
    """Write a refund down, or find the one that the first call with the key made.

    Raises ApiError `not_found`, `invalid_request`, `not_refundable`, `already_decided`, `looks_like_a_repeat`.
    """
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return _existing(connection, call, first)
    payment = lock_payment(connection, wanted.payment_id)
    if payment is None or payment.merchant_id != call.scope.merchant_id:
        raise _no_such("paymentId", "payment")
    if payment.status != Status.COMPLETED or payment.completed_at is None:
        raise ApiError("not_refundable", f"This payment is {payment.status}: no money of it has come.")
    standing = standing_of(connection, payment, lock_booking(connection, payment.booking_id))
    amount = refundable_amount(connection, payment, standing, wanted.amount_cents)
    case = RefundCase(
        amount,
        standing.moved_cents,
        payment.receipt,
        payment.completed_at,
        standing.is_released,
        has_doubtful_receipt(payment),
    )
    of_fee_cents = max(0, amount - standing.due_cents)
    if of_fee_cents and standing.is_disputed and not call.is_admin:
        raise ApiError("already_decided", "The fee that this payment paid is disputed: an admin decides.")
    row = _new(
        call,
        rules,
        kind=DisbursementKind.REFUND,
        payment_id=payment.id,
        booking_id=payment.booking_id,
        decision_id=wanted.decision_id if of_fee_cents else None,
        amount_cents=amount,
        recipient=payment.msisdn,
        way=chosen_way(ways_of_refund(case, rules.reversal_days, call.now), wanted.way),
        reason=wanted.reason,
    )
    check_repeat(connection, row, confirms=wanted.confirms_repeat)
    if of_fee_cents:
        _decide(connection, call, row, of_fee_cents)
    bind(connection, call)
    return Made(begin(connection, row, rules, call.now))


def request_payout(connection: Connection, call: OutCall, wanted: PayoutRequest, rules: OutRules) -> Made:
    """Write a payout down, or find the one that the first call with the key made.

    Raises ApiError `not_found`, `invalid_request`, `beyond_payable`, `looks_like_a_repeat`.
    """
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return _existing(connection, call, first)
    payee = lock_payee(connection, call.scope, wanted.payee_id)
    if payee is None:
        raise _no_such("payeeId", "payee")
    if wanted.booking_id is not None and not _has_booking(connection, call, wanted.booking_id):
        raise _no_such("bookingId", "booking")
    if wanted.amount_cents < LEAST_B2C_CENTS:
        raise invalid("amount", f"`amount` must be at least {LEAST_B2C_CENTS // CENTS}: M-PESA pays out no less.")
    check_payable(connection, payee, wanted.amount_cents)
    row = _new(
        call,
        rules,
        kind=DisbursementKind.PAYOUT,
        payee_id=payee.id,
        booking_id=wanted.booking_id,
        amount_cents=wanted.amount_cents,
        recipient=payee.msisdn,
        way=Way.B2C,
        reason=wanted.reason,
    )
    check_repeat(connection, row, confirms=wanted.confirms_repeat)
    bind(connection, call)
    return Made(begin(connection, row, rules, call.now))


def _new(call: OutCall, rules: OutRules, *, amount_cents: int, **values: Any) -> Disbursement:
    empty: dict[str, Any] = dict.fromkeys(Disbursement._fields)
    row = Disbursement(
        **empty
        | {
            "id": call.id,
            "merchant_id": call.scope.merchant_id,
            "amount_cents": amount_cents,
            "requested_by": call.subject,
            "created_at": call.now,
            "nonce": call.nonce,
            "digest": "",
            "needs_second_person": rules.needs_second_person(amount_cents),
            "version": FIRST_VERSION,
            "status": DisbursementStatus.REQUESTED.value,
            "is_over_cap": False,
            "flags": "",
        }
        | {name: str(value) if name in ("kind", "way") else value for name, value in values.items()}
    )
    return row._replace(digest=digest_of_row(row))


def _decide(connection: Connection, call: OutCall, row: Disbursement, of_fee_cents: int) -> None:
    """A refund of a held fee is also the decision about it, which takes effect with the approval (law: money out in
    detail, 1)."""
    decision = {
        "id": row.decision_id,
        "merchant_id": row.merchant_id,
        "object_id": row.booking_id,
        "kind": REFUND_DECISION,
        "amount_cents": of_fee_cents,
        "subject": call.subject,
        "reason": row.reason,
        "created_at": call.now,
    }
    connection.execute(insert(decisions), [decision])


def _existing(connection: Connection, call: OutCall, first: str) -> Made:
    row = find_disbursement(connection, first)
    if row is None:
        raise LookupError(f"an idempotency key points to {first}, which is not there")
    return Made(row, replayed=first != call.id)


def _has_booking(connection: Connection, call: OutCall, booking_id: str) -> bool:
    own = (bookings.c.id == booking_id, bookings.c.merchant_id == call.scope.merchant_id)
    return connection.execute(select(bookings.c.id).where(*own)).first() is not None


def _no_such(field: str, thing: str) -> ApiError:
    message = f"There is no such {thing}."
    return ApiError("not_found", message, (FieldError(field, message),))
