"""Nobody can use the service to pester phones with prompts: limits for a phone, a customer, and everybody together."""

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.system.service.conftest import StartWorld
from tests.system.service.running import Answer
from tests.system.service.world import World, used_phones

AT_ONCE = 20
LIMIT = 4
_PARTS = ("phone", "customer", "overall")


@pytest.fixture
def limited(start_world: StartWorld) -> Callable[[str], World]:
    """Starts a service on which only this limit is on."""

    def start(which: str) -> World:
        limits = {f"POKEA_PUSH_LIMIT_{part.upper()}": str(LIMIT if part == which else 0) for part in _PARTS}
        return start_world(**limits)

    return start


def at_once(world: World, bookings: list[dict[str, Any]], phones: list[str], subjects: list[str]) -> list[Answer]:
    """Push for each booking, all at the same time."""
    with ThreadPoolExecutor(len(bookings)) as pool:
        requests = zip(bookings, phones, subjects, strict=True)
        return [*pool.map(lambda wish: world.service.push(wish[0], wish[1], subject=wish[2]), requests)]


def is_refused_clearly(answer: Answer, whom: str) -> bool:
    """Whether a 429 says who has had too many prompts and how long to wait, for a program and for a person."""
    body: Mapping[str, Any] = answer.body
    wait = int(answer.headers["retry-after"])
    said = f"Too many payment prompts for {whom} within " in body["message"] and "try again in " in body["message"]
    is_whole = body["code"] == "too_many_requests" and body["retryAfterSeconds"] == wait and 0 < wait <= 600
    return answer.status == 429 and said and is_whole and not any(phone in str(body) for phone in used_phones())


def test_parallel_pushes_cannot_exceed_a_customers_limit(limited: Callable[[str], World]) -> None:
    """Twenty bookings on twenty phones, pushed at the same moment: as many prompts as the limit, and not one more."""
    world = limited("customer")
    bookings = [world.service.book() for _ in range(AT_ONCE)]
    phones = [world.new_phone() for _ in bookings]
    answers = at_once(world, bookings, phones, ["amina"] * AT_ONCE)
    assert Counter(answer.status for answer in answers) == {201: LIMIT, 429: AT_ONCE - LIMIT}
    assert all(is_refused_clearly(each, "this customer") for each in answers if each.status == 429)
    assert sum(bool(world.simulator.prompts(phone)) for phone in phones) == LIMIT
    another = world.service.book(subject="brian")
    assert world.service.push(another, world.new_phone(), subject="brian").status == 201


def test_parallel_pushes_cannot_exceed_the_limit_of_all(limited: Callable[[str], World]) -> None:
    """Twenty customers with twenty stolen tokens cause as many prompts a minute as all may, and not one more."""
    world = limited("overall")
    subjects = [f"victim-{number}" for number in range(AT_ONCE)]
    bookings = [world.service.book(subject=subject) for subject in subjects]
    answers = at_once(world, bookings, [world.new_phone() for _ in bookings], subjects)
    assert Counter(answer.status for answer in answers) == {201: LIMIT, 429: AT_ONCE - LIMIT}
    assert all(is_refused_clearly(each, "all customers together") for each in answers if each.status == 429)


def test_parallel_pushes_make_one_prompt_on_a_phone(world: World) -> None:
    """Twenty bookings pushed to one phone at the same moment: one prompt, and nineteen are told that one is open."""
    subjects = [f"caller-{number}" for number in range(AT_ONCE)]
    bookings = [world.service.book(subject=subject) for subject in subjects]
    phone = world.new_phone()
    answers = at_once(world, bookings, [phone] * AT_ONCE, subjects)
    assert Counter(answer.status for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    assert {answer.body["code"] for answer in answers if answer.status == 409} == {"payment_in_progress"}
    assert sum("transactionId" in answer.body for answer in answers if answer.status == 409) == 0
    assert len(world.simulator.prompts(phone)) == 1
    world.simulator.answer(phone, "cancel")


def test_a_phone_is_not_pestered_by_one_after_another(limited: Callable[[str], World]) -> None:
    """A phone whose owner declines again and again is left alone, whoever asks; a call that was unfit cost nothing."""
    world = limited("phone")
    phone = world.new_phone("cancel")
    for number in range(LIMIT):
        subject = f"pest-{number}"
        booking = world.service.book(subject=subject)
        payment = world.push_again(booking, phone, subject)
        assert world.service.push(booking | {"bookingFee": {"amount": 1}}, phone, subject=subject).status == 400
        world.service.until(payment.id, "failed")
    refused = world.service.push(world.service.book(subject="pest"), phone, subject="pest")
    assert is_refused_clearly(refused, "this phone")
    assert world.service.push(world.service.book(), world.new_phone()).status == 201


def test_a_push_that_daraja_refused_counts(limited: Callable[[str], World]) -> None:
    """Daraja was asked, so its refusal uses up the limit; a call that was refused before that does not."""
    world = limited("customer")
    phone = world.new_phone()
    wrong = world.service.book()
    for _ in range(2 * LIMIT):
        assert world.service.push(wrong | {"bookingFee": {"amount": 1}}, phone).status == 400
    world.simulator.fault("spike_arrest", path="push", count=LIMIT)
    for _ in range(LIMIT):
        assert world.service.push(world.service.book(), phone).status == 503
    for _ in range(2):
        refused = world.service.push(world.service.book(), phone)
        assert is_refused_clearly(refused, "this customer")


def test_a_customer_cannot_fill_the_bookings_at_once(start_world: StartWorld) -> None:
    """Twenty bookings at the same moment make as many as the limit; an admin's and another customer's are made."""
    world = start_world(POKEA_BOOKING_LIMIT_CUSTOMER="4")

    def book(number: int) -> tuple[int, bool]:
        answer = world.service.call("POST", "/bookings", {"service": "x"}, Idempotency_Key=f"key-{number}")
        return answer.status, "retry-after" in answer.headers

    with ThreadPoolExecutor(20) as pool:
        answers = sorted(pool.map(book, range(20)))
    assert answers == [(201, False)] * 4 + [(429, True)] * 16
    assert world.service.call("POST", "/bookings", {"service": "x"}, subject="baraka").status == 201
    for _ in range(5):
        admins = world.service.call("POST", "/bookings", {"service": "x", "customerId": "amina"}, scope="admin")
        assert admins.status == 201
