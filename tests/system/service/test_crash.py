"""`kill -9` at the worst moments: what was acknowledged is there, and everything ends as the phones' owners decided."""

import itertools
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tests.system.service.running import eventually
from tests.system.service.world import World

LEASE_SECONDS = 60
FIRST_QUESTION_SECONDS = 15
CROWD = 25


def charged(world: World) -> set[str]:
    """The phones that were really charged."""
    return {each["msisdn"] for each in world.simulator.journal()["charges"]}


def transactions(world: World) -> dict[str, dict[str, Any]]:
    """All payments by their bookings, as an admin sees them."""
    found: dict[str, dict[str, Any]] = {}
    for page in itertools.count(1):
        body = world.service.call("GET", f"/payments/mpesa/history?limit=100&page={page}", scope="admin").body
        found |= {each["bookingId"]: each for each in body["transactions"]}
        if not body["transactions"]:
            break
    return found


def test_a_payment_survives_a_kill_between_push_and_callback(mortal_world: World) -> None:
    """One customer pays while the service is dead and one when it is back: both payments complete, each once."""
    world = mortal_world
    early, late = world.push(), world.push()
    world.service.kill()
    world.simulator.answer(early.phone, "pay")
    (callback,) = eventually(lambda: world.simulator.callbacks(early.checkout), "the callback that nobody hears")
    assert callback["status"] is None
    world.service.start()
    world.simulator.answer(late.phone, "pay")
    world.service.until(late.id, "completed")
    world.age(FIRST_QUESTION_SECONDS, early.id)
    world.service.until(early.id, "completed")
    for payment in (early, late):
        assert world.is_held(payment.booking_id)
        assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}
    assert world.books_balance()


class Crowd:
    """Half of the crowd has prompts and answers them; the other half waits for Daraja's answer to the push."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.prompted = [world.push() for _ in range(CROWD)]
        self.pushing = [(world.service.book(), world.new_phone()) for _ in range(CROWD)]
        for _, phone in self.pushing:
            world.simulator.fault("slow", msisdn=phone, seconds=5, when="after")
        world.age(0)
        self.pushed_before = world.simulator.pushes()

    def rush(self, pool: ThreadPoolExecutor) -> Sequence[Future[Any]]:
        """Everything at once: pushes whose prompts arrive and whose answers do not, and customers who pay."""
        pushes = [pool.submit(self._push, number) for number in range(CROWD)]
        eventually(lambda: self.world.simulator.pushes() == self.pushed_before + CROWD, "every push is at Daraja")
        answers = [pool.submit(self.world.simulator.answer, each.phone, "pay") for each in self.prompted]
        return [*pushes, *answers]

    def _push(self, number: int) -> None:
        booking, phone = self.pushing[number]
        # The service dies under this call.
        with suppress(OSError):
            self.world.service.push(booking, phone, Idempotency_Key=f"{booking['id']}-crowd")

    def replay(self, number: int) -> Any:
        """The caller of a push that was cut off asks again with the same key."""
        booking, phone = self.pushing[number]
        return self.world.service.push(booking, phone, Idempotency_Key=f"{booking['id']}-crowd")

    def decide(self) -> None:
        """Of those whose push was unanswered every other one pays; the others cancel."""
        for number, (_, phone) in enumerate(self.pushing):
            self.world.simulator.answer(phone, "pay" if number % 2 else "cancel")


def test_a_kill_in_the_middle_of_a_crowd_loses_nothing(mortal_world: World) -> None:
    """Twenty-five callbacks and twenty-five pushes are in flight when the service is killed: all end as they should."""
    world, crowd = mortal_world, Crowd(mortal_world)
    with ThreadPoolExecutor(2 * CROWD) as pool:
        running = crowd.rush(pool)
        eventually(lambda: len(world.heard(crowd.prompted)) >= CROWD // 4, "some callbacks are acknowledged")
        world.service.kill()
        for future in running:
            future.result()
    kept = world.heard(crowd.prompted)
    assert len(kept) >= CROWD // 4
    assert all(world.bodies(payment.id) for payment in kept)
    world.service.start()
    in_flight = crowd.replay(0)
    assert (in_flight.status, in_flight.body["code"]) == (409, "idempotency_in_flight")
    crowd.decide()
    _end(world, crowd)
    _is_as_decided(world, crowd)


def _end(world: World, crowd: Crowd) -> None:
    """Let the time pass that the payments wait for: a minute for a dead process, and the first question."""
    found = transactions(world)
    orphans = [found[booking["id"]]["id"] for booking, _ in crowd.pushing]
    eventually(lambda: all(world.bodies(each) for each in orphans), "every customer's decision is kept")
    world.age(LEASE_SECONDS, *orphans)
    world.age(FIRST_QUESTION_SECONDS, *(payment.id for payment in crowd.prompted))

    waiting = {booking["id"] for booking, _ in crowd.pushing} | {payment.booking_id for payment in crowd.prompted}

    def is_over() -> bool:
        return all(transactions(world)[each]["status"] in ("completed", "failed") for each in waiting)

    eventually(is_over, "every payment has ended", 30)


def _is_as_decided(world: World, crowd: Crowd) -> None:
    found = transactions(world)
    bookings = {payment.booking_id: payment.phone for payment in crowd.prompted}
    bookings |= {booking["id"]: phone for booking, phone in crowd.pushing}
    truth = charged(world).intersection(bookings.values())
    assert len(truth) == CROWD + CROWD // 2
    for booking_id, phone in bookings.items():
        transaction = found[booking_id]
        assert transaction["status"] == ("completed" if phone in truth else "failed"), transaction
        assert transaction["review"] == []
        assert world.is_held(booking_id) if phone in truth else world.is_unpaid(booking_id)
    assert world.simulator.pushes() == crowd.pushed_before + CROWD
    assert world.books_balance()
    replayed = crowd.replay(1)
    assert (replayed.status, replayed.headers["idempotency-replayed"]) == (201, "true")
    assert replayed.body["data"]["transactionId"] == found[crowd.pushing[1][0]["id"]]["id"]
