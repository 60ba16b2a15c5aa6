"""What changes of money out lock, in one order: the merchant's turn, payments, payees, disbursements, bookings.

The first is taken by all that requests, approves or sends. So caps and sums are counted while no other transaction
changes them, and what is locked after it is never waited for in a circle.
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select

from pokea.bookings.store import Booking
from pokea.operations.dialects import sql_for
from pokea.operations.store import Payment
from pokea.storage.sql import fetch_one
from pokea.storage.statements import advisory_lock
from pokea.storage.tables import bookings

_LOCK_BOOKING = select(bookings).where(bookings.c.id == bindparam("of_id")).with_for_update()


def take_turn(connection: Connection, merchant_id: int) -> None:
    """Wait until no other transaction requests, approves or sends money of this merchant out, and be the one that
    does."""
    advisory_lock(connection, [f"money out {merchant_id}"])


def lock_payment(connection: Connection, payment_id: str) -> Payment | None:
    """The payment of this id, locked."""
    return sql_for(connection).lock(connection, [payment_id], (), ()).get(payment_id)


def lock_payments(connection: Connection, payment_ids: Collection[str]) -> None:
    """Lock the payments of these ids, in the order of the ids."""
    if payment_ids:
        sql_for(connection).lock(connection, payment_ids, (), ())


def lock_booking(connection: Connection, booking_id: str) -> Booking | None:
    """The booking of this id, locked: the last of all locks."""
    row = fetch_one(connection, _LOCK_BOOKING, {"of_id": booking_id})
    return Booking(*row) if row else None
