"""The simulator's own time: the clock it was given, moved on by whoever asks, and sleep that notices."""

import asyncio

from pokea.clock import SECOND, Clock, Instant


class SimulatedTime:
    """A clock with an offset that only grows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asleep: dict[int, asyncio.Event] = {}
        self._slept = 0
        self.offset: Instant = 0

    def now(self) -> Instant:
        """The present instant of the simulator."""
        return self._clock.now() + self.offset

    def advance(self, span: Instant) -> None:
        """Move on by `span`, which is never negative, and let every sleeper look at the time again."""
        self.offset += span
        for event in self._asleep.values():
            event.set()

    async def sleep(self, until: Instant | None, woken: "Wake") -> None:
        """Sleep until `until` (None: for ever) or until `woken`."""
        self._slept += 1
        number = self._slept
        event = self._asleep[number] = woken.event
        loop = asyncio.get_running_loop()
        try:
            while not woken.asked and (until is None or self.now() < until):
                event.clear()
                timer = None if until is None else loop.call_later((until - self.now()) / SECOND, event.set)
                try:
                    await event.wait()
                finally:
                    if timer is not None:
                        timer.cancel()
            woken.asked = False
        finally:
            del self._asleep[number]


class Wake:
    """Ends one sleeper's sleep early, or the next one's at once."""

    def __init__(self) -> None:
        self.asked = False
        self.event = asyncio.Event()

    def up(self) -> None:
        """Wake."""
        self.asked = True
        self.event.set()
