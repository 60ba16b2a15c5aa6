"""A door before Daraja, in a process of its own, that notes how long each push was behind it.

Pokea's own cost of a push is what its caller waited, less what the push was behind this door.
"""

import asyncio
import json
import re
import sys
import time
from typing import Final, cast

import uvloop

from bench.piped import PipedServer

_PHONE: Final = re.compile(rb'"PhoneNumber": ?"(\d+)"')


class Door(PipedServer):
    """A running door. Its address takes the place of the simulator's."""

    def __init__(self, daraja_port: int) -> None:
        super().__init__("bench.door", str(daraja_port))

    def seconds_behind(self) -> dict[str, list[float]]:
        """For each phone how long each of its pushes was behind the door. The door is closed by this."""
        found: dict[str, list[float]] = json.loads(self.stop(b"stop", 30))
        return found


class _Inside(asyncio.Protocol):
    """The connection to Daraja that belongs to one from the service."""

    def __init__(self, outside: "_Outside") -> None:
        self._outside = outside
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._outside.inside_opened(self.transport)

    def data_received(self, data: bytes) -> None:
        self._outside.answered(data)

    def connection_lost(self, _failure: Exception | None) -> None:
        self._outside.close()


class _Outside(asyncio.Protocol):
    """A connection from the service: it carries one request."""

    def __init__(self, port: int, noted: dict[str, list[float]]) -> None:
        self._port = port
        self._noted = noted
        self._asked = b""
        self._asked_at = 0.0
        self._inside: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        connecting = asyncio.get_running_loop().create_connection(lambda: _Inside(self), "127.0.0.1", self._port)
        self._opening = asyncio.ensure_future(connecting)

    def data_received(self, data: bytes) -> None:
        self._asked_at = time.perf_counter()
        self._asked += data
        if self._inside is not None:
            self._inside.write(data)

    def inside_opened(self, inside: asyncio.Transport) -> None:
        self._inside = inside
        if self._asked:
            inside.write(self._asked)

    def answered(self, data: bytes) -> None:
        phone = _PHONE.search(self._asked)
        if phone is not None:
            self._noted.setdefault(phone[1].decode(), []).append(time.perf_counter() - self._asked_at)
        self._asked = b""
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, _failure: Exception | None) -> None:
        if self._inside is not None:
            self._inside.close()


async def _serve(port: int) -> dict[str, list[float]]:
    noted: dict[str, list[float]] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Outside(port, noted), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    stopped = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    await stopped.wait()
    server.close()
    return noted


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_serve(int(sys.argv[1])))))
