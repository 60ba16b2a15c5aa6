"""Callbacks on their way: sent once through the transport, several at a time, never redirected (daraja: callback
request)."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine
from typing import Final

from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.core import Core
from pokea.simulator.timekeeping import SimulatedTime
from pokea.transport import NoAnswer, NotSent, Transport

_TIMEOUT_SECONDS: Final = 10.0
"""How long a callback waits for its answer (no source for STK: ours)."""
_MOST_IN_FLIGHT: Final = 256

_log = logging.getLogger(__name__)


class CallbackSender:
    """Takes what is due from the core and delivers it, in tasks of its own."""

    def __init__(self, core: Core, transport: Transport, time: SimulatedTime, changed: Callable[[], None]) -> None:
        self._core = core
        self._transport = transport
        self._time = time
        self._changed = changed
        self._room = asyncio.Semaphore(_MOST_IN_FLIGHT)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._started = 0
        self._awaited: dict[str, asyncio.Event] = {}

    def fire_due(self) -> list[asyncio.Task[None]]:
        """Let everything happen that is due; one task for each payment whose callbacks go out."""
        batches: dict[str, list[PlannedCallback]] = {}
        for delivery in self._core.take_due(self._time.now()):
            batches.setdefault(delivery.reference, []).append(delivery)
        return [self._start(self._deliver_in_order(batch)) for batch in batches.values()]

    async def finish_due(self) -> None:
        """Let everything happen that is due, and wait until its callbacks are answered or given up."""
        self.fire_due()
        waiting = list(self._tasks.values())
        while waiting:
            await asyncio.gather(*waiting, return_exceptions=True)
            waiting = self.fire_due()

    def expect(self, reference: str) -> asyncio.Event:
        """What is set once a callback of this payment has been sent and answered."""
        return self._awaited.setdefault(reference, asyncio.Event())

    async def stop(self) -> None:
        """Give up what is on its way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        self._started += 1
        number = self._started
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[number] = task
        task.add_done_callback(lambda done: self._done(number, done))
        return task

    def _done(self, number: int, task: asyncio.Task[None]) -> None:
        del self._tasks[number]
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            _log.error("a callback could not be delivered", exc_info=failure)

    async def _deliver_in_order(self, batch: list[PlannedCallback]) -> None:
        """Callbacks of one payment: those of one instant at once, the later ones after their answer."""
        for _, together in itertools.groupby(batch, key=lambda delivery: delivery.due):
            await asyncio.gather(*[self._deliver(delivery) for delivery in together])

    async def _deliver(self, delivery: PlannedCallback) -> None:
        async with self._room:
            entry = self._core.sending(delivery)
            self._changed()
            status = await self._status(delivery)
        self._core.sent(delivery, entry, status, self._time.now())
        expected = self._awaited.pop(delivery.reference, None)
        if expected is not None:
            expected.set()
        self._changed()

    async def _status(self, delivery: PlannedCallback) -> int | None:
        try:
            reply = await self._transport.send(
                "POST", delivery.url, delivery.headers(), delivery.body, _TIMEOUT_SECONDS
            )
        except (NotSent, NoAnswer):
            return None
        return reply.status
