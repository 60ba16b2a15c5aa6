"""Running services and simulators: one pair of each database for most tests, and pairs of their own for the others.

A pair costs seconds to start, so the tests share one and keep apart by phones and bookings of their own; a test that
kills its service, or wants other settings, starts its own.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.postgres import PostgresServer
from tests.service.leaks import leaks
from tests.service.running import Program, new_service, new_simulator
from tests.service.world import World, used_phones

StartWorld: TypeAlias = Callable[..., World]
_SHARED = "shared_service"


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service and a simulator for all tests of one database; what they logged is looked through at the end."""
    folder = tmp_path_factory.mktemp(request.param)
    url = _database(request, folder)
    simulator = new_simulator(folder).start()
    service = new_service(folder, url, simulator.url)
    try:
        yield World(service.start(), simulator, url)
        assert service.stop() == 0
    finally:
        service.close()
        simulator.close()
    assert leaks(service.log + simulator.log, used_phones()) == []
    if request.param == "postgresql":
        request.getfixturevalue("postgres_server").drop_database(_SHARED)


def _database(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'pokea.sqlite3')}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database(_SHARED, request.getfixturevalue("postgres_template"))


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared pair, without the faults of other tests."""
    yield shared_world
    shared_world.simulator.api("DELETE", "/faults")


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Every process of the test, ended when it is over; what they logged is looked through."""
    started: list[Program] = []
    yield started
    for program in reversed(started):
        program.close()
    assert [leak for program in started for leak in leaks(program.log, used_phones())] == []


@pytest.fixture
def start_world(tmp_path: Path, database_url: str, programs: list[Program]) -> StartWorld:
    """Starts a pair of the test's own: a service with options and settings beside a simulator with `switches`."""

    def start(*options: str, switches: Sequence[str] = (), **settings: str) -> World:
        simulator = new_simulator(tmp_path, *switches)
        service = new_service(tmp_path, database_url, simulator.url, *options, **settings)
        programs.extend((simulator, service))
        return World(service.start(), simulator.start(), database_url)

    return start


@pytest.fixture
def own_world(start_world: StartWorld) -> World:
    """A pair of the test's own, to be killed or filled."""
    return start_world()
