"""The SQL of a settle, as each database takes it."""

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from sqlalchemy import Connection

from pokea.operations import postgres, sqlite
from pokea.operations.changes import ChangeSet
from pokea.operations.flow import LockedParents
from pokea.operations.store import Known, Payment


class SettleSql(Protocol):
    """Lock, read, own, write: in this order, inside one transaction."""

    def lock(
        self, connection: Connection, ids: Collection[str], digests: Collection[bytes], requests: Collection[str]
    ) -> dict[str, Payment]:
        """The payments that are named by id, by the digest of a callback token or by Daraja's id, locked in order."""

    def evidence_of(self, connection: Connection, payment_ids: Collection[str]) -> Known:
        """All evidence of payments that are locked."""

    def own(self, connection: Connection, wanted: Mapping[str, Payment], booking_ids: Collection[str]) -> LockedParents:
        """Own the receipts that are free, then lock the bookings; `wanted` says which payment wants a receipt."""

    def write(self, connection: Connection, changes: ChangeSet) -> int:
        """Write it all; answers how many of the transitions were made."""


_SQL: Final[Mapping[str, SettleSql]] = {"postgresql": postgres, "sqlite": sqlite}


def sql_for(connection: Connection) -> SettleSql:
    """The SQL of this connection's database."""
    return _SQL[connection.dialect.name]
