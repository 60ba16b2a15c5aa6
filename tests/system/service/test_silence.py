"""A Daraja that says nothing, and a caller that never ends: what takes long by its nature, waited for side by side."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.system.service.running import Answer, new_service, new_simulator
from tests.system.service.wire import Outcome, chunks, post_raw
from tests.system.service.world import CHECKING, INVALID, World

GIVES_UP_SECONDS = 45
ANSWERED_WITHIN_SECONDS = 50


class SilentPush(NamedTuple):
    """A push that Daraja holds for seventy seconds, before or after the prompt has reached the phone."""

    phone: str
    answer: Answer
    seconds: float
    booking: dict[str, object]


class Waiting(NamedTuple):
    """What waits in the background."""

    world: World
    silence: dict[str, Future[SilentPush]]
    trickle: Future[Outcome]


@pytest.fixture(scope="module")
def silent_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A pair whose clock nobody moves."""
    folder = tmp_path_factory.mktemp("silence")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'pokea.sqlite3')}"
    simulator = new_simulator(folder)
    service = new_service(folder, url, simulator.url)
    try:
        yield World(service.start(), simulator.start(), url)
    finally:
        service.close()
        simulator.close()


@pytest.fixture(scope="module")
def waiting(silent_world: World) -> Iterator[Waiting]:
    """Everything slow, begun."""
    with ThreadPoolExecutor(3) as pool:
        silence = {when: pool.submit(silent_push, silent_world, when) for when in ("before", "after")}
        yield Waiting(silent_world, silence, pool.submit(trickled, silent_world))


def silent_push(world: World, when: str) -> SilentPush:
    """A push of which Daraja says nothing for longer than anybody waits."""
    phone, booking = world.new_phone(), world.service.book()
    world.simulator.fault(f"push_timeout_{when}", msisdn=phone)
    began = time.monotonic()
    answer = world.service.push(booking, phone)
    return SilentPush(phone, answer, time.monotonic() - began, booking)


def trickled(world: World) -> Outcome:
    """A body that comes a byte at a time and never ends."""
    url = f"{world.service.url}/api/v1/payments/mpesa/callback"
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    return post_raw(url, headers, chunks(b" ", 120, pause_seconds=0.25))


def test_a_body_that_trickles_in_is_given_up(waiting: Waiting) -> None:
    """A body that never ends, a byte at a time, is answered 408 with the guide's body after twenty seconds."""
    outcome = waiting.trickle.result()
    assert 15 < outcome.seconds < 29
    assert outcome.answer is None or (outcome.answer.status, outcome.answer.body) == (408, INVALID)


def is_being_checked(world: World, silent: SilentPush) -> bool:
    """Whether the caller heard in time that the payment is being checked, and it stands so and in the way."""
    assert GIVES_UP_SECONDS - 1 < silent.seconds < ANSWERED_WITHIN_SECONDS
    assert silent.answer.status == 201
    assert silent.answer.body["message"].startswith(CHECKING)
    assert silent.answer.body["data"]["checkoutRequestId"] is None
    transaction_id = silent.answer.body["data"]["transactionId"]
    again = world.service.push(silent.booking, silent.phone)
    assert (again.status, again.body["transactionId"]) == (409, transaction_id)
    transaction = world.service.status(transaction_id)
    return (transaction["status"], transaction["failure"]) == ("initiated", None)


def test_a_push_that_times_out_is_not_repeated_and_not_failed(waiting: Waiting) -> None:
    """Daraja is silent after the prompt reached the phone, and before another did: each push went out once, and each
    payment ends as its phone's owner decided."""
    world = waiting.world
    before, after = (waiting.silence[when].result() for when in ("before", "after"))
    assert is_being_checked(world, before)
    assert is_being_checked(world, after)
    assert world.simulator.pushes() == 2
    world.simulator.answer(after.phone, "pay")
    paid, unprompted = (each.answer.body["data"]["transactionId"] for each in (after, before))
    (charge,) = world.simulator.journal()["charges"]
    assert world.service.until(paid, "completed")["mpesaReceiptNumber"] == charge["receipt"]
    assert world.is_held(str(after.booking["id"]))
    assert world.simulator.prompts(before.phone) == []
    world.shift(180, unprompted)
    assert world.service.until(unprompted, "failed")["failure"]["reason"] == "no_answer"
    assert world.is_unpaid(str(before.booking["id"]))
    assert world.simulator.pushes() == 2
