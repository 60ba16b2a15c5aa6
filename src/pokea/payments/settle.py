"""The one door (law 6): a batch of what arrived becomes rows, receipts, postings and events in one transaction.

    identify → lock the payments → keep the evidence → own the receipts → rows → lock the bookings → money → write

Each step is one statement a batch, not one a row. Payments are locked in the order of their ids and their bookings
after them, so that two batches wait for each other and never in a circle. Two outcomes of one payment, and two payments
of one booking, end inside one batch as they would one by one: the rows are functions of sets, and what completes is
ranked by booking before money is moved. Every step may be run again on work that is already done.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct
from sqlalchemy import Connection

from pokea.analytics import store as count_store
from pokea.analytics.counting import deltas
from pokea.bookings import store as booking_store
from pokea.clock import Instant
from pokea.escrow import store as ledger_store
from pokea.escrow.hold import destination
from pokea.escrow.ledger import Money, Posting, arrival
from pokea.events import outbox
from pokea.payments import store
from pokea.payments.asking import due_at, may_hurry
from pokea.payments.evidence import Delivery, Evidence, Kind, from_callback, receipt_dispute
from pokea.payments.status import Flag, Row, Status, row_of, wanted_receipts
from pokea.payments.store import Claim, Payment
from pokea.payments.tokens import callback_digest, is_callback_token

CALLBACKS_KEPT = 50
"""Callbacks kept for one payment; what comes after them goes to the ring of claims."""

Proves = Callable[[str, str], bool]
"""Whether a callback token is that of a payment: `PaymentTokens.proves`."""


class Batch(Struct, frozen=True):
    """What is settled together. `revisit` names payments with evidence that is stored and not yet applied."""

    now: Instant
    deliveries: Sequence[Delivery] = ()
    evidence: Sequence[Evidence] = ()
    revisit: Sequence[str] = ()


class Told(NamedTuple):
    """A payment's row has changed: said to pages and workers once it is durable.

    `event` is the outbox's kind where the change can be seen from outside; `due_at` is when to look again.
    """

    payment_id: str
    version: int
    event: str | None
    due_at: Instant | None


class Settled(NamedTuple):
    """What a batch did: what is to be told after the commit, and payments that now have evidence to be applied."""

    told: list[Told]
    disputed: list[str]


class _Identified(NamedTuple):
    evidence: dict[str, list[Evidence]]
    claims: list[Claim]
    claimed: set[str]


def settle(connection: Connection, batch: Batch, proves: Proves) -> Settled:
    """Settle the batch; answers what is to be done after the commit."""
    identified = _identify(connection, batch, proves)
    before = store.lock(connection, {*identified.evidence, *identified.claimed, *batch.revisit})
    evidence, overflow = _keep_evidence(connection, before, identified.evidence)
    store.add_claims(connection, [*identified.claims, *overflow])
    foreign, disputed = _own_receipts(connection, before, evidence, batch.now)
    after = {
        payment.id: _with_claim(_derive(payment, evidence[payment.id], foreign[payment.id]), identified, batch.now)
        for payment in before.values()
    }
    _move_money(connection, before, after, batch.now)
    return Settled(_write(connection, before, after, batch.now), disputed)


def store_alone(connection: Connection, batch: Batch, proves: Proves) -> None:
    """Keep the batch's evidence unapplied: durable enough to acknowledge, to be settled later (law 6.4)."""
    identified = _identify(connection, batch, proves)
    pieces = [piece for each in identified.evidence.values() for piece in each]
    store.add_evidence(connection, pieces, applied=False)
    store.add_claims(connection, identified.claims)


def flag_stuck(connection: Connection, payment_ids: Sequence[str], now: Instant) -> list[Told]:
    """Raise `stuck` on payments whose evidence cannot be settled, for a person to look at; answers what is told."""
    before = store.lock(connection, payment_ids)
    flagged = {
        payment.id: payment._replace(review=",".join(sorted({*payment.flags, Flag.STUCK})))
        for payment in before.values()
    }
    return _write(connection, before, flagged, now)


def _identify(connection: Connection, batch: Batch, proves: Proves) -> _Identified:
    """Whose each piece is. A delivery whose token is no payment's, or not that of the id it names, is a claim too."""
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for piece in batch.evidence:
        evidence[piece.payment_id].append(piece)
    digests = {callback_digest(each.token) for each in batch.deliveries if is_callback_token(each.token)}
    owners = store.ids_by_callback_digest(connection, digests) if digests else {}
    claims = []
    for delivery in batch.deliveries:
        owner = owners.get(callback_digest(delivery.token))
        if owner is None or not proves(delivery.token, owner):
            claims.append(Claim(delivery.received_at, delivery.reading.checkout_request_id, delivery.body))
        else:
            evidence[owner].append(from_callback(owner, delivery, trusted=True))
    named = {each.reading.checkout_request_id for each in batch.deliveries} - {None}
    claimed = store.ids_by_checkout(connection, [name for name in named if name]) if named else []
    return _Identified(evidence, claims, set(claimed) - set(evidence))


def _keep_evidence(
    connection: Connection, locked: Mapping[str, Payment], arrived: Mapping[str, Sequence[Evidence]]
) -> tuple[dict[str, list[Evidence]], list[Claim]]:
    """Add what is new, up to a bound for each payment; answers all evidence of each, and what went over the bound."""
    kept, unapplied = store.evidence_of(connection, locked)
    fresh: list[Evidence] = []
    overflow = []
    for payment_id in locked:
        known = {piece.id for piece in kept[payment_id]}
        callbacks = sum(piece.kind is Kind.CALLBACK for piece in kept[payment_id])
        for piece in arrived.get(payment_id, ()):
            if piece.id in known:
                continue
            known.add(piece.id)
            callbacks += piece.kind is Kind.CALLBACK
            if piece.kind is Kind.CALLBACK and callbacks > CALLBACKS_KEPT:
                overflow.append(Claim(piece.received_at, piece.checkout_request_id, piece.body or b""))
                continue
            fresh.append(piece)
            kept[payment_id].append(piece)
    store.add_evidence(connection, fresh, applied=True)
    # Others store evidence without the payment's lock: only what was read above is known to be in the row.
    store.mark_applied(connection, unapplied)
    return kept, overflow


def _own_receipts(
    connection: Connection, locked: Mapping[str, Payment], evidence: Mapping[str, Sequence[Evidence]], now: Instant
) -> tuple[dict[str, set[str]], list[str]]:
    """Claim the receipts that may complete a payment; answers, for each payment, those that another one owns.

    The owner hears of a dispute too, by a piece of evidence that is applied when its own turn comes.
    """
    foreign: dict[str, set[str]] = defaultdict(set)
    wanted = [
        (receipt, payment.id)
        for payment in locked.values()
        for receipt in wanted_receipts(payment.facts, evidence[payment.id])
    ]
    if not wanted:
        return foreign, []
    owners = store.claim_receipts(connection, dict(reversed(wanted)))
    disputes = []
    for receipt, payment_id in wanted:
        if owners[receipt] != payment_id:
            foreign[payment_id].add(receipt)
            disputes.append(receipt_dispute(owners[receipt], receipt, now))
    store.add_evidence(connection, disputes, applied=False)
    return foreign, [piece.payment_id for piece in disputes]


def _derive(payment: Payment, evidence: Sequence[Evidence], foreign_receipts: set[str]) -> Payment:
    row: Row = row_of(payment.facts, evidence, foreign_receipts)
    return store.with_row(payment, row, due_at(row, evidence, payment.asked))


def _with_claim(payment: Payment, identified: _Identified, now: Instant) -> Payment:
    """A claim brings an unfinished payment's question forward (law 5)."""
    if payment.id not in identified.claimed or payment.status not in (Status.PENDING, Status.FAILED):
        return payment
    return payment._replace(claimed_at=now) if may_hurry(payment.asked_at, payment.claimed_at, now) else payment


def _move_money(connection: Connection, before: Mapping[str, Payment], after: dict[str, Payment], now: Instant) -> None:
    """Decide, in the order of completion, what the money of each newly completed payment does, and post it."""
    completing = sorted(
        (payment for payment in after.values() if payment.status == Status.COMPLETED and payment.money is None),
        key=lambda payment: (payment.completed_at, payment.id),
    )
    if not completing:
        return
    bookings = booking_store.lock(connection, {payment.booking_id for payment in completing})
    fee_status = {booking_id: booking.fee_status for booking_id, booking in bookings.items()}
    entries: list[Posting] = []
    held = []
    for payment in completing:
        in_doubt = Flag.AMOUNT_DIFFERS in payment.flags and payment.completed_by == Kind.QUERY
        money = destination(fee_status[payment.booking_id], in_doubt)
        flags = {*payment.flags, *([Flag.PAID_TWICE] if money is Money.REFUND_DUE else [])}
        after[payment.id] = payment._replace(money=money.value, review=",".join(sorted(flags)))
        entries.extend(arrival(payment.id, payment.amount_cents, money, now))
        if money is Money.HELD:
            fee_status[payment.booking_id] = "held"
            held.append((payment.booking_id, payment.id, now))
    ledger_store.post(connection, entries)
    booking_store.mark_held(connection, held)


_VISIBLE = (
    "status",
    "checkout_request_id",
    "completed_at",
    "receipt",
    "failure_code",
    "failure_reason",
    "review",
    "money",
)


def _write(
    connection: Connection, before: Mapping[str, Payment], after: Mapping[str, Payment], now: Instant
) -> list[Told]:
    changed, events, told = [], [], []
    for payment in after.values():
        was = before[payment.id]
        if payment == was:
            continue
        visibly = any(getattr(payment, name) != getattr(was, name) for name in _VISIBLE)
        version = was.version + visibly
        kind = f"payment.{payment.status if payment.status != was.status else 'updated'}" if visibly else None
        if kind is not None:
            events.append(outbox.Event(payment.id, version, kind, now))
        changed.append(payment._replace(version=version))
        told.append(Told(payment.id, version, kind, payment.claimed_at or payment.due_at))
    store.write_rows(connection, changed)
    count_store.add(connection, deltas((before[payment.id], payment) for payment in changed))
    outbox.add(connection, events)
    return told
