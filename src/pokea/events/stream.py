"""Numbering events in the background of a process, soon after their commit, and forgetting those of long ago.

Each process does both; the row of `event_stream` lets one at a time number. What this process commits is numbered at
once; what another left behind, as when it died, is found by looking.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from pokea.clock import HOUR, Clock, Instant
from pokea.events.store import MOST_NUMBERED, FindFollow, forget_events, is_any_waiting, number_events
from pokea.storage.database import Database
from pokea.storage.worker import Worker

FORGOTTEN_AT_ONCE: Final = 1_000
"""So many events are forgotten in one transaction."""
CLOCKS_APART: Final[Instant] = HOUR
"""More than the clocks of two processes are apart."""
DAY: Final[Instant] = 24 * HOUR
_SHARE_OF_SLEEP: Final = 0.125
"""So much sooner than other workers it looks: every quarter of a second, where they sleep for two."""
_GATHERED_SECONDS: Final = 0.05
"""What is committed within so long is numbered together."""
_FORGETS_EVERY_SECONDS: Final = 3600.0
_GOES_ON_AFTER_SECONDS: Final = 1.0

_log = logging.getLogger("pokea.events")


class EventStream:
    """A process's part in the list of events.

    `find_follow` finds what else is written when events get their numbers, and `announce` is called once
    that is durable. `longest_sleep_seconds` bounds how late it notices what other processes have left.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        find_follow: FindFollow | None,
        announce: Callable[[], None],
        *,
        kept_days: int,
        longest_sleep_seconds: float = 2.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._find_follow = find_follow
        self._announce = announce
        self._kept: Instant = kept_days * DAY
        self._sleep_seconds = longest_sleep_seconds * _SHARE_OF_SLEEP
        self._numbering = Worker(self._number, _log, name="numbering events", waits="events wait for their numbers")
        self._forgetting = Worker(self._forget, _log, name="forgetting events", waits="old events stay for now")

    async def start(self) -> None:
        """Begin to work."""
        await self._numbering.start()
        await self._forgetting.start()

    async def stop(self) -> None:
        """End; the next process numbers what is left."""
        await self._numbering.stop()
        await self._forgetting.stop()

    def wake(self) -> None:
        """Something was committed: number it soon."""
        self._numbering.wake()

    async def _number(self) -> None:
        if not await self._database.read_one(is_any_waiting):
            await self._numbering.rest(self._sleep_seconds)
            return
        count = await self._database.write(number_events, self._find_follow)
        if count:
            self._announce()
        if count is None or count < MOST_NUMBERED:
            await asyncio.sleep(_GATHERED_SECONDS)

    async def _forget(self) -> None:
        before = self._clock.now() - self._kept
        count = await self._database.write(forget_events, before, FORGOTTEN_AT_ONCE, CLOCKS_APART)
        await self._forgetting.rest(_FORGETS_EVERY_SECONDS if count < FORGOTTEN_AT_ONCE else _GOES_ON_AFTER_SECONDS)
