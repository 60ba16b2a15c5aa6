"""STK push: its look at a request, the prompt, and the answer (daraja: validation order; daraja: STK push accepted)."""

from collections.abc import Set
from typing import Final

from pokea.clock import Instant
from pokea.daraja import wire
from pokea.simulator import canned
from pokea.simulator.apis.calls import GatewayVerdict, ParsedRequest
from pokea.simulator.apis.stk_password import known_merchant
from pokea.simulator.canned import EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind, FaultRule
from pokea.simulator.provider import Provider
from pokea.simulator.validation import PushFields, named_in, read_push

_BEFORE_PHONE: Final = frozenset(
    {FaultKind.PUSH_TIMEOUT_BEFORE, FaultKind.PUSH_500_BEFORE, FaultKind.SUBSCRIBER_LOCKED}
)


class StkPush:
    """Puts prompts on phones."""

    kinds: Set[FaultKind] = _BEFORE_PHONE | {FaultKind.PUSH_TIMEOUT_AFTER, FaultKind.PUSH_500_AFTER}

    def __init__(self, core: Core, provider: Provider) -> None:
        self._core = core
        self._options = core.options
        self._provider = provider

    def phone(self, asked: ParsedRequest) -> str | None:
        """The phone that is to pay."""
        return named_in(asked.body, "PhoneNumber")

    def bad_token(self, token: str) -> EnvelopeError:
        """404 (daraja: Token behaviour)."""
        return canned.INVALID_ACCESS_TOKEN

    def answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """The acceptance, or the first thing that is wrong: the fields, the merchant, the phone's lock."""
        fields = read_push(asked.content_type, asked.body, self._options)
        if isinstance(fields, EnvelopeError):
            return fields
        found = self._accepted(fields, rule, now)
        if isinstance(found, EnvelopeError):
            return found
        if self._core.faults.acts(rule, FaultKind.PUSH_TIMEOUT_AFTER):
            return found._replace(hold_seconds=rule.seconds if rule else 0.0)
        return canned.INTERNAL_ERROR if self._core.faults.acts(rule, FaultKind.PUSH_500_AFTER) else found

    def _accepted(self, fields: PushFields, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        merchant = known_merchant(fields, self._options)
        if isinstance(merchant, EnvelopeError):
            return merchant
        stopped = self._stopped_before_phone(rule)
        if stopped is not None:
            return stopped
        unheard = merchant == "wrong password"
        if not unheard and self._options.subscriber_lock == "refused" and self._provider.locked(fields.msisdn):
            return canned.SUBSCRIBER_LOCKED
        subscriber = self._core.subscribers.obtain(fields.msisdn)
        if subscriber is None:
            return canned.SYSTEM_BUSY
        payment = self._provider.accept(fields, subscriber, now, unheard)
        answer = canned.as_json(
            wire.PushAnswer(
                MerchantRequestID=payment.merchant_request_id,
                CheckoutRequestID=payment.checkout_request_id,
                ResponseCode="0",
                ResponseDescription="Success. Request accepted for processing",
                CustomerMessage="Success. Request accepted for processing",
            )
        )
        awaited = payment.checkout_request_id if payment.early else None
        return GatewayVerdict(answer, self._options.push_answer_seconds, awaited)

    def _stopped_before_phone(self, rule: FaultRule | None) -> GatewayVerdict | EnvelopeError | None:
        if rule is None or rule.kind not in _BEFORE_PHONE:
            return None
        self._core.faults.spend(rule)
        match rule.kind:
            case FaultKind.PUSH_TIMEOUT_BEFORE:
                return GatewayVerdict(None, rule.seconds)
            case FaultKind.PUSH_500_BEFORE:
                return canned.INTERNAL_ERROR
            case _:
                return canned.SUBSCRIBER_LOCKED
