"""Daraja's front door: the order in which a request is looked at, the answer, and the fault it meets.

The order (daraja: validation order): the token, the fields, the merchant and its password, the phone's lock.
Pure but for the state it owns; how long an answer is held, or whether it is sent at all, is said in the verdict.
"""

from collections.abc import Mapping
from typing import Final

from pokea.clock import Instant, seconds
from pokea.simulator import canned
from pokea.simulator.apis.calls import DarajaCall, GatewayVerdict, ParsedRequest
from pokea.simulator.canned import Answer, EnvelopeError
from pokea.simulator.core import Core
from pokea.simulator.faults import ANYWHERE, OAUTH_PATH, QUERY_PATH, FaultKind, FaultRule
from pokea.simulator.identifiers import merchant_request_id
from pokea.simulator.tokens import Tokens, bearer

_BETWEEN_QUERIES: Final = seconds(12)
"""Five a minute, one at a time (daraja: rate limit fault)."""


class Gateway:
    """Tokens, validation and faults in front of the provider."""

    def __init__(self, core: Core, calls: Mapping[str, DarajaCall]) -> None:
        self._core = core
        self._options = core.options
        self._faults = core.faults
        self._calls = calls
        self._tokens = Tokens(core.options)
        self._next_query_at: Instant = 0

    @property
    def paths(self) -> list[str]:
        """Where there is something."""
        return [OAUTH_PATH, *self._calls]

    def fault(self, asked: ParsedRequest, now: Instant) -> FaultRule | None:
        """The fault that this request meets, if any; it is not spent before it acts."""
        kinds = {*ANYWHERE, FaultKind.TOKEN_EXPIRED}
        call = self._calls.get(asked.path)
        if call is not None:
            kinds |= call.kinds
        if asked.path == QUERY_PATH and now < self._next_query_at:
            kinds.add(FaultKind.QUERY_LIMIT)
        if self._tokens.superseded(bearer(asked.authorization) or ""):
            kinds.add(FaultKind.TOKEN_SUPERSEDED)
        phone = call.phone(asked) if call is not None else None
        return self._faults.match(kinds, phone, self._core.chance, asked.path)

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
        request_id = merchant_request_id(self._core.next_number(), self._core.chance)
        return canned.refused(error, request_id, self._options.wording)

    # Behind the faults

    def _answer(self, asked: ParsedRequest, rule: FaultRule | None, now: Instant) -> GatewayVerdict | EnvelopeError:
        if asked.path == OAUTH_PATH:
            return self._token(asked, now)
        call = self._calls.get(asked.path)
        if call is None:
            return canned.RESOURCE_NOT_FOUND
        if asked.method != "POST":
            return canned.method_not_allowed(asked.method)
        return self._bad_token(asked, call, now) or call.answer(asked, rule, now)

    def _token(self, asked: ParsedRequest, now: Instant) -> GatewayVerdict | EnvelopeError:
        if asked.method != "GET":
            return canned.INVALID_AUTHENTICATION_HEADER
        issued = self._tokens.issue(asked.authorization, asked.parameters.get("grant_type"), now, self._core.chance)
        return issued if isinstance(issued, EnvelopeError) else GatewayVerdict(issued)

    def _bad_token(self, asked: ParsedRequest, call: DarajaCall, now: Instant) -> EnvelopeError | None:
        token = bearer(asked.authorization)
        if token is None:
            return canned.INVALID_AUTHENTICATION_HEADER
        if self._tokens.alive(token, now):
            return None
        if self._options.bad_token == "401.002.01":  # noqa: S105  # a switch's value, no password
            return canned.echoed_token(token)
        return call.bad_token(token)
