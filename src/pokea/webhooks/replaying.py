"""Sending again, and sending after a break: which versions of which objects, and the rows that say so.

A row has the versions that are sent again besides what it waits for, and they go first: so the order per object holds.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, delete, func, insert, select, text, update

from pokea.clock import Instant
from pokea.errors import ApiError
from pokea.events.store import number_all, type_condition
from pokea.scope import Scope
from pokea.storage.sql import execute_many, fetch_one
from pokea.storage.statements import select_in
from pokea.storage.tables import deliveries, events
from pokea.storage.webhook_tables import IS_OUTSTANDING
from pokea.webhooks.batches import text_of_versions, versions_of_text
from pokea.webhooks.changes import locked_endpoint
from pokea.webhooks.following import find_followers
from pokea.webhooks.model import Endpoint, as_enabled
from pokea.webhooks.store import update_endpoint

MOST_REPLAYED: Final = 20_000
"""So many events are replayed by one call at most."""
FORGOTTEN_AT_ONCE: Final = 1_000

_pairs = deliveries.c
_WAITING: Final = select(func.count()).select_from(deliveries).where(text(IS_OUTSTANDING))
_PARKED: Final = select(func.count()).select_from(deliveries).where(_pairs.parked_at.is_not(None))
_AGAIN: Final = text(
    "update deliveries set again = :again, due_at = :now, attempts = 0, parked_at = null "
    "where endpoint_id = :of_endpoint and object_id = :of_object"
)


class ReplayRequest(NamedTuple):
    """Which events are sent again: those that happened from `since` until `until`, of these types, of these objects;
    None for any."""

    since: Instant | None = None
    until: Instant | None = None
    patterns: Sequence[str] | None = None
    objects: Sequence[str] | None = None


class ReplayCount(NamedTuple):
    """How many events are sent again, and of how many objects."""

    endpoint: Endpoint
    events: int
    objects: int


def replay(connection: Connection, scope: Scope, endpoint_id: str, wanted: ReplayRequest, now: Instant) -> ReplayCount:
    """A change: send these events to the endpoint again, as far as it subscribes to them.

    Raises ApiError `not_found`, or `invalid_request` for more than are replayed by one call.
    """
    endpoint = locked_endpoint(connection, scope, endpoint_id)
    number_all(connection, find_followers)
    return _sent_again(connection, endpoint, wanted, now)


def enable(connection: Connection, scope: Scope, endpoint_id: str, since: Instant | None, now: Instant) -> Endpoint:
    """A change: send to the endpoint again, what has happened from `since`, or, without it, all that waits.

    One that is enabled stays as it is. Raises ApiError as `replay` does.
    """
    endpoint = locked_endpoint(connection, scope, endpoint_id)
    if endpoint.disabled_at is None:
        return endpoint
    number_all(connection, find_followers)
    enabled = as_enabled(endpoint)
    update_endpoint(connection, enabled)
    own = update(deliveries).where(_pairs.endpoint_id == endpoint_id)
    if since is not None:
        connection.execute(own.values(acked_version=_pairs.wanted_version, again="", parked_at=None, attempts=0))
        _sent_again(connection, enabled, ReplayRequest(since=since), now)
    else:
        connection.execute(own.where(_pairs.parked_at.is_not(None)).values(parked_at=None, attempts=0))
        connection.execute(own.where(text(IS_OUTSTANDING)).values(due_at=now))
    return enabled


def forget_deliveries(connection: Connection, before: Instant, most: int = FORGOTTEN_AT_ONCE) -> int:
    """A change: forget pairs that wait for nothing and were last tried before an instant, and pings of that age; at
    most so many of each; answers how many."""
    old = select(_pairs.endpoint_id, _pairs.object_id).where(
        func.coalesce(_pairs.tried_at, _pairs.due_at) < before,
        _pairs.acked_version >= _pairs.wanted_version,
        _pairs.again == "",
    )
    found = connection.execute(old.limit(most)).all()
    for each in found:
        connection.execute(
            delete(deliveries).where(
                _pairs.endpoint_id == each.endpoint_id,
                _pairs.object_id == each.object_id,
                _pairs.acked_version >= _pairs.wanted_version,
            )
        )
    pings = select(events.c.object_id).where(events.c.sequence.is_(None), events.c.created_at < before).limit(most)
    gone = connection.execute(delete(events).where(events.c.object_id.in_(pings), events.c.sequence.is_(None)))
    return max(len(found), gone.rowcount)


def _sent_again(connection: Connection, endpoint: Endpoint, wanted: ReplayRequest, now: Instant) -> ReplayCount:
    found = connection.execute(_matching(endpoint, wanted).limit(MOST_REPLAYED + 1)).all()
    if len(found) > MOST_REPLAYED:
        says = f"That is more than {MOST_REPLAYED} events; narrow it down by `since`, `until`, `types` or `objects`."
        raise ApiError("invalid_request", says)
    versions: dict[str, list[int]] = {}
    for row in found:
        versions.setdefault(row.object_id, []).append(row.version)
    _add_missing_rows(connection, endpoint.id, versions, now)
    rows = []
    for row in _rows_of(connection, endpoint.id, versions):
        again = [*versions_of_text(row.again), *(each for each in versions[row.object_id] if each <= row.acked_version)]
        rows.append({"again": text_of_versions(again), "now": now, "of_endpoint": endpoint.id, "of_object": row[0]})
    execute_many(connection, _AGAIN, rows)
    return ReplayCount(endpoint, len(found), len(versions))


def _matching(endpoint: Endpoint, wanted: ReplayRequest) -> Select[Any]:
    columns = events.c
    chosen = select(columns.object_id, columns.version).where(
        columns.merchant_id == endpoint.merchant_id,
        columns.sequence.is_not(None),
        columns.object_id != endpoint.id,
        type_condition(endpoint.patterns),
    )
    if wanted.since is not None:
        chosen = chosen.where(columns.created_at >= wanted.since)
    if wanted.until is not None:
        chosen = chosen.where(columns.created_at <= wanted.until)
    if wanted.patterns is not None:
        chosen = chosen.where(type_condition(wanted.patterns))
    if wanted.objects is not None:
        chosen = chosen.where(columns.object_id.in_(list(wanted.objects)))
    return chosen.order_by(columns.object_id, columns.version)


def _add_missing_rows(connection: Connection, endpoint_id: str, versions: dict[str, list[int]], now: Instant) -> None:
    """Rows of objects that this endpoint was sent nothing of: nothing that is not replayed is sent of these."""
    known = {row.object_id for row in _rows_of(connection, endpoint_id, versions)}
    rows = [
        {
            "endpoint_id": endpoint_id, "object_id": each, "acked_version": versions[each][-1],
            "wanted_version": versions[each][-1], "again": "", "due_at": now, "attempts": 0,
        }
        for each in sorted(versions) if each not in known
    ]  # fmt: skip
    execute_many(connection, insert(deliveries), rows)


def _rows_of(connection: Connection, endpoint_id: str, object_ids: Collection[str]) -> list[Any]:
    selected = (_pairs.object_id, _pairs.acked_version, _pairs.again, _pairs.endpoint_id)
    found = select_in(connection, selected, _pairs.object_id, object_ids)
    return [row for row in found if row.endpoint_id == endpoint_id]


def count_waiting(connection: Connection) -> tuple[int, int]:
    """How many pairs wait for a delivery, and how many are parked."""
    waiting, parked = fetch_one(connection, _WAITING), fetch_one(connection, _PARKED)
    return int(waiting[0] if waiting else 0), int(parked[0] if parked else 0)
