"""What a connection may cost."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The bounds of one connection. A client that exceeds one is refused, and its connection is closed.

    `head_bytes` and `head_fields` bound a request line with its headers, and also the trailers of a chunked body.
    `head_seconds` and `body_seconds` are the times in which a head and a body must arrive from their first byte on,
    however slowly they drip. `idle_seconds` is how long a connection without a request is kept. `unread_seconds` is
    how long an answer may wait for a client that does not read it.
    """

    head_bytes: int = 64 * 1024
    head_fields: int = 100
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 30.0
    unread_seconds: float = 30.0

    def fault_of_head(self, url: bytes, headers: Sequence[tuple[bytes, bytes]], *, maybe_large: bool) -> str:
        """What of a head exceeds its bounds, as a sentence; empty when nothing does."""
        if len(headers) > self.head_fields:
            return f"More than {self.head_fields} headers."
        if maybe_large and len(url) + sum(len(name) + len(value) + 4 for name, value in headers) > self.head_bytes:
            return f"The head is larger than {self.head_bytes} bytes."
        return ""
