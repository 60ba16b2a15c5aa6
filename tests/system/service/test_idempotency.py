"""One Idempotency-Key, one effect, however often the call is sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.system.service.running import Answer, eventually
from tests.system.service.world import World


def push(world: World, booking: dict[str, Any], phone: str, key: str, subject: str = "amina") -> Answer:
    """A push with this key."""
    return world.service.push(booking, phone, subject=subject, Idempotency_Key=key)


def book(world: World, key: str, subject: str = "amina", **body: Any) -> Answer:
    """A new booking with this key."""
    wanted = {"service": "Plumbing"} | body
    return world.service.call("POST", "/bookings", wanted, subject=subject, Idempotency_Key=key)


def test_a_push_is_replayed(world: World) -> None:
    """The same key and body answer the same payment and the same client secret, and nothing more is sent."""
    booking, phone = world.service.book(), world.new_phone()
    first = push(world, booking, phone, f"replay-{booking['id']}")
    sent = world.simulator.pushes()
    again = push(world, booking, phone, f"replay-{booking['id']}")
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert world.simulator.pushes() == sent
    world.finish(world.pushed(first, booking, phone))


def test_a_push_is_replayed_after_its_payment_has_ended(world: World) -> None:
    """A replay names the first payment even when the fee has been paid since, and prompts nobody."""
    booking, phone = world.service.book(), world.new_phone("pay")
    first = push(world, booking, phone, f"late-{booking['id']}")
    world.service.until(first.body["data"]["transactionId"], "completed")
    sent = world.simulator.pushes()
    again = push(world, booking, phone, f"late-{booking['id']}")
    assert (again.status, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.body["data"]["transactionId"] == first.body["data"]["transactionId"]
    assert again.body["data"]["clientSecret"] == first.body["data"]["clientSecret"]
    assert world.simulator.pushes() == sent


def test_a_refused_push_is_replayed(world: World) -> None:
    """What Daraja refused is refused again with the same payment, marked as a replay, and not sent again."""
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("subscriber_locked", msisdn=phone, count=1)
    first = push(world, booking, phone, f"refused-{booking['id']}")
    sent = world.simulator.pushes()
    again = push(world, booking, phone, f"refused-{booking['id']}")
    assert (first.status, again.status) == (409, 409)
    assert again.body["transactionId"] == first.body["transactionId"]
    assert again.headers["idempotency-replayed"] == "true"
    assert world.simulator.pushes() == sent


def test_a_key_in_flight_is_told_so(world: World) -> None:
    """While the first call waits for Daraja the second hears 409 and when to come back; then it is a replay."""
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=2)
    key = f"flight-{booking['id']}"
    sent = world.simulator.pushes()
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(push, world, booking, phone, key)
        eventually(lambda: world.simulator.pushes() > sent, "the push is at Daraja")
        meanwhile = push(world, booking, phone, key)
        first = calling.result()
    assert (meanwhile.status, meanwhile.body["code"]) == (409, "idempotency_in_flight")
    assert int(meanwhile.headers["retry-after"]) > 0
    assert first.status == 201
    again = push(world, booking, phone, key)
    assert (again.status, again.body["data"]) == (201, first.body["data"])
    assert world.simulator.pushes() == sent + 1
    world.finish(world.pushed(first, booking, phone))


def test_ten_calls_at_once_send_one_push(world: World) -> None:
    """Of ten calls with one key at the same moment one pushes; the others hear of that payment or are told to wait."""
    booking, phone = world.service.book(), world.new_phone()
    sent = world.simulator.pushes()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: push(world, booking, phone, f"ten-{booking['id']}"), range(10)))
    made = {each.body["data"]["transactionId"] for each in answers if each.status == 201}
    refused = {each.body["code"] for each in answers if each.status != 201}
    assert len(made) == 1
    assert refused <= {"idempotency_in_flight"}
    assert world.simulator.pushes() == sent + 1
    first = next(each for each in answers if each.status == 201)
    world.finish(world.pushed(first, booking, phone))


def test_a_key_with_another_body_is_refused(world: World) -> None:
    """A key that comes back with another amount, phone or booking is a 422, and nothing is sent."""
    booking, phone = world.service.book(), world.new_phone()
    key = f"body-{booking['id']}"
    first = push(world, booking, phone, key)
    sent = world.simulator.pushes()
    others = [
        (booking, world.new_phone()),
        (world.service.book(), phone),
        (booking | {"bookingFee": {"amount": 1}}, phone),
    ]
    for other_booking, other_phone in others:
        answer = push(world, other_booking, other_phone, key)
        assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")
    assert world.simulator.pushes() == sent
    world.finish(world.pushed(first, booking, phone))


def test_a_key_belongs_to_its_customer(world: World) -> None:
    """Two customers may use the same key: each has a payment of their own."""
    ids = set()
    for subject in ("amina", "juma"):
        booking, phone = world.service.book(subject=subject), world.new_phone("pay")
        answer = push(world, booking, phone, "order-1-of-everybody", subject)
        assert answer.status == 201
        ids.add(answer.body["data"]["transactionId"])
    assert len(ids) == 2


def test_what_was_refused_before_a_payment_existed_is_not_stored(world: World) -> None:
    """A key whose call was refused by a rule is free: the corrected call goes through."""
    booking, phone = world.service.book(), world.new_phone()
    key = f"free-{booking['id']}"
    assert push(world, booking | {"bookingFee": {"amount": 1}}, phone, key).body["code"] == "amount_mismatch"
    answer = push(world, booking, phone, key)
    assert answer.status == 201
    assert "idempotency-replayed" not in answer.headers
    world.finish(world.pushed(answer, booking, phone))


@pytest.mark.parametrize("key", ["", "k" * 256, "k\u00e9y"])
def test_a_key_that_is_none_names_the_header(world: World, key: str) -> None:
    """An empty, overlong or unprintable key is a 400 that names the header."""
    answer = book(world, key)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert answer.body["errors"][0]["field"] == "Idempotency-Key"


def test_a_booking_is_replayed(world: World) -> None:
    """The same key and body answer the same booking, marked as a replay; another body is a 422."""
    key = f"booking-{world.new_phone()}"
    first, again = book(world, key), book(world, key)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = book(world, key, service="Painting")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    foreign = book(world, key, subject="juma")
    assert foreign.body["booking"]["id"] != first.body["booking"]["id"]


def test_ten_bookings_at_once_make_one(world: World) -> None:
    """Ten calls with one key at the same moment make one booking."""
    key = f"bookings-{world.new_phone()}"
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: book(world, key), range(10)))
    assert {each.status for each in answers} == {201}
    assert len({each.body["booking"]["id"] for each in answers}) == 1
    assert sum("idempotency-replayed" not in each.headers for each in answers) == 1
