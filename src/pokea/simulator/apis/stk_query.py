"""STK query: its look at a request, and what it says of a payment (daraja: STK query request and answer)."""

from collections.abc import Set
from typing import Final

from pokea.clock import Instant, seconds
from pokea.daraja import wire
from pokea.simulator import canned, results
from pokea.simulator.apis.calls import GatewayVerdict, ParsedRequest
from pokea.simulator.apis.stk_password import known_merchant
from pokea.simulator.canned import Answer, EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import FaultKind, FaultRule
from pokea.simulator.provider import Provider, PushedPayment
from pokea.simulator.validation import QueryFields, named_in, read_query

_TOO_EARLY: Final = seconds(5)
"""How long an id is refused where `pending_query` is 400.002.02 (daraja: STK query pending; the span is ours)."""


class StkQuery:
    """Says what became of a push."""

    kinds: Set[FaultKind] = frozenset(
        {FaultKind.QUERY_FALSE_FAILURE, FaultKind.QUERY_RANDOM_ERROR, FaultKind.QUERY_PENDING, FaultKind.QUERY_UNKNOWN}
    )

    def __init__(self, core: Core, provider: Provider) -> None:
        self._core = core
        self._options = core.options
        self._provider = provider

    def phone(self, asked: ParsedRequest) -> str | None:
        """The phone of the payment that is asked about."""
        payment = self._provider.find(named_in(asked.body, "CheckoutRequestID") or "")
        return payment.fields.msisdn if payment else None

    def bad_token(self, token: str) -> EnvelopeError:
        """400 (daraja: Token behaviour)."""
        return canned.INVALID_ACCESS_TOKEN_QUERY

    def answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """What is known, or the first thing that is wrong."""
        fields = read_query(asked.content_type, asked.body, self._options)
        return fields if isinstance(fields, EnvelopeError) else self._found(fields, rule, now)

    def _found(self, fields: QueryFields, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        merchant = known_merchant(fields, self._options)
        if isinstance(merchant, EnvelopeError):
            return merchant
        payment = self._provider.find(fields.checkout_request_id)
        if merchant == "wrong password" or (payment is not None and payment.unheard):
            return GatewayVerdict(self._wrong_credentials(fields.checkout_request_id, payment))
        if self._random_error(rule):
            return (
                canned.STILL_PROCESSING
            )  # The words of the random error were not recorded (daraja: STK query errors).
        if payment is None or self._core.faults.acts(rule, FaultKind.QUERY_UNKNOWN):
            known_text = self._options.unknown_query == "500.001.1001"
            return canned.TRANSACTION_UNKNOWN if known_text else canned.bad_field("CheckoutRequestID")
        return self._known(payment, rule, now)

    def _known(self, payment: PushedPayment, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """What a query is told about a payment that Daraja holds."""
        if self._core.faults.acts(rule, FaultKind.QUERY_FALSE_FAILURE):
            return GatewayVerdict(self._result(payment, results.NO_RESPONSE))
        if (
            payment.code is None
            or now < payment.query_knows_at
            or self._core.faults.acts(rule, FaultKind.QUERY_PENDING)
        ):
            return self._pending(payment, now)
        return GatewayVerdict(self._result(payment, payment.code))

    def _random_error(self, rule: FaultRule | None) -> bool:
        rate = self._options.query_error_rate
        return self._core.faults.acts(rule, FaultKind.QUERY_RANDOM_ERROR) or (
            rate > 0 and self._core.chance.random() < rate
        )

    def _pending(self, payment: PushedPayment, now: Instant) -> GatewayVerdict | EnvelopeError:
        if self._options.pending_query == "500.001.1001":
            return canned.STILL_PROCESSING
        if self._options.pending_query == "400.002.02" and now - payment.accepted_at < _TOO_EARLY:
            return canned.bad_field("CheckoutRequestID")
        return GatewayVerdict(self._result(payment, wire.STILL_PROCESSING))

    def _result(self, payment: PushedPayment, code: str) -> Answer:
        pending = code == wire.STILL_PROCESSING
        return canned.as_json(
            wire.QueryAnswer(
                ResponseCode="0",
                ResponseDescription=self._accepted_words(),
                MerchantRequestID=payment.merchant_request_id,
                CheckoutRequestID=payment.checkout_request_id,
                ResultCode=code,
                ResultDesc=(
                    "The transaction is still under processing"
                    if pending
                    else results.description(code, "query", self._options)
                ),
            )
        )

    def _wrong_credentials(self, checkout_request_id: str, payment: PushedPayment | None) -> Answer:
        """How a passkey that was accepted unseen shows: 4999 as a number, in no 2xx answer (daraja: push errors)."""
        return canned.as_json(
            wire.QueryAnswer(
                ResponseCode="0",
                ResponseDescription=self._accepted_words(),
                MerchantRequestID=payment.merchant_request_id if payment else "",
                CheckoutRequestID=checkout_request_id,
                ResultCode=int(wire.STILL_PROCESSING),
                ResultDesc=canned.WRONG_CREDENTIALS.message,
            ),
            status=500,
        )

    def _accepted_words(self) -> str:
        spelling = "successfully" if self._options.wording == "first" else "successsfully"
        return f"The service request has been accepted {spelling}"
