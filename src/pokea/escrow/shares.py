"""How a released fee is divided: whole shillings, the commission first and rounded down, one part the rest. Pure.

(law: escrow; law: money out in detail, 8)
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pokea.errors import ApiError, invalid
from pokea.ledger.money_out import Share
from pokea.money import CENTS

MOST_SHARES: Final = 20
_HUNDREDTHS_OF_PERCENT: Final = 10_000


class WantedShare(NamedTuple):
    """A part that a payee is to get; None for the rest."""

    payee_id: str
    amount_cents: int | None


class Division(NamedTuple):
    """How a fee is divided: the shares and the commission sum to the whole."""

    shares: tuple[Share, ...]
    commission_cents: int


def commission_of(fee_cents: int, hundredths: int) -> int:
    """The commission in cents: so many hundredths of a percent, rounded down to a whole shilling."""
    return fee_cents * hundredths // _HUNDREDTHS_OF_PERCENT // CENTS * CENTS


def divide(fee_cents: int, wanted: Sequence[WantedShare], hundredths: int) -> Division:
    """Divide what is held; raises ApiError `invalid_request` where the parts do not sum to it.

    A fee that is all commission has no shares.
    """
    commission = commission_of(fee_cents, hundredths)
    left = fee_cents - commission
    names = [each.payee_id for each in wanted]
    if len(set(names)) != len(names):
        raise invalid("split", "`split` names a payee twice: give each payee one part.")
    open_parts = [each for each in wanted if each.amount_cents is None]
    if len(open_parts) > 1:
        raise invalid("split", "`split` leaves the amount of more than one part open: only one can be the rest.")
    given = sum(each.amount_cents or 0 for each in wanted)
    rest = left - given
    if (open_parts and rest <= 0) or (not open_parts and rest != 0 and wanted):
        raise _does_not_sum(left, given, commission)
    shares = tuple(Share(each.payee_id, rest if each.amount_cents is None else each.amount_cents) for each in wanted)
    return Division(shares, commission)


def _does_not_sum(left: int, given: int, commission: int) -> ApiError:
    of = f" (the fee less a commission of {commission // CENTS})" if commission else ""
    return invalid(
        "split",
        f"The parts of `split` sum to {given // CENTS} shillings, and {left // CENTS}{of} are to be divided: "
        "leave the amount of one part out to give it the rest.",
    )
