"""Identifiers: time-ordered, 80 random bits each, made from a clock and a source of chance that are passed in."""

import os
import secrets
from collections.abc import Callable
from threading import Lock

from pokea.clock import Clock

RandomBytes = Callable[[int], bytes]

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]
_DRAWN_TOGETHER = 4_096
_FORTY_BITS = (1 << 40) - 1


class RandomPool:
    """Random bytes of the system, drawn many at a time and given out once each, in any thread.

    Each draw lets the other threads of the process run first: one a request costs a busy service far more than the
    bytes do.
    """

    _bytes: bytes
    _next: int

    def __init__(self, draw: RandomBytes = secrets.token_bytes) -> None:
        self._draw = draw
        self._begin()
        # A process that is forked would give out the same bytes again, or wait for a thread that it does not have.
        os.register_at_fork(after_in_child=self._begin)

    def take(self, count: int) -> bytes:
        """So many bytes that no other call gets."""
        with self._lock:
            end = self._next + count
            if end > len(self._bytes):
                self._bytes, self._next, end = self._draw(max(count, _DRAWN_TOGETHER)), 0, count
            taken = self._bytes[self._next : end]
            self._next = end
        return taken

    def _begin(self) -> None:
        self._lock = Lock()
        self._bytes, self._next = b"", 0


class Ids:
    """Makes identifiers such as `pay_01jd8x4m7qv1n2p3r4s5t6v7w8`."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes = secrets.token_bytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def new(self, prefix: str) -> str:
        """A fresh identifier that begins with `prefix` and sorts by the millisecond in which it was made."""
        milliseconds, chance = self._clock.now() // 1000, self._random_bytes(10)
        high, low = int.from_bytes(chance[:5], "big"), int.from_bytes(chance[5:], "big")
        return f"{prefix}_{_PAIRS[milliseconds >> 40]}{_eight(milliseconds & _FORTY_BITS)}{_eight(high)}{_eight(low)}"


def _eight(value: int) -> str:
    """The characters of forty bits: two at a time, because every request takes an id."""
    return f"{_PAIRS[value >> 30]}{_PAIRS[value >> 20 & 1023]}{_PAIRS[value >> 10 & 1023]}{_PAIRS[value & 1023]}"
