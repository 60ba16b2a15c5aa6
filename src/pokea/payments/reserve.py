"""Making a payment's row: the one transaction before a push (law 3, 4, 8).

It answers what became of the wish instead of raising, because a wish that meets an open payment leaves a trace: that
payment moves to the head of the queue of questions.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, or_, select, true, update

from pokea.analytics import store as count_store
from pokea.analytics.counting import deltas
from pokea.api.limits import OVERALL_WINDOW, PUSH_WINDOW, Usage, check_push_limits
from pokea.bookings import store as booking_store
from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.payments import store
from pokea.payments.store import Payment
from pokea.storage import idempotency
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.statements import insert_if_new, take_turns
from pokea.storage.tables import payments

_ASKED_LATELY: Instant = 10 * SECOND

_columns = payments.c
_LIVE = (
    select(payments)
    .where(_columns.live, or_(_columns.booking_id == bindparam("of_booking"), _columns.msisdn == bindparam("of_phone")))
    .order_by(_columns.id)
    .with_for_update()
)
_LIFT = update(payments).where(_columns.id.in_(bindparam("ids", expanding=True))).values(live=False)
_HURRY = (
    update(payments)
    .where(_columns.id == bindparam("of_id"))
    .where(_columns.due_at > bindparam("now"))
    .where(or_(_columns.asked_at.is_(None), _columns.asked_at <= bindparam("lately")))
    .values(due_at=bindparam("now"))
)


def _newest(same: ColumnElement[bool]) -> Select[int, Any]:
    """No more than the limit is counted: the oldest of those is also the one whose end is waited for."""
    recent = select(_columns.created_at).where(same, _columns.created_at > bindparam("since"))
    newest = recent.order_by(_columns.created_at.desc()).limit(bindparam("most")).subquery()
    return select(func.count(), func.min(newest.c.created_at)).select_from(newest)


_OF_PHONE = _newest(_columns.msisdn == bindparam("of_phone"))
_OF_CUSTOMER = _newest(_columns.owner == bindparam("of_owner"))
_OF_ALL = _newest(true())


class Limits(NamedTuple):
    """Prompts in ten minutes for a phone and for a customer, and in a minute overall; 0 for no limit (law 8)."""

    phone: int
    customer: int
    overall: int = 0


class Wanted(NamedTuple):
    """The payment as it would be, who asks, and under which idempotency key."""

    payment: Payment
    is_admin: bool
    key: IdempotencyKey | None


class Why(StrEnum):
    """Why there is no payment: codes of the catalogue."""

    NOT_FOUND = "not_found"
    ALREADY_PAID = "already_paid"
    AMOUNT_MISMATCH = "amount_mismatch"
    IN_PROGRESS = "payment_in_progress"


class Reserved(NamedTuple):
    """The row is made; its push may go out."""

    payment: Payment


class Replayed(NamedTuple):
    """The key belongs to this payment, made by an earlier call."""

    payment: Payment


class Refused(NamedTuple):
    """No payment was made. `live` is the open payment in its way; `fee_cents` what would have been right."""

    why: Why
    live: Payment | None = None
    fee_cents: int | None = None


def reserve(connection: Connection, wanted: Wanted, limits: Limits, now: Instant) -> Reserved | Replayed | Refused:
    """Make the payment unless a rule forbids it.

    Raises Refusal, and then nothing is written, when the key was used with another body or prompts are used up.
    """
    # Payments are locked before their booking, as the settler does, so that neither waits for the other in a circle.
    live = _live(connection, wanted.payment, now)
    if live is not None and live.id == wanted.payment.id:
        return Reserved(live)
    booking = booking_store.lock(connection, [wanted.payment.booking_id]).get(wanted.payment.booking_id)
    if wanted.key is not None:
        earlier = idempotency.find(connection, wanted.key, now)
        found = store.find(connection, earlier) if earlier is not None else None
        if found is not None:
            return Reserved(found) if found.id == wanted.payment.id else Replayed(found)
    refused = _unfit(booking, wanted)
    if refused is not None or booking is None:
        return refused or Refused(Why.NOT_FOUND)
    if live is not None:
        return _in_the_way(connection, live, now)
    payment = wanted.payment._replace(account_reference=booking.reference, owner=booking.customer_id)
    _check_limits(connection, payment, limits, now)
    if not insert_if_new(connection, payments, payment._asdict()):
        mine = store.find(connection, payment.id)
        return Reserved(mine) if mine else Refused(Why.IN_PROGRESS, live=_live(connection, payment, now))
    count_store.add(connection, deltas([(None, payment)]))
    if wanted.key is not None:
        idempotency.reserve(connection, wanted.key, payment.id, now)
    return Reserved(payment)


def _unfit(booking: Booking | None, wanted: Wanted) -> Refused | None:
    if booking is None or not (wanted.is_admin or booking.customer_id == wanted.payment.owner):
        return Refused(Why.NOT_FOUND)
    if booking.fee_status != "unpaid":
        return Refused(Why.ALREADY_PAID)
    if booking.fee_cents != wanted.payment.amount_cents:
        return Refused(Why.AMOUNT_MISMATCH, fee_cents=booking.fee_cents)
    return None


def _live(connection: Connection, payment: Payment, now: Instant) -> Payment | None:
    """The open payment of the booking, else of the phone, locked; locks whose time is over are lifted on the way."""
    wanted = {"of_booking": payment.booking_id, "of_phone": payment.msisdn}
    rows = [Payment(*row) for row in connection.execute(_LIVE, wanted)]
    over = [row.id for row in rows if row.locked_until <= now]
    if over:
        connection.execute(_LIFT, {"ids": over})
    locked = [row for row in rows if row.locked_until > now]
    return next((row for row in locked if row.booking_id == payment.booking_id), locked[0] if locked else None)


def _in_the_way(connection: Connection, live: Payment, now: Instant) -> Refused:
    """The wish meets an open payment, which is asked about next unless it was a moment ago (law 4)."""
    if live.checkout_request_id is not None:
        connection.execute(_HURRY, {"of_id": live.id, "now": now, "lately": now - _ASKED_LATELY})
    return Refused(Why.IN_PROGRESS, live=live)


def _check_limits(connection: Connection, payment: Payment, limits: Limits, now: Instant) -> None:
    names = {f"phone {payment.msisdn}": limits.phone, f"customer {payment.owner}": limits.customer}
    # Two calls that count at the same time would both find room for one more.
    take_turns(connection, [name for name, limit in {**names, "everybody": limits.overall}.items() if limit])
    asked: tuple[tuple[str, int, Select[int, Any], dict[str, str], Instant], ...] = (
        ("this phone", limits.phone, _OF_PHONE, {"of_phone": payment.msisdn}, PUSH_WINDOW),
        ("this customer", limits.customer, _OF_CUSTOMER, {"of_owner": payment.owner}, PUSH_WINDOW),
        ("all customers together", limits.overall, _OF_ALL, {}, OVERALL_WINDOW),
    )
    usages = []
    for who, limit, newest, whose, window in asked:
        values = whose | {"since": now - window, "most": limit}
        count, oldest_at = connection.execute(newest, values).one() if limit else (0, None)
        usages.append(Usage(who, limit, count, oldest_at, window))
    check_push_limits(usages, now)
