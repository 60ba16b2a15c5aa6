"""Watching one payment: the stream of its changes, and the secret that reads it and nothing else."""

import contextlib
import threading
import time
from typing import Any

import pytest

from pokea.api.auth.tokens import issue_token
from pokea.clock import SystemClock
from pokea.redact import Secret
from tests.ports import free_port
from tests.system.service.conftest import StartWorld
from tests.system.service.running import JWT_SECRET, Answer, ServiceProgram, call, eventually
from tests.system.service.wire import Stream, watching
from tests.system.service.world import Pushed, World, failure, next_receipt, success


def address(world: World, payment: Pushed | str, service: ServiceProgram | None = None) -> str:
    """Where the payment's events are."""
    transaction_id = payment if isinstance(payment, str) else payment.id
    return f"{(service or world.service).url}/api/v1/payments/mpesa/status/{transaction_id}/events"


def read(world: World, path: str, secret: str, method: str = "GET", body: Any = None) -> Answer:
    """A call with a client secret in place of a token."""
    return call(method, f"{world.service.url}/api/v1{path}", body, {"Authorization": f"Bearer {secret}"})


def told(stream: Stream, *statuses: str) -> bool:
    """Whether these statuses come, in this order, and no others before them."""
    eventually(lambda: len(stream.statuses) >= len(statuses), f"{statuses}, of which came {stream.statuses}", 10)
    return stream.statuses == list(statuses)


def test_a_stream_tells_each_change_and_ends(world: World) -> None:
    """The page that waits is told the status as it is, then the completion with its receipt, then the end."""
    payment = world.push()
    with watching(address(world, payment), payment.client_secret) as stream:
        assert stream.status == 200
        assert told(stream, "pending")
        world.simulator.answer(payment.phone, "pay")
        assert told(stream, "pending", "completed", "end")
        eventually(lambda: stream.is_over, "the stream is closed", 5)
    first, last, _ = stream.events
    assert first.data["transaction"]["version"] == int(first.id) == 2
    assert int(last.id) > int(first.id)
    assert last.data == {"success": True, "transaction": world.service.status(payment.id)}


def test_a_change_is_told_at_once(world: World) -> None:
    """From the callback to the event it takes no longer than a person notices."""
    payment = world.push()
    with watching(address(world, payment), payment.client_secret) as stream:
        assert told(stream, "pending")
        began = time.monotonic()
        world.tell(payment, success(payment.checkout, payment.amount, next_receipt()))
        assert told(stream, "pending", "completed", "end")
        assert stream.events[1].at - began < 1


def test_a_failure_ends_the_stream_when_another_prompt_is_allowed(world: World) -> None:
    """A failure that a callback proved frees the booking at once, so it is told and the stream ends."""
    payment = world.push()
    with watching(address(world, payment), payment.client_secret) as stream:
        assert told(stream, "pending")
        world.simulator.answer(payment.phone, "cancel")
        assert told(stream, "pending", "failed", "end")
    told_failure = stream.events[1].data["transaction"]["failure"]
    assert (told_failure["code"], told_failure["retryable"]) == ("1032", True)


def test_a_failure_that_may_yet_turn_is_watched_on(world: World) -> None:
    """A failure known from questions alone keeps the stream open, and the success that follows is told on it."""
    phone = world.new_phone()
    world.simulator.fault("query_false_failure", msisdn=phone)
    payment = world.push(phone)
    with watching(address(world, payment), payment.client_secret) as stream:
        world.age(15, payment.id)
        eventually(lambda: world.answers(payment.id) == 1, "the first answer")
        world.age(11, payment.id)
        assert told(stream, "pending", "failed")
        assert stream.events[1].data["transaction"]["failure"]["retryable"] is False
        assert not stream.is_over
        world.simulator.answer(phone, "pay")
        assert told(stream, "pending", "failed", "completed", "end")


def test_a_receipt_that_comes_later_is_a_change(world: World) -> None:
    """Who comes back after the completion is told the receipt that came after it."""
    phone = world.new_phone()
    world.simulator.fault("callback_lost", msisdn=phone, count=1)
    payment = world.push(phone)
    world.simulator.answer(phone, "pay")
    world.age(15, payment.id)
    seen = world.service.until(payment.id, "completed")
    assert seen["mpesaReceiptNumber"] is None
    (charge,) = world.simulator.charges(payment.checkout)
    world.tell(payment, success(payment.checkout, payment.amount, charge["receipt"]))
    with watching(address(world, payment), payment.client_secret, str(seen["version"])) as stream:
        assert told(stream, "completed", "end")
    assert stream.events[0].data["transaction"]["mpesaReceiptNumber"] == charge["receipt"]


def test_a_push_in_flight_is_watched_from_the_beginning(world: World) -> None:
    """While Daraja has not answered the stream says initiated, then pending with the next version."""
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=1.5)
    caller = threading.Thread(target=world.service.push, args=(booking, phone))
    caller.start()
    path = f"/payments/mpesa/history?bookingId={booking['id']}"
    listed = eventually(lambda: world.service.call("GET", path).body["transactions"], "the payment is there")
    with watching(address(world, listed[0]["id"]), world.service.token()) as stream:
        assert told(stream, "initiated", "pending")
        assert [each.id for each in stream.events] == ["1", "2"]
        caller.join()
        world.simulator.answer(phone, "pay")
        assert told(stream, "initiated", "pending", "completed", "end")


def test_who_has_seen_the_end_is_sent_away(world: World) -> None:
    """Coming back with the last event's id is answered 204, which tells a browser to stay away."""
    payment = world.push(world.new_phone("pay"))
    version = world.service.until(payment.id, "completed")["version"]
    with watching(address(world, payment), payment.client_secret, str(version)) as stream:
        assert stream.status == 204
        eventually(lambda: stream.is_over, "nothing comes", 5)
    assert stream.events == []


@pytest.mark.parametrize("seen", ["1", "2", "", "nonsense", "-1", "99999999999999"])
def test_who_missed_the_end_is_told_it(world: World, seen: str) -> None:
    """Coming back with an earlier id, or with one that is none, is answered with the last status and the end."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    with watching(address(world, payment), payment.client_secret, seen) as stream:
        assert told(stream, "completed", "end")


def test_who_has_seen_the_present_is_told_only_what_is_new(world: World) -> None:
    """Coming back with the present id is told nothing before the next change."""
    payment = world.push()
    with watching(address(world, payment), payment.client_secret, "2") as stream:
        with watching(address(world, payment), payment.client_secret) as newcomer:
            # Whatever looks at the payment for the newcomer looks for every page that watches it.
            assert told(newcomer, "pending")
        assert stream.events == []
        world.simulator.answer(payment.phone, "pay")
        assert told(stream, "completed", "end")


def test_twenty_pages_see_the_same(world: World) -> None:
    """Every page that watches one payment is told the same events."""
    payment = world.push()
    with contextlib.ExitStack() as stack:
        pages = [watching(address(world, payment), payment.client_secret) for _ in range(20)]
        streams = [stack.enter_context(page) for page in pages]
        for stream in streams:
            assert told(stream, "pending")
        world.simulator.answer(payment.phone, "pay")
        for stream in streams:
            assert told(stream, "pending", "completed", "end")


def test_a_page_hears_what_another_process_settles(start_world: StartWorld) -> None:
    """A page that watches one process is told what another process of the same database has settled."""
    world = start_world()
    port = free_port()
    other = ServiceProgram(
        ["serve", "--port", str(port), "--no-background"],
        world.service.environment,
        world.service.log_file.with_name("other.log"),
        f"http://127.0.0.1:{port}",
    )
    try:
        other.start()
        payment = world.push()
        with watching(address(world, payment, other), payment.client_secret) as stream:
            assert told(stream, "pending")
            world.simulator.answer(payment.phone, "pay")
            assert told(stream, "pending", "completed", "end")
    finally:
        other.close()


def test_a_client_secret_reads_its_own_payment(world: World) -> None:
    """The secret of the push's answer reads that payment's status, as its customer's token does."""
    payment = world.push(world.new_phone("pay"))
    completed = world.service.until(payment.id, "completed")
    answer = read(world, f"/payments/mpesa/status/{payment.id}", payment.client_secret)
    assert (answer.status, answer.body["transaction"]) == (200, completed)
    assert answer.headers["cache-control"] == "no-store"


def test_a_client_secret_opens_nothing_else(world: World) -> None:
    """No other payment, no history, no booking and no push: everything else is 401."""
    payment, other = world.push(world.new_phone("pay")), world.push(world.new_phone("pay"))
    push = {"phoneNumber": payment.phone, "bookingId": payment.booking_id, "amount": payment.amount}
    for method, path, body in (
        ("GET", f"/payments/mpesa/status/{other.id}", None),
        ("GET", f"/payments/mpesa/status/{other.id}/events", None),
        ("GET", "/payments/mpesa/status/pay_nowhere", None),
        ("GET", "/payments/mpesa/history", None),
        ("GET", f"/bookings/{payment.booking_id}", None),
        ("POST", "/bookings", {"service": "Plumbing"}),
        ("POST", "/payments/mpesa/stkpush", push),
    ):
        answer = read(world, path, payment.client_secret, method, body)
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated"), path


@pytest.mark.parametrize("change", ["pcs_", "pcs_" + "0" * 48, "{}0", "x{}", "pcs_\u00e9"])
def test_a_changed_client_secret_opens_nothing(world: World, change: str) -> None:
    """A secret that is cut, guessed or lengthened is 401."""
    payment = world.push(world.new_phone("pay"))
    answer = read(world, f"/payments/mpesa/status/{payment.id}", change.format(payment.client_secret))
    assert (answer.status, answer.body["code"]) == (401, "unauthenticated")


def test_a_client_secret_lasts_a_day(world: World) -> None:
    """Twenty-four hours after the push its secret reads nothing any more."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    world.age(24 * 3600 - 60, payment.id)
    assert read(world, f"/payments/mpesa/status/{payment.id}", payment.client_secret).status == 200
    world.age(61, payment.id)
    assert read(world, f"/payments/mpesa/status/{payment.id}", payment.client_secret).status == 401


def test_a_client_secret_in_the_address_is_not_looked_at(world: World) -> None:
    """Secrets travel in the header alone: in the query they open nothing."""
    payment = world.push(world.new_phone("pay"))
    url = f"{world.service.url}/api/v1/payments/mpesa/status/{payment.id}?access_token={payment.client_secret}"
    assert call("GET", url).status == 401


def test_an_event_stream_is_for_those_who_may_read(world: World) -> None:
    """Without a token the stream is 401; failures of it are the same problems as everywhere."""
    payment = world.push(world.new_phone("pay"))
    assert call("GET", address(world, payment)).status == 401
    foreign = {"Authorization": f"Bearer {world.service.token('juma')}"}
    assert call("GET", address(world, payment), headers=foreign).status == 404


def test_one_secret_and_one_customer_have_only_so_many_streams(start_world: StartWorld) -> None:
    """One more is refused with 429, others are not, and a page that leaves makes place."""
    world = start_world(POKEA_STREAMS_PER_SECRET="2", POKEA_STREAMS_PER_SUBJECT="3")
    payment = world.push()
    for bearer, most in ((payment.client_secret, 2), (world.service.token(), 3)):
        with contextlib.ExitStack() as stack:
            pages = [stack.enter_context(watching(address(world, payment), bearer)) for _ in range(most)]
            assert all(told(page, "pending") for page in pages)
            refused = call("GET", address(world, payment), headers={"Authorization": f"Bearer {bearer}"})
            assert (refused.status, refused.body["code"]) == (429, "too_many_requests")
            assert refused.headers["retry-after"]
            with watching(address(world, payment), world.service.token("ops", "admin")) as other:
                assert told(other, "pending")

        def watches_again(bearer: str = bearer) -> bool:
            with watching(address(world, payment), bearer) as page:
                return page.status == 200

        eventually(watches_again, "there is place again")


def test_a_stream_ends_with_its_token(start_world: StartWorld) -> None:
    """What a token opened ends when the token does, without saying `end`."""
    world = start_world()
    payment = world.push()
    expiring = issue_token(Secret(JWT_SECRET), "amina", ["payments:read"], SystemClock().now(), 4)
    with watching(address(world, payment), expiring) as page:
        eventually(lambda: page.is_over, "the stream is over", 10)
        assert page.statuses == ["pending"]


def test_the_body_never_shows_a_whole_phone_number(world: World) -> None:
    """Status, events and history show the phone masked, in a failure as well."""
    payment = world.push()
    world.tell(payment, failure(payment.checkout, 2001))
    world.service.until(payment.id, "failed")
    history = world.service.call("GET", f"/payments/mpesa/history?bookingId={payment.booking_id}")
    for body in (world.service.status(payment.id), history.body):
        assert payment.phone not in str(body)
        assert f"{payment.phone[:5]}****{payment.phone[-3:]}" in str(body)
