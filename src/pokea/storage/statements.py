"""Statements that both dialects know but SQLAlchemy spells differently; each is built once for a table."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Select,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from pokea.storage.sql import execute_many, fetch_all

AMONG: Final = "among"
_TAKE_TURNS: Final = """
select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(%(names)s::text[]) as given(name)
"""


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not yet in the table, and leave the others as they are."""
    if rows:
        execute_many(connection, _insert_new(connection.dialect.name, table), rows)


def insert_if_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row unless any unique index forbids it; says whether it is there now by this call."""
    return bool(fetch_all(connection, _insert_if_new(connection.dialect.name, table), row))


Selected: TypeAlias = Select[Any] | Table | tuple[Column[Any], ...]


def select_in(
    connection: Connection,
    selected: Selected,
    column: Column[str],
    values: Collection[str],
    given: Mapping[str, Any] = MappingProxyType({}),
) -> list[Any]:
    """The rows whose text column is one of these values: one statement, parameter and plan, however many they are.

    `given` are the statement's own parameters.
    """
    dialect = connection.dialect.name
    sent = list(values) if dialect == "postgresql" else json.dumps(list(values))
    return fetch_all(connection, selection_among(dialect, selected, column), {AMONG: sent, **given})


@cache
def selection_among(dialect: str, selected: Selected, column: Column[str]) -> Select[Any]:
    """The statement of `select_in`; the values are its parameter AMONG, a list on PostgreSQL and JSON on SQLite."""
    if isinstance(selected, Select):
        statement = selected
    else:
        statement = select(*(selected if isinstance(selected, tuple) else selected.columns))
    if dialect == "postgresql":
        return statement.where(column == func.any(bindparam(AMONG, type_=ARRAY(Text))))
    listed = func.json_each(bindparam(AMONG, type_=Text)).table_valued("value")
    return statement.where(column.in_(select(listed.c.value)))


def advisory_lock(connection: Connection, names: Collection[str]) -> None:
    """Wait until no other transaction holds one of these names, and hold them until this one ends.

    For what is decided by counting rows that others may be adding. Names are taken in one order, so that no transaction
    waits in a circle. SQLite has one writer at a time in any case.
    """
    if names and connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_TAKE_TURNS, {"names": sorted(names)})


def insertion_or_addition(
    dialect: str, table: Table, rows: Select[Any], sums: Sequence[str]
) -> postgresql.Insert | sqlite.Insert:
    """Inserts the rows that a query finds; where the key is there already, adds their `sums` to it.

    The query must have an `order by`, the table's key, so that two of these never lock rows in a circle.
    """
    statement = _insert(dialect, table).from_select([column.name for column in table.c], rows)
    added = {name: table.c[name] + statement.excluded[name] for name in sums}
    key = [column.name for column in table.primary_key.columns]
    return statement.on_conflict_do_update(index_elements=key, set_=added)


def in_one_snapshot(connection: Connection) -> None:
    """Let all that this transaction reads, of which this is the first statement, be as it stood at one moment.

    SQLite does so by itself. PostgreSQL also has to plan for the bounds at hand: a plan for any bounds may read a
    whole table where a part was asked for.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        connection.execute(text("set local plan_cache_mode = force_custom_plan"))


def _insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _insert_new(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def _insert_if_new(dialect: str, table: Table) -> ReturningInsert[Any]:
    return _insert_new(dialect, table).returning(*table.primary_key.columns)
