"""Events for the tests that need some."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from pokea.clock import SECOND, Instant
from pokea.events.numbering import NumberedEvent
from pokea.events.outbox import Event, add_events
from pokea.events.store import number_all
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables
from pokea.storage.database import Database

AT = 1_738_000_000 * SECOND


def event(object_id: str, version: int = 1, event_type: str = "payment.pending", at: Instant = AT) -> Event:
    """An event of this version of an object."""
    return Event(object_id, version, DEFAULT_SCOPE.merchant_id, event_type, at, '{"status":"pending"}')


def happen(database: Database, *events: Event) -> None:
    """Commit these events together."""
    with database.engine.begin() as connection:
        add_events(connection, events)


def number(database: Database) -> int:
    """Number everything that is committed; answers the last number."""
    with database.engine.begin() as connection:
        return number_all(connection, None)


def listed(connection: Connection) -> list[NumberedEvent]:
    """The whole list."""
    columns = tables.events.c
    rows: Iterable[Any] = connection.execute(select(*columns).order_by(columns.sequence))
    return [NumberedEvent(*row) for row in rows]


def list_of(database: Database) -> list[tuple[int, str, int]]:
    """Number, object and version of each event in the list."""
    with database.engine.connect() as connection:
        return [(each.sequence, each.object_id, each.version) for each in listed(connection)]
