"""Each process's part in sending, on real databases: one sender for all, also while the database is away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from pokea.alerts.alert import AlertCode, AlertRow, raise_alerts, read_alerts
from pokea.alerts.dispatch import MOST_HELD, Alerts
from pokea.alerts.outage import PATIENCE
from pokea.alerts.send import Message, Send
from pokea.errors import Unavailable
from pokea.storage.database import Database, open_database
from tests.alerts.inbox import SetClock, from_address, of_rule
from tests.operations.outage import Outage
from tests.postgres import PostgresServer


class Outbox:
    """Keeps what is sent; `takes` says whether it can be sent at all."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.takes = True

    async def send(self, message: Message) -> bool:
        """Keep a message."""
        if self.takes:
            self.messages.append(message)
        return self.takes

    @property
    def bodies(self) -> list[str]:
        """What the messages say."""
        return [message.body for message in self.messages]


@asynccontextmanager
async def alerting(database: Database, clock: SetClock, send: Send | None) -> AsyncIterator[Alerts]:
    """A process's alerts, at work."""
    alerts = Alerts(database, clock, send, longest_sleep_seconds=0.02)
    database.note_outcome = alerts.note_outcome
    await alerts.start()
    try:
        yield alerts
    finally:
        await alerts.stop()


async def until(holds: Callable[[], object]) -> None:
    """Wait until this is true."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


async def rows(database: Database, holds: Callable[[list[AlertRow]], object] = bool) -> list[AlertRow]:
    """The alerts as they stand, once this is true of them."""
    async with asyncio.timeout(60):
        while not holds(found := await database.read(read_alerts, 100)):
            await asyncio.sleep(0.01)
    return found


def are_sent(found: list[AlertRow]) -> bool:
    """Whether there are alerts, and all have been sent."""
    return bool(found) and all(row.sent_at is not None and row.due_at is None for row in found)


def test_what_a_change_raises_is_sent_once_by_one_of_many(database: Database) -> None:
    """Of several processes one sends it, and the row says when."""
    clock, outbox = SetClock(), Outbox()

    async def run() -> None:
        async with (
            alerting(database, clock, outbox.send),
            alerting(database, clock, outbox.send),
            alerting(database, clock, outbox.send),
        ):
            for rule in "abc":
                await database.write(raise_alerts, [of_rule(rule)], clock.now())
                await rows(database, are_sent)
                clock.instant += 3_600_000_000

    asyncio.run(run())
    assert outbox.bodies == [f"the rule {rule} is broken" for rule in "abc"]


def test_what_is_reported_is_written_logged_and_sent(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The door for what no change has found: however often it is reported, one row, one line, one message."""
    clock, outbox = SetClock(), Outbox()

    async def run() -> None:
        async with alerting(database, clock, outbox.send) as alerts:
            for _ in range(5):
                await alerts.report(from_address(7))
            await until(lambda: outbox.messages)

    asyncio.run(run())
    assert outbox.bodies == ["a callback came from address 7"]
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]
    assert said == ["callback_address (10.0.0.7): a callback came from address 7"]


def test_without_an_address_alerts_are_written_and_not_sent(database: Database) -> None:
    """They wait in the table, so that an admin sees them, and go out when an address is set."""
    clock, outbox = SetClock(), Outbox()

    async def run() -> None:
        async with alerting(database, clock, None) as alerts:
            await alerts.report(of_rule("a"))
            assert [row.sent_at for row in await rows(database)] == [None]
        async with alerting(database, clock, outbox.send):
            await until(lambda: outbox.messages)

    asyncio.run(run())
    assert outbox.bodies == ["the rule a is broken"]


def test_what_cannot_be_sent_is_sent_later(database: Database) -> None:
    """An address that does not answer loses nothing."""
    clock, outbox = SetClock(), Outbox()
    outbox.takes = False

    async def run() -> None:
        async with alerting(database, clock, outbox.send) as alerts:
            await alerts.report(of_rule("a"))
            await rows(database, lambda found: (found[0].due_at or 0) > clock.now())
            outbox.takes = True
            clock.instant += 15_000_000
            await until(lambda: outbox.messages)

    asyncio.run(run())
    assert outbox.bodies == ["the rule a is broken"]


@pytest.fixture
def impatient(postgres_url: str) -> Iterator[Database]:
    """A database on PostgreSQL, whose writes are given up soon."""
    opened = open_database(postgres_url)
    opened._patience_seconds = 0.3
    yield opened
    opened.close()


@pytest.fixture
def outage(postgres_server: PostgresServer, postgres_url: str) -> Iterator[Outage]:
    """Takes that database away and gives it back."""
    made = Outage(postgres_server, postgres_url)
    yield made
    made.end()


def test_a_database_that_is_away_is_told_by_the_process_itself(impatient: Database, outage: Outage) -> None:
    """Nothing can be written, so the alert waits in memory and is sent from there, once; when the database is back the
    row says that it was sent."""
    clock, outbox = SetClock(), Outbox()

    async def run() -> None:
        async with alerting(impatient, clock, outbox.send) as alerts:
            outage.begin()
            alerts.note_outcome("write", "database or disk is full")
            clock.instant += PATIENCE
            alerts.note_outcome("write", "database or disk is full")
            await until(lambda: outbox.messages)
            alerts.note_outcome("write", "database or disk is full")
            await alerts.report(of_rule("a"))
            await until(lambda: len(outbox.messages) == 2)
            outage.end()
            assert are_sent(await rows(impatient, lambda found: len(found) == 2))

    asyncio.run(run())
    assert len(outbox.messages) == 2
    assert "No write of the database has worked for 10 s (database or disk is full)" in outbox.bodies[0]
    assert outbox.bodies[1] == "the rule a is broken"


def test_what_waits_in_memory_is_bounded(impatient: Database, outage: Outage) -> None:
    """While the database is away only so many alerts are held and sent; the log has all."""
    clock, outbox = SetClock(), Outbox()

    async def run() -> None:
        outage.begin()
        async with alerting(impatient, clock, outbox.send) as alerts:
            for number in range(MOST_HELD + 20):
                alerts._hold(from_address(number))
            await until(lambda: len(outbox.messages) >= MOST_HELD)
            outage.end()
            assert are_sent(await rows(impatient, lambda found: len(found) == MOST_HELD))

    asyncio.run(run())
    assert len(outbox.messages) == MOST_HELD


def test_an_outage_is_noticed_by_those_who_meet_it(impatient: Database, outage: Outage) -> None:
    """The outcome of each read and write is heard: failures that last are an alert, and one success ends them."""
    clock = SetClock()

    async def run() -> None:
        async with alerting(impatient, clock, None):
            outage.begin()
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await impatient.write(raise_alerts, [of_rule("a")], clock.now())
                clock.instant += PATIENCE
            outage.end()
            assert {row.code for row in await rows(impatient)} == {AlertCode.DATABASE_AWAY}

    asyncio.run(run())
