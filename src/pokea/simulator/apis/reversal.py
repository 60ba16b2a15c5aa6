"""Reversal: a customer's payment, to a paybill or a till, back to the phone that paid it (daraja: reversal)."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from pokea.clock import Instant
from pokea.daraja.results import ResultItem, result_item
from pokea.daraja.reversal import RECEIVER_IDENTIFIER, TRANSACTION_REVERSAL
from pokea.simulator import canned, results
from pokea.simulator.apis.calls import ParsedRequest
from pokea.simulator.apis.conversations import Conversation, Settlement
from pokea.simulator.apis.fields import (
    ADDRESSES,
    IDENTIFIER,
    SHORT_TEXT,
    Checks,
    RequestFields,
    are_remarks,
    is_amount,
    may_be,
    one_of,
    read_fields,
)
from pokea.simulator.apis.result_items import (
    ACCOUNT_NAMES,
    account_text,
    digits_item,
    money_item,
    party_text,
    queue_item,
)
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind
from pokea.simulator.journal import Movement, OrganisationAccount, Party
from pokea.simulator.organisation import Unbookable
from pokea.simulator.validation import PRESENT, SHORTCODE

_CHECKS: Final[Checks] = (
    ("RecieverIdentifierType", one_of(RECEIVER_IDENTIFIER)),
    ("Initiator", PRESENT),
    ("SecurityCredential", PRESENT),
    ("CommandID", one_of(TRANSACTION_REVERSAL)),
    ("TransactionID", IDENTIFIER),
    ("Amount", is_amount),
    ("ReceiverParty", SHORTCODE),
    ("Remarks", are_remarks),
    *ADDRESSES,
    ("Occasion", may_be(SHORT_TEXT)),
)
_DECLINES: Final = {
    FaultKind.NO_FUNDS: results.INSUFFICIENT,
    FaultKind.REVERSED_ELSEWHERE: results.ALREADY_REVERSED,
}


class Reversal:
    """Gives a payment back. Daraja makes both ids."""

    initiator_field = "Initiator"
    accepted = "Accept the service request successfully."
    moves_money = True

    def __init__(self, core: Core) -> None:
        self._core = core
        self.delay_seconds = core.options.out_seconds

    def bad_token(self, token: str) -> EnvelopeError:
        """404, as for a push (daraja: reversal)."""
        return canned.INVALID_ACCESS_TOKEN

    def look(self, asked: ParsedRequest) -> RequestFields | EnvelopeError:
        """The field that is misspelt by Daraja first: clients that spell it well are answered with its name."""
        return read_fields(asked, _CHECKS, self._core.options)

    def originator(self, fields: RequestFields) -> str:
        """A reversal takes no id of the caller's (daraja: additions)."""
        return ""

    def phone(self, fields: RequestFields) -> str | None:
        """The phone that paid."""
        payer = self._core.payer_of(fields.known("TransactionID"))
        return payer.msisdn if payer is not None else None

    def settle(self, conversation: Conversation, now: Instant) -> Settlement:
        """Give the money back, unless a rule of M-PESA's or a fault declines it. The order of the rules is ours."""
        core, fields = self._core, conversation.fields
        receipt = fields.known("TransactionID")
        paid = core.journal.payment_of(receipt)
        payer = core.payer_of(receipt)
        if paid is None or payer is None or fields.known("ReceiverParty") not in self._receivers(paid):
            return Settlement(results.NO_SUCH_ORIGINAL, now, core.new_receipt(now))
        code = core.declined(_DECLINES, payer.msisdn, conversation.path, now)
        if code == results.ALREADY_REVERSED:
            with suppress(Unbookable):
                core.reverse(receipt, now)
        code = code or self._declined(fields, paid)
        if code is not None:
            return Settlement(code, now, core.new_receipt(now))
        cents = fields.cents("Amount")
        entry = core.reverse(receipt, now, conversation.conversation_id, cents)
        return Settlement(
            results.PAID,
            now,
            entry.receipt,
            amount_cents=cents,
            party=Party(payer.msisdn, payer.name),
            account=paid.account,
            balances=dict(core.journal.balances),
            original_receipt=receipt,
        )

    def _receivers(self, paid: Movement) -> Sequence[str]:
        """The shortcodes by which the organisation may ask for this payment."""
        options = self._core.options
        return (
            (options.shortcode,) if paid.account is OrganisationAccount.UTILITY else (options.till, options.shortcode)
        )

    def _declined(self, fields: RequestFields, paid: Movement) -> str | None:
        cents = fields.cents("Amount")
        if self._core.journal.reversal_of(paid.receipt) is not None:
            return results.ALREADY_REVERSED
        is_part = cents < paid.cents and self._core.options.partial_reversal == "do"
        if cents != paid.cents and not is_part:
            # No source says which code it is: this one is final, and blames the account's rules.
            return results.RULE_FORBIDS
        return results.INSUFFICIENT if self._core.organisation.balance_cents(paid.account) < cents else None

    def parameters(self, settled: Settlement) -> Sequence[ResultItem]:
        """Of a payment that was given back, in the portal's order (daraja: reversal)."""
        if settled.party is None:
            return ()
        options, account = self._core.options, settled.account
        return (
            result_item("DebitAccountBalance", account_text(ACCOUNT_NAMES[account], settled.balances[account])),
            money_item("Amount", settled.amount_cents),
            digits_item("TransCompletedTime", settled.at),
            result_item("OriginalTransactionID", settled.original_receipt),
            money_item("Charge", settled.cost_cents),
            result_item("CreditPartyPublicName", party_text(settled.party)),
            result_item("DebitPartyPublicName", f"{options.shortcode} - {options.organisation}"),
        )

    def references(self, fields: RequestFields) -> ResultItem:
        """An address within Safaricom."""
        return queue_item("reversalresults")

    def code(self, code: str) -> int | str:
        """A number where it can be one, text such as R000002 elsewhere."""
        return results.callback_code(code)
