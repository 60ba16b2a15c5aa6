"""Statements that are made often: written out once for each database, and from then on given to its driver as text.

SQLAlchemy compiles a statement once as well, but what it does around each execution takes several times as long as
SQLite takes for the whole of it. So the statements of every payment and of every look go this way, and whatever is made
once an hour may go the usual one. Parameters are int, float, str, bytes or bool, which drivers take as they are; a
failure is the driver's own, which `storage.database` understands.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Boolean, Connection, Insert
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.base import Executable

Values = Mapping[str, Any]

_dialects: Mapping[str, Callable[[], Dialect]] = {"sqlite": pysqlite.dialect, "postgresql": psycopg.dialect}
_NOTHING: Final[Values] = {}


class _Prepared(NamedTuple):
    """A statement as its driver takes it.

    `order` names the parameters where the driver has them by position; `bool_columns` are the places of the columns
    whose booleans it returns as numbers.
    """

    text: str
    order: Sequence[str] | None
    constants: Values
    row: Callable[[Iterable[Any]], Any]
    bool_columns: Sequence[int]

    def parameters(self, values: Values) -> Any:
        """The values with the statement's own, as the driver takes them."""
        whole = {**self.constants, **values}
        return whole if self.order is None else [whole[name] for name in self.order]

    def rows(self, fetched: Sequence[Sequence[Any]]) -> list[Any]:
        """What was fetched as tuples with names."""
        if not self.bool_columns:
            return [self.row(each) for each in fetched]
        return [self.row(self._with_booleans(each)) for each in fetched]

    def _with_booleans(self, fetched: Sequence[Any]) -> list[Any]:
        values = list(fetched)
        for position in self.bool_columns:
            values[position] = None if values[position] is None else bool(values[position])
        return values


def fetch_all(connection: Connection, statement: Executable, values: Values = _NOTHING) -> list[Any]:
    """The rows that a statement answers with, as tuples with the names of its columns.

    The statement must be one that is kept: it is remembered for good.
    """
    if _is_watched(connection):
        return list(connection.execute(statement, values))
    prepared = _prepared_for(connection, statement, values)
    return prepared.rows(_executed(connection, prepared, values).fetchall())


def fetch_one(connection: Connection, statement: Executable, values: Values = _NOTHING) -> Any:
    """The first row that a statement answers with; None when there is none."""
    rows = fetch_all(connection, statement, values)
    return rows[0] if rows else None


def execute(connection: Connection, statement: Executable, values: Values = _NOTHING) -> int:
    """Make a statement that answers with no rows; says how many it changed."""
    if _is_watched(connection):
        return connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount
    prepared = _prepared_for(connection, statement, values)
    changed: int = _executed(connection, prepared, values).rowcount
    return changed


def execute_many(connection: Connection, statement: Executable, values: Sequence[Values]) -> None:
    """Make a statement that answers with no rows once for each of `values`, which have the same names."""
    if len(values) == 1:
        execute(connection, statement, values[0])
    elif values and _is_watched(connection):
        connection.execute(statement, values)
    elif values:
        prepared = _prepared_for(connection, statement, values[0])
        connection.connection.cursor().executemany(prepared.text, [prepared.parameters(each) for each in values])


def _executed(connection: Connection, prepared: _Prepared, values: Values) -> Any:
    cursor = connection.connection.cursor()
    cursor.execute(prepared.text, prepared.parameters(values))
    return cursor


def _is_watched(connection: Connection) -> bool:
    """Whether a listener is attached to SQLAlchemy's executions: then SQLAlchemy must execute."""
    return bool(connection.dispatch.before_cursor_execute)


def _prepared_for(connection: Connection, statement: Executable, values: Values) -> _Prepared:
    # An insertion is of the columns that it is given.
    return _prepared(connection.dialect.name, statement, tuple(values) if isinstance(statement, Insert) else ())


@cache
def _prepared(dialect_name: str, statement: Any, columns: tuple[str, ...]) -> _Prepared:
    """Raises ValueError for a statement whose text depends on its values, as `in` with a list that is given does."""
    dialect = _dialects[dialect_name]()
    compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    given = {name for name, bind in compiled.binds.items() if bind.required}
    if compiled.post_compile_params & {compiled.binds[name] for name in given}:
        raise ValueError(f"the text of a prepared statement may not depend on its values: {compiled.string}")
    # Lists that are the statement's own are written into it, for which every name must have some value.
    whole = compiled.construct_expanded_state(dict.fromkeys(given))
    answered = list(getattr(statement, "exported_columns", ()))
    names = [each.name if isinstance(getattr(each, "name", None), str) else "" for each in answered]
    return _Prepared(
        whole.statement,
        whole.positiontup,
        {name: value for name, value in whole.parameters.items() if name not in given},
        _row_type(names),
        [
            position
            for position, each in enumerate(answered)
            if isinstance(each.type, Boolean) and not dialect.supports_native_boolean
        ],
    )


def _row_type(names: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    row: Any = namedtuple("Row", list(names), rename=True)  # type: ignore[misc]  # the names are known when it runs
    made: Callable[[Iterable[Any]], Any] = row._make
    return made
