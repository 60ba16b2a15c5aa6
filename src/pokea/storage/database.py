"""Two ways to the database: `read(query, ...)` and `write(change, ...)`.

A change is a plain synchronous function of a connection. It runs inside one transaction, off the event loop, and
may be run again: after a deadlock or a serialization failure, after a lost connection, and after a commit whose
outcome is unknown. So a change receives ids and times as arguments, touches nothing in memory, may find its own
work already done, and returns what is to be announced once it is durable (law 6.5, 6.6).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import psycopg
from psycopg import errors as pg_errors
from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from pokea.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Connection, P], T]
NoteOutcome = Callable[[str, str | None], None]
"""Hears of each `read` and `write` whether it worked, or why the caller is given Unavailable."""

PATIENCE_SECONDS = 5.0
"""How long a write is tried again before the caller hears that the database is unavailable (law 6.5)."""
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.5
_POSTGRES_WRITERS = 4
_READERS = 4
_POSTGRES_PASSES = (
    *(pg_errors.SerializationFailure, pg_errors.DeadlockDetected, pg_errors.AdminShutdown, pg_errors.CrashShutdown),
    *(pg_errors.CannotConnectNow, psycopg.OperationalError, psycopg.InterfaceError),
)
_NOTICE_A_SILENT_SERVER = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server whose machine has gone says nothing: its connections are given up within half a minute, not after hours."""
_SQLITE_PASSES = ("lock", "disk", "I/O", "full")
_REPLICA_NOT_WAITED_FOR = "canceling wait for synchronous replication"


def _not_noted(_way: str, _failure: str | None) -> None:
    return


class _Transient(Exception):
    """The attempt failed in a way that another attempt may mend."""


class Database:
    """The door to one database, the same for SQLite and PostgreSQL.

    `writer` and `reader` run the attempts; None leaves that to the event loop, which a universe makes inline.
    With `rehearse` every change is run twice, the first time rolled back, to show that it may be.
    """

    def __init__(
        self,
        engine: Engine,
        read_engine: Engine | None = None,
        *,
        writer: Executor | None = None,
        reader: Executor | None = None,
        rehearse: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.engine = engine
        self._read_engine = read_engine or engine
        self._writer = writer
        self._reader = reader
        self._rehearse = rehearse
        self._patience_seconds = patience_seconds
        self.note_outcome: NoteOutcome = _not_noted

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    async def read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `query` finds. Raises Unavailable when the database does not answer."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._reader, lambda: self._read_once(query, *args, **kwargs))
        except _Transient as failure:
            self.note_outcome("read", str(failure))
            raise Unavailable(str(failure)) from failure
        self.note_outcome("read", None)
        return found

    async def write(self, change: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `change` returns, once its transaction is durable.

        Raises Unavailable when that was not known within the patience; the change may then have happened or not.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                result = await loop.run_in_executor(self._writer, lambda: self._write_once(change, *args, **kwargs))
                self.note_outcome("write", None)
                return result
            except _Transient as failure:
                if loop.time() + pause > deadline:
                    self.note_outcome("write", str(failure))
                    raise Unavailable(str(failure)) from failure
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _read_once(self, query: Callable[..., T], *args: object, **kwargs: object) -> T:
        try:
            with self._read_engine.connect() as connection, connection.begin() as transaction:
                found = query(connection, *args, **kwargs)
                transaction.rollback()
                return found
        except (DBAPIError, psycopg.Error, sqlite3.Error) as failure:
            raise _sorted_out(failure) from failure

    def _write_once(self, change: Callable[..., T], *args: object, **kwargs: object) -> T:
        try:
            with self.engine.connect() as connection:
                if self._rehearse:
                    with connection.begin() as rehearsal:
                        change(connection, *args, **kwargs)
                        rehearsal.rollback()
                with connection.begin() as transaction:
                    result = change(connection, *args, **kwargs)
                    _commit(connection, transaction)
                _check_replica(connection)
                return result
        except (DBAPIError, psycopg.Error, sqlite3.Error) as failure:
            raise _sorted_out(failure) from failure

    def close(self) -> None:
        """Finish what is running and let go of every connection."""
        for executor in (self._writer, self._reader):
            if executor is not None:
                executor.shutdown(wait=True)
        self.engine.dispose()
        self._read_engine.dispose()


def open_database(url: str, *, rehearse: bool = False) -> Database:
    """The database at `url` (`sqlite:///FILE` or `postgresql://…`), with threads of its own."""
    if url.startswith("sqlite:"):
        return Database(
            sqlite_engine(url, begin="BEGIN IMMEDIATE"),
            sqlite_engine(url, begin="BEGIN"),
            writer=ThreadPoolExecutor(1, "pokea-write"),
            reader=ThreadPoolExecutor(_READERS, "pokea-read"),
            rehearse=rehearse,
        )
    return Database(
        postgres_engine(url),
        writer=ThreadPoolExecutor(_POSTGRES_WRITERS, "pokea-write"),
        reader=ThreadPoolExecutor(_READERS, "pokea-read"),
        rehearse=rehearse,
    )


def sqlite_engine(url: str, begin: str, **options: Any) -> Engine:
    """An engine on an SQLite file: write-ahead log, full durability, transactions begun as `begin` says."""
    connect_args = {"check_same_thread": False, "timeout": PATIENCE_SECONDS}
    engine = create_engine(url, connect_args=connect_args, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 5000", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Past SQLAlchemy, which takes longer to say it than SQLite to do it.
        connection.connection.cursor().execute(begin)

    return engine


def postgres_engine(url: str) -> Engine:
    """An engine on PostgreSQL through psycopg 3, one connection a thread, lists sent in binary."""
    address = "postgresql+psycopg://" + url.split("://", 1)[1]
    engine = create_engine(
        address,
        pool_size=_POSTGRES_WRITERS + _READERS,
        max_overflow=0,
        pool_pre_ping=False,
        hide_parameters=True,  # a failure's text would show the rows, and with them everybody's data
        connect_args=_NOTICE_A_SILENT_SERVER,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: psycopg.Connection[Any], entry: ConnectionPoolEntry) -> None:
        entry.info["notices"] = []
        connection.add_notice_handler(lambda notice: entry.info["notices"].append(notice.message_primary or ""))

    return engine


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except BaseException:
        # SQLAlchemy gives such a connection back as it is, and whoever takes it next cannot begin; a broken one is not.
        if not connection.invalidated:
            connection.connection.rollback()
        raise


def _check_replica(connection: Connection) -> None:
    notices = connection.info.get("notices")
    if notices and any(_REPLICA_NOT_WAITED_FOR in notice for notice in notices):
        notices.clear()
        raise _Transient("a synchronous replica did not confirm the commit")


def _sorted_out(failure: Exception) -> Exception:
    """The failure as a transient one where another attempt may succeed, else as it is."""
    cause = failure.orig if isinstance(failure, DBAPIError) and failure.orig is not None else failure
    if isinstance(cause, sqlite3.OperationalError):
        passes = any(word in str(cause) for word in _SQLITE_PASSES)
    else:
        passes = isinstance(cause, _POSTGRES_PASSES)
    return _Transient(type(cause).__name__) if passes else failure
