"""A primary and a standby with a table of numbers, read as a service reads from them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
from sqlalchemy import Connection, text

from pokea.storage.database import Database, open_database
from pokea.storage.late_reads import Freshness, LateReads
from pokea.storage.standby import Standby, open_standby
from pokea.storage.standby_age import StandbyFault
from tests.postgres import PostgresServer

PATIENCE_SECONDS = 30.0


def wait_for(standby: PostgresServer, name: str) -> None:
    """Return once the database is there with its table."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(psycopg.Error):
            if standby.execute("select to_regclass('kept') is not null", name)[0][0]:
                return
        time.sleep(0.05)


class StandbyScene:
    """A primary and a standby, as a service reads from them; `where` has where each read was made."""

    def __init__(self, primary: Database, standby: Standby) -> None:
        self.primary = primary
        self.standby = standby
        self.where: list[str] = []
        self.reads = LateReads(primary, standby, self.where.append)

    async def look_until(self, fault: StandbyFault | None) -> None:
        """Look, as the service does once a second, until this is wrong, or nothing."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await self.standby.look(self.primary)
                if self.standby.fault is fault:
                    return
                await asyncio.sleep(0.05)

    async def look_until_it_shows(self, not_before: int) -> None:
        """Look until what was committed before then can be read from the standby."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.reads.read_one(Freshness(True, not_before), numbers)).age_seconds == 0.0:
                await asyncio.sleep(0.05)
                await self.standby.look(self.primary)
        self.where.clear()


def numbers(connection: Connection) -> tuple[bool, list[int]]:
    """Whether this was read from a standby, and the numbers."""
    rows = connection.execute(text("select pg_is_in_recovery(), n from kept order by n")).all()
    is_late = connection.execute(text("select pg_is_in_recovery()")).scalar_one()
    return is_late, [row.n for row in rows]


def keep(connection: Connection, number: int) -> None:
    """A change: one more number."""
    connection.execute(text("insert into kept values (:number)"), {"number": number})


@asynccontextmanager
async def scene(
    primary_url: str, standby_url: str, most_age_seconds: float = 30.0, read_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[StandbyScene]:
    """The two, opened; closed at the end. A slow machine is no standby that is away, unless the test is about that."""
    primary = open_database(primary_url)
    standby = open_standby(standby_url, most_age_seconds, read_seconds=read_seconds, look_seconds=read_seconds)
    try:
        yield StandbyScene(primary, standby)
    finally:
        standby.close()
        primary.close()
