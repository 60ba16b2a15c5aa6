"""What M-PESA charges for a payment or a payout, and who pays it: tables as data (texts: charges).

Safaricom's own tariff page was not read. The paybill's table is one printed in 2024, the till's rate is recalled; both
change with the excise duty, and may be replaced here without anything else changing.
"""

from typing import Final, NamedTuple

from pokea.money import CENTS
from pokea.simulator.options import SimulatorOptions


class Cost(NamedTuple):
    """The two parts of one charge, in cents."""

    customer_cents: int
    """On top of the amount, printed as `Transaction cost` in the SMS."""
    business_cents: int
    """A row of the organisation's own."""


class _Band(NamedTuple):
    """Amounts up to and including `upto`, in whole shillings."""

    upto: int
    total: int
    customer_under_mgao: int


_PAYBILL: Final = (
    _Band(100, 0, 0),
    _Band(500, 5, 5),
    _Band(1_000, 10, 10),
    _Band(1_500, 15, 10),
    _Band(2_500, 20, 13),
    _Band(3_500, 25, 16),
    _Band(5_000, 34, 16),
    _Band(7_500, 42, 17),
    _Band(10_000, 48, 18),
    _Band(15_000, 57, 18),
    _Band(20_000, 62, 19),
    _Band(25_000, 67, 20),
    _Band(30_000, 72, 20),
    _Band(35_000, 83, 21),
    _Band(40_000, 99, 23),
    _Band(45_000, 103, 23),
    _Band(250_000, 108, 24),
)


class _PayoutBand(NamedTuple):
    """Payouts up to and including `upto`, in whole shillings."""

    upto: int
    registered: int
    with_withdrawal: int


_PAYOUT: Final = (
    _PayoutBand(49, 0, 0),
    _PayoutBand(100, 0, 11),
    _PayoutBand(1_500, 5, 34),
    _PayoutBand(2_500, 9, 38),
    _PayoutBand(3_500, 9, 61),
    _PayoutBand(5_000, 9, 78),
    _PayoutBand(7_500, 11, 98),
    _PayoutBand(10_000, 11, 126),
    # The copy ends here: above 10,000 the withdrawal's part stays as it was (ours).
    _PayoutBand(20_000, 11, 126),
    _PayoutBand(250_000, 13, 128),
)
_TILL_FREE_SHILLINGS: Final = 200
_TILL_MOST_CENTS: Final = 200 * CENTS
_TILL_PER_TEN_THOUSAND: Final = 55


def cost_of(amount_shillings: int, options: SimulatorOptions, *, at_till: bool) -> Cost:
    """What M-PESA charges for one payment under the tariffs in the options."""
    if at_till:
        return Cost(0, _till_fee_cents(amount_shillings) if options.till_fee else 0)
    band = next((band for band in _PAYBILL if amount_shillings <= band.upto), _PAYBILL[-1])
    match options.tariff:
        case "mgao":
            customer = band.customer_under_mgao
        case "business":
            customer = band.total
        case "customer":
            customer = 0
        case _:
            return Cost(0, 0)
    return Cost(customer * CENTS, (band.total - customer) * CENTS)


def payout_cost_cents(amount_shillings: int, options: SimulatorOptions) -> int:
    """What M-PESA takes from the business for one payout under the tariff in the options."""
    if options.b2c_tariff == "none":
        return 0
    band = next((band for band in _PAYOUT if amount_shillings <= band.upto), _PAYOUT[-1])
    return CENTS * (band.registered if options.b2c_tariff == "registered" else band.with_withdrawal)


def _till_fee_cents(amount_shillings: int) -> int:
    if amount_shillings <= _TILL_FREE_SHILLINGS:
        return 0
    return min(_TILL_MOST_CENTS, amount_shillings * CENTS * _TILL_PER_TEN_THOUSAND // 10_000)
