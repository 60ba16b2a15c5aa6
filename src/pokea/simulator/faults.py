"""The faults that can be switched on: which there are, and which one a request or a callback meets.

What each does is in the law (law: simulator; law: simulator of money out). A rule that has acted as often as its
`count` says is gone; of several that fit, the first that was made acts.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

OAUTH_PATH: Final = "/oauth/v1/generate"
PUSH_PATH: Final = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH: Final = "/mpesa/stkpushquery/v1/query"
PATHS: Final = {"oauth": OAUTH_PATH, "push": PUSH_PATH, "query": QUERY_PATH}

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


ANYWHERE: Final = frozenset({FaultKind.HTTP_HTML, FaultKind.SPIKE_ARREST, FaultKind.CONNECTION_DROPPED, FaultKind.SLOW})
"""The kinds that take `when`, and any of Daraja's paths."""
_ON_QUERY: Final = frozenset(
    {
        FaultKind.QUERY_FALSE_FAILURE,
        FaultKind.QUERY_RANDOM_ERROR,
        FaultKind.QUERY_PENDING,
        FaultKind.QUERY_UNKNOWN,
        FaultKind.QUERY_LIMIT,
    }
)
_ON_CALLBACK: Final = frozenset(
    {
        FaultKind.CALLBACK_LOST,
        FaultKind.CALLBACK_LATE,
        FaultKind.CALLBACK_TWICE,
        FaultKind.CALLBACK_EARLY,
        FaultKind.CALLBACK_AMOUNT,
        FaultKind.CALLBACK_RECEIPT,
        FaultKind.CALLBACK_THEN_SUCCESS,
    }
)
_TOKENS: Final = frozenset({FaultKind.TOKEN_EXPIRED, FaultKind.TOKEN_SUPERSEDED})

DEFAULT_SECONDS: Final = {
    FaultKind.PUSH_TIMEOUT_BEFORE: 70.0,
    FaultKind.PUSH_TIMEOUT_AFTER: 70.0,
    FaultKind.CALLBACK_LATE: 90.0,
    FaultKind.CALLBACK_THEN_SUCCESS: 5.0,
    FaultKind.CALLBACK_TWICE: 0.0,
    FaultKind.SLOW: 5.0,
}
"""The behaviours that the law names (law: simulator); the last two are ours."""

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
                and (path is None or rule.path in (None, path))
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


def _path(kind: FaultKind, path: str | None) -> str | None:
    allowed = _allowed_paths(kind)
    if path is None:
        return allowed[0] if kind is not FaultKind.TOKEN_SUPERSEDED and allowed else None
    chosen = PATHS.get(path, path)
    if chosen not in allowed:
        names = [name for name, address in PATHS.items() if address in allowed]
        raise Misplaced("path", f"{kind} takes {'the path ' + ' or '.join(names) if names else 'no path'}.")
    return chosen


def _allowed_paths(kind: FaultKind) -> tuple[str, ...]:
    """Where a kind can act; the first is the default."""
    if kind in _ON_CALLBACK:
        return ()
    if kind in _ON_QUERY:
        return (QUERY_PATH,)
    if kind in ANYWHERE:
        return (PUSH_PATH, QUERY_PATH, OAUTH_PATH)
    return (PUSH_PATH, QUERY_PATH) if kind in _TOKENS else (PUSH_PATH,)
