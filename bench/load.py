"""A load generator in a process of its own: `run_load(LoadOrder(…))`, or `start_load` to do something meanwhile.

It speaks HTTP/1.1 over kept-alive connections with a protocol of its own under uvloop, so that it costs the machine
little. A closed loop keeps every connection busy; an open loop sends at a fixed rate, whatever the answers do, and
counts the latency of a request from the moment at which it was due.
"""

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self, cast

import msgspec
import uvloop
from msgspec import Struct

LONGEST_SECONDS: Final = 600.0
"""No load lasts longer, whatever was ordered."""
MANY_CONNECTIONS: Final = 256
"""For rates: a server at its limit always has somebody waiting. Whoever is slow is so with fewer as well."""
_UNANSWERED: Final = 0
_TICK_SECONDS: Final = 0.001


class LoadOrder(Struct):
    """What to send, and how.

    `requests` are whole HTTP requests as bytes. Each is sent once, or all of them over and over with `repeat`, for at
    most `seconds`. `rate` is requests a second of an open loop; 0 makes a closed loop.
    """

    port: int
    requests: Sequence[bytes]
    connections: int = 64
    seconds: float = 60.0
    rate: float = 0.0
    repeat: bool = False
    host: str = "127.0.0.1"


class LoadResult(Struct):
    """What came of it, in the order of sending: statuses, 0 for a request without an answer; when each was due and when
    it was answered, in seconds of the machine's steady clock (`time.perf_counter`).

    `seconds` is from the first request to the last answer.
    """

    seconds: float
    statuses: Sequence[int]
    due_at: Sequence[float]
    answered_at: Sequence[float]
    cpu_seconds: float

    @property
    def latencies(self) -> list[float]:
        """Seconds from due to answered, of those that were answered."""
        times = zip(self.statuses, self.due_at, self.answered_at, strict=True)
        return [answered - due for status, due, answered in times if status != _UNANSWERED]

    @property
    def counts(self) -> Counter[int]:
        """How many requests had which status."""
        return Counter(self.statuses)

    @property
    def answered(self) -> int:
        """How many were answered with 2xx."""
        return sum(200 <= status < 300 for status in self.statuses)  # noqa: PLR2004 - the statuses of success

    @property
    def rate(self) -> float:
        """Successful answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """So many percent of the answers came within this many milliseconds."""
        return percentile(self.latencies, percent) * 1000


def percentile(values: Sequence[float], percent: float) -> float:
    """So many percent of the values are at most this; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


def http_request(method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """A whole request; an underscore in a header's name stands for a hyphen."""
    named = {"Host": "127.0.0.1"} | {name.replace("_", "-"): text for name, text in headers.items()}
    if body is not None:
        named |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {text}\r\n" for name, text in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"")


class StartedLoad:
    """A load that runs."""

    def __init__(self, order: LoadOrder) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pokea-load-")
        self._answer = Path(self._folder.name, "result")
        given = Path(self._folder.name, "order")
        given.write_bytes(msgspec.msgpack.encode(order))
        self._process = subprocess.Popen([sys.executable, "-m", "bench.load", str(given), str(self._answer)])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def result(self) -> LoadResult:
        """What came of it, once it is over."""
        code = self._process.wait(LONGEST_SECONDS + 60)
        if code != 0:
            raise RuntimeError(f"the load generator ended with {code}")
        return msgspec.msgpack.decode(self._answer.read_bytes(), type=LoadResult)


def start_load(order: LoadOrder) -> StartedLoad:
    """Begin to send; use it as a context, and ask for its result."""
    return StartedLoad(order)


def run_load(order: LoadOrder) -> LoadResult:
    """Send, wait, and answer what came of it."""
    with start_load(order) as load:
        return load.result()


class _Sender:
    """Hands requests to the connections, and keeps what came of each."""

    def __init__(self, order: LoadOrder) -> None:
        self.order = order
        self.statuses = array("H")
        self.due_at = array("d")
        self.answered_at = array("d")
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began = time.perf_counter()
        self._ended = self._began
        self._deadline = self._began + min(order.seconds, LONGEST_SECONDS)
        self._limit = len(order.requests) if not order.repeat else sys.maxsize
        self._due: deque[tuple[int, float]] = deque()
        self._idle: deque[_Connection] = deque()
        self._out = 0

    async def run(self) -> LoadResult:
        loop = asyncio.get_running_loop()
        connections = [_Connection(self) for _ in range(self.order.connections)]
        for connection in connections:
            await connection.open()
        self._began = time.perf_counter()
        self._deadline = self._began + min(self.order.seconds, LONGEST_SECONDS)
        if self.order.rate:
            self._idle.extend(connections)
            pace = loop.create_task(self._pace())
        else:
            for connection in connections:
                self.ready(connection)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(self.order.seconds, LONGEST_SECONDS) + 10):
                await self.over
        if self.order.rate:
            pace.cancel()
        for connection in connections:
            connection.close()
        return LoadResult(
            self._ended - self._began,
            list(self.statuses),
            list(self.due_at),
            list(self.answered_at),
            time.process_time(),
        )

    def ready(self, connection: "_Connection") -> None:
        """A connection is free."""
        if self.order.rate:
            if self._due:
                connection.send(*self._due.popleft())
            else:
                self._idle.append(connection)
            return
        following = self._next()
        if following is None:
            self._check_over()
        else:
            connection.send(following, time.perf_counter())

    def sent(self) -> None:
        self._out += 1

    def done(self, number: int, since: float, status: int) -> None:
        """A request has its answer, or will have none."""
        self._out -= 1
        self._ended = time.perf_counter()
        self.statuses[number], self.due_at[number], self.answered_at[number] = status, since, self._ended

    def _next(self) -> int | None:
        number = len(self.statuses)
        if number >= self._limit or time.perf_counter() > self._deadline:
            return None
        self.statuses.append(_UNANSWERED)
        self.due_at.append(0.0)
        self.answered_at.append(0.0)
        return number

    def _check_over(self) -> None:
        if self._out == 0 and not self._due and not self.over.done():
            self.over.set_result(None)

    async def _pace(self) -> None:
        following: int | None = 0
        while following is not None:
            now = time.perf_counter()
            while len(self.statuses) < (now - self._began) * self.order.rate:
                following = self._next()
                if following is None:
                    break
                due = self._began + following / self.order.rate
                if self._idle:
                    self._idle.popleft().send(following, due)
                else:
                    self._due.append((following, due))
            until_next = self._began + len(self.statuses) / self.order.rate - time.perf_counter()
            await asyncio.sleep(max(_TICK_SECONDS, until_next))
        while self._out or self._due:
            await asyncio.sleep(_TICK_SECONDS)
        self._check_over()


class _Connection:
    """A place for one request at a time; its wire is kept alive, and made anew when the server has closed it."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._wire: _Wire | None = None
        self._number = -1
        self._since = 0.0
        self._reopening: asyncio.Future[None] | None = None

    async def open(self) -> None:
        order = self._sender.order
        _, self._wire = await asyncio.get_running_loop().create_connection(lambda: _Wire(self), order.host, order.port)

    def send(self, number: int, since: float) -> None:
        self._number, self._since = number, since
        self._sender.sent()
        if self._wire is None or not self._wire.is_open:
            self._reopening = asyncio.ensure_future(self._reopen())
        else:
            self._write(self._wire)

    def answered(self, wire: "_Wire", status: int, *, closes: bool) -> None:
        """The request has its answer, or, with status 0, will have none."""
        if wire is not self._wire:
            return
        if closes:
            wire.close()
            self._wire = None
        if self._number >= 0:
            self._finish(status)

    def close(self) -> None:
        if self._wire is not None:
            self._number = -1
            self._wire.close()

    def _write(self, wire: "_Wire") -> None:
        requests = self._sender.order.requests
        wire.write(requests[self._number % len(requests)])

    def _finish(self, status: int) -> None:
        number, self._number = self._number, -1
        self._sender.done(number, self._since, status)
        self._sender.ready(self)

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError:
            await asyncio.sleep(_TICK_SECONDS)
            self._finish(_UNANSWERED)
            return
        if self._wire is not None and self._wire.is_open:
            self._write(self._wire)
        else:
            self._finish(_UNANSWERED)


class _Wire(asyncio.Protocol):
    """One TCP connection: a request is written, and its answer is read whole."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @property
    def is_open(self) -> bool:
        """Whether something may be written."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, request: bytes) -> None:
        self._buffer = b""
        if self._transport is not None:
            self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end >= 0 and _is_whole(self._buffer, end):
            closes = b"\r\nconnection: close" in self._buffer[:end].lower()
            self._connection.answered(self, int(self._buffer[9:12]), closes=closes)

    def connection_lost(self, _failure: Exception | None) -> None:
        self._connection.answered(self, _UNANSWERED, closes=True)


def _is_whole(buffer: bytes, end: int) -> bool:
    """Whether the answer whose head ends here has all of its body."""
    head = buffer[:end].lower()
    at = head.find(b"content-length: ")
    if at >= 0:
        length = int(head[at + 16 :].split(b"\r\n", 1)[0])
        return len(buffer) >= end + 4 + length
    if b"transfer-encoding: chunked" in head:
        return buffer.endswith(b"0\r\n\r\n")
    return True


async def _run(order: LoadOrder) -> LoadResult:
    return await _Sender(order).run()


def main() -> None:
    """Carry out the order in the first file, and write what came of it into the second."""
    given, answer = Path(sys.argv[1]), Path(sys.argv[2])
    order = msgspec.msgpack.decode(given.read_bytes(), type=LoadOrder)
    answer.write_bytes(msgspec.msgpack.encode(uvloop.run(_run(order))))


if __name__ == "__main__":
    main()
