"""Behind a pooler that gives each transaction another session no callback is refused and no page is deaf."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from pokea.checkup.database_checks import check_pooler
from pokea.checkup.findings import Level
from pokea.clock import SystemClock
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.operations.settle import PaymentSettling
from pokea.operations.settler import Settler
from pokea.payments.flow import PaymentFlow
from pokea.storage import tables
from pokea.storage.database import Database, open_database
from pokea.storage.postgres_feed import PostgresChangeFeed, is_heard
from tests.deliveries import TOKENS, delivery, pushed_payment
from tests.payment_rows import new_booking
from tests.pooler import pgbouncer, pgbouncer_program, transaction_pooler
from tests.properties.tables import begin_with

CALLBACKS = 3_000
PAYMENTS = 300


@pytest.fixture(
    params=[
        "a small pooler",
        pytest.param(
            "PgBouncer", marks=pytest.mark.skipif(pgbouncer_program() is None, reason="PgBouncer is not installed")
        ),
    ]
)
def pooled_url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """The address of a pooler before a fresh, migrated database."""
    pooler = pgbouncer if request.param == "PgBouncer" else transaction_pooler
    with pooler(postgres_url) as url:
        yield url


def begin(database: Database) -> None:
    numbers = range(1, PAYMENTS + 1)
    with database.engine.begin() as connection:
        begin_with(
            connection,
            [new_booking(f"bk_{number}") for number in numbers],
            [
                pushed_payment(f"pay_{number}", booking_id=f"bk_{number}", msisdn=f"254{712_000_000 + number}")
                for number in numbers
            ],
        )


async def settle_all(database: Database) -> list[BaseException]:
    """Settle callbacks, as many at a time as a service does; answers what went wrong."""
    settler = Settler(database, SystemClock(), PaymentSettling(PaymentFlow(TOKENS.proves)), lambda _told: None)
    found: list[BaseException] = []
    for begun in range(0, CALLBACKS, 100):
        some = [delivery(f"pay_{1 + number % PAYMENTS}", receipt=f"R{number}") for number in range(begun, begun + 100)]
        answers = await asyncio.gather(*(settler.submit(each) for each in some), return_exceptions=True)
        found.extend(each for each in answers if isinstance(each, BaseException))
    await settler.stop()
    return found


def test_no_callback_is_refused(pooled_url: str, postgres_url: str) -> None:
    """Given POKEA_PREPARE=off, 3,000 callbacks are settled, and doctor finds nothing to mend."""
    direct = open_database(postgres_url)
    begin(direct)
    database = open_database(pooled_url, prepare=False)
    try:
        assert asyncio.run(settle_all(database)) == []
        assert asyncio.run(database.read(check_pooler, False)).level is Level.OK
        with direct.engine.connect() as connection:
            kept = select(func.count(func.distinct(tables.evidence.c.operation_id)))
            assert connection.execute(kept).scalar_one() == PAYMENTS
    finally:
        database.close()
        direct.close()


def test_a_statement_that_is_prepared_meets_another_session(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With prepared statements the small pooler does what poolers do: statements are not found, or are there twice."""
    direct = open_database(postgres_url)
    begin(direct)
    with transaction_pooler(postgres_url) as url:
        database = open_database(url)
        try:
            failures = asyncio.run(settle_all(database))
            assert failures or "could not be settled" in caplog.text
            finding = asyncio.run(_found(database))
            assert finding is None or finding is Level.WARN
        finally:
            database.close()
            direct.close()


async def _found(database: Database) -> Level | None:
    try:
        return (await database.read(check_pooler, True)).level
    except (OutcomeUnknown, Unavailable):
        return None


def test_a_deaf_process_looks_for_itself(pooled_url: str, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """A process that does not hear its own notice knows it, says it once, and hears again by an address of its own."""
    database = open_database(pooled_url, prepare=False)

    async def story() -> None:
        deaf = PostgresChangeFeed(database, pooled_url, "deaf")
        hearing = PostgresChangeFeed(database, postgres_url, "hearing")
        for notices in (deaf, hearing):
            notices.listen(lambda _ids: None, lambda: None)
        async with asyncio.timeout(20):
            while not hearing.is_connected or not any("own notices" in each.message for each in caplog.records):
                assert deaf.is_connected in (True, False)
                await asyncio.sleep(0.05)
        for _ in range(40):
            hearing.send(["pay_1"])
            await asyncio.sleep(0.05)
            assert not deaf.is_connected
            assert hearing.is_connected
        for notices in (deaf, hearing):
            await notices.close()
        assert not await is_heard(pooled_url, database, "asked")
        assert await is_heard(postgres_url, database, "asked")

    with caplog.at_level(logging.WARNING, "pokea.notices"):
        asyncio.run(story())
    assert sum("own notices" in each.message for each in caplog.records) == 1
    database.close()
