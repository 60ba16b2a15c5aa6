"""Brings a database to this version's schema, and says whether one fits (law: schema).

A schema version is major.minor, written in the table `schema_version`. A minor only adds, so code runs on its own
minor and on any later one of its major. A step is one transaction under a lock: several processes may start at once,
and a step that fails leaves the database as it was.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from pokea.addresses import read_database_address
from pokea.errors import SchemaError, Unavailable
from pokea.storage.engines import postgres_engine, sqlite_engine
from pokea.storage.tables import schema_version
from pokea.storage.unusable import why_no_file, with_what_to_do

T = TypeVar("T")

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 0x706F6B6561  # "pokea": the advisory lock of a process that changes the schema
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.05


class SchemaVersion(NamedTuple):
    """A version of the schema; compares as a pair."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


CURRENT: Final = SchemaVersion(3, 5)
"""The schema that this code was written for; the last file in `migrations/versions` leads to it."""


def migrate(url: str) -> str:
    """Bring the database at `url` to this version's schema, and return a sentence that says what was done.

    Raises SchemaError when it holds another program's tables or a newer major, Unavailable when it cannot be used.
    """
    with _engine(url) as engine:
        before = _changed(engine, _brought_up)
    if before is None:
        return f"The schema was made: version {CURRENT}."
    if before < CURRENT:
        return f"The schema was brought from version {before} to {CURRENT}."
    return f"Nothing to do: the schema is at version {before}."


def ensure_ready(url: str) -> None:
    """Make sure that this version can run on the database at `url`; an empty one is migrated.

    Raises SchemaError when its schema does not fit, Unavailable when it cannot be used.
    """
    with _engine(url) as engine:
        found = _changed(engine, standing)
        if found is None:
            _changed(engine, _brought_up)
        elif found < CURRENT:
            raise SchemaError(
                f"The database has schema version {found} and this Pokea needs {CURRENT}: run `pokea migrate` first."
            )


def look_at(url: str) -> SchemaVersion | None:
    """The version of the schema at `url`, which is left as it is; None for an empty or missing database.

    Raises SchemaError as `standing` does, Unavailable when the database cannot be used.
    """
    file = _file_of(url)
    if file is not None and _is_missing(url, file):
        return None
    with _engine(url) as engine:
        return _changed(engine, standing)


def _is_missing(url: str, file: Path) -> bool:
    """Whether the file is missing and can be made. Raises Unavailable where no file can be in its place."""
    with suppress(OSError):  # of a name that no file can have, which is why there is none
        if file.exists():
            return False
    why = why_no_file(file)
    if why is not None:
        raise _unusable(url, why)
    return True


def standing(connection: Connection) -> SchemaVersion | None:
    """The version of the schema, or None for an empty database.

    Raises SchemaError when the tables are not Pokea's, or of a newer major than this code knows.
    """
    tables = inspect(connection)
    names = tables.get_table_names()
    if not names:
        return None
    ours = schema_version.name in names and {column["name"] for column in tables.get_columns(schema_version.name)} == {
        column.name for column in schema_version.columns
    }
    row = connection.execute(select(schema_version.c.major, schema_version.c.minor)).one_or_none() if ours else None
    if row is None:
        raise SchemaError(
            f"The database holds tables that are not Pokea's (such as {sorted(names)[0]}): "
            "give Pokea a database of its own in POKEA_DATABASE_URL."
        )
    found = SchemaVersion(*row)
    if found.major > CURRENT.major:
        raise SchemaError(
            f"The database has schema version {found} and this Pokea knows {CURRENT}: run a newer Pokea on it."
        )
    return found


def _brought_up(connection: Connection) -> SchemaVersion | None:
    """Take the missing steps, and return the version that stood before."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    before = standing(connection)
    if before is None or before < CURRENT:
        _take_steps(connection)
    return before


def _take_steps(connection: Connection) -> None:
    # Loaded only here: it takes a seventh of the time in which a service starts, and few starts have a step to take.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    steps = Config()
    steps.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    steps.set_main_option("path_separator", "os")
    steps.attributes["connection"] = connection
    command.upgrade(steps, "head")


def _changed(engine: Engine, change: Callable[[Connection], T]) -> T:
    """What the change returns, in a transaction of its own; waits while another process holds the file's lock."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with engine.begin() as connection:
                return change(connection)
        except (DatabaseError, sqlite3.Error) as failure:
            # SQLite does not wait by itself while another process turns the log on, and else for a second.
            if not _is_locked(_cause_of(failure)) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _cause_of(failure: DatabaseError | sqlite3.Error) -> BaseException | None:
    """What the driver raised: SQLAlchemy wraps it, except where a transaction begins."""
    return failure.orig if isinstance(failure, DatabaseError) else failure


def _is_locked(cause: BaseException | None) -> bool:
    return isinstance(cause, sqlite3.OperationalError) and "locked" in str(cause)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    """An engine for the schema's work; what the database's driver raises becomes one sentence without a password."""
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE") if url.startswith("sqlite:") else postgres_engine(url)
    try:
        yield engine
    except (DatabaseError, sqlite3.Error) as failure:
        reason = str(_cause_of(failure)).strip().split("\n")[0]
        file = _file_of(url)
        raise _unusable(url, (file and why_no_file(file)) or with_what_to_do(reason)) from failure
    finally:
        engine.dispose()


def _file_of(url: str) -> Path | None:
    file = make_url(url).database if url.startswith("sqlite:") else None
    return None if file is None else Path(file)


def _unusable(url: str, why: str) -> Unavailable:
    return Unavailable(f"The database {read_database_address(url)} cannot be used: {why}")
