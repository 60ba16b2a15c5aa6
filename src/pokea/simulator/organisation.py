"""The organisation's accounts at M-PESA: each movement of money with the balance after it (texts: order and balances).

Money enters the utility account (a paybill's payments) or the merchant account (a till's). A sweep moves the whole
balance to the settlement account, from there to the working account, and out to the bank: two pairs of rows and a last
one. A reversal takes one payment back out, a payout goes from the utility account to a phone. The business's part of a
charge is booked beside its payment or payout, or in the Charges Paid Account, which is never above zero.

Nothing here knows a phone: what a movement gives to or takes from a customer is booked by the caller.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from pokea.clock import Instant
from pokea.simulator.handset import Charge
from pokea.simulator.journal import (
    Journal,
    Movement,
    MovementKind,
    OrganisationAccount,
    Party,
    PayoutEntry,
    ReversalEntry,
)
from pokea.simulator.options import SimulatorOptions


class Unbookable(Exception):
    """A movement that M-PESA would refuse: `code` and the sentence say why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class _Leg(NamedTuple):
    """One side of a movement between accounts."""

    account: OrganisationAccount
    cents: int


class TakingsAccount(StrEnum):
    """The accounts that customers pay into."""

    UTILITY = OrganisationAccount.UTILITY.value
    MERCHANT = OrganisationAccount.MERCHANT.value


class Organisation:
    """The balances, and the only writer of the journal's movements.

    `new_receipt` makes a receipt that no movement of the journal has.
    """

    def __init__(self, options: SimulatorOptions, journal: Journal, new_receipt: Callable[[Instant], str]) -> None:
        self._options = options
        self._journal = journal
        self._new_receipt = new_receipt
        self._booked = 0

    def balance_cents(self, account: OrganisationAccount) -> int:
        """What the account holds now."""
        return self._journal.balances[account]

    def receive(self, charge: Charge, payer: Party, reference: str, business_cents: int, *, at_till: bool) -> None:
        """Book a customer's payment, and above it the business's part of the charge."""
        account = OrganisationAccount.MERCHANT if at_till else OrganisationAccount.UTILITY
        paid = Movement(
            account=account,
            source=account,
            kind=MovementKind.PAYMENT,
            receipt=charge.receipt,
            at=charge.at,
            cents=charge.amount_cents,
            party=payer,
            reference=reference,
        )
        self._book(paid)
        if business_cents:
            charged_to = OrganisationAccount.CHARGES if self._options.charge_account == "charges" else account
            self._book(
                paid._replace(
                    account=charged_to, kind=MovementKind.CHARGE, cents=-business_cents, party=None, reference=""
                )
            )

    def pay_out(self, payout: PayoutEntry, recipient: Party, purpose: str) -> None:
        """Book a payout from the utility account, and before it what it costs (texts: rows to imitate).

        Raises Unbookable.
        """
        utility = OrganisationAccount.UTILITY
        in_utility = self._options.charge_account == "same"
        if self.balance_cents(utility) < payout.amount_cents + (payout.cost_cents if in_utility else 0):
            raise Unbookable("insufficient_funds", f"The {utility} account holds less than the payout takes.")
        paid = Movement(
            account=utility,
            source=utility,
            kind=MovementKind.PAYOUT,
            receipt=payout.receipt,
            at=payout.at,
            cents=-payout.amount_cents,
            party=recipient,
            purpose=purpose,
        )
        if payout.cost_cents:
            charged_to = utility if in_utility else OrganisationAccount.CHARGES
            charge = paid._replace(account=charged_to, kind=MovementKind.PAYOUT_CHARGE, party=None)
            self._book(charge._replace(cents=-payout.cost_cents))
        self._book(paid)
        self._journal.payouts.append(payout)

    def reverse(
        self, receipt: str, now: Instant, conversation_id: str = "", amount_cents: int | None = None
    ) -> ReversalEntry:
        """Take the payment of this receipt, or of it `amount_cents`, out of its account again. Raises Unbookable."""
        paid = self._journal.payment_of(receipt)
        if paid is None:
            raise Unbookable("not_found", f"There is no payment with the receipt {receipt}, or it is no longer kept.")
        if self._journal.reversal_of(receipt) is not None:
            raise Unbookable("already_reversed", f"The payment {receipt} was reversed before.")
        cents = paid.cents if amount_cents is None else amount_cents
        if self.balance_cents(paid.account) < cents:
            raise Unbookable("insufficient_funds", f"The {paid.account} account holds less than was paid.")
        entry = ReversalEntry(receipt, self._new_receipt(now), cents, now, conversation_id)
        self._book(
            paid._replace(
                kind=MovementKind.REVERSAL, receipt=entry.receipt, at=now, cents=-cents, linked_receipt=receipt
            )
        )
        self._journal.reversals.append(entry)
        return entry

    def sweep(self, takings: TakingsAccount, now: Instant) -> Movement | None:
        """Move all that the account holds to the bank; its own row of that, None when it holds nothing."""
        source = OrganisationAccount(takings.value)
        cents = self.balance_cents(source)
        if cents <= 0:
            return None
        settlement, working = OrganisationAccount.SETTLEMENT, OrganisationAccount.WORKING
        swept = self._transfer(source, MovementKind.SWEEP, now, _Leg(source, -cents), _Leg(settlement, cents))
        self._transfer(source, MovementKind.TRANSFER, now, _Leg(settlement, -cents), _Leg(working, cents))
        self._transfer(source, MovementKind.WITHDRAWAL, now, _Leg(working, -cents))
        return swept

    def set_balance(self, account: OrganisationAccount, cents: int, now: Instant) -> None:
        """Move funds in or out from outside of the organisation, so that the account holds `cents`."""
        difference = cents - self.balance_cents(account)
        if difference:
            self._transfer(account, MovementKind.FUNDS, now, _Leg(account, difference))

    def _transfer(self, source: OrganisationAccount, kind: MovementKind, now: Instant, *legs: _Leg) -> Movement:
        """Book the legs under one receipt; answers the first."""
        receipt = self._new_receipt(now)
        booked = [
            self._book(
                Movement(account=leg.account, source=source, kind=kind, receipt=receipt, at=now, cents=leg.cents)
            )
            for leg in legs
        ]
        return booked[0]

    def _book(self, movement: Movement) -> Movement:
        self._booked += 1
        balance = self._journal.balances[movement.account] + movement.cents
        booked = movement._replace(number=self._booked, balance_cents=balance)
        self._journal.balances[movement.account] = balance
        self._journal.movements.append(booked)
        return booked
