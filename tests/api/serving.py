"""A real server on a loopback port, in the test's own event loop, and the bodies it answers."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

import aiohttp
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from pokea.api.application import new_application
from pokea.api.auth.callers import Authenticator
from pokea.api.auth.keys import SharedSecret
from pokea.api.auth.tokens import Expected, Verifier, issue_token
from pokea.api.metrics import Metrics
from pokea.api.openapi import Application
from pokea.api.protocol import FastPathProtocol
from pokea.api.responses import json_answer
from pokea.clock import Clock, Instant, seconds
from pokea.ids import Ids
from pokea.redact import Secret

SECRET = Secret("a-secret-of-the-tests-that-has-32-bytes")
CALLBACK_TOKEN = "0123456789abcdef" * 3
CALLBACK = "/api/v1/payments/mpesa/callback"
INVALID_CALLBACK = {"ResultCode": 1, "ResultDesc": "Invalid callback"}
NOON: Instant = 1_738_000_000 * 1_000_000
"""2025-01-27T17:46:40Z, the present of every test that sets its clock."""


class SetClock:
    """A clock that stands where it is set."""

    def __init__(self, instant: Instant = NOON) -> None:
        self.instant = instant

    def now(self) -> Instant:
        """The instant that was set."""
        return self.instant

    def pass_seconds(self, count: float) -> None:
        """Let time pass."""
        self.instant += seconds(count)


class Answer(NamedTuple):
    """What a server answered. Headers are found whatever their case; `body` is the decoded JSON, or else the text."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Client:
    """Sends requests to one server."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.session = session
        self.base_url = base_url

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """One request, with aiohttp's options, and its whole answer; no redirect is followed."""
        async with self.session.request(method, self.base_url + path, allow_redirects=False, **options) as response:
            is_json = response.content_type == "application/json"
            body = await response.json() if is_json else await response.text()
            return Answer(response.status, response.headers, body)

    async def get(self, path: str, **options: Any) -> Answer:
        """A GET."""
        return await self.send("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        """A POST."""
        return await self.send("POST", path, **options)


@asynccontextmanager
async def serving(app: ASGIApp, **bounds: Any) -> AsyncIterator[Client]:
    """A client of a real uvicorn that serves the application on loopback until the block ends.

    `bounds` are those of the protocol: its `limits` and its `room`.
    """
    protocol: Any = partial(FastPathProtocol, **bounds)
    config = uvicorn.Config(app, http=protocol, log_config=None, access_log=False, proxy_headers=False, lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # Not by serve() and shutdown(), which spend two tenths of a second on looking whether it is time to end.
        await server.startup(sockets=[listener])
        try:
            async with aiohttp.ClientSession() as session:
                yield Client(session, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            await _stop(server)


async def _stop(server: uvicorn.Server) -> None:
    for one in server.servers:
        one.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    while server.server_state.connections or server.server_state.tasks:
        await asyncio.sleep(0.001)


def against(app: ASGIApp, talk: Callable[[Client], Awaitable[None]], **bounds: Any) -> None:
    """Run one conversation with a server of the application, with the protocol's bounds."""

    async def conversation() -> None:
        async with serving(app, **bounds) as client:
            await talk(client)

    asyncio.run(conversation())


def new_test_gate(clock: Clock) -> Authenticator:
    """A gate that takes tokens signed with SECRET."""
    return Authenticator(Verifier(SharedSecret(SECRET), Expected(), clock))


def bearer(subject: str, *scopes: str, now: Instant = NOON) -> dict[str, str]:
    """The header of a caller with these scopes, good for an hour from `now`."""
    return {"Authorization": f"Bearer {issue_token(SECRET, subject, scopes, now, 3600)}"}


def new_test_application(clock: Clock | None = None, metrics: Metrics | None = None, **options: Any) -> Application:
    """An application without domains, with a clock that stands still and ids that are drawn from a seed."""
    chosen = clock or SetClock()
    return new_application(chosen, Ids(chosen, random.Random(7).randbytes), metrics or Metrics(), **options)


class RawAnswer(NamedTuple):
    """What came over a bare connection; `closed` says that the server closed it."""

    text: str
    closed: bool

    @property
    def status(self) -> int:
        """The status of the first answer."""
        return int(self.text.split(" ", 2)[1])


async def converse(
    client: Client, *parts: bytes, pause_seconds: float = 0, wait_seconds: float = 5, until: bytes = b""
) -> RawAnswer:
    """Send bytes over a bare connection, with pauses between, and read until the server closes it or falls silent.

    With `until` these bytes are waited for first, however slow the machine is.
    """
    host, _, port = client.base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    received, closed = b"", False
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_seconds)
        async with asyncio.timeout(30):
            while until not in received and (chunk := await reader.read(65536)):
                received += chunk
        async with asyncio.timeout(wait_seconds):
            while chunk := await reader.read(65536):
                received += chunk
            closed = True
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return RawAnswer(received.decode("latin-1"), closed)


def echoing(metrics: Metrics | None = None) -> Application:
    """An application whose pages answer with the size of the body, and count how often they were reached."""
    app = new_test_application(metrics=metrics)
    app.state.reached = 0

    async def echo(request: Request) -> Response:
        request.app.state.reached += 1
        return json_answer({"bytes": len(await request.body())})

    for path in ("/echo", f"{CALLBACK}", f"{CALLBACK}/{{token}}", "/things/{thing}/parts/{part}"):
        app.add_route(path, echo, methods=["GET", "POST"])
    return app
