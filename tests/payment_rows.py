"""Rows for tests that begin in the middle of things."""

from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.operations.store import Payment
from pokea.operations.tokens import callback_digest

BOOKING = "bk_1"


def new_booking(booking_id: str = BOOKING, fee_cents: int = 50_000) -> Booking:
    """A booking that awaits its payment."""
    return Booking(
        booking_id, booking_id, "Plumbing", "customer", "awaiting_payment", fee_cents, "unpaid", None, None, 1
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
        "booking_id": booking_id,
        "owner": "customer",
        "msisdn": msisdn,
        "amount_cents": 50_000,
        "type": "booking_fee",
        "account_reference": booking_id,
        "requires_query": False,
        "callback_digest": callback_digest(payment_id),
        "created_at": created_at,
        "lease_until": created_at + 60 * SECOND,
        "expires_at": expires_at,
        "version": 1,
        "status": "initiated",
        "review": "",
        "is_locking": is_locking,
        "locked_until": expires_at + 60 * SECOND,
        "next_action_at": created_at + 60 * SECOND,
        "inquiries": 0,
    }
    return Payment(**empty | asked | values)  # type: ignore[arg-type]  # the fields are the table's columns
