"""The schema: made step by step, the same as the tables in code, and never touched where it does not fit (law:
schema)."""

import difflib
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from pokea import storage
from pokea.addresses import read_database_address
from pokea.errors import SchemaError, Unavailable
from pokea.storage.engines import postgres_engine, sqlite_engine
from pokea.storage.migrate import CURRENT, SchemaVersion, ensure_ready, look_at, migrate, standing
from pokea.storage.tables import metadata
from tests.ports import free_port
from tests.postgres import PostgresServer

PROCESSES = 4
_BOOKING = (
    "insert into bookings (id, reference, service, customer_id, status, fee_cents, fee_status, created_at) "
    "values ('bk_{number}', 'BK-{number}', 'Plumbing', 'amina', 'awaiting_payment', 50000, 'unpaid', 1)"
)
_MIGRATE = "import sys; from pokea.storage.migrate import migrate; print(migrate(sys.argv[1]))"
_WAIT_THEN_START = """
import sys
from pokea.storage.migrate import ensure_ready
print("ready", flush=True)
sys.stdin.readline()
ensure_ready(sys.argv[1])
"""


def engine_for(url: str) -> Engine:
    """An engine on either kind of database."""
    return sqlite_engine(url, begin="BEGIN") if url.startswith("sqlite:") else postgres_engine(url)


def run(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    engine = engine_for(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tables_of(url: str) -> set[str]:
    """The names of the tables."""
    engine = engine_for(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def version_of(url: str) -> SchemaVersion | None:
    """The version that the database says it has."""
    engine = engine_for(url)
    with engine.begin() as connection:
        found = standing(connection)
    engine.dispose()
    return found


def test_migrating_an_empty_database_makes_the_schema_once(empty_database_url: str) -> None:
    """The first `migrate` makes the schema, and a second one finds nothing to do, and says so."""
    assert migrate(empty_database_url) == f"The schema was made: version {CURRENT}."
    assert migrate(empty_database_url) == f"Nothing to do: the schema is at version {CURRENT}."
    assert version_of(empty_database_url) == CURRENT


# SQLAlchemy reads no index of an expression back from SQLite; the next test compares it word for word.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index bookings_spelt")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index 'bookings_spelt'")
def test_the_migrated_schema_is_the_tables_in_code(database_url: str) -> None:
    """Alembic finds no difference between a migrated database and `tables.py`, types included."""
    engine = engine_for(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_migrated_sqlite_file_is_word_for_word_the_tables_in_code(sqlite_url: str, tmp_path: Path) -> None:
    """On SQLite the steps lead to exactly the statements that `tables.py` makes, conditions of indexes included."""
    direct = f"sqlite:///{tmp_path / 'direct.sqlite3'}"
    engine = engine_for(direct)
    metadata.create_all(engine)
    engine.dispose()
    assert set(_statements(sqlite_url)) ^ set(_statements(direct)) == set()


def test_the_migrated_postgresql_is_word_for_word_the_tables_in_code(
    postgres_server: PostgresServer, postgres_url: str, empty_postgres_url: str
) -> None:
    """On PostgreSQL a dump of the migrated schema equals a dump of what `tables.py` makes."""
    engine = engine_for(empty_postgres_url)
    metadata.create_all(engine)
    engine.dispose()
    assert _differences(_dump(postgres_server, postgres_url), _dump(postgres_server, empty_postgres_url)) == []


def test_processes_that_start_at_once_make_one_schema(empty_database_url: str) -> None:
    """Several processes that meet an empty database all start, and the schema is made once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _WAIT_THEN_START, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    failures = [process.communicate(timeout=60)[1] for process in started]
    assert failures == [""] * PROCESSES
    assert version_of(empty_database_url) == CURRENT


@pytest.fixture
def locked_file(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A transaction of another process, which holds the file's lock for longer than SQLite waits by itself."""
    monkeypatch.setattr("pokea.storage.engines._BUSY_SECONDS", 0.01)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_start_waits_for_the_lock_of_a_file(sqlite_url: str, locked_file: sqlite3.Connection) -> None:
    """A service that starts while another process writes for long starts when that one has finished."""
    finishing = threading.Timer(0.5, locked_file.rollback)
    finishing.start()
    ensure_ready(sqlite_url)
    finishing.join()


def test_a_file_that_stays_locked_is_said_in_a_sentence(
    sqlite_url: str, locked_file: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that waits for the lock in vain ends with the file's name and the reason, without a traceback."""
    monkeypatch.setattr("pokea.storage.migrate._PATIENCE_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="cannot be used: database is locked") as refused:
        ensure_ready(sqlite_url)
    assert str(read_database_address(sqlite_url)) in str(refused.value)


def test_a_step_that_fails_leaves_the_database_as_it_was(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the last step breaks, no table is left behind, and the next `migrate` makes the whole schema."""
    with monkeypatch.context() as patch:
        patch.setattr("alembic.op.bulk_insert", _broken)
        with pytest.raises(RuntimeError, match="broken on purpose"):
            migrate(empty_database_url)
    assert tables_of(empty_database_url) == set()
    assert migrate(empty_database_url) == f"The schema was made: version {CURRENT}."


def test_serving_migrates_an_empty_database(empty_database_url: str) -> None:
    """A service that starts on an empty database makes the schema by itself, and starts again on it."""
    ensure_ready(empty_database_url)
    ensure_ready(empty_database_url)
    assert version_of(empty_database_url) == CURRENT


def test_a_later_minor_of_the_same_major_is_fit_to_run_on(database_url: str) -> None:
    """A minor only adds: this version runs on a schema that a newer one has extended, and leaves it alone."""
    run(database_url, "alter table payments add column later text", "update schema_version set minor = 7")
    ensure_ready(database_url)
    later = SchemaVersion(CURRENT.major, 7)
    assert migrate(database_url) == f"Nothing to do: the schema is at version {later}."
    assert version_of(database_url) == later


def test_an_older_schema_is_left_to_the_operator(database_url: str) -> None:
    """A service does not migrate a schema with data in it by itself: it says which command does."""
    run(database_url, "update schema_version set major = 0, minor = 9")
    with pytest.raises(SchemaError, match=rf"version 0\.9 and this Pokea needs {CURRENT}: run `pokea migrate` first"):
        ensure_ready(database_url)


def test_a_minor_is_added_under_a_version_that_runs(empty_database_url: str) -> None:
    """From the version before, with rows in it, the step only adds; the older code still takes the schema for its own,
    and what it writes is read."""
    before, after = SchemaVersion(1, 4), SchemaVersion(1, 5)
    _migrate_to(empty_database_url, "0005")
    run(empty_database_url, _BOOKING.format(number=1))
    tables = tables_of(empty_database_url)
    assert version_of(empty_database_url) == before
    _migrate_to(empty_database_url, "0006")
    assert tables_of(empty_database_url) - tables == {"alerts"}
    # What an older process asks of a schema: its own major, and a minor no lower than its own.
    found = version_of(empty_database_url)
    assert found == after
    assert found.major == before.major
    run(empty_database_url, _BOOKING.format(number=2))
    engine = engine_for(empty_database_url)
    with engine.connect() as connection:
        assert connection.execute(text("select id from bookings order by id")).scalars().all() == ["bk_1", "bk_2"]
    engine.dispose()


def test_a_newer_major_is_refused(database_url: str) -> None:
    """Neither serving nor migrating touches a schema whose meaning may have changed."""
    newer = CURRENT.major + 1
    run(database_url, "update schema_version set major = major + 1, minor = 0")
    for use in (ensure_ready, migrate):
        with pytest.raises(SchemaError, match=rf"version {newer}\.0 and this Pokea knows {CURRENT}: run a newer Pokea"):
            use(database_url)


@pytest.mark.parametrize(
    "tables",
    [
        ["create table orders (id integer)"],
        ["create table schema_version (version integer)", "insert into schema_version values (1)"],
        ["create table schema_version (major integer, minor integer)"],
    ],
    ids=["no version", "another version table", "no row"],
)
def test_a_database_of_another_program_is_refused(empty_database_url: str, tables: list[str]) -> None:
    """Tables that are not Pokea's stop both commands with a sentence, and nothing is added beside them."""
    run(empty_database_url, *tables)
    before = tables_of(empty_database_url)
    for use in (ensure_ready, migrate):
        with pytest.raises(SchemaError, match=r"not Pokea's .* a database of its own in POKEA_DATABASE_URL"):
            use(empty_database_url)
    assert tables_of(empty_database_url) == before


def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> None:
    """The sentence says which database and why, and never shows the password of the address."""
    port = free_port()
    with pytest.raises(Unavailable) as caught:
        migrate(f"postgresql://pokea:very-secret@127.0.0.1:{port}/shop")
    assert f"postgresql://127.0.0.1:{port}/shop" in str(caught.value)
    assert "refused. Start the server, or correct host and port in POKEA_DATABASE_URL." in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A path that leads to some other file ends in a sentence, and the file stays as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk. " * 100)
    with pytest.raises(Unavailable, match=r"file is not a database\. Name another file"):
        ensure_ready(f"sqlite:///{file}")
    assert file.read_text() == "Buy milk. " * 100


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (
            "missing/pokea.db",
            r"its folder \S+/missing does not exist\. Make the folder, or name another file in",
        ),
        ("notes.txt/pokea.db", r"\S+/notes\.txt is no folder\. Name another file in POKEA_DATABASE_URL\."),
        ("folder", r"it is a folder\. Let POKEA_DATABASE_URL name a file in it\."),
    ],
)
def test_a_place_where_no_file_can_be_is_named_with_what_to_do(tmp_path: Path, path: str, says: str) -> None:
    """A start and a look name the part of the path that is wrong, and what to do about it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "notes.txt").write_text("Buy milk.")
    for use in (ensure_ready, migrate, look_at):
        with pytest.raises(Unavailable, match=f"cannot be used: {says}"):
            use(f"sqlite:///{tmp_path / path}")


def test_a_busy_sqlite_file_is_waited_for(tmp_path: Path) -> None:
    """While another process holds the file, `migrate` waits for it, beyond the 5 s that SQLite itself waits."""
    file = tmp_path / "busy.sqlite3"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("begin exclusive")
    waiting = subprocess.Popen(
        [sys.executable, "-c", _MIGRATE, f"sqlite:///{file}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=6)
    holder.execute("rollback")
    holder.close()
    assert waiting.communicate(timeout=60)[0] == f"The schema was made: version {CURRENT}.\n"


def _migrate_to(url: str, revision: str) -> None:
    """Take the steps up to this one, as the version did whose last one it was."""
    steps = Config()
    steps.set_main_option("script_location", str(Path(storage.__file__).with_name("migrations")).replace("%", "%%"))
    steps.set_main_option("path_separator", "os")
    engine = engine_for(url)
    with engine.begin() as connection:
        steps.attributes["connection"] = connection
        command.upgrade(steps, revision)
    engine.dispose()


def _statements(url: str) -> list[tuple[str, str]]:
    engine = engine_for(url)
    with engine.connect() as connection:
        found = connection.execute(
            text("select name, sql from sqlite_master where tbl_name <> 'alembic_version' order by name")
        )
        # A table that was renamed is quoted, whatever its name.
        rows = [(name, re.sub(r"\s+", " ", (sql or "").replace(f'"{name}"', name))) for name, sql in found]
    engine.dispose()
    return rows


def _dump(server: PostgresServer, url: str) -> list[str]:
    flags = ("--schema-only", "--no-comments", "--exclude-table=alembic_version")
    lines = server.run("pg_dump", *flags, f"--dbname={url}").splitlines()
    return [line for line in lines if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]


def _differences(one: list[str], other: list[str]) -> list[str]:
    return [line for line in difflib.unified_diff(one, other, n=0) if not line.startswith(("---", "+++", "@@"))]


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("broken on purpose")
