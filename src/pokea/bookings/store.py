"""The bookings' SQL: each statement a function with one sentence."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Connection, Text, and_, bindparam, func, or_, select, update

from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
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


_HELD = {"status": STATUS_OF_FEE[FeeStatus.HELD], "fee_status": FeeStatus.HELD}
_PAID = (
    func.unnest(
        bindparam("bookings", type_=ARRAY(Text)),
        bindparam("payments", type_=ARRAY(Text)),
        bindparam("times", type_=ARRAY(BigInteger)),
    )
    .table_valued("booking_id", "payment_id", "paid_at")
    .render_derived(name="paid")
)


def _may_be_held(payment: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the fee is unpaid, or held by this very payment already."""
    held_by_it = and_(bookings.c.fee_status == FeeStatus.HELD, bookings.c.fee_payment_id == payment)
    return or_(bookings.c.fee_status == FeeStatus.UNPAID, held_by_it)


_HOLD_ALL = (
    update(bookings)
    .values(**_HELD, fee_payment_id=_PAID.c.payment_id, paid_at=_PAID.c.paid_at)
    .where(bookings.c.id == _PAID.c.booking_id, _may_be_held(_PAID.c.payment_id))
)
_HOLD_ONE = (
    update(bookings)
    .values(**_HELD, fee_payment_id=bindparam("payment"), paid_at=bindparam("time"))
    .where(bookings.c.id == bindparam("booking"), _may_be_held(bindparam("payment")))
)


def mark_held(connection: Connection, paid: Sequence[tuple[str, str, Instant]]) -> None:
    """Note that fees are held: each entry is a booking's id, the payment that paid its fee, and when it completed.

    The caller has locked the bookings and found each fee unpaid. A fee that the same payment holds already stays
    as it is; raises ValueError, for the transaction to end without effect, when a fee was neither.
    """
    if not paid:
        return
    if connection.dialect.name == "postgresql":
        booking_ids, payment_ids, times = (list(column) for column in zip(*paid, strict=True))
        marked = connection.execute(_HOLD_ALL, {"bookings": booking_ids, "payments": payment_ids, "times": times})
    else:
        rows = [{"booking": booking, "payment": payment, "time": time} for booking, payment, time in paid]
        marked = connection.execute(_HOLD_ONE, rows)
    if marked.rowcount != len(paid):
        raise ValueError(f"{len(paid) - marked.rowcount} of {len(paid)} fees were not unpaid")
