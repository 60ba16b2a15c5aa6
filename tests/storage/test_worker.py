"""Work in the background: it goes on, whatever becomes of a step, and ends when it is told to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from pokea.errors import Unavailable
from pokea.storage.worker import Worker

LOG = logging.getLogger("pokea.test")


def background(step: Callable[[], Awaitable[object]], pause_seconds: float = 0.001) -> Worker:
    """The work under test."""
    return Worker(step, LOG, name="sweeping", waits="dust gathers", pause_seconds=pause_seconds)


class Steps:
    """Steps that are counted, of which the first few fail."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.taken = 0
        self.enough = asyncio.Event()

    async def take(self) -> None:
        """Fail while there are failures; after the first that does not, say so."""
        self.taken += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.enough.set()


def test_a_step_that_fails_ends_none_that_follow(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away is a warning, anything else is told with its traceback."""

    async def run() -> None:
        steps = Steps(Unavailable("away"), ZeroDivisionError("nought"))
        work = background(steps.take)
        await work.start()
        await asyncio.wait_for(steps.enough.wait(), 10)
        await work.stop()

    asyncio.run(run())
    assert [record.getMessage() for record in caplog.records] == [
        "the database is away; dust gathers (away)",
        "sweeping failed; it is tried again",
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [False, True]


def test_it_ends_with_the_step_that_is_taken() -> None:
    """Told to finish, it comes to the end of its step and takes no other; a rest is over at once."""

    async def run() -> list[str]:
        told: list[str] = []

        async def step() -> None:
            told.append("begun")
            await work.rest(3600)
            await asyncio.sleep(0.01)
            told.append("ended")

        work = background(step)
        await work.start()
        await asyncio.sleep(0)
        await asyncio.wait_for(work.finish(), 10)
        return told

    assert asyncio.run(run()) == ["begun", "ended"]


def test_who_is_woken_before_a_rest_does_not_rest() -> None:
    """What happens between the end of a search and the rest that follows it is not slept over."""

    async def run() -> int:
        steps = Steps()
        work = background(steps.take)
        work.wake()
        await asyncio.wait_for(work.rest(3600), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work.rest(3600), 0.01)
        return steps.taken

    assert asyncio.run(run()) == 0


def test_nothing_is_stopped_that_was_not_started() -> None:
    """A service that has no background is stopped like any other."""

    async def run() -> None:
        work = background(Steps().take)
        await work.stop()
        await work.finish()

    asyncio.run(run())
