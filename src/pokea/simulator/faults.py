"""The faults that can be switched on: which there are, and which one a request or a callback meets.

What each does is in the law (law: simulator; law: simulator of money out). A rule that has acted as often as its
`count` says is gone; of several that fit, the first that was made acts.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH, B2C_V1_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH

OAUTH_PATH: Final = "/oauth/v1/generate"
PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"
PATHS: Final = {
    "oauth": OAUTH_PATH,
    "push": PUSH_PATH,
    "query": QUERY_PATH,
    "b2c": B2C_PATH,
    "b2c_v1": B2C_V1_PATH,
    "reversal": REVERSAL_PATH,
    "status": STATUS_PATH,
    "balance": BALANCE_PATH,
}
_B2C: Final = (B2C_PATH, B2C_V1_PATH)
_OUT: Final = (*_B2C, REVERSAL_PATH)
_ASYNCHRONOUS: Final = (*_OUT, STATUS_PATH, BALANCE_PATH)

MOST_RULES: Final = 200


class FaultKind(StrEnum):
    """Every fault, by the name that callers give it."""

    CALLBACK_LOST = "callback_lost"
    CALLBACK_LATE = "callback_late"
    CALLBACK_TWICE = "callback_twice"
    CALLBACK_EARLY = "callback_early"
    CALLBACK_AMOUNT = "callback_amount"
    CALLBACK_RECEIPT = "callback_receipt"
    CALLBACK_THEN_SUCCESS = "callback_then_success"
    PUSH_TIMEOUT_BEFORE = "push_timeout_before"
    PUSH_TIMEOUT_AFTER = "push_timeout_after"
    PUSH_500_BEFORE = "push_500_before"
    PUSH_500_AFTER = "push_500_after"
    HTTP_HTML = "http_html"
    SPIKE_ARREST = "spike_arrest"
    CONNECTION_DROPPED = "connection_dropped"
    SLOW = "slow"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105  # a fault's name
    TOKEN_SUPERSEDED = "token_superseded"  # noqa: S105  # a fault's name
    SUBSCRIBER_LOCKED = "subscriber_locked"
    QUERY_FALSE_FAILURE = "query_false_failure"
    QUERY_RANDOM_ERROR = "query_random_error"
    QUERY_PENDING = "query_pending"
    QUERY_UNKNOWN = "query_unknown"
    QUERY_LIMIT = "query_limit"
    RESULT_LOST = "result_lost"
    RESULT_LATE = "result_late"
    RESULT_TWICE = "result_twice"
    RESULT_EARLY = "result_early"
    RESULT_AMOUNT = "result_amount"
    RESULT_RECIPIENT = "result_recipient"
    TIMEOUT_NOTICE = "timeout_notice"
    TIMEOUT_THEN_SUCCESS = "timeout_then_success"
    OUT_500_BEFORE = "out_500_before"
    OUT_500_AFTER = "out_500_after"
    OUT_TEXT_AFTER = "out_text_after"
    OUT_DROPPED_BEFORE = "out_dropped_before"
    OUT_DROPPED_AFTER = "out_dropped_after"
    DUPLICATE_LATE = "duplicate_late"
    WAITING_TO_RESEND = "waiting_to_resend"
    STATUS_UNKNOWN = "status_unknown"
    STATUS_LOST = "status_lost"
    STATUS_SLOW = "status_slow"
    INITIATOR_LOCKED = "initiator_locked"
    INITIATOR_SILENT = "initiator_silent"
    V3_FORBIDDEN = "v3_forbidden"
    NO_FUNDS = "no_funds"
    RECIPIENT_LIMIT = "recipient_limit"
    RECIPIENT_UNKNOWN = "recipient_unknown"
    REVERSED_ELSEWHERE = "reversed_elsewhere"


OUT_KINDS: Final = tuple(FaultKind)[tuple(FaultKind).index(FaultKind.RESULT_LOST) :]
"""The faults of money out (law: simulator of money out)."""
PUSH_KINDS: Final = tuple(kind for kind in FaultKind if kind not in OUT_KINDS)
"""The faults that a payment by push meets (law: simulator)."""

ANYWHERE: Final = frozenset({FaultKind.HTTP_HTML, FaultKind.SPIKE_ARREST, FaultKind.CONNECTION_DROPPED, FaultKind.SLOW})
"""The kinds that take `when`, and any of Daraja's paths."""
_PLACES: Final[dict[FaultKind, tuple[str, ...]]] = {
    **dict.fromkeys((kind for kind in FaultKind if kind.startswith("callback_")), ()),
    **dict.fromkeys((kind for kind in FaultKind if kind.startswith("query_")), (QUERY_PATH,)),
    **dict.fromkeys(ANYWHERE, (PUSH_PATH, QUERY_PATH, OAUTH_PATH, *_ASYNCHRONOUS)),
    FaultKind.TOKEN_EXPIRED: (PUSH_PATH, QUERY_PATH, *_ASYNCHRONOUS),
    FaultKind.TOKEN_SUPERSEDED: (PUSH_PATH, QUERY_PATH, *_ASYNCHRONOUS),
    **dict.fromkeys(OUT_KINDS, _OUT),
    **dict.fromkeys((FaultKind.INITIATOR_LOCKED, FaultKind.INITIATOR_SILENT), _ASYNCHRONOUS),
    **dict.fromkeys((FaultKind.STATUS_UNKNOWN, FaultKind.STATUS_LOST, FaultKind.STATUS_SLOW), (STATUS_PATH,)),
    **dict.fromkeys((FaultKind.RECIPIENT_LIMIT, FaultKind.RECIPIENT_UNKNOWN, FaultKind.DUPLICATE_LATE), _B2C),
    FaultKind.V3_FORBIDDEN: (B2C_PATH,),
    FaultKind.REVERSED_ELSEWHERE: (REVERSAL_PATH,),
}
"""Where a kind can act; the first is the default, save for `_AT_ALL_PLACES`. What is not named acts on a push."""
_AT_ALL_PLACES: Final = frozenset({FaultKind.TOKEN_SUPERSEDED, *OUT_KINDS})
"""Without a path these act wherever they can."""

DEFAULT_SECONDS: Final = {
    FaultKind.PUSH_TIMEOUT_BEFORE: 70.0,
    FaultKind.PUSH_TIMEOUT_AFTER: 70.0,
    FaultKind.CALLBACK_LATE: 90.0,
    FaultKind.CALLBACK_THEN_SUCCESS: 5.0,
    FaultKind.CALLBACK_TWICE: 0.0,
    FaultKind.SLOW: 5.0,
    FaultKind.RESULT_LATE: 90.0,
    FaultKind.RESULT_TWICE: 0.0,
    FaultKind.TIMEOUT_NOTICE: 0.0,
    FaultKind.TIMEOUT_THEN_SUCCESS: 5.0,
    FaultKind.WAITING_TO_RESEND: 5.0,
    FaultKind.STATUS_UNKNOWN: 120.0,
    FaultKind.STATUS_SLOW: 60.0,
}
"""The behaviours that the law names for pushes (law: simulator), but for the twice and the slow; the rest is ours."""

When = Literal["before", "after"]


class Misplaced(ValueError):
    """A rule with a field that its kind does not take; `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(slots=True)
class FaultRule:
    """One fault that is on. `path` None: wherever the kind applies."""

    id: int
    kind: FaultKind
    probability: float
    count: int | None
    msisdn: str | None
    seconds: float
    path: str | None
    when: When
    acted: int = 0


class Faults:
    """The rules in force, in the order in which they were made."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._made = 0

    def add(
        self,
        kind: FaultKind,
        probability: float = 1.0,
        count: int | None = None,
        msisdn: str | None = None,
        seconds: float | None = None,
        path: str | None = None,
        when: When | None = None,
    ) -> FaultRule:
        """Switch a fault on; raises Misplaced for a path or a `when` that the kind does not take."""
        if len(self._rules) >= MOST_RULES:
            raise Misplaced("kind", f"kind: there are {MOST_RULES} faults already; delete them first.")
        if when is not None and kind not in ANYWHERE:
            raise Misplaced("when", f"{kind} takes no `when`; {', '.join(sorted(ANYWHERE))} do.")
        self._made += 1
        rule = FaultRule(
            self._made,
            kind,
            probability,
            count,
            msisdn,
            DEFAULT_SECONDS.get(kind, 0.0) if seconds is None else seconds,
            _path(kind, path),
            when or "before",
        )
        self._rules.append(rule)
        return rule

    def all(self) -> list[FaultRule]:
        """The rules in force."""
        return list(self._rules)

    def clear(self) -> None:
        """Switch every fault off."""
        self._rules.clear()

    def remove(self, number: int) -> bool:
        """Switch the fault with this id off and leave the others as they are; False when it is not in force."""
        left = [rule for rule in self._rules if rule.id != number]
        removed = len(left) < len(self._rules)
        self._rules = left
        return removed

    def holds(self, kind: FaultKind) -> bool:
        """Whether a rule of this kind is in force."""
        return any(rule.kind is kind for rule in self._rules)

    def match(
        self, kinds: Collection[FaultKind], msisdn: str | None, chance: random.Random, path: str | None = None
    ) -> FaultRule | None:
        """The first rule of `kinds` that meets this phone on this path and whose chance comes up."""
        for rule in self._rules:
            if (
                rule.kind in kinds
                and rule.msisdn in (None, msisdn)
                and (path is None or (rule.path in (None, path) and path in _places(rule.kind)))
                and (rule.probability >= 1 or chance.random() < rule.probability)
            ):
                return rule
        return None

    def acts(self, rule: FaultRule | None, kind: FaultKind) -> bool:
        """Whether the rule is of this kind; it has acted then."""
        if rule is None or rule.kind is not kind:
            return False
        self.spend(rule)
        return True

    def spend(self, rule: FaultRule) -> None:
        """The rule has acted once."""
        rule.acted += 1
        if rule.count is not None:
            rule.count -= 1
            if rule.count <= 0:
                self.remove(rule.id)


def _places(kind: FaultKind) -> tuple[str, ...]:
    return _PLACES.get(kind, (PUSH_PATH,))


def _path(kind: FaultKind, path: str | None) -> str | None:
    allowed = _places(kind)
    if path is None:
        return None if kind in _AT_ALL_PLACES or not allowed else allowed[0]
    chosen = PATHS.get(path, path)
    if chosen not in allowed:
        names = [name for name, address in PATHS.items() if address in allowed]
        raise Misplaced("path", f"{kind} takes {'the path ' + ' or '.join(names) if names else 'no path'}.")
    return chosen
