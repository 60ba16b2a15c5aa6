"""A fee that is refunded: its status as a function of what is still held and what has gone back (law: escrow)."""

from typing import Final

from sqlalchemy import Connection, update

from pokea.bookings.events import event_of_booking, event_of_fee
from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.events.outbox import add_events
from pokea.storage.tables import bookings

REFUNDABLE: Final = frozenset(
    {
        FeeStatus.HELD,
        FeeStatus.DISPUTED,
        FeeStatus.REFUNDING,
        FeeStatus.PARTLY_REFUNDED,
        FeeStatus.REFUNDED,
    }
)
"""The fee is in escrow, or was until it was refunded: what refunds do to it is seen in its status."""
RELEASABLE: Final = frozenset({FeeStatus.HELD, FeeStatus.DISPUTED, FeeStatus.PARTLY_REFUNDED})
"""Something is held, and no refund is under way."""


def fee_after_refunds(fee_cents: int, held_cents: int, refunded_cents: int) -> FeeStatus:
    """The status of a fee of which so much is still held, and so much is proved to have gone back.

    From the approval of a refund on its amount is no longer held: until it has gone out the fee is `refunding`.
    """
    decided_cents = fee_cents - held_cents
    if decided_cents <= 0:
        return FeeStatus.HELD
    if refunded_cents < decided_cents:
        return FeeStatus.REFUNDING
    return FeeStatus.REFUNDED if held_cents <= 0 else FeeStatus.PARTLY_REFUNDED


def move_fee(connection: Connection, booking: Booking, after: FeeStatus, now: Instant) -> Booking:
    """Give the fee of a booking that is locked another status, and announce it; answers the booking as it is then."""
    # A dispute ends by a release, or by a refund that is approved, and not by one that was withdrawn.
    stays_disputed = booking.fee_status == FeeStatus.DISPUTED and after is FeeStatus.HELD
    if after == booking.fee_status or stays_disputed:
        return booking
    moved = booking._replace(fee_status=after.value, status=STATUS_OF_FEE[after].value)
    return with_event(connection, moved, event_of_fee(after), now)


def with_event(connection: Connection, moved: Booking, event_type: str, now: Instant) -> Booking:
    """Write what a booking that is locked has come to, as its next version with its event; answers that version."""
    row = moved._replace(version=moved.version + 1)
    written = {"fee_status": row.fee_status, "status": row.status, "version": row.version}
    connection.execute(update(bookings).where(bookings.c.id == row.id).values(**written))
    add_events(connection, [event_of_booking(row, event_type, now)])
    return row
