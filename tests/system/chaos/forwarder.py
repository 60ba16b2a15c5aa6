"""A port that stays while what stands behind it is killed, restarted and replaced."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Self, TypeVar

T = TypeVar("T")
_CHUNK_BYTES = 64 * 1024


class Forwarder:
    """Takes TCP connections on a port of its own and carries each to the next target that takes it.

    It is a load balancer where there are several targets, and a database's stable address where there is one.
    """

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = list(targets)
        self._turn = 0
        self._open: dict[int, list[asyncio.StreamWriter]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="forwarder", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0
        self.carried = 0

    @property
    def url(self) -> str:
        """Its address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen on a free port of loopback."""
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def point_at(self, targets: Sequence[int]) -> None:
        """From now on connections go to these ports; those that are open are cut."""
        self._do(self._retarget(list(targets)))

    def close(self) -> None:
        """Cut everything and listen no more."""
        self._do(self._retarget([]))
        if self._server is not None:
            self._server.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _retarget(self, targets: list[int]) -> None:
        self._targets = targets
        for writers in list(self._open.values()):
            for writer in writers:
                writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.carried = self.carried + 1
        writers = self._open[number] = [writer]
        try:
            onward = await self._connect()
            if onward is not None:
                writers.append(onward[1])
                await asyncio.gather(_pipe(reader, onward[1]), _pipe(onward[0], writer))
        finally:
            for each in writers:
                each.close()
            del self._open[number]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self._targets)):
            self._turn += 1
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self._targets[self._turn % len(self._targets)])
        return None


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way. An end is passed on as an end, a cut as a cut."""
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()
