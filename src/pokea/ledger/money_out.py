"""The postings of money out, pure: what each step of the law's table moves between accounts (law: escrow).

Every set sums to nothing and is unique by (source, kind, line). `source_id` is the disbursement or the decision; where
an account is kept by payee, `payee_id` is its party.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pokea.clock import Instant
from pokea.ledger.entries import ADJUSTED, Account, Posting
from pokea.money import CENTS


class Share(NamedTuple):
    """The part of a released fee that becomes payable to one payee."""

    payee_id: str
    amount_cents: int


class Obligation(NamedTuple):
    """What a disbursement pays off: its id and merchant, the amount, and the payee of a payout."""

    disbursement_id: str
    merchant_id: int
    amount_cents: int
    payee_id: str | None

    @property
    def account(self) -> Account:
        """Where the debt stands before it is approved, and again if nothing is paid."""
        return Account.REFUNDS_DUE if self.payee_id is None else Account.PROVIDER_PAYABLE


class Leg(NamedTuple):
    """One side of an entry before it has a key."""

    account: Account
    amount_cents: int
    party_id: str | None = None


def entry(source_id: str, kind: str, merchant_id: int, legs: Sequence[Leg], posted_at: Instant) -> list[Posting]:
    """The postings of one entry; raises ValueError unless they sum to nothing and each moves something."""
    if sum(leg.amount_cents for leg in legs) or not all(leg.amount_cents for leg in legs):
        raise ValueError(f"the {kind} of {source_id} does not balance")
    return [
        Posting(source_id, kind, line, merchant_id, leg.account, leg.party_id, leg.amount_cents, posted_at)
        for line, leg in enumerate(legs)
    ]


def reserved(owed: Obligation, number: int, posted_at: Instant) -> list[Posting]:
    """An approval, the `number`th of its disbursement: the debt stands in out_pending from now on."""
    legs = (Leg(owed.account, owed.amount_cents, owed.payee_id), Leg(Account.OUT_PENDING, -owed.amount_cents))
    return entry(owed.disbursement_id, f"reserve:{number}", owed.merchant_id, legs, posted_at)


def unreserved(owed: Obligation, number: int, posted_at: Instant) -> list[Posting]:
    """The `number`th approval has failed, lapsed or been withdrawn: the debt stands where it stood."""
    legs = (Leg(Account.OUT_PENDING, owed.amount_cents), Leg(owed.account, -owed.amount_cents, owed.payee_id))
    return entry(owed.disbursement_id, f"unreserve:{number}", owed.merchant_id, legs, posted_at)


def cleared(owed: Obligation, paid_from: Account, posted_at: Instant) -> list[Posting]:
    """The disbursement has completed: the money has left the clearing account, or the account of payouts."""
    legs = (Leg(Account.OUT_PENDING, owed.amount_cents), Leg(paid_from, -owed.amount_cents))
    return entry(owed.disbursement_id, "clear", owed.merchant_id, legs, posted_at)


def cleared_from_debt(owed: Obligation, paid_from: Account, posted_at: Instant) -> list[Posting]:
    """The disbursement has completed after it was proved failed and given back: the debt itself is paid."""
    legs = (Leg(owed.account, owed.amount_cents, owed.payee_id), Leg(paid_from, -owed.amount_cents))
    return entry(owed.disbursement_id, "clear", owed.merchant_id, legs, posted_at)


def paid_again(owed: Obligation, attempt_id: str, paid_from: Account, posted_at: Instant) -> list[Posting]:
    """A second attempt of a disbursement has completed: its money stands in suspense until a person decides."""
    legs = (Leg(Account.SUSPENSE, owed.amount_cents), Leg(paid_from, -owed.amount_cents))
    return entry(attempt_id, "clear", owed.merchant_id, legs, posted_at)


def returned(owed: Obligation, paid_from: Account, posted_at: Instant) -> list[Posting]:
    """A payout that had completed was reversed in the portal: the money is back and the debt stands again."""
    legs = (Leg(paid_from, owed.amount_cents), Leg(owed.account, -owed.amount_cents, owed.payee_id))
    return entry(owed.disbursement_id, "returned", owed.merchant_id, legs, posted_at)


def charged(source_id: str, merchant_id: int, amount_cents: int, posted_at: Instant) -> list[Posting]:
    """M-PESA named the charge of an attempt: what is spent, and what is still to be taken from the account."""
    legs = (Leg(Account.MPESA_CHARGES, amount_cents), Leg(Account.CHARGES_DUE, -amount_cents))
    return entry(source_id, "charge", merchant_id, legs, posted_at)


def charge_differs(source_id: str, merchant_id: int, difference_cents: int, posted_at: Instant) -> list[Posting]:
    """A statement shows another charge than the one that was named: so much more, or below zero less."""
    legs = (Leg(Account.MPESA_CHARGES, difference_cents), Leg(Account.CHARGES_DUE, -difference_cents))
    return entry(source_id, "charge_adjusted", merchant_id, legs, posted_at)


def charge_taken(
    source_id: str, merchant_id: int, amount_cents: int, paid_from: Account, posted_at: Instant
) -> list[Posting]:
    """A statement shows the charge's own line in the account."""
    legs = (Leg(Account.CHARGES_DUE, amount_cents), Leg(paid_from, -amount_cents))
    return entry(source_id, "charge_taken", merchant_id, legs, posted_at)


def paid_differently(
    attempt_id: str, merchant_id: int, difference_cents: int, paid_from: Account, posted_at: Instant
) -> list[Posting]:
    """A statement shows that a sending took so much more than was sent: it stands in suspense for a person."""
    legs = (Leg(Account.SUSPENSE, difference_cents), Leg(paid_from, -difference_cents))
    return entry(attempt_id, ADJUSTED, merchant_id, legs, posted_at)


def released(
    decision_id: str, merchant_id: int, shares: Sequence[Share], commission_cents: int, posted_at: Instant
) -> list[Posting]:
    """A held fee is released: each payee's share is payable, the commission is ours."""
    whole = sum(share.amount_cents for share in shares) + commission_cents
    legs = [Leg(Account.FEES_HELD, whole)]
    legs += [Leg(Account.PROVIDER_PAYABLE, -share.amount_cents, share.payee_id) for share in shares]
    legs += [Leg(Account.COMMISSION, -commission_cents)] if commission_cents else []
    return entry(decision_id, "release", merchant_id, legs, posted_at)


def refund_decided(decision_id: str, merchant_id: int, taken: Sequence[Leg], posted_at: Instant) -> list[Posting]:
    """A refund was decided: it takes its amount from the held fee, or after a release from what is payable for it."""
    due = Leg(Account.REFUNDS_DUE, -sum(leg.amount_cents for leg in taken))
    return entry(decision_id, "refund_decided", merchant_id, (*taken, due), posted_at)


def taken_back(shares: Sequence[Share], amount_cents: int) -> list[Leg]:
    """What a refund after a release takes from each payee: whole shillings, in proportion to what each was given.

    Payees give the commission back too, and their payable may go below zero (law: money out in detail, 8). A fee that
    was all commission is taken from there.
    """
    if not shares:
        return [Leg(Account.COMMISSION, amount_cents)]
    whole, left = sum(share.amount_cents for share in shares), amount_cents
    legs = []
    # The largest share comes last, and takes what rounding leaves.
    *others, last = sorted(shares, key=lambda each: (each.amount_cents, each.payee_id))
    for share in others:
        part = amount_cents * share.amount_cents // whole // CENTS * CENTS
        legs.append(Leg(Account.PROVIDER_PAYABLE, part, share.payee_id))
        left -= part
    legs.append(Leg(Account.PROVIDER_PAYABLE, left, last.payee_id))
    return [leg for leg in legs if leg.amount_cents]


def flag_resolved(
    decision_id: str, merchant_id: int, amount_cents: int, credited: Account, posted_at: Instant
) -> list[Posting]:
    """Money that stood in suspense goes where a person decided that it belongs."""
    legs = (Leg(Account.SUSPENSE, amount_cents), Leg(credited, -amount_cents))
    return entry(decision_id, "flag_resolved", merchant_id, legs, posted_at)


def transferred(
    source_id: str, merchant_id: int, amount_cents: int, account: Account, posted_at: Instant
) -> list[Posting]:
    """A statement shows a sweep to the bank (a positive amount) or a top-up from it (a negative one)."""
    legs = (Leg(Account.BANK, amount_cents), Leg(account, -amount_cents))
    return entry(source_id, "transfer", merchant_id, legs, posted_at)
