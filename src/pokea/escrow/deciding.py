"""Decisions about held money: done, release, dispute, refund (law: escrow). Each is a row that only grows.

Of two that spend the same shilling the first counts: all of them take the merchant's turn, and then lock the payment
before the booking, as every change of money out does.
"""

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import Connection, exists, insert, or_, select, update

from pokea.bookings.events import DONE
from pokea.bookings.fees import RELEASABLE, move_fee, with_event
from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking, find
from pokea.clock import HOUR, Instant
from pokea.disbursements.calls import OutCall, bind, first_call
from pokea.disbursements.locks import lock_booking, lock_payment, take_turn
from pokea.disbursements.model import DisbursementKind
from pokea.disbursements.payee_store import find_payee
from pokea.disbursements.refund_source import MoneyStanding, standing_of
from pokea.disbursements.saving import post
from pokea.disbursements.sums import OPEN_STATUSES
from pokea.errors import ApiError, invalid
from pokea.escrow.shares import Division, WantedShare, divide
from pokea.ledger.money_out import Share, released
from pokea.operations.store import Payment
from pokea.scope import Scope
from pokea.storage.statements import insert_if_new
from pokea.storage.tables import decisions, disbursements, done_bookings, flags, payments

BY_TIME: Final = ""
"""Who has decided where the time has."""
LOOK_AGAIN: Final[Instant] = HOUR
_MAY_WAIT: Final = (FeeStatus.HELD, FeeStatus.DISPUTED, FeeStatus.REFUNDING, FeeStatus.PARTLY_REFUNDED)


class DecisionKind(StrEnum):
    """What was decided."""

    RELEASE = "release"
    DISPUTE = "dispute"
    REFUND = "refund"
    FLAG = "flag"


class EscrowDecision(NamedTuple):
    """A decision's row; the fields are the table's columns, in their order."""

    id: str
    merchant_id: int
    object_id: str
    kind: str
    amount_cents: int | None
    split: str | None
    commission_cents: int | None
    flag: str | None
    subject: str
    reason: str | None
    created_at: Instant


class Decided(NamedTuple):
    """A booking after a decision, the decision, and whether an earlier call with the same key made it."""

    booking: Booking
    decision: EscrowDecision | None
    replayed: bool = False


class OwnerOrAdmin(NamedTuple):
    """Who calls: an admin may decide about every booking of the merchant, a customer about their own."""

    subject: str
    is_admin: bool

    def check(self, booking: Booking | None, scope: Scope) -> Booking:
        """The booking; raises ApiError `not_found` where it does not exist for the caller."""
        is_own = booking is not None and (self.is_admin or booking.customer_id == self.subject)
        if booking is None or booking.merchant_id != scope.merchant_id or not is_own:
            raise ApiError("not_found", "There is no such booking, or it is somebody else's.")
        return booking


class _HeldMoney(NamedTuple):
    """A booking that is locked, the payment that paid its fee, and where that money stands."""

    booking: Booking
    payment: Payment
    standing: MoneyStanding


def mark_done(
    connection: Connection, call: OutCall, booking_id: str, wanted: Sequence[WantedShare], release_after: Instant | None
) -> Decided:
    """The booked work is done. With `wanted` the fee releases itself so, after this time (None for never).

    Raises ApiError `not_found`, `invalid_request`.
    """
    caller = OwnerOrAdmin(call.subject, call.is_admin)
    booking = caller.check(find(connection, booking_id), call.scope)
    take_turn(connection, booking.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return Decided(booking, None, replayed=True)
    _check_payees(connection, call.scope, wanted)
    row = {
        "booking_id": booking.id,
        "merchant_id": booking.merchant_id,
        "done_by": call.subject,
        "done_at": call.now,
        "split": _split_text(wanted) if wanted else None,
        "release_at": call.now + release_after if wanted and release_after is not None else None,
    }
    booking = _locked(connection, booking_id)
    if insert_if_new(connection, done_bookings, row):
        booking = with_event(connection, booking, DONE, call.now)
    bind(connection, call)
    return Decided(booking, None)


def release(
    connection: Connection, call: OutCall, booking_id: str, wanted: Sequence[WantedShare], hundredths: int
) -> Decided:
    """Release what is held: to the payees named, less the commission (in hundredths of a percent).

    Raises ApiError `not_found`, `already_decided`, `invalid_request`.
    """
    caller = OwnerOrAdmin(call.subject, call.is_admin)
    caller.check(find(connection, booking_id), call.scope)
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return Decided(_locked(connection, booking_id), find_decision(connection, first), replayed=True)
    held = _hold(connection, booking_id, may_end_dispute=call.is_admin)
    if held.standing.asked_of_held_cents:
        # What it asks for would stay held by a booking that has nothing more to release.
        raise ApiError("already_decided", "A refund of this fee is asked for: approve or reject it first.")
    shares = wanted or _planned(connection, booking_id)
    if not shares:
        raise invalid("payeeId", "Say who gets the fee: `payeeId`, or `split` with a part for each payee.")
    _check_payees(connection, call.scope, shares)
    division = divide(held.standing.held_cents, shares, hundredths)
    made = _release(connection, held, division, call)
    bind(connection, call)
    return made


def dispute(connection: Connection, call: OutCall, booking_id: str, reason: str | None) -> Decided:
    """The customer disputes a fee that is held. Raises ApiError `not_found`, `already_decided`."""
    caller = OwnerOrAdmin(call.subject, call.is_admin)
    caller.check(find(connection, booking_id), call.scope)
    take_turn(connection, call.scope.merchant_id)
    first = first_call(connection, call)
    if first is not None:
        return Decided(_locked(connection, booking_id), find_decision(connection, first), replayed=True)
    held = _hold(connection, booking_id, may_end_dispute=False)
    made = _decision(call, booking_id, DecisionKind.DISPUTE, None, reason)
    connection.execute(insert(decisions), [made._asdict()])
    bind(connection, call)
    return Decided(move_fee(connection, held.booking, FeeStatus.DISPUTED, call.now), made)


def release_by_time(connection: Connection, call: OutCall, booking_id: str, hundredths: int) -> bool:
    """Release a fee whose time has come, as it was planned; says whether it was released.

    While a flag, a dispute or a refund is open a person decides, and it is looked at again later.
    """
    take_turn(connection, call.scope.merchant_id)
    seen = find(connection, booking_id)
    if seen is None or seen.fee_payment_id is None or seen.fee_status not in _MAY_WAIT:
        _plan_again(connection, booking_id, None)
        return False
    try:
        held = _hold(connection, booking_id, may_end_dispute=False)
        division = divide(held.standing.held_cents, _planned(connection, booking_id), hundredths)
    except ApiError:
        _plan_again(connection, booking_id, call.now + LOOK_AGAIN)
        return False
    is_whole = held.standing.held_cents == held.booking.fee_cents
    if _waits_for_person(connection, booking_id) or not is_whole or not division.shares:
        _plan_again(connection, booking_id, call.now + LOOK_AGAIN)
        return False
    _release(connection, held, division, call)
    _plan_again(connection, booking_id, None)
    return True


def find_decision(connection: Connection, decision_id: str) -> EscrowDecision | None:
    """The decision of this id."""
    row = connection.execute(select(decisions).where(decisions.c.id == decision_id)).first()
    return EscrowDecision(*row) if row else None


def _plan_again(connection: Connection, booking_id: str, release_at: Instant | None) -> None:
    own = done_bookings.c.booking_id == booking_id
    connection.execute(update(done_bookings).where(own).values(release_at=release_at))


def _planned(connection: Connection, booking_id: str) -> list[WantedShare]:
    """Who gets the fee by what was said when the work was done."""
    text = connection.execute(select(done_bookings.c.split).where(done_bookings.c.booking_id == booking_id)).scalar()
    return [WantedShare(each["payeeId"], each["amountCents"]) for each in json.loads(text)] if text else []


def _check_payees(connection: Connection, scope: Scope, wanted: Sequence[WantedShare]) -> None:
    for each in wanted:
        if find_payee(connection, scope, each.payee_id) is None:
            raise invalid("split", f"There is no payee {each.payee_id}.")


def _split_text(wanted: Sequence[WantedShare] | Sequence[Share]) -> str:
    return json.dumps([{"payeeId": each.payee_id, "amountCents": each.amount_cents} for each in wanted])


def _hold(connection: Connection, booking_id: str, *, may_end_dispute: bool) -> _HeldMoney:
    """The booking and its money, locked; raises ApiError `already_decided` where nothing of it can be decided."""
    seen = find(connection, booking_id)
    payment = None if seen is None or seen.fee_payment_id is None else lock_payment(connection, seen.fee_payment_id)
    booking = _locked(connection, booking_id)
    status = FeeStatus(booking.fee_status)
    if payment is None or status not in RELEASABLE:
        raise ApiError("already_decided", f"The fee of this booking is {status}.", extra={"status": status.value})
    if status is FeeStatus.DISPUTED and not may_end_dispute:
        raise ApiError("already_decided", "The fee of this booking is disputed: an admin decides.")
    standing = standing_of(connection, payment, booking)
    if standing.held_cents <= 0:
        raise ApiError("already_decided", "A refund of all that is held was asked for: reject it first.")
    return _HeldMoney(booking, payment, standing)


def _locked(connection: Connection, booking_id: str) -> Booking:
    booking = lock_booking(connection, booking_id)
    if booking is None:
        raise ApiError("not_found", "There is no such booking, or it is somebody else's.")
    return booking


def _release(connection: Connection, held: _HeldMoney, division: Division, call: OutCall) -> Decided:
    cents = held.standing.held_cents
    split = _split_text(division.shares)
    made = _decision(call, held.booking.id, DecisionKind.RELEASE, cents, None)._replace(
        split=split, commission_cents=division.commission_cents
    )
    connection.execute(insert(decisions), [made._asdict()])
    post(
        connection,
        released(made.id, made.merchant_id, division.shares, division.commission_cents, call.now),
    )
    return Decided(move_fee(connection, held.booking, FeeStatus.RELEASED, call.now), made)


def _decision(
    call: OutCall, object_id: str, kind: DecisionKind, amount_cents: int | None, reason: str | None
) -> EscrowDecision:
    return EscrowDecision(
        id=call.id,
        merchant_id=call.scope.merchant_id,
        object_id=object_id,
        kind=kind.value,
        amount_cents=amount_cents,
        split=None,
        commission_cents=None,
        flag=None,
        subject=call.subject,
        reason=reason,
        created_at=call.now,
    )


def _waits_for_person(connection: Connection, booking_id: str) -> bool:
    """Whether a flag of any payment of this booking is open, or a refund of any of them."""
    flagged = (
        select(flags.c.flag)
        .join(payments, payments.c.id == flags.c.operation_id)
        .where(payments.c.booking_id == booking_id, flags.c.closed_at.is_(None))
    )
    refunded = select(disbursements.c.id).where(
        disbursements.c.booking_id == booking_id,
        disbursements.c.kind == DisbursementKind.REFUND.value,
        disbursements.c.status.in_(OPEN_STATUSES),
    )
    return bool(connection.execute(select(or_(exists(flagged), exists(refunded)))).scalar_one())
