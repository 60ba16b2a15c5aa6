"""Making payments' rows: the one transaction before their pushes (law 3, 4, 8).

Wishes that wait together are answered together, each as if it came after those before it: what may stand in their way
is locked and read once for all, what becomes of each is decided in memory, and what is made is written in one
statement. It is answered what became of a wish, and not raised, because a wish that meets an open payment leaves a
trace (that payment moves to the head of the queue of questions), and because its neighbours go on.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, or_, select, true, update

from pokea.api.limits import OVERALL_WINDOW, PUSH_WINDOW, Usage, check_push_limits
from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.errors import Refusal
from pokea.payments import store
from pokea.payments.settling import steps_of
from pokea.payments.store import Payment
from pokea.storage import idempotency
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.prepared import row_of, run, run_each
from pokea.storage.statements import take_turns
from pokea.storage.tables import payments

_ASKED_LATELY: Instant = 10 * SECOND
_MOST_LOOKS = 3
"""How often a wish looks at what is in its way: once more for each time that another transaction was quicker."""

_columns = payments.c
_LIFT = update(payments).where(_columns.id == bindparam("of_id")).values(live=False)
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


Answer: TypeAlias = Reserved | Replayed | Refused | Refusal
"""What becomes of a wish. A Refusal is for its caller: a key used with another body, or prompts that are used up."""


class _Limit(NamedTuple):
    """One of the limits that a payment meets; `name` says whose prompts are counted."""

    name: str
    who: str
    most: int
    newest: Select[int, Any]
    whose: Mapping[str, str]
    window: Instant


class _Ground:
    """What the wishes of one transaction meet: read once for all, and then what those before have made."""

    def __init__(
        self,
        locked: Sequence[Payment],
        mine: Mapping[str, Payment],
        bookings: Mapping[str, Booking],
        keyed: Mapping[IdempotencyKey, Payment | Refusal],
    ) -> None:
        self._of_booking = {payment.booking_id: payment for payment in locked}
        self._of_phone = {payment.msisdn: payment for payment in locked}
        self._mine = mine
        self._bookings = bookings
        self._keyed = keyed
        self._bound: dict[tuple[str, str, str], tuple[str, Payment]] = {}
        self.usages: dict[str, Usage] = {}
        self.made: list[Wanted] = []

    def forbids(self, wanted: Wanted) -> Answer | None:
        """The answer to a wish that makes no payment, whatever the limits say."""
        mine = self._mine.get(wanted.payment.id)
        if mine is not None:
            return Reserved(mine)
        earlier = self._earlier(wanted.key) if wanted.key is not None else None
        if earlier is not None:
            return earlier if isinstance(earlier, Refusal) else Replayed(earlier)
        refused = _unfit(self._bookings.get(wanted.payment.booking_id), wanted)
        if refused is not None:
            return refused
        # A page that resumes is told of its booking's payment rather than of the phone's other one.
        live = self._of_booking.get(wanted.payment.booking_id) or self._of_phone.get(wanted.payment.msisdn)
        return Refused(Why.IN_PROGRESS, live=live) if live is not None else None

    def of_its_booking(self, wanted: Wanted) -> Wanted:
        """The wish with what its payment takes from its booking."""
        booking = self._bookings[wanted.payment.booking_id]
        payment = wanted.payment._replace(account_reference=booking.reference, owner=booking.customer_id)
        return wanted._replace(payment=payment)

    def make(self, wanted: Wanted, limits: Sequence[_Limit]) -> Reserved:
        """Let the wishes that come after this one meet its payment."""
        payment = wanted.payment
        self.made.append(wanted)
        self._of_booking[payment.booking_id] = self._of_phone[payment.msisdn] = payment
        if wanted.key is not None:
            self._bound[wanted.key.name] = (wanted.key.body_digest, payment)
        for limit in limits:
            usage = self.usages[limit.name]
            oldest_at = payment.created_at if usage.oldest_at is None else usage.oldest_at
            self.usages[limit.name] = usage._replace(prompts=usage.prompts + 1, oldest_at=oldest_at)
        return Reserved(payment)

    def _earlier(self, key: IdempotencyKey) -> Payment | Refusal | None:
        if key.name not in self._bound:
            return self._keyed.get(key)
        digest, payment = self._bound[key.name]
        return payment if digest == key.body_digest else idempotency.reused()


def reserve(connection: Connection, wishes: Sequence[Wanted], limits: Limits, now: Instant) -> list[Answer]:
    """Make the payments that no rule forbids; answers what becomes of each wish, in their order."""
    answers: dict[str, Answer] = {}
    left = wishes
    for _ in range(_MOST_LOOKS):
        answers |= _answer_all(connection, left, limits, now)
        left = [wanted for wanted in left if wanted.payment.id not in answers]
        if not left:
            break
    return [answers.get(wanted.payment.id, Refused(Why.IN_PROGRESS)) for wanted in wishes]


def _answer_all(connection: Connection, wishes: Sequence[Wanted], limits: Limits, now: Instant) -> dict[str, Answer]:
    """The answers, by the ids of the payments that are wished for. Where another transaction was quicker with a phone
    or a key, only those are answered whose payments are made: the others may have met what was not."""
    ground = _look(connection, wishes, now)
    _count(connection, ground, wishes, limits, now)
    answers = {wanted.payment.id: _answer(ground, wanted, limits, now) for wanted in wishes}
    bound = [wanted for wanted in sorted(ground.made, key=_by_key) if _bind(connection, wanted, now)]
    made = steps_of(connection).make(connection, [wanted.payment for wanted in bound])
    if len(made) < len(ground.made):
        for wanted in bound:
            if wanted.key is not None and wanted.payment.id not in made:
                idempotency.release(connection, wanted.key, wanted.payment.id)
        return {payment_id: answers[payment_id] for payment_id in made}
    for answer in answers.values():
        if isinstance(answer, Refused) and answer.live is not None and answer.live.checkout_request_id is not None:
            # It is asked about next, unless it was a moment ago (law 4).
            run(connection, _HURRY, {"of_id": answer.live.id, "now": now, "lately": now - _ASKED_LATELY})
    return answers


def _look(connection: Connection, wishes: Sequence[Wanted], now: Instant) -> _Ground:
    """Lock and read what the wishes may meet; locks whose time is over are lifted on the way.

    Payments are locked before their bookings, as the settler does, so that neither waits for the other in a circle.
    """
    steps = steps_of(connection)
    found = steps.lock_met(connection, [wanted.payment for wanted in wishes])
    rows = [row for row in found if row.live]
    run_each(connection, _LIFT, [{"of_id": row.id} for row in rows if row.locked_until <= now])
    locked = [row for row in rows if row.locked_until > now]
    bookings = steps.lock_bookings(connection, {wanted.payment.booking_id for wanted in wishes})
    keys = {wanted.key for wanted in wishes if wanted.key is not None}
    known = ((key, _made_before(connection, key, now)) for key in keys)
    keyed = {key: earlier for key, earlier in known if earlier is not None}
    return _Ground(locked, {row.id: row for row in found}, bookings, keyed)


def _by_key(wanted: Wanted) -> tuple[str, ...]:
    """Keys are bound in one order, so that nobody waits in a circle."""
    return wanted.key.name if wanted.key is not None else ()


def _made_before(connection: Connection, key: IdempotencyKey, now: Instant) -> Payment | Refusal | None:
    """The payment of an earlier call with this key, or why the key cannot be used."""
    try:
        earlier = idempotency.find(connection, key, now)
    except Refusal as refusal:
        return refusal
    return store.find(connection, earlier) if earlier is not None else None


def _bind(connection: Connection, wanted: Wanted, now: Instant) -> bool:
    """Bind the wish's key, if it has one, to its payment; says whether nobody else has it."""
    if wanted.key is None:
        return True
    try:
        return idempotency.reserve(connection, wanted.key, wanted.payment.id, now) is None
    except Refusal:
        return False


def _answer(ground: _Ground, wanted: Wanted, limits: Limits, now: Instant) -> Answer:
    forbidden = ground.forbids(wanted)
    if forbidden is not None:
        return forbidden
    fit = ground.of_its_booking(wanted)
    met = _limits_of(fit.payment, limits)
    try:
        check_push_limits([ground.usages[limit.name] for limit in met], now)
    except Refusal as refusal:
        return refusal
    return ground.make(fit, met)


def _unfit(booking: Booking | None, wanted: Wanted) -> Refused | None:
    if booking is None or not (wanted.is_admin or booking.customer_id == wanted.payment.owner):
        return Refused(Why.NOT_FOUND)
    if booking.fee_status != "unpaid":
        return Refused(Why.ALREADY_PAID)
    if booking.fee_cents != wanted.payment.amount_cents:
        return Refused(Why.AMOUNT_MISMATCH, fee_cents=booking.fee_cents)
    return None


def _count(connection: Connection, ground: _Ground, wishes: Sequence[Wanted], limits: Limits, now: Instant) -> None:
    """Count the prompts behind each limit that the wishes meet."""
    hopeful = [ground.of_its_booking(wanted).payment for wanted in wishes if ground.forbids(wanted) is None]
    met = {limit.name: limit for payment in hopeful for limit in _limits_of(payment, limits)}
    # Two calls that count at the same time would both find room for one more.
    take_turns(connection, met)
    for name, limit in met.items():
        values = {**limit.whose, "since": now - limit.window, "most": limit.most}
        count, oldest_at = row_of(connection, limit.newest, values)
        ground.usages[name] = Usage(limit.who, limit.most, count, oldest_at, limit.window)


def _limits_of(payment: Payment, limits: Limits) -> list[_Limit]:
    phone, owner = payment.msisdn, payment.owner
    every = (
        _Limit(f"phone {phone}", "this phone", limits.phone, _OF_PHONE, {"of_phone": phone}, PUSH_WINDOW),
        _Limit(f"customer {owner}", "this customer", limits.customer, _OF_CUSTOMER, {"of_owner": owner}, PUSH_WINDOW),
        _Limit("everybody", "all customers together", limits.overall, _OF_ALL, {}, OVERALL_WINDOW),
    )
    return [limit for limit in every if limit.most]
