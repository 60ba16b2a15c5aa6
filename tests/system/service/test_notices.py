"""Two processes on one PostgreSQL: a page that watches one of them hears at once what the other settles."""

import contextlib
import shutil
import time
from collections.abc import Iterator

import pytest

from tests.ports import free_port
from tests.postgres import PostgresServer, new_server, owned_folder
from tests.system.service.running import ServiceProgram, SimulatorProgram, eventually, new_service
from tests.system.service.wire import Stream, watching
from tests.system.service.world import Pushed, World, next_receipt, success

_LISTENERS = "select pid from pg_stat_activity where query = 'listen pokea_payments'"
_ROUNDS = 5


class Pair:
    """A world whose database server is its own, and a second process beside its service."""

    def __init__(self, world: World, other: ServiceProgram, server: PostgresServer) -> None:
        self.world = world
        self.other = other
        self.server = server

    @contextlib.contextmanager
    def watching(self, payment: Pushed) -> Iterator[Stream]:
        """A page that watches the second process, and has been told the present."""
        url = f"{self.other.url}/api/v1/payments/mpesa/status/{payment.id}/events"
        with watching(url, payment.client_secret) as stream:
            eventually(lambda: stream.statuses == ["pending"], "the present status")
            yield stream

    def listeners(self) -> list[int]:
        """The backends that listen."""
        return [pid for (pid,) in self.server.execute(_LISTENERS)]

    def seconds_to_hear(self, payment: Pushed, stream: Stream) -> float:
        """From the callback's answer by the first process to the event of the second."""
        body = success(payment.checkout, payment.amount, next_receipt())
        assert self.world.tell(payment, body).status == 200
        answered = time.monotonic()
        eventually(lambda: stream.statuses == ["pending", "completed", "end"], "the completion")
        return stream.events[1].at - answered


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, shared_simulator: SimulatorProgram) -> Iterator[Pair]:
    """Both processes, on a server that may be restarted."""
    place, folder = owned_folder(), tmp_path_factory.mktemp("pair")
    server = new_server(place)
    url = server.create_database("pair")
    service = new_service(folder, url, shared_simulator.url)
    port = free_port()
    arguments = ["serve", "--port", str(port), "--no-background"]
    other = ServiceProgram(arguments, service.environment, folder / "other.log", f"http://127.0.0.1:{port}")
    try:
        service.start()
        yield Pair(World(service, shared_simulator, url), other.start(), server)
    finally:
        service.close()
        other.close()
        server.stop()
        shutil.rmtree(place)


def test_what_another_process_settles_is_heard_at_once(pair: Pair) -> None:
    """A page hears of it by a notice, within a tenth of a second, and not by the look that comes once a second."""
    waits = []
    for _ in range(_ROUNDS):
        payment = pair.world.push()
        with pair.watching(payment) as stream:
            eventually(pair.listeners, "the second process listens")
            waits.append(pair.seconds_to_hear(payment, stream))
    # The quickest, because the machine may be busy: looks alone would come within a tenth in one of ten rounds.
    assert sorted(waits)[1] < 0.1, waits


def test_a_lost_listener_comes_back(pair: Pair) -> None:
    """When its connection is cut the process listens anew, and what was settled in between is told."""
    payment = pair.world.push()
    with pair.watching(payment) as stream:
        before = eventually(pair.listeners, "the second process listens")
        for pid in before:
            pair.server.execute(f"select pg_terminate_backend({pid})")
        assert pair.seconds_to_hear(payment, stream) < 5
    after = eventually(pair.listeners, "it listens again")
    assert not set(before) & set(after)


def test_pages_survive_a_restart_of_the_database(pair: Pair) -> None:
    """A page that was open while the database restarted is told what is settled afterwards."""
    payment = pair.world.push()
    with pair.watching(payment) as stream:
        pair.server.restart()
        pair.seconds_to_hear(payment, stream)
        assert stream.statuses == ["pending", "completed", "end"]


def test_nobody_listens_before_somebody_watches(pair: Pair) -> None:
    """The process at which no page ever watched has no connection that listens."""
    payment = pair.world.push()
    with pair.watching(payment):
        eventually(lambda: len(pair.listeners()) == 1, "one process listens")
    pair.world.finish(payment)
