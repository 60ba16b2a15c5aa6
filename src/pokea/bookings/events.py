"""The events of bookings, and what they say of a booking. Pure."""

from typing import Final

from pokea.bookings.rules import BookingStatus, FeeStatus
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.events.outbox import Event, encode_state
from pokea.events.states import BookingState
from pokea.money import shillings_json

CREATED: Final = "booking.created"
"""The event of a booking's version 1."""
DONE: Final = "booking.done"


def event_of_fee(fee: FeeStatus) -> str:
    """The type of the event that a booking's fee has come to this status."""
    return f"booking.{fee.value}"


def booking_data(reference: str, status: BookingStatus, fee: FeeStatus, fee_cents: int, payment_id: str | None) -> str:
    """What an event says of a booking that stands so."""
    return encode_state(
        BookingState(
            reference=reference,
            status=status.value,
            fee_status=fee.value,
            amount=shillings_json(fee_cents),
            payment_id=payment_id,
        )
    )


def event_of_booking(booking: Booking, event_type: str, now: Instant) -> Event:
    """The event that the booking has reached its version."""
    status, fee = BookingStatus(booking.status), FeeStatus(booking.fee_status)
    data = booking_data(booking.reference, status, fee, booking.fee_cents, booking.fee_payment_id)
    return Event(booking.id, booking.version, booking.merchant_id, event_type, now, data)


def created(booking: Booking) -> Event:
    """The event that a new booking is there."""
    return event_of_booking(booking, CREATED, booking.created_at)
