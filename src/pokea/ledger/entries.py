"""Double entry, pure: a completing payment debits the clearing account and credits exactly one other (law: money).

Nothing is edited: where a statement later names another amount, a pair of its own corrects it.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from pokea.clock import Instant


class Account(StrEnum):
    """Where money stands. A balance is the sum of the account's postings, debits positive."""

    MPESA_CLEARING = "mpesa_clearing"
    FEES_HELD = "fees_held"
    REFUNDS_DUE = "refunds_due"
    SUSPENSE = "suspense"
    MPESA_CHARGES = "mpesa_charges"
    CHARGES_DUE = "charges_due"
    PROVIDER_PAYABLE = "provider_payable"
    """By payee: what a released fee owes to each."""
    COMMISSION = "commission"
    OUT_PENDING = "out_pending"
    """Approved and not proved to be paid out, nor proved not to be."""
    PAYOUT_FLOAT = "payout_float"
    """Where B2C has a shortcode of its own."""
    BANK = "bank"
    OTHER_INCOME = "other_income"


class Money(StrEnum):
    """What a completed payment's money does, decided once."""

    HELD = "held"
    REFUND_DUE = "refund_due"
    SUSPENSE = "suspense"


CREDITED: Final = {
    Money.HELD: Account.FEES_HELD,
    Money.REFUND_DUE: Account.REFUNDS_DUE,
    Money.SUSPENSE: Account.SUSPENSE,
}
"""The account that a completing payment credits."""


ADJUSTED: Final = "adjusted"
"""The kind of an adjusting pair's posting to the clearing account."""
ADJUSTED_SUSPENSE: Final = "adjusted_suspense"
"""The kind of its posting to suspense."""


class Posting(Struct, frozen=True):
    """One side of an entry; unique by source, kind and line. A debit is positive, a credit negative.

    `source_id` is the payment, disbursement or decision that moved the money; `party_id` says whose account it is where
    each party has one. The fields are the table's columns, in their order.
    """

    source_id: str
    kind: str
    line: int
    merchant_id: int
    account: Account
    party_id: str | None
    amount_cents: int
    posted_at: Instant


def arrival(
    payment_id: str, merchant_id: int, amount_cents: int, money: Money, posted_at: Instant
) -> tuple[Posting, Posting]:
    """The two postings of money that has arrived; raises ValueError unless the amount is positive."""
    if amount_cents <= 0:
        raise ValueError(f"{amount_cents} cents cannot have arrived")
    return (
        Posting(payment_id, "received", 0, merchant_id, Account.MPESA_CLEARING, None, amount_cents, posted_at),
        Posting(payment_id, money.value, 0, merchant_id, CREDITED[money], None, -amount_cents, posted_at),
    )


def adjustment(payment_id: str, merchant_id: int, difference_cents: int, posted_at: Instant) -> tuple[Posting, Posting]:
    """The two postings by which a statement that names another amount corrects what an arrival has posted (law: money).

    `difference_cents` is what came less what was posted; raises ValueError where there is none. What is over or short
    stands in suspense until a person decides.
    """
    if not difference_cents:
        raise ValueError("there is no difference to post")
    return (
        Posting(payment_id, ADJUSTED, 0, merchant_id, Account.MPESA_CLEARING, None, difference_cents, posted_at),
        Posting(payment_id, ADJUSTED_SUSPENSE, 0, merchant_id, Account.SUSPENSE, None, -difference_cents, posted_at),
    )
