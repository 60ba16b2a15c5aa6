"""One attempt at a transaction: a thread makes it, and the event loop may give it up.

A thread that waits for a database cannot be ended. So the event loop takes away the attempt's right to commit, which
can be taken only once: its holder decides whether anything may still happen. Then it breaks the connection, which
ends the thread's wait. What a database said of a failure is kept for the log.
"""

import sqlite3
import threading
from collections.abc import Callable
from functools import cache
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_SQLITE_UNDONE: Final = ("lock", "full", "readonly", "interrupted")
"""Words of failures after which SQLite has kept nothing, also when they come from a commit."""
_SQLITE_PASSES: Final = (*_SQLITE_UNDONE, "disk", "I/O", "unable to open")
_POSTGRES_SHUTS_DOWN: Final = "57P"
_LONGEST_WORDS: Final = 200

Interrupt = Callable[[], None]


class TransientFailure(Exception):
    """The attempt failed in a way that another attempt may mend; its text is what the database said.

    `in_doubt`: it failed while it was committing, so that it may have happened.
    """

    def __init__(self, words: str, *, in_doubt: bool = False) -> None:
        super().__init__(words)
        self.in_doubt = in_doubt


class NotInTime(TransientFailure):
    """The attempt was given up, and the database said nothing."""


class Attempt:
    """One attempt, shared by the thread that makes it and the event loop that waits for it."""

    def __init__(self) -> None:
        self._right_to_commit = [True]
        self._guard = threading.Lock()
        self._interrupt: Interrupt | None = None
        self.is_given_up = False
        self.is_committing = False

    def begin(self, connection: Connection) -> None:
        """The thread begins to use this connection. Raises TransientFailure when the attempt has been given up."""
        with self._guard:
            self.check()
            self._interrupt = _interrupt_of(connection)

    def end(self) -> None:
        """The thread has stopped using the connection, which belongs to others from now on."""
        with self._guard:
            self._interrupt = None

    def check(self) -> None:
        """Raises TransientFailure when the attempt has been given up."""
        if self.is_given_up:
            raise TransientFailure("the attempt was given up")

    def commits(self) -> None:
        """The thread is about to commit. Raises TransientFailure when the attempt has been given up."""
        try:
            self._right_to_commit.pop()
        except IndexError:
            raise TransientFailure("the attempt was given up") from None
        self.is_committing = True

    def give_up(self) -> bool:
        """End the attempt, also where it hangs; says whether it is known that nothing will come of it."""
        self.is_given_up = True
        try:
            # A list's pop is one step for all threads, so exactly one of them gets the right.
            self._right_to_commit.pop()
            nothing_happens = True
        except IndexError:
            nothing_happens = False
        with self._guard:
            if self._interrupt is not None:
                self._interrupt()
        return nothing_happens


def _interrupt_of(connection: Connection) -> Interrupt | None:
    interrupt: Interrupt | None = connection.info.get("interrupt")
    return interrupt


@cache
def failures_of(dialect_name: str) -> tuple[type[Exception], ...]:
    """What a database of this kind raises. The driver of the kind that is not used is not loaded: it takes 9 MB."""
    if dialect_name == "sqlite":
        return DBAPIError, sqlite3.Error
    import psycopg  # noqa: PLC0415 - see above

    return DBAPIError, psycopg.Error


@cache
def _postgres_passes() -> tuple[type[Exception], ...]:
    import psycopg  # noqa: PLC0415 - see above
    from psycopg import errors  # noqa: PLC0415 - see above

    return (
        *(errors.SerializationFailure, errors.DeadlockDetected, errors.AdminShutdown, errors.CrashShutdown),
        *(errors.CannotConnectNow, errors.ReadOnlySqlTransaction, errors.IdleInTransactionSessionTimeout),
        *(psycopg.OperationalError, psycopg.InterfaceError),
    )


def sorted_out(failure: Exception, *, committing: bool) -> Exception:
    """The failure as a transient one where another attempt may succeed, else as it is."""
    cause = failure.orig if isinstance(failure, DBAPIError) and failure.orig is not None else failure
    said = str(cause)
    if isinstance(cause, sqlite3.Error):
        passes = isinstance(cause, sqlite3.OperationalError) and any(word in said for word in _SQLITE_PASSES)
        undone = any(word in said for word in _SQLITE_UNDONE)
    else:
        passes = isinstance(cause, _postgres_passes())
        code = getattr(cause, "sqlstate", None)
        # A server that answers has rolled back, unless it is being stopped; a connection that breaks says nothing.
        undone = code is not None and not code.startswith(_POSTGRES_SHUTS_DOWN)
        # Its first line alone is without the rows.
        said = getattr(getattr(cause, "diag", None), "message_primary", None) or said
    line = " ".join(said.split())
    words = f"{type(cause).__name__}: {line}"[:_LONGEST_WORDS]
    return TransientFailure(words, in_doubt=committing and not undone) if passes else failure
