"""The deadline of a push: what was not sent within 15 s of its request is not sent, whatever was waited for (law:
push)."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from pokea.clock import SECOND, Clock, Deadline, Instant, SystemClock
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH
from pokea.errors import Unavailable
from pokea.payments.push import SENT_WITHIN, PushResult
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from tests.daraja.merchant import SetClock
from tests.daraja.server import Act, granted
from tests.operations.scene import (
    EPOCH,
    LoopClock,
    ToldDaraja,
    begin,
    command,
    in_virtual_time,
    only_payment,
    service_on,
)
from tests.postgres import PostgresServer
from tests.storage.test_hanging import missing_replica


class JumpingClock:
    """Tells the time of another clock, as much later as it was told to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead: Instant = 0

    def now(self) -> Instant:
        """The present instant."""
        return self._clock.now() + self.ahead


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.01)


def waits_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as observer:
        found = observer.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'").fetchone()
    return found is not None and found[0] > 0


def test_a_push_whose_row_was_waited_for_too_long_is_not_sent(postgres_url: str, plain: Database) -> None:
    """Given a row that is made 16 s after its request, nothing is sent: the payment ends as not sent, and its booking
    and its phone are free at once for another prompt, which goes out."""
    database, daraja, clock = plain, ToldDaraja(), SetClock(EPOCH)
    begin(database)

    async def story() -> None:
        with psycopg.connect(postgres_url) as other:
            other.execute("select id from bookings for update")
            async with service_on(database, daraja, clock=clock) as service:
                waiting = asyncio.create_task(service.prompter.prompt(command()))
                await until(lambda: waits_for_a_lock(postgres_url))
                clock.advance(SENT_WITHIN / SECOND + 1)
                other.rollback()
                late = await waiting
                assert isinstance(late, PushResult)
                assert (late.payment.status, late.payment.failure_reason) == ("failed", "not_sent")
                assert not late.payment.is_locking
                assert daraja.seconds_of(PUSH_PATH) == []
                again = await service.prompter.prompt(command())
                assert isinstance(again, PushResult)
                assert again.payment.status == "pending"

    asyncio.run(story())
    assert len(daraja.seconds_of(PUSH_PATH)) == 1
    database.close()


def prompt_late(database: Database, daraja: ToldDaraja) -> None:
    """Ask for a push, and let its deadline pass a second later: it ends as not sent."""
    clock = JumpingClock(LoopClock())
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja, clock=clock) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
            clock.ahead = SENT_WITHIN
            late = await waiting
            assert isinstance(late, PushResult)
            assert late.payment.failure_reason == "not_sent"

    in_virtual_time(story())


def test_a_push_whose_token_was_waited_for_too_long_is_not_sent(database: Database) -> None:
    """Given an access token that comes 16 s after the request, nothing is sent."""
    daraja = ToldDaraja()
    daraja.plan(TOKEN_PATH, Act(200, granted(1).body, wait_seconds=2))
    prompt_late(database, daraja)
    assert daraja.seconds_of(PUSH_PATH) == []


def test_a_push_that_is_sent_again_for_its_token_is_not_sent_late(database: Database) -> None:
    """Given a token that Daraja refuses, the second request is bound to the deadline of the first."""
    daraja = ToldDaraja()
    refusal = b'{"requestId":"1","errorCode":"404.001.03","errorMessage":"Invalid Access Token"}'
    daraja.plan(PUSH_PATH, Act(404, refusal, wait_seconds=2))
    prompt_late(database, daraja)
    assert len(daraja.seconds_of(PUSH_PATH)) == 1


def test_the_deadline_counts_from_the_request(database: Database) -> None:
    """Given a request whose deadline has passed before its payment is wanted, nothing is sent."""
    daraja = ToldDaraja()
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            deadline = service.prompter.deadline()
            await asyncio.sleep(SENT_WITHIN / SECOND)
            late = await service.prompter.prompt(command(), deadline)
            assert isinstance(late, PushResult)
            assert late.payment.failure_reason == "not_sent"

    in_virtual_time(story())
    assert daraja.seconds_of(PUSH_PATH) == []
    assert only_payment(database).status == "failed"


def test_a_push_whose_row_may_have_been_made_is_not_sent(postgres_server: PostgresServer, plain: Database) -> None:
    """Given a commit of the row that is not confirmed, the caller hears that nothing was sent, and so it is: the row,
    which was made, ends as not sent, and the call that is repeated with its key hears the same."""
    database, daraja = plain, ToldDaraja()
    begin(database)
    key = IdempotencyKey(1, "customer", "/stkpush", "k-1", "digest")

    async def story() -> None:
        async with service_on(database, daraja, clock=SystemClock()) as service:
            with missing_replica(postgres_server):
                with pytest.raises(Unavailable) as refused:
                    await service.prompter.prompt(command(idempotency_key=key))
                assert "nothing was sent" in refused.value.message
            await until(lambda: only_payment(database).failure_reason == "not_sent")
            again = await service.prompter.prompt(command(idempotency_key=key))
            assert isinstance(again, PushResult)
            assert (again.replayed, again.payment.failure_reason) == (True, "not_sent")

    asyncio.run(story())
    assert daraja.seconds_of(PUSH_PATH) == []
    database.close()


@pytest.mark.parametrize(
    ("loop_seconds", "now", "left"),
    [
        pytest.param(100.0, EPOCH, 15.0, id="at the request"),
        pytest.param(110.0, EPOCH + 10 * SECOND, 5.0, id="both clocks go on"),
        pytest.param(110.0, EPOCH - 600 * SECOND, 5.0, id="the machine's clock is set back"),
        pytest.param(101.0, EPOCH + 3600 * SECOND, -3585.0, id="the machine has slept"),
    ],
)
def test_the_clock_that_is_further_on_decides(loop_seconds: float, now: Instant, left: float) -> None:
    """Neither a machine's clock that is set back nor a machine that sleeps gives a push more time."""
    assert Deadline(115.0, EPOCH + SENT_WITHIN).left_seconds(loop_seconds, now) == left
