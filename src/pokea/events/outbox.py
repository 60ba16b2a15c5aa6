"""What happened, written in the transaction in which it happened, and told after the commit."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection

from pokea.clock import Instant
from pokea.storage.statements import insert_new
from pokea.storage.tables import outbox


class Event(Struct, frozen=True):
    """A payment reached a version. `kind` is such as `payment.completed`; the order of versions is that of telling."""

    payment_id: str
    version: int
    kind: str
    created_at: Instant


def add(connection: Connection, events: Sequence[Event]) -> None:
    """Write the events; one that is there already stays as it is."""
    insert_new(connection, outbox, [asdict(event) for event in events])
