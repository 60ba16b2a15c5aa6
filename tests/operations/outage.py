"""A PostgreSQL database that goes away for a while, as in a failover: its connections are cut and new ones refused."""

from psycopg import sql
from sqlalchemy import make_url

from tests.postgres import PostgresServer

_CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = {}"


class Outage:
    """The database at `url`, as its operator can take it away and give it back."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self._server = server
        self._name = make_url(url).database or ""

    def begin(self) -> None:
        """Cut every connection and refuse new ones."""
        self._let_in("false")
        self._server.execute(sql.SQL(_CUT).format(sql.Literal(self._name)))

    def end(self) -> None:
        """Take connections again."""
        self._let_in("true")

    def _let_in(self, allowed: str) -> None:
        self._server.execute(
            sql.SQL("alter database {} allow_connections {}").format(sql.Identifier(self._name), sql.SQL(allowed))
        )
