"""B2C: from the utility account to a phone (daraja: B2C request; daraja: B2C result codes)."""

from collections.abc import Sequence
from typing import Final

from pokea.clock import Instant
from pokea.daraja.results import ResultItem, result_item
from pokea.money import CENTS, MAXIMUM_SHILLINGS
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
from pokea.simulator.apis.result_items import amount_item, dotted_time, money_item, party_text, queue_item
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind
from pokea.simulator.handset import KNOWN_PAYER, Subscriber
from pokea.simulator.journal import OrganisationAccount, Party, PayoutEntry
from pokea.simulator.organisation import Unbookable
from pokea.simulator.tariffs import payout_cost_cents
from pokea.simulator.validation import MSISDN, PRESENT, SHORTCODE

PURPOSES: Final = {
    "BusinessPayment": "Business Payment",
    "SalaryPayment": "Salary Payment",
    "PromotionPayment": "Promotion Payment",
}
"""What M-PESA calls each CommandID."""
_CHECKS: Final[Checks] = (
    ("InitiatorName", PRESENT),
    ("SecurityCredential", PRESENT),
    ("CommandID", one_of(*PURPOSES)),
    ("Amount", is_amount),
    ("PartyA", SHORTCODE),
    ("PartyB", MSISDN),
    ("Remarks", are_remarks),
    *ADDRESSES,
    ("Occassion", may_be(SHORT_TEXT)),
)
_MINIMUM_SHILLINGS: Final = 10
_FULLEST_CENTS: Final = 500_000 * CENTS
"""What a customer's account may hold (daraja: limits and charges)."""
_DECLINES: Final = {
    FaultKind.NO_FUNDS: results.INSUFFICIENT,
    FaultKind.RECIPIENT_LIMIT: results.BALANCE_TOO_HIGH,
    FaultKind.RECIPIENT_UNKNOWN: results.RECIPIENT_UNKNOWN,
}


class BusinessToCustomer:
    """Pays out, by the third version or by the first, which makes the OriginatorConversationID itself."""

    initiator_field = "InitiatorName"
    accepted = "Accept the service request successfully."
    moves_money = True

    def __init__(self, core: Core, *, is_first_version: bool = False) -> None:
        self._core = core
        self._is_first_version = is_first_version
        self.delay_seconds = core.options.out_seconds
        may_lack = is_first_version or core.options.b2c_missing_originator == "make"
        originator = may_be(IDENTIFIER) if may_lack else IDENTIFIER
        self._checks = _CHECKS if is_first_version else (*_CHECKS, ("OriginatorConversationID", originator))

    def bad_token(self, token: str) -> EnvelopeError:
        """401, with the token in it (daraja: Token behaviour)."""
        return canned.echoed_token(token)

    def look(self, asked: ParsedRequest) -> RequestFields | EnvelopeError:
        """The operator first (daraja: push validation errors)."""
        return read_fields(asked, self._checks, self._core.options)

    def originator(self, fields: RequestFields) -> str:
        """The caller's own, with the third version."""
        return "" if self._is_first_version else fields.known("OriginatorConversationID")

    def phone(self, fields: RequestFields) -> str | None:
        """The recipient's."""
        return fields.text("PartyB")

    def settle(self, conversation: Conversation, now: Instant) -> Settlement:
        """Pay, unless a rule of M-PESA's or a fault declines it. The order of the rules is ours."""
        core, fields = self._core, conversation.fields
        transaction_id = core.new_receipt(now)
        subscriber = core.subscribers.obtain(fields.known("PartyB"))
        code = core.declined(_DECLINES, fields.known("PartyB"), conversation.path, now) or self._declined(
            fields, subscriber
        )
        if code is not None or subscriber is None:
            return Settlement(code or results.RECIPIENT_UNKNOWN, now, transaction_id)
        cents = fields.cents("Amount")
        payout = PayoutEntry(
            conversation.originator_conversation_id,
            conversation.conversation_id,
            subscriber.msisdn,
            cents,
            transaction_id,
            now,
            payout_cost_cents(cents // CENTS, core.options),
        )
        try:
            core.pay_out(payout, subscriber, PURPOSES[fields.known("CommandID")])
        except Unbookable:
            return Settlement(results.INSUFFICIENT, now, transaction_id)
        return Settlement(
            results.PAID,
            now,
            transaction_id,
            amount_cents=cents,
            cost_cents=payout.cost_cents,
            party=Party(subscriber.msisdn, subscriber.name),
            balances=dict(core.journal.balances),
        )

    def _declined(self, fields: RequestFields, subscriber: Subscriber | None) -> str | None:
        cents = fields.cents("Amount")
        if fields.known("PartyA") != self._core.options.shortcode:
            return results.PRODUCT_FORBIDS
        if cents < _MINIMUM_SHILLINGS * CENTS:
            return results.BELOW_MINIMUM
        if cents > MAXIMUM_SHILLINGS * CENTS:
            return results.ABOVE_MAXIMUM
        if subscriber is None:
            return results.RECIPIENT_UNKNOWN
        is_full = subscriber.balance_cents + cents > _FULLEST_CENTS
        return results.BALANCE_TOO_HIGH if is_full and subscriber.msisdn != KNOWN_PAYER else None

    def parameters(self, settled: Settlement) -> Sequence[ResultItem]:
        """Of a payment that was made, in the portal's order (daraja: B2C result)."""
        if settled.party is None:
            return ()
        held = settled.balances
        return (
            amount_item("TransactionAmount", settled.amount_cents),
            result_item("TransactionReceipt", settled.transaction_id),
            result_item("ReceiverPartyPublicName", party_text(settled.party)),
            result_item("TransactionCompletedDateTime", dotted_time(settled.at)),
            money_item("B2CUtilityAccountAvailableFunds", held[OrganisationAccount.UTILITY]),
            money_item("B2CWorkingAccountAvailableFunds", held[OrganisationAccount.WORKING]),
            result_item("B2CRecipientIsRegisteredCustomer", "Y"),
            money_item("B2CChargesPaidAccountAvailableFunds", held[OrganisationAccount.CHARGES]),
        )

    def references(self, fields: RequestFields) -> ResultItem:
        """An address within Safaricom."""
        return queue_item("b2cresults")

    def code(self, code: str) -> int | str:
        """A number where it can be one (law: clients of the simulator)."""
        return results.callback_code(code)
