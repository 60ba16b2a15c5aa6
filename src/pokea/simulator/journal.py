"""The truth, as long as the simulator runs: charges, movements of the organisation's accounts, callbacks, requests.

Bounded: the oldest entries give way once `most` of a kind are kept. Balances are kept for ever.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

import msgspec

from pokea.clock import Instant, iso
from pokea.money import shillings_json
from pokea.simulator.callbacks import PlannedCallback
from pokea.simulator.handset import Charge


@dataclass(slots=True)
class CallbackEntry:
    """One callback that was sent; `status` is None until, and unless, it was answered."""

    checkout_request_id: str
    url: str
    sent_at: Instant
    body: bytes
    status: int | None = None


@dataclass(slots=True)
class ResultEntry:
    """One Result that was sent, or one notice to a QueueTimeOutURL; `status` is None until, and unless, it was
    answered."""

    conversation_id: str
    url: str
    sent_at: Instant
    body: bytes
    is_timeout_notice: bool = False
    status: int | None = None


@dataclass(slots=True)
class RequestEntry:
    """One request to Daraja's paths; `status` is None until, and unless, it was answered."""

    at: Instant
    path: str
    status: int | None = None
    fault: str | None = None


class OrganisationAccount(StrEnum):
    """The accounts that an organisation has at M-PESA, by the names that `/sim/api` gives them."""

    UTILITY = "utility"
    """A paybill's payments."""
    MERCHANT = "merchant"
    """A till's payments."""
    WORKING = "working"
    """M-PESA calls it MMF: withdrawals to the bank start here."""
    SETTLEMENT = "settlement"
    CHARGES = "charges"
    """Charges Paid: never above zero."""


class MovementKind(StrEnum):
    """What moved money in an account."""

    PAYMENT = "payment"
    CHARGE = "charge"
    REVERSAL = "reversal"
    PAYOUT = "payout"
    PAYOUT_CHARGE = "payout_charge"
    SWEEP = "sweep"
    """From the account that customers pay into to the settlement account."""
    TRANSFER = "transfer"
    """From the settlement account to the working account."""
    WITHDRAWAL = "withdrawal"
    """From the working account to the bank."""
    FUNDS = "funds"
    """Put in or taken out by a test."""


class Party(NamedTuple):
    """The other side of a movement, as registered at M-PESA."""

    msisdn: str
    name: str


class Movement(NamedTuple):
    """One row of one account. `source` is the account that customers paid into, for rows of others that follow from it.

    `number` counts all movements from 1 in the order of their booking.
    """

    account: OrganisationAccount
    source: OrganisationAccount
    kind: MovementKind
    receipt: str
    at: Instant
    cents: int
    """Below zero for money that leaves the account."""
    party: Party | None = None
    reference: str = ""
    """What the payer typed as account."""
    linked_receipt: str = ""
    """The payment that a reversal undoes."""
    purpose: str = ""
    """Of a payout, in M-PESA's words: `Business Payment`, `Salary Payment` or `Promotion Payment`."""
    number: int = 0
    balance_cents: int = 0
    """What the account holds after it."""


class ReversalEntry(NamedTuple):
    """A payment whose money went back to the customer; the reversal has a receipt of its own (texts: reversal SMS)."""

    original_receipt: str
    receipt: str
    amount_cents: int
    at: Instant
    conversation_id: str = ""
    """The request that asked for it; empty when an operator of the portal did it."""

    def document(self) -> dict[str, Any]:
        """The reversal as `/sim/api` prints it."""
        return {
            "originalReceipt": self.original_receipt,
            "receipt": self.receipt,
            "amount": shillings_json(self.amount_cents),
            "at": iso(self.at),
        }


class PayoutEntry(NamedTuple):
    """Money that went from the utility account to a phone."""

    originator_conversation_id: str
    conversation_id: str
    msisdn: str
    amount_cents: int
    receipt: str
    at: Instant
    cost_cents: int = 0
    """What M-PESA took from the business on top."""

    def document(self) -> dict[str, Any]:
        """The payout as `/sim/api` prints it."""
        return {
            "originatorConversationId": self.originator_conversation_id,
            "conversationId": self.conversation_id,
            "msisdn": self.msisdn,
            "amount": shillings_json(self.amount_cents),
            "receipt": self.receipt,
            "at": iso(self.at),
        }


Entry = TypeVar("Entry")


class KeptEntries(deque[Entry]):
    """A bounded list that grows at the end by `append`, in which an entry is found by its key at once."""

    def __init__(self, most: int, key: Callable[[Entry], str]) -> None:
        super().__init__(maxlen=most)
        self._key = key
        self._found: dict[str, Entry] = {}

    def append(self, entry: Entry) -> None:
        """Keep the entry; the oldest gives way where there is no room. An empty key is that of none."""
        if self and len(self) == self.maxlen:
            oldest = self[0]
            if self._found.get(self._key(oldest)) is oldest:
                del self._found[self._key(oldest)]
        super().append(entry)
        key = self._key(entry)
        if key:
            self._found[key] = entry

    def find(self, key: str) -> Entry | None:
        """The entry of this key, while it is kept."""
        return self._found.get(key)


class Journal:
    """Lists that grow at the end, and the organisation's balances."""

    def __init__(self, most: int) -> None:
        self.charges = KeptEntries[Charge](most, lambda charge: charge.receipt)
        self.callbacks: deque[CallbackEntry] = deque(maxlen=most)
        self.results: deque[ResultEntry] = deque(maxlen=most)
        self.requests: deque[RequestEntry] = deque(maxlen=most)
        self.movements = KeptEntries[Movement](most, _payment_receipt)
        self.payouts: deque[PayoutEntry] = deque(maxlen=most)
        self.reversals = KeptEntries[ReversalEntry](most, lambda reversal: reversal.original_receipt)
        self.balances: dict[OrganisationAccount, int] = dict.fromkeys(OrganisationAccount, 0)

    def request(self, now: Instant, path: str) -> RequestEntry:
        """A request has come; its answer is filled in later."""
        entry = RequestEntry(now, path)
        self.requests.append(entry)
        return entry

    def callback(self, delivery: PlannedCallback) -> CallbackEntry | ResultEntry:
        """A callback, a Result or a notice goes out; its answer is filled in later."""
        named = delivery.reference, delivery.url, delivery.due, delivery.body
        if delivery.kind == "callback":
            callback = CallbackEntry(*named)
            self.callbacks.append(callback)
            return callback
        result = ResultEntry(*named, is_timeout_notice=delivery.kind == "timeout notice")
        self.results.append(result)
        return result

    def payment_of(self, receipt: str) -> Movement | None:
        """The payment with this receipt, while it is kept."""
        return self.movements.find(receipt)

    def reversal_of(self, receipt: str) -> ReversalEntry | None:
        """The reversal of the payment with this receipt, while it is kept."""
        return self.reversals.find(receipt)

    @property
    def forgotten_until(self) -> Instant | None:
        """When the oldest movement that is kept was booked, if older ones have given way; None if all are kept."""
        first = self.movements[0] if self.movements else None
        return first.at if first is not None and first.number > 1 else None

    def document(self) -> dict[str, Any]:
        """The whole journal, as `GET /sim/api/journal` prints it."""
        return {
            "charges": [
                {
                    "checkoutRequestId": charge.checkout_request_id,
                    "msisdn": charge.msisdn,
                    "amount": shillings_json(charge.amount_cents),
                    "receipt": charge.receipt,
                    "at": iso(charge.at),
                }
                for charge in self.charges
            ],
            "payouts": [entry.document() for entry in self.payouts],
            "reversals": [entry.document() for entry in self.reversals],
            "accounts": self.accounts_document(),
            "callbacks": [
                {
                    "checkoutRequestId": entry.checkout_request_id,
                    "url": entry.url,
                    "sentAt": iso(entry.sent_at),
                    "status": entry.status,
                    "body": msgspec.Raw(entry.body),
                }
                for entry in self.callbacks
            ],
            "results": [
                {
                    "conversationId": entry.conversation_id,
                    "url": entry.url,
                    "timeoutNotice": entry.is_timeout_notice,
                    "sentAt": iso(entry.sent_at),
                    "status": entry.status,
                    "body": msgspec.Raw(entry.body),
                }
                for entry in self.results
            ],
            "requests": [
                {"at": iso(entry.at), "path": entry.path, "status": entry.status, "fault": entry.fault}
                for entry in self.requests
            ],
        }

    def accounts_document(self) -> dict[str, Any]:
        """The balance of each account, in shillings."""
        return {account.value: shillings_json(cents) for account, cents in self.balances.items()}


def _payment_receipt(movement: Movement) -> str:
    return movement.receipt if movement.kind is MovementKind.PAYMENT else ""
