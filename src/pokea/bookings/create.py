"""Making a booking: one change, which may be run again and then finds its own work done."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from pokea.bookings.events import created
from pokea.bookings.rules import BookingStatus, FeeStatus, fold_reference
from pokea.bookings.store import Booking, find, ids_by_reference, insert_booking
from pokea.clock import Instant
from pokea.errors import ApiError
from pokea.events.outbox import add_events
from pokea.scope import Scope
from pokea.storage.idempotency import IdempotencyKey, reserve
from pokea.storage.statements import advisory_lock

REFERENCES_TRIED = 4
"""With a billion bookings one random reference in 34 is taken, and four in a row once in a million."""


class Draft(NamedTuple):
    """A booking to be made. `references` are tried in turn; one that the caller chose stands alone."""

    scope: Scope
    id: str
    references: Sequence[str]
    service: str
    customer_id: str
    fee_cents: int
    created_at: Instant


class Created(NamedTuple):
    """The booking as it was when it was made, and whether an earlier call with the same key made it."""

    booking: Booking
    replayed: bool


def create_booking(connection: Connection, draft: Draft, key: IdempotencyKey | None) -> Created:
    """Make the booking, or find the one that the first call with the key made.

    Raises ApiError `reference_taken`, `idempotency_key_reused`, or `unavailable` when every random reference was taken.
    """
    first = None if key is None else reserve(connection, key, draft.id, draft.created_at)
    if first is not None:
        return Created(as_made(_existing(connection, first)), replayed=True)
    for reference in draft.references:
        booking = _new(draft, reference)
        # The unique index tells `Room-9` from `ROOM-9`: who makes either waits for the other's maker, then looks.
        advisory_lock(connection, [f"reference {fold_reference(reference)}"])
        if not ids_by_reference(connection, draft.scope, reference) and insert_booking(connection, booking):
            add_events(connection, [created(booking)])
            return Created(booking, replayed=False)
    ours = find(connection, draft.id)
    if ours is not None:
        return Created(as_made(ours), replayed=False)
    if len(draft.references) == 1:
        raise ApiError("reference_taken", "Another booking has this reference; choose another one, or leave it out.")
    raise ApiError("unavailable", "No free reference was found for the booking; try again.", retry_after_seconds=1)


def as_made(booking: Booking) -> Booking:
    """The booking as the first call's answer showed it, whatever has been paid since."""
    return booking._replace(
        status=BookingStatus.AWAITING_PAYMENT, fee_status=FeeStatus.UNPAID, fee_payment_id=None, paid_at=None, version=1
    )


def _new(draft: Draft, reference: str) -> Booking:
    return Booking(
        id=draft.id,
        merchant_id=draft.scope.merchant_id,
        reference=reference,
        service=draft.service,
        customer_id=draft.customer_id,
        status=BookingStatus.AWAITING_PAYMENT,
        fee_cents=draft.fee_cents,
        fee_status=FeeStatus.UNPAID,
        fee_payment_id=None,
        paid_at=None,
        created_at=draft.created_at,
    )


def _existing(connection: Connection, booking_id: str) -> Booking:
    booking = find(connection, booking_id)
    if booking is None:
        raise LookupError(f"an idempotency key points to {booking_id}, which is not there")
    return booking
