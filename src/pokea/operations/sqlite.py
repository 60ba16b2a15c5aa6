"""The steps of a settle and of a reserve on SQLite: the same as on PostgreSQL, row by row.

A statement costs no round trip there, only its own work, once it is prepared; so each is one text, and the rows go
straight to the driver. Nobody else writes while a transaction does, so nothing needs to be locked.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, cast

from msgspec.structs import astuple
from sqlalchemy import Connection, Table

from pokea.analytics.counting import deltas
from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.bookings.store import Booking
from pokea.operations.changes import DERIVED, ChangeSet, LockedParents
from pokea.operations.store import KNOWN_COLUMNS, Known, Payment, known_of
from pokea.storage.tables import counter_deltas, evidence, outbox, owner_deltas, payments, postings


def _insertion(table: Table) -> str:
    names = [column.name for column in table.columns]
    return f"insert into {table.name} ({', '.join(names)}) values ({', '.join('?' * len(names))})"


_PAYMENT: Final = f"select {', '.join(Payment._fields)} from payments where"
BY_ID: Final = f"{_PAYMENT} id = ?"
BY_DIGEST: Final = f"{_PAYMENT} callback_digest = ?"
BY_CHECKOUT: Final = f"{_PAYMENT} request_id = ?"
LIVE_ON_BOOKING: Final = f"{_PAYMENT} is_locking and booking_id = ?"
LIVE_ON_PHONE: Final = f"{_PAYMENT} is_locking and msisdn = ?"
BOOKING: Final = f"select {', '.join(Booking._fields)} from bookings where id = ?"
MAKE: Final = f"{_insertion(payments)} on conflict do nothing"
READ: Final = f"select {', '.join(KNOWN_COLUMNS)} from evidence where payment_id = ?"
"""Read the evidence of a payment."""
OWN: Final = "insert into receipts (receipt, payment_id) values (?, ?) on conflict do nothing"
OWNER: Final = "select receipt, payment_id from receipts where receipt = ?"
FEE: Final = "select id, fee_status from bookings where id = ?"
TELL: Final = f"{_insertion(evidence)} on conflict do nothing"
APPLY: Final = "update evidence set applied = true where payment_id = ? and id = ?"
"""Note that a piece which was stored before is in its payment's row now."""
HOLD: Final = (
    f"update bookings set status = '{STATUS_OF_FEE[FeeStatus.HELD]}', fee_status = 'held', fee_payment_id = ?, "
    "paid_at = ? where id = ? and fee_status = 'unpaid'"
)
SETTLE: Final = f"update payments set {', '.join(f'{name} = ?' for name in DERIVED)} where id = ?"
"""Write what follows from a payment's evidence into its row."""
POST: Final = f"{_insertion(postings)} on conflict do nothing"
HAPPEN: Final = f"{_insertion(outbox)} on conflict do nothing"
COUNT_BY_OWNER: Final = _insertion(owner_deltas)
COUNT: Final = _insertion(counter_deltas)

_following = itemgetter(*(Payment._fields.index(name) for name in (*DERIVED, "id")))


def _cursor(connection: Connection) -> sqlite3.Cursor:
    return cast(sqlite3.Cursor, connection.connection.cursor())


def lock(
    connection: Connection, ids: Collection[str], digests: Collection[bytes], checkouts: Collection[str]
) -> dict[str, Payment]:
    """The payments that are named so, in the order of their ids."""
    cursor = _cursor(connection)
    found: dict[str, Payment] = {}
    for statement, keys in ((BY_DIGEST, digests), (BY_ID, ids), (BY_CHECKOUT, checkouts)):
        for row in _each(cursor, statement, keys):
            found.setdefault(row[0], Payment._make(row))
    return dict(sorted(found.items()))


def evidence_of(connection: Connection, payment_ids: Collection[str]) -> Known:
    """All evidence of these payments."""
    return known_of(_each(_cursor(connection), READ, payment_ids))


def own(connection: Connection, wanted: Mapping[str, str], booking_ids: Collection[str]) -> LockedParents:
    """Own the receipts that are free, and read how the fees stand; `wanted` says which payment wants a receipt."""
    cursor = _cursor(connection)
    cursor.executemany(OWN, wanted.items())
    return LockedParents(dict(_each(cursor, OWNER, wanted)), dict(_each(cursor, FEE, booking_ids)))


def write(connection: Connection, writes: ChangeSet) -> int:
    """Write it all; answers how many of the fees were unpaid and are held now."""
    cursor = _cursor(connection)
    cursor.executemany(TELL, [(*astuple(piece), True) for piece in writes.evidence])
    cursor.executemany(TELL, [(*astuple(piece), False) for piece in writes.disputes])
    cursor.executemany(APPLY, writes.applied)
    held = 0
    if writes.held:
        cursor.executemany(HOLD, [(each.payment_id, each.paid_at, each.booking_id) for each in writes.held])
        held = cursor.rowcount
    cursor.executemany(SETTLE, map(_following, writes.payments))
    cursor.executemany(POST, map(astuple, writes.postings))
    cursor.executemany(COUNT_BY_OWNER, writes.counts.owners)
    cursor.executemany(COUNT, writes.counts.counters)
    cursor.executemany(HAPPEN, map(astuple, writes.events))
    return held


def lock_conflicting(connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
    """The payments that these would meet, and themselves as far as they are made, in the order of their ids."""
    cursor = _cursor(connection)
    found: dict[str, Payment] = {}
    for statement, column in ((BY_ID, "id"), (LIVE_ON_BOOKING, "booking_id"), (LIVE_ON_PHONE, "msisdn")):
        rows = _each(cursor, statement, [getattr(payment, column) for payment in requested])
        found.update((row[0], Payment._make(row)) for row in rows)
    return [found[payment_id] for payment_id in sorted(found)]


def lock_bookings(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids."""
    return {row[0]: Booking._make(row) for row in _each(_cursor(connection), BOOKING, sorted(booking_ids))}


def make(connection: Connection, requested: Sequence[Payment]) -> set[str]:
    """Insert and count the payments that no is_locking one is in the way of; answers their ids."""
    cursor = _cursor(connection)
    made = [payment for payment in requested if cursor.execute(MAKE, payment).rowcount]
    counts = deltas((None, payment) for payment in made)
    cursor.executemany(COUNT_BY_OWNER, counts.owners)
    cursor.executemany(COUNT, counts.counters)
    return {payment.id for payment in made}


def _each(cursor: sqlite3.Cursor, statement: str, keys: Iterable[Any]) -> Iterable[tuple[Any, ...]]:
    for key in keys:
        yield from cursor.execute(statement, (key,)).fetchall()
