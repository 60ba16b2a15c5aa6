"""Money is whole Kenyan cents in an int; it is never a float. On Daraja's STK wire and in JSON it is shillings."""

import re
from decimal import Decimal

CENTS = 100
MAXIMUM_SHILLINGS = 250_000
"""Daraja's ceiling for one transaction (daraja: limits and charges)."""

_WHOLE = re.compile(r"[0-9]{1,12}")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?(?:[eE]\+?[0-9]{1,2})?")


def cents_from_decimal(text: str) -> int | None:
    """The cents of a decimal number of shillings such as `1`, `1.00` or `1234.56`.

    None when the text is no number, is out of any sensible range, or names a fraction of a cent.
    """
    if _WHOLE.fullmatch(text):
        return int(text) * CENTS
    if not _DECIMAL.fullmatch(text):
        return None
    cents = Decimal(text) * CENTS
    if cents != cents.to_integral_value() or abs(cents) >= 10**15:
        return None
    return int(cents)


def whole_shillings(cents: int) -> int:
    """The shillings of an amount that is asked for, which is always whole; raises ValueError otherwise."""
    shillings, rest = divmod(cents, CENTS)
    if rest:
        raise ValueError(f"{cents} cents are not whole shillings")
    return shillings


def shillings_json(cents: int) -> int | float:
    """Shillings for a JSON answer: an int when whole, else a decimal with two places."""
    shillings, rest = divmod(cents, CENTS)
    return float(Decimal(cents) / CENTS) if rest else shillings
