"""What the settler does with what arrives while its database is slow or full: bounded, told in time, and kept."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from pokea.clock import SystemClock
from pokea.daraja.outcomes import Accepted
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.operations.evidence import Delivery, from_push
from pokea.operations.settle import Change, PaymentSettling
from pokea.operations.settler import ENOUGH_BESIDE_ANOTHER, LONGEST_QUEUE, MOST_WAITING_BYTES, PaymentSettler, Settler
from pokea.payments.flow import PaymentFlow
from pokea.storage.database import Database, open_database
from pokea.storage.tables import payments
from tests.deliveries import TOKENS, checkout_of, delivery, pushed_payment
from tests.payment_rows import new_booking
from tests.properties.tables import begin_with, check_books

PAYMENT, OTHER = "pay_1", "pay_2"
PATIENCE_SECONDS = 1.0


@pytest.fixture
def opened(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database with two payments on the phones."""
    database = open_database(postgres_url)
    with database.engine.begin() as connection:
        pushed = [
            pushed_payment(PAYMENT, booking_id="bk_1"),
            pushed_payment(OTHER, booking_id="bk_2", msisdn="254722000000"),
        ]
        begin_with(connection, [new_booking("bk_1"), new_booking("bk_2")], pushed)
    yield database
    database.close()


@contextmanager
def stuck(url: str) -> Iterator[Callable[[], None]]:
    """Nobody else gets at the payments until the answer is called or the block ends."""
    with psycopg.connect(url) as holder:
        holder.execute("lock table payments in access exclusive mode")
        yield holder.rollback


def run(
    database: Database,
    work: Callable[[PaymentSettler, list[Change]], Coroutine[Any, Any, None]],
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Run the work with a settler that knows the ids of both payments."""

    async def settling() -> None:
        told: list[Change] = []
        settler = Settler(
            database, SystemClock(), PaymentSettling(PaymentFlow(TOKENS.proves)), told.extend, patience_seconds
        )
        await settler.start()
        for payment_id in (PAYMENT, OTHER):
            await settler.submit(from_push(payment_id, Accepted(checkout_of(payment_id), "4ddd", ""), 1))
        await work(settler, told)
        await settler.stop()

    asyncio.run(settling())


def statuses(database: Database) -> list[str]:
    """What both payments have come to, with the books held against them."""
    with database.engine.connect() as connection:
        check_books(connection)
        return list(connection.execute(select(payments.c.status).order_by(payments.c.id)).scalars())


def test_who_waits_too_long_is_told_and_what_he_brought_is_kept(opened: Database, postgres_url: str) -> None:
    """While a batch hangs, those in it and those behind it hear in time that nothing is known; when the database comes
    back both are settled without anybody's help, and the next is answered at once."""

    async def work(settler: PaymentSettler, told: list[Change]) -> None:
        with stuck(postgres_url) as let_go:
            hanging = asyncio.create_task(settler.submit(delivery(PAYMENT)))
            await asyncio.sleep(PATIENCE_SECONDS / 2)
            behind = asyncio.create_task(settler.submit(delivery(OTHER, receipt="UE4JS31RBX")))
            async with asyncio.timeout(PATIENCE_SECONDS * 10):
                answers = await asyncio.gather(hanging, behind, return_exceptions=True)
            assert [type(each) for each in answers] == [OutcomeUnknown, OutcomeUnknown]
            let_go()
        await settler.submit(delivery(PAYMENT))
        assert {each.operation_id for each in told if each.event == "payment.completed"} >= {PAYMENT}

    run(opened, work)
    assert statuses(opened) == ["completed", "completed"]


def test_a_database_that_answers_in_time_makes_nobody_impatient(opened: Database, postgres_url: str) -> None:
    """A wait of less than the patience ends with the answer that it is durable."""

    async def work(settler: PaymentSettler, _told: list[Change]) -> None:
        with stuck(postgres_url) as let_go:
            waiting = asyncio.create_task(settler.submit(delivery(PAYMENT)))
            await asyncio.sleep(PATIENCE_SECONDS / 3)
            let_go()
            await waiting

    run(opened, work)
    assert statuses(opened) == ["completed", "pending"]


@contextmanager
def held(url: str, payment_id: str) -> Iterator[None]:
    """Nobody else gets at this payment until the block ends."""
    with psycopg.connect(url) as holder:
        holder.execute("select from payments where id = %s for update", (payment_id,))
        yield


def test_a_batch_that_hangs_does_not_hold_up_another(opened: Database, postgres_url: str) -> None:
    """Beside a batch that waits for its payment the next is settled, once enough wait for one."""

    async def work(settler: PaymentSettler, told: list[Change]) -> None:
        with held(postgres_url, PAYMENT):
            hanging = asyncio.create_task(settler.submit(delivery(PAYMENT)))
            await asyncio.sleep(PATIENCE_SECONDS / 10)
            beside = [settler.submit(claim(number)) for number in range(ENOUGH_BESIDE_ANOTHER - 1)]
            async with asyncio.timeout(PATIENCE_SECONDS * 10):
                await asyncio.gather(settler.submit(delivery(OTHER, receipt="UE4JS31RBX")), *beside)
            assert not hanging.done()
            assert {each.operation_id for each in told if each.event == "payment.completed"} == {OTHER}
        await hanging

    run(opened, work, patience_seconds=60)
    assert statuses(opened) == ["completed", "completed"]


def test_two_batches_with_the_same_news_settle_it_once(opened: Database, postgres_url: str) -> None:
    """What waits for a payment in two batches at a time completes it once, is told once, and all of it is answered."""

    async def work(settler: PaymentSettler, told: list[Change]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS * 10):
            with held(postgres_url, PAYMENT):
                first = asyncio.create_task(settler.submit(delivery(PAYMENT)))
                await asyncio.sleep(PATIENCE_SECONDS / 10)
                again = [
                    asyncio.create_task(settler.submit(delivery(PAYMENT))) for _ in range(ENOUGH_BESIDE_ANOTHER * 2)
                ]
                await asyncio.sleep(PATIENCE_SECONDS / 10)
            await asyncio.gather(first, *again)
        assert [each.version for each in told if each.event == "payment.completed"] == [3]

    run(opened, work, patience_seconds=60)
    assert statuses(opened) == ["completed", "pending"]


def claim(number: int, size_bytes: int = 10) -> Delivery:
    """A body that proves nothing, of this size."""
    plain = delivery(PAYMENT, is_bare=True, checkout_request_id=f"ws_CO_{number}")
    return Delivery("", plain.reading, b"x" * size_bytes, plain.received_at)


async def refused(settler: PaymentSettler, arrived: Delivery) -> bool:
    """Whether it is refused at once."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS / 4):
            await settler.submit(arrived)
    except (OutcomeUnknown, Unavailable):
        return True
    except TimeoutError:
        return False
    return False


@pytest.mark.parametrize(("bound", "size_bytes"), [(5_000, 10), (512, 65_536)], ids=["many", "large"])
def test_what_waits_is_bounded(opened: Database, postgres_url: str, bound: int, size_bytes: int) -> None:
    """When so many wait, or so many bytes, the next is refused at once; once they are settled there is room again."""
    assert (LONGEST_QUEUE, MOST_WAITING_BYTES) == (5_000, 512 * 65_536)

    async def work(settler: PaymentSettler, _told: list[Change]) -> None:
        with stuck(postgres_url) as let_go:
            first = asyncio.create_task(settler.submit(delivery(PAYMENT)))
            await asyncio.sleep(PATIENCE_SECONDS / 10)
            waiting = [asyncio.create_task(settler.submit(claim(number, size_bytes))) for number in range(bound)]
            await asyncio.sleep(0)
            assert await refused(settler, claim(bound))
            let_go()
            await asyncio.gather(first, *waiting)
        await settler.submit(delivery(OTHER, receipt="UE4JS31RBX"))

    run(opened, work, patience_seconds=60)
    assert statuses(opened) == ["completed", "completed"]
