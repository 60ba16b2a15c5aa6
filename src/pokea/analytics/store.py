"""The SQL of counting: deltas are added with what they count, and nothing is updated there."""

from typing import Final

from sqlalchemy import Connection, insert

from pokea.analytics.counting import Deltas
from pokea.storage.sql import execute_many
from pokea.storage.tables import counter_deltas, owner_deltas

_ADD_OWNERS: Final = insert(owner_deltas)
_ADD_COUNTERS: Final = insert(counter_deltas)


def add(connection: Connection, batch: Deltas) -> None:
    """Add what a batch of changes counts, in the transaction that changes the rows."""
    execute_many(connection, _ADD_OWNERS, [row._asdict() for row in batch.owners])
    execute_many(connection, _ADD_COUNTERS, [row._asdict() for row in batch.counters])
