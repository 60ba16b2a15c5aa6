"""Connections that carry another request: only where that was allowed, only for a moment, and only while nothing has
come on them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop

from pokea import transport as transport_module
from pokea.transport import HttpTransport, NotSent, Reply
from tests.webhooks.certificates import certificate_for

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
RUNS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
Run = Callable[[Awaitable[None]], None]


class Gateway:
    """A server that keeps connections, as Daraja's gateway may."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.carried: list[int] = []
        """How many requests came on each connection, in the order in which they were made."""
        self.after: Callable[[asyncio.StreamWriter], None] = lambda _writer: None
        """What it does on a connection after an answer."""
        self.address = ""
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[HttpTransport]:
        """Serve, and give a transport."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = server.sockets[0].getsockname()[1]
        self.address = f"https://localhost:{port}/" if self._tls else f"http://127.0.0.1:{port}/"
        transport = HttpTransport()
        try:
            yield transport
        finally:
            await transport.close()
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.carried)
        self.carried.append(0)
        self._writers.append(writer)
        while head := (await _head(reader)).lower():
            length = int(head.partition(b"content-length:")[2].split(b"\r")[0])
            await reader.readexactly(length)
            self.carried[number] += 1
            writer.write(ANSWER)
            await writer.drain()
            self.after(writer)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


async def send(gateway: Gateway, transport: HttpTransport, *, may_reuse: bool = True) -> Reply:
    """Send a small request."""
    return await transport.send("POST", gateway.address, {}, b"{}", 5.0, may_reuse=may_reuse)


@RUNS
def test_a_connection_carries_another_request_where_that_is_allowed(run: Run) -> None:
    """Three requests that may use a connection again take one, and the others one each."""

    async def talk() -> None:
        gateway = Gateway()
        async with gateway.serving() as transport:
            for may_reuse in (True, False, True, False, True):
                assert (await send(gateway, transport, may_reuse=may_reuse)).status == 200
            assert gateway.carried == [3, 1, 1]

    run(talk())


@RUNS
def test_requests_at_once_share_no_connection(run: Run) -> None:
    """Each has one for itself until it is answered."""

    async def talk() -> None:
        gateway = Gateway()
        async with gateway.serving() as transport:
            await asyncio.gather(*(send(gateway, transport) for _ in range(5)))
            await asyncio.gather(*(send(gateway, transport) for _ in range(5)))
            assert gateway.carried == [2] * 5

    run(talk())


@RUNS
@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("act", ["end", "speak"])
def test_a_connection_on_which_something_came_is_not_used_again(run: Run, act: str, seen: bool) -> None:
    """Its end, or a word that was not asked for, also where the event loop has not looked yet: no request is lost."""

    async def talk() -> None:
        gateway = Gateway()
        gateway.after = lambda writer: writer.close() if act == "end" else writer.write(b"HTTP/1.1 408 Late\r\n\r\n")
        async with gateway.serving() as transport:
            for _ in range(3):
                assert (await send(gateway, transport)).status == 200
                if seen:
                    await asyncio.sleep(0.02)
            assert gateway.carried == [1, 1, 1]

    run(talk())


def test_a_connection_is_kept_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """After it another is made."""
    monkeypatch.setattr(transport_module, "_KEPT_SECONDS", 0.05)

    async def talk() -> None:
        gateway = Gateway()
        async with gateway.serving() as transport:
            await send(gateway, transport)
            await asyncio.sleep(0.2)
            await send(gateway, transport)
            assert gateway.carried == [1, 1]

    asyncio.run(talk())


def test_a_server_that_has_gone_is_still_not_sent() -> None:
    """A request that finds no connection to use again, and none to be made, never left."""

    async def talk() -> None:
        gateway = Gateway()
        gateway.after = lambda writer: writer.close()
        async with gateway.serving() as transport:
            await send(gateway, transport)
            address = gateway.address
            gateway.address = "http://127.0.0.1:1/"
            with pytest.raises(NotSent):
                await send(gateway, transport)
            gateway.address = address
            await send(gateway, transport)

    asyncio.run(talk())


@RUNS
def test_tls_is_agreed_once_for_requests_that_follow_each_other(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session tickets that a server sends after the handshake are read, and are no reason for another one."""
    certificate = certificate_for("localhost", tmp_path)
    # Read once, when the library is loaded.
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def talk() -> None:
        gateway = Gateway(context)
        async with gateway.serving() as transport:
            for _ in range(3):
                assert (await send(gateway, transport)).status == 200
            assert gateway.carried == [3]

    run(talk())
