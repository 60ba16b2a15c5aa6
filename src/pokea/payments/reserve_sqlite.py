"""The statements of a reserve on SQLite: the same as on PostgreSQL, row by row."""

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import astuple
from sqlalchemy import Connection

from pokea.analytics.counting import deltas
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.operations.payment_events import CREATED, event_of
from pokea.operations.sqlite import (
    BY_ID,
    COUNT,
    COUNT_BY_OWNER,
    HAPPEN,
    OPEN_AGAIN,
    SELECT,
    each_row,
    insertion,
    open_values,
    raw_cursor,
)
from pokea.operations.store import Payment, wide_row
from pokea.payments.limits import PromptLimit
from pokea.storage.tables import payments

LIVE_ON_BOOKING: Final = f"{SELECT} o.is_locking and o.booking_id = ?"
LIVE_ON_PHONE: Final = f"{SELECT} o.is_locking and o.merchant_id = ? and o.msisdn = ?"
BOOKING: Final = f"select {', '.join(Booking._fields)} from bookings where id = ?"
COUNT_PROMPTS: Final = (
    "select count(*), min(created_at) from (select created_at from payments where merchant_id = ? and created_at > ?"
    "{same} order by created_at desc limit ?)"
)
MAKE: Final = f"{insertion(payments)} on conflict do nothing"
OPEN_NEW: Final = f"{OPEN_AGAIN} on conflict do nothing"


def lock_conflicting(connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
    """The payments that these would meet, and themselves as far as they are made, in the order of their ids."""
    cursor = raw_cursor(connection)
    found: dict[str, Payment] = {}
    for statement, keys in (
        (BY_ID, [(each.id,) for each in requested]),
        (LIVE_ON_BOOKING, [(each.booking_id,) for each in requested]),
        (LIVE_ON_PHONE, [(each.merchant_id, each.msisdn) for each in requested]),
    ):
        found.update((row[0], Payment._make(row)) for row in each_row(cursor, statement, keys))
    return [found[payment_id] for payment_id in sorted(found)]


def lock_bookings(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids."""
    rows = each_row(raw_cursor(connection), BOOKING, [(each,) for each in sorted(booking_ids)])
    return {row[0]: Booking._make(row) for row in rows}


def count_prompts(
    connection: Connection, limits: Sequence[PromptLimit], now: Instant
) -> dict[str, tuple[int, Instant | None]]:
    """The prompts behind each limit, and the oldest of them."""
    cursor = raw_cursor(connection)
    found = {}
    for limit in limits:
        same = {"msisdn": limit.msisdn, "owner": limit.owner}
        named = {column: value for column, value in same.items() if value is not None}
        statement = COUNT_PROMPTS.format(same="".join(f" and {column} = ?" for column in named))
        values = (limit.merchant_id, now - limit.window, *named.values(), limit.most)
        found[limit.name] = cursor.execute(statement, values).fetchone()
    return found


def make(connection: Connection, requested: Sequence[Payment]) -> set[str]:
    """Insert and count the payments that no live one is in the way of; answers their ids."""
    cursor = raw_cursor(connection)
    made = []
    for payment in requested:
        if cursor.execute(OPEN_NEW, open_values(payment)).rowcount:
            cursor.execute(MAKE, tuple(wide_row(payment)[name] for name in _WIDE))
            made.append(payment)
    counts = deltas((None, payment) for payment in made)
    cursor.executemany(COUNT_BY_OWNER, counts.owners)
    cursor.executemany(COUNT, counts.counters)
    cursor.executemany(HAPPEN, [astuple(event_of(payment, CREATED, payment.created_at)) for payment in made])
    return {payment.id for payment in made}


_WIDE: Final = tuple(column.name for column in payments.columns)
