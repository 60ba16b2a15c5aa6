"""However many payments there are, the worker's look reads those that it takes, each in the order of an index."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, event, insert, text

from pokea.clock import HOUR
from pokea.daraja.outcomes import Accepted
from pokea.operations import inquiry_queue, store
from pokea.operations.evidence import from_push
from pokea.operations.rules import STK_PUSH
from pokea.operations.store import insert_payments
from pokea.storage import tables
from pokea.storage.database import Database
from tests.operations.test_inquiry_queue import NOW, claimed, waiting
from tests.properties.tables import begin_with

STATEMENTS = {
    **inquiry_queue.LANES,
    **{f"close {number}": each for number, each in enumerate(inquiry_queue.TO_CLOSE)},
    "earliest": inquiry_queue.EARLIEST,
    "unapplied": store.UNAPPLIED,
}
COUNT = 20
MOST_MET = 1_000
"""Rows that a step may meet: a planner may take another index that leads it nearly straight to them."""


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A database in which of 20,000 payments every fifth waits, a few have failed, and the others are completed."""
    with database.engine.connect() as opened, opened.begin() as transaction:
        begin_with(opened, [], [])
        rows = [waiting(n, is_locking=False, **_state(n)) for n in range(20_000)]
        rows += [claimed(number)._replace(is_locking=False) for number in range(20_000, 20_100)]
        insert_payments(opened, rows)
        heard = [_heard(row.id, row.request_id or "") for row in rows]
        opened.execute(insert(tables.evidence), heard)
        opened.execute(text("analyze"))
        yield opened
        transaction.rollback()


def _state(number: int) -> dict[str, Any]:
    if number % 5 == 0:
        return {}
    return (
        {"status": "failed"} if number % 50 == 1 else {"status": "completed", "next_action_at": None, "is_open": False}
    )


def _heard(payment_id: str, request_id: str) -> dict[str, Any]:
    """That Daraja took the push, which is in the row already."""
    piece = from_push(payment_id, Accepted(request_id, "29115-34620561-1", ""), NOW)
    return {name: getattr(piece, name) for name in piece.__struct_fields__} | {"applied": True}


def plan_of(connection: Connection, statement: Select[Any]) -> str:
    """What the database means to do, and, on PostgreSQL, how many rows each step met."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, text: str, values: Any, *_more: Any) -> None:
        sent.append((text, values))

    event.listen(connection, "before_cursor_execute", keep)
    connection.execute(
        statement, {"now": NOW, "day_ago": NOW - STK_PUSH.give_up, "lately": NOW - 2 * HOUR, "count": COUNT}
    )
    event.remove(connection, "before_cursor_execute", keep)
    ((query, values),) = sent
    if connection.dialect.name == "sqlite":
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"explain query plan {query}", values))
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"explain (analyze, costs off) {query}", values))


def test_a_look_reads_no_more_than_it_takes(connection: Connection) -> None:
    """No statement of a look goes through a table or sorts what is due: each walks along an index and stops."""
    for name, statement in STATEMENTS.items():
        plan = f"{name}\n{plan_of(connection, statement)}"
        if connection.dialect.name == "sqlite":
            assert not re.search("SCAN (payments|open_payments|evidence)(?! USING INDEX evidence_unapplied)", plan), (
                plan
            )
            assert "TEMP B-TREE FOR ORDER BY" not in plan, plan
        else:
            assert not re.search("Seq Scan on (payments|open_payments|evidence)", plan), plan
            met = [int(rows) for rows in re.findall(r"(?:actual|Removed by Filter:).*?(\d+)(?: loops|$)", plan, re.M)]
            assert max(met, default=0) <= MOST_MET, plan
