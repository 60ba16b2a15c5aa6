"""How much may go out without an admin: the caps, and which of them a disbursement would go above (law: who may).

What counts is what was approved and has not been given back since. A cap is looked at twice, at the approval and at the
sending; at the sending only what was approved before counts, so that a later approval stops no earlier one.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import HOUR, Instant
from pokea.disbursements.model import MOST_CENTS

DAY: Final[Instant] = 24 * HOUR


class Cap(StrEnum):
    """What bounds money out."""

    MOST = "most"
    """M-PESA's own limit: the only one that no admin goes above."""
    ONE = "one"
    DAY = "day"
    PAYEE_DAY = "payee_day"
    HOURLY = "hourly"


class OutCaps(NamedTuple):
    """The caps as they are set: of one disbursement, of all in 24 hours, of one recipient in 24 hours, and how many in
    an hour."""

    one_cents: int
    day_cents: int
    payee_day_cents: int
    hourly_count: int


class CapReservation(NamedTuple):
    """A disbursement that counts: approved, and not given back since."""

    id: str
    recipient: str
    amount_cents: int
    approved_at: Instant


class CapUse(NamedTuple):
    """How much of the caps is used by others: in 24 hours, by this recipient in 24 hours, and how many in an hour."""

    day_cents: int = 0
    payee_day_cents: int = 0
    hourly_count: int = 0


def use_of(reserved: Iterable[CapReservation], recipient: str, now: Instant) -> CapUse:
    """How much these use of the caps at `now`, for a disbursement to this recipient."""
    today = [each for each in reserved if each.approved_at > now - DAY]
    return CapUse(
        sum(each.amount_cents for each in today),
        sum(each.amount_cents for each in today if each.recipient == recipient),
        sum(each.approved_at > now - HOUR for each in today),
    )


def caps_above(caps: OutCaps, used: CapUse, amount_cents: int) -> tuple[Cap, ...]:
    """The caps that would be exceeded if so much went out besides what is used."""
    would_be = {
        Cap.MOST: (amount_cents, MOST_CENTS),
        Cap.ONE: (amount_cents, caps.one_cents),
        Cap.DAY: (used.day_cents + amount_cents, caps.day_cents),
        Cap.PAYEE_DAY: (used.payee_day_cents + amount_cents, caps.payee_day_cents),
        Cap.HOURLY: (used.hourly_count + 1, caps.hourly_count),
    }
    return tuple(cap for cap, (reached, most) in would_be.items() if reached > most)


def is_within(caps: OutCaps, used: CapUse, amount_cents: int, *, over_cap: bool) -> bool:
    """Whether so much may go out; `over_cap`: an admin goes above the caps knowingly, though never above M-PESA's."""
    above = caps_above(caps, used, amount_cents)
    return Cap.MOST not in above if over_cap else not above
