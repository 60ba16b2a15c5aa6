"""What follows from events as they get their numbers: each endpoint that subscribes to one wants its version.

It is written in the transaction of the numbers (law: delivery queue). A pair of endpoint and object is one row, however
many changes wait; of a new row the versions before its first event are none that the endpoint wants.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, select, text

from pokea.clock import Instant
from pokea.events.numbering import NumberedEvent
from pokea.events.store import Follow
from pokea.events.types import is_chosen
from pokea.storage.json_rows import rows_of, run_text, to_json
from pokea.storage.sql import execute_many, fetch_all
from pokea.storage.tables import deliveries, endpoints

_COLUMNS: Final = ("endpoint_id", "object_id", "acked_version", "wanted_version", "due_at")
_FOLLOWERS: Final[Select[Any]] = select(endpoints.c.id, endpoints.c.merchant_id, endpoints.c.types)
_WANT: Final = """
insert into deliveries (endpoint_id, object_id, acked_version, wanted_version, again, due_at, attempts)
{values}
on conflict (endpoint_id, object_id) do update set
    acked_version = case when deliveries.acked_version < deliveries.wanted_version
        or deliveries.acked_version > excluded.acked_version
        then deliveries.acked_version else excluded.acked_version end,
    due_at = case when deliveries.acked_version < deliveries.wanted_version or deliveries.again <> ''
        then deliveries.due_at else excluded.due_at end,
    wanted_version = case when deliveries.wanted_version > excluded.wanted_version
        then deliveries.wanted_version else excluded.wanted_version end
"""
_WANT_ALL: Final = _WANT.format(
    values="select endpoint_id, object_id, acked_version, wanted_version, '', due_at, 0 from "
    + rows_of("rows", deliveries, _COLUMNS)
)
_WANT_ONE: Final = text(
    _WANT.format(values="values (:endpoint_id, :object_id, :acked_version, :wanted_version, '', :due_at, 0)")
)


class Wanted(NamedTuple):
    """The versions of an object that an endpoint wants: those after `acked_version`, up to `wanted_version`."""

    endpoint_id: str
    object_id: str
    acked_version: int
    wanted_version: int
    due_at: Instant


class Follower(NamedTuple):
    """An endpoint, and the patterns of the types that it subscribes to; disabled ones are followers, too, so that
    nothing is lost meanwhile."""

    endpoint_id: str
    merchant_id: int
    patterns: Sequence[str]

    def wants(self, event: NumberedEvent) -> bool:
        """Whether the event is to be sent to it; what happened to itself never is."""
        return (
            event.merchant_id == self.merchant_id
            and event.object_id != self.endpoint_id
            and is_chosen(event.type, self.patterns)
        )


def wanted_of(followers: Iterable[Follower], given: Sequence[NumberedEvent]) -> Iterator[Wanted]:
    """What the endpoints want of these events: one value for each endpoint and object, in the order of the keys."""
    for follower in sorted(followers):
        objects: dict[str, Wanted] = {}
        for event in filter(follower.wants, given):
            known = objects.get(event.object_id)
            objects[event.object_id] = (
                Wanted(follower.endpoint_id, event.object_id, event.version - 1, event.version, event.created_at)
                if known is None
                else known._replace(
                    acked_version=min(known.acked_version, event.version - 1),
                    wanted_version=max(known.wanted_version, event.version),
                )
            )
        yield from (objects[each] for each in sorted(objects))


def find_followers(connection: Connection) -> Follow | None:
    """What follows from events at present: that the endpoints want what they subscribe to; nothing without any."""
    followers = [Follower(row.id, row.merchant_id, row.types.split(" ")) for row in fetch_all(connection, _FOLLOWERS)]
    if not followers:
        return None
    return lambda at, given: want(at, list(wanted_of(followers, given)))


def want(connection: Connection, wanted: Sequence[Wanted]) -> None:
    """A change: let endpoints want versions. A row that waits for earlier ones goes on waiting for those first."""
    if not wanted:
        return
    if connection.dialect.name == "postgresql":
        run_text(connection, _WANT_ALL, {"rows": to_json([each._asdict() for each in wanted])})
    else:
        execute_many(connection, _WANT_ONE, [each._asdict() for each in wanted])
