"""What follows an acknowledgement: the initiator is looked at, the errand is done, and the Result is sent, once
(daraja: B2C result).

Of the faults one may meet the initiator, one may come between the acknowledgement and the money, and one may meet the
Result.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from pokea.clock import Instant, seconds
from pokea.daraja import wire
from pokea.daraja.results import ParameterList, ReferenceList, ResultContent, ResultEnvelope
from pokea.money import CENTS
from pokea.simulator import results
from pokea.simulator.apis.conversations import Conversation, Conversations, Settlement
from pokea.simulator.callbacks import CallbackKind, PlannedCallback
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind, FaultRule
from pokea.simulator.identifiers import placeholder_receipt
from pokea.simulator.initiator import SimulatedInitiator

_INITIATOR: Final = (FaultKind.INITIATOR_LOCKED, FaultKind.INITIATOR_SILENT)
_BETWEEN: Final = (FaultKind.TIMEOUT_NOTICE, FaultKind.TIMEOUT_THEN_SUCCESS, FaultKind.WAITING_TO_RESEND)
_AT_RESULT: Final = (FaultKind.RESULT_LOST, FaultKind.RESULT_LATE, FaultKind.RESULT_TWICE)
_AT_SUCCESS: Final = (*_AT_RESULT, FaultKind.RESULT_AMOUNT, FaultKind.RESULT_RECIPIENT, FaultKind.DUPLICATE_LATE)
_AT_QUESTION: Final = (FaultKind.STATUS_LOST, FaultKind.STATUS_SLOW)


class FollowUp:
    """Does what was acknowledged, when it is due."""

    def __init__(self, core: Core, initiator: SimulatedInitiator, conversations: Conversations) -> None:
        self._core = core
        self._initiator = initiator
        self._conversations = conversations

    def plan(self, conversation: Conversation) -> None:
        """Let what follows happen in its time; at once where the Result is to come before the acknowledgement."""
        if conversation.errand.moves_money and not conversation.is_duplicate:
            early = self._match(conversation, (FaultKind.RESULT_EARLY,))
            if early is not None:
                self._core.faults.spend(early)
                conversation.is_early = True
                conversation.due_at = conversation.accepted_at
        self._core.agenda.plan(conversation.due_at, partial(self.follow, conversation))

    def follow(self, conversation: Conversation, now: Instant) -> None:
        """Do what was asked, unless it was done already; the Result goes out when it is due."""
        if conversation.is_begun:
            return
        conversation.is_begun = True
        refusal = self._refusal(conversation, now)
        if refusal is not None:
            conversation.settled = refusal
            self._report(conversation, refusal, max(now, conversation.due_at))
        elif not conversation.is_silent and not self._is_put_off(conversation, now):
            self._settle(conversation, now)

    def _refusal(self, conversation: Conversation, now: Instant) -> Settlement | None:
        """M-PESA's refusal before it looks at what was asked; `is_silent` where there is no word of one."""
        fields = conversation.fields
        placeholder = placeholder_receipt(now)
        if conversation.is_duplicate:
            return Settlement(results.DUPLICATE, now, placeholder)
        rule = self._match(conversation, _INITIATOR)
        if rule is not None and not (rule.kind is FaultKind.INITIATOR_SILENT and conversation.is_early):
            self._spend(rule, conversation, now)
            conversation.is_silent = rule.kind is FaultKind.INITIATOR_SILENT
            return None if conversation.is_silent else Settlement(results.INITIATOR_LOCKED, now, placeholder)
        name, credential = fields.known(conversation.errand.initiator_field), fields.known("SecurityCredential")
        if not self._initiator.is_right(name, credential):
            return Settlement(results.INITIATOR_WRONG, now, placeholder)
        return None

    def _is_put_off(self, conversation: Conversation, now: Instant) -> bool:
        """Whether a fault comes between the acknowledgement and the money."""
        if not conversation.errand.moves_money or conversation.is_early:
            return False
        rule = self._match(conversation, _BETWEEN)
        if rule is None:
            return False
        self._spend(rule, conversation, now)
        due, span = max(now, conversation.due_at), seconds(rule.seconds)
        if rule.kind is FaultKind.TIMEOUT_NOTICE:
            conversation.is_expired = True
            self._notify(conversation, due + span)
            return True
        if rule.kind is FaultKind.TIMEOUT_THEN_SUCCESS:
            self._notify(conversation, due)
        else:
            self._report(conversation, Settlement(results.WAITING, now, placeholder_receipt(now)), due)
        self._core.agenda.plan(due + span, partial(self._settle, conversation))
        return True

    def _settle(self, conversation: Conversation, now: Instant) -> None:
        errand = conversation.errand
        settled = conversation.settled = errand.settle(conversation, now)
        kinds: Sequence[FaultKind] = _AT_QUESTION
        if errand.moves_money:
            self._conversations.index(conversation, settled.transaction_id)
            kinds = _AT_SUCCESS if settled.code == results.PAID else _AT_RESULT
        due = max(now, conversation.due_at)
        rule = None if conversation.is_early else self._match(conversation, kinds)
        if rule is None:
            self._report(conversation, settled, due)
            return
        self._spend(rule, conversation, now)
        for at, told in _under(rule, settled, due):
            self._report(conversation, told, at)

    def _match(self, conversation: Conversation, kinds: Sequence[FaultKind]) -> FaultRule | None:
        phone = conversation.errand.phone(conversation.fields)
        return self._core.faults.match(kinds, phone, self._core.chance, conversation.path)

    def _spend(self, rule: FaultRule, conversation: Conversation, now: Instant) -> None:
        self._core.faults.spend(rule)
        self._core.feed.add("fault", now, kind=rule.kind, msisdn=conversation.errand.phone(conversation.fields))

    # What is sent

    def _report(self, conversation: Conversation, settled: Settlement, due: Instant) -> None:
        self._send(conversation, "ResultURL", self._result(conversation, settled), due, "result")

    def _result(self, conversation: Conversation, settled: Settlement) -> bytes:
        errand = conversation.errand
        content = ResultContent(
            ResultType=errand.code("0"),
            ResultCode=errand.code(settled.code),
            ResultDesc=results.description(settled.code, "callback", self._core.options),
            OriginatorConversationID=settled.echoes or conversation.originator_conversation_id,
            ConversationID=conversation.conversation_id,
            TransactionID=settled.transaction_id,
        )
        parameters = list(errand.parameters(settled))
        if parameters:
            content.ResultParameters = ParameterList(parameters)
        content.ReferenceData = ReferenceList(errand.references(conversation.fields))
        return wire.encode(ResultEnvelope(content))

    def _notify(self, conversation: Conversation, due: Instant) -> None:
        """Say to the QueueTimeOutURL that the request waited for too long (daraja: additions)."""
        body = conversation.body
        if self._core.options.timeout_notice == "result":
            body = wire.encode(
                {
                    "Result": {
                        "ResultType": 1,
                        "ResultCode": 1,
                        "ResultDesc": "The service request timed out.",
                        "OriginatorConversationID": conversation.originator_conversation_id,
                        "ConversationID": conversation.conversation_id,
                    }
                }
            )
        self._send(conversation, "QueueTimeOutURL", body, due, "timeout notice")

    def _send(self, conversation: Conversation, field: str, body: bytes, due: Instant, kind: CallbackKind) -> None:
        url = conversation.fields.known(field)
        self._core.agenda.send(PlannedCallback(conversation.conversation_id, url, "", body, due, kind=kind))


def _under(rule: FaultRule, settled: Settlement, due: Instant) -> list[tuple[Instant, Settlement]]:
    """When the Result goes out under a fault, and what it says."""
    late = due + seconds(rule.seconds)
    match rule.kind:
        case FaultKind.RESULT_LATE | FaultKind.STATUS_SLOW:
            return [(late, settled)]
        case FaultKind.RESULT_TWICE:
            return [(due, settled), (late, settled)]
        case FaultKind.RESULT_AMOUNT:
            return [(due, settled._replace(amount_cents=settled.amount_cents + CENTS))]
        case FaultKind.RESULT_RECIPIENT:
            return [(due, _of_another(settled))]
        case FaultKind.DUPLICATE_LATE:
            return [(due, Settlement(results.DUPLICATE, settled.at, placeholder_receipt(settled.at)))]
        case _:
            return []


def _of_another(settled: Settlement) -> Settlement:
    """The same of another phone, and of another payment."""
    party = settled.party and settled.party._replace(msisdn=_next_digit(settled.party.msisdn))
    return settled._replace(party=party, original_receipt=_next_digit(settled.original_receipt))


def _next_digit(text: str) -> str:
    """The text with another last sign; nothing stays nothing."""
    return text and text[:-1] + ("0" if text[-1] == "9" or not text[-1].isdigit() else str(int(text[-1]) + 1))
