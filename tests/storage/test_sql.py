"""Statements that are made often: the same as SQLAlchemy makes of them, on either database."""

import asyncio
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)

from pokea.errors import Unavailable
from pokea.storage.database import Database, open_database
from pokea.storage.sql import execute, execute_many, fetch_all, fetch_one

THINGS: Final = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("name", Text),
    Column("good", Boolean),
    Column("content", LargeBinary),
    prefixes=["temporary"],
)
ADD: Final = insert(THINGS)
ALL: Final = select(THINGS).order_by(THINGS.c.number)
GOOD: Final = ALL.where(THINGS.c.good, THINGS.c.number < bindparam("below")).limit(bindparam("most"))
RENAME: Final = (
    update(THINGS).where(THINGS.c.number == bindparam("key")).values(name=bindparam("new_name"), content=None)
)
AMONG: Final = select(THINGS).where(THINGS.c.number.in_(bindparam("numbers", expanding=True)))
COUNT: Final = select(func.count()).select_from(THINGS)
ONE: Final[Select[Any]] = select(literal_column("1"))
END: Final[Select[Any]] = select(literal_column("pg_terminate_backend(pg_backend_pid())"))
ROWS: Final = [
    {"number": number, "name": f"it's {number}% :x", "good": number % 2 == 0, "content": bytes([0, number])}
    for number in range(5)
]


def made(database: Database, change: Any) -> Any:
    """What the change answers on a database that has the things of ROWS."""

    def whole(connection: Connection) -> Any:
        THINGS.create(connection)
        execute_many(connection, ADD, ROWS)
        return change(connection)

    return asyncio.run(database.write(whole))


def test_rows_are_what_sqlalchemy_reads(database: Database) -> None:
    """Values of every type come back as they were given, by name and by position."""

    def both(connection: Connection) -> Any:
        return fetch_all(connection, ALL), [row._asdict() for row in connection.execute(ALL)]

    ours, theirs = made(database, both)
    assert [{**row._asdict(), "content": bytes(row.content)} for row in ours] == theirs == ROWS
    assert [type(row.good) for row in ours] == [bool] * 5


def test_values_are_given_by_name(database: Database) -> None:
    """A statement's own constants stand beside what it is given, on every call."""

    def twice(connection: Connection) -> Any:
        return [[row.number for row in fetch_all(connection, GOOD, {"below": 4, "most": most})] for most in (9, 1)]

    assert made(database, twice) == [[0, 2], [0]]


def test_a_change_says_how_many_rows_it_changed(database: Database) -> None:
    """What it sets to nothing is nothing afterwards, and what is not there is not counted."""

    def renamed(connection: Connection) -> Any:
        counts = [execute(connection, RENAME, {"key": key, "new_name": "new"}) for key in (3, 99)]
        return (
            counts,
            fetch_one(connection, ALL),
            [row.name for row in fetch_all(connection, ALL) if row.content is None],
        )

    counts, first, changed = made(database, renamed)
    assert counts == [1, 0]
    assert (first.number, changed) == (0, ["new"])


def test_a_change_is_made_for_each_of_many(database: Database) -> None:
    """None of them is no statement at all."""

    def renamed(connection: Connection) -> Any:
        execute_many(connection, RENAME, [{"key": key, "new_name": f"new {key}"} for key in (1, 4)])
        execute_many(connection, RENAME, [])
        return [row.name for row in fetch_all(connection, ALL) if row.content is None]

    assert made(database, renamed) == ["new 1", "new 4"]


def test_an_insertion_is_of_the_columns_that_it_is_given(database: Database) -> None:
    """Columns that are left out stay empty, whatever was inserted by the same statement before."""

    def added(connection: Connection) -> Any:
        execute(connection, ADD, {"number": 7, "good": True})
        return fetch_all(connection, ALL)[-1]

    assert tuple(made(database, added)) == (7, None, True, None)


def test_the_first_row_is_none_where_there_is_none(database: Database) -> None:
    """Columns without a name have a place."""

    def found(connection: Connection) -> Any:
        count = fetch_one(connection, COUNT)
        return count[0], fetch_one(connection, GOOD, {"below": -1, "most": 1})

    assert made(database, found) == (5, None)


def test_a_text_that_depends_on_its_values_is_refused(database: Database) -> None:
    """`in` with a list is another text for each length of the list."""
    with pytest.raises(ValueError, match="may not depend"):
        made(database, lambda connection: fetch_all(connection, AMONG, {"numbers": [1]}))


def test_a_missing_value_is_not_taken_for_nothing(database: Database) -> None:
    """A name that was forgotten is an error, not a null in the books."""
    with pytest.raises((KeyError, psycopg.ProgrammingError)):
        made(database, lambda connection: execute(connection, RENAME, {"key": 1}))


def test_a_connection_that_breaks_is_given_up(postgres_url: str) -> None:
    """The driver's own failure is understood: the caller hears that the database was away, and the next one works."""
    database = open_database(postgres_url)

    async def both() -> Any:
        with pytest.raises(Unavailable):
            await database.read(fetch_all, END)
        return await database.read(fetch_one, ONE)

    assert asyncio.run(both()) == (1,)
    database.close()
