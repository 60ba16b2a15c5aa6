"""What takes long by its nature. It runs side by side in the background, so that the tests wait for it once."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import pytest

from tests.conftest import Say
from tests.system.service import hundred
from tests.system.service.conftest import StartWorld
from tests.system.service.running import eventually
from tests.system.service.world import HOUR_SECONDS, Pushed, World

DOZEN = 12
Crowd: TypeAlias = "Future[hundred.Result]"


@pytest.fixture(scope="module")
def crowd(shared_mortal_world: World) -> Iterator[Crowd]:
    """A hundred customers at once, begun."""
    if not shared_mortal_world.service.is_running:
        shared_mortal_world.service.start()
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(hundred.run, shared_mortal_world)


def quiet_dozen(world: World) -> list[Pushed]:
    """Payments that have been paid and of which nothing is heard, each put off by an hour so that none is asked about
    before all are there."""
    payments = []
    for _ in range(DOZEN):
        payments.append(world.push(world.new_phone("pay")))
        world.put_off(payments[-1])
    eventually(lambda: len(world.simulator.journal()["charges"]) == DOZEN, "everybody has paid")
    return payments


def test_who_waits_is_asked_about_first(start_world: StartWorld, crowd: Crowd) -> None:
    """Without callbacks and with few questions a second, seven of ten go to the newest, and nobody is forgotten."""
    world = start_world(switches=["--callback-order", "never"], POKEA_QUERY_RATE="3")
    payments = quiet_dozen(world)
    world.shift(HOUR_SECONDS + 15, *(payment.id for payment in payments))
    for payment in payments:
        world.service.until(payment.id, "completed", 30)
    rows = {payment.id: world.row(payment.id) for payment in payments}
    order = sorted(payments, key=lambda payment: (rows[payment.id].last_inquiry_at, -rows[payment.id].created_at))
    oldest = payments[:2]
    assert order[:2] == payments[:-3:-1]
    assert [each for each in order if each not in oldest] == payments[:1:-1]
    assert oldest[0] in order[:5]


def test_under_darajas_limit_every_turn_comes(start_world: StartWorld, crowd: Crowd, say: Say) -> None:
    """When Daraja answers one question in twelve seconds, the service slows down, and whoever was refused keeps the
    turn: every status is right once it has come."""
    world = start_world(switches=["--callback-order", "never", "--query-limit", "429"])
    payments = quiet_dozen(world)
    world.shift(HOUR_SECONDS + 15, *(payment.id for payment in payments))
    eventually(lambda: world.simulator.queries() >= DOZEN, "the first questions, most of them refused")

    def all_over() -> bool:
        # Twelve seconds pass at Daraja while less than one does here.
        world.simulator.advance(12)
        return all(world.service.status(payment.id)["status"] == "completed" for payment in payments)

    eventually(all_over, "every turn has come", 60)
    refused = [each["status"] for each in world.simulator.journal()["requests"]].count(429)
    say(f"{world.simulator.queries()} questions about {DOZEN} payments, {refused} of them refused")
    assert refused >= 1
    assert [world.row(payment.id).inquiries for payment in payments] == [1] * DOZEN
    assert all(world.is_held(payment.booking_id) for payment in payments)


def test_a_hundred_at_once_end_as_the_journal_says(crowd: Crowd, mortal_world: World, say: Say) -> None:
    """A hundred at once, every third callback lost and every second doubled: all is true within ninety seconds."""
    result = crowd.result()
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
