"""Telling the pages of this process that a payment has changed (law 9).

A page's stream watches one payment and is woken when a change is announced here after its commit. What other processes
commit is found by one look a second at the versions of all watched payments together; nobody watching, no look.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, select

from pokea.errors import Unavailable
from pokea.storage.database import Database
from pokea.storage.tables import payments

LOOK_EVERY_SECONDS = 1.0
MOST_WATCHERS = 20_000

_log = logging.getLogger("pokea.events")


class Watcher:
    """One stream's view of one payment."""

    def __init__(self, payment_id: str, version: int) -> None:
        self.payment_id = payment_id
        self.version = version
        self._changed = asyncio.Event()

    def wake(self, version: int) -> None:
        """The payment has reached this version."""
        if version > self.version:
            self.version = version
            self._changed.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """Whether the payment changed, or the hub closed, within the time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True


class Hub:
    """Who watches what in this process."""

    def __init__(self, database: Database, look_every_seconds: float = LOOK_EVERY_SECONDS) -> None:
        self._database = database
        self._look_every_seconds = look_every_seconds
        self._watchers: dict[str, list[Watcher]] = {}
        self._count = 0
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def watch(self, payment_id: str, version: int) -> Iterator[Watcher]:
        """Watch a payment of which this version is known. Raises Unavailable when too many are watched."""
        if self._count >= MOST_WATCHERS:
            raise Unavailable("too many pages are watching")
        watcher = Watcher(payment_id, version)
        self._watchers.setdefault(payment_id, []).append(watcher)
        self._count += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield watcher
        finally:
            self._count -= 1
            rest = self._watchers[payment_id]
            rest.remove(watcher)
            if not rest:
                del self._watchers[payment_id]

    @property
    def is_closed(self) -> bool:
        """Whether the service is stopping, so that streams must end for their pages to come back elsewhere."""
        return self._closed

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.wake(watcher.version + 1)

    def announce(self, payment_id: str, version: int) -> None:
        """A change of this payment is durable."""
        for watcher in self._watchers.get(payment_id, ()):
            watcher.wake(version)

    async def stop(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look(self) -> None:
        while self._watchers:
            await asyncio.sleep(self._look_every_seconds)
            try:
                found = await self._database.read(versions_of, list(self._watchers))
            except Unavailable:
                _log.warning("the database is away; pages wait for news")
                continue
            for payment_id, version in found.items():
                self.announce(payment_id, version)
        self._looking = None


def versions_of(connection: Connection, payment_ids: Collection[str]) -> Mapping[str, int]:
    """The versions that these payments have reached."""
    statement = select(payments.c.id, payments.c.version).where(payments.c.id.in_(payment_ids))
    return {row.id: row.version for row in connection.execute(statement)}
