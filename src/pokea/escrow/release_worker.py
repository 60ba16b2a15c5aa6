"""Releases fees whose time has come, so long after the work was done, if nothing is open (law: escrow)."""

import logging
from typing import Final

from sqlalchemy import Connection, bindparam, select

from pokea.clock import Clock, Instant
from pokea.disbursements.calls import OutCall
from pokea.escrow.deciding import BY_TIME, release_by_time
from pokea.ids import Ids
from pokea.scope import Scope
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.sql import fetch_all
from pokea.storage.tables import done_bookings
from pokea.storage.worker import Worker

_EVERY_SECONDS: Final = 30.0
_AT_ONCE: Final = 20
_DUE: Final = (
    select(done_bookings.c.booking_id, done_bookings.c.merchant_id)
    .where(done_bookings.c.release_at <= bindparam("now"))
    .order_by(done_bookings.c.release_at, done_bookings.c.booking_id)
    .limit(_AT_ONCE)
)

_log = logging.getLogger("pokea.escrow")


class ReleaseWorker:
    """Looks every half minute for fees that are due. `hundredths` is the commission in hundredths of a percent."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, hundredths: int) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._hundredths = hundredths
        self._work = Worker(self._step, _log, name="release", waits="fees wait to be released")

    async def start(self) -> None:
        """Begin to look."""
        await self._work.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._work.stop()

    async def _step(self) -> None:
        now = self._clock.now()
        due = await self._database.read(_due, now)
        for booking_id, merchant_id in due:
            decision_id = self._ids.new("dc")
            key = IdempotencyKey(merchant_id, BY_TIME, "release", decision_id, "")
            call = OutCall(decision_id, Scope(merchant_id), BY_TIME, False, key, "", now)
            if await self._database.write(release_by_time, call, booking_id, self._hundredths):
                _log.info("The fee of %s was released: its time has come, and nothing is open about it.", booking_id)
        if len(due) < _AT_ONCE:
            await self._work.rest(_EVERY_SECONDS)


def _due(connection: Connection, now: Instant) -> list[tuple[str, int]]:
    return [(booking_id, merchant_id) for booking_id, merchant_id in fetch_all(connection, _DUE, {"now": now})]
