"""Running services and simulators: one pair of each database for most tests, and pairs of their own for the others.

A pair costs seconds to start, so the tests share one and keep apart by phones and bookings of their own; a test that
kills its service, or wants other settings, starts its own.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.postgres import PostgresServer
from tests.service.leaks import leaks
from tests.service.running import Program, ServiceProgram, SimulatorProgram, new_service, new_simulator
from tests.service.world import World, used_phones

StartService: TypeAlias = Callable[..., ServiceProgram]
StartSimulator: TypeAlias = Callable[..., SimulatorProgram]
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
    """Every process of the test, ended when it is over."""
    started: list[Program] = []
    yield started
    for program in reversed(started):
        program.close()


@pytest.fixture
def start_simulator(tmp_path: Path, programs: list[Program]) -> StartSimulator:
    """Starts a simulator with options."""

    def start(*options: str) -> SimulatorProgram:
        simulator = new_simulator(tmp_path, *options)
        programs.append(simulator)
        simulator.start()
        return simulator

    return start


@pytest.fixture
def simulator(start_simulator: StartSimulator) -> SimulatorProgram:
    """A running simulator."""
    return start_simulator()


@pytest.fixture
def start_service(
    tmp_path: Path, database_url: str, simulator: SimulatorProgram, programs: list[Program]
) -> StartService:
    """Starts a service on the test's database with options and settings."""

    def start(*options: str, **settings: str) -> ServiceProgram:
        service = new_service(tmp_path, database_url, simulator.url, *options, **settings)
        programs.append(service)
        service.start()
        return service

    return start


@pytest.fixture
def service(start_service: StartService) -> ServiceProgram:
    """A running service beside the running simulator."""
    return start_service()


@pytest.fixture
def start_world(start_service: StartService, simulator: SimulatorProgram, database_url: str) -> StartWorld:
    """Starts a service of the test's own beside a simulator of its own, with options and settings."""
    return lambda *options, **settings: World(start_service(*options, **settings), simulator, database_url)


@pytest.fixture
def own_world(start_world: StartWorld) -> World:
    """A pair of the test's own, to be killed or filled."""
    return start_world()
