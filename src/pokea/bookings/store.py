"""The bookings' SQL: each statement a function with one sentence."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from pokea.clock import Instant
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import bookings


class Booking(NamedTuple):
    """A booking's row; the fields are the table's columns, in their order."""

    id: str
    reference: str
    service: str
    customer_id: str
    status: str
    fee_cents: int
    fee_status: str
    fee_payment_id: str | None
    paid_at: Instant | None
    created_at: Instant


_FIND = select(bookings).where(bookings.c.id == bindparam("of_id"))
_LOCK = (
    select(bookings)
    .where(bookings.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(bookings.c.id)
    .with_for_update()
)


def find(connection: Connection, booking_id: str) -> Booking | None:
    """The booking of this id."""
    row = connection.execute(_FIND, {"of_id": booking_id}).first()
    return Booking(*row) if row else None


def lock(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids, locked in the order of their ids until the transaction ends."""
    return {row.id: Booking(*row) for row in connection.execute(_LOCK, {"ids": sorted(booking_ids)})}


def insert_booking(connection: Connection, booking: Booking) -> bool:
    """Insert the booking unless its id or its reference is taken; says whether it was inserted."""
    return insert_if_new(connection, bookings, booking._asdict())
