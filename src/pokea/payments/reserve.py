"""Making payments' rows: the one transaction before their pushes (law: push; law: time; law: keys and tokens).

Requests that wait together are answered together, each as if it came after those before it: what may stand in their way
is locked and read once for all, what becomes of each is decided in memory, and what is made is written in one
statement. Rejections are returned, not raised: a request that meets an open payment leaves a trace (that payment moves
to the head of the queue of inquiries), and must not abort its neighbours.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, bindparam, or_, update

from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant
from pokea.errors import ApiError
from pokea.operations import store
from pokea.operations.store import Payment
from pokea.payments.limits import OVERALL_WINDOW, PUSH_WINDOW, PromptLimit, Usage, check_push_limits
from pokea.payments.reserve_sql import sql_for
from pokea.storage import idempotency
from pokea.storage.idempotency import IdempotencyKey, Reservation
from pokea.storage.sql import execute, execute_many
from pokea.storage.statements import advisory_lock
from pokea.storage.tables import open_payments

_ASKED_LATELY: Instant = 10 * SECOND
_MOST_LOOKS = 3
"""How often a request looks at what is in its way: once more for each time that another transaction was quicker."""

_LIFT = update(open_payments).where(open_payments.c.id == bindparam("of_id")).values(is_locking=False)
_HURRY = (
    update(open_payments)
    .where(open_payments.c.id == bindparam("of_id"))
    .where(open_payments.c.next_action_at > bindparam("now"))
    .where(or_(open_payments.c.last_inquiry_at.is_(None), open_payments.c.last_inquiry_at <= bindparam("lately")))
    .values(next_action_at=bindparam("now"))
)


class Limits(NamedTuple):
    """Prompts in ten minutes for a phone and for a customer, and in a minute overall; 0 for no limit (law: keys and
    tokens)."""

    phone: int
    customer: int
    overall: int = 0


class PaymentRequest(NamedTuple):
    """The payment as it would be, who asks, and under which idempotency key."""

    payment: Payment
    is_admin: bool
    key: IdempotencyKey | None


class RejectReason(StrEnum):
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


class Rejected(NamedTuple):
    """No payment was made. `conflict` is the open payment in its way; `fee_cents` what would have been right."""

    why: RejectReason
    conflict: Payment | None = None
    fee_cents: int | None = None


Answer: TypeAlias = Reserved | Replayed | Rejected | ApiError
"""What becomes of a request. An ApiError is for its caller: a key used with another body, or prompts that are used
up."""


class _Conflicts:
    """What the requests of one transaction meet: read once for all, and then what those before have made."""

    def __init__(
        self,
        locked: Sequence[Payment],
        mine: Mapping[str, Payment],
        bookings: Mapping[str, Booking],
        keyed: Mapping[IdempotencyKey, Payment | ApiError],
    ) -> None:
        self._of_booking = {payment.booking_id: payment for payment in locked}
        self._of_phone = {payment.msisdn: payment for payment in locked}
        self._mine = mine
        self._bookings = bookings
        self._keyed = keyed
        self._bound: dict[tuple[int, str, str, str], tuple[str, Payment]] = {}
        self.usages: dict[str, Usage] = {}
        self.made: list[PaymentRequest] = []

    def rejection(self, wanted: PaymentRequest) -> Answer | None:
        """The answer to a request that makes no payment, whatever the limits say."""
        mine = self._mine.get(wanted.payment.id)
        if mine is not None:
            return Reserved(mine)
        earlier = self._earlier(wanted.key) if wanted.key is not None else None
        if earlier is not None:
            return earlier if isinstance(earlier, ApiError) else Replayed(earlier)
        refused = _unfit(self._bookings.get(wanted.payment.booking_id), wanted)
        if refused is not None:
            return refused
        # A page that resumes gets its booking's payment rather than the phone's other one.
        conflict = self._of_booking.get(wanted.payment.booking_id) or self._of_phone.get(wanted.payment.msisdn)
        return Rejected(RejectReason.IN_PROGRESS, conflict=conflict) if conflict is not None else None

    def with_booking(self, wanted: PaymentRequest) -> PaymentRequest:
        """The request with what its payment takes from its booking."""
        booking = self._bookings[wanted.payment.booking_id]
        payment = wanted.payment._replace(account_reference=booking.reference, owner=booking.customer_id)
        return wanted._replace(payment=payment)

    def make(self, wanted: PaymentRequest, limits: Sequence[PromptLimit]) -> Reserved:
        """Let the requests that come after this one meet its payment."""
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

    def _earlier(self, key: IdempotencyKey) -> Payment | ApiError | None:
        if key.name not in self._bound:
            return self._keyed.get(key)
        digest, payment = self._bound[key.name]
        return payment if digest == key.body_digest else idempotency.reused()


def reserve(connection: Connection, requests: Sequence[PaymentRequest], limits: Limits, now: Instant) -> list[Answer]:
    """Make the payments that no rule forbids; answers what becomes of each request, in their order."""
    answers: dict[str, Answer] = {}
    left = requests
    for _ in range(_MOST_LOOKS):
        answers |= _answer_all(connection, left, limits, now)
        left = [wanted for wanted in left if wanted.payment.id not in answers]
        if not left:
            break
    return [answers.get(wanted.payment.id, Rejected(RejectReason.IN_PROGRESS)) for wanted in requests]


def _answer_all(
    connection: Connection, requests: Sequence[PaymentRequest], limits: Limits, now: Instant
) -> dict[str, Answer]:
    """The answers, by the ids of the payments that are asked for. Where another transaction was quicker with a phone
    or a key, only those are answered whose payments are made: the others may have met what was not."""
    conflicts = _look(connection, requests, now)
    _count(connection, conflicts, requests, limits, now)
    answers = {wanted.payment.id: _answer(conflicts, wanted, limits, now) for wanted in requests}
    bound = _bind(connection, conflicts.made, now)
    made = sql_for(connection).make(connection, [wanted.payment for wanted in bound])
    if len(made) < len(conflicts.made):
        for wanted in bound:
            if wanted.key is not None and wanted.payment.id not in made:
                idempotency.release(connection, wanted.key, wanted.payment.id)
        return {payment_id: answers[payment_id] for payment_id in made}
    for answer in answers.values():
        if isinstance(answer, Rejected) and answer.conflict is not None and answer.conflict.request_id is not None:
            # It is asked about next, unless it was a moment ago (law: time).
            execute(connection, _HURRY, {"of_id": answer.conflict.id, "now": now, "lately": now - _ASKED_LATELY})
    return answers


def _look(connection: Connection, requests: Sequence[PaymentRequest], now: Instant) -> _Conflicts:
    """Lock and read what the requests may meet; locks whose time is over are lifted on the way.

    Payments are locked before their bookings, as the settler does, so that neither waits for the other in a circle.
    """
    steps = sql_for(connection)
    found = steps.lock_conflicting(connection, [wanted.payment for wanted in requests])
    rows = [row for row in found if row.is_locking]
    execute_many(connection, _LIFT, [{"of_id": row.id} for row in rows if row.locked_until <= now])
    locked = [row for row in rows if row.locked_until > now]
    bookings = steps.lock_bookings(connection, {wanted.payment.booking_id for wanted in requests})
    keyed = _made_before(connection, {wanted.key for wanted in requests if wanted.key is not None}, now)
    return _Conflicts(locked, {row.id: row for row in found}, bookings, keyed)


def _made_before(
    connection: Connection, keys: Collection[IdempotencyKey], now: Instant
) -> dict[IdempotencyKey, Payment | ApiError]:
    """The payments of earlier calls with these keys, or why a key cannot be used."""
    first = idempotency.find_all(connection, keys, now)
    ids = {each for each in first.values() if isinstance(each, str)}
    known: Mapping[str, Payment | ApiError] = store.find_all(connection, ids) if ids else {}
    found = {key: known.get(each) if isinstance(each, str) else each for key, each in first.items()}
    return {key: each for key, each in found.items() if each is not None}


def _bind(connection: Connection, made: Sequence[PaymentRequest], now: Instant) -> list[PaymentRequest]:
    """Bind the requests' keys, where they have one, to their payments; answers those whose keys no other call has."""
    keyed = [Reservation(wanted.key, wanted.payment.id, now) for wanted in made if wanted.key is not None]
    earlier = idempotency.reserve_all(connection, keyed)
    return [wanted for wanted in made if wanted.key is None or earlier[wanted.key.name] is None]


def _answer(conflicts: _Conflicts, wanted: PaymentRequest, limits: Limits, now: Instant) -> Answer:
    forbidden = conflicts.rejection(wanted)
    if forbidden is not None:
        return forbidden
    fit = conflicts.with_booking(wanted)
    met = _limits_of(fit.payment, limits)
    try:
        check_push_limits([conflicts.usages[limit.name] for limit in met], now)
    except ApiError as refusal:
        return refusal
    return conflicts.make(fit, met)


def _unfit(booking: Booking | None, wanted: PaymentRequest) -> Rejected | None:
    if booking is None or not (wanted.is_admin or booking.customer_id == wanted.payment.owner):
        return Rejected(RejectReason.NOT_FOUND)
    if booking.fee_status != FeeStatus.UNPAID:
        return Rejected(RejectReason.ALREADY_PAID)
    if booking.fee_cents != wanted.payment.amount_cents:
        return Rejected(RejectReason.AMOUNT_MISMATCH, fee_cents=booking.fee_cents)
    return None


def _count(
    connection: Connection, conflicts: _Conflicts, requests: Sequence[PaymentRequest], limits: Limits, now: Instant
) -> None:
    """Count the prompts behind each limit that the requests meet."""
    hopeful = [conflicts.with_booking(wanted).payment for wanted in requests if conflicts.rejection(wanted) is None]
    met = {limit.name: limit for payment in hopeful for limit in _limits_of(payment, limits)}
    # Two calls that count at the same time would both find room for one more.
    advisory_lock(connection, met)
    counted = sql_for(connection).count_prompts(connection, list(met.values()), now)
    for name, (count, oldest_at) in counted.items():
        limit = met[name]
        conflicts.usages[name] = Usage(limit.who, limit.most, count, oldest_at, limit.window)


def _limits_of(payment: Payment, limits: Limits) -> list[PromptLimit]:
    phone, owner, merchant = payment.msisdn, payment.owner, payment.merchant_id
    every = (
        PromptLimit(f"phone {phone}", "this phone", limits.phone, PUSH_WINDOW, merchant, msisdn=phone),
        PromptLimit(f"customer {owner}", "this customer", limits.customer, PUSH_WINDOW, merchant, owner=owner),
        PromptLimit("everybody", "all customers together", limits.overall, OVERALL_WINDOW, merchant),
    )
    return [limit for limit in every if limit.most]
