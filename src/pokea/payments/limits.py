"""How many prompts a phone, a customer and all of them together may cause (law: keys and tokens). Pure: the payments
are counted.

A payment counts from the moment that its row is made, also when Daraja then refuses its push: a customer was about to
be prompted, and Daraja was asked. A call that is refused before there is a payment (409, 429, an unfit amount) counts
nothing, so that a caller that must wait does not wait longer for having asked.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pokea.clock import SECOND, Instant
from pokea.errors import ApiError

PUSH_WINDOW: Instant = 10 * 60 * SECOND
"""The span over which prompts of a phone and of a customer are counted, backwards from now."""
OVERALL_WINDOW: Instant = 60 * SECOND
"""The span over which all prompts are counted: it stops a caller with many customers' stolen tokens."""

_SAID_IN_SECONDS = 120


class PromptLimit(NamedTuple):
    """At most `most` prompts of a merchant within `window`: of a phone, of a customer (`owner`), or, with neither, of
    all. `name` is that of its lock; `who` as in `Usage`."""

    name: str
    who: str
    most: int
    window: Instant
    merchant_id: int
    msisdn: str | None = None
    owner: str | None = None


class Usage(NamedTuple):
    """How often a phone or customer has been prompted within a window, and the limit; 0 is no limit.

    `who` ends the sentence that the caller reads, such as `this phone`; `oldest_at` is the oldest of those prompts.
    """

    who: str
    limit: int
    prompts: int
    oldest_at: Instant | None
    window: Instant = PUSH_WINDOW


def check_push_limits(usages: Sequence[Usage], now: Instant) -> None:
    """Raise ApiError `too_many_requests` when one of the limits is used up, to be tried again when all allow it."""
    used_up = [usage for usage in usages if 0 < usage.limit <= usage.prompts]
    if not used_up:
        return
    wait_seconds = max(_wait_seconds(usage, now) for usage in used_up)
    windows = sorted({usage.window for usage in used_up}, reverse=True)
    whom = ", and ".join(_for_whom([usage for usage in used_up if usage.window == window]) for window in windows)
    raise ApiError(
        "too_many_requests",
        f"Too many payment prompts {whom}; try again in {_said(wait_seconds)}.",
        retry_after_seconds=wait_seconds,
    )


def _for_whom(usages: Sequence[Usage]) -> str:
    minutes = usages[0].window // (60 * SECOND)
    span = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"for {' and '.join(usage.who for usage in usages)} within {span}"


def _wait_seconds(usage: Usage, now: Instant) -> int:
    oldest_at = now if usage.oldest_at is None else usage.oldest_at
    until_free = oldest_at + usage.window - now
    return max(1, min(-(-until_free // SECOND), usage.window // SECOND))


def _said(wait_seconds: int) -> str:
    if wait_seconds < _SAID_IN_SECONDS:
        return f"{wait_seconds} seconds"
    return f"{-(-wait_seconds // 60)} minutes"
