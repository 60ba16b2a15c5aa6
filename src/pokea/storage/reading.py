"""Three ways to read: in a transaction, one statement alone, and several as of one moment.

A transaction costs two round trips besides its statements. So PostgreSQL's connections for reading are in autocommit,
and begin a transaction only where one is asked for; each carries in its `info` how that begins. Sessions that are
shared by a pooler get their limits in each transaction, so that there nothing is read without one.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection

from pokea.storage.statements import in_one_snapshot

BEGINNING: Final = "beginning"
"""The key in the `info` of a connection for reading."""
_SNAPSHOT: Final = b"begin isolation level repeatable read, read only; set local plan_cache_mode = force_custom_plan"

Way: TypeAlias = Callable[[Connection], AbstractContextManager[None]]


class Beginning(NamedTuple):
    """How a transaction begins on a connection that is in autocommit: what is set in each of them, and whether a
    statement may be sent without one."""

    limits: bytes
    needs_transaction: bool


@contextmanager
def in_transaction(connection: Connection) -> Iterator[None]:
    """Statements of one transaction, which ends without a trace."""
    beginning = _beginning(connection)
    if beginning is None:
        with connection.begin() as transaction:
            yield
            transaction.rollback()
        return
    with _begun(connection, b"begin", beginning):
        yield


@contextmanager
def alone(connection: Connection) -> Iterator[None]:
    """One statement, which is a transaction by itself."""
    beginning = _beginning(connection)
    is_sqlite = beginning is None and connection.dialect.name == "sqlite"
    if is_sqlite or (beginning is not None and not beginning.needs_transaction):
        yield
    else:
        with in_transaction(connection):
            yield


@contextmanager
def in_snapshot(connection: Connection) -> Iterator[None]:
    """Statements that all see the database as it stood at one moment, planned for the bounds at hand."""
    beginning = _beginning(connection)
    if beginning is None:
        with in_transaction(connection):
            in_one_snapshot(connection)
            yield
        return
    with _begun(connection, _SNAPSHOT, beginning):
        yield


def snapshot_after(connection: Connection, question: bytes) -> tuple[Any, ...]:
    """Ask, then begin a snapshot, all in one message; answers the row. It ends as `end_snapshot` says.

    The question is a transaction by itself, so that the snapshot is no older than the answer.
    """
    beginning = _beginning(connection)
    limits = beginning.limits if beginning is not None else b""
    raw: Any = connection.connection.driver_connection
    message = b"; ".join(filter(None, (b"begin", limits, question, b"commit", _SNAPSHOT, limits)))
    cursor = raw.execute(message)
    while cursor.description is None:
        cursor.nextset()
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def end_snapshot(connection: Connection) -> None:
    """End what `snapshot_after` began."""
    raw: Any = connection.connection.driver_connection
    raw.rollback()


def let_go_if_broken(connection: Connection) -> None:
    """Take a connection that failed out of its pool, if it is broken.

    The pool notices it by itself only where SQLAlchemy made the statement; else it would roll back on it, and log that
    as a failure of the service.
    """
    if not connection.invalidated and getattr(connection.connection.driver_connection, "closed", False):
        connection.invalidate()


@contextmanager
def _begun(connection: Connection, begin: bytes, beginning: Beginning) -> Iterator[None]:
    raw: Any = connection.connection.driver_connection
    raw.execute(b"; ".join(filter(None, (begin, beginning.limits))))
    # After a failure the pool rolls back, or lets go of the connection.
    yield
    raw.rollback()


def _beginning(connection: Connection) -> Beginning | None:
    found: Beginning | None = connection.info.get(BEGINNING)
    return found
