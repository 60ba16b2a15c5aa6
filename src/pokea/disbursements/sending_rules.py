"""What an approved disbursement waits for: the brake, its delay, its payee, the caps, the funds (law: who may).

It is looked at when it is approved, and again when it is about to be sent (`judging`).
"""

from typing import Final, NamedTuple

from sqlalchemy import Connection, or_, select

from pokea.clock import SECOND, Instant
from pokea.disbursements import sums
from pokea.disbursements.brake_store import find_brake
from pokea.disbursements.caps import is_within
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import APPROVAL_LASTS, Disbursement, Waiting, Way
from pokea.disbursements.payee_store import find_payee
from pokea.disbursements.store import find_funds
from pokea.money import CENTS
from pokea.scope import Scope
from pokea.storage.tables import attempts

LOOKS_EVERY: Final[Instant] = 60 * SECOND
"""How often is looked at what waits for funds, for a cap or for a start: the balance is asked no more often."""
_LEAST_CHARGE_CENTS: Final = 2_240
"""The charge of the one B2C payment of which it was seen (daraja: limits and charges)."""
_MOST_CHARGE_CENTS: Final = 330 * CENTS
"""The dearest that any published table names (daraja: additions)."""
_CHARGE_PART: Final = 100
"""Of the amount, between these: dear rather than cheap, since it only keeps money back."""


class WaitVerdict(NamedTuple):
    """What an approved disbursement waits for, and when to look again; None and now where it may be sent."""

    waiting: str | None
    look_at: Instant


def estimated_charge_cents(way: str, amount_cents: int) -> int:
    """What M-PESA may charge for a sending; it is never posted. A reversal costs nothing (daraja: reversal)."""
    if way == Way.REVERSAL:
        return 0
    return min(_MOST_CHARGE_CENTS, max(_LEAST_CHARGE_CENTS, amount_cents // _CHARGE_PART))


def look(connection: Connection, row: Disbursement, rules: OutRules, now: Instant) -> WaitVerdict:
    """What a disbursement waits for that is approved and locked, as is the merchant's turn."""
    approved_at = now if row.approved_at is None else row.approved_at
    found = _waits_for(connection, row, rules, now, approved_at)
    if found is None:
        return WaitVerdict(None, now)
    waiting, until = found
    return WaitVerdict(waiting.value, min(until, approved_at + APPROVAL_LASTS))


def _waits_for(
    connection: Connection,
    row: Disbursement,
    rules: OutRules,
    now: Instant,
    approved_at: Instant,
) -> tuple[Waiting, Instant] | None:
    brake = find_brake(connection, row.merchant_id)
    if brake is not None and brake.is_stopped:
        return Waiting.STOPPED, now + LOOKS_EVERY
    if row.approved_by is None and now < approved_at + rules.delay:
        return Waiting.DELAY, approved_at + rules.delay
    if row.payee_id is not None:
        payee = find_payee(connection, Scope(row.merchant_id), row.payee_id)
        payable_from = None if payee is None else payee.payable_from(rules.payee_wait)
        if payable_from is None or now < payable_from:
            # A confirmation has what waits for it looked at.
            return Waiting.PAYEE_WAIT, approved_at + APPROVAL_LASTS if payable_from is None else payable_from
    used = sums.cap_use_before(connection, row, now)
    if not is_within(rules.caps, used, row.amount_cents, over_cap=row.is_over_cap):
        return Waiting.CAP, now + LOOKS_EVERY
    return None if _is_covered(connection, row, rules) else (Waiting.NEEDS_FUNDS, now + LOOKS_EVERY)


def _is_covered(connection: Connection, row: Disbursement, rules: OutRules) -> bool:
    """Whether the last balance that M-PESA named, less what is pending, covers the amount and its charge."""
    shortcode = rules.pays_from(row.way)
    funds = find_funds(connection, row.merchant_id, shortcode)
    if funds.available_cents is None or funds.as_of is None:
        return False
    pending = _pending_cents(connection, row.merchant_id, shortcode, rules, funds.as_of)
    return funds.available_cents - pending >= row.amount_cents + estimated_charge_cents(row.way, row.amount_cents)


def _pending_cents(connection: Connection, merchant_id: int, shortcode: str, rules: OutRules, as_of: Instant) -> int:
    """What leaves the account by attempts that the balance of `as_of` may not have in it, charges included."""
    columns = attempts.c
    ways = [way.value for way in Way if rules.pays_from(way) == shortcode]
    by_way = (
        select(columns.way, columns.amount_cents)
        .where(columns.merchant_id == merchant_id, columns.way.in_(ways))
        .where(or_(columns.is_live & columns.completed_at.is_(None), columns.completed_at > as_of))
    )
    found = connection.execute(by_way).all()
    return sum(amount + estimated_charge_cents(way, amount) for way, amount in found)
