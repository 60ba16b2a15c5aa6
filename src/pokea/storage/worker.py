"""Work in the background of a process: one step after another, and what goes wrong in one ends none that follow."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pokea.errors import OutcomeUnknown, Unavailable


class Worker:
    """Takes a step over and over. A step that has nothing to do rests.

    `name` is what the log calls a step that failed, `waits` what it says of the work while the database is away;
    `pause_seconds` follow a step that failed.
    """

    def __init__(
        self,
        step: Callable[[], Awaitable[object]],
        log: logging.Logger,
        *,
        name: str,
        waits: str,
        pause_seconds: float = 1.0,
    ) -> None:
        self._step = step
        self._log = log
        self._name = name
        self._waits = waits
        self._pause_seconds = pause_seconds
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.is_ending = False

    async def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End now, in the middle of a step; what is under way in the database ends as it may."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def finish(self) -> None:
        """Let the step that is being taken come to its end, and take no other."""
        self.is_ending = True
        self._woken.set()
        if self._task is not None:
            await self._task

    def wake(self) -> None:
        """End a rest, or the next one before it begins."""
        self._woken.set()

    async def rest(self, seconds: float) -> None:
        """Do nothing for a while, or until woken."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        if not self.is_ending:
            self._woken.clear()

    async def _run(self) -> None:
        while not self.is_ending:
            try:
                await self._step()
                continue
            except (OutcomeUnknown, Unavailable) as failure:
                self._log.warning("the database is away; %s (%s)", self._waits, failure)
            except Exception:
                self._log.exception("%s failed; it is tried again", self._name)
            await self.rest(self._pause_seconds)
