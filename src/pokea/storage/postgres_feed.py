"""The change feed of PostgreSQL, which has NOTIFY (law: events).

Inside a settle it costs half of the throughput, since it makes commits wait for each other; so the ids are sent in
transactions of their own, after the commit, and gathered while an earlier notice is on its way: at most one notice a
batch, and no more than fifty a second. Notices carry ids alone: a receiver reads the rows.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection

import psycopg
from sqlalchemy import Connection, Text, bindparam, func, select

from pokea.errors import OutcomeUnknown, Unavailable
from pokea.storage.change_feed import Again, OnIds
from pokea.storage.database import Database
from pokea.storage.sql import fetch_all

CHANNEL = "pokea_payments"
_LONGEST_NOTICE = 7_900
"""Bytes; PostgreSQL takes eight thousand."""
_MOST_WAITING = 50_000
_PAUSE_SECONDS = 0.02
_FIRST_RETRY_SECONDS = 0.1
_LONGEST_RETRY_SECONDS = 2.0
_SILENCE_SECONDS = 30.0
_CONNECT_SECONDS = 5
_HEARD_WITHIN_SECONDS = 1.0
"""How soon a process receives its own notice; one that does not is deaf."""
_NOTIFY = select(
    func.set_config("synchronous_commit", "off", True), func.pg_notify(CHANNEL, bindparam("payload", type_=Text))
)

_log = logging.getLogger("pokea.notices")


class PostgresChangeFeed:
    """NOTIFY through the database's writers, and LISTEN on a connection of its own that is made anew when it is lost.

    `name` distinguishes this process from the others, which have its notices from itself already.
    """

    def __init__(self, database: Database, url: str, name: str) -> None:
        self._database = database
        self._address = "postgresql://" + url.split("://", 1)[1]
        self._name = name
        self._waiting: dict[str, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._connected = False
        self._came_back = 0
        self._expected_by: float | None = None
        self._deaf = False

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands, and what this process sends comes back on it."""
        now = asyncio.get_running_loop().time()
        if self._expected_by is not None and now > self._expected_by:
            self._expected_by = None
            if self._connected and not self._deaf:
                self._deaf = True
                _log.warning(
                    "this process does not hear its own notices, as behind a pooler of transactions: pages are looked "
                    "after once a second. Set POKEA_NOTICES_URL to an address of PostgreSQL itself."
                )
        return self._connected and not self._deaf

    def listen(self, on_ids: OnIds, again: Again) -> None:
        """Begin to hear, if this was not begun."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(on_ids, again))

    def send(self, payment_ids: Collection[str]) -> None:
        """Gather the ids, and send them with the next notice."""
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.update(dict.fromkeys(payment_ids))
        if self._waiting and self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def close(self) -> None:
        """Send what is gathered, then end."""
        if self._sending is not None:
            await asyncio.wait([self._sending])
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    async def _send(self) -> None:
        try:
            while self._waiting:
                payload = self._next_payload()
                try:
                    await self._notify(payload)
                except (OutcomeUnknown, Unavailable):
                    _log.warning("the database is away; other processes will look for themselves")
                    self._waiting.clear()
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            self._sending = None

    async def _notify(self, payload: str) -> None:
        """Send a notice, and expect it back. Raises Unavailable and OutcomeUnknown."""
        before = self._came_back
        await self._database.write(notify, payload)
        # It may have come back already.
        if self._connected and self._expected_by is None and self._came_back == before:
            self._expected_by = asyncio.get_running_loop().time() + _HEARD_WITHIN_SECONDS

    async def _ask(self) -> None:
        """Send a notice that says nothing, to see whether it comes back."""
        with contextlib.suppress(OutcomeUnknown, Unavailable):
            await self._notify(self._name)

    def _next_payload(self) -> str:
        words = [self._name]
        length = len(self._name)
        while self._waiting:
            payment_id = next(iter(self._waiting))
            length += len(payment_id) + 1
            if length > _LONGEST_NOTICE:
                break
            del self._waiting[payment_id]
            words.append(payment_id)
        return " ".join(words)

    async def _listen(self, on_ids: OnIds, again: Again) -> None:
        pause = _FIRST_RETRY_SECONDS
        while True:
            try:
                connecting = psycopg.AsyncConnection.connect(
                    self._address, autocommit=True, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None
                )
                async with await connecting as connection:
                    await connection.execute(f"listen {CHANNEL}".encode())
                    self._connected, pause = True, _FIRST_RETRY_SECONDS
                    again()
                    asking = asyncio.create_task(self._ask())
                    try:
                        await self._receive(connection, on_ids)
                    finally:
                        asking.cancel()
            except (psycopg.Error, OSError) as failure:
                _log.warning(
                    "notices do not arrive: %s; the versions of watched payments are polled once a second",
                    type(failure).__name__,
                )
            finally:
                self._connected, self._expected_by = False, None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_RETRY_SECONDS)

    async def _receive(self, connection: "psycopg.AsyncConnection[tuple[object, ...]]", on_ids: OnIds) -> None:
        while True:
            async for notice in connection.notifies(timeout=_SILENCE_SECONDS):
                name, *payment_ids = notice.payload.split(" ")
                if name != self._name:
                    if payment_ids:
                        on_ids(payment_ids)
                    continue
                self._came_back += 1
                self._expected_by = None
                if self._deaf:
                    self._deaf = False
                    _log.info("this process receives its own notices again")
            # Nothing came for a while: a connection that died without a word is found by asking.
            await connection.execute(b"select 1")
            await self._ask()


def notify(connection: Connection, payload: str) -> None:
    """Notify the listeners. A notice may be lost, so its commit does not wait for the disk."""
    fetch_all(connection, _NOTIFY, {"payload": payload})


async def is_heard(url: str, database: Database, name: str) -> bool:
    """Whether a notice that is sent through the database arrives at `url` within a second. Raises psycopg.Error."""
    address = "postgresql://" + url.split("://", 1)[1]
    connecting = psycopg.AsyncConnection.connect(
        address, autocommit=True, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None
    )
    async with await connecting as connection:
        await connection.execute(f"listen {CHANNEL}".encode())
        await database.write(notify, name)
        async for notice in connection.notifies(timeout=_HEARD_WITHIN_SECONDS):
            if notice.payload == name:
                return True
    return False
