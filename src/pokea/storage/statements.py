"""Statements that both dialects know but SQLAlchemy spells differently."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not yet in the table, and leave the others as they are."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def insert_if_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row unless any unique index forbids it; says whether it is there now by this call."""
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None


def take_turns(connection: Connection, names: Collection[str]) -> None:
    """Wait until no other transaction holds one of these names, and hold them until this one ends.

    For what is decided by counting rows that others may be adding. Names are taken in one order, so that nobody waits
    in a circle. SQLite has one writer at a time in any case.
    """
    if names and connection.dialect.name == "postgresql":
        keys = [func.pg_advisory_xact_lock(func.hashtextextended(name, 0)) for name in sorted(names)]
        for key in keys:
            connection.execute(select(key))


def insert_or_add(connection: Connection, table: Table, rows: Select[Any], sums: Sequence[str]) -> int:
    """Insert the rows that a query finds; where the key is there already, add their `sums` to it. Answers how many.

    The query must have an `order by`, the table's key, so that two of these never lock rows in a circle.
    """
    statement = _insert(connection, table).from_select([column.name for column in table.c], rows)
    added = {name: table.c[name] + statement.excluded[name] for name in sums}
    key = [column.name for column in table.primary_key.columns]
    statement = statement.on_conflict_do_update(index_elements=key, set_=added)
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
