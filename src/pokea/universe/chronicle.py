"""What happened in a universe, in order: the trace that is compared to the byte, and the timeline that is read."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from pokea.clock import SECOND, Instant
from pokea.redact import mask

QUIET: Final = frozenset({"look", "read"})
"""Subjects of lines that a reader is spared."""


class ChronicleLine(NamedTuple):
    """One thing that happened. `at` counts from the beginning of the universe."""

    at: Instant
    who: str
    subject: str
    what: str


class Chronicle:
    """Grows at the end."""

    def __init__(self) -> None:
        self.lines: list[ChronicleLine] = []
        self.counts: Counter[str] = Counter()

    def note(self, at: Instant, who: str, subject: str, what: str) -> None:
        """Write one line."""
        self.lines.append(ChronicleLine(at, who, subject, what))

    def count(self, name: str, times: int = 1) -> None:
        """Count what the report sums up."""
        self.counts[name] += times

    def digest(self, *more: bytes) -> str:
        """Names the whole trace, and what else is given: two runs of one seed have the same."""
        summed = hashlib.sha256()
        for line in self.lines:
            summed.update(repr(tuple(line)).encode())
        for part in more:
            summed.update(part)
        return summed.hexdigest()[:32]


def timeline(lines: Iterable[ChronicleLine]) -> list[str]:
    """The lines as a person reads them: masked, and without the chatter of reads and looks."""
    return [
        mask(f"{_told(line.at)}  {line.who:<12}  {line.subject:<9}  {line.what}")
        for line in lines
        if line.subject not in QUIET
    ]


def _told(at: Instant) -> str:
    minutes, rest = divmod(at, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest / SECOND:06.3f}"
