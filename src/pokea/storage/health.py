"""What the last writes that failed say of the next one, for a probe that asks whether this process can do its work.

A small write may still be made where a large one finds no room. So a failure for want of room, or of the right to
write, is remembered for a while, whatever is written after it.
"""

from typing import Final

REMEMBERED_SECONDS: Final = 10.0
_STORAGE_WORDS: Final = ("full", "No space", "disk I/O", "readonly", "read-only", "could not extend", "DiskFull")


class WriteHealth:
    """What became of this process's writes. Times are the event loop's, in seconds."""

    def __init__(self) -> None:
        self._words = ""
        self._at = 0.0

    def failed(self, words: str, now: float) -> None:
        """A write failed for good, for this reason."""
        if any(word in words for word in _STORAGE_WORDS):
            self._words, self._at = words, now

    def trouble(self, now: float, remembered_seconds: float = REMEMBERED_SECONDS) -> str:
        """Why what is written now would fail; empty when nothing so new is known against it."""
        return self._words if now - self._at <= remembered_seconds else ""
