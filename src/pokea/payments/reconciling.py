"""The SQL of reconciling: what a statement may be about, and having every open payment asked about now."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, and_, func, or_, select, update

from pokea.clock import HOUR, Instant
from pokea.payments.asking import GIVE_UP
from pokea.payments.matching import Candidate
from pokea.payments.status import Status
from pokea.storage.tables import payments, receipts

_COLUMNS = payments.c
_OPEN = _COLUMNS.status.in_([Status.INITIATED.value, Status.PENDING.value])
_AT_ONCE = 500
_SHOWN = (
    *(_COLUMNS.id, _COLUMNS.status, _COLUMNS.amount_cents, _COLUMNS.account_reference, _COLUMNS.msisdn),
    *(_COLUMNS.created_at, _COLUMNS.expires_at, _COLUMNS.completed_at, _COLUMNS.checkout_request_id),
)


class Standing(NamedTuple):
    """How the payments that were to be asked about stand."""

    open: int
    unasked: int
    completed: int
    failed: int


def candidates(connection: Connection, since: Instant, until: Instant, named: Collection[str]) -> list[Candidate]:
    """Payments that were made in this time or shortly before, and those that own one of these receipts."""
    made = and_(_COLUMNS.created_at >= since - HOUR, _COLUMNS.created_at <= until)
    found = {row.id: row for row in connection.execute(select(*_SHOWN).where(made))}
    listed = sorted(named)
    for start in range(0, len(listed), _AT_ONCE):
        owned = select(receipts.c.payment_id).where(receipts.c.receipt.in_(listed[start : start + _AT_ONCE]))
        found |= {row.id: row for row in connection.execute(select(*_SHOWN).where(_COLUMNS.id.in_(owned)))}
    owns: dict[str, set[str]] = {}
    ids = sorted(found)
    for start in range(0, len(ids), _AT_ONCE):
        part = receipts.c.payment_id.in_(ids[start : start + _AT_ONCE])
        for row in connection.execute(select(receipts).where(part)):
            owns.setdefault(row.payment_id, set()).add(row.receipt)
    return [
        Candidate(
            *row[:-1], has_checkout_id=row.checkout_request_id is not None, receipts=frozenset(owns.get(row.id, ()))
        )
        for _, row in sorted(found.items())
    ]


def make_due(connection: Connection, now: Instant) -> list[str]:
    """A change: every open payment that Daraja can be asked about falls due now; answers their ids."""
    askable = and_(_OPEN, _COLUMNS.checkout_request_id.is_not(None), _COLUMNS.created_at > now - GIVE_UP)
    ids = list(connection.execute(select(_COLUMNS.id).where(askable).order_by(_COLUMNS.id)).scalars())
    connection.execute(
        update(payments).where(askable, or_(_COLUMNS.due_at.is_(None), _COLUMNS.due_at > now)).values(due_at=now)
    )
    return ids


def standing(connection: Connection, payment_ids: Collection[str], since: Instant) -> Standing:
    """How these payments stand; `unasked` are those still open that nobody has asked about since then."""
    counts = dict.fromkeys(("open", "unasked", "completed", "failed"), 0)
    ids = sorted(payment_ids)
    for start in range(0, len(ids), _AT_ONCE):
        part = select(_COLUMNS.status, _COLUMNS.asked_at).where(_COLUMNS.id.in_(ids[start : start + _AT_ONCE]))
        for row in connection.execute(part):
            is_open = row.status not in ("completed", "failed")
            counts["open" if is_open else row.status] += 1
            counts["unasked"] += is_open and (row.asked_at or 0) < since
    return Standing(**counts)


def nameless(connection: Connection) -> int:
    """How many open payments Daraja cannot be asked about, since it never named them (law 3)."""
    return connection.execute(
        select(func.count()).select_from(payments).where(_OPEN, _COLUMNS.checkout_request_id.is_(None))
    ).scalar_one()
