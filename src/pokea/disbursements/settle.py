"""The door of money out: what arrived becomes rows, receipts, postings and events in one transaction (law: settler).

    lock disbursements and their attempts → read the evidence → own receipts → decide → follow → write

It has the shape of the settle of payments. Its batches are small, so each step is a statement or a few, and what is
decided between them is decided by pure functions. Every step may be run again on work that is already done.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert

from pokea.clock import Instant
from pokea.disbursements import store
from pokea.disbursements.consequences import Consequences
from pokea.disbursements.decision import AttemptDecision, classify_attempt, decide_classified_attempt
from pokea.disbursements.effects import OutEffects, follow
from pokea.disbursements.events import event_of_disbursement
from pokea.disbursements.evidence import ASIDE, OutDelivery, OutEvidence, OutSource, Purpose, delivered
from pokea.disbursements.model import AttemptStatus, Disbursement, OutAttempt, OutFlag
from pokea.disbursements.rules import MONEY_OUT
from pokea.disbursements.schedule import AskedSoFar, next_action_at
from pokea.events.outbox import Event, add_events
from pokea.ledger.entries import Posting
from pokea.operations.settle import Change, Settled
from pokea.operations.tokens import callback_digest
from pokea.storage.tables import postings

BODIES_KEPT = 100
"""Bodies kept of one address, whatever they say; more of them are not kept, and Daraja is asked anyway. Each address
has its own: notices that no question is answered take no room from the Result."""
_BODIES = frozenset({OutSource.RESULT, OutSource.STATUS_ANSWER, OutSource.TIMEOUT_NOTICE})


class _Arrived(NamedTuple):
    """What arrived for each attempt, what is about none, and the owner of each token that is one's."""

    evidence: dict[str, list[OutEvidence]]
    aside: list[OutEvidence]
    owners: dict[str, str]


class OutSettling:
    """How attempts are settled. `consequences` is what the rest of the house makes of them."""

    def __init__(self, consequences: Consequences) -> None:
        self._consequences = consequences

    def settle(
        self,
        connection: Connection,
        arrived: Sequence[OutDelivery | OutEvidence],
        revisit: Sequence[str],
        now: Instant,
    ) -> Settled[OutAttempt]:
        """Settle what arrived, and what is stored of `revisit` and not applied."""
        found = _identify(connection, arrived)
        store.add_evidence(connection, found.aside, applied=True)
        self._consequences.balances(connection, found.aside, now)
        ids = {*found.evidence, *revisit}
        parents = store.lock_disbursements(connection, store.disbursements_of(connection, ids))
        before = store.lock_attempts(connection, ids)
        known = store.evidence_of_attempts(connection, before)
        fresh = _keep(known.items, {key: items for key, items in found.evidence.items() if key in before})
        after = _decide_all(connection, before, known.items, now)
        store.add_evidence(connection, fresh, applied=True)
        store.mark_applied(connection, known.unapplied)
        changes = self._write(connection, parents, before, after, now)
        came = [(after[item.operation_id], item) for item in fresh if item.source is OutSource.RESULT]
        self._consequences.results(connection, came)
        # What waits for funds may be sent now.
        changes += [_change(item.operation_id, now) for item in found.aside]
        rows = {key: after[key] for key in found.evidence if key in after}
        return Settled(changes, [], rows, found.owners)

    def store_alone(
        self, connection: Connection, arrived: Sequence[OutDelivery | OutEvidence], now: Instant
    ) -> Mapping[str, str]:
        """Keep it unapplied; answers the owner of each token that is one's."""
        found = _identify(connection, arrived)
        items = [item for items in found.evidence.values() for item in items]
        store.add_evidence(connection, items, applied=False)
        store.add_evidence(connection, found.aside, applied=True)
        return found.owners

    def flag_stuck(self, connection: Connection, operation_ids: Sequence[str], now: Instant) -> list[Change]:
        """Raise `stuck` on attempts whose evidence cannot be settled, for a person to look at."""
        store.lock_disbursements(connection, store.disbursements_of(connection, operation_ids))
        before = store.lock_attempts(connection, operation_ids)
        after = {key: _flagged(row, {OutFlag.STUCK}) for key, row in before.items()}
        changed = [row._replace(version=row.version + 1) for key, row in after.items() if row != before[key]]
        store.update_attempts(connection, changed)
        known = store.evidence_of_attempts(connection, before)
        # Kept for the next settle of the attempt, and no longer looked for: it would fail again each time.
        store.mark_applied(connection, known.unapplied)
        self._consequences.stuck(connection, changed, now)
        return []

    def unapplied(self, connection: Connection, most: int) -> list[str]:
        """Attempts with evidence that is stored and not applied."""
        return store.unapplied_attempts(connection, most)

    def _write(
        self,
        connection: Connection,
        parents: Mapping[str, Disbursement],
        before: Mapping[str, OutAttempt],
        after: Mapping[str, OutAttempt],
        now: Instant,
    ) -> list[Change]:
        changed = {key: row for key, row in after.items() if row != before[key]}
        store.update_attempts(connection, [row._replace(version=row.version + 1) for row in changed.values()])
        touched = {row.disbursement_id for row in changed.values()}
        steps = store.steps_of(connection, touched)
        siblings = store.attempts_of(connection, touched)
        followed = []
        for parent_id in sorted(touched):
            parent, mine = parents[parent_id], siblings[parent_id]
            was = [before.get(each.id, each) for each in mine]
            account = self._consequences.paid_from(parent)
            followed.append((parent, follow(parent, steps[parent_id], was, mine, account, now)))
        changes = [_change(after[key].disbursement_id, after[key].next_action_at) for key in changed]
        changes += write_followed(connection, followed, now)
        self._consequences.attempts(connection, [(before[key], after[key]) for key in changed], now)
        self._consequences.disbursements(connection, followed, now)
        return changes


def write_followed(
    connection: Connection, followed: Sequence[tuple[Disbursement, OutEffects]], now: Instant
) -> list[Change]:
    """Write the rows, postings and events of disbursements; answers what is to be published."""
    rows: list[Disbursement] = []
    posted: list[Posting] = []
    events: list[Event] = []
    changes: list[Change] = []
    for before, effects in followed:
        version = before.version if effects.event is None else before.version + 1
        row = effects.after._replace(version=version)
        if effects.after != before:
            rows.append(row)
        posted.extend(effects.postings)
        if effects.event is not None:
            events.append(event_of_disbursement(row, effects.event, now))
            reason = effects.after.failure_reason
            changes.append(Change(before.id, version, effects.event, effects.after.next_action_at, reason))
    store.update_disbursements(connection, rows)
    if posted:
        values = [{name: getattr(each, name) for name in each.__struct_fields__} for each in posted]
        connection.execute(insert(postings), values)
    add_events(connection, events)
    return changes


def _change(disbursement_id: str, due_at: Instant | None) -> Change:
    """A change that cannot be seen from outside, and wakes the worker."""
    return Change(disbursement_id, 0, None, due_at)


def _identify(connection: Connection, arrived: Sequence[OutDelivery | OutEvidence]) -> _Arrived:
    """Whose each item is. A delivery whose token is no address of ours is left out."""
    digests = {callback_digest(each.token): each.token for each in arrived if isinstance(each, OutDelivery)}
    addresses = store.find_addresses(connection, digests)
    found = _Arrived(defaultdict(list), [], {})
    for each in arrived:
        if isinstance(each, OutEvidence):
            found.evidence[each.operation_id].append(each)
            continue
        address = addresses.get(callback_digest(each.token))
        if address is None:
            continue
        found.owners[each.token] = address.owner_id
        purpose = Purpose(address.purpose)
        item = delivered(address.owner_id, each, purpose, address.question)
        if item.source in ASIDE:
            found.aside.append(item)
        else:
            found.evidence[address.owner_id].append(item)
    return found


def _keep(kept: dict[str, list[OutEvidence]], arrived: Mapping[str, Sequence[OutEvidence]]) -> list[OutEvidence]:
    """Add to what is kept what is new, up to a bound for each address; answers that."""
    fresh = []
    for attempt_id, items in arrived.items():
        mine = kept[attempt_id]
        known = {item.id for item in mine}
        bodies = Counter(item.address for item in mine)
        for item in items:
            if item.id in known or (item.source in _BODIES and bodies[item.address] >= BODIES_KEPT):
                continue
            known.add(item.id)
            bodies[item.address] += 1
            fresh.append(item)
            mine.append(item)
    return fresh


def _decide_all(
    connection: Connection,
    before: Mapping[str, OutAttempt],
    items: Mapping[str, Sequence[OutEvidence]],
    now: Instant,
) -> dict[str, OutAttempt]:
    classified = {key: classify_attempt(row.terms, MONEY_OUT, items[key]) for key, row in before.items()}
    wanted = [(receipt, key) for key, each in classified.items() for receipt in each.wanted_receipts]
    # Reversed, so that of two attempts in one batch the first keeps a receipt that both want.
    owners = store.own_receipts(connection, {receipt: before[key] for receipt, key in reversed(wanted)})
    for key, row in before.items():
        foreign = {receipt for receipt, wanting in wanted if wanting == key and owners[receipt] != key}
        if foreign:
            classified[key] = classify_attempt(row.terms, MONEY_OUT, items[key], foreign)
    return {key: _decided(row, decide_classified_attempt(MONEY_OUT, classified[key])) for key, row in before.items()}


def _decided(row: OutAttempt, decision: AttemptDecision) -> OutAttempt:
    asked = AskedSoFar(row.created_at, row.lease_until, row.inquiries, row.last_inquiry_at)
    has_failed = decision.status is AttemptStatus.FAILED
    decided = row._replace(
        status=decision.status.value,
        is_live=row.is_live and not has_failed,
        request_id=decision.request_id,
        receipt=decision.receipt,
        receiver_name=decision.receiver_name or row.receiver_name,
        charge_cents=decision.charge_cents or row.charge_cents,
        completed_at=decision.completed_at,
        failure_code=decision.failure_code,
        failure_reason=decision.failure_reason,
        next_action_at=next_action_at(MONEY_OUT, decision, asked),
    )
    return _flagged(decided, set(decision.flags))


def _flagged(row: OutAttempt, flags: set[OutFlag]) -> OutAttempt:
    return row._replace(flags=",".join(sorted({*row.raised, *flags})))
