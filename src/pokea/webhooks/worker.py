"""Sending webhooks from one process: turns at the database, and between them what each turn has taken.

A turn is one transaction: it keeps what was sent since the last one and leases what is sent next, of all endpoints
together. Nothing is sent inside it, and nothing that is not durable is sent: events have their numbers by then.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from pokea.addresses import WebAddress, read_web_address
from pokea.alerts.dispatch import Alerts
from pokea.api.metrics import WEBHOOK_DELIVERIES, WEBHOOK_WAITING, Metrics
from pokea.clock import Clock
from pokea.courier import Courier, Letter, NotDelivered, Place
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.events.body import body_of, event_id
from pokea.events.outbox import Event
from pokea.ids import Ids, RandomBytes
from pokea.redact import masked_beginning
from pokea.storage.database import Database
from pokea.storage.sealing import Seal
from pokea.storage.worker import Worker
from pokea.webhooks.address import Door, port_of, target_of
from pokea.webhooks.batches import Finished, HookBatch, Lane, arrived_of
from pokea.webhooks.breaker import Attempted, goes_on, hold_of
from pokea.webhooks.queue import Turned, TurnPlan, is_any_free, take_turn
from pokea.webhooks.replaying import count_waiting
from pokea.webhooks.signing import key_of, signed_headers
from pokea.webhooks.store import SealedSecret

MOST_IN_FLIGHT: Final = 256
"""Deliveries of one process that are unanswered at a time."""
SENDS_FOR_SECONDS: Final = 1.0
"""A batch begins no delivery later than so long after it was taken: its lease outlasts the last one."""
LONGEST_ANSWER: Final = 1_000
KEEPS_EVERY_SECONDS: Final = 0.25
"""What has arrived of a batch that goes on is kept so often: of a process that dies no more comes twice."""
_GATHERED_SECONDS: Final = 0.01
"""What ends within so long is kept together."""
_SHARE_OF_SLEEP: Final = 0.25
_FINISHING_SECONDS: Final = 5.0
_COUNTS_EVERY_SECONDS: Final = 60.0
_CHANCES: Final = 2**32

_log = logging.getLogger("pokea.webhooks")


class WebhookWorker:
    """A process's part in sending events. `longest_sleep_seconds` bounds how late it notices what others have left;
    `wake_events` says that an event waits for its number."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        random_bytes: RandomBytes,
        seal: Seal,
        door: Door,
        courier: Courier,
        *,
        alerts: Alerts,
        metrics: Metrics,
        wake_events: Callable[[], None],
        livemode: bool,
        longest_sleep_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._random_bytes = random_bytes
        self._seal = seal
        self._door = door
        self._courier = courier
        self._alerts = alerts
        self._outcomes = metrics.counter(WEBHOOK_DELIVERIES)
        self._waiting = metrics.gauge(WEBHOOK_WAITING)
        self._wake_events = wake_events
        self._livemode = livemode
        self._sleep_seconds = longest_sleep_seconds * _SHARE_OF_SLEEP
        self._counts_every_seconds = max(_COUNTS_EVERY_SECONDS, longest_sleep_seconds)
        self._finished: list[Finished] = []
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._under_way: list[_BatchUnderWay] = []
        self._is_ending = False
        self._work = Worker(self._step, _log, name="sending webhooks", waits="webhooks wait")
        self._counting = Worker(self._count, _log, name="counting webhooks", waits="webhooks are counted later")

    async def start(self) -> None:
        """Begin to send."""
        await self._work.start()
        await self._counting.start()

    async def stop(self) -> None:
        """Begin no delivery, let those that are out be answered for a few seconds, and keep what came of them."""
        self._is_ending = True
        await self._counting.stop()
        await self._work.finish()
        if self._tasks:
            _, late = await asyncio.wait(list(self._tasks), timeout=_FINISHING_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        if self._finished:
            try:
                await self._turn(0)
            except (OutcomeUnknown, Unavailable):
                _log.warning("the database is away; what was delivered last may be sent once more")
        await self._courier.close()

    def wake(self) -> None:
        """Something may be due."""
        self._work.wake()

    async def _step(self) -> None:
        room = MOST_IN_FLIGHT - sum(self._tasks.values())
        is_quiet = not self._finished and not any(each.is_to_be_kept for each in self._under_way)
        if is_quiet and (room <= 0 or not await self._database.read_one(is_any_free, self._clock.now())):
            await self._work.rest(self._sleep_seconds)
            return
        turned = await self._turn(room)
        bodies: dict[tuple[str, int], bytes] = {}
        for batch in turned.batches:
            task = asyncio.create_task(self._send_batch(batch, bodies))
            self._tasks[task] = batch.endpoint.window
            task.add_done_callback(lambda done: self._tasks.pop(done, None))
        await asyncio.sleep(_GATHERED_SECONDS)

    async def _turn(self, room: int) -> Turned:
        finished, self._finished = self._finished, []
        arrived = [each.arrived() for each in self._under_way if each.is_to_be_kept]
        plan = TurnPlan(self._ids.new("turn"), [*finished, *arrived], room, self._opened, self._chance)
        try:
            turned = await self._database.write(take_turn, plan, self._clock.now())
        except BaseException:
            # What came of them is kept with the next turn.
            self._finished = finished + self._finished
            raise
        self._alerts.tell(turned.alerts)
        if turned.has_events:
            self._wake_events()
        return turned

    async def _send_batch(self, batch: HookBatch, bodies: dict[tuple[str, int], bytes]) -> None:
        """Send what the batch has, several objects at a time, until it is done, its time is over or trouble begins."""
        sending = _BatchUnderWay(batch, asyncio.get_running_loop().time())
        self._under_way.append(sending)
        try:
            ways = min(batch.endpoint.window, len(batch.lanes))
            async with asyncio.TaskGroup() as group:
                for _ in range(ways):
                    group.create_task(self._send_lanes(sending, bodies))
        finally:
            self._under_way.remove(sending)
            self._finished.append(Finished(batch, sending.attempts))
            self._work.wake()
            _report(batch, sending.attempts)

    async def _send_lanes(self, sending: "_BatchUnderWay", bodies: dict[tuple[str, int], bytes]) -> None:
        while sending.lanes and self._may_begin(sending):
            lane = sending.lanes.popleft()
            for event in lane.events:
                if not self._may_begin(sending):
                    return
                attempted = await self._send(sending, event, bodies)
                self._outcomes.add("delivered" if attempted.is_taken else "failed")
                sending.note(attempted, asyncio.get_running_loop().time())
                if sending.is_to_be_kept:
                    self._work.wake()
                if not attempted.is_taken:
                    break

    def _may_begin(self, sending: "_BatchUnderWay") -> bool:
        in_time = asyncio.get_running_loop().time() < sending.until
        return in_time and sending.goes_on and not self._is_ending

    async def _send(self, sending: "_BatchUnderWay", event: Event, bodies: dict[tuple[str, int], bytes]) -> Attempted:
        at = self._clock.now()
        if not sending.batch.keys:
            says = "No secret of this endpoint can be opened; is POKEA_SECRET_KEY another one? Rotate the secret."
            return Attempted(event.object_id, event.version, at, 0, says)
        name = event.object_id, event.version
        body = bodies.get(name)
        if body is None:
            body = bodies[name] = body_of(event, livemode=self._livemode)
        signed = signed_headers(event_id(*name), at, body, sending.batch.keys)
        letter = Letter(target_of(sending.address), [*_HEADERS, *signed], body)
        try:
            answer = await self._courier.post(sending.place, letter, self._door.allowance_for(sending.address))
        except NotDelivered as failure:
            return Attempted(*name, at, 0, failure.why)
        except Exception:
            _log.exception("%s could not be sent", event_id(*name))
            return Attempted(*name, at, 0, "It could not be sent; the service's log says why.")
        says = masked_beginning(answer.beginning.decode("utf-8", "replace").replace("\0", ""), LONGEST_ANSWER)
        now = self._clock.now()
        return Attempted(*name, at, answer.status, says, hold_of(answer.retry_after, now) if answer.retry_after else 0)

    async def _count(self) -> None:
        waiting, parked = await self._database.read(count_waiting)
        self._waiting.set("waiting", value=waiting)
        self._waiting.set("parked", value=parked)
        await self._counting.rest(self._counts_every_seconds)

    def _opened(self, secret: SealedSecret) -> bytes | None:
        opened = self._seal.open(secret.id, secret.sealed)
        return None if opened is None else key_of(opened)

    def _chance(self) -> float:
        return int.from_bytes(self._random_bytes(4), "big") / _CHANCES


_HEADERS: Final = (("Content-Type", "application/json"), ("User-Agent", "Pokea"), ("Accept", "*/*"))


class _BatchUnderWay:
    """A batch while it is sent, from a time of the loop's on."""

    def __init__(self, batch: HookBatch, began_at: float) -> None:
        self.batch = batch
        self.until = began_at + SENDS_FOR_SECONDS
        self.attempts: list[Attempted] = []
        self.is_to_be_kept = False
        self._keeps_at = began_at + KEEPS_EVERY_SECONDS
        self.lanes: deque[Lane] = deque(batch.lanes)
        self.address: WebAddress = read_web_address(batch.endpoint.url)
        self.place = Place(self.address.scheme == "https", self.address.host, port_of(self.address))
        self.goes_on = True
        self._failures = batch.endpoint.failures

    def arrived(self) -> Finished:
        """What has arrived so far, to be kept now. A turn that fails leaves it to the next one, or to the end."""
        self.is_to_be_kept = False
        return arrived_of(self.batch, self.attempts)

    def note(self, attempted: Attempted, at: float) -> None:
        """One more delivery has ended, at a time of the loop's."""
        self.attempts.append(attempted)
        if attempted.is_taken and at >= self._keeps_at:
            self.is_to_be_kept, self._keeps_at = True, at + KEEPS_EVERY_SECONDS
        self._failures = 0 if attempted.is_taken else self._failures + 1
        self.goes_on = self.goes_on and goes_on(self._failures, attempted)


def _report(batch: HookBatch, attempts: Sequence[Attempted]) -> None:
    failed = [each for each in attempts if not each.is_taken]
    if failed:
        last = failed[-1]
        why = f"it answered {last.status}" if last.status else last.says
        _log.warning("%s: %d of %d not delivered; %s", batch.endpoint.id, len(failed), len(attempts), why)
