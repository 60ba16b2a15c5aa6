"""HTTP as uvicorn speaks it, and a shorter way for a call that has arrived whole (docs/decisions/0004).

ASGI is made for bodies that come bit by bit and for answers that last: messages, events, a layer for each concern.
A callback comes in one piece and is answered in one, so what a shortcut knows is answered from here, with one write.
Everything else goes uvicorn's own way, to the same answers: a body that comes in pieces or is too large, a call behind
one that is still being answered, a page of another site, an older HTTP.
"""

import asyncio
from functools import lru_cache
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from pokea.api.fast_path import FastRoute, FastRoutes
from pokea.api.http.connection import BoundedConnection
from pokea.api.http.exchange import RequestExchange
from pokea.api.http.limits import ConnectionLimits
from pokea.api.http.room import Room
from pokea.api.middleware import LARGEST_BODY_BYTES, RequestContext, with_safe_headers
from pokea.api.openapi import Application

_LONGEST_LENGTH: Final = len(str(LARGEST_BODY_BYTES))
_GO_THE_LONG_WAY: Final = frozenset((b"expect", b"origin", b"transfer-encoding", b"upgrade"))
"""Headers that ask for more than an answer."""


class FastPathProtocol(BoundedConnection):
    """One connection. Nothing is kept for a call on the short way but its shortcut, from its head to its last byte."""

    __slots__ = ("_arrived", "_held", "_shortcuts", "no_waiter")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits | None = None,
        room: Room | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits, room=room)
        application = config.loaded_app
        self._shortcuts: FastRoutes = application.shortcuts if isinstance(application, Application) else {}
        self._held: FastRoute | None = None
        self._arrived = b""
        self.no_waiter = asyncio.Event()

    def feed(self, data: bytes) -> None:
        """Give the parser some bytes; a call that is not whole by then goes the long way."""
        super().feed(data)
        if self._held is not None:
            self._held = None
            super().begin_call()
            if self._arrived:
                super().on_body(self._arrived)

    def begin_call(self) -> None:
        """Begin the call, or hold it until it is whole."""
        self._arrived = b""
        self._held = self._shortcut()
        if self._held is None:
            super().begin_call()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._arrived += body

    def end_of_call(self) -> None:
        """The call is whole."""
        held, self._held = self._held, None
        if held is None:
            super().end_of_call()
            return
        path, _, query = self.url.partition(b"?")
        self.scope = {  # type: ignore[typeddict-item]  # what no shortcut reads is left out
            "type": "http",
            "method": self.parser.get_method().decode(),
            "path": path.decode(),
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
            "state": {},
        }
        self.start_call(_FastPathCycle(self, held, self._arrived))

    def _shortcut(self) -> FastRoute | None:
        path = self.url.partition(b"?")[0]
        find = self._shortcuts.get(self.parser.get_method().decode())
        # A path that is not plain is left to the parser of addresses.
        if find is None or not path.isascii() or b"%" in path or self.parser.get_http_version() != "1.1":
            return None
        if self.is_answering:
            return None
        for name, value in self.headers:
            if name in _GO_THE_LONG_WAY or (name == b"content-length" and not _is_within_bound(value)):
                return None
        return find(path.decode())


class _FastPathCycle(RequestExchange):
    """One call on the short way: to the connection it is what uvicorn's own is."""

    def __init__(self, connection: FastPathProtocol, shortcut: FastRoute, body: bytes) -> None:
        super().__init__(
            scope=connection.scope,
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=False,
            default_headers=connection.server_state.default_headers,
            message_event=connection.no_waiter,
            expect_100_continue=False,
            keep_alive=connection.parser.should_keep_alive(),
            on_response=connection.on_response_complete,
        )
        self._shortcut = shortcut
        self._body = body

    async def run_asgi(self, app: Any) -> None:
        """Answer the call with one write, in the application's frame and past the application."""
        scope: Any = self.scope
        framing: RequestContext = app.framing
        try:
            began_at = framing.begin(scope)
            response = await self._shortcut.answer(scope, self._body)
            framing.note(scope, response.status_code, began_at)
            if self.flow.write_paused and not self.disconnected:
                await self.flow.drain()
            if self.disconnected or self.transport.is_closing():
                return
            head = [_head(response.status_code, tuple(response.raw_headers), framing.safe_headers)]
            head.extend(b"%b: %b\r\n" % header for header in self.default_headers)
            head.append(b"x-request-id: %b\r\n" % scope["state"]["request_id"].encode())
            end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
            self.transport.write(b"".join((*head, end, response.body)))
            self.response_started = self.response_complete = True
        finally:
            if not self.keep_alive or not self.response_complete:
                self.transport.close()
            if self.response_complete:
                self.on_response()
                self.on_response = lambda: None


def _is_within_bound(length: bytes) -> bool:
    return length.isdigit() and len(length) <= _LONGEST_LENGTH and int(length) <= LARGEST_BODY_BYTES


@lru_cache(maxsize=1024)
def _head(
    status: int, headers: tuple[tuple[bytes, bytes], ...], safe_headers: tuple[tuple[bytes, bytes], ...]
) -> bytes:
    """The status line and the headers of an answer. Raises ValueError for a header that would begin another line."""
    lines = [b"%b: %b" % header for header in with_safe_headers(headers, safe_headers)]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ValueError("a header cannot have two lines")
    return STATUS_LINE[status] + b"".join(line + b"\r\n" for line in lines)
