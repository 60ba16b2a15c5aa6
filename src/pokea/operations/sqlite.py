"""The statements of a settle on SQLite: the same as on PostgreSQL, row by row.

A statement costs no round trip there, only its own work, once it is prepared; so each is one text, and the rows go
straight to the driver. SQLite has one writer at a time, so nothing needs to be locked.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, cast

from msgspec.structs import astuple
from sqlalchemy import Connection, Table

from pokea.operations.changes import ChangeSet
from pokea.operations.flow import LockedParents
from pokea.operations.store import COLUMNS_TEXT, KNOWN_COLUMNS, OPEN, Known, Payment, known_of
from pokea.storage.column_marks import DERIVED, SCHEDULE, columns_of
from pokea.storage.tables import counter_deltas, evidence, open_payments, outbox, owner_deltas, payments, postings


def insertion(table: Table) -> str:
    """Insert a row of a table, its columns in their order."""
    names = [column.name for column in table.columns]
    return f"insert into {table.name} ({', '.join(names)}) values ({', '.join('?' * len(names))})"


_WIDE: Final = columns_of(payments, DERIVED)
_SCHEDULE: Final = ("status", "request_id", *columns_of(open_payments, SCHEDULE))
SELECT: Final = f"select {COLUMNS_TEXT} from payments p left join open_payments o on o.id = p.id where"
BY_ID: Final = f"{SELECT} p.id = ?"
BY_DIGEST: Final = f"{SELECT} p.callback_digest = ?"
BY_REQUEST: Final = (
    f"{SELECT} p.id in (select operation_id from evidence where request_id = ? and source = 'push_accepted')"
)
READ: Final = f"select {', '.join(KNOWN_COLUMNS)} from evidence where operation_id = ?"
"""Read the evidence of a payment."""
OWN: Final = "insert into receipts (merchant_id, receipt, operation_id) values (?, ?, ?) on conflict do nothing"
OWNER: Final = "select receipt, operation_id from receipts where merchant_id = ? and receipt = ?"
FEE: Final = "select id, fee_status from bookings where id = ?"
KEEP: Final = f"{insertion(evidence)} on conflict do nothing"
APPLY: Final = "update evidence set applied = true where operation_id = ? and id = ?"
"""Note that evidence which was stored before is in its payment's row now."""
MOVE: Final = (
    "update bookings set status = ?, fee_status = ?, fee_payment_id = ?, paid_at = ?, version = version + 1 "
    "where id = ? and fee_status = ?"
)
SETTLE: Final = f"update payments set {', '.join(f'{name} = ?' for name in _WIDE)} where id = ?"
"""Write what follows from a payment's evidence into its wide row."""
OPEN_AGAIN: Final = insertion(open_payments)
STAY_OPEN: Final = (
    f"{OPEN_AGAIN} on conflict (id) do update set {', '.join(f'{name} = excluded.{name}' for name in _SCHEDULE)}"
)
CLOSE: Final = "delete from open_payments where id = ?"
FLAG: Final = "insert into flags (operation_id, flag, raised_at) values (?, ?, ?) on conflict do nothing"
POST: Final = f"{insertion(postings)} on conflict do nothing"
HAPPEN: Final = insertion(outbox)
HAPPEN_TO_BOOKING: Final = (
    "insert into outbox (object_id, version, merchant_id, type, created_at, data) "
    "select id, version, merchant_id, ?, ?, ? from bookings where id = ?"
)
COUNT_BY_OWNER: Final = insertion(owner_deltas)
COUNT: Final = insertion(counter_deltas)

_wide = itemgetter(*(Payment._fields.index(name) for name in (*_WIDE, "id")))
open_values = itemgetter(*(Payment._fields.index(name) for name in OPEN))
"""The values of a payment's open row, in the order of the table's columns."""


def raw_cursor(connection: Connection) -> sqlite3.Cursor:
    """A cursor of the driver's own."""
    return cast(sqlite3.Cursor, connection.connection.cursor())


def lock(
    connection: Connection, ids: Collection[str], digests: Collection[bytes], requests: Collection[str]
) -> dict[str, Payment]:
    """The payments that are named so, in the order of their ids."""
    cursor = raw_cursor(connection)
    found: dict[str, Payment] = {}
    for statement, keys in ((BY_DIGEST, digests), (BY_ID, ids), (BY_REQUEST, requests)):
        for row in each_row(cursor, statement, [(key,) for key in keys]):
            found.setdefault(row[0], Payment._make(row))
    return dict(sorted(found.items()))


def evidence_of(connection: Connection, payment_ids: Collection[str]) -> Known:
    """All evidence of these payments."""
    return known_of(each_row(raw_cursor(connection), READ, [(each,) for each in payment_ids]))


def own(connection: Connection, wanted: Mapping[str, Payment], booking_ids: Collection[str]) -> LockedParents:
    """Own the receipts that are free, and read how the fees stand; `wanted` says which payment wants a receipt."""
    cursor = raw_cursor(connection)
    cursor.executemany(OWN, [(each.merchant_id, receipt, each.id) for receipt, each in wanted.items()])
    owners = each_row(cursor, OWNER, [(each.merchant_id, receipt) for receipt, each in wanted.items()])
    return LockedParents(dict(owners), dict(each_row(cursor, FEE, [(each,) for each in booking_ids])))


def write(connection: Connection, changes: ChangeSet) -> int:
    """Write it all; answers how many of the transitions were made."""
    cursor = raw_cursor(connection)
    cursor.executemany(KEEP, [(*astuple(item), True) for item in changes.evidence])
    cursor.executemany(KEEP, [(*astuple(item), False) for item in changes.disputes])
    cursor.executemany(APPLY, changes.applied)
    moved = 0
    if changes.transitions:
        rows = [
            (each.status, each.after, each.payment_id, each.paid_at, each.booking_id, each.before)
            for each in changes.transitions
        ]
        cursor.executemany(MOVE, rows)
        moved = cursor.rowcount
        happened = [(each.event, each.paid_at, each.data, each.booking_id) for each in changes.transitions]
        cursor.executemany(HAPPEN_TO_BOOKING, happened)
    cursor.executemany(SETTLE, map(_wide, changes.changed))
    cursor.executemany(STAY_OPEN, map(open_values, changes.opened))
    cursor.executemany(CLOSE, [(each,) for each in changes.closed])
    cursor.executemany(FLAG, map(astuple, changes.flags))
    cursor.executemany(POST, map(astuple, changes.postings))
    cursor.executemany(COUNT_BY_OWNER, changes.counts.owners)
    cursor.executemany(COUNT, changes.counts.counters)
    cursor.executemany(HAPPEN, map(astuple, changes.events))
    return moved


def each_row(cursor: sqlite3.Cursor, statement: str, keys: Iterable[Sequence[Any]]) -> Iterable[tuple[Any, ...]]:
    """The rows that a statement finds for each key, one after the other."""
    for key in keys:
        yield from cursor.execute(statement, key).fetchall()
