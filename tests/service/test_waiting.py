"""What takes long by its nature. It runs side by side in the background, so that the tests wait for it once."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.service import hundred
from tests.service.conftest import Say, StartWorld
from tests.service.running import Answer, eventually, new_service, new_simulator
from tests.service.wire import Outcome, chunks, post_raw
from tests.service.world import CHECKING, INVALID, World

DOZEN = 12
GIVES_UP_SECONDS = 45
ANSWERED_WITHIN_SECONDS = 50


class SilentPush(NamedTuple):
    """A push that Daraja holds for seventy seconds, before or after the prompt has reached the phone."""

    phone: str
    answer: Answer
    seconds: float
    booking: dict[str, object]


class Slow(NamedTuple):
    """What runs in the background; `silence` on SQLite alone, since it does nothing but wait."""

    world: World
    hundred: Future[hundred.Result]
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
def slow(shared_mortal_world: World, silent_world: World, database_kind: str) -> Iterator[Slow]:
    """Everything slow, begun."""
    if not shared_mortal_world.service.is_running:
        shared_mortal_world.service.start()
    with ThreadPoolExecutor(4) as pool:
        waiting = ("before", "after") if database_kind == "sqlite" else ()
        silence = {when: pool.submit(silent_push, silent_world, when) for when in waiting}
        trickle = pool.submit(trickled, silent_world)
        yield Slow(silent_world, pool.submit(hundred.run, shared_mortal_world), silence, trickle)


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


def test_who_waits_is_asked_about_first(start_world: StartWorld, slow: Slow) -> None:
    """Without callbacks and with few questions a second, seven of ten go to the newest, and nobody is forgotten."""
    world = start_world(switches=["--callback-order", "never"], POKEA_QUERY_RATE="3")
    payments = [world.push(world.new_phone("pay")) for _ in range(DOZEN)]
    eventually(lambda: len(world.simulator.journal()["charges"]) == DOZEN, "everybody has paid")
    world.shift(15, *(payment.id for payment in payments))
    for payment in payments:
        world.service.until(payment.id, "completed", 30)
    rows = {payment.id: world.row(payment.id) for payment in payments}
    order = sorted(payments, key=lambda payment: (rows[payment.id].asked_at, -rows[payment.id].created_at))
    oldest = payments[:2]
    assert order[:2] == payments[:-3:-1]
    assert [each for each in order if each not in oldest] == payments[:1:-1]
    assert oldest[0] in order[:5]


def test_under_darajas_limit_every_turn_comes(start_world: StartWorld, slow: Slow, say: Say) -> None:
    """When Daraja answers one question in twelve seconds, the service slows down, and whoever was refused keeps the
    turn: every status is right once it has come."""
    world = start_world(switches=["--callback-order", "never", "--query-limit", "429"])
    payments = [world.push(world.new_phone("pay")) for _ in range(DOZEN)]
    eventually(lambda: len(world.simulator.journal()["charges"]) == DOZEN, "everybody has paid")
    world.shift(15, *(payment.id for payment in payments))
    eventually(lambda: world.simulator.queries() >= DOZEN, "the first questions, most of them refused")

    def all_over() -> bool:
        # Twelve seconds pass at Daraja while less than one does here.
        world.simulator.advance(12)
        return all(world.service.status(payment.id)["status"] == "completed" for payment in payments)

    eventually(all_over, "every turn has come", 60)
    refused = [each["status"] for each in world.simulator.journal()["requests"]].count(429)
    say(f"{world.simulator.queries()} questions about {DOZEN} payments, {refused} of them refused")
    assert refused >= 1
    assert [world.row(payment.id).attempts for payment in payments] == [1] * DOZEN
    assert all(world.is_held(payment.booking_id) for payment in payments)


def test_a_hundred_at_once_end_as_the_journal_says(slow: Slow, mortal_world: World, say: Say) -> None:
    """A hundred at once, every third callback lost and every second doubled: all is true within ninety seconds."""
    result = slow.hundred.result()
    say(f"a hundred pushes in {result.push_seconds:.1f} s, all statuses true after {result.seconds:.1f} s")
    assert result.pushes == hundred.HUNDRED
    assert result.seconds < hundred.WITHIN_SECONDS
    assert [told for told in result.told if not told.is_true] == []
    assert [told for told in result.told if told.transaction["review"]] == []
    for told in result.told:
        booking_id = told.customer.booking["id"]
        assert mortal_world.is_held(booking_id) if told.charge else mortal_world.is_unpaid(booking_id)
    assert {told.customer.habit for told in result.told if told.charge is None} == set(hundred.CODES)
    assert mortal_world.books_balance()


def test_a_body_that_trickles_in_is_given_up(slow: Slow) -> None:
    """A body that never ends, a byte at a time, is answered 408 with the guide's body after twenty seconds."""
    outcome = slow.trickle.result()
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


def test_a_push_that_times_out_is_not_repeated_and_not_failed(slow: Slow, database_kind: str) -> None:
    """Daraja is silent after the prompt reached the phone, and before another did: each push went out once, and each
    payment ends as its phone's owner decided."""
    if database_kind != "sqlite":
        pytest.skip("it waits for 45 seconds, once")
    world = slow.world
    before, after = (slow.silence[when].result() for when in ("before", "after"))
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
