"""Payments that have gone quiet: each ends right by itself, whatever Daraja says and whatever was lost."""

import asyncio
import itertools
import logging
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select

from pokea.clock import HOUR, SECOND, Instant, SystemClock
from pokea.daraja.client import PUSH_PATH, QUERY_PATH
from pokea.operations.arrivals import Batch
from pokea.operations.settle import settle
from pokea.operations.store import Payment
from pokea.payments.flow import PaymentFlow
from pokea.payments.push import PushResult
from pokea.storage import tables
from pokea.storage.database import Database
from tests.daraja.server import ACCEPTED, Act, answer, error, query_answer
from tests.deliveries import TOKENS, delivery, pushed_payment
from tests.operations.scene import (
    EPOCH,
    ToldDaraja,
    begin,
    checkout,
    command,
    in_virtual_time,
    now,
    payment_of,
    service_on,
)

DAY_SECONDS = 24 * 3600
WRONG_CREDENTIALS = answer(query_answer(checkout(1), "4999", "Wrong credentials"))


def prompted(database: Database, daraja: ToldDaraja, seconds: float, **settings: Any) -> Payment:
    """Prompt a customer, and look at the payment so many seconds later."""

    async def story() -> str:
        async with service_on(database, daraja, **settings) as service:
            made = await service.prompter.prompt(command())
            assert isinstance(made, PushResult)
            await asyncio.sleep(seconds)
            return made.payment.id

    begin(database)
    return payment_of(database, in_virtual_time(story()))


def left_by_a_dead_process(created_at: Instant = EPOCH, payment_id: str = "pay_1", **values: Any) -> Payment:
    """A payment whose process died while its push was out."""
    left: Payment = pushed_payment(payment_id, created_at=created_at, expires_at=created_at + 120 * SECOND, **values)
    return left


def served(database: Database, seconds: float, daraja: ToldDaraja | None = None) -> ToldDaraja:
    """A service runs for so long, beside a Daraja that says nothing if none is given."""
    told = daraja or ToldDaraja()

    async def story() -> None:
        async with service_on(database, told):
            await asyncio.sleep(seconds)

    in_virtual_time(story())
    return told


def kept_before(database: Database, *arrived: Any) -> None:
    """What another process was told, before the service of this test begins."""
    with database.engine.begin() as connection:
        settle(connection, Batch(EPOCH, deliveries=arrived), PaymentFlow(TOKENS.proves))


def test_a_payment_that_no_callback_reaches_completes(database: Database) -> None:
    """A customer pays and the callback is lost: the first question, 15 s after acceptance, finds it out."""
    daraja = ToldDaraja()
    daraja.results[checkout(1)] = ["0"]
    payment = prompted(database, daraja, 20)
    assert (payment.status, payment.completed_by, payment.disposition) == ("completed", "query", "held")
    assert daraja.seconds_of(QUERY_PATH) == [15]


def test_a_failure_takes_two_answers_and_a_closing_question(database: Database) -> None:
    """A query's `not paid` is asked again 11 s later, and once more when the lock is over."""
    daraja = ToldDaraja()
    daraja.results[checkout(1)] = ["1037"]
    payment = prompted(database, daraja, DAY_SECONDS * 2)
    assert (payment.status, payment.failure_reason, payment.next_action_at) == ("failed", "no_response", None)
    assert daraja.seconds_of(QUERY_PATH) == [15, 26, 180]


def test_a_charge_after_a_failure_is_found(database: Database) -> None:
    """Money that moved after Daraja had said `not paid` twice is found by the closing question."""
    daraja = ToldDaraja()
    daraja.results[checkout(1)] = ["1037", "1037", "0"]
    payment = prompted(database, daraja, 200)
    assert (payment.status, payment.failure_reason, payment.disposition) == ("completed", None, "held")


def test_what_daraja_does_not_answer_is_asked_again_for_a_day(database: Database) -> None:
    """Faults, silence and `still processing` are no answer: the questions go on with growing gaps, then it is given
    up with a reason that promises nothing."""
    daraja = ToldDaraja()
    daraja.plan(
        QUERY_PATH, error(500, "500.001.1001", "The transaction does not Exist"), Act(silent=True), Act(cut=True)
    )
    payment = prompted(database, daraja, DAY_SECONDS * 3)
    assert (payment.status, payment.failure_reason, payment.failure_code) == ("failed", "no_answer", None)
    assert (payment.next_action_at, payment.is_locking) == (None, False)
    asked = daraja.seconds_of(QUERY_PATH)
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert 20 < len(asked) < 50
    assert DAY_SECONDS - 3600 < asked[-1] < DAY_SECONDS


def test_a_closing_question_without_an_answer_ends_with_the_day(database: Database) -> None:
    """A cancelled payment of which Daraja says nothing more is left alone after a day."""
    daraja = ToldDaraja()

    async def story() -> str:
        async with service_on(database, daraja) as service:
            made = await service.prompter.prompt(command())
            assert isinstance(made, PushResult)
            await service.settler.submit(delivery(made.payment.id, 1032, now(), checkout_request_id=checkout(1)))
            await asyncio.sleep(DAY_SECONDS * 3)
            return made.payment.id

    begin(database)
    payment = payment_of(database, in_virtual_time(story()))
    assert (payment.status, payment.failure_reason, payment.next_action_at) == ("failed", "cancelled", None)
    asked = daraja.seconds_of(QUERY_PATH)
    assert asked[0] == 180
    assert 15 < len(asked) < 50


def test_a_success_after_a_day_still_completes(database: Database) -> None:
    """A payment that was given up completes when its callback comes after all."""
    daraja = ToldDaraja()
    prompted(database, daraja, DAY_SECONDS + 60)
    with database.engine.connect() as connection:
        payment_id = connection.execute(select(tables.payments.c.id)).scalar_one()
    kept_before(database, delivery(payment_id, checkout_request_id=checkout(1)))
    assert payment_of(database, payment_id).status == "completed"


def test_a_push_lost_with_its_process_is_given_up_when_its_lock_is_over(database: Database) -> None:
    """Nobody can be asked about a push without an id: unknown after the lease, failed and unlocked after the lock."""
    begin(database, payments=[left_by_a_dead_process()])
    served(database, 100)
    after_lease = payment_of(database, "pay_1")
    assert (after_lease.status, after_lease.lease_until, after_lease.is_locking) == ("initiated", 0, True)
    daraja = served(database, 181)
    after_lock = payment_of(database, "pay_1")
    assert (after_lock.status, after_lock.failure_reason) == ("failed", "no_answer")
    assert (after_lock.is_locking, after_lock.next_action_at) == (False, None)
    assert daraja.requests == []


def test_a_callback_for_a_lost_push_completes_it_when_the_lease_is_over(database: Database) -> None:
    """A callback that came while the push was out is judged once its process is known to be gone."""
    begin(database, payments=[left_by_a_dead_process()])
    kept_before(database, delivery("pay_1", received_at=EPOCH + SECOND))
    assert payment_of(database, "pay_1").status == "initiated"
    served(database, 61)
    payment = payment_of(database, "pay_1")
    assert (payment.status, payment.request_id, payment.disposition) == ("completed", "ws_CO_pay_1", "held")


def test_a_callback_for_a_lost_push_counts_however_late_somebody_looks(database: Database) -> None:
    """When nobody looked before the lock was over, the callback is judged before the payment is given up."""
    begin(database, payments=[left_by_a_dead_process(EPOCH - HOUR)])
    kept_before(database, delivery("pay_1", received_at=EPOCH - HOUR + SECOND))
    served(database, 10)
    payment = payment_of(database, "pay_1")
    assert (payment.status, payment.disposition) == ("completed", "held")


def test_a_question_whose_asker_dies_is_asked_again(database: Database) -> None:
    """A claimed question is lost with its process, and falls due again after its gap."""
    daraja = ToldDaraja()
    daraja.plan(QUERY_PATH, Act(wait_seconds=10))
    daraja.results[checkout(1)] = ["0"]
    assert prompted(database, daraja, 16).status == "pending"
    again = served(database, 60, daraja)
    assert len(again.seconds_of(QUERY_PATH)) == 2
    with database.engine.connect() as connection:
        assert connection.execute(select(tables.payments.c.status)).scalar_one() == "completed"


def test_what_falls_due_while_recovery_works_is_not_slept_through(database: Database) -> None:
    """A push that is accepted while another payment is being closed is asked about on time."""
    daraja = ToldDaraja()
    daraja.plan(PUSH_PATH, answer(ACCEPTED, wait_seconds=1))
    begin(database, payments=[left_by_a_dead_process(booking_id="bk_2", msisdn="254722000000")])

    async def story() -> None:
        async with service_on(database, daraja) as service:
            await asyncio.sleep(59)
            await service.prompter.prompt(command())
            await asyncio.sleep(40)

    in_virtual_time(story())
    assert daraja.seconds_of(QUERY_PATH)[0] == 75


def test_a_wrong_passkey_is_told_to_the_operator(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """`4999 Wrong credentials` is no answer about the payment but an alarm about our passkey (daraja: push errors)."""
    daraja = ToldDaraja()
    daraja.plan(QUERY_PATH, WRONG_CREDENTIALS)
    assert prompted(database, daraja, 20).status == "pending"
    (alarm,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "MPESA_PASSKEY" in alarm.getMessage()


def test_a_question_that_the_limit_refused_keeps_its_turn(database: Database) -> None:
    """Daraja's limit leaves a question unread: it is asked again with the next token, at half of the rate."""
    daraja = ToldDaraja()
    daraja.plan(QUERY_PATH, *[error(429, "500.003.02", "System is busy. Please try again in few minutes.")] * 2)
    daraja.results[checkout(1)] = ["0"]
    payment = prompted(database, daraja, 30, pokea_query_rate=1)
    assert (payment.status, payment.inquiries) == ("completed", 1)
    assert daraja.seconds_of(QUERY_PATH) == [15, 17, 21]


def test_a_claim_is_asked_about_at_once(database: Database) -> None:
    """A bare callback proves nothing, and makes Daraja be asked at once rather than 15 s after acceptance."""
    daraja = ToldDaraja()
    daraja.results[checkout(1)] = ["0"]

    async def story() -> None:
        async with service_on(database, daraja) as service:
            made = await service.prompter.prompt(command())
            assert isinstance(made, PushResult)
            await asyncio.sleep(4)
            claim = delivery(made.payment.id, received_at=now(), is_bare=True, checkout_request_id=checkout(1))
            await service.settler.submit(claim)
            await asyncio.sleep(1)

    begin(database)
    in_virtual_time(story())
    assert daraja.seconds_of(QUERY_PATH) == [4]


def test_an_idle_service_sleeps(database: Database) -> None:
    """With nothing due the workers look at the database as rarely as they were told to, and sleep in between."""
    begin(database)
    looks = []
    # Numbering events looks most often, eight times a sleep: 80 looks, and each takes the loop a few turns.
    few_turns = 8 * 80

    async def story() -> None:
        async with service_on(database, ToldDaraja(), longest_sleep_seconds=100):
            await asyncio.sleep(1000)
            looks.append(asyncio.get_running_loop().turns)  # type: ignore[attr-defined]  # the virtual loop counts

    in_virtual_time(story())
    assert looks[0] < few_turns


def test_a_due_row_that_somebody_locks_is_looked_at_with_pauses(postgres_url: str, plain: Database) -> None:
    """While an operator's transaction holds a due payment, recovery does not claim in circles; then it asks at once."""
    database, daraja = plain, ToldDaraja()
    claims = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        claims.extend(["claim"] * ("FROM query_budget" in statement))

    async def story() -> None:
        created_at = SystemClock().now() - HOUR
        begin(database, payments=[left_by_a_dead_process(created_at, status="pending", request_id="ws_CO_1")])
        with psycopg.connect(postgres_url) as operator:
            operator.execute("select id from open_payments for update")
            async with service_on(database, daraja, clock=SystemClock()):
                await asyncio.sleep(0.5)
                assert daraja.seconds_of(QUERY_PATH) == []
                assert len(claims) < 30
                operator.rollback()
                async with asyncio.timeout(10):
                    while not daraja.seconds_of(QUERY_PATH):
                        await asyncio.sleep(0.02)

    asyncio.run(story())
