"""The one door (law: settler): a batch of what arrived becomes rows, receipts, postings and events in one transaction.

    lock the operations → read their evidence → own receipts and lock parents → decide → write

Each step is one statement a batch, not one a row, and what is decided between the steps is decided by pure functions.
Payments are locked in the order of their ids and their bookings after them, so that two batches wait for each other and
never in a circle. Two outcomes of one payment, and two payments of one booking, end inside one batch as they would one
by one: the rows are functions of sets, and what completes is ranked by booking before money is moved. Every step may be
run again on work that is already done.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from pokea.alerts.alert import Alert, AlertCode, raise_alerts
from pokea.analytics.counting import deltas
from pokea.clock import Instant
from pokea.events.outbox import Event
from pokea.operations import store
from pokea.operations.arrivals import (
    Batch,
    alerts_of_strangers,
    batch_of,
    digests_of,
    identify,
    keep,
    owners_of,
    proved_by_address,
)
from pokea.operations.changes import ChangeSet, Raised
from pokea.operations.decision import Classified, Flag, Status, classify, decide_classified
from pokea.operations.dialects import SettleSql, sql_for
from pokea.operations.evidence import Delivery, Evidence, receipt_dispute
from pokea.operations.flow import Effects, Flow, LockedParents
from pokea.operations.payment_events import event_of, type_of_change
from pokea.operations.rules import PushRules
from pokea.operations.schedule import may_expedite, next_action_at
from pokea.operations.store import Payment
from pokea.storage import tables
from pokea.storage.column_marks import DERIVED, SCHEDULE, columns_of


class Change(NamedTuple):
    """An operation's row has changed: published to pages and workers once it is durable.

    `event` is the outbox's type where the change can be seen from outside; `next_action_at` is when to look again;
    `reason` is why no money came.
    """

    operation_id: str
    version: int
    event: str | None
    next_action_at: Instant | None
    reason: str | None = None


R = TypeVar("R")


class Settled(NamedTuple, Generic[R]):
    """What a batch did.

    `changes` are published after the commit, `disputed` names operations that now have evidence to be applied, `rows`
    are the operations that evidence was submitted for, as they are now, `owners` has the operation of each callback
    token that is one's, and `raised` are the alerts that are new.
    """

    changes: list[Change]
    disputed: list[str]
    rows: dict[str, R]
    owners: Mapping[str, str]
    raised: Sequence[Alert] = ()


class PaymentSettling:
    """How payments are settled, with what is a payment's own."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    def settle(
        self, connection: Connection, arrived: Sequence[Delivery | Evidence], revisit: Sequence[str], now: Instant
    ) -> Settled[Payment]:
        """Settle what arrived, and what is stored of `revisit` and not applied."""
        return settle(connection, batch_of(arrived, now, revisit), self._flow)

    def store_alone(
        self, connection: Connection, arrived: Sequence[Delivery | Evidence], now: Instant
    ) -> Mapping[str, str]:
        """Keep it unapplied."""
        return store_alone(connection, batch_of(arrived, now), self._flow)

    def flag_stuck(self, connection: Connection, operation_ids: Sequence[str], now: Instant) -> list[Change]:
        """Flag payments whose evidence cannot be settled."""
        return flag_stuck(connection, operation_ids, now)

    def unapplied(self, connection: Connection, most: int) -> list[str]:
        """Payments with evidence that is stored and not applied."""
        return store.unapplied(connection, most)


def settle(connection: Connection, batch: Batch, flow: Flow) -> Settled[Payment]:
    """Settle the batch; answers what is to be done after the commit."""
    sql = sql_for(connection)
    named = {
        name
        for each in batch.deliveries
        if (name := each.reading.checkout_request_id) is not None and not each.only_of_owner
    }
    proved = proved_by_address(batch, flow)
    ids = {*batch.revisit, *proved.values(), *(item.operation_id for item in batch.evidence)}
    before = sql.lock(connection, ids, digests_of(batch), named)
    by_digest = {row.callback_digest: key for key, row in before.items() if row.callback_digest is not None}
    owners = owners_of(batch, proved, before, by_digest, flow)
    arrived, claims = identify(batch, owners)
    known = sql.evidence_of(connection, before)
    fresh, overflow = keep(flow.rules, before, known.items, arrived)
    classified, parents, disputes = _own(connection, sql, flow, before, known.items, batch.now)
    after = _decide_all(flow.rules, before, classified, known.items, now=batch.now)
    for key, payment in before.items():
        if (payment.request_id in named and key not in arrived) or key in overflow:
            after[key] = _with_claim(flow.rules, after[key], batch.now)
    effects = flow.effects(after, classified, parents, batch.now)
    after |= _with_effects(after, effects)
    store.add_claims(connection, [*claims, *chain.from_iterable(overflow.values())])
    # Others store evidence without the operation's lock: only what was read above is known to be in the row.
    changes, after = _write(connection, before, after, ChangeSet(fresh, disputes, known.unapplied), effects, batch.now)
    rows = {key: after[key] for item in batch.evidence if (key := item.operation_id) in after}
    raised = raise_alerts(connection, alerts_of_strangers(batch, owners), batch.now)
    return Settled(changes, [item.operation_id for item in disputes], rows, owners, raised)


def store_alone(connection: Connection, batch: Batch, flow: Flow) -> Mapping[str, str]:
    """Keep the batch's evidence unapplied: durable enough to acknowledge, to be settled later (law: settler, 4).

    Answers the operation of each callback token that is one's.
    """
    proved = proved_by_address(batch, flow)
    known = store.known_ids(connection, proved.values())
    by_digest = store.ids_by_callback_digest(connection, digests_of(batch))
    owners = owners_of(batch, proved, known, by_digest, flow)
    arrived, claims = identify(batch, owners)
    store.add_unapplied(connection, [item for items in arrived.values() for item in items])
    store.add_claims(connection, claims)
    raise_alerts(connection, alerts_of_strangers(batch, owners), batch.now)
    return owners


def flag_stuck(connection: Connection, operation_ids: Sequence[str], now: Instant) -> list[Change]:
    """Raise `stuck` on operations whose evidence cannot be settled, for a person to look at; answers the changes."""
    before = sql_for(connection).lock(connection, operation_ids, (), ())
    after = {key: row._replace(flags=row.flags_with((Flag.STUCK,))) for key, row in before.items()}
    changes, _ = _write(connection, before, after, ChangeSet(), Effects(), now)
    raise_alerts(connection, [_stuck(each.operation_id) for each in changes], now)
    return changes


def _stuck(operation_id: str) -> Alert:
    return Alert(
        AlertCode.PAYMENT_STUCK,
        operation_id,
        f"The evidence of payment {operation_id} cannot be settled. It is kept, and the payment is flagged `stuck`: "
        "look at the log for the reason.",
    )


def _disputes(
    wanted: Sequence[tuple[str, str]], owners: Mapping[str, str], now: Instant
) -> tuple[dict[str, set[str]], list[Evidence]]:
    """For each operation the receipts that it wants and another one owns, and the evidence of it for their owners.

    An owner's evidence of a dispute is applied when its own turn comes.
    """
    foreign: dict[str, set[str]] = defaultdict(set)
    disputes = []
    for receipt, operation_id in wanted:
        if owners[receipt] != operation_id:
            foreign[operation_id].add(receipt)
            disputes.append(receipt_dispute(owners[receipt], receipt, now))
    return foreign, disputes


def _own(
    connection: Connection,
    sql: SettleSql,
    flow: Flow,
    before: Mapping[str, Payment],
    items: Mapping[str, Sequence[Evidence]],
    now: Instant,
) -> tuple[dict[str, Classified], LockedParents, list[Evidence]]:
    """The evidence classified once receipts are owned and parents locked, and the new disputes about receipts."""
    classified = {key: classify(row.terms, items[key]) for key, row in before.items()}
    wanted = [(receipt, key) for key, each in classified.items() for receipt in each.wanted_receipts]
    parents = {parent for key, each in classified.items() for parent in flow.parents(before[key], each)}
    if not wanted and not parents:
        return classified, LockedParents({}, {}), []
    # Reversed, so that of two operations in one batch the first keeps a receipt that both want.
    owned = sql.own(connection, {receipt: before[key] for receipt, key in reversed(wanted)}, parents)
    foreign, disputes = _disputes(wanted, owned.receipts, now)
    for key, receipts in foreign.items():
        classified[key] = classify(before[key].terms, items[key], receipts)
    # Of two payments that each want the other's receipt, every settle of one would have the other settled, for ever.
    return classified, owned, store.new_disputes(connection, disputes)


def _decide_all(
    rules: PushRules,
    before: Mapping[str, Payment],
    classified: Mapping[str, Classified],
    items: Mapping[str, Sequence[Evidence]],
    *,
    now: Instant,
) -> dict[str, Payment]:
    """Each payment as its evidence makes it, and when it is next acted on."""
    after = {}
    for key, payment in before.items():
        decision = decide_classified(payment.terms, rules, classified[key])
        due_at = next_action_at(rules, decision, items[key], payment.inquiry_state)
        after[key] = store.with_decision(payment, decision, due_at, now)
    return after


def _with_claim(rules: PushRules, payment: Payment, now: Instant) -> Payment:
    """A claim brings an unfinished payment's inquiry forward (law: inquiries)."""
    if payment.status not in (Status.PENDING, Status.FAILED):
        return payment
    if not may_expedite(rules, payment.last_inquiry_at, payment.inquiry_requested_at, now):
        return payment
    return payment._replace(inquiry_requested_at=now, is_open=True)


def _with_effects(after: Mapping[str, Payment], effects: Effects) -> dict[str, Payment]:
    return {
        key: after[key]._replace(
            disposition=disposition, flags=after[key].flags_with(effects.flags.get(key, frozenset()))
        )
        for key, disposition in effects.dispositions.items()
    }


def _fields(*names: str) -> "itemgetter[tuple[Any, ...]]":
    """Reads these fields of a Payment: by their places, since it is done for each row of each batch."""
    return itemgetter(*map(Payment._fields.index, names))


_wide: Final = _fields(*columns_of(tables.payments, DERIVED))
_schedule: Final = _fields(*columns_of(tables.open_payments, SCHEDULE), "status", "request_id")


class _Compared(NamedTuple):
    """What a batch changes of its rows: what is written, what is published, and the rows with their new versions."""

    written: ChangeSet
    changes: list[Change]
    rows: dict[str, Payment]


def _write(
    connection: Connection,
    before: Mapping[str, Payment],
    after: Mapping[str, Payment],
    arrived: ChangeSet,
    effects: Effects,
    now: Instant,
) -> tuple[list[Change], dict[str, Payment]]:
    """Write what has changed and what follows from it; answers the changes, and the rows as they are now.

    Raises ValueError, for the transaction to end, if the fee of a locked booking is not what it was.
    """
    compared = _compare(before, after, now)
    whole = replace(
        compared.written,
        evidence=arrived.evidence,
        disputes=arrived.disputes,
        applied=arrived.applied,
        postings=effects.postings,
        transitions=effects.transitions,
        counts=deltas((before[row.id], row) for row in compared.written.changed),
    )
    made = sql_for(connection).write(connection, whole)
    if made != len(effects.transitions):
        raise ValueError(f"{len(effects.transitions) - made} of {len(effects.transitions)} fees have changed meanwhile")
    return compared.changes, compared.rows


def _compare(before: Mapping[str, Payment], after: Mapping[str, Payment], now: Instant) -> _Compared:
    changed: list[Payment] = []
    opened: list[Payment] = []
    closed: list[str] = []
    flags: list[Raised] = []
    events: list[Event] = []
    changes: list[Change] = []
    rows = dict(after)
    for key, decided in after.items():
        was = before[key]
        if decided == was:
            continue
        row, version, event = decided, was.version, type_of_change(was, decided)
        if event is not None:
            version += 1
            row = rows[key] = decided._replace(version=version)
            events.append(event_of(row, event, now))
        is_closing = was.is_open and not row.is_open
        # How often it was asked about is kept in the wide row once the open one goes.
        if event is not None or is_closing or _wide(row) != _wide(was):
            changed.append(row)
        if row.is_open and (not was.is_open or _schedule(row) != _schedule(was)):
            opened.append(row)
        elif is_closing:
            closed.append(key)
        if row.flags != was.flags:
            flags.extend(Raised(key, flag.value, now) for flag in row.raised if flag not in was.raised)
        due_at = row.inquiry_requested_at or row.next_action_at
        changes.append(Change(key, version, event, due_at, row.failure_reason))
    written = ChangeSet(changed=changed, opened=opened, closed=closed, flags=flags, events=events)
    return _Compared(written, changes, rows)
