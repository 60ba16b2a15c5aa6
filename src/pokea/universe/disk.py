"""The database of a universe: SQLite in memory, made once a process, emptied for each universe, and unreliable.

A life's disk takes its time for each transaction, refuses to begin or to commit, says that it failed to commit what
it did commit, and breaks in a way that no second attempt mends. While it stands still each transaction is held up, and
goes through when that is over, whether its caller has waited or not. Crashes come right before and right after a
commit.
"""

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.pool import StaticPool

from pokea.operations.tokens import callback_digest
from pokea.storage.attempts import Attempt
from pokea.storage.database import Database
from pokea.storage.engines import sqlite_engine
from pokea.storage.migrate import migrate
from pokea.storage.reading import Way, alone, in_transaction
from pokea.universe.chronicle import Chronicle
from pokea.universe.fault_plan import FaultPlan
from pokea.universe.loop import Spinning
from pokea.universe.process import Process

T = TypeVar("T")

INJECTED = "broken by the universe"
"""In the text of every failure that no code of ours is to blame for."""
_QUICK_SECONDS = (0.0005, 0.004)
_SLOW_SECONDS = (0.3, 8.0)
_HELD_AFTER = 0.3
"""The share of transactions that a standstill holds up after their work."""


class Store:
    """The one connection of a universe, its engine, and the migrated template that every universe begins with."""

    def __init__(self) -> None:
        self._template = _template()
        self.connection = self._opened()
        self.engine = sqlite_engine(
            "sqlite://", begin="BEGIN IMMEDIATE", creator=lambda: self.connection, poolclass=StaticPool
        )
        event.listen(self.engine, "begin", lambda _connection: self.connection.begins(), insert=True)
        self.engine.connect().close()

    def reset(self) -> None:
        """An empty, migrated database, on a connection of its own.

        One that has used `json_each` and is given another content walks off its list of schemas and takes the process
        with it: SQLite's table functions keep the schema that they were first used in.
        """
        self.engine.dispose()
        self.connection = self._opened()
        # Connected here, since SQLAlchemy stamps a new connection with the machine's clock.
        self.engine.connect().close()

    def _opened(self) -> "FaultyConnection":
        connection: FaultyConnection = sqlite3.connect(":memory:", factory=FaultyConnection, check_same_thread=False)
        connection.deserialize(self._template)
        return connection

    def has_address(self, token: str) -> bool:
        """Whether an address of money out with this token is in the database."""
        found = self.connection.execute("select 1 from out_addresses where digest = ?", (callback_digest(token),))
        return found.fetchone() is not None

    def content(self) -> bytes:
        """All there is in the database, as text in the order of the tables and of their keys."""
        return "\n".join(self.connection.iterdump()).encode()


def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "template.sqlite3")
        migrate(f"sqlite:///{file}")
        connection = sqlite3.connect(file)
        # A database in memory has no write-ahead log.
        connection.execute("PRAGMA journal_mode = DELETE")
        content = connection.serialize()
        connection.close()
        return content


class FaultyConnection(sqlite3.Connection):
    """A connection that asks the disk of whoever uses it before it does anything."""

    disk: "Disk | None" = None

    def begins(self) -> None:
        """A transaction is to begin."""
        if self.disk is not None:
            self.disk.beginning()

    def commit(self) -> None:
        """Commit, as far as the disk lets it."""
        if self.disk is None:
            super().commit()
        else:
            self.disk.committing()
            super().commit()
            self.disk.committed()


class Disk:
    """What one life's transactions meet; `most` is how many there may be."""

    def __init__(
        self, life: Process, store: Store, weather: FaultPlan, chance: random.Random, chronicle: Chronicle, most: int
    ) -> None:
        self._weather = weather
        self._life = life
        self._store = store
        self._chance = chance
        self._chronicle = chronicle
        self._left = most
        self._change = ""

    def block(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do the work after a while; its outcome is known after another."""
        loop = self._life.loop
        future: asyncio.Future[T] = loop.create_future()
        self._left -= 1
        if self._left <= 0:
            loop.fail(Spinning("a life has used up its budget of transactions"))
        slow = self._happens(self._weather.disk.slow, "disk.slow")
        held_seconds = self._weather.still_seconds(loop.time())
        # One waits for a lock before it has done anything, the other's commit is made and not answered.
        before, after = held_seconds, 0.0
        if held_seconds:
            self._chronicle.count("disk.still")
            if self._chance.random() < _HELD_AFTER:
                before, after = after, before
        before += self._chance.uniform(*(_SLOW_SECONDS if slow else _QUICK_SECONDS))
        loop.call_later(before, self._work, work, future, after)
        return future

    def _work(self, work: Callable[[], T], future: asyncio.Future[T], held_seconds: float) -> None:
        self._store.connection.disk = self
        tell: Callable[[Any], None] = future.set_result
        outcome: Any = None
        try:
            outcome = work()
        except Exception as failure:
            tell, outcome = future.set_exception, failure
        finally:
            self._store.connection.disk = None
        if not self._life.over and not future.done():
            told_in_seconds = held_seconds + self._chance.uniform(*_QUICK_SECONDS)
            self._life.loop.call_later(told_in_seconds, _tell, future, tell, outcome)

    def changing(self, name: str) -> None:
        """A change is to be run; a read has no name."""
        self._change = name

    def beginning(self) -> None:
        """A transaction begins. Raises sqlite3.Error."""
        if self._happens(self._weather.disk.refuse, "disk.refuse"):
            self._note("refused to begin")
            raise sqlite3.OperationalError(f"database is locked ({INJECTED})")

    def committing(self) -> None:
        """A commit is about to be made. Raises sqlite3.Error."""
        if self._life.dies_at(f"before commit {self._change}"):
            raise sqlite3.OperationalError(INJECTED)
        if self._happens(self._weather.disk.fail, "disk.fail"):
            self._note("failed to commit")
            raise sqlite3.OperationalError(f"disk I/O error ({INJECTED})")
        if self._happens(self._weather.disk.breaks, "disk.breaks"):
            self._note("broke")
            raise sqlite3.IntegrityError(INJECTED)

    def committed(self) -> None:
        """A commit has been made. Raises sqlite3.Error."""
        self._chronicle.count("transactions")
        self._note("committed")
        if self._life.dies_at(f"after commit {self._change}"):
            raise sqlite3.OperationalError(INJECTED)
        if self._happens(self._weather.disk.doubt, "disk.doubt"):
            self._note("committed, and said that it failed")
            raise sqlite3.OperationalError(f"disk I/O error ({INJECTED})")

    def _happens(self, likely: float, name: str) -> bool:
        happens = likely > 0 and self._chance.random() < likely
        if happens:
            self._chronicle.count(name)
        return happens

    def _note(self, what: str) -> None:
        at = round(self._life.loop.time() * 1_000_000)
        self._chronicle.note(at, self._life.name, "database", f"{self._change or 'read'} {what}")


def _tell(future: asyncio.Future[Any], tell: Callable[[Any], None], outcome: Any) -> None:
    if not future.done():
        tell(outcome)
        future.exception()  # whoever waits may be killed first, and a failure that nobody takes would be complained of


class UniverseDatabase(Database):
    """The service's own door to the database, one a life, on the store that outlives them all."""

    def __init__(self, store: Store, life: Process, disk: Disk, *, rehearse: bool) -> None:
        super().__init__(store.engine, rehearse=rehearse)
        self._life = life
        self._disk = disk

    def _read_once(self, way: Way, attempt: Attempt, query: Callable[..., T], *args: object, **kwargs: object) -> T:
        self._life.check()
        self._disk.changing("")
        # Also one statement alone, so that the disk may refuse to begin.
        return super()._read_once(in_transaction if way is alone else way, attempt, query, *args, **kwargs)

    def _write_once(self, attempt: Attempt, change: Callable[..., T], *args: object, **kwargs: object) -> T:
        self._life.check()
        self._disk.changing(change.__name__)
        return super()._write_once(attempt, change, *args, **kwargs)

    def close(self) -> None:
        """Leave the store open: another life will use it."""
        self._life.check()
