"""Hearing each statement on PostgreSQL before it is sent, whether SQLAlchemy or the driver itself was asked to."""

from collections.abc import Callable
from typing import Any

import psycopg

Hear = Callable[["psycopg.Connection[Any]", str, Any], None]
"""Is told the connection, the statement and its parameters, and may raise or wait."""


def cursors_heard_by(hear: Hear) -> type[psycopg.Cursor[Any]]:
    """A `cursor_factory` for connections of psycopg."""

    class Heard(psycopg.Cursor[Any]):
        """A cursor that tells first."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            """Tell, then execute."""
            hear(self.connection, _text(query), params)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            """Tell, then execute."""
            hear(self.connection, _text(query), params_seq)
            super().executemany(query, params_seq, **options)

    return Heard


def _text(query: Any) -> str:
    return query.decode() if isinstance(query, bytes) else str(query)
