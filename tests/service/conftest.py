"""Running services and a running simulator, shared as far as tests allow, because each takes seconds to start.

Tests keep apart by phones and bookings of their own. `world` is a service that is left alone; `mortal_world` one that
may be stopped and killed; `start_world` starts one with settings of its own. All of them talk to one simulator, unless
a test wants one with other switches.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import pytest

from tests.postgres import PostgresServer
from tests.service.leaks import leaks
from tests.service.running import Program, SimulatorProgram, new_service, new_simulator
from tests.service.world import World, used_phones

StartWorld: TypeAlias = Callable[..., World]
Say: TypeAlias = Callable[[str], None]
P = TypeVar("P", bound=Program)
_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Prints a figure at the end of the session."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda figure: figures.append(f"{request.node.name}: {figure}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints what was measured."""
    for figure in config.stash.get(_FIGURES, []):
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that touches a database runs on both kinds, first all on one, then all on the other."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database of this kind."""
    url: str = request.getfixturevalue("sqlite_url" if database_kind == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProgram]:
    """A simulator for everybody."""
    simulator = new_simulator(tmp_path_factory.mktemp("simulator"))
    with _running(simulator):
        yield simulator.start()
        assert simulator.stop() == 0


@pytest.fixture(scope="session")
def shared_world(
    database_kind: str,
    shared_simulator: SimulatorProgram,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A service that nobody stops before the end."""
    folder = tmp_path_factory.mktemp(f"shared-{database_kind}")
    url = _database(request, database_kind, folder)
    service = new_service(folder, url, shared_simulator.url)
    with _running(service):
        yield World(service.start(), shared_simulator, url)
        assert service.stop() == 0


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared service and simulator, without the faults of other tests."""
    yield shared_world
    shared_world.simulator.api("DELETE", "/faults")


@pytest.fixture(scope="session")
def shared_mortal_world(
    database_kind: str,
    shared_simulator: SimulatorProgram,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A service that may be ended in any way, on a database of its own."""
    folder = tmp_path_factory.mktemp(f"mortal-{database_kind}")
    url = _database(request, database_kind, folder)
    service = new_service(folder, url, shared_simulator.url)
    with _running(service):
        yield World(service, shared_simulator, url)


@pytest.fixture
def mortal_world(shared_mortal_world: World) -> Iterator[World]:
    """The service that may be ended, running, without the faults of other tests."""
    if not shared_mortal_world.service.is_running:
        shared_mortal_world.service.start()
    yield shared_mortal_world
    shared_mortal_world.simulator.api("DELETE", "/faults")


@pytest.fixture
def start_world(tmp_path: Path, database_url: str, shared_simulator: SimulatorProgram) -> Iterator[StartWorld]:
    """Starts a service with options and settings of its own, beside a simulator of its own if that has `switches`."""
    with contextlib.ExitStack() as stack:

        def start(*options: str, switches: Sequence[str] = (), **settings: str) -> World:
            simulator = shared_simulator
            if switches:
                simulator = stack.enter_context(_running(new_simulator(tmp_path, *switches))).launch()
            service = new_service(tmp_path, database_url, simulator.url, *options, **settings)
            stack.enter_context(_running(service)).launch()
            return World(service.ready(), simulator.ready(), database_url)

        yield start
    shared_simulator.api("DELETE", "/faults")


@contextlib.contextmanager
def _running(program: P) -> Iterator[P]:
    """Ends the program at the end in any case, and looks through what it has logged."""
    try:
        yield program
    finally:
        program.close()
    assert leaks(program.log, used_phones()) == []


def _database(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder / 'pokea.sqlite3')}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = folder.name.replace("-", "_")
    return server.create_database(name, request.getfixturevalue("postgres_template"))
