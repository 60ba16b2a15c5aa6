"""What came to the receivers against the list of events: in order, complete, signed, and nothing before its commit."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pokea.audit.rule import Violation
from pokea.events.types import is_chosen
from pokea.universe.plan import PlannedEndpoint

IN_ORDER: Final = "webhooks_in_order"
COMPLETE: Final = "webhooks_complete"


class Shelf:
    """An endpoint's receiver, and what it has taken: each object's versions in the order in which they first came.

    What has a number above `known_from` happened after the endpoint was made. `key` is None where the secret was in an
    answer that was lost.
    """

    def __init__(self, planned: PlannedEndpoint) -> None:
        self.planned = planned
        self.endpoint_id = ""
        self.known_from = 0
        self.key: bytes | None = None
        self.is_deleted = False
        self.versions: dict[str, list[int]] = {}
        self.faults: list[Violation] = []

    def take(self, object_id: str, version: int, *, is_signed: bool, is_committed: bool) -> None:
        """One message, at the moment at which it comes."""
        name = f"version {version} of {object_id} at {self.planned.host}"
        if not is_signed:
            self.faults.append(Violation("webhooks_signed", f"{name} is not signed with its secret"))
        if not is_committed:
            self.faults.append(Violation("webhooks_after_commit", f"{name} came, and is in no list of events"))
        versions = self.versions.setdefault(object_id, [])
        if version not in versions:
            versions.append(version)


class _Listed:
    """The events of the list by object: each version's type and number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.sequences: list[int] = []
        self.by_object: dict[str, dict[int, tuple[str, int]]] = {}
        rows = connection.execute(
            "select object_id, version, type, sequence from events where sequence is not null "
            "order by object_id, version"
        )
        for object_id, version, event_type, sequence in rows:
            self.sequences.append(sequence)
            self.by_object.setdefault(object_id, {})[version] = event_type, sequence


def told_versions(connection: sqlite3.Connection, shelves: Sequence[Shelf]) -> Iterator[Violation]:
    """Every version of every object came in order to each endpoint that lived to the end, and none is missing."""
    listed = _Listed(connection)
    if sorted(listed.sequences) != list(range(1, len(listed.sequences) + 1)):
        yield Violation("events_have_no_gap", f"the numbers of {len(listed.sequences)} events have a gap")
    for shelf in shelves:
        yield from shelf.faults
        yield from _in_order(shelf)
        if shelf.endpoint_id and not shelf.is_deleted:
            yield from _complete(shelf, listed.by_object)


def _in_order(shelf: Shelf) -> Iterator[Violation]:
    for object_id, versions in shelf.versions.items():
        if versions != sorted(versions):
            yield Violation(IN_ORDER, f"{object_id} came to {shelf.planned.host} in the order {versions}")


def _complete(shelf: Shelf, listed: Mapping[str, Mapping[int, tuple[str, int]]]) -> Iterator[Violation]:
    for object_id, versions in listed.items():
        chosen = [
            version
            for version, (event_type, sequence) in versions.items()
            if is_chosen(event_type, shelf.planned.types)
            and sequence > shelf.known_from
            and object_id != shelf.endpoint_id
        ]
        wanted = chosen[-1:] if shelf.planned.latest_only else chosen
        missing = [each for each in wanted if each not in shelf.versions.get(object_id, ())]
        if missing:
            yield Violation(COMPLETE, f"{missing} of {object_id} never came to {shelf.planned.host}")
