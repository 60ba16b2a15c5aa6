"""The guide's work: find the transaction, update it and its booking, in one transaction of the database."""

from datetime import UTC, datetime
from typing import Any

from flask import Flask, request
from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .serving import PATH, Callback, accepted, new_sessions, read_callback, refused


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


sessions = new_sessions()
app = Flask(__name__)


def callback() -> Any:
    """Settle what the callback tells of."""
    told = read_callback()
    if told is None:
        return refused("Invalid callback", 400)
    with sessions.begin() as session:
        wanted = select(Transaction).where(Transaction.checkout_request_id == told.checkout_request_id)
        transaction = session.scalars(wanted.with_for_update()).one_or_none()
        if transaction is not None and transaction.status == "pending":
            settle(transaction, told, request.get_json())
    return accepted()


def settle(transaction: Transaction, told: Callback, body: dict[str, Any]) -> None:
    """What the callback says, written into the transaction and, if it is paid, into its booking."""
    now = datetime.now(UTC)
    transaction.webhook_data = body
    transaction.result_code = told.code
    transaction.result_description = told.description
    if told.code != 0 or told.items.get("Amount") != transaction.amount:
        transaction.status = "failed"
        return
    transaction.status = "completed"
    transaction.mpesa_receipt_number = told.items["MpesaReceiptNumber"]
    transaction.completed_at = now
    transaction.booking.fee_status = "held"
    transaction.booking.fee_paid_at = now
    transaction.booking.status = "matching"


app.add_url_rule(PATH, view_func=callback, methods=["POST"])
