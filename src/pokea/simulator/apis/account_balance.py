"""Account balance: what the shortcode's accounts hold (daraja: account balance)."""

from collections.abc import Sequence
from typing import Final

from pokea.clock import Instant, daraja_timestamp
from pokea.daraja.account_balance import ACCOUNT_BALANCE
from pokea.daraja.results import ResultItem, result_item
from pokea.simulator import canned, results
from pokea.simulator.apis.calls import ParsedRequest
from pokea.simulator.apis.conversations import Conversation, Settlement
from pokea.simulator.apis.fields import ADDRESSES, SHORT_TEXT, Checks, RequestFields, may_be, one_of, read_fields
from pokea.simulator.apis.result_items import ACCOUNT_NAMES, account_text, digits_item, queue_item
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.identifiers import placeholder_receipt
from pokea.simulator.journal import OrganisationAccount
from pokea.simulator.validation import PRESENT, SHORTCODE

_CHECKS: Final[Checks] = (
    ("Initiator", PRESENT),
    ("SecurityCredential", PRESENT),
    ("CommandID", one_of(ACCOUNT_BALANCE)),
    ("PartyA", SHORTCODE),
    ("IdentifierType", one_of("1", "2", "4")),
    ("Remarks", may_be(SHORT_TEXT)),
    *ADDRESSES,
)
_FLOAT: Final = "Float Account"
"""An account that nothing here uses, and that the portal prints (daraja: account balance)."""


class BalanceErrand:
    """Answers with every account of the shortcode."""

    initiator_field = "Initiator"
    accepted = "Accept the service request successfully"
    moves_money = False

    def __init__(self, core: Core) -> None:
        self._core = core
        self.delay_seconds = core.options.question_seconds

    def bad_token(self, token: str) -> EnvelopeError:
        """401, with the token in it (daraja: Token behaviour)."""
        return canned.echoed_token(token)

    def look(self, asked: ParsedRequest) -> RequestFields | EnvelopeError:
        """`InitiatorName` is no field of this API: a request with it lacks its Initiator."""
        return read_fields(asked, _CHECKS, self._core.options)

    def originator(self, fields: RequestFields) -> str:
        """A question takes no id of the caller's."""
        return ""

    def phone(self, fields: RequestFields) -> str | None:
        """No customer is concerned."""
        return None

    def settle(self, conversation: Conversation, now: Instant) -> Settlement:
        """The balances as they are."""
        options, party = self._core.options, conversation.fields.known("PartyA")
        placeholder = placeholder_receipt(now)
        if party not in (options.shortcode, options.till):
            return Settlement(results.NO_SUCH_PARTY, now, placeholder)
        takings = OrganisationAccount.MERCHANT if party == options.till else OrganisationAccount.UTILITY
        held = self._core.journal.balances
        accounts = (
            self._text(OrganisationAccount.WORKING),
            account_text(_FLOAT, 0),
            self._text(takings),
            self._text(OrganisationAccount.CHARGES),
            self._text(OrganisationAccount.SETTLEMENT),
        )
        items = (
            *self._action(),
            result_item("AccountBalance", "&".join(accounts)),
            self._completed(now),
        )
        return Settlement(results.PAID, now, placeholder, balances=dict(held), items=items)

    def _text(self, account: OrganisationAccount) -> str:
        return account_text(ACCOUNT_NAMES[account], self._core.journal.balances[account])

    def _action(self) -> Sequence[ResultItem]:
        """A captured Result names it, the portal's sample does not."""
        return () if self._core.options.wording == "second" else (result_item("ActionType", ACCOUNT_BALANCE),)

    def _completed(self, at: Instant) -> ResultItem:
        """A number in a captured Result, text on the portal's page."""
        if self._core.options.wording == "second":
            return result_item("BOCompletedTime", daraja_timestamp(at))
        return digits_item("BOCompletedTime", at)

    def parameters(self, settled: Settlement) -> Sequence[ResultItem]:
        """The balances; a locked initiator is told why (daraja: additions)."""
        if settled.code != results.INITIATOR_LOCKED:
            return settled.items
        reason = result_item("ErrorMsg", "API Password is locked. ")
        return (result_item("ActionType", ACCOUNT_BALANCE), reason, self._completed(settled.at))

    def references(self, fields: RequestFields) -> ResultItem:
        """An address within Safaricom."""
        return queue_item("abresults")

    def code(self, code: str) -> int | str:
        """A number; text on the portal's page, which `--wording second` shows (daraja: account balance)."""
        return code if self._core.options.wording == "second" else results.callback_code(code)
