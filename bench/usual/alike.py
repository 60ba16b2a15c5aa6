"""What one settled callback leaves in Pokea's tables, so that who does the same work can be told from who does less."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Row, Select, Table, func, or_, select

from bench.made import Made, callback_request, payment_id
from pokea.api.callback_address import read_own_name
from pokea.clock import SystemClock
from pokea.daraja.callback import read_callback
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery
from pokea.operations.settle import settle
from pokea.operations.tokens import PaymentTokens
from pokea.payments.flow import PaymentFlow
from pokea.redact import Secret
from pokea.storage import tables
from tests.system.service.running import SECRET_KEY
from tests.system.service.world import on_database

Left: TypeAlias = dict[str, Any]
"""By table its rows of one payment; and by counter how much one payment adds to it."""
_OF_A_PAYMENT: Mapping[Table, Column[Any]] = {
    tables.payments: tables.payments.c.id,
    tables.open_payments: tables.open_payments.c.id,
    tables.bookings: tables.bookings.c.fee_payment_id,
    tables.evidence: tables.evidence.c.operation_id,
    tables.receipts: tables.receipts.c.operation_id,
    tables.postings: tables.postings.c.source_id,
}
_MOMENTS = {"expires_at"} | {
    column.name for table in (*_OF_A_PAYMENT, tables.outbox) for column in table.c if column.name.endswith("_at")
}


def settled_by_pokea(made: Made) -> Left:
    """Settle the first of the payments as the service does, by itself, and answer what that leaves."""
    tokens = PaymentTokens(Secret(SECRET_KEY))
    head, body = callback_request(made.first).split(b"\r\n\r\n", 1)
    reading = read_callback(body)
    assert reading is not None, body
    now = SystemClock().now()
    payment_id, token = read_own_name(head.split(b" ", 2)[1].decode().rsplit("/", 1)[1])
    delivery = Delivery(token, reading, body, now, payment_id)
    on_database(
        made.database_url, lambda connection: settle(connection, Batch(now, [delivery]), PaymentFlow(tokens.proves))
    )
    return left_by_settling(made)


def left_by_settling(made: Made) -> Left:
    """What the first of the payments has left, and what all that are completed have added to the counts, for each.

    Of a moment it matters only that there is one; how long a payment waited is in no two runs the same.
    """
    return on_database(made.database_url, lambda connection: _left(connection, payment_id(made.first)))


def _left(connection: Connection, identity: str) -> Left:
    left: Left = {}
    for table, column in _OF_A_PAYMENT.items():
        rows = connection.execute(select(table).where(column == identity).order_by(*table.primary_key))
        left[table.name] = [_without_moments(row) for row in rows]
    left["outbox"] = [_without_moments(row) for row in connection.execute(_events_of(identity))]
    completed = connection.execute(select(func.count()).where(tables.payments.c.status == "completed")).scalar_one()
    left["counts"] = {name: amount / completed for name, amount in _counted(connection).items()}
    return left


def _events_of(identity: str) -> Select[Any]:
    """The events of a payment and of its booking."""
    events, owner = tables.outbox.c, select(tables.payments.c.booking_id).where(tables.payments.c.id == identity)
    is_of_either = or_(events.object_id == identity, events.object_id.in_(owner))
    return select(tables.outbox).where(is_of_either).order_by(events.object_id, events.version)


def _without_moments(row: Row[Any]) -> dict[str, Any]:
    return {name: value is not None if name in _MOMENTS else value for name, value in row._mapping.items()}


def _counted(connection: Connection) -> Counter[str]:
    counted: Counter[str] = Counter()
    for name, amount in connection.execute(select(tables.counter_deltas.c.name, tables.counter_deltas.c.amount)):
        if name != "waited":
            counted[name.partition(":")[0] if name.startswith("wait:") else name] += amount
    statuses = ("initiated", "pending", "completed", "failed")
    for row in connection.execute(select(*(tables.owner_deltas.c[status] for status in statuses))):
        for status, amount in zip(statuses, row, strict=True):
            counted[f"owner's {status}"] += amount
    return counted
