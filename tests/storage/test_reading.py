"""The ways to read: one statement alone, a transaction, and one moment for several statements."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from pokea.errors import Unavailable
from pokea.storage.database import Database, open_database
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_new
from pokea.storage.tables import query_budget

_NAMES = select(query_budget.c.app).order_by(query_budget.c.app)
_LIMIT = text("select current_setting('statement_timeout')")


@pytest.fixture(params=["sessions of our own", "sessions of a pooler"])
def served(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[Database]:
    """A database of PostgreSQL, whose sessions keep what is set in them, or do not."""
    database = open_database(postgres_url, prepare=request.param == "sessions of our own")
    yield database
    database.close()


def add(connection: Connection, name: str) -> None:
    """A change: one more row."""
    insert_new(connection, query_budget, [{"app": name, "rate": 0.0, "tokens": 0.0, "filled_at": 0, "turn": 0}])


def names(connection: Connection) -> list[str]:
    """The rows there are."""
    return [row.app for row in fetch_all(connection, _NAMES)]


def test_each_way_finds_the_same(database: Database) -> None:
    """A row that was committed is found whichever way it is read, and by the next read after a read that failed."""

    def fail(connection: Connection) -> None:
        connection.execute(text("select nonsense"))

    async def holds() -> None:
        for number, read in enumerate((database.read, database.read_one, database.read_snapshot)):
            await database.write(add, f"app-{number}")
            assert await read(names) == [f"app-{each}" for each in range(number + 1)]
            with pytest.raises(DBAPIError):
                await read(fail)
            assert len(await read(names)) == number + 1

    asyncio.run(holds())


def test_a_connection_that_breaks_is_let_go_in_silence(served: Database, caplog: pytest.LogCaptureFixture) -> None:
    """However it is read: the read is refused, the log has no failure of ours, and the next read has a connection."""

    def cut(connection: Connection) -> list[str]:
        raw: Any = connection.connection.driver_connection
        with served.engine.connect() as other:
            other.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": raw.info.backend_pid})
        return names(connection)

    async def holds() -> None:
        for read in (served.read, served.read_one, served.read_snapshot):
            with pytest.raises(Unavailable):
                await read(cut)
            assert await read(names) == []

    asyncio.run(holds())
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_snapshot_is_of_one_moment(database: Database) -> None:
    """What is committed between two statements of a snapshot is not seen by the second."""
    committed = []

    def twice(connection: Connection) -> tuple[list[str], list[str]]:
        before = names(connection)
        with database.engine.begin() as other:
            add(other, "later")
        committed.append("later")
        return before, names(connection)

    assert asyncio.run(database.read_snapshot(twice)) == ([], [])
    assert asyncio.run(database.read(names)) == committed


def test_only_one_statement_alone_has_no_transaction(served: Database) -> None:
    """Where sessions are our own a statement alone leaves none open behind it; a pooler's is always in one, with its
    limit."""

    def state(connection: Connection) -> tuple[TransactionStatus, str]:
        limit = connection.execute(_LIMIT).scalar_one()
        raw: Any = connection.connection.driver_connection
        return raw.info.transaction_status, limit

    async def holds() -> None:
        alone, _ = await served.read_one(state)
        is_our_own = (await served.read_one(is_prepared)) is not None
        assert alone is (TransactionStatus.IDLE if is_our_own else TransactionStatus.INTRANS)
        for read in (served.read, served.read_snapshot):
            assert (await read(state))[0] is TransactionStatus.INTRANS
        assert {(await read(state))[1] for read in (served.read, served.read_one, served.read_snapshot)} == {"4s"}

    asyncio.run(holds())


def is_prepared(connection: Connection) -> int | None:
    """After how many times a statement is prepared; None for never."""
    raw: Any = connection.connection.driver_connection
    found: int | None = raw.prepare_threshold
    return found


def test_a_snapshot_writes_nothing(served: Database) -> None:
    """PostgreSQL refuses a change within a snapshot, and plans for the values at hand."""

    def plan_and_write(connection: Connection) -> None:
        mode = connection.execute(text("select current_setting('plan_cache_mode')")).scalar_one()
        assert mode == "force_custom_plan"
        add(connection, "refused")

    with pytest.raises(Exception, match="read-only"):
        asyncio.run(served.read_snapshot(plan_and_write))
    assert asyncio.run(served.read_one(lambda connection: fetch_one(connection, _NAMES))) is None
    after = text("select current_setting('plan_cache_mode')")
    assert asyncio.run(served.read_one(lambda connection: connection.execute(after).scalar_one())) == "auto"
