"""What a benchmark acts on: real databases, services and simulators, each a process of its own, ended with the run."""

import itertools
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from bench.servers import Cost, cost_of
from pokea.storage.migrate import migrate
from pokea.testing.programs import PythonLauncher
from tests.postgres import PostgresServer, new_server, owned_folder
from tests.system.service.running import Program, ServiceProgram, SimulatorProgram, new_service, new_simulator

if TYPE_CHECKING:
    from bench.sides import Side

T = TypeVar("T")
Kind = Literal["postgresql", "sqlite"]
KINDS: tuple[Kind, ...] = ("postgresql", "sqlite")
_STOP_SECONDS = 60
NOWHERE = "http://127.0.0.1:9"
"""Where no Daraja answers, for loads that ask it nothing."""


class Plan(NamedTuple):
    """What was asked for: sizes that only show that it works, the earlier releases to measure beside, and the measures
    of the goals, all of them when none is named."""

    quick: bool
    against: "Sequence[Side]" = ()
    measures: Sequence[str] = ()


class Bench:
    """One run, beside the earlier releases in `against`. Everything that it starts ends with it."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.quick = plan.quick
        # Even, so that each way comes first as often as last: the last of a round pays for what the others left behind.
        self.rounds = 1 if plan.quick else 4
        self.against = plan.against
        self.measures = plan.measures
        self._open = ExitStack()
        self._numbers = itertools.count(1)

    def close(self) -> None:
        """End what still runs."""
        self._open.close()

    def pick(self, usual: T, quick: T) -> T:
        """The size of a measurement: the usual one, or that of a run that only shows that it works."""
        return quick if self.quick else usual

    def say(self, text: str) -> None:
        """Tell who waits what is being done."""
        print(f"  … {text}", file=sys.stderr, flush=True)

    @cached_property
    def postgres(self) -> PostgresServer:
        """A PostgreSQL that is durable as a shop's: `fsync` and `synchronous_commit` on."""
        place = owned_folder()
        self._open.callback(shutil.rmtree, place, ignore_errors=True)
        server = new_server(place)
        self._open.callback(server.stop)
        return server

    def new_folder(self) -> Path:
        """An empty folder."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        return folder

    @contextmanager
    def database(self, kind: Kind = "postgresql") -> Iterator[str]:
        """The address of a fresh, migrated database, removed afterwards."""
        if kind == "sqlite":
            folder = self.new_folder()
            url = f"sqlite:///{folder / 'pokea.sqlite3'}"
            migrate(url)
            yield url
            shutil.rmtree(folder)
            return
        with self.empty_database() as url:
            migrate(url)
            yield url

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The address of a PostgreSQL database without a table, removed afterwards."""
        name = f"bench_{next(self._numbers)}"
        url = self.postgres.create_database(name)
        yield url
        self.postgres.drop_database(name)

    @contextmanager
    def database_of(self, side: "Side", kind: Kind) -> Iterator[str]:
        """The address of a fresh database with the schema of a side's release, removed afterwards."""
        if kind == "sqlite":
            folder = self.new_folder()
            url = f"sqlite:///{folder / 'pokea.sqlite3'}"
            side.prepare("schema", url)
            yield url
            shutil.rmtree(folder)
            return
        with self.empty_database() as url:
            side.prepare("schema", url)
            yield url

    @contextmanager
    def service(
        self, database_url: str, *options: str, simulator_url: str = NOWHERE, **settings: str
    ) -> Iterator[ServiceProgram]:
        """A running `pokea serve` with these options and settings."""
        program = new_service(self.new_folder(), database_url, simulator_url, *options, **settings)
        program.launcher = PythonLauncher()
        with running(program):
            yield program

    @contextmanager
    def simulator(self, *options: str) -> Iterator[SimulatorProgram]:
        """A running `pokea simulate`."""
        program = new_simulator(self.new_folder(), *options)
        program.launcher = PythonLauncher()
        with running(program):
            yield program


@contextmanager
def running(program: Program) -> Iterator[None]:
    """Start a program, and end it afterwards."""
    try:
        program.start()
        yield
        # Asked, not killed: it settles what waits, as after any other run.
        program.stop(seconds=_STOP_SECONDS)
    finally:
        program.close()


def cost(program: Program) -> Cost:
    """What a running program has cost so far, its workers included."""
    assert program.process is not None, "it was not started"
    return cost_of(program.process.pid)


def port_of(program: Program) -> int:
    """The port that it listens on."""
    return int(program.url.rsplit(":", 1)[1])


def database_bytes(bench: Bench, url: str) -> int:
    """How large a database is on disk, its log included where it is a file."""
    if url.startswith("sqlite:///"):
        file = url.removeprefix("sqlite:///")
        return sum(os.path.getsize(each) for each in (file, f"{file}-wal") if os.path.exists(each))
    return int(bench.postgres.execute(f"select pg_database_size('{url.rsplit('/', 1)[1]}')")[0][0])


def log_position(bench: Bench) -> int:
    """How many bytes PostgreSQL has written to its log so far."""
    return int(bench.postgres.execute("select pg_current_wal_lsn() - '0/0'")[0][0])
