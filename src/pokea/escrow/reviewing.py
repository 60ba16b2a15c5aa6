"""A person decides about a flag of a payment: its money goes where it belongs, and the flag closes (law: escrow)."""

from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from pokea.bookings.fees import move_fee
from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.disbursements.calls import OutCall, bind, first_call
from pokea.disbursements.locks import lock_booking, lock_payment, take_turn
from pokea.disbursements.saving import post
from pokea.errors import ApiError, invalid
from pokea.escrow.deciding import DecisionKind, EscrowDecision, find_decision
from pokea.events.outbox import add_events
from pokea.ledger.entries import Account
from pokea.ledger.money_out import Leg, entry
from pokea.operations.decision import Flag, flags_without
from pokea.operations.payment_events import RESOLVED, event_of
from pokea.operations.store import Payment, find
from pokea.storage.tables import bookings, decisions, disbursements, flags, payments, postings

FLAG_RESOLVED: Final = "flag_resolved"


class FlagDecision(StrEnum):
    """Where the money of a flagged payment belongs; `keep` closes the flag and moves nothing."""

    FEES_HELD = "fees_held"
    REFUNDS_DUE = "refunds_due"
    OTHER_INCOME = "other_income"
    KEEP = "keep"


class FlagRequest(NamedTuple):
    """What a person decided about a flag, and why."""

    payment_id: str
    flag: Flag
    decision: FlagDecision
    reason: str


class Reviewed(NamedTuple):
    """The payment after the decision."""

    payment: Payment
    decision: EscrowDecision | None
    replayed: bool = False


def resolve_flag(connection: Connection, call: OutCall, wanted: FlagRequest) -> Reviewed:
    """Close a flag, and move the money that stands in suspense or refunds due to where it belongs.

    Raises ApiError `not_found`, `already_decided`, `invalid_request`.
    """
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    payment = lock_payment(connection, wanted.payment_id)
    if payment is None or payment.merchant_id != call.scope.merchant_id:
        raise ApiError("not_found", "There is no such payment.")
    if first is not None:
        return Reviewed(payment, find_decision(connection, first), replayed=True)
    if wanted.flag not in payment.raised:
        if f"-{wanted.flag}" in payment.flags.split(","):
            raise ApiError("already_decided", f"A person has decided about `{wanted.flag}` already.")
        raise invalid("flag", f"`{wanted.flag}` is not raised on this payment: see its `review`.")
    moved = _move(connection, call, payment, wanted)
    made = EscrowDecision(
        id=call.id,
        merchant_id=payment.merchant_id,
        object_id=payment.id,
        kind=DecisionKind.FLAG.value,
        amount_cents=moved,
        split=None,
        commission_cents=None,
        flag=wanted.flag.value,
        subject=call.subject,
        reason=wanted.reason,
        created_at=call.now,
    )
    connection.execute(insert(decisions), [made._asdict()])
    _close(connection, payment, wanted.flag, call.id, call.now)
    bind(connection, call)
    after = find(connection, payment.id)
    return Reviewed(payment if after is None else after, made)


def _move(connection: Connection, call: OutCall, payment: Payment, wanted: FlagRequest) -> int | None:
    """Move the payment's money that waits for a person; answers how much, None where nothing is moved."""
    if wanted.decision is FlagDecision.KEEP:
        return None
    source, cents = _waiting_cents(connection, payment)
    if source is None:
        raise ApiError("already_decided", "No money of this payment waits for a decision: close the flag with `keep`.")
    target = Account(wanted.decision.value)
    if target is source:
        return None
    if target is Account.FEES_HELD:
        _hold_fee(connection, payment, cents, call.now)
    legs = (Leg(source, cents), Leg(target, -cents))
    post(connection, entry(call.id, FLAG_RESOLVED, payment.merchant_id, legs, call.now))
    return cents


def _waiting_cents(connection: Connection, payment: Payment) -> tuple[Account | None, int]:
    """Where money of the payment waits, and how much of it, less what refunds have taken."""
    related = select(decisions.c.id).where(decisions.c.object_id == payment.id)
    refunds = select(disbursements.c.id).where(disbursements.c.payment_id == payment.id)
    sources = [payment.id, *connection.execute(related).scalars(), *connection.execute(refunds).scalars()]
    for account in (Account.SUSPENSE, Account.REFUNDS_DUE):
        total = select(func.coalesce(-func.sum(postings.c.amount_cents), 0)).where(
            postings.c.source_id.in_(sources), postings.c.account == account.value
        )
        cents = int(connection.execute(total).scalar_one())
        if cents > 0:
            return account, cents
    return None, 0


def _hold_fee(connection: Connection, payment: Payment, cents: int, now: Instant) -> Booking:
    """Let the payment pay its booking's fee after all; raises ApiError where the fee is paid, or is another amount."""
    booking = lock_booking(connection, payment.booking_id)
    if booking is None or booking.fee_status != FeeStatus.UNPAID:
        raise ApiError("already_decided", "The fee of this payment's booking has been paid.")
    if booking.fee_cents != cents:
        raise invalid("decision", "The money is not the booking's fee: `refunds_due` gives it back.")
    paid = update(bookings).where(bookings.c.id == booking.id).values(fee_payment_id=payment.id, paid_at=now)
    connection.execute(paid)
    return move_fee(connection, booking._replace(fee_payment_id=payment.id, paid_at=now), FeeStatus.HELD, now)


def _close(connection: Connection, payment: Payment, flag: Flag, decision_id: str, now: Instant) -> None:
    own = (flags.c.operation_id == payment.id, flags.c.flag == flag.value)
    connection.execute(update(flags).where(*own).values(closed_at=now, decision_id=decision_id))
    column = flags_without(payment.flags, flag)
    row = payment._replace(flags=column, version=payment.version + 1)
    connection.execute(update(payments).where(payments.c.id == row.id).values(flags=row.flags, version=row.version))
    add_events(connection, [event_of(row, RESOLVED, now)])
