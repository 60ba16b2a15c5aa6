"""Reads and changes of single rows, batched: requests that arrive during a read or write share the next one with all
then.

A read alone costs a change of threads and three round trips, and a change a wait for the disk besides; shared, it costs
little more than its row. No request waits for a timer: the first is served at once.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy import Connection

from pokea.errors import OutcomeUnknown, Unavailable
from pokea.storage.database import Database

T = TypeVar("T")
Request = TypeVar("Request")
Answer = TypeVar("Answer")

READ_TOGETHER = 200
_READS_AT_ONCE = 2
"""While one read waits for the database, another may be made."""
CHANGED_TOGETHER = 64
CHANGES_AT_ONCE = 2
"""While one transaction waits for the disk, another may be made."""
LONGEST_QUEUE = 1_000
QUEUED_SECONDS = 4.0
"""How long a request waits for its turn: with the patience of the change itself its caller waits less than 10 s."""

_log = logging.getLogger("pokea.batching")


class WorkerPool:
    """Tasks that all do `work` until nothing waits: a few at a time, each with a number of its own."""

    def __init__(self, work: Callable[[int], Awaitable[None]], at_once: int) -> None:
        self._work = work
        self._at_once = at_once
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._begun = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self) -> None:
        """Start another worker, if fewer than `at_once` run."""
        if len(self._tasks) < self._at_once:
            self._begun += 1
            self._tasks[self._begun] = asyncio.create_task(self._run(self._begun))

    async def ended(self) -> None:
        """Wait until no worker runs."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def _run(self, number: int) -> None:
        try:
            await self._work(number)
        finally:
            del self._tasks[number]


class BatchedReads(Generic[T]):
    """Finds rows by key. `query` answers those that there are, by their keys."""

    def __init__(self, database: Database, query: Callable[[Connection, Sequence[str]], Mapping[str, T]]) -> None:
        self._database = database
        self._query = query
        self._waiting: dict[str, list[asyncio.Future[T | None]]] = {}
        self._reading = WorkerPool(self._read, _READS_AT_ONCE)

    async def find(self, key: str) -> T | None:
        """The row of this key, as it is after this call. Raises Unavailable when the database does not answer."""
        found: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
        self._reading.begin()
        return await found

    async def _read(self, _number: int) -> None:
        while self._waiting:
            asked = {key: self._waiting[key] for key in islice(self._waiting, READ_TOGETHER)}
            for key in asked:
                del self._waiting[key]
            await self._answer(asked)

    async def _answer(self, asked: Mapping[str, Sequence["asyncio.Future[T | None]"]]) -> None:
        failure: Exception | None = None
        found: Mapping[str, T] = {}
        try:
            found = await self._database.read_one(self._query, list(asked))
        except Exception as exception:
            failure = exception
        for key, futures in asked.items():
            for future in futures:
                if future.done():
                    continue
                if failure is None:
                    future.set_result(found.get(key))
                else:
                    future.set_exception(failure)


class GroupCommit(Generic[Request, Answer]):
    """Makes changes together, in few transactions at a time.

    `change` makes what is asked for, all or nothing, and answers one for each request, in their order. When it fails,
    each request is tried alone, so that none harms its neighbours.
    """

    def __init__(self, change: Callable[[Sequence[Request]], Awaitable[Sequence[Answer]]]) -> None:
        self._change = change
        self._waiting: deque[tuple[Request, asyncio.Future[Answer], float]] = deque()
        self._changing = WorkerPool(self._make, CHANGES_AT_ONCE)

    async def make(self, request: Request) -> Answer:
        """What became of the request, once it is durable.

        Raises what the change raises for this request alone, and Unavailable when too many wait, or when it has waited
        too long for its turn.
        """
        if len(self._waiting) >= LONGEST_QUEUE:
            raise Unavailable("too much is waiting to be changed")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((request, answered, loop.time() + QUEUED_SECONDS))
        self._changing.begin()
        return await answered

    async def _make(self, _number: int) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            together: dict[asyncio.Future[Answer], Request] = {}
            while self._waiting and len(together) < CHANGED_TOGETHER:
                request, answered, impatient_at = self._waiting.popleft()
                if impatient_at < loop.time():
                    _fail(answered, Unavailable("the database does not answer"))
                else:
                    together[answered] = request
            if together:
                await self._answer(together)

    async def _answer(self, together: "Mapping[asyncio.Future[Answer], Request]") -> None:
        try:
            answers = await self._change(list(together.values()))
        except (OutcomeUnknown, Unavailable) as failure:
            for answered in together:
                _fail(answered, failure)
        except Exception as failure:
            if len(together) == 1:
                _fail(next(iter(together)), failure)
                return
            _log.exception("%d changes could not be made together; each is made alone", len(together))
            for answered, request in together.items():
                await self._answer({answered: request})
        else:
            for answered, answer in zip(together, answers, strict=True):
                if not answered.done():
                    answered.set_result(answer)


def _fail(answered: "asyncio.Future[T]", failure: Exception) -> None:
    if not answered.done():
        answered.set_exception(failure)
