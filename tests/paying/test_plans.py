"""However many payments there are, the worker's look reads those that it takes, each in the order of an index."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, insert, text

from pokea.payments import questions
from pokea.payments.asking import GIVE_UP
from pokea.storage import tables
from pokea.storage.database import Database
from tests.laws.tables import begin_with
from tests.paying.test_questions import NOW, claimed, waiting

STATEMENTS = {
    **questions.LANES,
    **{f"close {number}": each for number, each in enumerate(questions.TO_CLOSE)},
    "earliest": questions.EARLIEST,
}
COUNT = 20
MOST_MET = 1_000
"""Rows that a step may meet: a planner may take another index that leads it nearly straight to them."""


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A database in which of 20,000 payments every fifth waits, a few have failed, and the others are completed."""
    with database.engine.connect() as opened, opened.begin() as transaction:
        begin_with(opened, [], [])
        rows = [waiting(n, live=False, **_state(n)) for n in range(20_000)]
        rows += [claimed(number)._replace(live=False) for number in range(20_000, 20_100)]
        opened.execute(insert(tables.payments), [row._asdict() for row in rows])
        opened.execute(text("analyze"))
        yield opened
        transaction.rollback()


def _state(number: int) -> dict[str, Any]:
    if number % 5 == 0:
        return {}
    return {"status": "failed"} if number % 50 == 1 else {"status": "completed", "due_at": None}


def plan_of(connection: Connection, statement: Select[Any]) -> str:
    """What the database means to do, and, on PostgreSQL, how many rows each step met."""
    compiled = statement.compile(dialect=connection.dialect)
    values = compiled.params | {"now": NOW, "day_ago": NOW - GIVE_UP, "count": COUNT}
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql(
            f"explain query plan {compiled}", tuple(values[name] for name in compiled.positiontup or ())
        )
        return "\n".join(row[3] for row in found)
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"explain (analyze, costs off) {compiled}", values))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_look_reads_no_more_than_it_takes(connection: Connection, name: str) -> None:
    """No statement of a look goes through a table or sorts what is due: each walks along an index and stops."""
    plan = plan_of(connection, STATEMENTS[name])
    if connection.dialect.name == "sqlite":
        assert "SCAN payments" not in plan, plan
        assert "TEMP B-TREE FOR ORDER BY" not in plan, plan
    else:
        assert "Seq Scan" not in plan, plan
        met = [int(rows) for rows in re.findall(r"(?:actual|Removed by Filter:).*?(\d+)(?: loops|$)", plan, re.M)]
        assert max(itertools.chain(met, [0])) <= MOST_MET, plan
