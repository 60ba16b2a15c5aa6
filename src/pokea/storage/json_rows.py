"""Sets of rows as one parameter of a PostgreSQL statement: a JSON text, which the statement reads as a table.

msgspec writes a row in a microsecond; an array for each column takes twelve.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, Table

if TYPE_CHECKING:
    import psycopg

_TYPES: Final = {"BIGINT": "bigint", "INTEGER": "integer", "TEXT": "text", "BOOLEAN": "boolean", "BLOB": "text"}


def each_of(parameter: str) -> str:
    """Each text of a parameter's JSON list. Inside `any(array(...))` it is looked up by an index, whatever the planner
    thinks of the table's size."""
    return f"json_array_elements_text(%({parameter})s::json)"


def rows_of(parameter: str, table: Table, names: Sequence[str], *more: str) -> str:
    """A parameter's JSON as rows with these columns of a table, and more of text; bytes are text in base64."""
    columns = [f"{name} {_TYPES[str(table.c[name].type)]}" for name in names] + [f"{name} text" for name in more]
    return f"json_to_recordset(%({parameter})s::json) as given({', '.join(columns)})"


def insertion(parameter: str, table: Table, *some: str) -> str:
    """Insert a parameter's rows into a table: all of its columns, or some."""
    names = some or tuple(column.name for column in table.columns)
    values = ", ".join(_value(table.c[name]) for name in names)
    return f"insert into {table.name} ({', '.join(names)}) select {values} from {rows_of(parameter, table, names)}"


def _value(column: Column[Any]) -> str:
    return f"decode({column.name}, 'base64')" if isinstance(column.type, LargeBinary) else column.name


def to_json(rows: Iterable[Any]) -> str:
    """Rows as the text of one parameter."""
    return msgspec.json.encode(rows).decode()


def run_text(connection: Connection, statement: str, given: Mapping[str, str | int]) -> "psycopg.Cursor[Any]":
    """The rows of a statement, straight from the driver: what SQLAlchemy adds to a statement costs as much again."""
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return raw.execute(statement.encode(), given)
