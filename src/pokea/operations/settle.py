"""The one door (law: settler): a batch of what arrived becomes rows, receipts, postings and events in one transaction.

    lock the payments → read their evidence → own receipts and lock bookings → decide → write

Each step is one statement a batch, not one a row, and what is decided between the steps is decided by pure functions.
Payments are locked in the order of their ids and their bookings after them, so that two batches wait for each other and
never in a circle. Two outcomes of one payment, and two payments of one booking, end inside one batch as they would one
by one: the rows are functions of sets, and what completes is ranked by booking before money is moved. Every step may be
run again on work that is already done.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from pokea.alerts.alert import Alert, AlertCode, raise_alerts
from pokea.analytics.counting import deltas
from pokea.bookings.destination import destination
from pokea.clock import Instant
from pokea.daraja.wire import SUCCESS
from pokea.events.outbox import Event
from pokea.ledger.entries import Money, Posting, adjustment, arrival
from pokea.operations import store
from pokea.operations.changes import ChangeSet, FeeHeld, LockedParents
from pokea.operations.decision import Classified, Flag, Status, classify, decide_classified, is_final_failure
from pokea.operations.dialects import sql_for
from pokea.operations.evidence import Delivery, Evidence, Source, from_callback, receipt_dispute
from pokea.operations.schedule import may_expedite
from pokea.operations.store import Claim, Payment
from pokea.operations.tokens import callback_digest

CALLBACKS_KEPT = 50
"""Callbacks kept for one payment, whatever they say; what comes after them goes to the ring of claims."""
PROOFS_KEPT = 50
"""Callbacks kept beyond these for one payment, each of which proves what none before it does."""

Proves = Callable[[str, str], bool]
"""Whether a callback token is that of a payment: `PaymentTokens.proves`."""


class Batch(Struct, frozen=True):
    """What is settled together. `revisit` names payments with evidence that is stored and not yet applied."""

    now: Instant
    deliveries: Sequence[Delivery] = ()
    evidence: Sequence[Evidence] = ()
    revisit: Sequence[str] = ()


class Change(NamedTuple):
    """A payment's row has changed: said to pages and workers once it is durable.

    `event` is the outbox's kind where the change can be seen from outside; `next_action_at` is when to look again;
    `reason` is why no money came.
    """

    payment_id: str
    version: int
    event: str | None
    next_action_at: Instant | None
    reason: str | None = None


class Settled(NamedTuple):
    """What a batch did: what is to be told after the commit, payments that now have evidence to be applied, the rows
    that evidence was brought for, as they are now, the payment of each callback token that is one's, and the alerts
    that are new."""

    told: list[Change]
    disputed: list[str]
    rows: dict[str, Payment]
    owners: Mapping[str, str]
    raised: Sequence[Alert] = ()


class _Changes(NamedTuple):
    """Rows that differ from what they were, with their new versions, and what is to be said of them."""

    payments: list[Payment]
    events: list[Event]
    told: list[Change]


def settle(connection: Connection, batch: Batch, proves: Proves) -> Settled:
    """Settle the batch; answers what is to be done after the commit."""
    steps = sql_for(connection)
    named = {
        name
        for each in batch.deliveries
        if (name := each.reading.checkout_request_id) is not None and not each.only_of_owner
    }
    ids = {*batch.revisit, *(piece.payment_id for piece in batch.evidence)}
    before = steps.lock(connection, ids, _digests(batch), named)
    identified = _identify(batch, {payment.callback_digest: key for key, payment in before.items()}, proves)
    arrived, claims, owners = identified
    known = steps.evidence_of(connection, before)
    fresh, overflow = _keep(before, known.pieces, arrived)
    heard = {key: classify(payment.facts, known.pieces[key]) for key, payment in before.items()}
    wanted = [(receipt, key) for key, told in heard.items() for receipt in told.wanted_receipts]
    bookings = {
        before[key].booking_id for key, told in heard.items() if told.successes and before[key].disposition is None
    }
    owned = steps.own(connection, dict(reversed(wanted)), bookings) if wanted or bookings else LockedParents({}, {})
    foreign, disputes = _disputes(wanted, owned.receipts, batch.now)
    for key, receipts in foreign.items():
        heard[key] = classify(before[key].facts, known.pieces[key], receipts)
    after = {key: _derive(payment, heard[key], known.pieces[key]) for key, payment in before.items()}
    for key, payment in before.items():
        if (payment.request_id in named and key not in arrived) or key in overflow:
            after[key] = _with_claim(after[key], batch.now)
    postings, held = _move_money(after, owned.fees, batch.now)
    postings += _adjust(after, heard, batch.now)
    changes = _compare(before, after, batch.now)
    store.add_claims(connection, [*claims, *chain.from_iterable(overflow.values())])
    # Others store evidence without the payment's lock: only what was read above is known to be in the row.
    _write(connection, before, changes, ChangeSet(fresh, disputes, known.unapplied, postings=postings, held=held))
    rows = {key: before[key] for piece in batch.evidence if (key := piece.payment_id) in before}
    rows.update((payment.id, payment) for payment in changes.payments if payment.id in rows)
    raised = raise_alerts(connection, _strangers(batch, owners), batch.now)
    return Settled(changes.told, [piece.payment_id for piece in disputes], rows, owners, raised)


def store_alone(connection: Connection, batch: Batch, proves: Proves) -> Mapping[str, str]:
    """Keep the batch's evidence unapplied: durable enough to acknowledge, to be settled later (law: settler, 4).

    Answers the payment of each callback token that is one's.
    """
    arrived, claims, owners = _identify(batch, store.ids_by_callback_digest(connection, _digests(batch)), proves)
    store.add_unapplied(connection, [piece for pieces in arrived.values() for piece in pieces])
    store.add_claims(connection, claims)
    raise_alerts(connection, _strangers(batch, owners), batch.now)
    return owners


def flag_stuck(connection: Connection, payment_ids: Sequence[str], now: Instant) -> list[Change]:
    """Raise `stuck` on payments whose evidence cannot be settled, for a person to look at; answers what is told."""
    before = store.lock(connection, payment_ids)
    flagged = {
        payment.id: payment._replace(review=",".join(sorted({*payment.flags, Flag.STUCK})))
        for payment in before.values()
    }
    changes = _compare(before, flagged, now)
    _write(connection, before, changes, ChangeSet())
    raise_alerts(connection, [_stuck(payment.id) for payment in changes.payments], now)
    return changes.told


def _digests(batch: Batch) -> set[bytes]:
    return {callback_digest(each.token) for each in batch.deliveries if each.token}


class _Identified(NamedTuple):
    """The evidence of each payment, bodies that prove nothing, and the payment of each token that is one's."""

    evidence: dict[str, list[Evidence]]
    claims: list[Claim]
    owners: dict[str, str]


def _identify(batch: Batch, owners: Mapping[bytes, str], proves: Proves) -> _Identified:
    """Whose each piece is. A delivery whose token is no payment's is a claim, or is left out if it has no form."""
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    proved: dict[str, str] = {}
    for piece in batch.evidence:
        evidence[piece.payment_id].append(piece)
    claims = []
    for delivery in batch.deliveries:
        owner = owners.get(callback_digest(delivery.token)) if delivery.token else None
        if owner is not None and proves(delivery.token, owner):
            proved[delivery.token] = owner
            evidence[owner].append(from_callback(owner, delivery, trusted=True))
        elif not delivery.only_of_owner:
            claims.append(Claim(delivery.received_at, delivery.reading.checkout_request_id, delivery.body))
    return _Identified(evidence, claims, proved)


def _strangers(batch: Batch, owners: Mapping[str, str]) -> list[Alert]:
    """An alert for each address that is not on the list and knows the token of a payment, as Safaricom does.

    Anybody may post to the bare address or invent a token: that is no alert, or junk would hide a real one.
    """
    return [
        Alert(
            AlertCode.CALLBACK_ADDRESS,
            each.stranger,
            f"A callback for {owners[each.token]} came from {each.stranger}, which is not on "
            "POKEA_CALLBACK_ALLOWED_IPS: it is kept, and Daraja is asked. If the address is Safaricom's, add it to "
            "the list.",
        )
        for each in batch.deliveries
        if each.stranger and each.token in owners
    ]


def _stuck(payment_id: str) -> Alert:
    return Alert(
        AlertCode.PAYMENT_STUCK,
        payment_id,
        f"The evidence of payment {payment_id} cannot be settled. It is kept, and the payment is flagged `stuck`: look "
        "at the log for the reason.",
    )


def _keep(
    payments: Mapping[str, Payment], kept: dict[str, list[Evidence]], arrived: Mapping[str, Sequence[Evidence]]
) -> tuple[list[Evidence], dict[str, list[Claim]]]:
    """Add to what is kept what is new, up to a bound for each payment; answers that, and what went over its bound."""
    fresh: list[Evidence] = []
    overflow: dict[str, list[Claim]] = defaultdict(list)
    for payment_id, pieces in arrived.items():
        payment = payments.get(payment_id)
        if payment is None:
            continue
        mine = kept[payment_id]
        known = {piece.id for piece in mine}
        callbacks = [piece for piece in mine if piece.kind is Source.CALLBACK]
        accepted = (piece.request_id for piece in pieces if piece.kind is Source.PUSH_ACCEPTED)
        payment = payment._replace(request_id=payment.request_id or next(accepted, None))
        for piece in pieces:
            if piece.id in known:
                continue
            known.add(piece.id)
            if piece.kind is Source.CALLBACK:
                if not _has_room(payment, callbacks, piece):
                    overflow[payment_id].append(Claim(piece.received_at, piece.request_id, piece.body or b""))
                    continue
                callbacks.append(piece)
            fresh.append(piece)
            mine.append(piece)
    return fresh, overflow


def _has_room(payment: Payment, callbacks: Sequence[Evidence], piece: Evidence) -> bool:
    """Whether one more callback of the payment is kept: one of the first, or one that proves something new."""
    if len(callbacks) < CALLBACKS_KEPT:
        return True
    proof = _proof(payment, piece)
    is_new = proof is not None and all(_proof(payment, each) != proof for each in callbacks)
    return is_new and len(callbacks) < CALLBACKS_KEPT + PROOFS_KEPT


def _proof(payment: Payment, piece: Evidence) -> tuple[str | None, ...] | None:
    """What a callback proves of the payment, equal for those that prove the same; None for one that proves nothing."""
    named = piece.request_id
    if not piece.trusted or named is None or payment.request_id not in (None, named):
        return None
    if piece.code != SUCCESS:
        return (named, piece.code) if is_final_failure(piece) else None
    return (named, piece.code, piece.receipt if piece.amount_cents == payment.amount_cents else None)


def _disputes(
    wanted: Sequence[tuple[str, str]], owners: Mapping[str, str], now: Instant
) -> tuple[dict[str, set[str]], list[Evidence]]:
    """For each payment the receipts that it wants and another one owns, and what their owners are told.

    An owner hears of a dispute by a piece of evidence that is applied when its own turn comes.
    """
    foreign: dict[str, set[str]] = defaultdict(set)
    disputes = []
    for receipt, payment_id in wanted:
        if owners[receipt] != payment_id:
            foreign[payment_id].add(receipt)
            disputes.append(receipt_dispute(owners[receipt], receipt, now))
    return foreign, disputes


def _derive(payment: Payment, heard: Classified, evidence: Sequence[Evidence]) -> Payment:
    row = decide_classified(payment.facts, heard)
    return store.with_row(payment, row, next_action_at(row, evidence, payment.asked))


def _with_claim(payment: Payment, now: Instant) -> Payment:
    """A claim brings an unfinished payment's question forward (law: inquiries)."""
    if payment.status not in (Status.PENDING, Status.FAILED):
        return payment
    return (
        payment._replace(inquiry_requested_at=now)
        if may_expedite(payment.last_inquiry_at, payment.inquiry_requested_at, now)
        else payment
    )


def _move_money(
    after: dict[str, Payment], fees: Mapping[str, str], now: Instant
) -> tuple[list[Posting], list[FeeHeld]]:
    """Decide, in the order of completion, what the money of each newly completed payment does."""
    completing = sorted(
        (payment for payment in after.values() if payment.status == Status.COMPLETED and payment.disposition is None),
        key=attrgetter("completed_at", "id"),
    )
    fee_status = dict(fees)
    postings: list[Posting] = []
    held = []
    for payment in completing:
        in_doubt = Flag.AMOUNT_DIFFERS in payment.flags and payment.completed_by == Source.QUERY
        disposition = destination(fee_status[payment.booking_id], in_doubt)
        flags = {*payment.flags, *([Flag.PAID_TWICE] if disposition is Money.REFUND_DUE else [])}
        after[payment.id] = payment._replace(disposition=disposition.value, review=",".join(sorted(flags)))
        postings.extend(arrival(payment.id, payment.amount_cents, disposition, now))
        if disposition is Money.HELD:
            fee_status[payment.booking_id] = "held"
            held.append(FeeHeld(payment.booking_id, payment.id, now))
    return postings, held


def _adjust(after: Mapping[str, Payment], heard: Mapping[str, Classified], now: Instant) -> list[Posting]:
    """The pairs for completed payments of whose receipt a statement names another amount than was posted.

    They are made again at every settle of such a payment, and posted once: a posting's payment and kind are its key.
    """
    postings: list[Posting] = []
    for payment_id, told in heard.items():
        payment = after[payment_id]
        lines = (
            piece for piece in told.differing if piece.kind is Source.STATEMENT and piece.receipt == payment.receipt
        )
        line = next(lines, None)
        if payment.disposition is not None and line is not None and line.amount_cents is not None:
            postings.extend(adjustment(payment_id, line.amount_cents - payment.amount_cents, now))
    return postings


_visible = attrgetter(
    "status",
    "request_id",
    "completed_at",
    "receipt",
    "failure_code",
    "failure_reason",
    "review",
    "disposition",
)


def _compare(before: Mapping[str, Payment], after: Mapping[str, Payment], now: Instant) -> _Changes:
    changes = _Changes([], [], [])
    for payment_id, payment in after.items():
        was = before[payment_id]
        if payment == was:
            continue
        if _visible(payment) == _visible(was):
            version, kind = was.version, None
        else:
            version = was.version + 1
            kind = f"payment.{payment.status if payment.status != was.status else 'updated'}"
            changes.events.append(Event(payment_id, version, kind, now))
        changes.payments.append(payment._replace(version=version))
        due = payment.inquiry_requested_at or payment.next_action_at
        changes.told.append(Change(payment_id, version, kind, due, payment.failure_reason))
    return changes


def _write(connection: Connection, before: Mapping[str, Payment], changes: _Changes, writes: ChangeSet) -> None:
    """Write the changes and what comes with them. Raises ValueError, for the transaction to end, if a fee that was
    locked and unpaid is not."""
    counts = deltas((before[payment.id], payment) for payment in changes.payments)
    whole = replace(writes, payments=changes.payments, events=changes.events, counts=counts)
    held = sql_for(connection).write(connection, whole)
    if held != len(writes.held):
        raise ValueError(f"{len(writes.held) - held} of {len(writes.held)} fees were not unpaid")
