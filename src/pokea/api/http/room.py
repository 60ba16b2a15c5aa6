"""How many connections a process holds, so that its files never run out.

The database, Daraja and the log need files as well. When they run out, the operating system's answer to the next
connection is a reset, and nothing is logged. So connections are counted, and the room for them is smaller than the
limit of open files. When it is full, connections that wait for a request make place for new ones.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

_IDLE_AFTER_SECONDS: Final = 1.0
"""A connection that was made a moment ago has not had the time to send its request."""
_LOOKED_AT_EVERY_SECONDS: Final = 1.0
_LOGGED_EVERY_SECONDS: Final = 10.0

_log = logging.getLogger("pokea.server")


class Occupant(Protocol):
    """A connection, as the room sees it."""

    def waits_for_seconds(self) -> float:
        """How long it has been waiting for its client; 0 while a call is being answered."""
        ...

    def hang_up(self) -> None:
        """Close it."""
        ...


class Room:
    """Admits connections as long as there is room. `count_most` is asked once, when the first connection comes."""

    def __init__(self, count_most: Callable[[], int]) -> None:
        self._count_most = count_most
        self._most: int | None = None
        self._looks_at = 0.0
        self._logs_at = 0.0
        self._closed = 0
        self._refused = 0

    def admits(self, count: int, others: Iterable[Occupant], now: float) -> bool:
        """Whether a connection may stay as one of `count`. `now` is the loop's time in seconds."""
        if self._most is None:
            self._most = self._count_most()
        if count <= self._most:
            return True
        closed = 0
        if now >= self._looks_at:
            self._looks_at = now + _LOOKED_AT_EVERY_SECONDS
            idle = [each for each in others if each.waits_for_seconds() >= _IDLE_AFTER_SECONDS]
            for each in idle:
                each.hang_up()
            closed = len(idle)
        self._closed += closed
        self._refused += closed == 0
        self._tell(now)
        return closed > 0

    def _tell(self, now: float) -> None:
        if now < self._logs_at:
            return
        self._logs_at = now + _LOGGED_EVERY_SECONDS
        _log.warning(
            "%d connections are open, which is all that the limit of open files leaves room for: "
            "closed %d that waited for a request, refused %d. Raise the limit (ulimit -n, LimitNOFILE=), "
            "and bound connections at the proxy.",
            self._most,
            self._closed,
            self._refused,
        )
        self._closed = self._refused = 0
