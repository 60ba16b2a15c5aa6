"""Who has streams open in this process: how many each may have, and when what opened them ends."""

from collections import Counter
from typing import Generic, NamedTuple, TypeVar

from pokea.clock import SECOND, Instant
from pokea.errors import ApiError

_TRY_AGAIN_SECONDS = 30

S = TypeVar("S")


class Viewer(NamedTuple):
    """Whose stream it is: the name under which it is counted, how many that name may have open, and until when.

    `until` is the end of the token or client secret that opened the stream.
    """

    name: str
    most: int
    until: Instant


class Viewers(Generic[S]):
    """The open streams by their viewers."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._by_end: dict[int, dict[S, None]] = {}

    def check(self, viewer: Viewer) -> None:
        """Raises ApiError `too_many_requests` when the viewer has as many streams open as it may."""
        if self._open[viewer.name] >= viewer.most:
            sentence = f"{viewer.most} streams are open for this token already; close one, or read the status instead."
            raise ApiError("too_many_requests", sentence, retry_after_seconds=_TRY_AGAIN_SECONDS)

    def add(self, viewer: Viewer, stream: S) -> None:
        """The viewer has opened this stream."""
        self._open[viewer.name] += 1
        self._by_end.setdefault(_second(viewer), {})[stream] = None

    def remove(self, viewer: Viewer, stream: S) -> None:
        """The stream has ended."""
        self._open[viewer.name] -= 1
        if not self._open[viewer.name]:
            del self._open[viewer.name]
        ending = self._by_end.get(_second(viewer), {})
        ending.pop(stream, None)
        if not ending:
            self._by_end.pop(_second(viewer), None)

    def take_ended(self, now: Instant) -> list[S]:
        """The streams whose viewers may not watch any longer; each is taken once."""
        seconds = [each for each in self._by_end if each * SECOND <= now]
        return [stream for second in seconds for stream in self._by_end.pop(second)]


def _second(viewer: Viewer) -> int:
    return -(-viewer.until // SECOND)
