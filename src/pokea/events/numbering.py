"""In which order events that are committed get their numbers. Pure."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec.structs import asdict

from pokea.clock import Instant
from pokea.events.outbox import Event


class NumberedEvent(Event, frozen=True):
    """An event with its place in the list of all events; the numbers have no gap."""

    sequence: int

    def as_row(self) -> dict[str, Any]:
        """The row in `events`."""
        return asdict(self)


def numbered(taken: Collection[Event], last: int) -> list[NumberedEvent]:
    """The events with the numbers after `last`.

    They are in the order of their times as far as the versions of each object allow: the clocks of two processes
    differ, and a later version may bear an earlier time.
    """
    ordered = in_order(taken)
    return [NumberedEvent(**asdict(event), sequence=place) for place, event in enumerate(ordered, last + 1)]


def in_order(taken: Collection[Event]) -> Sequence[Event]:
    """The events by time, but each object's by version; of one time, by the objects' ids."""
    newest: dict[str, Instant] = {}
    keyed: list[tuple[Instant, str, int, Event]] = []
    for event in sorted(taken, key=lambda each: (each.object_id, each.version)):
        at = newest[event.object_id] = max(event.created_at, newest.get(event.object_id, event.created_at))
        keyed.append((at, event.object_id, event.version, event))
    return [event for *_, event in sorted(keyed, key=lambda each: each[:3])]
