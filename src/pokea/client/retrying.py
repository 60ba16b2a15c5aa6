"""When a call is sent again: only where that cannot do anything twice.

A call that was never sent did nothing. A call that reads changes nothing. A call with an Idempotency-Key is done once,
however often it is sent with this key. Everything else is sent again only after an answer which says that nothing was
changed. A refusal that names a payment is what became of this key: the same call is answered the same for ever.
"""

from enum import Enum
from typing import Final, NamedTuple

from pokea.client.answers import FIRST_REFUSAL, Answered, Attempted, Unanswered, refusal_of
from pokea.client.failures import CallRefused

MOST_ATTEMPTS: Final = 4
MOST_WHILE_IN_FLIGHT: Final = 30
"""Where the service says that the first call with this key is still being answered: a push may take 50 s."""
LONGEST_PAUSE_SECONDS: Final = 5.0
"""A service that asks for a longer pause is not waited for: the caller gets the refusal, and the time in it."""
_FIRST_PAUSE_SECONDS: Final = 0.25
_GROWTH: Final = 3.0
_GATEWAY: Final = frozenset({502, 503, 504})
_IN_FLIGHT: Final = "idempotency_in_flight"
_IN_DOUBT: Final = frozenset({"outcome_unknown", _IN_FLIGHT})
_UNCHANGED: Final = frozenset({"unavailable", "daraja_unavailable", "too_many_requests"})
"""Codes that say that nothing was changed, and that waiting helps."""


class Repeatable(Enum):
    """Whether the same call may be sent again while its outcome is not known."""

    YES = "it reads, sets what it names, or carries a key"
    NO = "it might be done twice"


class After(NamedTuple):
    """What follows an attempt: a pause before the same call is sent again, or the end; and whether this attempt may
    have done what was asked."""

    pause_seconds: float | None
    may_be_done: bool


def after(attempted: Attempted, attempts: int, repeatable: Repeatable, chance: float) -> After:
    """What follows an attempt. `attempts` counts the sendings so far; `chance` from 0 to 1 spreads many clients."""
    usual = min(_FIRST_PAUSE_SECONDS * _GROWTH ** (attempts - 1), LONGEST_PAUSE_SECONDS / 1.5) * (0.5 + chance)
    if isinstance(attempted, Answered):
        return _after_answer(attempted, attempts, usual, repeatable)
    may_be_done = isinstance(attempted, Unanswered)
    again = attempts < MOST_ATTEMPTS and (repeatable is Repeatable.YES or not may_be_done)
    return After(usual if again else None, may_be_done)


def _after_answer(answer: Answered, attempts: int, usual: float, repeatable: Repeatable) -> After:
    refusal = refusal_of(answer) if answer.status >= FIRST_REFUSAL else None
    if refusal is None:
        # A gateway's own page: what the service did behind it is not known.
        in_doubt = answer.status in _GATEWAY
        again = in_doubt and attempts < MOST_ATTEMPTS and repeatable is Repeatable.YES
        return After(usual if again else None, in_doubt)
    pause = max(usual, refusal.retry_after_seconds or 0)
    most = MOST_WHILE_IN_FLIGHT if refusal.code == _IN_FLIGHT else MOST_ATTEMPTS
    again = attempts < most and pause <= LONGEST_PAUSE_SECONDS and _is_temporary(refusal, repeatable)
    return After(pause if again else None, refusal.code in _IN_DOUBT)


def _is_temporary(refusal: CallRefused, repeatable: Repeatable) -> bool:
    if "transactionId" in refusal.extra:
        return False
    if refusal.code in _IN_DOUBT:
        return repeatable is Repeatable.YES
    return refusal.code in _UNCHANGED
