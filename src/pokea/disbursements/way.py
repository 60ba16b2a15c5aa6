"""By which way a refund goes out, and which ways a person may choose (law: which way)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import HOUR, Instant
from pokea.disbursements.model import Way
from pokea.money import CENTS

LEAST_B2C_CENTS: Final = 10 * CENTS
"""M-PESA pays out no less by B2C (daraja: limits and charges)."""
_DAY: Final[Instant] = 24 * HOUR


class Hindrance(StrEnum):
    """Why a refund cannot go by a way."""

    PART = "part"
    """M-PESA reverses whole payments only."""
    NO_RECEIPT = "no_receipt"
    DOUBTFUL_RECEIPT = "doubtful_receipt"
    """Another payment has this receipt as well, or this payment another one as well."""
    RELEASED = "released"
    TOO_OLD = "too_old"
    TOO_SMALL = "too_small"


SENTENCES: Final[Mapping[Hindrance, str]] = {
    Hindrance.PART: "a reversal takes back the whole payment, and this is a part of it",
    Hindrance.NO_RECEIPT: "a reversal needs the payment's receipt, which is not known",
    Hindrance.DOUBTFUL_RECEIPT: "its receipt may be another payment's, until a person has decided about the flag",
    Hindrance.RELEASED: "the fee has been released",
    Hindrance.TOO_OLD: "the payment is older than POKEA_REVERSAL_DAYS",
    Hindrance.TOO_SMALL: f"M-PESA pays out no less than KES {LEAST_B2C_CENTS // CENTS}",
}
"""For a person, to follow "because"."""


class RefundCase(NamedTuple):
    """What decides the way: the amount, the payment that it is taken from, and whether the fee has been released.

    `moved_cents` is what M-PESA moved by the payment, which a statement may have corrected. `is_receipt_doubtful`: a
    reversal of this receipt might give another customer's payment back.
    """

    amount_cents: int
    moved_cents: int
    receipt: str | None
    completed_at: Instant
    is_released: bool
    is_receipt_doubtful: bool = False


class RefundWays(NamedTuple):
    """Why each way is closed; None for an open one."""

    reversal: Hindrance | None
    b2c: Hindrance | None

    def hindrance(self, way: Way) -> Hindrance | None:
        """Why the refund cannot go by this way."""
        return self.reversal if way is Way.REVERSAL else self.b2c

    @property
    def usual(self) -> Way | None:
        """The way that is taken unless a person chooses another; None where the money stays in refunds_due."""
        # No phone to mistype, and M-PESA shows the customer which payment it was.
        if self.reversal is None:
            return Way.REVERSAL
        return Way.B2C if self.b2c is None else None


def ways_of_refund(case: RefundCase, reversal_days: int, now: Instant) -> RefundWays:
    """Which ways are open to a refund at `now`."""
    reversal = None
    if case.amount_cents != case.moved_cents:
        reversal = Hindrance.PART
    elif case.receipt is None:
        reversal = Hindrance.NO_RECEIPT
    elif case.is_receipt_doubtful:
        reversal = Hindrance.DOUBTFUL_RECEIPT
    elif case.is_released:
        reversal = Hindrance.RELEASED
    elif now - case.completed_at > reversal_days * _DAY:
        reversal = Hindrance.TOO_OLD
    return RefundWays(reversal, Hindrance.TOO_SMALL if case.amount_cents < LEAST_B2C_CENTS else None)
