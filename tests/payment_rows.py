"""Rows for tests that begin in the middle of things."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.operations.store import Payment
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables

BOOKING = "bk_1"


def new_booking(booking_id: str = BOOKING, fee_cents: int = 50_000) -> Booking:
    """A booking that awaits its payment."""
    return Booking(
        id=booking_id,
        merchant_id=DEFAULT_SCOPE.merchant_id,
        reference=booking_id,
        service="Plumbing",
        customer_id="customer",
        status="awaiting_payment",
        fee_cents=fee_cents,
        fee_status="unpaid",
        fee_payment_id=None,
        paid_at=None,
        created_at=1,
    )


def new_payment(
    payment_id: str,
    *,
    booking_id: str = BOOKING,
    msisdn: str = "254712345678",
    created_at: Instant = 0,
    expires_at: Instant = 120 * SECOND,
    is_locking: bool = True,
    **values: object,
) -> Payment:
    """A payment whose push is out and unanswered."""
    empty: dict[str, object] = dict.fromkeys(Payment._fields)
    asked = {
        "id": payment_id,
        "merchant_id": DEFAULT_SCOPE.merchant_id,
        "booking_id": booking_id,
        "owner": "customer",
        "msisdn": msisdn,
        "amount_cents": 50_000,
        "type": "booking_fee",
        "account_reference": booking_id,
        "requires_query": False,
        "callback_digest": None,
        "created_at": created_at,
        "lease_until": created_at + 60 * SECOND,
        "expires_at": expires_at,
        "version": 1,
        "status": "initiated",
        "flags": "",
        "is_locking": is_locking,
        "locked_until": expires_at + 60 * SECOND,
        "next_action_at": created_at + 60 * SECOND,
        "inquiries": 0,
        "is_open": True,
    }
    return Payment(**empty | asked | values)  # type: ignore[arg-type]  # the fields are the table's columns


def change_payments(connection: Connection, where: ColumnElement[bool], **values: Any) -> None:
    """Set columns of both rows of some payments, by hand, to what would take long to come about."""
    ids = list(connection.execute(select(tables.payments.c.id).where(where)).scalars())
    for table in (tables.payments, tables.open_payments):
        own = {name: value for name, value in values.items() if name in table.c}
        if own:
            connection.execute(update(table).where(table.c.id.in_(ids)).values(own))
