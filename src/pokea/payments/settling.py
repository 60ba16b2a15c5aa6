"""The steps of a settle, as each database takes them."""

from collections.abc import Collection, Mapping
from typing import Final, Protocol

from sqlalchemy import Connection

from pokea.payments import on_postgres, on_sqlite
from pokea.payments.store import Known, Payment
from pokea.payments.writes import Owned, Writes


class Steps(Protocol):
    """Lock, read, own, write: in this order, inside one transaction."""

    def lock(
        self, connection: Connection, ids: Collection[str], digests: Collection[bytes], checkouts: Collection[str]
    ) -> dict[str, Payment]:
        """The payments that are named by id, by the digest of a callback token or by Daraja's id, locked in order."""

    def evidence_of(self, connection: Connection, payment_ids: Collection[str]) -> Known:
        """All evidence of payments that are locked."""

    def own(self, connection: Connection, wanted: Mapping[str, str], booking_ids: Collection[str]) -> Owned:
        """Own the receipts that are free, then lock the bookings; `wanted` says which payment wants a receipt."""

    def write(self, connection: Connection, writes: Writes) -> int:
        """Write it all; answers how many of the fees were unpaid and are held now."""


_STEPS: Final[Mapping[str, Steps]] = {"postgresql": on_postgres, "sqlite": on_sqlite}


def steps_of(connection: Connection) -> Steps:
    """The steps of this connection's database."""
    return _STEPS[connection.dialect.name]
