"""The events of bookings, and what they say of a booking. Pure."""

from typing import Final

from pokea.bookings.rules import BookingStatus, FeeStatus
from pokea.bookings.store import Booking
from pokea.events.outbox import Event, encode_state
from pokea.events.states import BookingState
from pokea.money import shillings_json

CREATED: Final = "booking.created"
"""The event of a booking's version 1."""


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


def created(booking: Booking) -> Event:
    """The event that a new booking is there."""
    data = booking_data(
        booking.reference, BookingStatus(booking.status), FeeStatus(booking.fee_status), booking.fee_cents, None
    )
    return Event(booking.id, booking.version, booking.merchant_id, CREATED, booking.created_at, data)
