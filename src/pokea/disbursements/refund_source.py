"""Where a payment's money stands, and what a refund of it takes: from what is due back, else from the held fee, and
once that was released from those to whom it was.

It is read from the ledger, which has every arrival, decision, approval and return (law: escrow).
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from msgspec.structs import asdict
from sqlalchemy import Connection, case, func, select, union_all

from pokea.bookings.fees import REFUNDABLE, fee_after_refunds, move_fee
from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.disbursements.locks import lock_booking
from pokea.disbursements.model import Disbursement, DisbursementKind, DisbursementStatus
from pokea.errors import ApiError
from pokea.ledger.entries import Account
from pokea.ledger.money_out import Leg, Share, refund_decided, taken_back
from pokea.operations.store import Payment
from pokea.storage.statements import insert_new
from pokea.storage.tables import decisions, disbursements, postings

REFUND_DECISION: Final = "refund"
"""The kind of a decision to refund a held fee."""
REFUND_DECIDED: Final = "refund_decided"
"""The kind of its postings: it takes effect with the first approval."""


class MoneyStanding(NamedTuple):
    """What of a payment's money a new refund may take, in cents.

    `moved_cents` is what M-PESA moved by the payment. `due_cents` stand in refunds_due and are asked for by no other
    request, `held_cents` are held as the fee and are asked for by none either; `asked_of_held_cents` are held, and a
    refund that no person has approved or rejected asks for them. `released_cents` are what no refund has taken back or
    asks for of a fee that was released. `is_disputed`: the fee is held, and only an admin decides about it.
    """

    moved_cents: int
    due_cents: int
    held_cents: int
    is_released: bool
    asked_of_held_cents: int = 0
    released_cents: int = 0
    is_disputed: bool = False


def standing_of(connection: Connection, payment: Payment, booking: Booking | None) -> MoneyStanding:
    """Where the money of a payment stands; payment and booking are locked."""
    fee = None
    if booking is not None and booking.fee_payment_id == payment.id:
        fee = FeeStatus(booking.fee_status)
    objects = [payment.id] if fee is None else [payment.id, payment.booking_id]
    asked = _asked_for(connection, payment.id)
    held = _held_cents(connection, payment.id, objects) - asked.of_held_cents if fee in REFUNDABLE else 0
    is_released = fee is FeeStatus.RELEASED
    released = _released(connection, payment.id, objects).left_cents - asked.of_held_cents if is_released else 0
    return MoneyStanding(
        moved_cents=moved_cents(connection, payment.id),
        due_cents=-_balance(connection, Account.REFUNDS_DUE, _sources(connection, payment.id, objects))
        - asked.of_due_cents,
        held_cents=held,
        is_released=is_released,
        asked_of_held_cents=asked.of_held_cents if fee in REFUNDABLE else 0,
        released_cents=released,
        is_disputed=fee is FeeStatus.DISPUTED,
    )


def follow_fee(connection: Connection, row: Disbursement, now: Instant) -> None:
    """Bring the fee of a refund's booking to where its refunds have brought it; the refund is written already.

    Takes the booking's lock, the last of all.
    """
    if row.kind != DisbursementKind.REFUND or row.booking_id is None or row.payment_id is None:
        return
    booking = lock_booking(connection, row.booking_id)
    if booking is None or booking.fee_payment_id != row.payment_id or FeeStatus(booking.fee_status) not in REFUNDABLE:
        return
    held = _held_cents(connection, row.payment_id, [row.payment_id, row.booking_id])
    paid = select(func.coalesce(func.sum(disbursements.c.amount_cents), 0)).where(
        disbursements.c.payment_id == row.payment_id, disbursements.c.status == DisbursementStatus.COMPLETED.value
    )
    refunded = int(connection.execute(paid).scalar_one())
    move_fee(connection, booking, fee_after_refunds(booking.fee_cents, held, refunded), now)


def take_decision(connection: Connection, row: Disbursement, now: Instant) -> None:
    """Let the decision about a fee, if the request was one, take effect: its amount is due back from now on.

    It leaves what is held; of a fee that was released, what is payable for it (law: money out in detail, 8). Takes the
    booking's lock. Raises ApiError `already_decided` where less of the fee is there.
    """
    if row.decision_id is None or row.payment_id is None or row.booking_id is None:
        return
    amount = connection.execute(select(decisions.c.amount_cents).where(decisions.c.id == row.decision_id)).scalar_one()
    if _is_posted(connection, row.decision_id):
        return
    booking = lock_booking(connection, row.booking_id)
    fee = None if booking is None else FeeStatus(booking.fee_status)
    objects = [row.payment_id, row.booking_id]
    taken = [Leg(Account.FEES_HELD, amount)]
    at_hand = _held_cents(connection, row.payment_id, objects) if fee in REFUNDABLE else 0
    if fee is FeeStatus.RELEASED:
        released = _released(connection, row.payment_id, objects)
        at_hand, taken = released.left_cents, taken_back(released.shares, amount)
    if at_hand < amount:
        raise ApiError("already_decided", "The fee that this payment paid is no longer held.")
    entries = refund_decided(row.decision_id, row.merchant_id, taken, now)
    insert_new(connection, postings, [asdict(each) for each in entries])


def check_due(connection: Connection, row: Disbursement) -> None:
    """Raises ApiError `already_decided` where less than a refund's amount is due back: a person has put it elsewhere.

    Takes the booking's lock; the decision that the request is, if it is one, has taken effect.
    """
    if row.payment_id is None or row.booking_id is None:
        return
    booking = lock_booking(connection, row.booking_id)
    is_fee = booking is not None and booking.fee_payment_id == row.payment_id
    objects = [row.payment_id, row.booking_id] if is_fee else [row.payment_id]
    if -_balance(connection, Account.REFUNDS_DUE, _sources(connection, row.payment_id, objects)) < row.amount_cents:
        raise ApiError("already_decided", "The money of this payment is not due back any more: a person has decided.")


def moved_cents(connection: Connection, payment_id: str) -> int:
    """What M-PESA moved by a payment, a statement's correction included."""
    return _balance(connection, Account.MPESA_CLEARING, [payment_id])


def _is_posted(connection: Connection, decision_id: str) -> bool:
    posted = select(postings.c.line).where(postings.c.source_id == decision_id, postings.c.kind == REFUND_DECIDED)
    return connection.execute(posted).first() is not None


class _AskedFor(NamedTuple):
    """What refunds that are requested and not approved ask for: of what is due, and of the held fee."""

    of_due_cents: int
    of_held_cents: int


def _asked_for(connection: Connection, payment_id: str) -> _AskedFor:
    columns = disbursements.c
    is_posted = postings.c.source_id.is_not(None)
    joined = disbursements.outerjoin(decisions, decisions.c.id == columns.decision_id).outerjoin(
        postings,
        (postings.c.source_id == decisions.c.id) & (postings.c.kind == REFUND_DECIDED) & (postings.c.line == 0),
    )
    requested = (
        select(columns.amount_cents, func.coalesce(decisions.c.amount_cents, 0), is_posted)
        .select_from(joined)
        .where(columns.payment_id == payment_id, columns.status == DisbursementStatus.REQUESTED.value)
    )
    of_due = of_held = 0
    for amount, decided, has_effect in connection.execute(requested):
        of_held += 0 if has_effect else decided
        of_due += amount if has_effect else amount - decided
    return _AskedFor(of_due, of_held)


def _held_cents(connection: Connection, payment_id: str, objects: Collection[str]) -> int:
    return -_balance(connection, Account.FEES_HELD, _sources(connection, payment_id, objects))


class _Released(NamedTuple):
    """What was released of a payment's fee: to whom, and how much no refund has taken back since."""

    shares: list[Share]
    left_cents: int


def _released(connection: Connection, payment_id: str, objects: Collection[str]) -> _Released:
    columns = postings.c
    accounts = (Account.PROVIDER_PAYABLE.value, Account.COMMISSION.value)
    # What was given is a credit; what a refund has taken back is a debit beside it.
    given = func.sum(case((columns.amount_cents < 0, -columns.amount_cents), else_=0))
    found = (
        select(columns.party_id, given, -func.sum(columns.amount_cents))
        .where(columns.source_id.in_(_sources(connection, payment_id, objects)), columns.account.in_(accounts))
        .group_by(columns.party_id)
        .order_by(columns.party_id)
    )
    rows = connection.execute(found).all()
    shares = [Share(payee_id, int(cents)) for payee_id, cents, _ in rows if payee_id is not None]
    return _Released(shares, sum(int(left) for _, _, left in rows))


def _sources(connection: Connection, payment_id: str, objects: Collection[str]) -> list[str]:
    """What posts about a payment: itself, its refunds, and the decisions about `objects`."""
    found = union_all(
        select(disbursements.c.id).where(disbursements.c.payment_id == payment_id),
        select(decisions.c.id).where(decisions.c.object_id.in_(list(objects))),
    )
    return [payment_id, *connection.execute(found).scalars()]


def _balance(connection: Connection, account: Account, sources: Collection[str]) -> int:
    own = postings.c.source_id.in_(list(sources))
    total = select(func.coalesce(func.sum(postings.c.amount_cents), 0)).where(own, postings.c.account == account.value)
    return int(connection.execute(total).scalar_one())
