"""The body of an event: the same bytes each time that it is sent, because each is made of what was written. Pure."""

from typing import Any

import msgspec

from pokea.clock import iso
from pokea.events.outbox import Event
from pokea.events.types import object_of


def event_id(object_id: str, version: int) -> str:
    """The event's id, the same for ever: the receiver's key against duplicates (law: event types)."""
    return f"evt_{object_id}_{version}"


def body_of(event: Event, *, livemode: bool) -> bytes:
    """The body as compact JSON."""
    return msgspec.json.encode(body_fields(event, livemode=livemode))


def body_fields(event: Event, *, livemode: bool) -> dict[str, Any]:
    """The body's fields in their order."""
    identity = {"object": object_of(event.type), "id": event.object_id, "version": event.version}
    return {
        "type": event.type,
        "timestamp": iso(event.created_at),
        "data": identity | msgspec.json.decode(event.data),
        "livemode": livemode,
    }
