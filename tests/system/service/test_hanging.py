"""The whole service while its database stands still: everybody is answered in time, nothing is sent, and it can end."""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest

from tests.postgres import PostgresServer
from tests.storage.test_hanging import standing_still
from tests.system.service.conftest import StartWorld
from tests.system.service.running import Answer, call, eventually
from tests.system.service.world import World, callback_name, success

ANSWERED_WITHIN_SECONDS = 10.0
ENDED_WITHIN_SECONDS = 30.0
SLACK_SECONDS = 3.0
"""What a busy machine may add to the answer, which is no wait for the database."""
UNAVAILABLE = 503
_CUT = b"""select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()"""


@contextmanager
def hanging(world: World, request: pytest.FixtureRequest) -> Iterator[None]:
    """PostgreSQL stands still; an SQLite file is being written to by another process."""
    if world.database_url.startswith("sqlite:"):
        file = world.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("begin immediate")
            yield
            other.execute("rollback")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with standing_still(server, world.database_url):
        yield


def timed(ask: Callable[[], Answer]) -> tuple[int, float]:
    began = time.monotonic()
    return ask().status, time.monotonic() - began


def test_everybody_is_answered_in_time_and_the_service_can_end(
    start_world: StartWorld, request: pytest.FixtureRequest
) -> None:
    """While the database stands still, every write is answered 503 within 10 s, /readyz is 503, no prompt is sent, and
    SIGTERM ends the service within 30 s; started again, it sends nothing late and takes the next push."""
    world = start_world()
    service = world.service
    paying, booking, phone = world.push(), service.book(), world.new_phone()
    body = success(paying.checkout, paying.amount, "UKHANG0001")
    wanted = {"service": "Plumbing", "customerId": "amina"}
    asks: list[Callable[[], Answer]] = [
        lambda: world.post_callback(body, callback_name(paying.id)),
        lambda: service.push(booking, phone),
        lambda: service.call("POST", "/bookings", wanted, scope="admin"),
        lambda: call("GET", f"{service.url}/readyz"),
    ]
    if not world.database_url.startswith("sqlite:"):
        # SQLite is read while another process writes.
        asks += [
            lambda: service.call("GET", f"/payments/mpesa/status/{paying.id}"),
            lambda: service.call("GET", "/payments/mpesa/history"),
            lambda: service.call("GET", "/books", scope="admin"),
        ]
    before = world.simulator.pushes()
    with hanging(world, request):
        with ThreadPoolExecutor(len(asks)) as pool:
            found = list(pool.map(timed, asks))
        for status, seconds in found:
            assert status == UNAVAILABLE
            assert seconds < ANSWERED_WITHIN_SECONDS + SLACK_SECONDS
        began = time.monotonic()
        assert service.stop(signal.SIGTERM, ENDED_WITHIN_SECONDS) == 0
        assert time.monotonic() - began < ENDED_WITHIN_SECONDS
    service.start()
    assert world.simulator.pushes() == before
    assert service.push(booking, phone).status == 201


def test_a_database_that_takes_nothing_is_not_ready(start_world: StartWorld) -> None:
    """While nothing may be written, /readyz is 503 though reads work, and the log has the database's own words."""
    world = start_world()
    url = f"{world.service.url}/readyz"
    assert call("GET", url).status == 200
    with closing_writes(world):
        eventually(lambda: call("GET", url).status == UNAVAILABLE, "it is not ready")
        assert call("GET", f"{world.service.url}/healthz").status == 200
        eventually(lambda: "locked" in world.service.log or "read-only" in world.service.log, "the log says why")
    eventually(lambda: call("GET", url).status == 200, "it is ready again")


@contextmanager
def closing_writes(world: World) -> Iterator[None]:
    """PostgreSQL is read only, as after a failover; an SQLite file is locked."""
    if world.database_url.startswith("sqlite:"):
        with closing(sqlite3.connect(world.database_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("begin immediate")
            yield
            other.execute("rollback")
        return
    with psycopg.connect(world.database_url, autocommit=True) as operator:
        operator.execute("set default_transaction_read_only = off")
        (name,) = operator.execute("select current_database()").fetchone() or ("",)
        for value in ("on", "off"):
            operator.execute(f'alter database "{name}" set default_transaction_read_only = {value}'.encode())
            operator.execute(_CUT)
            if value == "on":
                yield
