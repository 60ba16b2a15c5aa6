"""A clock that jumps ends no payment that was not asked about, and payments are asked about soon after."""

import asyncio

import pytest

from pokea.clock import HOUR, SECOND, Instant
from pokea.daraja.client import QUERY_PATH
from pokea.payments.push import PushResult
from pokea.storage.database import Database
from tests.operations.scene import (
    LoopClock,
    ToldDaraja,
    begin,
    checkout,
    command,
    in_virtual_time,
    payment_of,
    service_on,
)
from tests.payments.test_push_deadline import JumpingClock

SOON_SECONDS = 90
SLEEP_SECONDS = 10.0
"""Longer than a service sleeps, so what comes soon here comes sooner there."""
JUMPS = [
    pytest.param(-600 * SECOND, id="ten minutes back"),
    pytest.param(-48 * HOUR, id="two days back"),
    pytest.param(48 * HOUR, id="two days forward"),
    pytest.param(30 * SECOND, id="half a minute forward"),
    pytest.param(-30 * SECOND, id="half a minute back"),
]


@pytest.mark.parametrize("jump", JUMPS)
def test_a_payment_is_asked_about_soon_after_the_clock_jumped(database: Database, jump: Instant) -> None:
    """Given a clock that jumps after the push, the payment is asked about within 90 s, and ends by the answer."""
    daraja, clock = ToldDaraja(), JumpingClock(LoopClock())
    daraja.results[checkout(1)] = ["0"]
    begin(database)

    async def story() -> str:
        async with service_on(database, daraja, clock=clock, longest_sleep_seconds=SLEEP_SECONDS) as service:
            answered = await service.prompter.prompt(command())
            assert isinstance(answered, PushResult)
            await asyncio.sleep(3)
            clock.ahead = jump
            await asyncio.sleep(SOON_SECONDS)
            return answered.payment.id

    payment_id = in_virtual_time(story())
    assert payment_of(database, payment_id).status == "completed"
    assert daraja.seconds_of(QUERY_PATH)


def test_a_clock_that_comes_back_finds_nothing_given_up(database: Database) -> None:
    """Given a clock that is two days ahead for two minutes, an open payment is not given up, and is paid in the end."""
    daraja, clock = ToldDaraja(), JumpingClock(LoopClock())
    begin(database)

    async def story() -> str:
        async with service_on(database, daraja, clock=clock, longest_sleep_seconds=SLEEP_SECONDS) as service:
            answered = await service.prompter.prompt(command())
            assert isinstance(answered, PushResult)
            clock.ahead = 48 * HOUR
            await asyncio.sleep(120)
            assert payment_of(database, answered.payment.id).status == "pending"
            clock.ahead = 0
            daraja.results[checkout(1)] = ["0"]
            await asyncio.sleep(SOON_SECONDS)
            return answered.payment.id

    assert payment_of(database, in_virtual_time(story())).status == "completed"


def test_a_service_that_starts_after_a_step_back_asks_at_once(database: Database) -> None:
    """Given a payment of a time that is ahead, a process that starts asks about it soon."""
    daraja, clock = ToldDaraja(), JumpingClock(LoopClock())
    daraja.results[checkout(1)] = ["0"]
    begin(database)

    async def story() -> str:
        clock.ahead = 2 * HOUR
        async with service_on(database, daraja, clock=clock, background=False) as service:
            answered = await service.prompter.prompt(command())
            assert isinstance(answered, PushResult)
        clock.ahead = 0
        async with service_on(database, daraja, clock=clock, longest_sleep_seconds=SLEEP_SECONDS):
            await asyncio.sleep(SOON_SECONDS)
        return answered.payment.id

    assert payment_of(database, in_virtual_time(story())).status == "completed"
