"""Publishing the changes of payments to the open pages of this process (law: events).

A page watches one payment. What is committed here is announced here; what other processes commit arrives by notices
where the database has them. Changes that come while earlier ones are being sent wait, and are sent together: one read,
however many payments and pages. Nothing is read, and no clock ticks, while no page watches.

Notices may be lost. While none arrive, and where the database has none, the versions of all watched payments are polled
once a second; else every fifteen seconds, because a process may die between its commit and its notice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from pokea.api.logs import outside_requests
from pokea.clock import Clock, Instant
from pokea.errors import Unavailable
from pokea.events.viewers import Viewer, Viewers
from pokea.storage.change_feed import ChangeFeed
from pokea.storage.database import Database
from pokea.storage.statements import select_in
from pokea.storage.tables import payments

MOST_PAGES = 20_000
TICK_SECONDS = 1.0
HEARTBEAT_TICKS = 15
"""Every so many ticks: one heartbeat a page, and one poll of versions in case a notification was lost."""
SENT_TOGETHER = 500
"""Payments of one read: so few that a page is not kept waiting for the others."""

_log = logging.getLogger("pokea.events")

SendChanges = Callable[[Sequence[str]], Awaitable[None]]
"""Reads these payments and sends them to their pages. Raises Unavailable."""


class StreamPage(Protocol):
    """What watches: one stream."""

    @property
    def payment_id(self) -> str:
        """The payment that it watches."""
        ...

    @property
    def version(self) -> int:
        """The payment's version that it has been sent."""
        ...

    @property
    def viewer(self) -> Viewer:
        """Whose it is."""
        ...

    def beat(self) -> None:
        """Send a sign of life."""
        ...

    def close(self) -> None:
        """End, for the page to come back elsewhere."""
        ...


P = TypeVar("P", bound=StreamPage)


class Hub(Generic[P]):
    """Who watches what in this process, and what has changed since it was last sent."""

    def __init__(self, database: Database, clock: Clock, notices: ChangeFeed, send: SendChanges) -> None:
        self._database = database
        self._clock = clock
        self._notices = notices
        self._send = send
        self._pages: dict[str, list[P]] = {}
        self._beats: list[dict[P, None]] = [{} for _ in range(HEARTBEAT_TICKS)]
        self._viewers: Viewers[P] = Viewers()
        self._count = 0
        self._changed: dict[str, None] = {}
        self._reminders: dict[str, Instant] = {}
        self._sending: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closed = False

    def check_room(self, viewer: Viewer) -> None:
        """Whether this viewer may open another page.

        Raises Unavailable when no page may, or the service is stopping, and ApiError when this viewer has too many.
        """
        if self._count >= MOST_PAGES or self._closed:
            raise Unavailable("too many pages are watching" if not self._closed else "the service is stopping")
        self._viewers.check(viewer)

    def open(self, page: P) -> None:
        """Send the page what is newer than its version, what there is already first."""
        self._pages.setdefault(page.payment_id, []).append(page)
        self._beats[self._count % HEARTBEAT_TICKS][page] = None
        self._count += 1
        self._viewers.add(page.viewer, page)
        # What lasts longer than this call must not log its lines under the name of the page's request.
        outside_requests().run(self._notices.listen, self.announce, self._look_again)
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), context=outside_requests())
        if self._closed:
            page.close()
        self.announce([page.payment_id])

    def leave(self, page: P) -> None:
        """The page has gone."""
        self._count -= 1
        self._viewers.remove(page.viewer, page)
        for beats in self._beats:
            beats.pop(page, None)
        rest = self._pages[page.payment_id]
        rest.remove(page)
        if not rest:
            del self._pages[page.payment_id]
            self._reminders.pop(page.payment_id, None)

    def pages(self, payment_id: str) -> Sequence[P]:
        """The pages that watch this payment."""
        return self._pages.get(payment_id, ())

    def publish(self, payment_ids: Collection[str]) -> None:
        """These payments have changed, and it is durable: send it to the pages here, and notify the other processes."""
        self.announce(payment_ids)
        self._notices.send(payment_ids)

    def announce(self, payment_ids: Iterable[str]) -> None:
        """These payments may have changed."""
        self._changed.update((each, None) for each in payment_ids if each in self._pages)
        if self._changed and self._sending is None and not self._closed:
            self._sending = asyncio.create_task(self._send_changed(), context=outside_requests())

    def remind(self, payment_id: str, at: Instant) -> None:
        """Send this payment again at that time, to the second, although nothing may have changed."""
        self._reminders[payment_id] = at

    def close(self) -> None:
        """End every stream, and begin no other."""
        self._closed = True
        for pages in list(self._pages.values()):
            for page in list(pages):
                page.close()

    async def stop(self) -> None:
        """Send nothing any more."""
        self.close()
        await self._notices.close()
        tasks = [task for task in (self._sending, self._ticking) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _send_changed(self) -> None:
        try:
            while self._changed:
                batch = list(islice(self._changed, SENT_TOGETHER))
                for payment_id in batch:
                    del self._changed[payment_id]
                try:
                    await self._send(batch)
                except Unavailable:
                    _log.warning("the database is away; pages wait for news")
                    self._changed.update(dict.fromkeys(batch))
                    await asyncio.sleep(TICK_SECONDS)
                except Exception:
                    _log.exception("changes of %d payments could not be sent to their pages", len(batch))
        finally:
            self._sending = None

    async def _tick(self) -> None:
        number = 0
        try:
            while self._pages:
                await asyncio.sleep(TICK_SECONDS)
                number = (number + 1) % HEARTBEAT_TICKS
                for page in list(self._beats[number]):
                    page.beat()
                for page in self._viewers.take_ended(self._clock.now()):
                    page.close()
                self._remember()
                if number == 0 or not self._notices.is_connected:
                    await self._look()
        finally:
            self._ticking = None

    def _remember(self) -> None:
        now = self._clock.now()
        for payment_id in [each for each, at in self._reminders.items() if at <= now]:
            del self._reminders[payment_id]
            self.announce([payment_id])

    def _look_again(self) -> None:
        """Notices come from now on; what came before may have been missed."""
        self.announce(list(self._pages))

    async def _look(self) -> None:
        watched = list(self._pages)
        for begin in range(0, len(watched), SENT_TOGETHER):
            some = watched[begin : begin + SENT_TOGETHER]
            try:
                found = await self._database.read_one(versions_of, some)
            except Unavailable:
                _log.warning("the database is away; pages wait for news")
                return
            self.announce(
                payment_id
                for payment_id, version in found
                if any(page.version < version for page in self.pages(payment_id))
            )


def versions_of(connection: Connection, payment_ids: Collection[str]) -> Sequence[tuple[str, int]]:
    """The versions that these payments have reached."""
    columns = (payments.c.id, payments.c.version)
    return [(row.id, row.version) for row in select_in(connection, columns, payments.c.id, payment_ids)]
