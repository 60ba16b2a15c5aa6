"""The guide's callback as it is usually written in Python: a Flask view, an ORM, gunicorn. Measured, never served."""

import os
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, request
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker


class Model(DeclarativeBase):
    """The tables."""


class Booking(Model):
    """What is paid for."""

    __tablename__ = "bookings"
    id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    status: Mapped[str]
    fee_amount: Mapped[int]
    fee_status: Mapped[str]
    fee_paid_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Transaction(Model):
    """One prompt and what became of it."""

    __tablename__ = "transactions"
    id: Mapped[str] = mapped_column(primary_key=True)
    booking_id: Mapped[str] = mapped_column(ForeignKey("bookings.id"))
    payer: Mapped[str]
    type: Mapped[str]
    amount: Mapped[int]
    status: Mapped[str]
    checkout_request_id: Mapped[str]
    merchant_request_id: Mapped[str | None]
    mpesa_receipt_number: Mapped[str | None]
    result_code: Mapped[int | None]
    result_description: Mapped[str | None]
    webhook_data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    booking: Mapped[Booking] = relationship()


engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"), pool_size=8)
Session = sessionmaker(engine)
app = Flask(__name__)


def callback() -> Any:
    """Find the transaction, update it, update its booking, in one transaction of the database."""
    body = request.get_json(silent=True)
    try:
        outcome = body["Body"]["stkCallback"]
        checkout_request_id, code = outcome["CheckoutRequestID"], int(outcome["ResultCode"])
    except (TypeError, KeyError, ValueError):
        return jsonify(ResultCode=1, ResultDesc="Invalid callback"), 400
    with Session.begin() as session:
        wanted = select(Transaction).where(Transaction.checkout_request_id == checkout_request_id).with_for_update()
        transaction = session.scalars(wanted).one_or_none()
        if transaction is not None and transaction.status == "pending":
            settle(transaction, outcome, code, body)
    return jsonify(ResultCode=0, ResultDesc="Accepted")


def settle(transaction: Transaction, outcome: dict[str, Any], code: int, body: dict[str, Any]) -> None:
    """What the callback says, written into the transaction and, if it is paid, into its booking."""
    now = datetime.now(UTC)
    transaction.webhook_data = body
    transaction.result_code = code
    transaction.result_description = outcome["ResultDesc"]
    if code != 0:
        transaction.status = "failed"
        return
    items = {item["Name"]: item.get("Value") for item in outcome["CallbackMetadata"]["Item"]}
    if items["Amount"] != transaction.amount:
        transaction.status = "failed"
        return
    transaction.status = "completed"
    transaction.mpesa_receipt_number = items["MpesaReceiptNumber"]
    transaction.completed_at = now
    transaction.booking.fee_status = "held"
    transaction.booking.fee_paid_at = now
    transaction.booking.status = "matching"


app.add_url_rule("/api/v1/payments/mpesa/callback", view_func=callback, methods=["POST"])
