"""What all tables say, for comparing two ways to the same end, and what must be true of them at any time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, delete, insert, select

from pokea.bookings.store import Booking
from pokea.operations.store import Payment, insert_payments
from pokea.storage import tables

TOLD: Final = (
    tables.payments,
    tables.open_payments,
    tables.flags,
    tables.bookings,
    tables.evidence,
    tables.receipts,
    tables.postings,
    tables.outbox,
    tables.idempotency_keys,
)
"""What a settle or a reservation leaves behind."""


def begin_with(connection: Connection, bookings: Iterable[Booking], payments: Iterable[Payment]) -> None:
    """Empty every table, then write these rows."""
    for table in tables.metadata.sorted_tables:
        if table not in (tables.schema_version, tables.merchants):
            connection.execute(delete(table))
    write(connection, tables.bookings, [booking._asdict() for booking in bookings])
    insert_payments(connection, list(payments))


def write(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows, if there are any."""
    if rows:
        connection.execute(insert(table), rows)


def contents(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, sorted."""
    return {table.name: sorted(map(tuple, rows_of(connection, table)), key=repr) for table in TOLD}


def rows_of(connection: Connection, table: Table) -> Sequence[Row[Any]]:
    """Every row of a table in the order of its key."""
    return connection.execute(select(table).order_by(*table.primary_key)).all()


def check_books(connection: Connection) -> None:
    """Postings balance in each payment, a fee is held at most once and by whom the booking says, a receipt is shown by
    the payment that owns it, and each visible change of a payment or a booking is one event."""
    balances: dict[str, int] = defaultdict(int)
    for posting in rows_of(connection, tables.postings):
        balances[posting.source_id] += posting.amount_cents
    assert not any(balances.values()), balances
    payments = rows_of(connection, tables.payments)
    assert {row.id for row in payments if row.disposition} == set(balances)
    assert {row.id for row in payments if row.status == "completed"} == set(balances)
    held = Counter(row.booking_id for row in payments if row.disposition == "held")
    assert not held or max(held.values()) == 1
    holders = {row.id: row.fee_payment_id for row in rows_of(connection, tables.bookings) if row.fee_status == "held"}
    assert holders == {row.booking_id: row.id for row in payments if row.disposition == "held"}
    owners = {row.receipt: row.operation_id for row in rows_of(connection, tables.receipts)}
    assert all(owners[row.receipt] == row.id for row in payments if row.receipt is not None)
    versions = defaultdict(list)
    for event in sorted(rows_of(connection, tables.outbox)):
        # A row that a test begins with was made without its first event.
        if event.version > 1:
            versions[event.object_id].append(event.version)
    changed = [row for row in [*payments, *rows_of(connection, tables.bookings)] if row.version > 1]
    assert {row.id: list(range(2, row.version + 1)) for row in changed} == dict(versions)
