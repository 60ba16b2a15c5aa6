"""Pokea's work: proof, evidence, receipt, payment, booking, postings, event and counts, in one unit of work."""

import hashlib
import hmac
import json
import os
import time
from bisect import bisect_right
from typing import Any

from flask import Flask, request
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from .models import (
    Booking,
    CounterDelta,
    Event,
    Evidence,
    Flag,
    OpenPayment,
    OwnerDelta,
    Payment,
    Posting,
    Receipt,
)
from .serving import PATH, Callback, accepted, new_sessions, read_callback, refused

KEY = os.environ["SECRET_KEY"].encode()
HOUR = 3_600_000_000
EDGES = tuple(round(1_000_000 * 2 ** (step / 8)) for step in range(161))
"""Where the buckets of waits end, in microseconds."""
sessions = new_sessions()
app = Flask(__name__)


def callback(name: str) -> Any:
    """Settle what the callback at a payment's own address tells of."""
    told = read_callback()
    if told is None:
        return refused("Invalid callback", 400)
    with sessions.begin() as session:
        pairs, _, token = name.rpartition(".")
        wanted = select(Payment).where(Payment.id == "pay_" + pairs.replace("-", "")).with_for_update()
        payment = session.scalars(wanted).one_or_none()
        if payment is None or not proves(token, payment.id):
            return refused("Unknown callback", 404)
        now = time.time_ns() // 1000
        is_new = keep_evidence(session, payment, told, token, now)
        if is_new and payment.status == "pending" and told.checkout_request_id == payment.request_id:
            settle(session, payment, told, now)
    return accepted()


def proves(token: str, payment_id: str) -> bool:
    """Whether the token is the payment's."""
    expected = hmac.new(KEY, payment_id.encode(), hashlib.sha256).hexdigest()[:48]
    return hmac.compare_digest(expected, token)


def keep_evidence(session: Session, payment: Payment, told: Callback, token: str, now: int) -> bool:
    """Keep what was told, with its body; False when it is there already."""
    body = request.get_data()
    digest = hashlib.sha256(token.encode() + b"\n" + body).hexdigest()[:32]
    row = {
        "operation_id": payment.id,
        "id": f"callback:{digest}",
        "source": "callback",
        "received_at": now,
        "proved": True,
        "code": str(told.code),
        "amount_cents": told.items["Amount"] * 100 if "Amount" in told.items else None,
        "receipt": told.items.get("MpesaReceiptNumber"),
        "request_id": told.checkout_request_id,
        "originator_id": told.merchant_request_id,
        "provider_time": date_of(told),
        "body": body,
        "applied": True,
    }
    return session.scalar(insert(Evidence).values(row).on_conflict_do_nothing().returning(Evidence.id)) is not None


def date_of(told: Callback) -> str | None:
    """M-PESA's own time of a success."""
    return str(told.items["TransactionDate"]) if "TransactionDate" in told.items else None


def settle(session: Session, payment: Payment, told: Callback, now: int) -> None:
    """What the callback says, written into the payment and into all that follows from it."""
    if told.code != 0:
        fail(session, payment, told, now)
    elif told.items["Amount"] * 100 != payment.amount_cents:
        flag(session, payment, "amount_differs", now)
    elif not own_receipt(session, payment, told.items["MpesaReceiptNumber"]):
        flag(session, payment, "receipt_conflict", now)
    else:
        complete(session, payment, told, now)
    payment.version += 1
    kind = "flagged" if payment.status == "pending" else payment.status
    state = {
        "bookingId": payment.booking_id,
        "reference": payment.account_reference,
        "status": payment.status,
        "amount": payment.amount_cents // 100,
        "currency": "KES",
        "receipt": payment.receipt,
        "review": payment.flags.split(",") if payment.flags else [],
    }
    if payment.status == "failed":
        state["reason"] = payment.failure_reason
    announce(session, payment, f"payment.{kind}", state, now)


def announce(session: Session, changed: Payment | Booking, kind: str, state: dict[str, Any], now: int) -> None:
    """Write the event that a row has come to its version."""
    identity = {"object_id": changed.id, "version": changed.version, "merchant_id": changed.merchant_id}
    session.add(Event(**identity, type=kind, created_at=now, data=json.dumps(state, separators=(",", ":"))))


def own_receipt(session: Session, payment: Payment, receipt: str) -> bool:
    """Whether the receipt was free, and is the payment's now."""
    row = {"merchant_id": payment.merchant_id, "receipt": receipt, "operation_id": payment.id}
    return session.scalar(insert(Receipt).values(row).on_conflict_do_nothing().returning(Receipt.receipt)) is not None


def flag(session: Session, payment: Payment, name: str, now: int) -> None:
    """A person should look at it."""
    payment.flags = name
    session.add(Flag(operation_id=payment.id, flag=name, raised_at=now))


def close(session: Session, payment: Payment) -> None:
    """Nothing is left to do: how often it was asked about stays in the payment, and the narrow row goes."""
    narrow = session.get(OpenPayment, payment.id, with_for_update=True)
    if narrow is not None:
        payment.inquiries, payment.last_inquiry_at = narrow.inquiries, narrow.last_inquiry_at
        session.execute(delete(OpenPayment).where(OpenPayment.id == payment.id))


def fail(session: Session, payment: Payment, told: Callback, now: int) -> None:
    """The customer did not pay."""
    payment.status = "failed"
    payment.failed_at, payment.failure_code, payment.failure_reason = now, str(told.code), told.description
    count(session, payment, {"failed": 1, f"reason:{told.description}": 1})


def complete(session: Session, payment: Payment, told: Callback, now: int) -> None:
    """The customer has paid: hold the fee, or owe it back if one is held already."""
    booking = session.get_one(Booking, payment.booking_id, with_for_update=True)
    is_held = booking.fee_status == "unpaid"
    payment.status = "completed"
    payment.completed_at, payment.completed_by = now, "callback"
    payment.receipt, payment.provider_time = told.items["MpesaReceiptNumber"], date_of(told)
    payment.disposition = "held" if is_held else "refund_due"
    if is_held:
        booking.status, booking.fee_status = "matching", "held"
        booking.fee_payment_id, booking.paid_at = payment.id, now
        booking.version += 1
        state = {
            "reference": booking.reference,
            "status": booking.status,
            "feeStatus": booking.fee_status,
            "amount": booking.fee_cents // 100,
            "currency": "KES",
            "paymentId": payment.id,
        }
        announce(session, booking, "booking.held", state, now)
    else:
        flag(session, payment, "paid_twice", now)
    close(session, payment)
    for kind, account, side in (
        ("received", "mpesa_clearing", 1),
        (payment.disposition, "fees_held" if is_held else "refunds_due", -1),
    ):
        row = {"merchant_id": payment.merchant_id, "amount_cents": side * payment.amount_cents, "posted_at": now}
        session.add(Posting(payment=payment, kind=kind, account=account, **row))
    waited = max(0, now - payment.created_at)
    counts = {
        "completed": 1,
        "gross": payment.amount_cents,
        "net": payment.amount_cents if is_held else 0,
        "waited": waited,
        f"wait:{bisect_right(EDGES, waited)}": 1,
        "by:callback": 1,
    }
    count(session, payment, counts)


def count(session: Session, payment: Payment, counts: dict[str, int]) -> None:
    """Add to the counters of the hour in which the payment was made, and to its customer's counts of that day."""
    hour = (payment.created_at + 3 * HOUR) // HOUR
    mine = {"merchant_id": payment.merchant_id}
    session.add(OwnerDelta(**mine, owner=payment.owner, day=hour // 24, pending=-1, **{payment.status: 1}))
    for name, amount in {"pending": -1, **counts}.items():
        if amount:
            session.add(CounterDelta(**mine, hour=hour, name=name, amount=amount))


app.add_url_rule(f"{PATH}/<name>", view_func=callback, methods=["POST"])
