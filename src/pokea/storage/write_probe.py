"""Whether this process can do its work: it asks the database to write something, and remembers what failed lately.

A read says nothing of a disk that is full, and a small write nothing of a large one. So a database is ready when a
write of its own was just made, and no other has failed for want of room. However often it is asked, it writes once a
second.
"""

import asyncio
from typing import Final

from sqlalchemy import Connection

from pokea.errors import Unavailable
from pokea.storage.database import Database
from pokea.storage.migrate import standing
from pokea.storage.sql import execute
from pokea.storage.statements import insert_new
from pokea.storage.tables import query_budget

_ROW: Final = "readiness"
"""The name of a row of its own among the budgets of apps, whose names are digests."""
_WRITES_EVERY_SECONDS: Final = 1.0
_TOUCH = query_budget.update().where(query_budget.c.app == _ROW).values(turn=query_budget.c.turn + 1)


class WriteProbe:
    """Says whether the database can be read and written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = 0.0

    async def check(self) -> None:
        """Raises Unavailable, OutcomeUnknown or SchemaError when this process cannot do its work."""
        loop = asyncio.get_running_loop()
        trouble = self._database.health.trouble(loop.time())
        if trouble:
            raise Unavailable(trouble)
        is_fresh = self._looked_at + _WRITES_EVERY_SECONDS > loop.time()
        if self._looking is None or (self._looking.done() and not is_fresh):
            self._looked_at = loop.time()
            self._looking = asyncio.create_task(self._look())
        # Who asks may stop waiting; the others go on.
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        await self._database.read(standing)
        await self._database.write(touch)


def touch(connection: Connection) -> None:
    """A change: write to a row that means nothing."""
    if not execute(connection, _TOUCH):
        insert_new(connection, query_budget, [{"app": _ROW, "rate": 0.0, "tokens": 0.0, "filled_at": 0, "turn": 0}])
