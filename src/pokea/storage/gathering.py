"""Reads of single rows, gathered: whoever asks while others are being read shares the next read with all who ask then.

A read alone costs a change of threads and three round trips; shared, it costs little more than its row. Nobody waits
for a timer: who asks first is read at once.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy import Connection

from pokea.storage.database import Database

T = TypeVar("T")

READ_TOGETHER = 200
_READS_AT_ONCE = 2
"""While one read waits for the database, another may be made."""


class GatheredReads(Generic[T]):
    """Finds rows by key. `query` answers those that there are, by their keys."""

    def __init__(self, database: Database, query: Callable[[Connection, Sequence[str]], Mapping[str, T]]) -> None:
        self._database = database
        self._query = query
        self._waiting: dict[str, list[asyncio.Future[T | None]]] = {}
        self._reading: dict[int, asyncio.Task[None]] = {}
        self._begun = 0

    async def find(self, key: str) -> T | None:
        """The row of this key, as it is after this call. Raises Unavailable when the database does not answer."""
        found: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(found)
        if len(self._reading) < _READS_AT_ONCE:
            self._begun += 1
            self._reading[self._begun] = asyncio.create_task(self._read(self._begun))
        return await found

    async def _read(self, number: int) -> None:
        try:
            while self._waiting:
                asked = {key: self._waiting[key] for key in islice(self._waiting, READ_TOGETHER)}
                for key in asked:
                    del self._waiting[key]
                await self._answer(asked)
        finally:
            del self._reading[number]

    async def _answer(self, asked: Mapping[str, Sequence["asyncio.Future[T | None]"]]) -> None:
        failure: Exception | None = None
        found: Mapping[str, T] = {}
        try:
            found = await self._database.read(self._query, list(asked))
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
