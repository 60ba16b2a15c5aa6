"""Being asked to end: what is in flight is finished, what is settled stays, and the exit code says how it went."""

import contextlib
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.system.service.conftest import StartWorld
from tests.system.service.running import ServiceProgram, eventually
from tests.system.service.wire import watching
from tests.system.service.world import World, failure

CROWD = 30


def test_a_push_in_flight_is_answered_before_the_end(mortal_world: World) -> None:
    """The caller of a push that is at Daraja still gets the answer with its id, and it is kept for the next start."""
    world = mortal_world
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=2)
    before = world.simulator.pushes()
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(world.service.push, booking, phone)
        eventually(lambda: world.simulator.pushes() > before, "the push is at Daraja")
        assert world.service.stop(signal.SIGTERM) == 0
        answer = calling.result()
    assert answer.status == 201
    payment = world.pushed(answer, booking, phone)
    assert payment.checkout
    assert world.row(payment.id).request_id == payment.checkout
    world.service.start()
    world.simulator.answer(phone, "pay")
    world.service.until(payment.id, "completed")
    assert world.is_held(booking["id"])


def test_a_push_in_flight_outlives_a_hang_up(mortal_world: World) -> None:
    """SIGHUP asks a daemon for its new settings: the service says that it has none, and goes on."""
    world = mortal_world
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=2)
    before = world.simulator.pushes()
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(world.service.push, booking, phone)
        eventually(lambda: world.simulator.pushes() > before, "the push is at Daraja")
        assert world.service.process is not None
        world.service.process.send_signal(signal.SIGHUP)
        assert world.pushed(calling.result(), booking, phone).checkout
    assert world.service.is_running
    assert "SIGHUP changes nothing" in world.service.log


def test_callbacks_in_flight_are_settled_before_the_end(mortal_world: World) -> None:
    """Of a crowd of callbacks each one that was acknowledged is settled when the service is gone; the rest is asked."""
    world = mortal_world
    crowd = [world.push() for _ in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as pool:
        paying = [pool.submit(world.simulator.answer, payment.phone, "pay") for payment in crowd]
        eventually(
            lambda: any(each["status"] for each in world.simulator.journal()["callbacks"]), "one is acknowledged"
        )
        assert world.service.stop() == 0
        for future in paying:
            future.result()
    heard = world.heard(crowd)
    assert heard
    assert {world.row(payment.id).status for payment in heard} == {"completed"}
    world.service.start()
    world.age(15, *(payment.id for payment in crowd))
    for payment in crowd:
        world.service.until(payment.id, "completed")
        assert world.is_held(payment.booking_id)
    assert world.books_balance()


def test_a_page_that_watches_is_let_go(mortal_world: World) -> None:
    """An open stream does not hold up Ctrl-C; it closes without saying `end`, so that the page comes back."""
    world = mortal_world
    payment = world.push()
    path = f"/api/v1/payments/mpesa/status/{payment.id}/events"
    with watching(world.service.url + path, payment.client_secret) as stream:
        eventually(lambda: stream.statuses == ["pending"], "the page watches")
        began = time.monotonic()
        assert world.service.stop(signal.SIGINT) == 130
        assert time.monotonic() - began < 10
        eventually(lambda: stream.is_over, "the stream is closed")
        assert stream.statuses == ["pending"]
    world.service.start()
    with watching(world.service.url + path, payment.client_secret, "2") as stream:
        world.simulator.answer(payment.phone, "pay")
        eventually(lambda: stream.statuses == ["completed", "end"], "the page is told the rest")


def test_a_simulator_with_held_answers_ends(start_world: StartWorld) -> None:
    """Ctrl-C ends the simulator though a push waits for its answer, and the caller is answered."""
    world = start_world(switches=["--seed", "7"])
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=60, when="after")
    with ThreadPoolExecutor() as pool:
        calling = pool.submit(world.service.push, booking, phone)
        eventually(world.simulator.pushes, "the push is at Daraja")
        began = time.monotonic()
        assert world.simulator.stop(signal.SIGINT) == 130
        assert time.monotonic() - began < 10
        answer = calling.result()
    assert answer.status == 201


def test_background_work_may_run_alone(start_world: StartWorld) -> None:
    """`pokea work` asks about the quiet payments of a service that only serves, and ends cleanly."""
    world = start_world("--no-background")
    worker = ServiceProgram(["work"], world.service.environment, world.service.log_file.with_name("work.log"), "")
    try:
        phone = world.new_phone("pay")
        world.simulator.fault("callback_lost", msisdn=phone)
        payment = world.push(phone)
        eventually(lambda: world.simulator.charges(payment.checkout), "the phone pays")
        world.age(15, payment.id)
        world.post_callback(failure(payment.checkout, 1032))
        # Where something asks, the claim makes it ask at once: long before another payment is pushed and paid.
        world.service.until(world.push(world.new_phone("pay")).id, "completed")
        assert world.service.status(payment.id)["status"] == "pending"
        assert world.row(payment.id).inquiries == 0
        worker.start()
        world.service.until(payment.id, "completed")
        assert worker.stop() == 0
        assert "Pokea is at work" in worker.log
    finally:
        worker.close()


def test_several_processes_share_the_work(start_world: StartWorld) -> None:
    """Workers that share the port share the payments: each of a crowd completes once, and all end together."""
    world = start_world("--workers", "2")
    phones = [world.new_phone("pay") for _ in range(CROWD)]
    before = world.simulator.pushes()
    with ThreadPoolExecutor(10) as pool:
        crowd = list(pool.map(world.push, phones))
    for payment in crowd:
        world.service.until(payment.id, "completed")
        assert world.is_held(payment.booking_id)
        assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}
    assert world.simulator.pushes() == before + CROWD
    assert world.service.stop() == 0


def test_pages_that_watch_several_processes_are_let_go(start_world: StartWorld) -> None:
    """Open streams hold up the end of no worker, and close without saying `end`."""
    world = start_world("--workers", "2")
    payments = [world.push() for _ in range(6)]
    with contextlib.ExitStack() as stack:
        streams = []
        for payment in payments:
            url = f"{world.service.url}/api/v1/payments/mpesa/status/{payment.id}/events"
            streams.append(stack.enter_context(watching(url, payment.client_secret)))
        eventually(lambda: all(stream.statuses == ["pending"] for stream in streams), "all pages watch")
        began = time.monotonic()
        assert world.service.stop() == 0
        assert time.monotonic() - began < 20
        assert all(stream.statuses == ["pending"] for stream in streams)
    assert "Exception in ASGI application" not in world.service.log


def test_workers_end_with_the_process_that_began_them(start_world: StartWorld) -> None:
    """When `serve` is killed its workers let the port go, so that the next `serve` gets it."""
    world = start_world("--workers", "2")
    world.service.kill()
    eventually(lambda: nobody_listens(world.service), "the port is free", 20)
    world.service.start()
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")


def nobody_listens(service: ServiceProgram) -> bool:
    """Whether the service's port is free."""
    address = urlsplit(service.url)
    try:
        socket.create_connection((address.hostname, address.port), 1).close()
    except ConnectionRefusedError:
        return True
    return False
