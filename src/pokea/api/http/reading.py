"""Which bytes of a connection are a request.

Uvicorn's protocol reads requests with httptools. This one adds what a server at the edge must be sure of.

The end of a request is where every proxy in front sees it. An offer to upgrade that is not taken changes nothing
(RFC 9110, 7.8), but httptools ends such a request at its head, and would parse the declared body as the next request.
So the head is given to a fresh parser without its offer, and the rest of the bytes after it. CONNECT is refused.
After a request that is refused, or that closes the connection, no byte is parsed.

Headers are what stands before the body. A trailer comes from the client alone, past every proxy that writes
`X-Forwarded-For`, so trailers are counted and dropped.

"""

import asyncio
from enum import Enum, auto
from typing import Any, Final

import httptools
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from pokea.api.http.limits import ConnectionLimits

_OFFER: Final = frozenset((b"upgrade", b"http2-settings"))
_SPOKEN: Final = frozenset(("1.0", "1.1"))


class RequestPart(Enum):
    """Which part of a request the parser is in."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


# An attribute of an enumeration costs as much as a call, and each header asks.
NOTHING: Final = RequestPart.NOTHING
HEAD: Final = RequestPart.HEAD
BODY: Final = RequestPart.BODY


class RefusedRequest(Exception):
    """Raised inside the parser, which stops at once. The answer is in its arguments: a status and a sentence."""


class RequestReader(HttpToolsProtocol):
    """The requests of one connection, as httptools finds them; what becomes of them is up to its subclass."""

    # As slots, because so many attributes in a dictionary would double what an open stream costs.
    __slots__ = ("_awaited", "_is_last", "_limits", "_offered", "_reading", "_trailers", "_unheard_bytes")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits or ConnectionLimits()
        self._reading: RequestPart = NOTHING
        self._awaited: RequestPart | None = None
        self._offered = False
        self._is_last = False
        self._trailers = 0
        self._unheard_bytes = 0

    def begin_call(self) -> None:
        """The head of a request is whole."""
        raise NotImplementedError

    def end_of_call(self) -> None:
        """The body of the newest call is whole."""
        super().on_message_complete()

    def refuse(self, status: int, sentence: str) -> None:
        """What came is no request, or may not be one."""
        raise NotImplementedError

    def feed(self, data: bytes) -> None:
        """Give the parser some bytes, and refuse what is no request."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError as failure:
            if not self._is_last:
                cause = failure.__context__
                known = isinstance(cause, RefusedRequest)
                self.refuse(*(cause.args if known and cause else (400, "Invalid HTTP request received.")))

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._is_last:
            raise RefusedRequest
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._reading = HEAD
        self._awaited = None
        self._offered = False
        self._trailers = 0
        self._unheard_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. A trailer is counted and dropped."""
        if self._reading is BODY:
            self._trailers += 1
            if self._trailers > self._limits.head_fields:
                raise RefusedRequest(431, f"More than {self._limits.head_fields} trailers.")
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole: begin the call, unless its parser would not read its body."""
        self._check_head()
        if self.parser.should_upgrade():
            self._offered = True
            return
        self._unheard_bytes = 0
        self.begin_call()
        self._reading = BODY

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unheard_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        if self._offered:
            return
        self._reading = NOTHING
        self.end_of_call()
        if not self.cycle.keep_alive:
            self._is_last = True

    def _check_head(self) -> None:
        # A head within one slice cannot be too large.
        fault = self._limits.fault_of_head(self.url, self.headers, maybe_large=self._unheard_bytes > 0)
        if fault:
            raise RefusedRequest(431, fault)
        if self.parser.get_http_version() not in _SPOKEN:
            raise RefusedRequest(505, "Send HTTP/1.1.")

    def _decline(self, rest: bytes) -> None:
        """Read the request as it would be without its offer; `rest` is what came after its head."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.refuse(405, "This server is no proxy.")
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (method, self.url, version)]
        lines += [b"%b: %b\r\n" % header for header in self.headers if header[0] not in _OFFER]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.feed(b"".join((*lines, b"\r\n")))
        if rest and not self._is_last:
            self.feed(rest)
