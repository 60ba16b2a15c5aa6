"""The hub: whoever watches is told what is new, together with the others, and nothing is done while nobody watches."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextvars import ContextVar
from typing import Any

import pytest

from pokea.api.logs import RunningRequest, running_request
from pokea.clock import SECOND, Instant, SystemClock
from pokea.errors import Unavailable
from pokea.events import hub as hubs
from pokea.events.hub import Hub
from pokea.events.viewers import Viewer
from pokea.storage.change_feed import Again, NoChangeFeed, OnIds
from pokea.storage.database import Database

NEVER = 2**62
PROCESS: ContextVar[str] = ContextVar("process", default="none")


class Reader:
    """A page that notes what is done to it."""

    def __init__(self, payment_id: str, version: int = 0, viewer: Viewer | None = None) -> None:
        self.viewer = viewer or Viewer("a page", 10**6, NEVER)
        self.payment_id = payment_id
        self.version = version
        self.beats = 0
        self.closed = 0

    def beat(self) -> None:
        """Count it."""
        self.beats += 1

    def close(self) -> None:
        """Count it."""
        self.closed += 1


class Wire:
    """Notices that a test sends by hand."""

    is_connected = True

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.heard: OnIds | None = None
        self.again: Again | None = None

    def listen(self, heard: OnIds, again: Again) -> None:
        """Remember whom to tell."""
        self.heard, self.again = heard, again

    def send(self, payment_ids: Collection[str]) -> None:
        """Note it."""
        self.sent.extend(payment_ids)

    async def close(self) -> None:
        """Nothing to end."""


class Scene:
    """A hub, and what it was asked to tell."""

    def __init__(self, database: Database, notices: Any = None) -> None:
        self.told: list[list[str]] = []
        self.pause: Callable[[], Awaitable[None]] | None = None
        self.hub: Hub[Reader] = Hub(database, SystemClock(), notices or NoChangeFeed(), self._tell)

    async def _tell(self, payment_ids: Sequence[str]) -> None:
        self.told.append(list(payment_ids))
        if self.pause is not None:
            await self.pause()

    async def settle(self) -> None:
        """Let the hub do what it can do at once."""
        for _ in range(5):
            await asyncio.sleep(0)


def test_a_new_page_is_told_the_present(database: Database) -> None:
    """Opening a page tells its payment, so that nothing between the look at it and the watch is missed."""

    async def run() -> list[list[str]]:
        scene = Scene(database)
        scene.hub.open(Reader("pay_1"))
        await scene.settle()
        await scene.hub.stop()
        return scene.told

    assert asyncio.run(run()) == [["pay_1"]]


def test_changes_wait_for_each_other_and_are_told_together(database: Database) -> None:
    """What changes while something is being told is told afterwards, all at once and once only."""

    async def run() -> list[list[str]]:
        scene = Scene(database)
        gate = asyncio.Event()
        for name in ("pay_1", "pay_2", "pay_3"):
            scene.hub.open(Reader(name))
        await scene.settle()
        scene.pause = gate.wait  # type: ignore[assignment]  # the answer is not looked at
        scene.hub.announce(["pay_1"])
        await scene.settle()
        scene.hub.announce(["pay_2", "pay_3", "pay_2"])
        scene.hub.announce(["pay_3", "pay_unwatched"])
        await scene.settle()
        gate.set()
        await scene.settle()
        await scene.hub.stop()
        return scene.told

    assert asyncio.run(run()) == [["pay_1", "pay_2", "pay_3"], ["pay_1"], ["pay_2", "pay_3"]]


def test_what_nobody_watches_is_sent_and_not_told(database: Database) -> None:
    """A change is sent to the other processes although no page of this one watches it."""

    async def run() -> tuple[list[list[str]], list[str]]:
        wire = Wire()
        scene = Scene(database, wire)
        scene.hub.publish(["pay_1"])
        await scene.settle()
        await scene.hub.stop()
        return scene.told, wire.sent

    assert asyncio.run(run()) == ([], ["pay_1"])


def test_what_others_send_is_told(database: Database) -> None:
    """A notice of a watched payment tells its pages, and when notices may have been missed all are looked at."""

    async def run() -> list[list[str]]:
        wire = Wire()
        scene = Scene(database, wire)
        scene.hub.open(Reader("pay_1"))
        scene.hub.open(Reader("pay_2"))
        await scene.settle()
        assert wire.heard is not None
        assert wire.again is not None
        wire.heard(["pay_2", "pay_9"])
        await scene.settle()
        wire.again()
        await scene.settle()
        await scene.hub.stop()
        return scene.told[1:]

    assert asyncio.run(run()) == [["pay_2"], ["pay_1", "pay_2"]]


def test_a_database_that_is_away_delays_and_loses_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be read is told when the database is back."""
    monkeypatch.setattr(hubs, "TICK_SECONDS", 0.01)

    async def run() -> list[list[str]]:
        scene = Scene(database)
        answers = iter([Unavailable("away"), None])

        async def fail_once() -> None:
            failure = next(answers, None)
            if failure is not None:
                raise failure

        scene.pause = fail_once
        scene.hub.open(Reader("pay_1"))
        await asyncio.sleep(0.1)
        await scene.hub.stop()
        return scene.told

    assert asyncio.run(run()) == [["pay_1"], ["pay_1"]]


def test_a_failure_harms_no_later_news(database: Database) -> None:
    """A batch that cannot be told for a reason nobody expected does not end the telling."""

    async def run() -> list[list[str]]:
        scene = Scene(database)

        async def fail() -> None:
            raise ValueError("unexpected")

        scene.pause = fail
        scene.hub.open(Reader("pay_1"))
        await scene.settle()
        scene.pause = None
        scene.hub.announce(["pay_1"])
        await scene.settle()
        await scene.hub.stop()
        return scene.told

    assert asyncio.run(run()) == [["pay_1"], ["pay_1"]]


def test_every_page_hears_from_us_once_a_round(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In as many ticks as there are beats, each page is sent one sign of life, whenever it came."""
    monkeypatch.setattr(hubs, "TICK_SECONDS", 0.01)

    async def run() -> list[int]:
        scene = Scene(database, Wire())
        readers = [Reader(f"pay_{number}") for number in range(40)]
        for reader in readers:
            scene.hub.open(reader)
        while min(reader.beats for reader in readers) < 2:
            await asyncio.sleep(0.005)
        await scene.hub.stop()
        return [reader.beats for reader in readers]

    beats = asyncio.run(run())
    assert max(beats) - min(beats) <= 1


def test_a_reminder_tells_once_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment is told again when its time has come, and not before."""
    monkeypatch.setattr(hubs, "TICK_SECONDS", 0.01)

    async def run() -> tuple[int, int]:
        scene = Scene(database, Wire())
        scene.hub.open(Reader("pay_1"))
        scene.hub.open(Reader("pay_2"))
        now = SystemClock().now()
        scene.hub.remind("pay_1", now + SECOND // 5)
        scene.hub.remind("pay_2", now + 60 * SECOND)
        await asyncio.sleep(0.1)
        early = len(scene.told)
        await asyncio.sleep(0.3)
        await scene.hub.stop()
        return early, scene.told.count(["pay_1"])

    assert asyncio.run(run()) == (1, 1)


def test_closing_ends_every_page_and_lets_no_other_begin(database: Database) -> None:
    """A service that stops closes what is open, and refuses what comes."""

    async def run() -> int:
        scene = Scene(database)
        reader = Reader("pay_1")
        scene.hub.open(reader)
        scene.hub.close()
        with pytest.raises(Unavailable):
            scene.hub.check_room(Viewer("a page", 10**6, NEVER))
        await scene.hub.stop()
        return reader.closed

    assert asyncio.run(run()) >= 1


def test_there_is_room_for_so_many(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page more than there is room for is refused, and the next that leaves makes room."""
    monkeypatch.setattr(hubs, "MOST_PAGES", 2)

    async def run() -> None:
        scene = Scene(database)
        first = Reader("pay_1")
        scene.hub.open(first)
        scene.hub.open(Reader("pay_1"))
        with pytest.raises(Unavailable):
            scene.hub.check_room(Viewer("a page", 10**6, NEVER))
        scene.hub.leave(first)
        scene.hub.check_room(Viewer("a page", 10**6, NEVER))
        assert len(scene.hub.pages("pay_1")) == 1
        await scene.hub.stop()

    asyncio.run(run())


def test_nothing_runs_when_nobody_watches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last page has left no task of the hub is left either."""
    monkeypatch.setattr(hubs, "TICK_SECONDS", 0.01)

    async def run() -> None:
        scene = Scene(database)
        reader = Reader("pay_1")
        scene.hub.open(reader)
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() != {asyncio.current_task()}
        scene.hub.leave(reader)
        async with asyncio.timeout(10):
            while asyncio.all_tasks() != {asyncio.current_task()}:
                await asyncio.sleep(0.01)

    asyncio.run(run())


class ProcessClock(SystemClock):
    """A clock that notes in which process, and in which request, it was asked."""

    def __init__(self) -> None:
        self.asked_by: set[tuple[str, RunningRequest | None]] = set()

    def now(self) -> Instant:
        """The present."""
        self.asked_by.add((PROCESS.get(), running_request.get()))
        return super().now()


def test_its_work_belongs_to_its_process_and_to_no_request(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page begins in the hub ends together with the process, and does not log under the page's request."""
    monkeypatch.setattr(hubs, "TICK_SECONDS", 0.01)

    async def run() -> set[tuple[str, RunningRequest | None]]:
        clock, told = ProcessClock(), asyncio.Event()

        async def tell(_payment_ids: Sequence[str]) -> None:
            clock.now()
            told.set()

        hub: Hub[Reader] = Hub(database, clock, NoChangeFeed(), tell)
        PROCESS.set("service 1")
        running_request.set(RunningRequest("req_1"))
        hub.open(Reader("pay_1"))
        async with asyncio.timeout(10):
            await told.wait()
            told_by = set(clock.asked_by)
            # The tick asks for the time, too.
            clock.asked_by.clear()
            while not clock.asked_by:
                await asyncio.sleep(0.01)
        await hub.stop()
        return told_by | clock.asked_by

    assert asyncio.run(run()) == {("service 1", None)}
