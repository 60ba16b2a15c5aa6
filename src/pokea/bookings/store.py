"""The bookings' SQL: each statement a function with one sentence."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from pokea.bookings.rules import is_reference
from pokea.clock import Instant
from pokea.scope import Scope
from pokea.storage.json_rows import insertion, run_text, to_json
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_if_new, select_in
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


def find_all(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids, as far as there are any."""
    if not booking_ids:
        return {}
    return {row[0]: Booking(*row) for row in select_in(connection, bookings, bookings.c.id, booking_ids)}


def insert_booking(connection: Connection, booking: Booking) -> bool:
    """Insert the booking unless its id or its reference is taken; says whether it was inserted."""
    return insert_if_new(connection, bookings, booking._asdict())


_COLUMNS: Final = ", ".join(Booking._fields)


def _is_free(merchant: str, reference: str) -> str:
    spelt = f"other.merchant_id = {merchant} and lower(other.reference) = lower({reference})"
    return f"not exists (select id from bookings as other where {spelt})"


_INSERT_FREE: Final = (
    f"{insertion('bookings', bookings)} where {_is_free('given.merchant_id', 'given.reference')} "
    "order by reference on conflict do nothing returning id"
)
_INSERT_ONE_FREE: Final = (
    f"insert into bookings ({_COLUMNS}) select {', '.join(f':{name}' for name in Booking._fields)} "
    f"where {_is_free(':merchant_id', ':reference')} on conflict do nothing"
)


def insert_free(connection: Connection, wanted: Sequence[Booking]) -> set[str]:
    """Insert the bookings whose ids are new and whose references nobody has in any case of their letters; answers their
    ids. No two of those that are wanted may have the same reference."""
    if not wanted:
        return set()
    rows = [booking._asdict() for booking in wanted]
    if connection.dialect.name == "postgresql":
        return {row[0] for row in run_text(connection, _INSERT_FREE, {"bookings": to_json(rows)})}
    cursor = connection.connection.cursor()
    return {row["id"] for row in rows if _is_inserted(cursor, row)}


def _is_inserted(cursor: Any, row: Mapping[str, Any]) -> bool:
    cursor.execute(_INSERT_ONE_FREE, row)
    return bool(cursor.rowcount)


_OF_MERCHANT: Final = select(bookings.c.id).where(bookings.c.merchant_id == bindparam("of_merchant"))
_SPELT: Final = _OF_MERCHANT.where(func.lower(bookings.c.reference) == bindparam("spelt"))
_WRITTEN: Final = _OF_MERCHANT.where(bookings.c.reference == bindparam("written"))


def ids_by_reference(connection: Connection, scope: Scope, reference: str) -> list[str]:
    """The merchant's bookings with this reference, whatever the case of its letters."""
    values = {"of_merchant": scope.merchant_id, "spelt": reference.lower(), "written": reference}
    # What is no reference may have letters that two databases fold differently.
    found = fetch_all(connection, _SPELT if is_reference(reference) else _WRITTEN, values)
    return [row.id for row in found]
