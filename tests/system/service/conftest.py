"""Running services and a running simulator, shared as far as tests allow, because each takes seconds to start.

Tests keep apart by phones and bookings of their own. `world` is a service that is left alone; `mortal_world` one that
may be stopped and killed; `start_world` starts one with settings of its own. All of them talk to one simulator, unless
a test wants one with other switches.
"""

import contextlib
import functools
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.postgres import PostgresServer
from tests.system.service.leaks import kept_running
from tests.system.service.running import SimulatorProgram, new_service, new_simulator
from tests.system.service.treasury import Treasury, new_treasury
from tests.system.service.world import World

StartWorld: TypeAlias = Callable[..., World]
NewServiceOn: TypeAlias = Callable[[str, str], World]
StandingWorlds: TypeAlias = Callable[[str], World]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test that touches a database runs on both kinds, first all of a file on one, then all on the other."""
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
    with kept_running(simulator):
        yield simulator.start()
        assert simulator.stop() == 0


@pytest.fixture(scope="session")
def new_service_on(
    shared_simulator: SimulatorProgram,
    sqlite_template: Path,
    postgres_server: PostgresServer,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[NewServiceOn]:
    """Makes a service that lasts, on a fresh database of a kind."""
    with contextlib.ExitStack() as stack:

        def new(kind: str, name: str) -> World:
            folder = tmp_path_factory.mktemp(f"{name}-{kind}")
            if kind == "sqlite":
                url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'pokea.sqlite3')}"
            else:
                url = postgres_server.create_database(folder.name.replace("-", "_"), postgres_template)
            service = stack.enter_context(kept_running(new_service(folder, url, shared_simulator.url)))
            return World(service, shared_simulator, url)

        yield new


@pytest.fixture(scope="module")
def treasury(
    database_kind: str,
    sqlite_template: Path,
    postgres_server: PostgresServer,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Treasury]:
    """A service that pays out, and a simulator of its own, for all tests of a file on one kind of database."""
    folder = tmp_path_factory.mktemp(f"out-{database_kind}")
    if database_kind == "sqlite":
        url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'pokea.sqlite3')}"
    else:
        url = postgres_server.create_database(folder.name.replace("-", "_"), postgres_template)
    with new_treasury(folder, url) as standing:
        yield standing


@pytest.fixture(scope="session")
def immortals(new_service_on: NewServiceOn) -> Iterator[StandingWorlds]:
    """The services that nobody stops before the end, one for each kind of database, each begun when it is wanted."""
    begun: dict[str, World] = {}

    def standing(kind: str) -> World:
        if kind not in begun:
            begun[kind] = new_service_on(kind, "shared")
            begun[kind].service.start()
        return begun[kind]

    yield standing
    for world in begun.values():
        assert world.service.stop() == 0


@pytest.fixture(scope="session")
def mortals(new_service_on: NewServiceOn) -> StandingWorlds:
    """The services that may be ended in any way, one for each kind of database."""
    return functools.cache(lambda kind: new_service_on(kind, "mortal"))


@pytest.fixture
def world(database_kind: str, immortals: StandingWorlds) -> Iterator[World]:
    """The shared service and simulator, without the faults of other tests."""
    shared = immortals(database_kind)
    yield shared
    shared.simulator.api("DELETE", "/faults")


@pytest.fixture(scope="module")
def shared_mortal_world(database_kind: str, mortals: StandingWorlds) -> World:
    """The service that may be ended, running or not."""
    return mortals(database_kind)


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

        def start(*options: str, switches: Sequence[str] = (), most_files: int = 0, **settings: str) -> World:
            simulator = shared_simulator
            if switches:
                simulator = stack.enter_context(kept_running(new_simulator(tmp_path, *switches))).launch()
            service = new_service(tmp_path, database_url, simulator.url, *options, **settings)
            service.most_files = most_files
            stack.enter_context(kept_running(service)).launch()
            return World(service.ready(), simulator.ready(), database_url)

        yield start
    shared_simulator.api("DELETE", "/faults")
