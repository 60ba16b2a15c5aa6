"""What an approved disbursement waits for: the brake, its delay, its payee, the caps, the funds (law: who may).

It is looked at when it is approved, and again when it is about to be sent (`judging`).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select

from pokea.clock import SECOND, Instant
from pokea.disbursements import sums
from pokea.disbursements.brake_store import find_brake
from pokea.disbursements.caps import CapUse, is_within
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import APPROVAL_LASTS, Disbursement, Waiting, Way
from pokea.disbursements.payee_store import PayeeRow, find_payees
from pokea.disbursements.store import find_funds
from pokea.money import CENTS
from pokea.storage.sql import fetch_all
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


class OutSurvey(NamedTuple):
    """What is true of all disbursements that are looked at together, so that it is counted once for them.

    `stopped` are merchants whose brake is on. `payees` has those of payouts, by their ids. `most_use` is how much of
    the caps can be used at most, by merchant and recipient. `covering` are merchants and shortcodes whose account
    covers all of them.
    """

    stopped: frozenset[int]
    payees: Mapping[str, PayeeRow]
    most_use: Mapping[tuple[int, str], CapUse]
    covering: frozenset[tuple[int, str]]

    def covers(self, row: Disbursement, rules: OutRules) -> bool:
        """Whether the account from which this one is paid covers it together with all others."""
        return (row.merchant_id, rules.pays_from(row.way)) in self.covering


def survey(connection: Connection, rows: Sequence[Disbursement], rules: OutRules, now: Instant) -> OutSurvey:
    """What can be said of these at once. It is a bound: where it does not suffice, each is counted by itself."""
    merchants: dict[int, list[Disbursement]] = defaultdict(list)
    accounts: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        merchants[row.merchant_id].append(row)
        accounts[row.merchant_id, rules.pays_from(row.way)] += _cost_cents(row.way, row.amount_cents)
    use = {}
    for merchant_id, own in merchants.items():
        found = sums.most_use(connection, merchant_id, {row.recipient for row in own}, now)
        use.update({(merchant_id, recipient): each for recipient, each in found.items()})
    covering = frozenset(each for each, cents in accounts.items() if _covers(connection, *each, rules, cents))
    brakes = [find_brake(connection, merchant_id) for merchant_id in merchants]
    stopped = frozenset(each.merchant_id for each in brakes if each is not None and each.is_stopped)
    payees = find_payees(connection, {row.payee_id for row in rows if row.payee_id is not None})
    return OutSurvey(stopped, {each.id: each for each in payees}, use, covering)


def look(connection: Connection, row: Disbursement, rules: OutRules, now: Instant, known: OutSurvey) -> WaitVerdict:
    """What a disbursement waits for that is approved and locked, as is the merchant's turn.

    `known` is a survey of it, alone or with others, made in this transaction.
    """
    approved_at = now if row.approved_at is None else row.approved_at
    found = _waits_for(connection, row, rules, now, approved_at, known)
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
    known: OutSurvey,
) -> tuple[Waiting, Instant] | None:
    if row.merchant_id in known.stopped:
        return Waiting.STOPPED, now + LOOKS_EVERY
    if row.approved_by is None and now < approved_at + rules.delay:
        return Waiting.DELAY, approved_at + rules.delay
    if row.payee_id is not None:
        payee = known.payees.get(row.payee_id)
        is_own = payee is not None and payee.merchant_id == row.merchant_id
        payable_from = payee.payable_from(rules.payee_wait) if payee is not None and is_own else None
        if payable_from is None or now < payable_from:
            # A confirmation has what waits for it looked at.
            return Waiting.PAYEE_WAIT, approved_at + APPROVAL_LASTS if payable_from is None else payable_from
    if not _is_within_caps(connection, row, rules, now, known):
        return Waiting.CAP, now + LOOKS_EVERY
    if known.covers(row, rules):
        return None
    account = row.merchant_id, rules.pays_from(row.way)
    is_covered = _covers(connection, *account, rules, _cost_cents(row.way, row.amount_cents))
    return None if is_covered else (Waiting.NEEDS_FUNDS, now + LOOKS_EVERY)


def _is_within_caps(connection: Connection, row: Disbursement, rules: OutRules, now: Instant, known: OutSurvey) -> bool:
    most = known.most_use.get((row.merchant_id, row.recipient))
    if most is not None and is_within(rules.caps, most, row.amount_cents, over_cap=False):
        return True
    used = sums.cap_use_before(connection, row, now)
    return is_within(rules.caps, used, row.amount_cents, over_cap=row.is_over_cap)


def _covers(connection: Connection, merchant_id: int, shortcode: str, rules: OutRules, cents: int) -> bool:
    """Whether the last balance that M-PESA named of an account, less what is pending, covers so much."""
    funds = find_funds(connection, merchant_id, shortcode)
    if funds.available_cents is None or funds.as_of is None:
        return False
    return funds.available_cents - _pending_cents(connection, merchant_id, shortcode, rules, funds.as_of) >= cents


def _cost_cents(way: str, amount_cents: int) -> int:
    return amount_cents + estimated_charge_cents(way, amount_cents)


_PENDING: Final = (
    select(attempts.c.way, attempts.c.amount_cents, func.count())
    .where(attempts.c.merchant_id == bindparam("of_merchant"))
    .where(attempts.c.way.in_([bindparam("one_way"), bindparam("other_way")]))
    .where(
        or_(
            attempts.c.is_live & attempts.c.completed_at.is_(None),
            attempts.c.completed_at > bindparam("as_of"),
        )
    )
    .group_by(attempts.c.way, attempts.c.amount_cents)
)


def _pending_cents(connection: Connection, merchant_id: int, shortcode: str, rules: OutRules, as_of: Instant) -> int:
    """What leaves the account by attempts that the balance of `as_of` may not have in it, charges included."""
    ways = [way.value for way in Way if rules.pays_from(way) == shortcode]
    given = {"of_merchant": merchant_id, "one_way": ways[0], "other_way": ways[-1], "as_of": as_of}
    found = fetch_all(connection, _PENDING, given)
    return sum(count * _cost_cents(way, amount) for way, amount, count in found)
