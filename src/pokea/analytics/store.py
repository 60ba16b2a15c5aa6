"""The SQL of counting: deltas are added with what they count, and nothing is updated there."""

from sqlalchemy import Connection, insert

from pokea.analytics.counting import Deltas
from pokea.storage.tables import counter_deltas, owner_deltas


def add(connection: Connection, batch: Deltas) -> None:
    """Add what a batch of changes counts, in the transaction that changes the rows."""
    if batch.owners:
        connection.execute(insert(owner_deltas), [row._asdict() for row in batch.owners])
    if batch.counters:
        connection.execute(insert(counter_deltas), [row._asdict() for row in batch.counters])
