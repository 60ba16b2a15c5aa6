"""Group commit without timers: whatever waits while one batch commits is the next batch (law: settler).

A caller of `submit` is answered when its item is durable. A batch that fails is stored unapplied, acknowledged,
and settled again by halves, so that one row cannot harm its neighbours; a row that fails alone is flagged and alerted.

What waits is bounded in number and in bytes; what comes on top is refused at once. While the database is slow or gone
no caller waits longer than the law's five seconds: it gets an error that says so, and its item stays
in its place all the same, because a callback is sent once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from pokea.clock import Clock, Instant
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.operations.evidence import Delivery, Evidence
from pokea.operations.settle import Change, Settled
from pokea.operations.store import Payment
from pokea.storage.batching import WorkerPool
from pokea.storage.database import PATIENCE_SECONDS, Database

LARGEST_BATCH = 128
LONGEST_QUEUE = 5_000
MOST_WAITING_BYTES = 32 * 1024 * 1024
"""Of bodies that wait; a genuine one has less than a thousand."""
BATCHES_AT_ONCE = 2
"""On PostgreSQL: while one batch waits for the disk, another is decided. SQLite has one writer."""
ENOUGH_BESIDE_ANOTHER = 24
"""So many wait before a batch begins beside one that is under way: smaller ones cost more CPU and gain no time."""
REVISIT_AT_ONCE = 64
_LOOKS = 10
"""How often in the time of one's patience we look who has lost it."""

_NAMED = 5
_DIGITS = 12
"""Of a delivery's digest: a whole one looks like a key to a scanner of logs."""

_log = logging.getLogger("pokea.settler")

Publish = Callable[[Sequence[Change]], None]


class Arrival(Protocol):
    """What can be submitted: a piece of evidence, or a delivery whose operation is not known yet."""

    @property
    def body(self) -> bytes | None:
        """The raw message, whose bytes are bounded while it waits."""

    @property
    def operation_id(self) -> str | None:
        """The operation of a piece of evidence; None of a delivery."""

    @property
    def name(self) -> str:
        """What leads to it: an operation's id, or of a delivery the token that it came with."""

    @property
    def digest(self) -> str:
        """Names a delivery in the log."""


A = TypeVar("A", bound=Arrival)
A_contra = TypeVar("A_contra", bound=Arrival, contravariant=True)
R = TypeVar("R")


class Settling(Protocol[A_contra, R]):
    """How one kind of operation is settled: each function is called inside one transaction."""

    def settle(
        self, connection: Connection, arrived: Sequence[A_contra], revisit: Sequence[str], now: Instant
    ) -> Settled[R]:
        """Settle what arrived, and what is stored of `revisit` and not applied."""

    def store_alone(self, connection: Connection, arrived: Sequence[A_contra], now: Instant) -> Mapping[str, str]:
        """Keep it unapplied; answers the operation of each token that is one's."""

    def flag_stuck(self, connection: Connection, operation_ids: Sequence[str], now: Instant) -> list[Change]:
        """Flag operations whose evidence cannot be settled."""

    def unapplied(self, connection: Connection, most: int) -> list[str]:
        """Operations with evidence that is stored and not applied, the oldest first."""


class _Kept(NamedTuple, Generic[R]):
    """What arrived is durable: the row as it left it, if it is applied, and the id of the operation it belongs to."""

    row: R | None
    operation_id: str | None


class _QueuedArrival(NamedTuple, Generic[A, R]):
    arrived: A
    durable: asyncio.Future[_Kept[R]]
    size_bytes: int
    impatient_at: float


class Settler(Generic[A, R]):
    """Takes evidence of one kind of operation from everywhere in this process and settles it in batches, few at a
    time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settling: Settling[A, R],
        publish: Publish,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._kind = settling
        self._publish = publish
        self._patience_seconds = patience_seconds
        self._waiting: deque[_QueuedArrival[A, R]] = deque()
        self._waiting_bytes = 0
        self._under_way: dict[int, Sequence[_QueuedArrival[A, R]]] = {}
        self._settling = WorkerPool(self._settle_all, BATCHES_AT_ONCE if database.dialect == "postgresql" else 1)
        self._impatience: asyncio.TimerHandle | None = None
        self._revisit: deque[tuple[str, ...]] = deque()
        self._closing = False

    async def start(self) -> None:
        """Begin, with whatever an earlier process stored and did not apply."""
        await self.revisit_unapplied()

    async def stop(self) -> None:
        """Settle all that waits, then end."""
        self._closing = True
        await self._settling.ended()

    def check_room(self) -> None:
        """Raises Unavailable when nothing more may wait, so that a request need not even be read."""
        if self._closing:
            raise Unavailable("the service is stopping")
        if len(self._waiting) >= LONGEST_QUEUE or self._waiting_bytes >= MOST_WAITING_BYTES:
            raise Unavailable("too much is waiting to be settled")

    async def submit(self, arrived: A) -> R | None:
        """Once what arrived is durable: the row as the evidence has left it; None for a delivery, and where it is
        stored and not applied yet.

        Raises Unavailable when it was not stored and will not be, and OutcomeUnknown when it may be.
        """
        return (await self._keep(arrived)).row

    async def deliver(self, arrived: A) -> str | None:
        """Once the delivery is durable: the id of the operation whose token it came with, None for none's.

        Raises Unavailable and OutcomeUnknown as `submit` does.
        """
        return (await self._keep(arrived)).operation_id

    async def _keep(self, arrived: A) -> _Kept[R]:
        self.check_room()
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[_Kept[R]] = loop.create_future()
        size = len(arrived.body or b"")
        self._waiting.append(_QueuedArrival(arrived, durable, size, loop.time() + self._patience_seconds))
        self._waiting_bytes += size
        self._begin()
        return await durable

    def _begin(self) -> None:
        """Settle what waits, if that is enough for a batch beside those that are under way."""
        if self._enough_waits(len(self._settling)):
            self._settling.begin()
            if self._impatience is None:
                self._look_later()

    def _enough_waits(self, others: int) -> bool:
        """Whether enough waits for a batch beside so many others; alone, nothing waits for company."""
        return len(self._waiting) >= ENOUGH_BESIDE_ANOTHER if others else bool(self._waiting or self._revisit)

    async def _settle_all(self, number: int) -> None:
        try:
            while self._enough_waits(len(self._settling) - 1):
                if self._waiting:
                    await self._settle_next(number)
                if self._revisit:
                    await self._settle_again(self._revisit.popleft())
        finally:
            if len(self._settling) == 1 and self._impatience is not None:
                self._impatience.cancel()
                self._impatience = None

    async def _settle_next(self, number: int) -> None:
        together = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
        self._waiting_bytes -= sum(each.size_bytes for each in together)
        self._under_way[number] = together
        try:
            await self._settle_waiting(together)
        finally:
            del self._under_way[number]

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._impatience = loop.call_later(self._patience_seconds / _LOOKS, self._tell_the_impatient)

    def _tell_the_impatient(self) -> None:
        """Fail the callers that have waited long enough while batches take longer than that; their items stay."""
        now = asyncio.get_running_loop().time()
        for each in (*chain.from_iterable(self._under_way.values()), *self._waiting):
            if each.impatient_at <= now and not each.durable.done():
                each.durable.set_exception(OutcomeUnknown("the database does not answer"))
        self._look_later()

    async def _settle_waiting(self, waiting: Sequence[_QueuedArrival[A, R]]) -> None:
        arrived, now = [each.arrived for each in waiting], self._clock.now()
        failure: Exception | None = None
        settled: Settled[R] = Settled([], [], {}, {})
        try:
            settled = await self._database.write(self._kind.settle, arrived, (), now)
        except (OutcomeUnknown, Unavailable) as refused:
            failure = refused
            _log.warning("not settled: %s; %s", _named(waiting), refused)
            self._give_up_where_closing(refused)
        except Exception:
            _log.exception("a batch of %d could not be settled; it is stored and settled again by halves", len(waiting))
            failure, owners = await self._store_alone(arrived, now)
            settled = settled._replace(owners=owners)
        for each in waiting:
            if each.durable.done():
                continue
            if failure is None:
                each.durable.set_result(_kept(each.arrived, settled))
            else:
                each.durable.set_exception(failure)
        self._after(settled)

    def _give_up_where_closing(self, failure: Exception) -> None:
        """A service that ends does not wait for a database that is away: nothing more is tried."""
        while self._closing and self._waiting:
            each = self._waiting.popleft()
            self._waiting_bytes -= each.size_bytes
            if not each.durable.done():
                each.durable.set_exception(failure)

    def _after(self, settled: Settled[R]) -> None:
        self._publish(settled.changes)
        for alert in settled.raised:
            _log.critical("%s (%s): %s", alert.code, alert.subject, alert.text)
        if settled.disputed:
            self._revisit.append(tuple(settled.disputed))

    async def _store_alone(self, arrived: Sequence[A], now: Instant) -> tuple[Exception | None, Mapping[str, str]]:
        try:
            owners = await self._database.write(self._kind.store_alone, arrived, now)
        except (OutcomeUnknown, Unavailable) as refused:
            return refused, {}
        except Exception as failure:
            _log.exception("a batch could not even be stored")
            return Unavailable(type(failure).__name__), {}
        await self.revisit_unapplied()
        return None, owners

    async def revisit_unapplied(self) -> None:
        """Settle what some process stored and did not apply, if there is any."""
        try:
            found = await self._database.read(self._kind.unapplied, REVISIT_AT_ONCE)
        except Unavailable:
            return
        self.revisit(found)

    def revisit(self, operation_ids: Sequence[str]) -> None:
        """Settle what is stored of these operations and not applied, if there are any."""
        if operation_ids:
            self._revisit.append(tuple(operation_ids))
            self._begin()

    async def _settle_again(self, operation_ids: tuple[str, ...]) -> None:
        try:
            self._after(await self._database.write(self._kind.settle, (), operation_ids, self._clock.now()))
        except (OutcomeUnknown, Unavailable) as refused:
            _log.warning(
                "%d operations wait to be settled, %s first: %s", len(operation_ids), operation_ids[0], refused
            )
            if not self._closing:
                self._revisit.append(operation_ids)
        except Exception:
            if len(operation_ids) > 1:
                middle = len(operation_ids) // 2
                self._revisit.extend((operation_ids[:middle], operation_ids[middle:]))
                return
            _log.exception("%s cannot be settled: flagged stuck, look at its evidence", operation_ids[0])
            await self._flag_stuck(operation_ids)

    async def _flag_stuck(self, operation_ids: tuple[str, ...]) -> None:
        try:
            self._publish(await self._database.write(self._kind.flag_stuck, operation_ids, self._clock.now()))
        except Exception:
            _log.exception("%s could not be flagged", operation_ids[0])


def _kept(arrived: A, settled: Settled[R]) -> _Kept[R]:
    operation_id = arrived.operation_id
    if operation_id is not None:
        return _Kept(settled.rows.get(operation_id), operation_id)
    return _Kept(None, settled.owners.get(arrived.name))


def _named(waiting: Sequence[_QueuedArrival[A, R]]) -> str:
    """What arrived, by what leads to it: operations' ids, and the digests of deliveries."""
    arrived = [each.arrived for each in waiting]
    names = sorted({each.operation_id or f"delivery {each.digest[:_DIGITS]}" for each in arrived})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


PaymentSettler = Settler[Delivery | Evidence, Payment]
"""The settler of payments."""
