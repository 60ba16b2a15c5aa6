"""One call and its answer, and the answer to what is no call."""

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class RequestExchange(RequestResponseCycle):
    """Uvicorn's call and answer, for a client that speaks HTTP/1.0 and for a connection that is already closing."""

    _ends_with_connection = False

    async def send(self, message: Any) -> None:
        """Send a part of the answer. Nothing is written once the connection is closing."""
        if self.transport.is_closing():
            # The transport raises for a write after its end; to the application this is a client that has gone.
            self.disconnected = True
        if self.scope["http_version"] != "1.1":
            self._without_chunks(message)
        await super().send(message)

    def _without_chunks(self, message: Any) -> None:
        """HTTP/1.0 has no chunks: an answer without a length ends with its connection (RFC 9112, 6.3)."""
        if message["type"] == "http.response.start":
            names = [name.lower() for name, _ in message.get("headers", ())]
            if b"content-length" not in names:
                self._ends_with_connection = True
                self.chunked_encoding = False
                self.keep_alive = False
        elif self._ends_with_connection:
            self.expected_content_length = len(message.get("body", b""))

    def end(self) -> None:
        """The client has gone, or no answer can reach it: what waits for its body or writes to it goes on."""
        self.disconnected = True
        self.message_event.set()


def refusal(status: int, sentence: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The bytes that refuse what is no request, before the connection is closed."""
    content = sentence.encode()
    own = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(content)),
        (b"connection", b"close"),
    )
    lines = [b"%b: %b\r\n" % header for header in (*headers, *own)]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", content))
