"""Daraja's front door: the order in which a request is looked at, the answer, and the fault it meets.

The order (daraja: validation order): the token, the fields, the merchant and its password, the phone's lock.
Pure but for the state it owns; how long an answer is held, or whether it is sent at all, is said in the verdict.
"""

import random
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from pokea.clock import Instant, seconds
from pokea.daraja import wire
from pokea.simulator import canned, results
from pokea.simulator.canned import Answer, EnvelopeError
from pokea.simulator.faults import ANYWHERE, OAUTH_PATH, PUSH_PATH, QUERY_PATH, FaultKind, FaultRule, Faults
from pokea.simulator.identifiers import merchant_request_id
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.provider import Provider, PushedPayment
from pokea.simulator.tokens import Tokens, bearer
from pokea.simulator.validation import PushFields, QueryFields, named_in, read_push, read_query

_BETWEEN_QUERIES: Final = seconds(12)
"""Five a minute, one at a time (daraja: rate limit fault)."""
_TOO_EARLY: Final = seconds(5)
"""How long an id is refused where `pending_query` is 400.002.02 (daraja: STK query pending; the span is ours)."""


class ParsedRequest(NamedTuple):
    """A request to one of Daraja's paths."""

    method: str
    path: str
    authorization: str
    content_type: str
    parameters: Mapping[str, str]
    body: bytes


class GatewayVerdict(NamedTuple):
    """What becomes of a request. `answer` None: the connection is cut."""

    answer: Answer | None
    hold_seconds: float = 0.0
    after_callback_of: str | None = None
    """The CheckoutRequestID whose callback goes out before the answer does."""
    fault: str | None = None
    """The kind of the fault that acted."""


class Gateway:
    """Tokens, validation and faults in front of the provider."""

    def __init__(self, options: SimulatorOptions, chance: random.Random, faults: Faults, provider: Provider) -> None:
        self._options = options
        self._chance = chance
        self._faults = faults
        self._provider = provider
        self._tokens = Tokens(options)
        self._next_query_at: Instant = 0

    def fault(self, asked: ParsedRequest, now: Instant) -> FaultRule | None:
        """The fault that this request meets, if any; it is not spent before it acts."""
        kinds = {*ANYWHERE, FaultKind.TOKEN_EXPIRED}
        if asked.path == PUSH_PATH:
            kinds |= _PUSH_KINDS
        elif asked.path == QUERY_PATH:
            kinds |= _QUERY_KINDS
            if now < self._next_query_at:
                kinds.add(FaultKind.QUERY_LIMIT)
        if self._tokens.superseded(bearer(asked.authorization) or ""):
            kinds.add(FaultKind.TOKEN_SUPERSEDED)
        return self._faults.match(kinds, self._phone(asked), self._chance, asked.path)

    def _phone(self, asked: ParsedRequest) -> str | None:
        if asked.path == PUSH_PATH:
            return named_in(asked.body, "PhoneNumber")
        payment = self._provider.find(named_in(asked.body, "CheckoutRequestID") or "")
        return payment.fields.msisdn if payment else None

    def verdict(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict:
        """The answer to the request under `rule`, which is spent if it acts."""
        if self._options.firewall:
            return GatewayVerdict(self._firewall())
        acted = rule.acted if rule else 0
        found = self._before(asked, rule, now) or self._answer(asked, rule, now)
        verdict = GatewayVerdict(self._refused(found)) if isinstance(found, EnvelopeError) else self._after(found, rule)
        return verdict._replace(fault=rule.kind) if rule and rule.acted > acted else verdict

    # Faults that stand in front of everything, and those that keep a finished answer

    def _before(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | None:
        if rule is not None and rule.kind in ANYWHERE and rule.when == "before":
            self._faults.spend(rule)
            return None if rule.kind is FaultKind.SLOW else self._instead(rule)
        if rule is not None and rule.kind in (FaultKind.TOKEN_EXPIRED, FaultKind.TOKEN_SUPERSEDED):
            self._tokens.revoke(bearer(asked.authorization) or "")
            self._faults.spend(rule)
        if asked.path == QUERY_PATH and self._over_limit(rule, now):
            return GatewayVerdict(self._rate_limited())
        return None

    def _over_limit(self, rule: FaultRule | None, now: Instant) -> bool:
        """Whether the query limit refuses; it counts only while it is on."""
        if rule is not None and rule.kind is FaultKind.QUERY_LIMIT:
            self._faults.spend(rule)
            return True
        standing = self._options.query_limit != "off"
        if standing and now < self._next_query_at:
            return True
        if standing or self._faults.holds(FaultKind.QUERY_LIMIT):
            self._next_query_at = now + _BETWEEN_QUERIES
        return False

    def _after(self, found: GatewayVerdict, rule: FaultRule | None) -> GatewayVerdict:
        if rule is None:
            return found
        if rule.kind in ANYWHERE and rule.when == "after":
            self._faults.spend(rule)
            return found._replace(hold_seconds=rule.seconds) if rule.kind is FaultKind.SLOW else self._instead(rule)
        if rule.kind is FaultKind.PUSH_TIMEOUT_AFTER:
            self._faults.spend(rule)
            return found._replace(hold_seconds=rule.seconds)
        if rule.kind is FaultKind.PUSH_500_AFTER:
            self._faults.spend(rule)
            return GatewayVerdict(self._refused(canned.INTERNAL_ERROR))
        return found

    def _instead(self, rule: FaultRule) -> GatewayVerdict:
        match rule.kind:
            case FaultKind.HTTP_HTML:
                return GatewayVerdict(self._firewall())
            case FaultKind.SPIKE_ARREST:
                return GatewayVerdict(self._rate_limited())
            case _:
                return GatewayVerdict(None)

    def _firewall(self) -> Answer:
        return canned.firewall_page(int(self._options.firewall_status))

    def _rate_limited(self) -> Answer:
        if self._options.query_limit == "500.003.02":
            return self._refused(canned.SPIKE_ARREST)
        return canned.RATE_LIMITED

    def _refused(self, error: EnvelopeError) -> Answer:
        request_id = merchant_request_id(self._provider.next_number(), self._chance)
        return canned.refused(error, request_id, self._options.wording)

    # The three calls

    def _answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        if asked.path == OAUTH_PATH:
            return self._token(asked, now)
        if asked.path not in (PUSH_PATH, QUERY_PATH):
            return canned.RESOURCE_NOT_FOUND
        if asked.method != "POST":
            return canned.method_not_allowed(asked.method)
        bad_token = self._bad_token(asked, now)
        if bad_token is not None:
            return bad_token
        if asked.path == PUSH_PATH:
            push = read_push(asked.content_type, asked.body, self._options)
            return push if isinstance(push, EnvelopeError) else self._push(push, rule, now)
        query = read_query(asked.content_type, asked.body, self._options)
        return query if isinstance(query, EnvelopeError) else self._query(query, rule, now)

    def _token(self, asked: ParsedRequest, now: Instant) -> GatewayVerdict | EnvelopeError:
        if asked.method != "GET":
            return canned.INVALID_AUTHENTICATION_HEADER
        issued = self._tokens.issue(asked.authorization, asked.parameters.get("grant_type"), now, self._chance)
        return issued if isinstance(issued, EnvelopeError) else GatewayVerdict(issued)

    def _bad_token(self, asked: ParsedRequest, now: Instant) -> EnvelopeError | None:
        token = bearer(asked.authorization)
        if token is None:
            return canned.INVALID_AUTHENTICATION_HEADER
        if self._tokens.alive(token, now):
            return None
        if self._options.bad_token == "401.002.01":  # noqa: S105  # a switch's value, no password
            return canned.echoed_token(token)
        return canned.INVALID_ACCESS_TOKEN if asked.path == PUSH_PATH else canned.INVALID_ACCESS_TOKEN_QUERY

    def _merchant(self, fields: PushFields | QueryFields) -> EnvelopeError | Literal["good", "wrong password"]:
        if fields.shortcode not in (self._options.shortcode, self._options.till):
            return canned.MERCHANT_UNKNOWN
        if fields.password == wire.push_password(fields.shortcode, self._options.passkey, fields.timestamp):
            return "good"
        return canned.WRONG_CREDENTIALS if self._options.bad_passkey == "refused" else "wrong password"

    def _push(self, fields: PushFields, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        merchant = self._merchant(fields)
        if isinstance(merchant, EnvelopeError):
            return merchant
        stopped = self._stopped_before_phone(rule)
        if stopped is not None:
            return stopped
        unheard = merchant == "wrong password"
        if not unheard and self._options.subscriber_lock == "refused" and self._provider.locked(fields.msisdn):
            return canned.SUBSCRIBER_LOCKED
        subscriber = self._provider.subscribers.obtain(fields.msisdn)
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
        self._faults.spend(rule)
        match rule.kind:
            case FaultKind.PUSH_TIMEOUT_BEFORE:
                return GatewayVerdict(None, rule.seconds)
            case FaultKind.PUSH_500_BEFORE:
                return canned.INTERNAL_ERROR
            case _:
                return canned.SUBSCRIBER_LOCKED

    def _query(self, fields: QueryFields, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        merchant = self._merchant(fields)
        if isinstance(merchant, EnvelopeError):
            return merchant
        payment = self._provider.find(fields.checkout_request_id)
        if merchant == "wrong password" or (payment is not None and payment.unheard):
            return GatewayVerdict(self._wrong_credentials(fields.checkout_request_id, payment))
        if self._random_error(rule):
            return (
                canned.STILL_PROCESSING
            )  # The words of the random error were not recorded (daraja: STK query errors).
        if payment is None or self._acts(rule, FaultKind.QUERY_UNKNOWN):
            known_text = self._options.unknown_query == "500.001.1001"
            return canned.TRANSACTION_UNKNOWN if known_text else canned.bad_field("CheckoutRequestID")
        return self._known(payment, rule, now)

    def _known(self, payment: PushedPayment, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        """What a query is told about a payment that Daraja holds."""
        if self._acts(rule, FaultKind.QUERY_FALSE_FAILURE):
            return GatewayVerdict(self._result(payment, results.NO_RESPONSE))
        if payment.code is None or now < payment.query_knows_at or self._acts(rule, FaultKind.QUERY_PENDING):
            return self._pending(payment, now)
        return GatewayVerdict(self._result(payment, payment.code))

    def _acts(self, rule: FaultRule | None, kind: FaultKind) -> bool:
        if rule is None or rule.kind is not kind:
            return False
        self._faults.spend(rule)
        return True

    def _random_error(self, rule: FaultRule | None) -> bool:
        rate = self._options.query_error_rate
        return self._acts(rule, FaultKind.QUERY_RANDOM_ERROR) or (rate > 0 and self._chance.random() < rate)

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


_BEFORE_PHONE: Final = frozenset(
    {FaultKind.PUSH_TIMEOUT_BEFORE, FaultKind.PUSH_500_BEFORE, FaultKind.SUBSCRIBER_LOCKED}
)
_PUSH_KINDS: Final = _BEFORE_PHONE | {FaultKind.PUSH_TIMEOUT_AFTER, FaultKind.PUSH_500_AFTER}
_QUERY_KINDS: Final = frozenset(
    {FaultKind.QUERY_FALSE_FAILURE, FaultKind.QUERY_RANDOM_ERROR, FaultKind.QUERY_PENDING, FaultKind.QUERY_UNKNOWN}
)
