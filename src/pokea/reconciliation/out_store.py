"""The SQL of what a statement says of money out: which sendings it may be about, and what its lines post.

What the lines post of the account itself (charges, sweeps) is no evidence about an operation: it is posted once for
each receipt, in one transaction, beside whatever else is known of the operation (law: escrow).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from pokea.clock import HOUR, Instant
from pokea.disbursements import store
from pokea.disbursements.evidence import OutSource
from pokea.disbursements.model import AttemptStatus, OutAttempt
from pokea.disbursements.saving import post
from pokea.ledger.entries import Account, Posting
from pokea.ledger.money_out import charge_differs, charge_taken, charged, paid_differently, transferred
from pokea.reconciliation.match_out import OutCandidate
from pokea.reconciliation.statement import Statement
from pokea.scope import Scope
from pokea.storage.statements import advisory_lock, select_in
from pokea.storage.tables import attempts, evidence, postings, receipts

_ATTEMPT: Final = attempts.c
_OPEN: Final = [each.value for each in (AttemptStatus.SENDING, AttemptStatus.ACCEPTED, AttemptStatus.UNKNOWN)]
_OWNER: Final = select(receipts.c.receipt, receipts.c.operation_id).where(
    receipts.c.merchant_id == bindparam("of_merchant")
)
_NAMED: Final = select(evidence.c.operation_id, evidence.c.receipt).where(
    evidence.c.proved,
    evidence.c.receipt.is_not(None),
    evidence.c.source.in_([OutSource.RESULT.value, OutSource.STATUS_ANSWER.value]),
)
_LONGEST: Final[Instant] = 25 * HOUR
"""A line may be as much later than the sending that it is looked for, and some."""


def out_candidates(
    connection: Connection, scope: Scope, statement: Statement, ways: Collection[str]
) -> list[OutCandidate]:
    """The merchant's sendings that a statement may be about: of its time, unproved, or with a receipt of it."""
    moments = [line.at for line in statement.lines]
    moments += [each for each in (statement.preamble.since, statement.preamble.until) if each is not None]
    if not moments:
        return []
    made = and_(_ATTEMPT.created_at >= min(moments) - _LONGEST, _ATTEMPT.created_at <= max(moments) + HOUR)
    is_open = and_(_ATTEMPT.is_live, _ATTEMPT.status.in_(_OPEN))
    chosen = select(attempts).where(_ATTEMPT.merchant_id == scope.merchant_id, _ATTEMPT.way.in_(list(ways)))
    found = {row[0]: OutAttempt._make(row) for row in connection.execute(chosen.where(or_(made, is_open)))}
    named = {line.receipt for line in statement.lines}.union(*(line.linked for line in statement.lines))
    own = {"of_merchant": scope.merchant_id}
    owners = {row.operation_id for row in select_in(connection, _OWNER, receipts.c.receipt, named, own)}
    for row in select_in(connection, chosen, _ATTEMPT.id, owners - found.keys()):
        found[row[0]] = OutAttempt._make(row)
    owned, called = _receipts(connection, scope, found)
    return [
        OutCandidate(
            attempt_id=row.id,
            disbursement_id=row.disbursement_id,
            way=row.way,
            status=row.status,
            amount_cents=row.amount_cents,
            recipient=row.recipient,
            original_receipt=row.original_receipt,
            created_at=row.created_at,
            owned=frozenset(owned[row.id]),
            named=frozenset(called[row.id] - owned[row.id]),
        )
        for _, row in sorted(found.items())
    ]


def _receipts(
    connection: Connection, scope: Scope, ids: Collection[str]
) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
    """The receipts that these sendings own, and those that were named to be theirs and that no other owns."""
    owned: defaultdict[str, set[str]] = defaultdict(set)
    own = {"of_merchant": scope.merchant_id}
    for row in select_in(connection, _OWNER, receipts.c.operation_id, ids, own):
        owned[row.operation_id].add(row.receipt)
    rows = select_in(connection, _NAMED, evidence.c.operation_id, ids)
    said = {row.receipt for row in rows}
    of_others = {row.receipt for row in select_in(connection, _OWNER, receipts.c.receipt, said, own)}
    named: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.receipt not in of_others:
            named[row.operation_id].add(row.receipt)
    return owned, named


class ChargeSeen(NamedTuple):
    """The charge's own line of a payment or a sending of ours."""

    operation_id: str
    receipt: str
    cents: int


class TransferSeen(NamedTuple):
    """What left the account for another one of the organisation's, below zero where it came from there."""

    receipt: str
    cents: int


class AmountSeen(NamedTuple):
    """What a statement says that a sending took from the account."""

    attempt_id: str
    receipt: str
    cents: int


class LinesSeen(NamedTuple):
    """What the lines of a statement of this account post, of one merchant."""

    merchant_id: int
    account: Account
    charges: Sequence[ChargeSeen]
    transfers: Sequence[TransferSeen]
    amounts: Sequence[AmountSeen]


def post_seen(connection: Connection, seen: LinesSeen, now: Instant) -> int:
    """A change: post what is not posted yet; answers how many postings that were. Safe to repeat."""
    advisory_lock(connection, [f"statement {seen.merchant_id}"])
    ids = {each.operation_id for each in seen.charges} | {each.attempt_id for each in seen.amounts}
    store.lock_disbursements(connection, store.disbursements_of(connection, ids))
    sendings = store.lock_attempts(connection, ids)
    known = _charges(connection, ids)
    found: list[Posting] = []
    rows: list[OutAttempt] = []
    for charge in seen.charges:
        before = known.get(charge.operation_id, 0)
        if not before:
            found += charged(charge.operation_id, seen.merchant_id, charge.cents, now)
        elif before != charge.cents:
            found += charge_differs(charge.operation_id, seen.merchant_id, charge.cents - before, now)
        found += charge_taken(charge.receipt, seen.merchant_id, charge.cents, seen.account, now)
        row = sendings.get(charge.operation_id)
        if row is not None and row.charge_cents != charge.cents:
            # Known, so that an answer which names it later does not post it again.
            rows.append(row._replace(charge_cents=charge.cents, version=row.version + 1))
    for transfer in seen.transfers:
        found += transferred(transfer.receipt, seen.merchant_id, transfer.cents, seen.account, now)
    for amount in seen.amounts:
        row = sendings.get(amount.attempt_id)
        if row is not None and row.completed_at is not None and row.receipt == amount.receipt:
            difference = amount.cents - row.amount_cents
            found += paid_differently(row.id, seen.merchant_id, difference, seen.account, now)
    count = _count(connection, found)
    store.update_attempts(connection, rows)
    post(connection, found)
    return len(found) - count


def _charges(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """What is posted as the charge of each of these operations."""
    summed: Any = (
        select(postings.c.source_id, func.sum(postings.c.amount_cents).label("cents"))
        .where(postings.c.account == Account.MPESA_CHARGES.value)
        .group_by(postings.c.source_id)
    )
    return {row.source_id: int(row.cents) for row in select_in(connection, summed, postings.c.source_id, ids)}


def _count(connection: Connection, found: Sequence[Posting]) -> int:
    """How many of these are there already."""
    keys = (postings.c.source_id, postings.c.kind, postings.c.line)
    rows = select_in(connection, keys, postings.c.source_id, {each.source_id for each in found})
    there = {tuple(row) for row in rows}
    return sum((each.source_id, each.kind, each.line) in there for each in found)
