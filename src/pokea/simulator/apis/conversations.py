"""Requests that were acknowledged, and what M-PESA made of each.

Daraja calls such a thing a conversation: it has an OriginatorConversationID, which the caller of B2C's third version
makes, and a ConversationID, which Daraja makes (daraja: B2C acknowledgement).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from pokea.clock import Instant, seconds
from pokea.daraja.results import ResultItem
from pokea.simulator import results
from pokea.simulator.apis.calls import ParsedRequest
from pokea.simulator.apis.fields import RequestFields
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.identifiers import conversation_id, merchant_request_id
from pokea.simulator.journal import OrganisationAccount, Party

_NO_TRANSACTION: Final = (results.INITIATOR_WRONG, results.INITIATOR_LOCKED, results.DUPLICATE)


class Settlement(NamedTuple):
    """What M-PESA decided of one request, at once and for ever; `code` is the Result's."""

    code: str
    at: Instant
    transaction_id: str
    """Of what it did or declined; a placeholder where there is no transaction."""
    amount_cents: int = 0
    cost_cents: int = 0
    party: Party | None = None
    """The customer whose phone gets the money."""
    account: OrganisationAccount = OrganisationAccount.UTILITY
    """What was debited."""
    balances: Mapping[OrganisationAccount, int] = {}
    """What the accounts held after it, in cents."""
    original_receipt: str = ""
    """The payment that a reversal undoes."""
    echoes: str = ""
    """The OriginatorConversationID that the Result names where it is not the request's own (daraja: additions)."""
    items: Sequence[ResultItem] = ()
    """The answer to a question; for money the parameters are made of the rest."""


class Errand(Protocol):
    """What one of the four APIs does with a request: its look, and what follows the acknowledgement."""

    initiator_field: str
    accepted: str
    """The acknowledgement's ResponseDescription."""
    moves_money: bool
    delay_seconds: float
    """From the acknowledgement to what follows."""

    def bad_token(self, token: str) -> EnvelopeError:
        """The refusal of a token that opens nothing (daraja: Token behaviour)."""

    def look(self, asked: ParsedRequest) -> RequestFields | EnvelopeError:
        """The fields, or the first thing that Daraja would name as wrong."""

    def originator(self, fields: RequestFields) -> str:
        """The OriginatorConversationID that the caller made; empty where Daraja makes it."""

    def phone(self, fields: RequestFields) -> str | None:
        """The customer's phone that a request concerns, if there is one; the fields may be wrong."""

    def settle(self, conversation: "Conversation", now: Instant) -> Settlement:
        """Do what was asked, or decline it."""

    def parameters(self, settled: Settlement) -> Sequence[ResultItem]:
        """What the Result says of it; nothing for most failures (daraja: B2C result)."""

    def references(self, fields: RequestFields) -> ResultItem:
        """The Result's ReferenceData."""

    def code(self, code: str) -> int | str:
        """A code as this API's Results write it."""


@dataclass(slots=True)
class Conversation:
    """One acknowledged request."""

    path: str
    errand: Errand
    fields: RequestFields
    body: bytes
    """The request as it came."""
    originator_conversation_id: str
    conversation_id: str
    accepted_at: Instant
    due_at: Instant
    """When its Result goes out, if nothing delays it."""
    is_begun: bool = False
    """What follows has begun; it begins once."""
    is_early: bool = False
    """It is acknowledged only after its Result was answered."""
    is_duplicate: bool = False
    """Daraja took it, and M-PESA refuses it as one that it had before."""
    is_expired: bool = False
    """It waited for too long, and is never done."""
    is_silent: bool = False
    """Nothing follows, and no Result comes."""
    settled: Settlement | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more follows."""
        return self.is_expired or self.is_silent or self.settled is not None

    @property
    def status(self) -> str | None:
        """Its TransactionStatus (daraja: transaction status); None where M-PESA made no transaction of it."""
        if self.is_expired:
            return "Expired"
        if self.settled is None:
            return None if self.is_silent else "Initiated"
        if self.settled.code in _NO_TRANSACTION:
            return None
        return "Completed" if self.settled.code == results.PAID else "Declined"


class Conversations:
    """All that are kept."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._all: dict[str, Conversation] = {}
        self._by_originator: dict[str, Conversation] = {}
        self._by_transaction: dict[str, Conversation] = {}

    def all(self) -> list[Conversation]:
        """Oldest first."""
        return list(self._all.values())

    def of_originator(self, identifier: str) -> Conversation | None:
        """The first request with this OriginatorConversationID."""
        return self._by_originator.get(identifier)

    def named(self, identifier: str) -> Conversation | None:
        """The request with this OriginatorConversationID or ConversationID."""
        return self._by_originator.get(identifier) or self._all.get(identifier)

    def of_transaction(self, receipt: str) -> Conversation | None:
        """The request that made, or tried, the transaction with this receipt."""
        return self._by_transaction.get(receipt)

    def open(
        self, path: str, errand: Errand, fields: RequestFields, body: bytes, now: Instant, *, originator: str
    ) -> Conversation:
        """A request is acknowledged. `originator` is empty where the caller names no id."""
        self._make_room()
        core = self._core
        opened = Conversation(
            path,
            errand,
            fields,
            body,
            originator or merchant_request_id(core.next_number(), core.chance),
            conversation_id(now, core.chance, self._all),
            now,
            now + seconds(core.options.acknowledgement_seconds + errand.delay_seconds),
        )
        opened.is_duplicate = opened.originator_conversation_id in self._by_originator
        self._all[opened.conversation_id] = opened
        self._by_originator.setdefault(opened.originator_conversation_id, opened)
        return opened

    def index(self, conversation: Conversation, transaction_id: str) -> None:
        """The request made, or tried, this transaction."""
        self._by_transaction.setdefault(transaction_id, conversation)

    def _make_room(self) -> None:
        """Forget the oldest that has ended, once as many are kept as may be."""
        if len(self._all) < self._core.options.most_records:
            return
        for kept in self._all.values():
            if kept.has_ended:
                del self._all[kept.conversation_id]
                if self._by_originator.get(kept.originator_conversation_id) is kept:
                    del self._by_originator[kept.originator_conversation_id]
                if kept.settled is not None and self._by_transaction.get(kept.settled.transaction_id) is kept:
                    del self._by_transaction[kept.settled.transaction_id]
                return
