"""How many prompts a phone and a customer may cause (law 8). Pure: the counts come from the payments."""

from collections.abc import Sequence
from typing import NamedTuple

from pokea.clock import SECOND, Instant
from pokea.errors import Refusal

PUSH_WINDOW: Instant = 10 * 60 * SECOND
"""The span over which prompts are counted, backwards from now."""

_SAID_IN_SECONDS = 120


class Usage(NamedTuple):
    """How often somebody has been prompted within the window, and the limit; 0 is no limit.

    `who` ends the sentence that the caller reads, such as `this phone`; `oldest_at` is the oldest of those prompts.
    """

    who: str
    limit: int
    prompts: int
    oldest_at: Instant | None


def check_push_limits(usages: Sequence[Usage], now: Instant) -> None:
    """Raise Refusal `too_many_requests` when one of the limits is used up, to be tried again when all allow it."""
    used_up = [usage for usage in usages if 0 < usage.limit <= usage.prompts]
    if not used_up:
        return
    wait_seconds = max(_wait_seconds(usage, now) for usage in used_up)
    names = " and ".join(usage.who for usage in used_up)
    raise Refusal(
        "too_many_requests",
        f"Too many payment prompts for {names} within 10 minutes; try again in {_said(wait_seconds)}.",
        retry_after_seconds=wait_seconds,
    )


def _wait_seconds(usage: Usage, now: Instant) -> int:
    oldest_at = now if usage.oldest_at is None else usage.oldest_at
    until_free = oldest_at + PUSH_WINDOW - now
    return max(1, min(-(-until_free // SECOND), PUSH_WINDOW // SECOND))


def _said(wait_seconds: int) -> str:
    if wait_seconds < _SAID_IN_SECONDS:
        return f"{wait_seconds} seconds"
    return f"{-(-wait_seconds // 60)} minutes"
