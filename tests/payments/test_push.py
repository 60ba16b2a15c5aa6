"""Prompting a customer: the row first, then one request, whoever waits for its answer or has stopped waiting."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from pokea.clock import SECOND, SystemClock
from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.client import PUSH_PATH
from pokea.errors import ApiError
from pokea.payments.push import LEASE, PushResult
from pokea.payments.reserve import Rejected, RejectReason
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from tests.daraja.server import ACCEPTED, Act, answer, error
from tests.deliveries import TOKENS
from tests.operations.outage import Outage
from tests.operations.scene import (
    EPOCH,
    ToldDaraja,
    begin,
    checkout,
    command,
    in_virtual_time,
    only_payment,
    payment_of,
    service_on,
)
from tests.payment_rows import new_booking
from tests.postgres import PostgresServer

LATE = answer(ACCEPTED | {"CheckoutRequestID": checkout(1)}, wait_seconds=20)
KEY = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "customer", "/stkpush", "k-1", "digest")


def test_the_push_is_for_what_the_row_says(database: Database) -> None:
    """One request goes out: to the phone, for the booking's fee and reference, with this payment's own address."""
    daraja = ToldDaraja()
    begin(database, [new_booking()._replace(reference="BK-7Q2M4XN")])

    async def story() -> None:
        async with service_on(database, daraja, mpesa_callback_url="https://pay.example/stk/callback/") as service:
            answered = await service.prompter.prompt(command())
            assert isinstance(answered, PushResult)
            assert not answered.replayed
            assert (answered.payment.status, answered.payment.request_id) == ("pending", checkout(1))

    in_virtual_time(story())
    (push,) = [each.message for each in daraja.requests if each.path == PUSH_PATH]
    payment = only_payment(database)
    name = TOKENS.callback_name(payment.id)
    assert push["CallBackURL"] == f"https://pay.example/stk/callback/{name}"
    assert (push["Amount"], push["PhoneNumber"], push["AccountReference"]) == ("500", "254712345678", "BK-7Q2M4XN")
    assert (payment.expires_at, payment.locked_until) == (EPOCH + 120 * SECOND, EPOCH + 180 * SECOND)


def test_the_row_is_there_before_the_request(database: Database) -> None:
    """While Daraja thinks, the payment stands with a lease, so that a crash of this process loses nothing."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
            payment = only_payment(database)
            assert (payment.status, payment.is_locking, payment.lease_until) == ("initiated", True, EPOCH + 60 * SECOND)
            await waiting

    in_virtual_time(story())


def test_a_caller_who_goes_away_does_not_stop_the_push(database: Database) -> None:
    """The request is sent in a task of its own: its answer is kept although nobody waits for it."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(5)
            waiting.cancel()
            await asyncio.sleep(15)

    in_virtual_time(story())
    payment = only_payment(database)
    assert (payment.status, payment.request_id) == ("pending", checkout(1))
    assert daraja.seconds_of(PUSH_PATH) == [0]


def test_a_caller_who_goes_away_while_the_row_is_made_leaves_none_without_its_push(
    postgres_url: str, plain: Database
) -> None:
    """A payment whose row was made is prompted for, also when its caller was cancelled in the middle of it."""
    database, daraja = plain, ToldDaraja()
    begin(database)

    async def story() -> None:
        with psycopg.connect(postgres_url) as other:
            other.execute("select id from bookings for update")
            async with service_on(database, daraja, clock=SystemClock()) as service:
                waiting = asyncio.create_task(service.prompter.prompt(command()))
                await until(lambda: is_waiting_for_a_lock(postgres_url))
                waiting.cancel()
                await asyncio.wait([waiting])
                other.rollback()
                await until(lambda: payments_in(postgres_url) > 0)

    asyncio.run(story())
    assert len(daraja.seconds_of(PUSH_PATH)) == 1
    assert only_payment(database).status == "pending"
    database.close()


async def until(is_so: Callable[[], bool]) -> None:
    """Returns once it is so."""
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.01)


def is_waiting_for_a_lock(url: str) -> bool:
    with psycopg.connect(url) as observer:
        found = observer.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'").fetchone()
    return found is not None and found[0] > 0


def payments_in(url: str) -> int:
    with psycopg.connect(url) as observer:
        found = observer.execute("select count(*) from payments").fetchone()
    assert found is not None
    return int(found[0])


def test_a_stopping_service_waits_for_its_pushes(database: Database) -> None:
    """The answer to a push that is out carries its id: the service stays until it is there."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
        await waiting

    in_virtual_time(story())
    assert only_payment(database).request_id == checkout(1)


def test_a_stopping_service_waits_no_longer_than_it_may(database: Database) -> None:
    """A push that Daraja does not answer is let go 20 s after the service was told to stop: its caller is told how it
    stands, the payment is found out later, and nothing is sent again."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, answer(ACCEPTED, wait_seconds=44))
    begin(database)
    took: list[float] = []

    async def story() -> PushResult | Rejected:
        loop = asyncio.get_running_loop()
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(10)
            service.release()
            service.release()
            began_at = loop.time()
            answered = await waiting
            took.append(loop.time() - began_at)
        took.append(loop.time() - began_at)
        return answered

    answered = in_virtual_time(story())
    assert isinstance(answered, PushResult)
    assert [round(seconds) for seconds in took] == [20, 20]
    payment = only_payment(database)
    assert (payment.status, payment.request_id, payment.is_locking) == ("initiated", None, True)
    assert answered.payment.status == "initiated"
    assert payment.next_action_at is not None
    assert daraja.seconds_of(PUSH_PATH) == [0]


UNKNOWN: list[tuple[str, Act]] = [
    ("no answer", Act(silent=True)),
    ("a cut connection", Act(cut=True)),
    ("HTML", Act(503, b"<html></html>", "text/html")),
    ("another error", error(500, "500.001.1001", "Something else")),
]


@pytest.mark.parametrize(("story_told", "act"), UNKNOWN, ids=[told for told, _ in UNKNOWN])
def test_an_unknown_push_is_never_sent_again(database: Database, story_told: str, act: Act) -> None:
    """The caller hears of a payment without an id, within 50 s; one request went out, then and for ever."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, act)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            answered = await service.prompter.prompt(command())
            assert asyncio.get_running_loop().time() <= 50, story_told
            assert isinstance(answered, PushResult)
            assert (answered.payment.status, answered.payment.request_id) == ("initiated", None)
            again = await service.prompter.prompt(command())
            assert isinstance(again, Rejected)
            assert again.why is RejectReason.IN_PROGRESS
            await asyncio.sleep(3600)

    in_virtual_time(story())
    assert len(daraja.seconds_of(PUSH_PATH)) == 1
    assert only_payment(database).failure_reason == "no_answer"


def test_a_refused_push_frees_booking_and_phone_at_once(database: Database) -> None:
    """After a refusal nothing is on the phone, so the customer may try again in the next second."""
    daraja = ToldDaraja()
    text = "Unable to lock subscriber, a transaction is already in process for the current subscriber"
    daraja.plan(PUSH_PATH, error(500, "500.001.1001", text))
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            refused = await service.prompter.prompt(command())
            assert isinstance(refused, PushResult)
            assert (refused.payment.status, refused.payment.failure_reason) == ("failed", "subscriber_locked")
            assert not refused.payment.is_locking
            again = await service.prompter.prompt(command())
            assert isinstance(again, PushResult)
            assert again.payment.status == "pending"

    in_virtual_time(story())
    assert len(daraja.seconds_of(PUSH_PATH)) == 2


def test_a_key_is_answered_from_the_row(database: Database) -> None:
    """The second call with a key hears of the same payment, and nothing is sent."""
    daraja = ToldDaraja()
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            first = await service.prompter.prompt(command(idempotency_key=KEY))
            second = await service.prompter.prompt(command(idempotency_key=KEY))
            assert isinstance(first, PushResult)
            assert second == PushResult(first.payment, replayed=True)
            with pytest.raises(ApiError):
                await service.prompter.prompt(command(idempotency_key=KEY._replace(body_digest="another")))

    in_virtual_time(story())
    assert len(daraja.seconds_of(PUSH_PATH)) == 1


def test_a_large_payment_is_marked_for_confirmation(database: Database) -> None:
    """From POKEA_CONFIRM_FROM shillings upward a query must agree with the callback."""
    for limit, expected in ((500, True), (501, False), (None, False)):
        begin(database)

        async def story(limit: int | None = limit) -> None:
            async with service_on(database, ToldDaraja(), pokea_confirm_from=limit) as service:
                await service.prompter.prompt(command())

        in_virtual_time(story())
        assert only_payment(database).requires_query is expected


def test_an_answer_that_cannot_be_kept_is_tried_again(
    postgres_server: PostgresServer, postgres_url: str, plain: Database
) -> None:
    """When the database goes away while a push is out, its answer is kept as soon as the database is back."""
    database, daraja, outage = plain, ToldDaraja(), Outage(postgres_server, postgres_url)
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
            outage.begin()
            await asyncio.sleep(35)
            outage.end()
            answered = await waiting
            assert isinstance(answered, PushResult)
            assert answered.payment.request_id == checkout(1)

    in_virtual_time(story())
    assert only_payment(database).status == "pending"
    assert len(daraja.seconds_of(PUSH_PATH)) == 1


def test_an_answer_is_kept_however_long_the_database_is_away(
    postgres_server: PostgresServer, postgres_url: str, plain: Database
) -> None:
    """The id that Daraja gave outlives the lease of its push: without it nobody could be asked what became of it."""
    database, daraja, outage = plain, ToldDaraja(), Outage(postgres_server, postgres_url)
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
            outage.begin()
            await waiting
            await asyncio.sleep(2 * LEASE / SECOND)
            outage.end()
            await asyncio.sleep(10)

    in_virtual_time(story())
    assert only_payment(database).request_id == checkout(1)
    assert len(daraja.seconds_of(PUSH_PATH)) == 1


def test_a_caller_hears_of_his_payment_while_the_database_is_away(
    postgres_server: PostgresServer, postgres_url: str, plain: Database
) -> None:
    """Once Daraja has answered, the caller hears of it within the patience of one write, though the answer cannot be
    kept yet; it is kept as soon as the database is back."""
    database, daraja, outage = plain, ToldDaraja(), Outage(postgres_server, postgres_url)
    daraja.plan(PUSH_PATH, LATE)
    begin(database)

    async def story() -> str:
        async with service_on(database, daraja) as service:
            waiting = asyncio.create_task(service.prompter.prompt(command()))
            await asyncio.sleep(1)
            outage.begin()
            answered = await waiting
            assert asyncio.get_running_loop().time() < 30
            outage.end()
            assert isinstance(answered, PushResult)
            assert (answered.payment.status, answered.payment.request_id) == ("pending", checkout(1))
            return answered.payment.id

    payment_id = in_virtual_time(story())
    assert payment_of(database, payment_id).request_id == checkout(1)


def test_without_a_token_nothing_is_sent(database: Database) -> None:
    """When Daraja gives no access token no push goes out, and the payment is refused rather than unknown."""
    daraja = ToldDaraja()
    daraja.plan(TOKEN_PATH, *[Act(503, b"")] * 50)
    begin(database)

    async def story() -> None:
        async with service_on(database, daraja) as service:
            answered = await service.prompter.prompt(command())
            assert isinstance(answered, PushResult)
            assert (answered.payment.status, answered.payment.failure_reason) == ("failed", "daraja_unavailable")

    in_virtual_time(story())
    assert daraja.seconds_of(PUSH_PATH) == []
