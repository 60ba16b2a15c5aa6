"""What B2C, reversal, transaction status and account balance have in common: a request is looked at, acknowledged
within the call, and done afterwards (daraja: B2C acknowledgement; law: clients of the simulator)."""

from collections.abc import Set
from typing import Final

from pokea.clock import Instant
from pokea.daraja import wire
from pokea.daraja.results import Acknowledgement
from pokea.simulator import canned
from pokea.simulator.apis.calls import GatewayVerdict, ParsedRequest
from pokea.simulator.apis.conversations import Conversation, Conversations, Errand
from pokea.simulator.apis.fields import RequestFields
from pokea.simulator.apis.follow_up import FollowUp
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind, FaultRule

_INSTEAD: Final[dict[FaultKind, GatewayVerdict | EnvelopeError]] = {
    FaultKind.V3_FORBIDDEN: canned.NOT_AUTHORIZED,
    FaultKind.OUT_500_BEFORE: canned.INTERNAL_ERROR,
    FaultKind.OUT_DROPPED_BEFORE: GatewayVerdict(None),
    FaultKind.OUT_500_AFTER: canned.INTERNAL_ERROR,
    FaultKind.OUT_TEXT_AFTER: GatewayVerdict(canned.UPSTREAM_TEXT),
    FaultKind.OUT_DROPPED_AFTER: GatewayVerdict(None),
}
"""What comes in place of the acknowledgement."""
_AFTER: Final = frozenset({FaultKind.OUT_500_AFTER, FaultKind.OUT_TEXT_AFTER, FaultKind.OUT_DROPPED_AFTER})
"""The money has moved by then."""


class AcknowledgedCall:
    """One of the four APIs at one path."""

    kinds: Set[FaultKind] = frozenset(_INSTEAD)

    def __init__(
        self, path: str, errand: Errand, core: Core, conversations: Conversations, follow_up: FollowUp
    ) -> None:
        self._path = path
        self._errand = errand
        self._core = core
        self._conversations = conversations
        self._follow_up = follow_up

    def phone(self, asked: ParsedRequest) -> str | None:
        """The customer's phone that the request concerns."""
        try:
            message = wire.decode_any(asked.body)
        except wire.Unreadable:
            return None
        return self._errand.phone(RequestFields(message, self._core.options)) if isinstance(message, dict) else None

    def bad_token(self, token: str) -> EnvelopeError:
        """In the errand's words."""
        return self._errand.bad_token(token)

    def answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """The acknowledgement, or what comes in its place."""
        fields = self._errand.look(asked)
        if isinstance(fields, EnvelopeError):
            return fields
        if rule is not None and rule.kind in _INSTEAD and rule.kind not in _AFTER:
            self._core.faults.spend(rule)
            return self._in_place(rule.kind)
        originator = self._errand.originator(fields)
        if originator and self._conversations.of_originator(originator) and not self._is_late_duplicate(fields):
            return canned.DUPLICATE_ORIGINATOR
        conversation = self._conversations.open(
            self._path, self._errand, fields, asked.body, now, originator=originator
        )
        self._follow_up.plan(conversation)
        if rule is not None and rule.kind in _AFTER:
            self._core.faults.spend(rule)
            self._follow_up.follow(conversation, now)
            return self._in_place(rule.kind)
        return self._acknowledged(conversation)

    def _in_place(self, kind: FaultKind) -> GatewayVerdict | EnvelopeError:
        found = _INSTEAD[kind]
        is_second = self._core.options.wording == "second" and found is canned.INTERNAL_ERROR
        return canned.OUT_INTERNAL_ERROR if is_second else found

    def _is_late_duplicate(self, fields: RequestFields) -> bool:
        """Whether a duplicate is acknowledged, to be refused by a Result with 15 (daraja: additions)."""
        core = self._core
        phone = self._errand.phone(fields)
        rule = core.faults.match((FaultKind.DUPLICATE_LATE,), phone, core.chance, self._path)
        return core.faults.acts(rule, FaultKind.DUPLICATE_LATE)

    def _acknowledged(self, conversation: Conversation) -> GatewayVerdict:
        answer = Acknowledgement(
            OriginatorConversationID=conversation.originator_conversation_id,
            ConversationID=conversation.conversation_id,
            ResponseCode="0",
            ResponseDescription=self._errand.accepted,
        )
        awaited = conversation.conversation_id if conversation.is_early else None
        return GatewayVerdict(canned.as_json(answer), self._core.options.acknowledgement_seconds, awaited)
