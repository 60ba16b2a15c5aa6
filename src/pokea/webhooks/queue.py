"""The SQL of the delivery queue: one turn of a process keeps what it has sent, and takes what it sends next.

An endpoint is leased by one process at a time, so at most one delivery of a pair is in flight. What a process that
died had taken falls due again when its lease ends. A turn may be run again: its lease has a name of its own, by which
it finds what it has taken, and what an earlier run has kept is not judged twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, exists, or_, select, text, update

from pokea.alerts.alert import Alert, AlertCode, raise_alerts
from pokea.clock import SECOND, Instant
from pokea.events.outbox import Event, add_events
from pokea.storage.json_rows import run_text, to_json
from pokea.storage.sql import execute, execute_many, fetch_all, fetch_one
from pokea.storage.tables import deliveries, endpoints
from pokea.storage.webhook_tables import IS_OUTSTANDING
from pokea.webhooks.batches import Finished, HookBatch, Kept, WaitingPair, kept_rows, lane_of
from pokea.webhooks.breaker import judged
from pokea.webhooks.model import Endpoint, event_of_endpoint
from pokea.webhooks.store import SealedSecret, secrets_of

LEASE: Final[Instant] = 25 * SECOND
MOST_ROWS: Final = 32
"""So many pairs of one endpoint are one batch at most."""

_pairs, _places = deliveries.c, endpoints.c
_ROW: Final = "endpoint_id, object_id, acked_version, wanted_version, again, attempts"
_OWN: Final = (_pairs.endpoint_id == _places.id, text(IS_OUTSTANDING))
_FREE: Final = (
    _places.disabled_at.is_(None),
    _places.lease_until <= bindparam("now"),
    _places.held_until <= bindparam("now"),
    or_(
        (_places.probes == 0)
        & exists(select(_pairs.object_id).where(*_OWN, _pairs.due_at <= bindparam("now"))).correlate(endpoints),
        (_places.probes > 0)
        & (_places.probe_at <= bindparam("now"))
        & exists(select(_pairs.object_id).where(*_OWN)).correlate(endpoints),
    ),
)
_IS_ANY_FREE: Final = select(_places.id).where(*_FREE).limit(1)
_TAKE: Final = (
    select(endpoints).where(*_FREE).order_by(_places.lease_until, _places.id).with_for_update(skip_locked=True)
)
_TAKEN: Final = select(endpoints).where(_places.lease == bindparam("of_lease")).order_by(_places.id)
_LOCK: Final = select(endpoints).where(_places.id == bindparam("of_id")).with_for_update()
_LEASE: Final = (
    update(endpoints)
    .where(_places.id == bindparam("of_id"))
    .values(lease=bindparam("new_lease"), lease_until=bindparam("until"))
)
_JUDGE: Final = (
    update(endpoints)
    .where(_places.id == bindparam("of_id"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                *("disabled_at", "reason", "times_disabled", "failures", "probes", "probe_at"),
                *("failing_since", "held_until", "window", "lease", "lease_until"),
            )
        }
    )
)
_ROWS: Final = text(
    f"select {_ROW} from deliveries where endpoint_id = :of_endpoint and {IS_OUTSTANDING} and due_at <= :until "
    "order by due_at, object_id limit :most"
)
_EVENT: Final = "e.object_id, e.version, e.merchant_id, e.type, e.created_at, e.data"
_EVENTS_POSTGRES: Final = (
    f"select {_EVENT} from json_to_recordset(%(rows)s::json) as given(object_id text, after integer, upto integer) "
    "join events e on e.object_id = given.object_id and e.version > given.after and e.version <= given.upto "
    "order by e.object_id, e.version"
)
_EVENTS_SQLITE: Final = text(
    f"select {_EVENT} from json_each(:rows) given cross join events e on "
    "e.object_id = json_extract(given.value, '$.object_id') and e.version > json_extract(given.value, '$.after') "
    "and e.version <= json_extract(given.value, '$.upto') order by e.object_id, e.version"
)
_KEEP: Final = """
update deliveries set
    acked_version = case when deliveries.acked_version < {acked_version} then {acked_version}
        else deliveries.acked_version end,
    again = case when deliveries.again = {old_again} then {again} else deliveries.again end,
    due_at = {due_at}, attempts = {attempts}, parked_at = {parked_at}, tried_at = {tried_at},
    tried_version = {tried_version}, answer_status = {answer_status}, answer = {answer}
"""
_KEPT_TYPES: Final = {
    "acked_version": "integer",
    "due_at": "bigint",
    "attempts": "integer",
    "parked_at": "bigint",
    "tried_at": "bigint",
    "tried_version": "integer",
    "answer_status": "integer",
}
_KEEP_POSTGRES: Final = (
    _KEEP.format(**{name: f"given.{name}" for name in Kept._fields})
    + "from json_to_recordset(%(rows)s::json) as given("
    + ", ".join(f"{name} {_KEPT_TYPES.get(name, 'text')}" for name in Kept._fields)
    + ") where deliveries.endpoint_id = given.endpoint_id and deliveries.object_id = given.object_id"
)
_KEEP_SQLITE: Final = text(
    _KEEP.format(**{name: f":{name}" for name in Kept._fields})
    + "where endpoint_id = :endpoint_id and object_id = :object_id"
)
_PASS_OVER: Final = (
    update(deliveries)
    .where(_pairs.endpoint_id == bindparam("of_endpoint"), _pairs.object_id == bindparam("of_object"))
    .values(acked_version=_pairs.wanted_version, again="")
)
_ALL_DUE: Final = text(
    f"update deliveries set due_at = :now where endpoint_id = :of_endpoint and {IS_OUTSTANDING} and due_at > :now"
)
_FOREVER: Final = 2**62


class TurnPlan(NamedTuple):
    """What a process brings to a turn: the name of the lease that it takes, what it has finished, how many more
    deliveries it may have in flight, and what it needs to judge: keys out of secrets, and chance."""

    lease: str
    finished: Sequence[Finished]
    room: int
    open_secret: Callable[[SealedSecret], bytes | None]
    chance: Callable[[], float]


class Turned(NamedTuple):
    """What a turn has taken, the alerts that it raised, and whether an event waits for its number."""

    batches: Sequence[HookBatch]
    alerts: Sequence[Alert]
    has_events: bool


def is_any_free(connection: Connection, now: Instant) -> bool:
    """Whether there is something to send for a process that takes it."""
    return fetch_one(connection, _IS_ANY_FREE, {"now": now}) is not None


def take_turn(connection: Connection, plan: TurnPlan, now: Instant) -> Turned:
    """A change: keep what was sent, and take what is sent next."""
    disabled = [each for finished in _in_order(plan.finished) for each in _keep(connection, finished, plan, now)]
    add_events(connection, [event_of_endpoint(each, now) for each in disabled])
    alerts = raise_alerts(connection, [_alert_of(each) for each in disabled], now)
    return Turned(_take(connection, plan, now), alerts, bool(disabled))


def _in_order(finished: Sequence[Finished]) -> Sequence[Finished]:
    """By endpoint, so that two processes never wait for each other in a circle."""
    return sorted(finished, key=lambda each: each.batch.endpoint.id)


def _keep(connection: Connection, finished: Finished, plan: TurnPlan, now: Instant) -> Sequence[Endpoint]:
    """Keep what came of a batch; answers its endpoint if that is disabled by it."""
    leased = finished.batch.endpoint
    row = fetch_one(connection, _LOCK, {"of_id": leased.id})
    if row is None:
        return []
    endpoint = Endpoint(*row)
    if not finished.is_over or endpoint.lease != leased.lease or endpoint.disabled_at is not None:
        # It goes on, its lease has ended, or an earlier run of this turn was made after all: only what arrived counts.
        arrived = finished._replace(attempts=[each for each in finished.attempts if each.is_taken])
        _keep_rows(connection, list(kept_rows(arrived, endpoint, now)))
        return []
    after = judged(endpoint, finished.attempts, now, plan.chance, is_probe=finished.batch.is_probe)
    _keep_rows(connection, list(kept_rows(finished, after, now)))
    if endpoint.is_open and not after.is_open and after.disabled_at is None:
        execute(connection, _ALL_DUE, {"of_endpoint": endpoint.id, "now": now})
    execute(connection, _JUDGE, _judgement(after._replace(lease=None, lease_until=now)))
    return [after] if after.disabled_at is not None else []


def _judgement(endpoint: Endpoint) -> Mapping[str, Any]:
    named = {f"new_{name}": value for name, value in endpoint._asdict().items()}
    for name in ("id", "merchant_id", "url", "types", "description", "is_latest_only", "created_at"):
        del named[f"new_{name}"]
    return {"of_id": endpoint.id, **named}


def _keep_rows(connection: Connection, rows: Sequence[Kept]) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        run_text(connection, _KEEP_POSTGRES, {"rows": to_json([each._asdict() for each in rows])})
    else:
        execute_many(connection, _KEEP_SQLITE, [each._asdict() for each in rows])


def _take(connection: Connection, plan: TurnPlan, now: Instant) -> list[HookBatch]:
    taken = [Endpoint(*row) for row in fetch_all(connection, _TAKEN, {"of_lease": plan.lease})]
    if not taken and plan.room > 0:
        taken = _leased(connection, plan, now)
    if not taken:
        return []
    rows = {each.id: _rows_of(connection, each, now) for each in taken}
    found = _events_of(connection, [row for each in rows.values() for row in each])
    keys: dict[str, list[bytes]] = {}
    for secret in secrets_of(connection, [each.id for each in taken], now):
        key = plan.open_secret(secret)
        if key is not None:
            keys.setdefault(secret.endpoint_id, []).append(key)
    batches = []
    for endpoint in taken:
        lanes = [
            lane_of(row, endpoint, found.get(row.object_id, ()), is_probe=endpoint.is_open) for row in rows[endpoint.id]
        ]
        _pass_over(connection, [lane.row for lane in lanes if not lane.events])
        lanes = [lane for lane in lanes if lane.events]
        batches.append(HookBatch(endpoint, lanes, keys.get(endpoint.id, []), endpoint.is_open))
    return batches


def _leased(connection: Connection, plan: TurnPlan, now: Instant) -> list[Endpoint]:
    """Lease the endpoints that have something to send, those that waited longest first, as far as there is room."""
    taken, room = [], plan.room
    for row in fetch_all(connection, _TAKE, {"now": now}):
        endpoint = Endpoint(*row)
        if room <= 0:
            break
        room -= endpoint.window
        execute(connection, _LEASE, {"of_id": endpoint.id, "new_lease": plan.lease, "until": now + LEASE})
        taken.append(endpoint._replace(lease=plan.lease, lease_until=now + LEASE))
    return taken


def _rows_of(connection: Connection, endpoint: Endpoint, now: Instant) -> list[WaitingPair]:
    """The rows that have waited longest; of an open breaker the one, whatever pause it has."""
    until, most = (_FOREVER, 1) if endpoint.is_open else (now, MOST_ROWS)
    values = {"of_endpoint": endpoint.id, "until": until, "most": most}
    return [WaitingPair(*row) for row in connection.execute(_ROWS, values)]


def _events_of(connection: Connection, rows: Sequence[WaitingPair]) -> Mapping[str, Sequence[Event]]:
    """The events of these rows' objects, by version; of an object in several rows those of all of them."""
    spans: dict[str, tuple[int, int]] = {}
    for row in rows:
        after, upto = spans.get(row.object_id, (row.from_version, row.wanted_version))
        spans[row.object_id] = min(after, row.from_version), max(upto, row.wanted_version)
    given = to_json([{"object_id": name, "after": after, "upto": upto} for name, (after, upto) in spans.items()])
    if connection.dialect.name == "postgresql":
        found: Collection[Any] = run_text(connection, _EVENTS_POSTGRES, {"rows": given}).fetchall()
    else:
        found = connection.execute(_EVENTS_SQLITE, {"rows": given}).all()
    by_object: dict[str, list[Event]] = {}
    for row in found:
        by_object.setdefault(row[0], []).append(Event(*row))
    return by_object


def _pass_over(connection: Connection, rows: Sequence[WaitingPair]) -> None:
    execute_many(
        connection, _PASS_OVER, [{"of_endpoint": each.endpoint_id, "of_object": each.object_id} for each in rows]
    )


def _alert_of(endpoint: Endpoint) -> Alert:
    why = "it answered 410" if endpoint.reason == "gone" else "it has failed for five days"
    return Alert(
        AlertCode.ENDPOINT_DISABLED,
        endpoint.id,
        f"Nothing is sent to {endpoint.url} any more, because {why}. What happens waits: enable it when it works "
        f"(POST /api/v1/webhooks/{endpoint.id}/enable), or delete it.",
    )
