"""The steps of a settle and of a reserve, as each database takes them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from sqlalchemy import Connection

from pokea.bookings.store import Booking
from pokea.operations import postgres, sqlite
from pokea.operations.changes import ChangeSet, LockedParents
from pokea.operations.store import Known, Payment


class SettleSql(Protocol):
    """Lock, read, own, write; or lock what is met, lock bookings, make: in this order, inside one transaction."""

    def lock(
        self, connection: Connection, ids: Collection[str], digests: Collection[bytes], checkouts: Collection[str]
    ) -> dict[str, Payment]:
        """The payments that are named by id, by the digest of a callback token or by Daraja's id, locked in order."""

    def evidence_of(self, connection: Connection, payment_ids: Collection[str]) -> Known:
        """All evidence of payments that are locked."""

    def own(self, connection: Connection, wanted: Mapping[str, str], booking_ids: Collection[str]) -> LockedParents:
        """Own the receipts that are free, then lock the bookings; `wanted` says which payment wants a receipt."""

    def write(self, connection: Connection, writes: ChangeSet) -> int:
        """Write it all; answers how many of the fees were unpaid and are held now."""

    def lock_conflicting(self, connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
        """The payments that these would meet, locked in the order of their ids: those that were live on their bookings
        and phones when this began, and themselves as far as they are made already."""

    def lock_bookings(self, connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
        """The bookings of these ids, locked in the order of their ids."""

    def make(self, connection: Connection, requested: Sequence[Payment]) -> set[str]:
        """Insert and count the payments that no live one is in the way of; answers their ids."""


_STEPS: Final[Mapping[str, SettleSql]] = {"postgresql": postgres, "sqlite": sqlite}


def sql_for(connection: Connection) -> SettleSql:
    """The steps of this connection's database."""
    return _STEPS[connection.dialect.name]
