"""A real server on a loopback port, in the test's own event loop, and the bodies it answers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import uvicorn
from starlette.types import ASGIApp

from pokea.api.callers import Gate
from pokea.api.keys import SharedSecret
from pokea.api.tokens import Expected, Verifier, issue_token
from pokea.clock import Clock, Instant, seconds
from pokea.redact import Secret

SECRET = Secret("a-secret-of-the-tests-that-has-32-bytes")
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
    """What a server answered; `body` is the decoded JSON, or the text when it is none."""

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
            return Answer(response.status, dict(response.headers), body)

    async def get(self, path: str, **options: Any) -> Answer:
        """A GET."""
        return await self.send("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Answer:
        """A POST."""
        return await self.send("POST", path, **options)


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[Client]:
    """A client of a real uvicorn that serves the application on loopback until the block ends."""
    config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                await asyncio.sleep(0.001)
            async with aiohttp.ClientSession() as session:
                yield Client(session, f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            await running


def against(app: ASGIApp, talk: Callable[[Client], Awaitable[None]]) -> None:
    """Run one conversation with a server of the application."""

    async def conversation() -> None:
        async with serving(app) as client:
            await talk(client)

    asyncio.run(conversation())


def new_test_gate(clock: Clock) -> Gate:
    """A gate that takes tokens signed with SECRET."""
    return Gate(Verifier(SharedSecret(SECRET), Expected(), clock))


def bearer(subject: str, *scopes: str, now: Instant = NOON) -> dict[str, str]:
    """The header of a caller with these scopes, good for an hour from `now`."""
    return {"Authorization": f"Bearer {issue_token(SECRET, subject, scopes, now, 3600)}"}
