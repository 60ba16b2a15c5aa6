"""Bookings for the tests that need some."""

import asyncio

from sqlalchemy import Connection

from pokea.bookings.create import BookingRequest, Created, Draft, create_bookings
from pokea.bookings.store import Booking, find
from pokea.errors import ApiError
from pokea.operations.changes import ChangeSet
from pokea.operations.dialects import sql_for
from pokea.operations.flow import Transition
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from tests.api.serving import NOON


def draft(booking_id: str = "bk_1", *references: str, service: str = "Plumbing") -> Draft:
    """A booking of alice's for 500 shillings, to be made at noon."""
    return Draft(
        DEFAULT_SCOPE,
        booking_id,
        references or (f"R-{booking_id}"[:12].replace("_", "-"),),
        service,
        "alice",
        50_000,
        NOON,
    )


def made(database: Database, wanted: Draft, key: IdempotencyKey | None = None) -> Created:
    """The booking that the change made, or found. Raises the ApiError that its caller would get."""
    (answer,) = asyncio.run(database.write(create_bookings, [BookingRequest(wanted, key)]))
    if isinstance(answer, ApiError):
        raise answer
    return answer


def found(database: Database, booking_id: str) -> Booking | None:
    """The booking as it stands."""
    return asyncio.run(database.read(find, booking_id))


def hold(connection: Connection, *paid: tuple[str, str, int]) -> int:
    """Hold fees as the settler does: booking, payment and time of each; answers how many were unpaid."""
    held = [
        Transition(booking, "unpaid", "held", "matching", payment, at, event="booking.held", data="{}")
        for booking, payment, at in paid
    ]
    return sql_for(connection).write(connection, ChangeSet(transitions=held))
