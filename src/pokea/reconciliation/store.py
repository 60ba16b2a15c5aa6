"""The SQL of reconciling: what a statement may be about, and how payments stand afterwards."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update

from pokea.clock import HOUR, Instant
from pokea.errors import PokeaError
from pokea.operations.decision import NO_ANSWER, Status
from pokea.operations.rules import STK_PUSH
from pokea.operations.store import find_all
from pokea.reconciliation.match import Candidate
from pokea.reconciliation.statement import Statement
from pokea.scope import Scope
from pokea.storage.statements import select_in
from pokea.storage.tables import open_payments, payments, receipts

MOST_CANDIDATES: Final = 500_000

_COLUMNS = payments.c
_OPEN = (Status.INITIATED.value, Status.PENDING.value)
_SHOWN = (
    *(_COLUMNS.id, _COLUMNS.status, _COLUMNS.amount_cents, _COLUMNS.account_reference, _COLUMNS.msisdn),
    *(_COLUMNS.created_at, _COLUMNS.expires_at, _COLUMNS.request_id, _COLUMNS.failure_reason),
)
_OWNER = select(receipts.c.receipt, receipts.c.operation_id).where(receipts.c.merchant_id == bindparam("of_merchant"))


class TooManyPayments(PokeaError):
    """More payments were made in a statement's time than are matched at once; the sentence says what to do."""


class Standing(NamedTuple):
    """How the payments that were to be asked about stand."""

    open: int
    unasked: int
    completed: int
    failed: int


def candidates(connection: Connection, scope: Scope, statement: Statement) -> list[Candidate]:
    """The merchant's payments made in the statement's time or near to it, and those that own a receipt of it. Raises
    TooManyPayments."""
    moments = [line.at for line in statement.lines]
    moments += [each for each in (statement.preamble.since, statement.preamble.until) if each is not None]
    found = {}
    if moments:
        # A payment may be in doubt for a quarter of an hour after it was made, at most.
        made = and_(
            _COLUMNS.merchant_id == scope.merchant_id,
            _COLUMNS.created_at >= min(moments) - HOUR,
            _COLUMNS.created_at <= max(moments) + HOUR,
        )
        found = {row.id: row for row in connection.execute(select(*_SHOWN).where(made).limit(MOST_CANDIDATES + 1))}
    if len(found) > MOST_CANDIDATES:
        raise TooManyPayments(
            f"More than {MOST_CANDIDATES:,} payments were made in the statement's time; take a shorter period."
        )
    named = {line.receipt for line in statement.lines}.union(*(line.linked for line in statement.lines))
    own = {"of_merchant": scope.merchant_id}
    owners = {row.operation_id for row in select_in(connection, _OWNER, receipts.c.receipt, named, own)}
    found |= {row.id: row for row in select_in(connection, _SHOWN, _COLUMNS.id, owners - found.keys())}
    owned: dict[str, set[str]] = {}
    for row in select_in(connection, _OWNER, receipts.c.operation_id, found.keys(), own):
        owned.setdefault(row.operation_id, set()).add(row.receipt)
    return [
        Candidate(
            payment_id=row.id,
            status=row.status,
            amount_cents=row.amount_cents,
            account_reference=row.account_reference,
            msisdn=row.msisdn,
            created_at=row.created_at,
            expires_at=row.expires_at,
            is_unanswered=row.request_id is None
            and (row.status == Status.INITIATED or row.failure_reason == NO_ANSWER),
            receipts=frozenset(owned.get(row.id, ())),
        )
        for _, row in sorted(found.items())
    ]


def make_due(connection: Connection, scope: Scope, now: Instant) -> list[str]:
    """A change: every open payment of the merchant that Daraja can be asked about falls due now; answers their ids."""
    columns = open_payments.c
    askable = and_(
        columns.merchant_id == scope.merchant_id,
        columns.status.in_(_OPEN),
        columns.request_id.is_not(None),
        columns.created_at > now - STK_PUSH.give_up,
    )
    ids = list(connection.execute(select(columns.id).where(askable).order_by(columns.id)).scalars())
    is_later = or_(columns.next_action_at.is_(None), columns.next_action_at > now)
    connection.execute(update(open_payments).where(askable, is_later).values(next_action_at=now))
    return ids


def standing(connection: Connection, payment_ids: Collection[str], since: Instant) -> Standing:
    """How these payments stand; `unasked` are those still open that no process has asked about since then."""
    counts = dict.fromkeys(("open", "unasked", "completed", "failed"), 0)
    for payment in find_all(connection, payment_ids).values():
        is_open = payment.status in _OPEN
        counts["open" if is_open else payment.status] += 1
        counts["unasked"] += is_open and (payment.last_inquiry_at or 0) < since
    return Standing(**counts)


def nameless(connection: Connection, scope: Scope) -> int:
    """How many open payments of the merchant Daraja cannot be asked about, since it never named them (law: push)."""
    columns = open_payments.c
    is_own = columns.merchant_id == scope.merchant_id
    found = select(func.count()).where(is_own, columns.status.in_(_OPEN), columns.request_id.is_(None))
    return connection.execute(found).scalar_one()
