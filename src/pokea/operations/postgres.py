"""The statements of a settle and of a reserve on PostgreSQL, one round trip a step whatever the size of the batch.

Plain SQL, because what is built and sent row by row costs more than PostgreSQL needs to do it (docs/decisions/0005).
Sets of rows travel as one JSON text each: msgspec writes it in a microsecond a row, an array a column takes twelve.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, cast

import msgspec
import psycopg
from sqlalchemy import Column, Connection, LargeBinary, Table

from pokea.analytics.counting import STATUSES, deltas
from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.bookings.store import Booking
from pokea.operations.changes import DERIVED, ChangeSet, LockedParents
from pokea.operations.evidence import Evidence
from pokea.operations.store import KNOWN_COLUMNS, Known, Payment, known_of
from pokea.storage.tables import (
    counter_deltas,
    evidence,
    outbox,
    owner_deltas,
    payments,
    postings,
)

_TYPES: Final = {"BIGINT": "bigint", "INTEGER": "integer", "TEXT": "text", "BOOLEAN": "boolean", "BLOB": "text"}


def _each(parameter: str) -> str:
    """Each text of a parameter's JSON list. Inside `any(array(...))` it is looked up by an index, whatever the planner
    thinks of the table's size."""
    return f"json_array_elements_text(%({parameter})s::json)"


def _rows(parameter: str, table: Table, names: Sequence[str], *more: str) -> str:
    """A parameter's JSON as rows with these columns of a table, and more of text; bytes are text in base64."""
    columns = [f"{name} {_TYPES[str(table.c[name].type)]}" for name in names] + [f"{name} text" for name in more]
    return f"json_to_recordset(%({parameter})s::json) as given({', '.join(columns)})"


def _insertion(parameter: str, table: Table) -> str:
    names = [column.name for column in table.columns]
    values = ", ".join(_value(column) for column in table.columns)
    return f"insert into {table.name} ({', '.join(names)}) select {values} from {_rows(parameter, table, names)}"


def _value(column: Column[Any]) -> str:
    return f"decode({column.name}, 'base64')" if isinstance(column.type, LargeBinary) else column.name


def _counting(parameter: str, table: Table) -> str:
    """Add up the deltas of those payments that were made."""
    names = [column.name for column in table.columns]
    key = [name for name in names if name not in _COUNTED]
    sums = ", ".join(f"sum({name})" if name in _COUNTED else name for name in names)
    rows = _rows(parameter, table, names, "payment_id")
    joined = f"select {sums} from {rows} join made on made.id = payment_id group by {', '.join(key)}"
    return f"insert into {table.name} ({', '.join(names)}) {joined}"


_COUNTED: Final = (*STATUSES, "amount")
_EVIDENCE = Evidence.__struct_fields__
_KEY = ("id", *DERIVED)

LOCK: Final = f"""
select {", ".join(Payment._fields)} from payments where id = any(array(
    select {_each("ids")}
    union select id from payments where callback_digest = any(array(select decode({_each("digests")}, 'hex')))
    union select id from payments where request_id = any(array(select {_each("checkouts")}))
)) order by id for update
"""
"""Lock the payments that are named by id, by the digest of a callback token, or by Daraja's id, in the order of ids."""

READ: Final = f"""
select {", ".join(KNOWN_COLUMNS)} from evidence where payment_id = any(array(select {_each("ids")}))
"""
"""Read the evidence of payments, after they are locked: a statement does not see what it waited for."""

OWN: Final = f"""
with wanted as materialized (select * from json_to_recordset(%(wanted)s::json) as given(receipt text, payment_id text)),
fresh as (
    insert into receipts (receipt, payment_id) select receipt, payment_id from wanted order by receipt
    on conflict do nothing returning receipt, payment_id
),
fees as (
    select id, fee_status from bookings where id = any(array(select {_each("bookings")})) order by id for update
)
select true, receipt, payment_id from fresh
union all select true, receipt, payment_id from receipts where receipt = any(array(select receipt from wanted))
union all select false, id, fee_status from fees
"""
"""Give each receipt that is free to who wants it, then lock bookings in the order of their ids."""

OWNERS: Final = f"select receipt, payment_id from receipts where receipt = any(array(select {_each('receipts')}))"
"""Read who owns receipts that another transaction took while OWN waited for it."""

WRITE: Final = f"""
with told as ({_insertion("evidence", evidence)} on conflict do nothing),
paid as materialized (
    select * from json_to_recordset(%(held)s::json) as given(booking_id text, payment_id text, paid_at bigint)
),
held as (
    update bookings set status = '{STATUS_OF_FEE[FeeStatus.HELD]}', fee_status = 'held',
        fee_payment_id = paid.payment_id, paid_at = paid.paid_at
    from paid where bookings.id = paid.booking_id and bookings.id = any(array(select booking_id from paid))
        and fee_status = 'unpaid'
    returning 1
),
changed as materialized (select * from {_rows("payments", payments, _KEY)}),
settled as (
    update payments set {", ".join(f"{name} = changed.{name}" for name in DERIVED)}
    from changed where payments.id = changed.id and payments.id = any(array(select id from changed))
),
posted as ({_insertion("postings", postings)} on conflict do nothing),
counted_by_owner as ({_insertion("owners", owner_deltas)}),
counted as ({_insertion("counters", counter_deltas)}),
happened as ({_insertion("events", outbox)} on conflict do nothing)
select count(*) from held
"""
"""Write all that a batch leaves behind; answers how many fees are held that were unpaid."""

APPLY: Final = """
update evidence set applied = true
from json_to_recordset(%(keys)s::json) as given(payment_id text, id text)
where evidence.payment_id = given.payment_id and evidence.id = given.id
"""
"""Note that pieces which were stored before are in their payments' rows now."""

LOCK_MET: Final = f"""
select {", ".join(Payment._fields)} from payments where id = any(array(
    select {_each("ids")}
    union select id from payments where is_locking and booking_id = any(array(select {_each("bookings")}))
    union select id from payments where is_locking and msisdn = any(array(select {_each("phones")}))
)) order by id for update
"""
"""Lock the payments that others would meet on their bookings and phones, and those others, in the order of ids."""

LOCK_BOOKINGS: Final = f"""
select {", ".join(Booking._fields)} from bookings where id = any(array(select {_each("bookings")})) order by id
for update
"""
"""Lock bookings in the order of their ids."""

MAKE: Final = f"""
with made as ({_insertion("payments", payments)} order by msisdn on conflict do nothing returning id),
counted_by_owner as ({_counting("owners", owner_deltas)}),
counted as ({_counting("counters", counter_deltas)})
select id from made
"""
"""Insert the payments that nothing is in the way of, in the order of their phones, so that two of these never wait for
each other in a circle; and count them."""

_Following = msgspec.defstruct("_Following", [(name, Any, None) for name in _KEY], omit_defaults=True)
_following = itemgetter(*(Payment._fields.index(name) for name in _KEY))
_Piece = msgspec.defstruct("_Piece", [(name, Any, None) for name in (*_EVIDENCE, "applied")], omit_defaults=True)


def _json(rows: Iterable[Any]) -> str:
    return msgspec.json.encode(rows).decode()


def _execute(connection: Connection, statement: str, given: Mapping[str, str]) -> psycopg.Cursor[Any]:
    """The rows of a statement, straight from the driver: what SQLAlchemy adds to a statement costs as much again."""
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return raw.execute(statement.encode(), given)


def lock(
    connection: Connection, ids: Collection[str], digests: Collection[bytes], checkouts: Collection[str]
) -> dict[str, Payment]:
    """The payments that are named so, locked in the order of their ids until the transaction ends."""
    given = {
        "ids": _json(sorted(ids)),
        "digests": _json([digest.hex() for digest in digests]),
        "checkouts": _json(list(checkouts)),
    }
    return {row[0]: Payment._make(row) for row in _execute(connection, LOCK, given)}


def evidence_of(connection: Connection, payment_ids: Collection[str]) -> Known:
    """All evidence of these payments, which are locked."""
    return known_of(_execute(connection, READ, {"ids": _json(list(payment_ids))}))


def own(connection: Connection, wanted: Mapping[str, str], booking_ids: Collection[str]) -> LockedParents:
    """Own the receipts that are free, and lock the bookings; `wanted` says which payment wants a receipt."""
    given = {
        "wanted": _json([{"receipt": receipt, "payment_id": payment_id} for receipt, payment_id in wanted.items()]),
        "bookings": _json(sorted(booking_ids)),
    }
    owned = LockedParents({}, {})
    for is_receipt, key, value in _execute(connection, OWN, given):
        (owned.receipts if is_receipt else owned.fees)[key] = value
    missing = [receipt for receipt in wanted if receipt not in owned.receipts]
    if missing:
        owned.receipts.update(_execute(connection, OWNERS, {"receipts": _json(missing)}))
    return owned


def write(connection: Connection, writes: ChangeSet) -> int:
    """Write it all; answers how many of the fees were unpaid and are held now."""
    if writes.applied:
        keys = [{"payment_id": payment_id, "id": piece_id} for payment_id, piece_id in writes.applied]
        _execute(connection, APPLY, {"keys": _json(keys)})
    pieces = [_Piece(*msgspec.structs.astuple(piece), True) for piece in writes.evidence]
    pieces.extend(_Piece(*msgspec.structs.astuple(piece), False) for piece in writes.disputes)
    given = {
        "evidence": _json(pieces),
        "held": _json(writes.held),
        "payments": _json([_Following(*_following(payment)) for payment in writes.payments]),
        "postings": _json(writes.postings),
        "owners": _json([row._asdict() for row in writes.counts.owners]),
        "counters": _json([row._asdict() for row in writes.counts.counters]),
        "events": _json(writes.events),
    }
    row = _execute(connection, WRITE, given).fetchone()
    return int(row[0]) if row is not None else 0


def lock_conflicting(connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
    """The payments that these would meet, and themselves as far as they are made, locked in the order of their ids."""
    given = {
        "ids": _json([payment.id for payment in requested]),
        "bookings": _json([payment.booking_id for payment in requested]),
        "phones": _json([payment.msisdn for payment in requested]),
    }
    return list(map(Payment._make, _execute(connection, LOCK_MET, given)))


def lock_bookings(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids, locked in the order of their ids."""
    rows = _execute(connection, LOCK_BOOKINGS, {"bookings": _json(list(booking_ids))})
    return {row[0]: Booking._make(row) for row in rows}


def make(connection: Connection, requested: Sequence[Payment]) -> set[str]:
    """Insert and count the payments that no is_locking one is in the way of; answers their ids."""
    if not requested:
        return set()
    counts = [(payment.id, deltas([(None, payment)])) for payment in requested]
    given = {
        "payments": _json([payment._asdict() for payment in requested]),
        "owners": _json([{"payment_id": each, **row._asdict()} for each, added in counts for row in added.owners]),
        "counters": _json([{"payment_id": each, **row._asdict()} for each, added in counts for row in added.counters]),
    }
    return {row[0] for row in _execute(connection, MAKE, given)}
