"""Many pages that watch, in a process of their own: `with watch(order) as pages: …; seen = pages.seen()`."""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self, cast

import msgspec
import uvloop
from msgspec import Struct

LONGEST_SECONDS: Final = 600.0
_OPENING: Final = 100
_PATIENCE_SECONDS: Final = 120.0
_READY: Final = b"ready"


class WatchOrder(Struct):
    """The streams to open: whole requests as bytes, one a stream."""

    port: int
    requests: Sequence[bytes]
    host: str = "127.0.0.1"


class Seen(Struct):
    """What one stream has seen: when each of its events came, by `time.perf_counter`, and when it said `end`."""

    told_at: list[float]
    ended_at: float


class Pages:
    """Streams that are open."""

    def __init__(self, order: WatchOrder) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pokea-watch-")
        given, self._answer = Path(self._folder.name, "order"), Path(self._folder.name, "seen")
        given.write_bytes(msgspec.msgpack.encode(order))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.watching", str(given), str(self._answer)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != _READY:
            raise RuntimeError("the streams could not be opened")
        return self

    def __exit__(self, *_failure: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def seen(self) -> list[Seen]:
        """Close every stream, and say what each has seen."""
        self._process.communicate(b"stop\n", timeout=60)
        return msgspec.msgpack.decode(self._answer.read_bytes(), type=list[Seen])


def watch(order: WatchOrder) -> Pages:
    """Open the streams; as a context it begins when each has had its first event."""
    return Pages(order)


class _Page(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self.request = request
        self.seen = Seen([], 0.0)
        self.has_opened = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self.seen.told_at.extend([now] * data.count(b"event: status\n"))
        if b"event: end\n" in data:
            self.seen.ended_at = now
        if not self.has_opened.done() and self.seen.told_at:
            self.has_opened.set_result(None)

    def connection_lost(self, _failure: Exception | None) -> None:
        if not self.has_opened.done():
            self.has_opened.set_exception(RuntimeError("a stream was closed before its first event"))


async def _watch(order: WatchOrder) -> list[Seen]:
    loop = asyncio.get_running_loop()
    pages = [_Page(request) for request in order.requests]
    opening = asyncio.Semaphore(_OPENING)

    async def opened(page: _Page) -> None:
        async with opening:
            await loop.create_connection(lambda: page, order.host, order.port)
            await asyncio.wait_for(page.has_opened, _PATIENCE_SECONDS)

    await asyncio.gather(*map(opened, pages))
    print(_READY.decode(), flush=True)
    stopped = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    await asyncio.wait_for(stopped.wait(), LONGEST_SECONDS)
    for page in pages:
        assert page.transport is not None
        page.transport.close()
    return [page.seen for page in pages]


def main() -> None:
    """Open the streams of the order in the first file, and write what they have seen into the second."""
    given, answer = Path(sys.argv[1]), Path(sys.argv[2])
    order = msgspec.msgpack.decode(given.read_bytes(), type=WatchOrder)
    answer.write_bytes(msgspec.msgpack.encode(uvloop.run(_watch(order))))


if __name__ == "__main__":
    main()
