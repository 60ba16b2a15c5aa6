"""Transaction status: what became of money that moved, or may have (daraja: transaction status).

ResultCode 0 says that the question worked. The Result's own OriginatorConversationID is that of the transaction that
was asked about, so that its address alone sets it apart from the transaction's own Result (daraja: additions).
"""

from collections.abc import Sequence
from typing import Final

from pokea.clock import Instant, daraja_timestamp, seconds
from pokea.daraja.results import ResultItem, result_item
from pokea.daraja.transaction_status import TRANSACTION_STATUS_QUERY
from pokea.money import CENTS
from pokea.simulator import canned, results
from pokea.simulator.apis.calls import ParsedRequest
from pokea.simulator.apis.conversations import Conversation, Settlement
from pokea.simulator.apis.fields import (
    ADDRESSES,
    IDENTIFIER,
    SHORT_TEXT,
    Checks,
    RequestFields,
    may_be,
    one_of,
    read_fields,
)
from pokea.simulator.apis.result_items import digits_item
from pokea.simulator.apis.transactions import KnownTransaction, Transactions
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind
from pokea.simulator.identifiers import placeholder_receipt
from pokea.simulator.validation import PRESENT, matches

_CHECKS: Final[Checks] = (
    ("Initiator", PRESENT),
    ("SecurityCredential", PRESENT),
    ("CommandID", one_of(TRANSACTION_STATUS_QUERY)),
    ("TransactionID", may_be(IDENTIFIER)),
    ("OriginalConversationID", may_be(IDENTIFIER)),
    ("PartyA", matches(r"\d{5,12}")),
    ("IdentifierType", one_of("1", "2", "4")),
    *ADDRESSES,
    ("Remarks", may_be(SHORT_TEXT)),
    ("Occasion", may_be(SHORT_TEXT)),
)


class TransactionStatus:
    """Answers by receipt, or by an id of the request; both may be given, and the receipt is looked at first."""

    initiator_field = "Initiator"
    accepted = "Accept the service request successfully."
    moves_money = False

    def __init__(self, core: Core, transactions: Transactions) -> None:
        self._core = core
        self._transactions = transactions
        self.delay_seconds = core.options.question_seconds

    def bad_token(self, token: str) -> EnvelopeError:
        """400, as for a query (daraja: Token behaviour)."""
        return canned.INVALID_ACCESS_TOKEN_QUERY

    def look(self, asked: ParsedRequest) -> RequestFields | EnvelopeError:
        """With a code of its own (daraja: transaction status)."""
        return read_fields(asked, _CHECKS, self._core.options, canned.BAD_QUESTION)

    def originator(self, fields: RequestFields) -> str:
        """A question takes no id of the caller's."""
        return ""

    def phone(self, fields: RequestFields) -> str | None:
        """The customer's, of what is asked about."""
        known = self._find(fields)
        return known.msisdn if known is not None else None

    def _find(self, fields: RequestFields) -> KnownTransaction | None:
        receipt, identifier = fields.text("TransactionID"), fields.text("OriginalConversationID")
        found = self._transactions.of_receipt(receipt) if receipt else None
        return found or (self._transactions.named(identifier) if identifier else None)

    def settle(self, conversation: Conversation, now: Instant) -> Settlement:
        """The answer."""
        fields, placeholder = conversation.fields, placeholder_receipt(now)
        if fields.text("TransactionID") is None and fields.text("OriginalConversationID") is None:
            return Settlement(results.BAD_PARAMETER, now, placeholder)
        if fields.known("PartyA") not in (self._core.options.shortcode, self._core.options.till):
            return Settlement(results.NO_SUCH_PARTY, now, placeholder)
        known = self._find(fields)
        if known is None or self._is_hidden(known, conversation, now):
            return Settlement(results.RECEIPT_UNKNOWN, now, placeholder)
        return Settlement(
            results.PAID,
            now,
            placeholder,
            echoes=known.originator_conversation_id,
            items=self._items(known),
        )

    def _is_hidden(self, known: KnownTransaction, conversation: Conversation, now: Instant) -> bool:
        """Whether a fault has M-PESA not know it yet; it counts from the payment (law: money out in detail, 16)."""
        core = self._core
        rule = core.faults.match((FaultKind.STATUS_UNKNOWN,), known.msisdn, core.chance, conversation.path)
        if rule is None or (known.finalised_at is not None and now >= known.finalised_at + seconds(rule.seconds)):
            return False
        core.faults.spend(rule)
        core.feed.add("fault", now, kind=rule.kind, msisdn=known.msisdn)
        return True

    def _items(self, known: KnownTransaction) -> Sequence[ResultItem]:
        """As in captured Results: numbers, and the credit party by its name. With `--wording second` as on the portal's
        page: text, and both parties under one key."""
        is_page = self._core.options.wording == "second"
        at = _time_text if is_page else digits_item
        shillings = known.amount_cents // CENTS
        return (
            result_item("DebitPartyName", known.debit_party),
            result_item("DebitPartyName" if is_page else "CreditPartyName", known.credit_party),
            result_item("OriginatorConversationID", known.originator_conversation_id),
            at("InitiatedTime", known.initiated_at),
            result_item("DebitAccountType", known.account),
            result_item("DebitPartyCharges", known.charges or None),
            result_item("TransactionReason"),
            result_item("ReasonType", known.reason),
            result_item("TransactionStatus", known.status),
            *((at("FinalisedTime", known.finalised_at),) if known.finalised_at is not None else ()),
            result_item("Amount", str(shillings) if is_page else shillings),
            result_item("ConversationID", known.conversation_id),
            *((result_item("ReceiptNo", known.receipt),) if known.receipt else ()),
        )

    def parameters(self, settled: Settlement) -> Sequence[ResultItem]:
        """What is known; nothing for an error."""
        return settled.items

    def references(self, fields: RequestFields) -> ResultItem:
        """The Occasion, without a Value where none was given."""
        return result_item("Occasion", fields.text("Occasion"))

    def code(self, code: str) -> int | str:
        """A number where it can be one."""
        return results.callback_code(code)


def _time_text(key: str, at: Instant) -> ResultItem:
    return result_item(key, daraja_timestamp(at))
