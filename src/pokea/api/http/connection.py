"""One connection: the order of its answers, how long it may take, and what it may cost.

Answers leave in the order of the requests. While one is being made, what follows is parsed only until it holds a
second request; the rest stays as bytes, and the connection is not read.

A connection waits for one thing at a time (a request, a head, a body), and has one deadline for it, which bytes that
drip do not move. A client that does not read its answer is given as long. Deadlines are looked at by one timer, which
is moved only when it fires, because a busy connection sets thousands of them a second.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn import Config
from uvicorn.server import ServerState

from pokea.api.http.deadlines import ConnectionDeadline, ReaderWatch
from pokea.api.http.exchange import RequestExchange, refusal
from pokea.api.http.flow import HeldFlow
from pokea.api.http.limits import ConnectionLimits
from pokea.api.http.reading import BODY, HEAD, NOTHING, RequestPart, RequestReader
from pokea.api.http.room import Room

_SLICE_BYTES: Final = 8 * 1024
"""Bytes that are parsed at once. They bound how many requests are held as objects before the first is answered."""
_READ_TO_THE_END_SECONDS: Final = 10.0
"""So long a connection that is closed waits for its client to read what was written to it."""


class BoundedConnection(RequestReader):
    """One connection and its bounds."""

    __slots__ = (
        "_answering",
        "_deadline",
        "_last_words",
        "_reader",
        "_room",
        "_unparsed",
    )
    flow: HeldFlow

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
        super().__init__(config, server_state, app_state, _loop, limits=limits)
        self._room = room
        self._unparsed: list[bytes] = []
        self._last_words = b""
        self._answering: Any = None
        self._deadline = ConnectionDeadline(self.loop, self._lose_patience)

    @property
    def is_answering(self) -> bool:
        """Whether a call is being answered."""
        return self._answering is not None

    def waits_for_seconds(self) -> float:
        """How long the connection has been waiting for its client; 0 while a call is being answered."""
        if self._answering is not None or self._awaited is None or self.transport.is_closing():
            return 0
        return self._seconds_for(self._awaited) - self._deadline.left_seconds()

    # What the transport tells.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # a transport of TCP, as uvicorn's
        """Wait for the first request."""
        super().connection_made(transport)
        self.flow = HeldFlow(transport)
        self._reader = ReaderWatch(transport)
        if self._room is None or self._room.admits(len(self.connections), self._others(), self.loop.time()):
            self._wait()
        else:
            self.refuse(503, "Too many connections are open.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything, so that its memory is free at once and not when garbage is next collected."""
        self._is_last = True
        self._unparsed.clear()
        self._deadline.end()
        self._reader.stop()
        if self._answering is not None:
            self._answering.end()
        self.pipeline.clear()
        super().connection_lost(exc)
        self.cycle = self._answering = None  # type: ignore[assignment]  # nothing is left
        self.headers, self.scope = [], {}  # type: ignore[typeddict-item]  # nothing is left

    def data_received(self, data: bytes) -> None:
        """Parse what the connection brings."""
        if self._is_last:
            return
        if self._unparsed or self.pipeline:
            self._unparsed.append(data)
            return
        self._parse(data)

    def pause_writing(self) -> None:
        """The client does not read as fast as is written: see within `unread_seconds` that it reads at all."""
        super().pause_writing()
        self._reader.start(self.loop, self._limits.unread_seconds)

    def resume_writing(self) -> None:
        """The client has read what was written."""
        self._reader.stop()
        super().resume_writing()

    def shutdown(self) -> None:
        """The server stops: end the connection after the answer that is being made, or at once."""
        if self._answering is None:
            self.hang_up()
        else:
            self.cycle.keep_alive = False

    # Calls.

    def begin_call(self) -> None:
        """Let the application answer the request whose head has arrived, after those before it."""
        version = self.parser.get_http_version()
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "method": self.parser.get_method().decode("ascii"),
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": self.root_path,
            "path": self.root_path + (unquote(path) if "%" in path else path),
            "raw_path": self.root_path.encode("ascii") + url.path,
            "query_string": url.query or b"",
            "headers": self.headers,
            "state": self.app_state.copy(),
        }
        self.start_call(
            RequestExchange(
                scope=self.scope,
                transport=self.transport,
                flow=self.flow,
                logger=self.logger,
                access_logger=self.access_logger,
                access_log=self.access_log,
                default_headers=self.server_state.default_headers,
                message_event=asyncio.Event(),
                expect_100_continue=self.expect_100_continue,
                keep_alive=version == "1.1" and self.parser.should_keep_alive(),
                on_response=self.on_response_complete,
            )
        )

    def start_call(self, call: Any) -> None:
        """Run the call now, or after those that are not answered yet."""
        self.cycle = call
        if self._answering is None:
            self._answering = call
            self._start_asgi_task(call, self.app)
        else:
            self.flow.hold()
            self.pipeline.appendleft((call, self.app))

    def on_response_complete(self) -> None:
        """An answer has been written: go on with what the connection brought meanwhile."""
        self.server_state.total_requests += 1
        self._answering = None
        if self.transport.is_closing():
            self._watch_end()
            return
        if self.pipeline:
            self._answering, app = self.pipeline.pop()
            self._start_asgi_task(self._answering, app)
        if self.flow.held and not self.pipeline:
            self.loop.call_soon(self._go_on)
        else:
            self.flow.resume_reading()
            self._rest()

    def hang_up(self) -> None:
        """Say what is to be said last, and close the connection, also where the client does not read."""
        if not self.transport.is_closing():
            if self._last_words:
                self.transport.write(self._last_words)
            self.transport.close()
        self._is_last = True
        self._watch_end()

    def _others(self) -> "Iterator[BoundedConnection]":
        return (each for each in list(self.connections) if isinstance(each, BoundedConnection) and each is not self)

    # Parsing.

    def _parse(self, data: bytes) -> None:
        begin = 0
        while begin < len(data) and not self._is_last:
            if self.pipeline:
                self._unparsed.append(data[begin:])
                break
            some = data if len(data) <= _SLICE_BYTES else data[begin : begin + _SLICE_BYTES]
            begin += len(some)
            self._unheard_bytes += len(some)
            self.feed(some)
            if self._unheard_bytes > self._limits.head_bytes and not self._is_last:
                self.refuse(431, f"The head is larger than {self._limits.head_bytes} bytes.")
        self._wait()

    def _go_on(self) -> None:
        """Parse what waited while calls before it were answered."""
        waiting, self._unparsed = b"".join(self._unparsed), []
        if not self._is_last:
            self._parse(waiting)
        if not self.pipeline and not self.transport.is_closing():
            self.flow.let_go()
            self._rest()

    def _rest(self) -> None:
        if self._last_words and self._answering is None:
            self.hang_up()
        else:
            self._wait()

    def refuse(self, status: int, sentence: str) -> None:
        """Answer what is no request, after the answers to those before it, and read nothing more."""
        self._is_last = True
        self._last_words = refusal(status, sentence, self.server_state.default_headers)
        if self._reading is BODY:
            self._abandon()
        if self._answering is None:
            self.hang_up()

    def _abandon(self) -> None:
        """The newest call will never have the whole of its body."""
        call: Any = self.cycle
        if self.pipeline and self.pipeline[0][0] is call:
            self.pipeline.popleft()
        elif call is not None:
            if call.response_started:
                # It was answered before its body came, and must not be answered twice.
                self._last_words = b""
            call.end()
            self._answering = None

    # Deadlines.

    def _wait(self) -> None:
        """Set the deadline for what the connection waits for, unless it waits for the same as before."""
        if self._is_last and self._answering is None:
            return
        if self.pipeline or (self._answering is not None and self._reading is not BODY):
            self._awaited = None
            self._deadline.clear()
        elif self._awaited is not self._reading:
            self._awaited = self._reading
            self._deadline.set(self._seconds_for(self._reading))

    def _seconds_for(self, part: RequestPart) -> float:
        if part is NOTHING:
            return self._limits.idle_seconds
        return self._limits.head_seconds if part is HEAD else self._limits.body_seconds

    def _lose_patience(self) -> None:
        if self.transport.is_closing():
            return
        if self._reading is NOTHING:
            self.hang_up()
        else:
            self.refuse(408, "The request did not arrive in time.")

    def _watch_end(self) -> None:
        """A connection that is closed ends when its client has read everything, which may be never."""
        if self.transport.get_write_buffer_size():
            self._reader.stop()
            self._reader.start(self.loop, min(_READ_TO_THE_END_SECONDS, self._limits.unread_seconds))
