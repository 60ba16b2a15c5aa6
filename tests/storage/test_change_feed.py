"""Notices between processes on one PostgreSQL: gathered, heard by the others alone, and heard again after a cut."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import pytest

from pokea.storage import postgres_feed as notices_module
from pokea.storage.change_feed import NoChangeFeed
from pokea.storage.database import Database, open_database
from pokea.storage.postgres_feed import CHANNEL, PostgresChangeFeed

_PATIENCE_SECONDS = 20.0
_LISTENERS = b"select pid from pg_stat_activity where query = %s and datname = current_database()"


class Side:
    """One process: what it heard, and how often it was told that something may have been missed."""

    def __init__(self, url: str, name: str) -> None:
        self.database: Database = open_database(url)
        self.notices = PostgresChangeFeed(self.database, url, name)
        self.heard: list[str] = []
        self.times = 0
        self.again = 0

    def listen(self) -> None:
        """Begin to hear."""
        self.notices.listen(self._hear, self._again)

    async def close(self) -> None:
        """End."""
        await self.notices.close()
        self.database.close()

    def _hear(self, payment_ids: Sequence[str]) -> None:
        self.heard.extend(payment_ids)
        self.times += 1

    def _again(self) -> None:
        self.again += 1


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


def between(url: str, talk: Callable[[Side, Side], Awaitable[None]]) -> None:
    """Let two sides talk."""

    async def run() -> None:
        one, other = Side(url, "one"), Side(url, "other")
        try:
            for side in (one, other):
                side.listen()
                await until(lambda side=side: side.notices.is_connected)  # type: ignore[misc]  # bound at once
            await talk(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(run())


def test_others_hear_what_is_sent_and_the_sender_does_not(postgres_url: str) -> None:
    """Each id arrives at the other side once, and nothing comes back."""

    async def talk(one: Side, other: Side) -> None:
        one.notices.send(["pay_1", "pay_2"])
        await until(lambda: len(other.heard) == 2)
        other.notices.send(["pay_3"])
        await until(lambda: len(one.heard) == 1)
        assert (one.heard, other.heard) == (["pay_3"], ["pay_1", "pay_2"])

    between(postgres_url, talk)


def test_many_ids_share_few_notices(postgres_url: str) -> None:
    """What gathers while a notice is on its way goes with the next, in pieces that PostgreSQL takes."""
    sent = [f"pay_{number:026d}" for number in range(2_000)]

    async def talk(one: Side, other: Side) -> None:
        for payment_id in sent:
            one.notices.send([payment_id])
        await until(lambda: len(other.heard) == len(sent))
        assert other.heard == sent
        assert other.times == -(-2_000 // 254)

    between(postgres_url, talk)


def test_an_id_that_waits_is_sent_once(postgres_url: str) -> None:
    """A payment that changes again before its notice left is named once."""

    async def talk(one: Side, other: Side) -> None:
        for _ in range(10):
            one.notices.send(["pay_1"])
        one.notices.send(["pay_2"])
        await until(lambda: "pay_2" in other.heard)
        assert other.heard == ["pay_1", "pay_2"]

    between(postgres_url, talk)


def test_a_cut_is_noticed_and_mended(postgres_url: str) -> None:
    """A side whose connection is cut says that it may have missed something once it hears again."""

    async def talk(one: Side, other: Side) -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            found = connection.execute(_LISTENERS, [f"listen {CHANNEL}"]).fetchall()
            for (pid,) in found:
                connection.execute("select pg_terminate_backend(%s)", [pid])
        await until(lambda: (one.again, other.again) == (2, 2))
        one.notices.send(["pay_1"])
        await until(lambda: other.heard == ["pay_1"])

    between(postgres_url, talk)


def test_what_is_gathered_is_sent_before_the_end(postgres_url: str) -> None:
    """A process that stops sends first what it has gathered."""

    async def talk(one: Side, other: Side) -> None:
        one.notices.send(["pay_1"])
        await one.notices.close()
        await until(lambda: other.heard == ["pay_1"])

    between(postgres_url, talk)


def test_what_waits_is_bounded(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that cannot be sent do not fill the memory: whoever watches will look."""
    monkeypatch.setattr(notices_module, "_MOST_WAITING", 100)

    async def talk(one: Side, other: Side) -> None:
        for number in range(1_000):
            one.notices.send([f"pay_{number}"])
        await one.notices.close()
        await until(lambda: len(other.heard) == 100)

    between(postgres_url, talk)


def test_without_notices_nothing_is_heard() -> None:
    """Where a database has none, whoever watches is told to look."""

    async def run() -> None:
        silent = NoChangeFeed()
        silent.listen(lambda _ids: None, lambda: None)
        silent.send(["pay_1"])
        await silent.close()
        assert not silent.is_connected

    asyncio.run(run())
