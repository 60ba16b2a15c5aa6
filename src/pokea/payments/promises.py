"""The rules that payments obey at all times, beside those of the books (`escrow.books`), which they complete.

A row is what its evidence makes it; nothing stays open longer than the law allows; everything that happened is told.
"""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from pokea.clock import HOUR, SECOND, Instant
from pokea.escrow.books import BOOKS, MOST_NAMED, Rule
from pokea.payments import store
from pokea.payments.asking import GIVE_UP
from pokea.payments.evidence import Kind
from pokea.payments.status import LOCK_GRACE, Flag, Row, Status, row_of, wanted_receipts
from pokea.payments.store import Payment
from pokea.storage.tables import evidence, outbox, payments, receipts

LATE: Final[Instant] = HOUR
"""How late the end of a payment may be noticed: a service that was down comes back, and the question's gap ends."""
_APPLIED_WITHIN: Final[Instant] = 15 * 60 * SECOND
_AT_ONCE: Final = 500
_FROM_EVIDENCE: Final = (
    *("status", "checkout_request_id", "merchant_request_id", "completed_at", "completed_by", "receipt"),
    *("transaction_date", "failure_code", "failure_reason", "failed_at"),
)


def _nothing_open_too_long(connection: Connection, now: Instant) -> Iterator[str]:
    columns = payments.c
    is_open = columns.status.in_([Status.INITIATED.value, Status.PENDING.value])
    day_over = columns.created_at < now - GIVE_UP - LATE
    nameless = and_(columns.checkout_request_id.is_(None), columns.expires_at < now - LOCK_GRACE - LATE)
    found = select(columns.id, columns.status, columns.created_at).where(is_open, or_(day_over, nameless))
    for row in connection.execute(found.order_by(columns.id).limit(MOST_NAMED + 1)):
        yield f"{row.id} is {row.status} after {(now - row.created_at) / HOUR:.1f} hours"


def _everything_applied(connection: Connection, now: Instant) -> Iterator[str]:
    columns = evidence.c
    known = [kind.value for kind in Kind]
    old = and_(columns.applied.is_(False), columns.received_at < now - _APPLIED_WITHIN, columns.kind.in_(known))
    # What a person has been asked to look at has been told already.
    moving = payments.c.review.not_like(f"%{Flag.STUCK}%")
    joined = evidence.join(payments, payments.c.id == columns.payment_id)
    found = select(columns.payment_id, func.count().label("count")).select_from(joined).where(old, moving)
    found = found.group_by(columns.payment_id)
    for row in connection.execute(found.order_by(columns.payment_id).limit(MOST_NAMED + 1)):
        yield f"{row.count} pieces of evidence about {row.payment_id} are not in its row"


def _told_in_order(connection: Connection, _now: Instant) -> Iterator[str]:
    told = select(outbox.c.payment_id, func.count().label("count"), func.max(outbox.c.version).label("last"))
    counted = told.group_by(outbox.c.payment_id).subquery()
    joined = payments.outerjoin(counted, counted.c.payment_id == payments.c.id)
    count, last = func.coalesce(counted.c.count, 0), func.coalesce(counted.c.last, 1)
    gaps = or_(count != payments.c.version - 1, last != payments.c.version)
    found = select(payments.c.id, payments.c.version, count.label("count")).select_from(joined).where(gaps)
    for row in connection.execute(found.order_by(payments.c.id).limit(MOST_NAMED + 1)):
        yield f"{row.id} has version {row.version} and {row.count} events, one for each version after the first"


def _rows_follow_evidence(connection: Connection, _now: Instant) -> Iterator[str]:
    for payment, row in _derived(connection):
        wrong = [name for name in _FROM_EVIDENCE if getattr(payment, name) != getattr(row, name)]
        if wrong:
            yield f"{payment.id} differs from what its evidence makes of it: {', '.join(wrong)}"


def _completed_is_proved(connection: Connection, _now: Instant) -> Iterator[str]:
    for payment, row in _derived(connection):
        if payment.status == Status.COMPLETED and row.status is not Status.COMPLETED:
            yield f"{payment.id} is completed without trusted success"
        elif payment.status != Status.COMPLETED and row.status is Status.COMPLETED:
            yield f"{payment.id} is {payment.status} against trusted success"


def _derived(connection: Connection) -> Iterator[tuple[Payment, Row]]:
    """Each payment whose evidence is all applied, and the row that the evidence makes."""
    waiting = select(evidence.c.payment_id).where(evidence.c.applied.is_(False))
    last = ""
    while True:
        statement = select(payments).where(payments.c.id > last, payments.c.id.not_in(waiting)).order_by(payments.c.id)
        page = [Payment(*row) for row in connection.execute(statement.limit(_AT_ONCE))]
        if not page:
            return
        last = page[-1].id
        told = store.evidence_of(connection, [payment.id for payment in page]).pieces
        wanted = {payment.id: wanted_receipts(payment.facts, told[payment.id]) for payment in page}
        named = [receipt for each in wanted.values() for receipt in each]
        owners = {
            row.receipt: row.payment_id
            for row in connection.execute(select(receipts).where(receipts.c.receipt.in_(named)))
        }
        for payment in page:
            foreign = {receipt for receipt in wanted[payment.id] if owners.get(receipt) != payment.id}
            yield payment, row_of(payment.facts, told[payment.id], foreign)


def _receipt_owned(connection: Connection, _now: Instant) -> Iterator[str]:
    joined = payments.outerjoin(receipts, receipts.c.receipt == payments.c.receipt)
    owned_elsewhere = or_(receipts.c.payment_id.is_(None), receipts.c.payment_id != payments.c.id)
    found = select(payments.c.id).select_from(joined).where(payments.c.receipt.is_not(None), owned_elsewhere)
    for row in connection.execute(found.order_by(payments.c.id).limit(MOST_NAMED + 1)):
        yield f"{row.id} shows a receipt that is not its own"


PROMISES: Final = (
    Rule(
        "nothing_open_too_long",
        "A payment ends within a day, and one that Daraja never named when its lock is over (law 4).",
        _nothing_open_too_long,
    ),
    Rule("everything_applied", "What was stored is in its payment's row soon after.", _everything_applied),
    Rule("told_in_order", "The outbox has an event for each version of a payment after the first.", _told_in_order),
    Rule("rows_follow_evidence", "A payment's row is what its evidence makes it (law 1).", _rows_follow_evidence),
    Rule("completed_is_proved", "A payment is completed if, and only if, success is proved.", _completed_is_proved),
    Rule("receipt_owned", "The receipt that a payment shows belongs to it alone.", _receipt_owned),
)
"""The rules of payments."""

RULES: Final = (*BOOKS, *PROMISES)
"""Every rule that a database of Pokea obeys."""
