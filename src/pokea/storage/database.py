"""The ways to the database: `read(query, ...)`, `read_one`, `read_snapshot` and `write(change, ...)`.

A change is a plain synchronous function of a connection. It runs inside one transaction, off the event loop, and
may be run again: after a deadlock or a serialization failure, after a lost connection, and after a commit whose
outcome is unknown. So a change receives ids and times as arguments, touches nothing in memory, may find its own
work already done, and returns what is to be announced once it is durable (law: settler, 5; law: settler, 6).

A caller waits for a bounded time, whatever holds the database up: the queue of its threads, a lock, a server that is
silent. Then the attempt is given up (`attempts.py`), and the caller learns which of two things is true: nothing
happened (`Unavailable`), or it may have happened (`OutcomeUnknown`).
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, RootTransaction

from pokea.errors import OutcomeUnknown, Unavailable
from pokea.storage.attempts import Attempt, NotInTime, TransientFailure, failures_of, sorted_out
from pokea.storage.engines import READERS, WRITERS, postgres_engine, sqlite_engine
from pokea.storage.health import WriteHealth
from pokea.storage.reading import Way, alone, in_snapshot, in_transaction, let_go_if_broken
from pokea.storage_settings import StorageSettings

P = ParamSpec("P")
T = TypeVar("T")
Query = Callable[Concatenate[Connection, P], T]
NoteOutcome = Callable[[str, str | None], None]
"""Hears of each `read` and `write` whether it worked, or why its caller is refused."""

PATIENCE_SECONDS = 5.0
"""How long a write is tried again before the caller gets Unavailable (law: settler, 5)."""
READ_SECONDS = 4.5
"""How long a read may take, so that one that waited for another is answered within 10 s."""
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.5
_LEFT_ALONE_SECONDS = 2.0
_FORGOTTEN_AFTER_SECONDS = 60.0
_STOPPING_SECONDS = 2.0
_LOOKS_EVERY_SECONDS = 0.02
_REPLICA_NOT_WAITED_FOR = "canceling wait for synchronous replication"


def _not_noted(_way: str, _failure: str | None) -> None:
    return


class Database:
    """The door to one database, the same for SQLite and PostgreSQL.

    `writer` and `reader` run the attempts; None leaves that to the event loop, which a universe makes inline.
    With `rehearse` every change is run twice, the first time rolled back, to show that it may be.
    Where it is not `hurried`, one attempt takes what time it needs; only trying again has an end.
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
        read_seconds: float = READ_SECONDS,
        hurried: bool = True,
    ) -> None:
        self.engine = engine
        self.health = WriteHealth()
        self._read_engine = read_engine or engine
        self._writer = writer
        self._reader = reader
        self._rehearse = rehearse
        self._patience_seconds = patience_seconds
        self._read_seconds = read_seconds
        self._hurried = hurried
        self._failures = failures_of(self.dialect)
        self._attempts: set[Attempt] = set()
        self.note_outcome: NoteOutcome = _not_noted

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    async def read(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `query` finds. Raises Unavailable when the database does not answer in time."""
        return await self.read_by(in_transaction, query, *args, **kwargs)

    async def read_one(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, for a query of one statement, all of whose rows are fetched at once."""
        return await self.read_by(alone, query, *args, **kwargs)

    async def read_snapshot(self, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, for a query of several statements that must see the database as it stood at one moment."""
        return await self.read_by(in_snapshot, query, *args, **kwargs)

    async def read_by(self, way: Way, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, in a way of the caller's (`storage.reading`)."""
        attempt = Attempt()
        deadline = asyncio.get_running_loop().time() + self._read_seconds
        try:
            work = partial(self._read_once, way, attempt, query, *args, **kwargs)
            found = await self._made(attempt, self._reader, deadline, work)
        except TransientFailure as failure:
            self.note_outcome("read", str(failure))
            raise Unavailable(str(failure)) from failure
        self.note_outcome("read", None)
        return found

    async def write(self, change: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `change` returns, once its transaction is durable.

        Raises Unavailable when nothing was changed and nothing will be, and OutcomeUnknown when the transaction may
        have been made, or may still be.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience_seconds
        pause = _FIRST_PAUSE_SECONDS
        in_doubt, words = False, ""
        while True:
            attempt = Attempt()
            work = partial(self._write_once, attempt, change, *args, **kwargs)
            try:
                result = await self._made(attempt, self._writer, deadline, work)
                # A write that needs no room is made on a full disk, too, and says nothing of the others.
                if not self.health.trouble(loop.time(), _FORGOTTEN_AFTER_SECONDS):
                    self.note_outcome("write", None)
                return result
            except TransientFailure as failure:
                in_doubt = in_doubt or failure.in_doubt
                # What the database said of an earlier attempt says more than its silence about the last one.
                words = words if words and isinstance(failure, NotInTime) else str(failure)
                if loop.time() + pause > deadline:
                    self.note_outcome("write", words)
                    self.health.failed(words, loop.time())
                    raise (OutcomeUnknown if in_doubt else Unavailable)(words) from failure
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _made(self, attempt: Attempt, executor: Executor | None, deadline: float, work: Callable[[], T]) -> T:
        """What the work returns. Raises TransientFailure when it has not come to an end by the deadline."""
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(executor, work)
        try:
            await asyncio.wait([running], timeout=max(0.0, deadline - loop.time()) if self._hurried else None)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if running.done():
            return await running
        running.cancel()
        nothing_happens = attempt.give_up()
        raise NotInTime("the database has not answered in time", in_doubt=not nothing_happens)

    def _read_once(self, way: Way, attempt: Attempt, query: Callable[..., T], *args: object, **kwargs: object) -> T:
        attempt.check()
        try:
            with self._read_engine.connect() as connection:
                self._begin(attempt, connection)
                try:
                    with way(connection):
                        return query(connection, *args, **kwargs)
                except self._failures:
                    let_go_if_broken(connection)
                    raise
                finally:
                    self._end(attempt)
        except self._failures as failure:
            raise sorted_out(failure, committing=False) from failure

    def _write_once(self, attempt: Attempt, change: Callable[..., T], *args: object, **kwargs: object) -> T:
        attempt.check()
        try:
            with self.engine.connect() as connection:
                self._begin(attempt, connection)
                try:
                    if self._rehearse:
                        with connection.begin() as rehearsal:
                            change(connection, *args, **kwargs)
                            rehearsal.rollback()
                    with connection.begin() as transaction:
                        result = change(connection, *args, **kwargs)
                        attempt.commits()
                        _commit(connection, transaction)
                    _check_replica(connection)
                    return result
                finally:
                    self._end(attempt)
        except self._failures as failure:
            raise sorted_out(failure, committing=attempt.is_committing) from failure

    def _begin(self, attempt: Attempt, connection: Connection) -> None:
        attempt.begin(connection)
        self._attempts.add(attempt)

    def _end(self, attempt: Attempt) -> None:
        self._attempts.discard(attempt)
        attempt.end()

    def hurry(self) -> None:
        """From now on wait for the database only briefly, because the process is being stopped."""
        self._patience_seconds = min(self._patience_seconds, _STOPPING_SECONDS)

    def close(self) -> None:
        """Finish what is running, break off what hangs, and let go of every connection."""
        executors = [executor for executor in (self._writer, self._reader) if executor is not None]
        for executor in executors:
            executor.shutdown(wait=False, cancel_futures=True)
        deadline = time.monotonic() + _LEFT_ALONE_SECONDS
        while self._attempts and time.monotonic() < deadline:
            time.sleep(_LOOKS_EVERY_SECONDS)
        for attempt in list(self._attempts):
            attempt.give_up()
        for executor in executors:
            executor.shutdown(wait=True)
        self.engine.dispose()
        self._read_engine.dispose()


def open_database(url: str, *, rehearse: bool = False, unhurried: bool = False, prepare: bool = True) -> Database:
    """The database at `url` (`sqlite:///FILE` or `postgresql://…`), with threads of its own.

    `unhurried` is for commands: what they read and write takes what time it needs. `prepare` as in `postgres_engine`.
    """
    if url.startswith("sqlite:"):
        engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        read_engine, writers = sqlite_engine(url, begin="BEGIN"), 1
    else:
        engine = postgres_engine(url, limited=not unhurried, prepare=prepare, connections=WRITERS)
        read_engine = postgres_engine(url, limited=not unhurried, prepare=prepare, is_reading=True, connections=READERS)
        writers = WRITERS
    return Database(
        engine,
        read_engine,
        writer=ThreadPoolExecutor(writers, "pokea-write"),
        reader=ThreadPoolExecutor(READERS, "pokea-read"),
        rehearse=rehearse,
        hurried=not unhurried,
    )


def database_of(settings: StorageSettings, *, unhurried: bool = False) -> Database:
    """The primary that the settings name, as `open_database` opens it."""
    return open_database(settings.pokea_database_url, unhurried=unhurried, prepare=settings.prepares)


def open_for_reading(url: str, read_seconds: float, *, prepare: bool = True) -> Database:
    """A server of PostgreSQL from which is read alone, with threads of its own. A read takes `read_seconds` at most."""
    is_limited = read_seconds < READ_SECONDS
    engine = postgres_engine(url, limited=is_limited, prepare=prepare, is_reading=True, connections=READERS)
    return Database(engine, reader=ThreadPoolExecutor(READERS, "pokea-standby"), read_seconds=read_seconds)


def _commit(connection: Connection, transaction: RootTransaction) -> None:
    try:
        transaction.commit()
    except BaseException:
        # SQLAlchemy returns the connection to the pool inside the failed transaction: roll back unless it was
        # invalidated.
        if not connection.invalidated:
            connection.connection.rollback()
        raise


def _check_replica(connection: Connection) -> None:
    notices = connection.info.get("notices")
    if notices and any(_REPLICA_NOT_WAITED_FOR in notice for notice in notices):
        notices.clear()
        raise TransientFailure("a synchronous replica did not confirm the commit", in_doubt=True)
