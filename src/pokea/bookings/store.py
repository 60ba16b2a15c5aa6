"""The bookings' SQL: each statement a function with one sentence."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from pokea.bookings.rules import spellings
from pokea.clock import Instant
from pokea.scope import Scope
from pokea.storage.sql import fetch_one
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import bookings


class Booking(NamedTuple):
    """A booking's row; the fields are the table's columns, in their order."""

    id: str
    merchant_id: int
    reference: str
    service: str
    customer_id: str
    status: str
    fee_cents: int
    fee_status: str
    fee_payment_id: str | None
    paid_at: Instant | None
    created_at: Instant
    version: int = 1


_FIND = select(bookings).where(bookings.c.id == bindparam("of_id"))


def find(connection: Connection, booking_id: str) -> Booking | None:
    """The booking of this id."""
    row = fetch_one(connection, _FIND, {"of_id": booking_id})
    return Booking(*row) if row else None


def insert_booking(connection: Connection, booking: Booking) -> bool:
    """Insert the booking unless its id or its reference is taken; says whether it was inserted."""
    return insert_if_new(connection, bookings, booking._asdict())


def ids_by_reference(connection: Connection, scope: Scope, reference: str) -> list[str]:
    """The merchant's bookings with this reference, whatever the case of its letters."""
    written = sorted({reference, *spellings(reference)})
    found = select(bookings.c.id).where(bookings.c.merchant_id == scope.merchant_id, bookings.c.reference.in_(written))
    return list(connection.execute(found).scalars())
