"""Waiting for the end of a payment: how often it is looked at, and until when."""

from typing import Final

from pokea.client.models import Payment

DEFAULT_SECONDS: Final = 180.0
"""A prompt is on the phone for a minute, and what became of it is mostly known a minute later."""
_FIRST_SECONDS: Final = 0.25
_LONGEST_SECONDS: Final = 2.0
_GROWTH: Final = 1.5


def has_ended(payment: Payment) -> bool:
    """Whether it is paid or failed. A failure can still turn into a success, when its proof comes late."""
    return payment.status in ("completed", "failed")


def pause_between(looks: int, left_seconds: float) -> float | None:
    """Seconds until the next look, after so many; None when the time is over."""
    if left_seconds <= 0:
        return None
    usual: float = _FIRST_SECONDS * _GROWTH ** (looks - 1)
    return min(usual, _LONGEST_SECONDS, left_seconds)
