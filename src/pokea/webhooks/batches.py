"""What one process sends to one endpoint before it looks at the database again. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pokea.clock import Instant
from pokea.events.outbox import Event
from pokea.events.types import is_chosen
from pokea.webhooks.breaker import ATTEMPTS_TO_PARK, Attempted, row_pause
from pokea.webhooks.model import ALWAYS_SENT, Endpoint


class WaitingPair(NamedTuple):
    """A pair of which something is to be sent: the versions after `acked_version` up to `wanted_version`, and before
    those the ones that are sent `again`."""

    endpoint_id: str
    object_id: str
    acked_version: int
    wanted_version: int
    again: str
    attempts: int

    @property
    def repeats(self) -> list[int]:
        """The versions that are sent again, in their order."""
        return versions_of_text(self.again)

    @property
    def from_version(self) -> int:
        """The version after which events of it are looked for."""
        return min([*self.repeats, self.acked_version + 1]) - 1


class Lane(NamedTuple):
    """A pair and its events that are sent now, one after another in the order of their versions."""

    row: WaitingPair
    events: Sequence[Event]


class HookBatch(NamedTuple):
    """What is to be sent to an endpoint under one lease; a probe is one event."""

    endpoint: Endpoint
    lanes: Sequence[Lane]
    keys: Sequence[bytes]
    is_probe: bool


class Finished(NamedTuple):
    """A batch, and all that was attempted of it, in the order in which it ended.

    One that is not over is what has arrived of it so far: it is kept, and its endpoint is judged when it is over.
    """

    batch: HookBatch
    attempts: Sequence[Attempted]
    is_over: bool = True


class Kept(NamedTuple):
    """A pair's row after its attempts. `old_again` is what `again` replaces, unless it was replaced meanwhile."""

    endpoint_id: str
    object_id: str
    acked_version: int
    old_again: str
    again: str
    due_at: Instant
    attempts: int
    parked_at: Instant | None
    tried_at: Instant
    tried_version: int
    answer_status: int
    answer: str


def versions_of_text(text: str) -> list[int]:
    """Versions out of a row's text, with a comma between them."""
    return [int(each) for each in text.split(",") if each]


def text_of_versions(versions: Sequence[int]) -> str:
    """Versions as a row has them."""
    return ",".join(map(str, sorted(set(versions))))


def lane_of(row: WaitingPair, endpoint: Endpoint, found: Sequence[Event], *, is_probe: bool) -> Lane:
    """What of the events that were found, by version, is sent now; nothing where the endpoint wants none of them."""
    again = set(row.repeats)
    chosen = [
        each
        for each in found
        if (row.acked_version < each.version <= row.wanted_version or each.version in again)
        and (each.type in ALWAYS_SENT or is_chosen(each.type, endpoint.patterns))
    ]
    if endpoint.is_latest_only:
        chosen = chosen[-1:]
    return Lane(row, chosen[:1] if is_probe else chosen)


def arrived_of(batch: HookBatch, attempts: Sequence[Attempted]) -> Finished:
    """What has arrived of a batch that goes on. A row with versions that are sent again is kept when it is over, since
    what is left of these is told from what they were when it began."""
    repeated = {lane.row.object_id for lane in batch.lanes if lane.row.again}
    taken = [each for each in attempts if each.is_taken and each.object_id not in repeated]
    return Finished(batch, taken, is_over=False)


def kept_rows(finished: Finished, after: Endpoint, now: Instant) -> Iterator[Kept]:
    """The rows after a batch, given its endpoint after it, in the order of their keys."""
    by_object: dict[str, list[Attempted]] = {}
    for each in finished.attempts:
        by_object.setdefault(each.object_id, []).append(each)
    rows: Mapping[str, WaitingPair] = {lane.row.object_id: lane.row for lane in finished.batch.lanes}
    for object_id in sorted(by_object):
        yield _kept(rows[object_id], by_object[object_id], finished.batch.endpoint, after, now)


def _kept(row: WaitingPair, tried: Sequence[Attempted], before: Endpoint, after: Endpoint, now: Instant) -> Kept:
    taken = [each.version for each in tried if each.is_taken]
    last, attempts, parked_at, due_at = tried[-1], row.attempts, None, now
    again = [each for each in row.repeats if each not in taken]
    if taken and before.is_latest_only:
        again = [each for each in again if each > taken[-1]]
    if taken:
        attempts = 0
    if not last.is_taken:
        # While the endpoint takes nothing at all, that is no fault of this row's.
        attempts += not after.is_open and after.disabled_at is None
        due_at = now + row_pause(attempts)
        parked_at = now if attempts >= ATTEMPTS_TO_PARK else None
    return Kept(
        row.endpoint_id,
        row.object_id,
        max([row.acked_version, *taken]),
        row.again,
        text_of_versions(again),
        due_at,
        attempts,
        parked_at,
        last.at,
        last.version,
        last.status,
        last.says,
    )
