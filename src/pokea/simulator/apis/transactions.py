"""What M-PESA knows of one transaction, whether a push, a payout or a reversal made it (daraja: transaction status).

Of a push the ids are those of its acceptance; it has no ConversationID here, so that one is made of its receipt, always
the same.
"""

import hashlib
from typing import NamedTuple

from pokea.clock import Instant, nairobi
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.simulator.apis.b2c import PURPOSES
from pokea.simulator.apis.conversations import Conversation, Conversations
from pokea.simulator.apis.result_items import ACCOUNT_NAMES, money, party_text
from pokea.simulator.core import Core
from pokea.simulator.handset import Charge, Subscriber
from pokea.simulator.journal import OrganisationAccount, Party, ReversalEntry
from pokea.simulator.provider import Provider
from pokea.simulator.texts import payout_reason

_REVERSAL_REASON = "Transaction Reversal via API"
"""No source has the reason type of a reversal: ours."""


class KnownTransaction(NamedTuple):
    """One transaction as a status question is answered."""

    status: str
    originator_conversation_id: str
    conversation_id: str
    receipt: str
    """Empty where none was made."""
    amount_cents: int
    initiated_at: Instant
    finalised_at: Instant | None
    debit_party: str
    credit_party: str
    account: str
    """What was debited."""
    reason: str
    msisdn: str | None
    """The customer's phone."""
    charges: str = ""


class Transactions:
    """Finds what is asked about."""

    def __init__(self, core: Core, provider: Provider, conversations: Conversations) -> None:
        self._core = core
        self._provider = provider
        self._conversations = conversations

    def of_receipt(self, receipt: str) -> KnownTransaction | None:
        """The transaction with this receipt."""
        conversation = self._conversations.of_transaction(receipt)
        if conversation is not None:
            return self.of_conversation(conversation)
        journal = self._core.journal
        charge = journal.charges.find(receipt)
        if charge is not None:
            return self._of_charge(charge)
        reversal = next((each for each in journal.reversals if each.receipt == receipt), None)
        return self._of_portal(reversal) if reversal is not None else None

    def named(self, identifier: str) -> KnownTransaction | None:
        """The transaction of the request with this OriginatorConversationID or ConversationID."""
        conversation = self._conversations.named(identifier)
        return self.of_conversation(conversation) if conversation is not None else None

    def of_conversation(self, conversation: Conversation) -> KnownTransaction | None:
        """What became of a request for money out; None for a question, and where M-PESA made no transaction of it."""
        status, settled = conversation.status, conversation.settled
        if status is None or not conversation.errand.moves_money:
            return None
        is_reversal = conversation.path == REVERSAL_PATH
        msisdn = conversation.errand.phone(conversation.fields)
        account = ACCOUNT_NAMES[settled.account if settled else OrganisationAccount.UTILITY]
        cost = settled.cost_cents if settled else 0
        return KnownTransaction(
            status,
            conversation.originator_conversation_id,
            conversation.conversation_id,
            settled.transaction_id if settled else "",
            conversation.fields.cents("Amount"),
            conversation.accepted_at,
            settled.at if settled else None,
            self._organisation(),
            self._customer(self._core.subscribers.find(msisdn or ""), msisdn or ""),
            account,
            _REVERSAL_REASON if is_reversal else payout_reason(PURPOSES[conversation.fields.known("CommandID")]),
            msisdn,
            f"Fee For B2C Payment|KES|{money(cost)}" if cost else "",
        )

    def _of_charge(self, charge: Charge) -> KnownTransaction:
        """A customer's payment."""
        options = self._core.options
        is_reversed = self._core.journal.reversal_of(charge.receipt) is not None
        payment = self._provider.find(charge.checkout_request_id)
        online = "Pay Bill Online" if options.statement_wording == "online" else "Pay Utility"
        return KnownTransaction(
            "Reversed" if is_reversed and options.reversed_status == "reversed" else "Completed",
            payment.merchant_request_id if payment is not None else "",
            _made_of(charge.receipt, charge.at),
            charge.receipt,
            charge.amount_cents,
            payment.accepted_at if payment is not None else charge.at,
            charge.at,
            self._customer(self._core.subscribers.find(charge.msisdn), charge.msisdn),
            f"{charge.shortcode} - {options.organisation}",
            "M-PESA Account",
            "Pay Merchant" if charge.shortcode == options.till else online,
            charge.msisdn,
            f"Pay Bill Charge|KES|{money(charge.cost_cents)}" if charge.cost_cents else "",
        )

    def _of_portal(self, entry: ReversalEntry) -> KnownTransaction:
        """A reversal that an operator of the portal made."""
        payer = self._core.payer_of(entry.original_receipt)
        paid = self._core.journal.payment_of(entry.original_receipt)
        msisdn = payer.msisdn if payer is not None else ""
        return KnownTransaction(
            "Completed",
            "",
            _made_of(entry.receipt, entry.at),
            entry.receipt,
            entry.amount_cents,
            entry.at,
            entry.at,
            self._organisation(),
            self._customer(payer, msisdn),
            ACCOUNT_NAMES[paid.account if paid is not None else OrganisationAccount.UTILITY],
            "Transaction Reversal",
            msisdn or None,
        )

    def _organisation(self) -> str:
        return f"{self._core.options.shortcode} - {self._core.options.organisation}"

    def _customer(self, subscriber: Subscriber | None, msisdn: str) -> str:
        return party_text(Party(msisdn, subscriber.name)) if subscriber is not None else msisdn


def _made_of(receipt: str, at: Instant) -> str:
    return f"AG_{nairobi(at):%Y%m%d}_{hashlib.sha256(receipt.encode()).hexdigest()[:20]}"
