"""A database that hangs, is locked or is full: callers are answered in time and told what is true (law: settler, 5)."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, text

from pokea.errors import OutcomeUnknown, PokeaError, Unavailable
from pokea.storage.database import Database, open_database
from pokea.storage.engines import postgres_engine
from tests.postgres import PostgresServer

ANSWERED_WITHIN_SECONDS = 10.0
_BACKENDS = b"""select pid from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"""


def keep(connection: Connection, word: str) -> None:
    connection.execute(text("insert into kept values (:word)"), {"word": word})


def words(connection: Connection) -> list[str]:
    return list(connection.execute(text("select word from kept order by word")).scalars())


def make_table(connection: Connection) -> None:
    connection.execute(text("create table kept (word text)"))


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database with an empty table."""
    database = open_database(url)
    try:
        asyncio.run(database.write(make_table))
        yield database
    finally:
        database.close()


async def failure_of(work: Coroutine[Any, Any, Any]) -> tuple[type[PokeaError] | None, float]:
    """What the work raises, and after how many seconds."""
    began = time.monotonic()
    failure: type[PokeaError] | None = None
    try:
        await work
    except (OutcomeUnknown, Unavailable) as raised:
        failure = type(raised)
    return failure, time.monotonic() - began


@contextmanager
def standing_still(server: PostgresServer, url: str) -> Iterator[None]:
    """The server and each process that serves this database stand still, as on a disk that hangs."""
    with psycopg.connect(url) as observer:
        found = observer.execute(_BACKENDS)
        pids = [server.pid, *(row[0] for row in found)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_what_meets_a_locked_table_is_refused_in_time_and_never_happens(empty_postgres_url: str) -> None:
    """While another locks the table, a read and a write are refused within 10 s as not done, and stay undone."""
    with opened(empty_postgres_url) as database:

        async def story() -> None:
            with psycopg.connect(empty_postgres_url) as other:
                other.execute("lock table kept in access exclusive mode")
                found = await asyncio.gather(
                    failure_of(database.read(words)), failure_of(database.write(keep, "while it was locked"))
                )
            for failure, seconds in found:
                assert failure is Unavailable
                assert seconds < ANSWERED_WITHIN_SECONDS
            await database.write(keep, "later")
            assert await database.read(words) == ["later"]

        asyncio.run(story())


def test_a_server_that_stands_still_holds_nobody(postgres_server: PostgresServer, empty_postgres_url: str) -> None:
    """While every backend stands still, reads and writes are refused within 10 s, one after the other; what was
    refused as not done is not done when they go on, and the next is served."""
    with opened(empty_postgres_url) as database:

        async def story() -> None:
            await asyncio.gather(*(database.write(keep, f"early {number}") for number in range(4)))
            with standing_still(postgres_server, empty_postgres_url):
                found = await asyncio.gather(
                    *(failure_of(database.write(keep, f"late {number}")) for number in range(12)),
                    *(failure_of(database.read(words)) for _ in range(12)),
                )
            for failure, seconds in found:
                assert failure is Unavailable
                assert seconds < ANSWERED_WITHIN_SECONDS
            assert await database.read(words) == [f"early {number}" for number in range(4)]
            await database.write(keep, "next")

        asyncio.run(story())


def test_a_database_that_stands_still_is_let_go_of(postgres_server: PostgresServer, empty_postgres_url: str) -> None:
    """While a backend stands still under a write whose caller has gone, closing takes seconds and not for ever."""
    database = open_database(empty_postgres_url)

    async def story() -> None:
        await database.write(make_table)
        with standing_still(postgres_server, empty_postgres_url):
            waiting = asyncio.create_task(database.write(keep, "for nobody"))
            await asyncio.sleep(0.1)
            waiting.cancel()
            began = time.monotonic()
            database.close()
            assert time.monotonic() - began < ANSWERED_WITHIN_SECONDS

    asyncio.run(story())


def test_a_commit_that_is_not_confirmed_is_said_to_be_unknown(
    postgres_server: PostgresServer, empty_postgres_url: str
) -> None:
    """While a synchronous replica is missing, a write is not called undone, because it was done."""
    with opened(empty_postgres_url) as database:

        async def story() -> None:
            with missing_replica(postgres_server):
                failure, seconds = await failure_of(database.write(keep, "in doubt"))
                assert failure is OutcomeUnknown
                assert seconds < ANSWERED_WITHIN_SECONDS
            assert "in doubt" in await database.read(words)

        asyncio.run(story())


@contextmanager
def missing_replica(server: PostgresServer) -> Iterator[None]:
    """Commits wait for a replica that there is not."""
    server.execute("alter system set synchronous_standby_names = 'nowhere'")
    server.execute("select pg_reload_conf()")
    try:
        while server.execute("show synchronous_standby_names") != [("nowhere",)]:
            time.sleep(0.01)
        yield
    finally:
        server.execute("alter system reset synchronous_standby_names")
        server.execute("select pg_reload_conf()")


def test_who_waits_behind_a_locked_file_is_refused_in_time(tmp_path: Path) -> None:
    """While another process writes to the SQLite file, each of a queue of writes is refused within 10 s of its own
    request, also the last, and none of them is done later."""
    file = tmp_path / "kept.sqlite3"
    with opened(f"sqlite:///{file}") as database, closing(sqlite3.connect(file, isolation_level=None)) as other:

        async def story() -> None:
            other.execute("begin immediate")
            first = [asyncio.create_task(failure_of(database.write(keep, f"first {n}"))) for n in range(20)]
            await asyncio.sleep(3)
            last = [asyncio.create_task(failure_of(database.write(keep, f"last {n}"))) for n in range(20)]
            for failure, seconds in [await task for task in (*first, *last)]:
                assert failure is Unavailable
                assert seconds < ANSWERED_WITHIN_SECONDS
            other.execute("rollback")
            await database.write(keep, "later")
            assert await database.read(words) == ["later"]

        asyncio.run(story())


def test_what_the_database_said_is_kept(tmp_path: Path) -> None:
    """Given a disk that is full, the failure carries the database's own words, and the write is not done."""
    url = f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    with opened(url) as database:
        fill(database)
        with pytest.raises(Unavailable, match="database or disk is full"):
            asyncio.run(database.write(keep, "x" * 100_000))
        assert asyncio.run(database.read(words)) == []
        assert "full" in database.health.trouble(time.monotonic())


def fill(database: Database) -> None:
    """Leave no room for another page, as a full disk does; the pool keeps the one connection that writes."""

    @event.listens_for(database.engine, "begin")
    def _limit(connection: Connection) -> None:
        cursor = connection.connection.cursor()
        (pages,) = cursor.execute("pragma page_count").fetchone()
        cursor.execute(f"pragma max_page_count = {pages}")


@pytest.mark.parametrize("given_up_first", [True, False])
def test_one_side_alone_has_the_right_to_commit(empty_postgres_url: str, given_up_first: bool) -> None:
    """A write that is given up before its commit is not done; one that is given up after it has begun is unknown."""
    engine = postgres_engine(empty_postgres_url)
    database = Database(engine, patience_seconds=2.0)

    async def story() -> None:
        await database.write(make_table)
        slow: Callable[[Connection], None] = slow_change if given_up_first else slow_commit
        failure, _ = await failure_of(database.write(slow))
        assert failure is (Unavailable if given_up_first else OutcomeUnknown)

    try:
        asyncio.run(story())
    finally:
        database.close()


def slow_change(connection: Connection) -> None:
    connection.execute(text("select pg_sleep(5)"))


def slow_commit(connection: Connection) -> None:
    connection.execute(
        text(
            "create function sleep() returns trigger language plpgsql as "
            "$$ begin perform pg_sleep(5); return null; end $$"
        )
    )
    connection.execute(
        text(
            "create constraint trigger sleeps after insert on kept deferrable initially deferred "
            "for each row execute function sleep()"
        )
    )
    keep(connection, "slow")
