"""The OAuth token in the database, one row an app, for all processes and commands (law: keys and tokens).

The token is sealed, and bound to its app: see `pokea.storage.sealing`.
"""

from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from pokea.clock import Instant
from pokea.daraja.tokens import StoredToken
from pokea.ids import RandomBytes
from pokea.redact import Secret
from pokea.storage.database import Database
from pokea.storage.sealing import Seal
from pokea.storage.sql import execute, fetch_one
from pokea.storage.statements import insert_new
from pokea.storage.tables import oauth_tokens

_PURPOSE: Final = "pokea oauth token"
_SPREAD: Final = 1_000_000


_columns = oauth_tokens.c
_OF_APP = _columns.app == bindparam("of_app")
_UNMOVED = and_(_OF_APP, _columns.generation == bindparam("seen"))
_OWN_LEASE = _columns.lease_until == bindparam("lease")
_ROW = select(_columns.generation, _columns.sealed, _columns.expires_at).where(_OF_APP)
_CLAIM = (
    update(oauth_tokens)
    .where(_UNMOVED, or_(_columns.lease_until <= bindparam("now"), _OWN_LEASE))
    .values(lease_until=bindparam("lease"))
)
_STORE = (
    update(oauth_tokens)
    .where(_UNMOVED)
    .values(
        generation=bindparam("next"),
        sealed=bindparam("new_sealed"),
        expires_at=bindparam("new_expires_at"),
        lease_until=0,
    )
)
_RELEASE = update(oauth_tokens).where(_UNMOVED, _OWN_LEASE).values(lease_until=0)


class _Stored(NamedTuple):
    """A row as it stands."""

    generation: int
    sealed: bytes | None
    expires_at: Instant


class DatabaseTokens:
    """The token store of one app (`Credentials.app_name`). What `previous_secret_key` sealed can still be opened."""

    def __init__(
        self,
        database: Database,
        app: str,
        secret_key: Secret,
        random_bytes: RandomBytes,
        previous_secret_key: Secret | None = None,
    ) -> None:
        self._database = database
        self._app = app
        self._random_bytes = random_bytes
        self._seal = Seal(_PURPOSE, secret_key, random_bytes, previous_secret_key)
        self._lease_until: Instant = 0

    async def current(self) -> StoredToken | None:
        """The newest generation; None before the first. One that cannot be opened ended in 1970."""
        row = await self._database.read_one(_row, self._app)
        if row is None or row.generation == 0:
            return None
        token = None if row.sealed is None else self._seal.open(self._app, row.sealed)
        return StoredToken(row.generation, token or Secret(""), row.expires_at if token is not None else 0)

    async def claim(self, seen_generation: int, now: Instant, lease_until: Instant) -> bool:
        """Whether the caller may refresh. Of any number of callers at once, one gets True."""
        # The odd microseconds distinguish this claim from others, so that a claim that is run again finds itself.
        wanted = lease_until + int.from_bytes(self._random_bytes(8), "big") % _SPREAD
        is_ours = await self._database.write(claim, self._app, seen_generation, now, wanted)
        if is_ours:
            self._lease_until = wanted
        return is_ours

    async def store(self, seen_generation: int, token: Secret, expires_at: Instant) -> bool:
        """Keep a token as the generation after `seen_generation`; False when the generation has moved meanwhile."""
        sealed = self._seal.close(self._app, token)
        return await self._database.write(store, self._app, seen_generation, sealed, expires_at)

    async def release(self, seen_generation: int) -> None:
        """Give up the lease of the last claim, if it still stands."""
        await self._database.write(release, self._app, seen_generation, self._lease_until)


def claim(connection: Connection, app: str, seen_generation: int, now: Instant, lease_until: Instant) -> bool:
    """A change: take the lease, if the generation has not moved and no other lease stands at `now`."""
    insert_new(
        connection,
        oauth_tokens,
        [{"app": app, "generation": 0, "sealed": None, "expires_at": 0, "lease_until": 0}],
    )
    wanted = {"of_app": app, "seen": seen_generation, "now": now, "lease": lease_until}
    return execute(connection, _CLAIM, wanted) == 1


def store(connection: Connection, app: str, seen_generation: int, sealed: bytes, expires_at: Instant) -> bool:
    """A change: keep the sealed token, if the generation has not moved; its own work already done counts as done."""
    kept = {"next": seen_generation + 1, "new_sealed": sealed, "new_expires_at": expires_at}
    execute(connection, _STORE, {"of_app": app, "seen": seen_generation} | kept)
    row = _row(connection, app)
    return row is not None and row.generation == seen_generation + 1 and row.sealed == sealed


def release(connection: Connection, app: str, seen_generation: int, lease_until: Instant) -> None:
    """A change: end the lease that ends at `lease_until`."""
    execute(connection, _RELEASE, {"of_app": app, "seen": seen_generation, "lease": lease_until})


def _row(connection: Connection, app: str) -> _Stored | None:
    row = fetch_one(connection, _ROW, {"of_app": app})
    return _Stored(*row) if row is not None else None
