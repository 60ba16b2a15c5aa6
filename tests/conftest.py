"""What every test may ask for: a real PostgreSQL, a migrated database of either kind, and the door to it."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import hypothesis
import pytest

from pokea.storage.database import Database, open_database
from pokea.storage.migrate import migrate
from tests.postgres import PostgresServer, new_server, owned_folder

pytest_plugins = ["pokea.testing.fixtures"]
# How long an example takes is the machine's affair.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.register_profile("quick", max_examples=10, deadline=None, derandomize=True)  # tools/quick-tests
hypothesis.settings.load_profile("patient")
_TEMPLATE = "pokea_template"
_FIGURE = "figure"
_LONG_FOLDERS = {"browser", "chaos", "mutations", "service"}
Say: TypeAlias = Callable[[str], None]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL, durable as a shop's would be, for the whole session."""
    folder = owned_folder()
    server = new_server(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database that nobody connects to, to be copied."""
    migrate(postgres_server.create_database(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nobody opens, to be copied."""
    file = tmp_path_factory.mktemp("template") / "template.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    name = f"test_{next(_numbers)}"
    yield postgres_server.create_database(name, postgres_template)
    postgres_server.drop_database(name)


@pytest.fixture
def plain(postgres_url: str) -> Iterator[Database]:
    """A migrated PostgreSQL database, by an ordinary door that runs each change once; closed when the test is over."""
    opened = open_database(postgres_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite file."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'pokea.sqlite3')}"


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a PostgreSQL database without a table."""
    name = f"empty_{next(_numbers)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database; the test runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table; the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    url: str = request.getfixturevalue("empty_postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, migrated database of either kind that runs every change twice, the first time rolled back (law: settler,
    6)."""
    opened = open_database(database_url, rehearse=True)
    yield opened
    opened.close()


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Say:
    """Prints a figure at the end of the session, from whichever process the test runs in."""
    properties = request.node.user_properties
    return lambda figure: properties.append((_FIGURE, figure))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take long, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG_FOLDERS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was measured."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    for report in reports:
        if isinstance(report, pytest.TestReport) and report.when == "call":
            for name, figure in report.user_properties:
                if name == _FIGURE:
                    terminalreporter.write_line(f"{report.head_line}: {figure}")
