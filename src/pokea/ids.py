"""Identifiers: time-ordered, 80 random bits each, made from a clock and a source of chance that are passed in."""

import secrets
from collections.abc import Callable

from pokea.clock import Clock

RandomBytes = Callable[[int], bytes]

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]
_LENGTH = 26
_SHIFTS = range(5 * (_LENGTH - 2), -1, -10)


class Ids:
    """Makes identifiers such as `pay_01jd8x4m7qv1n2p3r4s5t6v7w8`."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> str:
        """A fresh identifier that begins with `prefix` and sorts by the millisecond in which it was made."""
        milliseconds = self._clock.now() // 1000
        value = (milliseconds << 80) | int.from_bytes(self._random_bytes(10), "big")
        return f"{prefix}_{_crockford(value)}"


def _crockford(value: int) -> str:
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in _SHIFTS])
