"""The SQL of events: taking them out of the outbox, numbering them, and reading the list.

A number is given after the commit, by one transaction at a time, which holds the row of `event_stream`. So an event
that is committed later gets a larger number, a reader that has seen a number has seen all before it, and there is no
gap. Ids and times would not do: neither is in the order of the commits.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select, text, update

from pokea.clock import Instant
from pokea.events.numbering import NumberedEvent, numbered
from pokea.events.outbox import Event
from pokea.events.types import EVERYTHING
from pokea.scope import Scope
from pokea.storage.json_rows import insertion, run_text, to_json
from pokea.storage.sql import execute, execute_many, fetch_all, fetch_one
from pokea.storage.statements import insert_new
from pokea.storage.tables import event_stream, events, outbox

Follow = Callable[[Connection, Sequence[NumberedEvent]], None]
"""A change that follows from events in the transaction in which they get their numbers."""
FindFollow = Callable[[Connection], Follow | None]
"""What follows at present, as the transaction that gives the numbers finds it; None for nothing."""

MOST_NUMBERED: Final = 1_000
"""So many events of the outbox are looked at in one transaction."""
SEARCHED_TOGETHER: Final = 20_000
"""So many numbers are looked through for one page of events that are chosen by type or object."""

_STREAM_ID: Final = 1
_TAKING: Final = (
    "delete from outbox where object_id in (select object_id from outbox limit :most) "
    "returning object_id, version, merchant_id, type, created_at, data"
)
_TAKE: Final = text(_TAKING)
"""All versions of an object that are visible go together, so that a later one is never numbered first."""
_NUMBER: Final = text(
    f"with taken as ({_TAKING}), "  # noqa: S608 - both texts are ours
    "placed as (select taken.*, max(created_at) over (partition by object_id order by version) as reached_at "
    "from taken), "
    "given as (insert into events (object_id, version, merchant_id, type, created_at, data, sequence) "
    "select object_id, version, merchant_id, type, created_at, data, "
    ':last + row_number() over (order by reached_at, object_id collate "C", version) from placed returning sequence) '
    "select count(*) from given"
)
"""The same, numbered as `numbering.numbered` does and kept, by PostgreSQL alone: the rows need not come to us."""
_IS_ANY_WAITING: Final = select(outbox.c.version).limit(1)
_LAST: Final = select(event_stream.c.last_sequence).where(event_stream.c.id == _STREAM_ID)
_LOCK: Final = _LAST.with_for_update()
_LOCK_IF_FREE: Final = _LAST.with_for_update(skip_locked=True)
_GIVE: Final = update(event_stream).where(event_stream.c.id == _STREAM_ID).values(last_sequence=bindparam("given"))
_KEEP: Final = insertion("rows", events)
_FIRST: Final = select(func.min(events.c.sequence))
_OLDEST: Final = (
    select(events.c.sequence, events.c.created_at)
    .where(events.c.sequence.is_not(None))
    .order_by(events.c.sequence)
    .limit(bindparam("most"))
)
_FORGET: Final = events.delete().where(events.c.sequence <= bindparam("upto"))
_FORGOTTEN: Final = (
    update(event_stream)
    .where(event_stream.c.id == _STREAM_ID, event_stream.c.complete_since < bindparam("since"))
    .values(complete_since=bindparam("since"))
)


class Chosen(NamedTuple):
    """Which events are asked for: those after a number, of a type or a pattern such as `payment.*`, of one object."""

    after: int
    pattern: str | None
    object_id: str | None
    most: int


class EventPage(NamedTuple):
    """Events in the order of their numbers, the number from which to go on, and the last one that was given."""

    events: list[NumberedEvent]
    next_after: int
    latest: int


def is_any_waiting(connection: Connection) -> bool:
    """Whether the outbox holds an event without a number."""
    return fetch_one(connection, _IS_ANY_WAITING) is not None


def number_events(connection: Connection, find_follow: FindFollow | None, *, waits: bool = False) -> int | None:
    """A change: number what is committed, at most so many; answers how many events that were.

    While another transaction is at it: None, or the wait for its end if the caller `waits`.
    """
    last = _locked(connection, waits=waits)
    if last is None:
        return None
    follow = None if find_follow is None else find_follow(connection)
    if follow is None and connection.dialect.name == "postgresql":
        count: int = connection.execute(_NUMBER, {"most": MOST_NUMBERED, "last": last}).scalar_one()
    else:
        given = numbered([Event(*row) for row in connection.execute(_TAKE, {"most": MOST_NUMBERED})], last)
        _keep(connection, given)
        if follow is not None:
            follow(connection, given)
        count = len(given)
    if count:
        execute(connection, _GIVE, {"given": last + count})
    return count


def number_all(connection: Connection, find_follow: FindFollow | None) -> int:
    """A change: number everything that is committed now; answers the last number.

    Until this transaction ends no other gives a number, so what happens later has a larger one.
    """
    while number_events(connection, find_follow, waits=True):
        pass
    return last_sequence(connection)


def last_sequence(connection: Connection) -> int:
    """The last number that was given; 0 before the first."""
    row = fetch_one(connection, _LAST)
    return 0 if row is None else int(row[0])


def find_event(connection: Connection, object_id: str, version: int) -> Event | None:
    """The event of this version of an object, once it has its number."""
    found = select(*events.c).where(events.c.object_id == object_id, events.c.version == version)
    row = connection.execute(found).first()
    return None if row is None else Event(*row[:-1])


def list_events(connection: Connection, scope: Scope, chosen: Chosen) -> EventPage:
    """The merchant's events that are asked for."""
    # Read first: what is numbered meanwhile is left for the next page.
    latest = last_sequence(connection)
    (first,) = fetch_one(connection, _FIRST)
    after = max(chosen.after, (first or 1) - 1)
    upto = min(latest, after + SEARCHED_TOGETHER)
    page = select(*events.c).where(
        events.c.merchant_id == scope.merchant_id, events.c.sequence > after, events.c.sequence <= upto
    )
    if chosen.pattern is not None:
        page = page.where(type_condition([chosen.pattern]))
    if chosen.object_id is not None:
        page = page.where(events.c.object_id == chosen.object_id)
    rows = connection.execute(page.order_by(events.c.sequence).limit(chosen.most)).all()
    found = [NumberedEvent(*row) for row in rows]
    goes_on_at = found[-1].sequence if len(found) == chosen.most else max(upto, chosen.after)
    return EventPage(found, min(goes_on_at, max(latest, chosen.after)), latest)


def type_condition(patterns: Collection[str]) -> Any:
    """The condition that an event's type is chosen by one of the patterns."""
    if EVERYTHING in patterns:
        return events.c.type.is_not(None)
    begins = [events.c.type.startswith(each[:-1], autoescape=True) for each in patterns if each.endswith(EVERYTHING)]
    return or_(*begins, events.c.type.in_([each for each in patterns if not each.endswith(EVERYTHING)]))


def forget_events(connection: Connection, before: Instant, most: int, margin: Instant) -> int:
    """A change: forget the oldest events that happened before an instant, at most so many; answers how many.

    `margin` is how far the clocks of two processes may be apart.
    """
    oldest = fetch_all(connection, _OLDEST, {"most": most})
    old = [row for row in oldest if row.created_at < before]
    # By number, as the list is read: the first that is young enough keeps what comes after it.
    upto = next((row.sequence - 1 for row in oldest if row.created_at >= before), oldest[-1].sequence if oldest else 0)
    if not old or upto < oldest[0].sequence:
        return 0
    since = max(row.created_at for row in oldest if row.sequence <= upto) + margin
    execute(connection, _FORGOTTEN, {"since": since})
    return execute(connection, _FORGET, {"upto": upto})


def _locked(connection: Connection, *, waits: bool) -> int | None:
    row = fetch_one(connection, _LOCK if waits else _LOCK_IF_FREE)
    if row is None and not waits and fetch_one(connection, _LAST) is None:
        insert_new(connection, event_stream, [{"id": _STREAM_ID, "last_sequence": 0, "complete_since": 0}])
        row = fetch_one(connection, _LOCK_IF_FREE)
    return None if row is None else int(row[0])


def _keep(connection: Connection, given: Sequence[NumberedEvent]) -> None:
    if connection.dialect.name == "postgresql":
        run_text(connection, _KEEP, {"rows": to_json(given)})
    else:
        execute_many(connection, events.insert(), [each.as_row() for each in given])
