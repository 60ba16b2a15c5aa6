"""Folding: totals and what is not folded yet always come to the same, whenever a step is taken or cut off."""

import asyncio
import random

import pytest
from sqlalchemy import Connection, func, select

from pokea.analytics import store
from pokea.analytics.counting import day_of, deltas, hour_of
from pokea.analytics.read import DAY, HOUR, Span, counted, sizes
from pokea.analytics.rollup import Rollup, roll_up
from pokea.clock import HOUR as AN_HOUR
from pokea.clock import SECOND
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database, open_database
from pokea.storage.tables import counter_deltas, owner_deltas
from tests.analytics.changes import MIDNIGHT, all_made, by_status, new_row

OWNERS = ("amina", "baraka", "chebet")


def add_some(connection: Connection, first: int, count: int) -> None:
    """Payments of some customers around midnight, half of them paid."""
    changes = []
    for number in range(first, first + count):
        row = new_row(number, OWNERS[number % 3], MIDNIGHT + (number % 5 - 2) * AN_HOUR)
        paid = row._replace(
            status="completed", completed_at=row.created_at + 8 * SECOND, completed_by="callback", disposition="held"
        )
        changes.append((None, paid if number % 2 else row))
    store.add(connection, deltas(changes))


def told(connection: Connection) -> list[object]:
    """Everything that the counts say."""
    return [
        *(by_status(connection, owner) for owner in (*OWNERS, None)),
        counted(connection, DEFAULT_SCOPE, DAY, Span()),
        counted(connection, DEFAULT_SCOPE, HOUR, Span()),
    ]


def waiting(connection: Connection) -> int:
    """How many deltas are not folded."""
    return sum(
        connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (owner_deltas, counter_deltas)
    )


def test_folding_changes_no_count(database: Database) -> None:
    """Step by step the deltas go, and after every step all counts say what they said before."""

    async def holds() -> None:
        await database.write(add_some, 0, 60)
        before = await database.read(told)
        steps = 0
        while await database.write(roll_up, 2):
            steps += 1
            assert await database.read(told) == before
        assert steps > 2
        assert await database.read(waiting) == 0

    asyncio.run(holds())


def test_totals_grow(database: Database) -> None:
    """Deltas that come after a fold are added to the totals that are there."""

    async def holds() -> None:
        for first in (0, 60):
            await database.write(add_some, first, 60)
            await database.write(roll_up)
        assert await database.read(waiting) == 0
        assert await database.read(all_made) == 120
        assert sum((await database.read(sizes, DEFAULT_SCOPE, None, DAY, Span(), "completed")).values()) == 60

    asyncio.run(holds())


def test_a_fold_that_is_cut_off_leaves_everything(database: Database) -> None:
    """A crash before the commit leaves the deltas and no total; the next fold takes them once."""

    async def holds() -> None:
        await database.write(add_some, 0, 30)
        before = await database.read(told), await database.read(waiting)
        with database.engine.connect() as connection, connection.begin() as transaction:
            assert roll_up(connection)
            assert waiting(connection) == 0
            transaction.rollback()
        assert (await database.read(told), await database.read(waiting)) == before
        while await database.write(roll_up):
            pass
        assert await database.read(told) == before[0]

    asyncio.run(holds())


def test_counts_are_right_while_settling_and_folding_cross(database_url: str) -> None:
    """Two processes fold and one settles, all at once: nothing is counted twice, lost, or seen halfway."""

    async def holds() -> None:
        first, second = open_database(database_url), open_database(database_url)
        chance, seen = random.Random(7), []

        async def settle_some() -> None:
            for batch in range(40):
                await first.write(add_some, 10 * batch, 10)

        async def fold_some(database: Database) -> None:
            for _ in range(40):
                await database.write(roll_up, chance.randint(1, 30))

        async def read_some() -> None:
            for _ in range(40):
                seen.append(await second.read(all_made))

        await asyncio.gather(settle_some(), fold_some(first), fold_some(second), read_some())
        assert seen == sorted(seen)
        assert all(count % 10 == 0 for count in seen)
        while await first.write(roll_up):
            pass
        assert await first.read(all_made) == 400
        assert await first.read(waiting) == 0
        first.close()
        second.close()

    asyncio.run(holds())


def test_the_background_folds_by_itself(database: Database) -> None:
    """A process that was started folds what is there, and ends when it is stopped."""

    async def holds() -> None:
        await database.write(add_some, 0, 10)
        folding = Rollup(database, longest_sleep_seconds=0.01)
        await folding.start()
        async with asyncio.timeout(30):
            while await database.read(waiting):
                await asyncio.sleep(0.01)
        await folding.stop()

    asyncio.run(holds())


@pytest.mark.parametrize(("first", "end", "days"), [(0, 1, 1), (-1, 1, 2), (None, 0, 1), (0, None, 1), (1, None, 0)])
def test_a_span_holds_its_first_and_not_its_end(
    database: Database, first: int | None, end: int | None, days: int
) -> None:
    """Counts are read of the days or hours of a span alone, folded or not."""

    async def holds() -> None:
        await database.write(add_some, 0, 60)
        middle = day_of(MIDNIGHT)
        bounds = {"first": first, "end": end}
        span = Span(**{name: middle + bound for name, bound in bounds.items() if bound is not None})
        for _ in range(2):
            for owner in ("amina", None):
                assert len(await database.read(sizes, DEFAULT_SCOPE, owner, DAY, span, None)) == days
            await database.write(roll_up)
        hours = await database.read(counted, DEFAULT_SCOPE, HOUR, Span(hour_of(MIDNIGHT), hour_of(MIDNIGHT) + 1))
        assert list(hours) == [hour_of(MIDNIGHT)]

    asyncio.run(holds())
