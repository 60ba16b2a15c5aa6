"""A commit during which PostgreSQL goes away: its outcome is unknown, so the change is run again (law: settler, 5)."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from pokea.errors import OutcomeUnknown
from pokea.storage.database import Database, open_database
from pokea.storage.engines import postgres_engine

# Sequences are outside of transactions, so the trigger knows how often a commit was tried.
_SETUP = (
    "create table kept (word text)",
    "create sequence tries",
    """create function cut() returns trigger language plpgsql as $$
       begin
         if nextval('tries') <= tg_argv[0]::int then perform pg_terminate_backend(pg_backend_pid()); end if;
         return null;
       end $$""",
)
_CUT_COMMITS = """create constraint trigger cuts after insert on kept deferrable initially deferred
                  for each row execute function cut({})"""


@pytest.fixture
def database(empty_postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL with a table whose commits can be cut."""
    opened = open_database(empty_postgres_url)
    yield opened
    opened.close()


def _make_table(connection: Connection, cut_commits: int) -> None:
    for statement in _SETUP:
        connection.execute(text(statement))
    connection.execute(text(_CUT_COMMITS.format(cut_commits)))


def _keep(connection: Connection) -> str:
    connection.execute(text("insert into kept values ('once')"))
    return "kept"


def _words(connection: Connection) -> list[str]:
    return list(connection.execute(text("select word from kept")).scalars())


def test_a_change_whose_commit_was_cut_is_run_again(database: Database) -> None:
    """The connection breaks in the middle of the commit; the change is run again on another, and its answer comes."""

    async def scenario() -> None:
        await database.write(_make_table, 2)
        assert await database.write(_keep) == "kept"
        assert await database.read(_words) == ["once"]

    asyncio.run(scenario())


def test_a_commit_that_is_cut_for_ever_is_no_surprise(empty_postgres_url: str) -> None:
    """When no attempt gets through in time the caller hears that the outcome is unknown, and nothing else."""
    # An attempt takes the time it needs, so that its commit is cut on a slow machine, too.
    opened = Database(postgres_engine(empty_postgres_url), patience_seconds=0.2, hurried=False)

    async def scenario() -> None:
        await opened.write(_make_table, 10_000)
        with pytest.raises(OutcomeUnknown):
            await opened.write(_keep)
        assert await opened.read(_words) == []

    try:
        asyncio.run(scenario())
    finally:
        opened.close()
