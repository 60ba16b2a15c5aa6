"""Pokea's tables as mapped classes, as far as a callback touches them. Instants are microseconds, money is cents."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Model(DeclarativeBase):
    """The tables; whole numbers are big."""

    type_annotation_map = {int: BigInteger}  # noqa: RUF012 - as the ORM's own documentation writes it


class Booking(Model):
    """What is paid for."""

    __tablename__ = "bookings"
    id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[int]
    reference: Mapped[str]
    service: Mapped[str]
    customer_id: Mapped[str]
    status: Mapped[str]
    fee_cents: Mapped[int]
    fee_status: Mapped[str]
    fee_payment_id: Mapped[str | None]
    paid_at: Mapped[int | None]
    created_at: Mapped[int]
    version: Mapped[int]


class Payment(Model):
    """One prompt and what became of it."""

    __tablename__ = "payments"
    id: Mapped[str] = mapped_column(primary_key=True)
    merchant_id: Mapped[int]
    booking_id: Mapped[str] = mapped_column(ForeignKey("bookings.id"))
    owner: Mapped[str]
    msisdn: Mapped[str]
    amount_cents: Mapped[int]
    type: Mapped[str]
    account_reference: Mapped[str]
    requires_query: Mapped[bool]
    callback_digest: Mapped[bytes | None]
    created_at: Mapped[int]
    expires_at: Mapped[int]
    version: Mapped[int]
    status: Mapped[str]
    request_id: Mapped[str | None]
    originator_id: Mapped[str | None]
    completed_at: Mapped[int | None]
    completed_by: Mapped[str | None]
    receipt: Mapped[str | None]
    provider_time: Mapped[str | None]
    failure_code: Mapped[str | None]
    failure_reason: Mapped[str | None]
    failed_at: Mapped[int | None]
    flags: Mapped[str]
    disposition: Mapped[str | None]
    inquiries: Mapped[int]
    last_inquiry_at: Mapped[int | None]
    booking: Mapped[Booking] = relationship()


class OpenPayment(Model):
    """A payment that is locked, asked about or waited for, as far as a callback reads it."""

    __tablename__ = "open_payments"
    id: Mapped[str] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    is_locking: Mapped[bool]
    locked_until: Mapped[int]
    next_action_at: Mapped[int | None]
    inquiries: Mapped[int]
    last_inquiry_at: Mapped[int | None]


class Flag(Model):
    """Why a person should look at a payment."""

    __tablename__ = "flags"
    operation_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    flag: Mapped[str] = mapped_column(primary_key=True)
    raised_at: Mapped[int]


class Evidence(Model):
    """One thing that was told about a payment."""

    __tablename__ = "evidence"
    operation_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    received_at: Mapped[int]
    proved: Mapped[bool]
    code: Mapped[str | None]
    amount_cents: Mapped[int | None]
    receipt: Mapped[str | None]
    request_id: Mapped[str | None]
    originator_id: Mapped[str | None]
    provider_time: Mapped[str | None]
    body: Mapped[bytes | None]
    applied: Mapped[bool]


class Receipt(Model):
    """Whose an M-PESA receipt is."""

    __tablename__ = "receipts"
    merchant_id: Mapped[int] = mapped_column(primary_key=True)
    receipt: Mapped[str] = mapped_column(primary_key=True)
    operation_id: Mapped[str]


class Posting(Model):
    """One side of an entry in the books: a debit is positive, a credit negative."""

    __tablename__ = "postings"
    source_id: Mapped[str] = mapped_column(ForeignKey("payments.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, default=0)
    merchant_id: Mapped[int]
    account: Mapped[str]
    amount_cents: Mapped[int]
    posted_at: Mapped[int]
    payment: Mapped[Payment] = relationship()


class Event(Model):
    """What is to be announced of a payment or a booking. The table has no key; the ORM wants one."""

    __tablename__ = "outbox"
    object_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    merchant_id: Mapped[int]
    type: Mapped[str]
    created_at: Mapped[int]
    data: Mapped[str]


class OwnerDelta(Model):
    """How many more payments of a customer and day have each status. The table has no key; the ORM wants one."""

    __tablename__ = "owner_deltas"
    merchant_id: Mapped[int]
    owner: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    initiated: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)


class CounterDelta(Model):
    """How much a counter of an hour grows; as above."""

    __tablename__ = "counter_deltas"
    merchant_id: Mapped[int]
    hour: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
