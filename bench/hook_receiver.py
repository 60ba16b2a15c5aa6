"""A receiver of webhooks in a process of its own: it proves each message, answers, and notes when each came.

A message to `/slow` is answered after ten seconds, and one to `/dead` never; all others at once.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast

import msgspec
import uvloop
from msgspec import Struct

from bench.piped import PipedServer

_HEAD: Final = re.compile(rb"POST (\S+) HTTP/1\.1\r\n")
_FIELD: Final = re.compile(rb"\r\n(content-length|webhook-id|webhook-timestamp|webhook-signature): ?([^\r]*)", re.I)
_TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
_SLOW_SECONDS: Final = 10.0


class _Event(Struct):
    timestamp: str


class Came(Struct):
    """What came to one path: how many messages, how many of them not proved, and how late each was in milliseconds."""

    count: int = 0
    unproved: int = 0
    late_ms: list[float] = []


class Noted(Struct):
    """What came, by path; and when the first and the last of all came, in Unix seconds."""

    paths: dict[str, Came] = {}
    first_at: float = 0.0
    last_at: float = 0.0


class HookReceiver(PipedServer):
    """A running one."""

    def __init__(self) -> None:
        super().__init__("bench.hook_receiver")

    def expect(self, secrets: Mapping[str, str]) -> None:
        """Prove messages to these paths by these secrets, and forget what came."""
        self.ask(msgspec.json.encode(secrets))

    def noted(self) -> Noted:
        """What has come."""
        return msgspec.json.decode(self.ask(b"{}"), type=Noted)


class _Shop:
    """What is known and noted, for all connections."""

    def __init__(self) -> None:
        self.keys: dict[bytes, bytes] = {}
        self.noted = Noted()
        self._event = msgspec.json.Decoder(_Event)

    def take(self, path: bytes, fields: Mapping[bytes, bytes], body: bytes) -> None:
        now = time.time()
        came = self.noted.paths.setdefault(path.decode(), Came())
        signed = b".".join((fields[b"webhook-id"], fields[b"webhook-timestamp"], body))
        signature = b"v1," + base64.b64encode(hmac.digest(self.keys.get(path, b""), signed, hashlib.sha256))
        came.count += 1
        came.unproved += not hmac.compare_digest(signature, fields[b"webhook-signature"])
        happened = datetime.fromisoformat(self._event.decode(body).timestamp).timestamp()
        came.late_ms.append((now - happened) * 1000)
        self.noted.first_at = self.noted.first_at or now
        self.noted.last_at = now

    def command(self, line: str) -> bytes:
        secrets = msgspec.json.decode(line, type=dict[str, str])
        if secrets:
            self.keys = {path.encode(): base64.b64decode(each.removeprefix("whsec_")) for path, each in secrets.items()}
            self.noted = Noted()
        return msgspec.json.encode(self.noted)


class _Talk(asyncio.Protocol):
    """A connection from a service."""

    def __init__(self, shop: _Shop) -> None:
        self._shop = shop
        self._asked = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while (end := self._asked.find(b"\r\n\r\n")) >= 0:
            fields = {name.lower(): value for name, value in _FIELD.findall(self._asked[:end])}
            whole = end + 4 + int(fields[b"content-length"])
            if len(self._asked) < whole:
                return
            head = _HEAD.match(self._asked)
            assert head is not None
            body, self._asked = self._asked[end + 4 : whole], self._asked[whole:]
            self._shop.take(head[1], fields, body)
            self._answer(head[1])

    def _answer(self, path: bytes) -> None:
        assert self._transport is not None
        if path == b"/slow":
            asyncio.get_running_loop().call_later(_SLOW_SECONDS, self._transport.write, _TAKEN)
        elif path != b"/dead":
            self._transport.write(_TAKEN)


async def _serve() -> None:
    shop = _Shop()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(shop), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    closed = asyncio.Event()

    def asked() -> None:
        line = sys.stdin.readline()
        if not line:
            closed.set()
            return
        print(shop.command(line).decode(), flush=True)

    loop.add_reader(sys.stdin.fileno(), asked)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve())
