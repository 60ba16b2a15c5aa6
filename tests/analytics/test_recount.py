"""The recount finds every wrong count, mends it while others settle and fold, and finds nothing a second time."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, delete, text, update

from pokea.analytics import store
from pokea.analytics.counting import day_of, deltas
from pokea.analytics.read import DAY, Span, counted
from pokea.analytics.recount import days_with_payments, differences, recount
from pokea.analytics.rollup import roll_up
from pokea.clock import HOUR, SECOND
from pokea.operations.store import Payment, insert_payments
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database, open_database
from pokea.storage.tables import payments
from tests.analytics.changes import MIDNIGHT, all_made, by_status, new_row

DAYS = [day_of(MIDNIGHT) + number for number in (-1, 0, 40)]


def made(numbers: Sequence[int]) -> list[Payment]:
    """Payments of some customers, on three days, some of them paid and some failed."""
    rows = []
    for number in numbers:
        at = MIDNIGHT + (-1, 0, 40 * 24 * HOUR)[number % 3] + number // 3
        row = new_row(number, f"customer {number % 4}", at)._replace(is_locking=False)
        if number % 5 < 3:
            paid_at = at + (number % 50) * SECOND
            row = row._replace(status="completed", completed_at=paid_at, completed_by="query", disposition="held")
        elif number % 5 == 3:
            row = row._replace(status="failed", failure_reason="cancelled")
        rows.append(row._replace(booking_id=f"bk_{number}"))
    return rows


def make(connection: Connection, numbers: Sequence[int], *, counting: bool = True) -> None:
    """Payments with their counts, or such as nobody has counted."""
    rows = made(numbers)
    insert_payments(connection, rows)
    if counting:
        store.add(connection, deltas((None, row) for row in rows))


def wrong(connection: Connection) -> list[str]:
    """What a recount would find."""
    return list(differences(connection))


async def recounted(database: Database) -> int:
    """How many counts were wrong, and are mended now."""
    return sum(
        [
            await database.write(recount, DEFAULT_SCOPE, day)
            for day in await database.read(days_with_payments, DEFAULT_SCOPE)
        ]
    )


def test_what_is_counted_as_it_happens_is_what_a_recount_makes(database: Database) -> None:
    """Before, between and after folds, a recount finds nothing."""

    async def holds() -> None:
        for first in (0, 30):
            await database.write(make, range(first, first + 30))
            assert await database.read(wrong) == []
            await database.write(roll_up)
            assert await database.read(wrong) == []
        assert await database.read(days_with_payments, DEFAULT_SCOPE) == DAYS

    asyncio.run(holds())


@pytest.mark.parametrize(
    "damage",
    [
        "delete from owner_counts",
        "update owner_counts set failed = failed + 1 where owner = 'customer 3'",
        "insert into owner_deltas values (1, 'nobody', 3, 0, 0, 1, 0)",
        "delete from counters where name = 'net'",
        "update counters set amount = amount + 1 where span = 'day' and name = 'initiated'",
        "update counters set amount = amount + 1 where span = 'hour' and name = 'by:query'",
        "delete from counters where span = 'day'",
        "insert into counter_deltas values (1, 5, 'gross', 100)",
    ],
)
def test_a_wrong_count_is_found_and_mended(database: Database, damage: str) -> None:
    """Whatever count is wrong, the rule names it, a recount mends it once, and folding keeps it right."""

    async def holds() -> None:
        await database.write(make, range(60))
        await database.write(roll_up)
        before = await database.read(by_status, "customer 3"), await database.read(counted, DEFAULT_SCOPE, DAY, Span())
        await database.write(lambda connection: connection.execute(text(damage)).rowcount)
        assert await database.read(wrong) != []
        assert await recounted(database) > 0
        assert await database.read(wrong) == []
        await database.write(roll_up)
        assert await recounted(database) == 0
        after = await database.read(by_status, "customer 3"), await database.read(counted, DEFAULT_SCOPE, DAY, Span())
        assert before == after

    asyncio.run(holds())


def test_payments_that_nobody_counted_are_counted(database: Database) -> None:
    """A database that had payments before it had counts is brought up by a recount."""

    async def holds() -> None:
        await database.write(lambda connection: make(connection, range(60), counting=False))
        await recounted(database)
        assert await database.read(wrong) == []
        assert await database.read(all_made) == 60

    asyncio.run(holds())


def test_a_row_that_changes_unseen_is_found(database: Database) -> None:
    """Rows that change or go without their deltas are named, so the rule can fail."""

    async def holds() -> None:
        await database.write(make, range(60))
        await database.write(
            lambda connection: (
                connection.execute(update(payments).where(payments.c.id == "pay_3").values(status="pending")).rowcount
            )
        )
        assert any("customer 3" in sentence for sentence in await database.read(wrong))
        await database.write(lambda connection: connection.execute(delete(payments)).rowcount)
        assert len(await database.read(wrong)) > 10
        await recounted(database)
        assert await database.read(counted, DEFAULT_SCOPE, DAY, Span()) == {}

    asyncio.run(holds())


def test_a_recount_does_not_disturb_a_service(database_url: str) -> None:
    """While payments are made and folded, two recounts of a damaged database mend it exactly once."""

    async def holds() -> None:
        first, second, third = (open_database(database_url) for _ in range(3))
        await first.write(lambda connection: make(connection, range(300), counting=False))

        async def settle_some() -> None:
            for batch in range(30, 60):
                await first.write(make, range(10 * batch, 10 * batch + 10))

        async def fold_some() -> None:
            for _ in range(40):
                await second.write(roll_up, 25)

        await asyncio.gather(settle_some(), fold_some(), recounted(second), recounted(third))
        assert await first.read(wrong) == []
        assert await first.read(all_made) == 600
        for database in (first, second, third):
            database.close()

    asyncio.run(holds())


def test_the_command_says_what_it_did(database_url: str) -> None:
    """`pokea recount` mends a database that was never counted, and the second time finds all right."""

    async def prepare() -> None:
        database = open_database(database_url)
        await database.write(lambda connection: make(connection, range(60), counting=False))
        database.close()

    def run(*options: str) -> str:
        environment = os.environ | {"POKEA_DATABASE_URL": database_url, "MPESA_ENVIRONMENT": "simulator"}
        command = [sys.executable, "-m", "pokea", "recount", *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    asyncio.run(prepare())
    told = json.loads(run("--json"))
    assert told["days"] == 3
    assert told["mended"] > 10
    assert run() == "Counted 3 days again: all was right.\n"
