"""What happened, written in the transaction in which it happened; it is numbered and delivered after the commit."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, insert

from pokea.clock import Instant
from pokea.storage.sql import execute_many
from pokea.storage.tables import outbox

LONGEST_DATA_BYTES: Final = 3_600
"""Of an event's own part, so that its whole body has at most 4 kB (law: event types)."""

_INSERT: Final = insert(outbox)
_encode: Final = msgspec.json.Encoder().encode


class Event(Struct, frozen=True):
    """An object reached a version, and how it stood then.

    `type` is such as `payment.completed`. `data` is a JSON object with what `data` of the event's body holds besides
    the kind of the object, its id and its version: see `encode_state`.
    """

    object_id: str
    version: int
    merchant_id: int
    type: str
    created_at: Instant
    data: str


def encode_state(state: Struct) -> str:
    """An object's state as the `data` of an event. Raises ValueError for one that is too long for an event's body."""
    encoded = _encode(state)
    if len(encoded) > LONGEST_DATA_BYTES:
        raise ValueError(f"the state of an event has {len(encoded)} bytes; {LONGEST_DATA_BYTES} are allowed")
    return encoded.decode()


def add_events(connection: Connection, events: Sequence[Event]) -> None:
    """A change: write what has happened in this transaction."""
    execute_many(connection, _INSERT, [asdict(event) for event in events])
