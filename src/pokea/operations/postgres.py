"""The statements of a settle on PostgreSQL, one round trip a step whatever the size of the batch.

Plain SQL, because what is built and sent row by row costs more than PostgreSQL needs to do it (docs/decisions/0005).
"""

from collections.abc import Collection, Mapping
from operator import itemgetter
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from pokea.operations.changes import ChangeSet
from pokea.operations.evidence import Evidence
from pokea.operations.flow import LockedParents
from pokea.operations.store import COLUMNS_TEXT, KNOWN_COLUMNS, OPEN, Known, Payment, known_of
from pokea.storage.column_marks import DERIVED, SCHEDULE, columns_of
from pokea.storage.json_rows import each_of, insertion, rows_of, run_text, to_json
from pokea.storage.tables import (
    counter_deltas,
    evidence,
    flags,
    open_payments,
    outbox,
    owner_deltas,
    payments,
    postings,
)

_EVIDENCE = Evidence.__struct_fields__
_WIDE_KEY: Final = ("id", *columns_of(payments, DERIVED))
_SCHEDULE: Final = ("status", "request_id", *columns_of(open_payments, SCHEDULE))

LOCK: Final = f"""
with locked as materialized (
    select * from payments where id = any(array(
        select {each_of("ids")}
        union select id from payments where callback_digest = any(array(select decode({each_of("digests")}, 'hex')))
        union select operation_id from evidence where source = 'push_accepted'
            and request_id = any(array(select {each_of("requests")}))
    )) order by id for update
),
opened as materialized (
    select * from open_payments where id = any(array(select id from locked)) order by id for update
)
select {COLUMNS_TEXT} from locked p left join opened o on o.id = p.id order by p.id
"""
"""Lock the payments that are named by id, by the digest of a callback token, or by Daraja's id, in the order of ids.

The open rows are locked as well: a lock reads the row as the last transaction has left it, a plain join would read it
as it was when this statement began.
"""

READ: Final = f"""
select {", ".join(KNOWN_COLUMNS)} from evidence where operation_id = any(array(select {each_of("ids")}))
"""
"""Read the evidence of payments, after they are locked: a statement does not see what it waited for."""

OWN: Final = f"""
with wanted as materialized (
    select * from json_to_recordset(%(wanted)s::json) as given(merchant_id integer, receipt text, operation_id text)
),
fresh as (
    insert into receipts (merchant_id, receipt, operation_id) select merchant_id, receipt, operation_id from wanted
    order by merchant_id, receipt on conflict do nothing returning receipt, operation_id
),
fees as (
    select id, fee_status from bookings where id = any(array(select {each_of("bookings")})) order by id for update
)
select true, receipt, operation_id from fresh
union all select true, receipt, operation_id from receipts
    where merchant_id = any(array(select merchant_id from wanted)) and receipt = any(array(select receipt from wanted))
union all select false, id, fee_status from fees
"""
"""Give each receipt that is free to the operation that wants it, then lock bookings in the order of their ids."""

OWNERS: Final = """
with wanted as materialized (
    select * from json_to_recordset(%(wanted)s::json) as given(merchant_id integer, receipt text)
)
select receipt, operation_id from receipts
where merchant_id = any(array(select merchant_id from wanted)) and receipt = any(array(select receipt from wanted))
"""
"""Read the owners of receipts that another transaction took while OWN waited for it."""

WRITE: Final = f"""
with kept as ({insertion("evidence", evidence)} on conflict do nothing),
given as materialized (
    select * from json_to_recordset(%(transitions)s::json)
        as given(booking_id text, before text, after text, status text, payment_id text, paid_at bigint, event text,
            data text)
),
moved as (
    update bookings set status = given.status, fee_status = given.after, fee_payment_id = given.payment_id,
        paid_at = given.paid_at, version = bookings.version + 1
    from given where bookings.id = given.booking_id and bookings.id = any(array(select booking_id from given))
        and bookings.fee_status = given.before
    returning bookings.id, bookings.version, bookings.merchant_id, given.event, given.paid_at, given.data
),
changed as materialized (select * from {rows_of("changed", payments, _WIDE_KEY)}),
settled as (
    update payments set {", ".join(f"{name} = changed.{name}" for name in _WIDE_KEY[1:])}
    from changed where payments.id = changed.id and payments.id = any(array(select id from changed))
),
opened as materialized (select * from {rows_of("opened", open_payments, OPEN)}),
still_open as (
    update open_payments set {", ".join(f"{name} = opened.{name}" for name in _SCHEDULE)}
    from opened where open_payments.id = opened.id and open_payments.id = any(array(select id from opened))
    returning open_payments.id
),
opened_again as (
    insert into open_payments ({", ".join(OPEN)}) select {", ".join(OPEN)} from opened
    where not exists (select 1 from open_payments where open_payments.id = opened.id)
),
closed as (delete from open_payments where id = any(array(select {each_of("closed")}))),
flagged as ({insertion("flags", flags, "operation_id", "flag", "raised_at")} on conflict do nothing),
posted as ({insertion("postings", postings)} on conflict do nothing),
counted_by_owner as ({insertion("owners", owner_deltas)}),
counted as ({insertion("counters", counter_deltas)}),
happened as ({insertion("events", outbox)}),
happened_to_bookings as (
    insert into outbox (object_id, version, merchant_id, type, created_at, data) select * from moved
)
select count(*) from moved
"""
"""Write all that a batch leaves behind; answers how many fees have changed as was decided."""

APPLY: Final = """
update evidence set applied = true
from json_to_recordset(%(keys)s::json) as given(operation_id text, id text)
where evidence.operation_id = given.operation_id and evidence.id = given.id
"""
"""Note that evidence which was stored before is in its operation's row now."""

_Wide = msgspec.defstruct("_Wide", [(name, Any, None) for name in _WIDE_KEY], omit_defaults=True)
_wide = itemgetter(*(Payment._fields.index(name) for name in _WIDE_KEY))
_Open = msgspec.defstruct("_Open", [(name, Any, None) for name in OPEN], omit_defaults=True)
_open = itemgetter(*(Payment._fields.index(name) for name in OPEN))
_Item = msgspec.defstruct("_Item", [(name, Any, None) for name in (*_EVIDENCE, "applied")], omit_defaults=True)


def lock(
    connection: Connection, ids: Collection[str], digests: Collection[bytes], requests: Collection[str]
) -> dict[str, Payment]:
    """The payments that are named so, locked in the order of their ids until the transaction ends."""
    given = {
        "ids": to_json(sorted(ids)),
        "digests": to_json([digest.hex() for digest in digests]),
        "requests": to_json(list(requests)),
    }
    return {row[0]: Payment._make(row) for row in run_text(connection, LOCK, given)}


def evidence_of(connection: Connection, payment_ids: Collection[str]) -> Known:
    """All evidence of these payments, which are locked."""
    return known_of(run_text(connection, READ, {"ids": to_json(list(payment_ids))}))


def own(connection: Connection, wanted: Mapping[str, Payment], booking_ids: Collection[str]) -> LockedParents:
    """Own the receipts that are free, and lock the bookings; `wanted` says which payment wants a receipt."""
    rows = [
        {"merchant_id": each.merchant_id, "receipt": receipt, "operation_id": each.id}
        for receipt, each in wanted.items()
    ]
    owned = LockedParents({}, {})
    given = {"wanted": to_json(rows), "bookings": to_json(sorted(booking_ids))}
    for is_receipt, key, value in run_text(connection, OWN, given):
        (owned.receipts if is_receipt else owned.fees)[key] = value
    missing = [row for row in rows if row["receipt"] not in owned.receipts]
    if missing:
        owned.receipts.update(run_text(connection, OWNERS, {"wanted": to_json(missing)}))
    return owned


def write(connection: Connection, changes: ChangeSet) -> int:
    """Write it all; answers how many of the transitions were made."""
    if changes.applied:
        keys = [{"operation_id": operation_id, "id": item_id} for operation_id, item_id in changes.applied]
        run_text(connection, APPLY, {"keys": to_json(keys)})
    items = [_Item(*msgspec.structs.astuple(item), True) for item in changes.evidence]
    items.extend(_Item(*msgspec.structs.astuple(item), False) for item in changes.disputes)
    given = {
        "evidence": to_json(items),
        "transitions": to_json(changes.transitions),
        "changed": to_json([_Wide(*_wide(payment)) for payment in changes.changed]),
        "opened": to_json([_Open(*_open(payment)) for payment in changes.opened]),
        "closed": to_json(changes.closed),
        "flags": to_json(changes.flags),
        "postings": to_json(changes.postings),
        "owners": to_json([row._asdict() for row in changes.counts.owners]),
        "counters": to_json([row._asdict() for row in changes.counts.counters]),
        "events": to_json(changes.events),
    }
    row = run_text(connection, WRITE, given).fetchone()
    return int(row[0]) if row is not None else 0
