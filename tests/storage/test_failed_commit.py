"""A commit that fails leaves nothing behind that the next transaction would stumble over."""

import asyncio

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from pokea.storage.database import Database, open_database

_PARENTS = "CREATE TABLE parents (id INTEGER PRIMARY KEY)"
_CHILDREN = "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)"


def _make_tables(connection: Connection) -> None:
    connection.execute(text(_PARENTS))
    connection.execute(text(_CHILDREN))


def _orphan(connection: Connection) -> None:
    """What no database commits: the reference is looked at when the transaction ends."""
    connection.execute(text("INSERT INTO children VALUES (1)"))


def _count(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM children")).scalar_one())


def _enforce_references(database: Database) -> None:
    """SQLite looks at references when it is told to, outside a transaction; the pool keeps the connection."""
    if database.dialect == "sqlite":
        pooled = database.engine.raw_connection()
        pooled.cursor().execute("PRAGMA foreign_keys = ON")
        pooled.close()


def test_the_next_transaction_begins_after_a_commit_that_failed(database_url: str) -> None:
    """After a commit that the database refused, reads and writes go on, and nothing of it was kept."""
    database = open_database(database_url)

    async def scenario() -> int:
        await database.write(_make_tables)
        for _ in range(2):
            with pytest.raises(IntegrityError):
                await database.write(_orphan)
        return await database.write(_count)

    try:
        _enforce_references(database)
        assert asyncio.run(scenario()) == 0
    finally:
        database.close()
