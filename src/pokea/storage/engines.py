"""Connections to the two kinds of databases: how each is opened, how long it lets a statement wait, how it is broken.

PostgreSQL's limits are settings of a session. Behind a pooler that gives each transaction another session there are
none, so they are set in each transaction.
"""

import contextlib
import os
import socket
import sqlite3
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from pokea.storage.reading import BEGINNING, Beginning

if TYPE_CHECKING:
    import psycopg

WRITERS: Final = 4
_OWNER_ALONE: Final = 0o600
_OTHERS: Final = 0o077
READERS: Final = 4
STATEMENT_SECONDS: Final = 4.0
"""How long a statement may take, and how long it may wait for a lock: less than the patience of its caller, so that
the database itself says what it waited for."""
_BUSY_SECONDS: Final = 1.0
"""How long SQLite waits for another process that writes. There is one writer's thread, and who waits behind it is told
of the lock only if it has a turn."""
_IDLE_SECONDS: Final = 15.0
"""How long a transaction may hold its locks while its process does nothing, as one that was stopped does."""
_NOTICE_A_SILENT_SERVER: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server whose machine has gone says nothing: its connections are given up within half a minute, not after hours."""


def sqlite_engine(url: str, begin: str, **options: Any) -> Engine:
    """An engine on an SQLite file: write-ahead log, full durability, transactions begun as `begin` says."""
    _keep_private(make_url(url).database)
    connect_args = {"check_same_thread": False, "timeout": _BUSY_SECONDS}
    engine = create_engine(url, connect_args=connect_args, hide_parameters=True, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        busy = f"busy_timeout = {round(_BUSY_SECONDS * 1000)}"
        for pragma in ("journal_mode = WAL", "synchronous = FULL", busy, "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        entry.info["interrupt"] = connection.interrupt

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Past SQLAlchemy, which takes longer to say it than SQLite to do it.
        connection.connection.cursor().execute(begin)

    return engine


def _keep_private(file: str | None) -> None:
    """Let the file be read by its owner alone, with the log and the index beside it, which SQLite makes like it."""
    if not file or file == ":memory:" or file.startswith("file:"):
        return
    with contextlib.suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_ALONE))
    for name in (file, f"{file}-wal", f"{file}-shm"):
        # Another owner's file is that owner's to protect, and a missing one is made like the first.
        with contextlib.suppress(OSError):
            mode = os.stat(name).st_mode
            # What is no file is not ours to close: root could shut /dev/null to the whole machine.
            if stat.S_ISREG(mode) and mode & _OTHERS:
                os.chmod(name, _OWNER_ALONE)


def postgres_engine(
    url: str,
    *,
    limited: bool = False,
    prepare: bool = True,
    is_reading: bool = False,
    connections: int = WRITERS + READERS,
) -> Engine:
    """An engine on PostgreSQL through psycopg 3, one connection a thread, lists sent in binary.

    `limited`: statements, waits for locks and idle transactions are bounded. `prepare`: sessions are our own, so
    statements are prepared in them; without, nothing is left in a session after its transaction. `is_reading`: its
    connections are in autocommit, for the ways of `storage.reading`.
    """
    address = "postgresql+psycopg://" + url.split("://", 1)[1]
    connect_args: dict[str, Any] = {**_NOTICE_A_SILENT_SERVER}
    if not prepare:
        connect_args["prepare_threshold"] = None
    engine = create_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=False,
        hide_parameters=True,  # a failure's text would show the rows, and with them everybody's data
        connect_args=connect_args,
        isolation_level="AUTOCOMMIT" if is_reading else None,
    )
    limits = _limits("set" if prepare else "set local") if limited else b""
    if is_reading:
        beginning = Beginning(b"" if prepare else limits, needs_transaction=not prepare)
        event.listen(engine, "connect", lambda _connection, entry: entry.info.update({BEGINNING: beginning}))
    elif limits and not prepare:
        event.listen(engine, "begin", lambda connection: _execute(connection, limits))
    _watch(engine, limits if prepare else b"")
    return engine


def _execute(connection: Connection, statement: bytes) -> None:
    raw: Any = connection.connection.driver_connection
    raw.execute(statement)


def _watch(engine: Engine, limits: bytes) -> None:
    """Set each new connection's limits, hear what it notices, and know how to break it."""

    @event.listens_for(engine, "connect")
    def _prepare(connection: "psycopg.Connection[Any]", entry: ConnectionPoolEntry) -> None:
        entry.info["notices"] = []
        connection.add_notice_handler(lambda notice: entry.info["notices"].append(notice.message_primary or ""))
        if limits:
            usual, connection.autocommit = connection.autocommit, True
            connection.execute(limits)
            connection.autocommit = usual
        # A descriptor of its own, because psycopg closes the connection's when it breaks, and the number goes to
        # another connection. It comes last: SQLAlchemy closes a connection whose preparation fails, and asks `_close`
        # for nothing.
        descriptor = entry.info["descriptor"] = os.dup(connection.fileno())
        entry.info["interrupt"] = _breaking(descriptor)

    @event.listens_for(engine, "close")
    def _close(_connection: "psycopg.Connection[Any]", entry: ConnectionPoolEntry) -> None:
        descriptor = entry.info.pop("descriptor", None)
        entry.info.pop("interrupt", None)
        if descriptor is not None:
            os.close(descriptor)


def _limits(how: str) -> bytes:
    statement, idle = round(STATEMENT_SECONDS * 1000), round(_IDLE_SECONDS * 1000)
    limits = {
        "statement_timeout": statement,
        "lock_timeout": statement,
        "idle_in_transaction_session_timeout": idle,
    }
    return "; ".join(f"{how} {name} = {milliseconds}" for name, milliseconds in limits.items()).encode()


def _breaking(descriptor: int) -> Callable[[], None]:
    def break_connection() -> None:
        # It may be broken already, or closed.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as end:
            end.shutdown(socket.SHUT_RDWR)

    return break_connection
