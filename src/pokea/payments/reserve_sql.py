"""The SQL of a reserve, as each database takes it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from sqlalchemy import Connection

from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.operations.store import Payment
from pokea.payments import reserve_postgres, reserve_sqlite
from pokea.payments.limits import PromptLimit


class ReserveSql(Protocol):
    """Lock the payments in the way, lock bookings, make: in this order, inside one transaction."""

    def lock_conflicting(self, connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
        """The payments that these would meet, locked in the order of their ids: those that were live on their bookings
        and phones when this began, and themselves as far as they are made already."""

    def lock_bookings(self, connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
        """The bookings of these ids, locked in the order of their ids."""

    def count_prompts(
        self, connection: Connection, limits: Sequence[PromptLimit], now: Instant
    ) -> dict[str, tuple[int, Instant | None]]:
        """How many prompts there are behind each limit, by its name, and when the oldest of them was made. At most
        `limit.most` rows are counted: the oldest of these gives `Retry-After`."""

    def make(self, connection: Connection, requested: Sequence[Payment]) -> set[str]:
        """Insert and count the payments that no live one is in the way of; answers their ids."""


_SQL: Final[Mapping[str, ReserveSql]] = {"postgresql": reserve_postgres, "sqlite": reserve_sqlite}


def sql_for(connection: Connection) -> ReserveSql:
    """The SQL of this connection's database."""
    return _SQL[connection.dialect.name]
