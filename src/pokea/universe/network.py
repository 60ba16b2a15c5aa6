"""The network of a universe: each exchange is a task on the other side's application, with seeded delays and mishaps.

A request may not reach the other side (a refused connection), vanish on the way, be handled without its answer
coming back, or hang. The whole of it is ASGI, so both sides run the code that they run behind a real server.
"""

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp

from pokea.clock import SECOND
from pokea.transport import NoAnswer, NotSent, Reply
from pokea.universe.chronicle import Chronicle
from pokea.universe.fault_plan import FaultPlan
from pokea.universe.loop import VirtualLoop
from pokea.universe.process import Process

ARRIVED_SECONDS: Final[ContextVar[float | None]] = ContextVar("arrived_seconds", default=None)
"""When the request came in on whose behalf this code runs, by the loop's time; None where there is none."""

_QUICK_SECONDS = (0.002, 0.12)
_SLOW_SECONDS = (1.0, 25.0)
_REFUSED_AFTER_SECONDS = 0.2
_OK = 200
_REDIRECTED = 300
_LIMITED = 429
_ROUTES: Final = (
    *("stkpushquery", "stkpush", "oauth", "callback", "b2c", "reversal", "transactionstatus", "accountbalance"),
    *("/out/", "status", "refunds", "payouts", "bookings"),
)
"""Words in a path, by which a request is known; the first that fits."""


class Sent(NamedTuple):
    """A request on its way."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    client: str
    """The address that it comes from."""


Hear = Callable[[bytes], None]
"""Is told each part of a good answer as it comes."""


class Side(Protocol):
    """Who answers: which application, in which life; None for both when nobody listens."""

    def door(self) -> tuple[ASGIApp | None, Process | None]:
        """Where the next connection goes."""
        ...


class NetworkExchange:
    """One request and its answer: ASGI towards the server, a future towards the client."""

    def __init__(self, loop: VirtualLoop, sent: Sent, server: Process | None, hear: Hear | None = None) -> None:
        self._loop = loop
        self._sent = sent
        self._server = server
        self._hear = hear
        self._status = 0
        self._kind = ""
        self._chunks: list[bytes] = []
        self._body_read = False
        self._gone = asyncio.Event()
        self.answer: asyncio.Future[Reply] = loop.create_future()
        self._point = f"answer {route_of(sent)}"

    def scope(self) -> dict[str, Any]:
        """The request as ASGI tells it."""
        parts = urlsplit(self._sent.url)
        headers = [(name.lower().encode(), value.encode()) for name, value in self._sent.headers.items()]
        headers.append((b"host", parts.netloc.encode()))
        if self._sent.body is not None:
            headers.append((b"content-length", str(len(self._sent.body)).encode()))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._sent.method,
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": headers,
            "client": (self._sent.client, 50_000),
            "server": (parts.hostname, parts.port or 80),
            "state": {},
        }

    async def receive(self) -> dict[str, Any]:
        """The body, whole; then the end of the connection, once there is one."""
        if not self._body_read:
            self._body_read = True
            return {"type": "http.request", "body": self._sent.body or b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Part of the answer; nobody hears it when the client has gone, as with uvicorn."""
        if self._server is not None:
            self._server.check()
        if message["type"] == "http.response.start":
            if self._server is not None:
                await self._server.survive(f"before {self._point}")
            self._status = message["status"]
            kinds = [value for name, value in message["headers"] if name.lower() == b"content-type"]
            self._kind = kinds[0].decode().partition(";")[0] if kinds else ""
            return
        self._chunks.append(message.get("body", b""))
        if self._hear is not None and self._status == _OK and not self.answer.done():
            self._hear(self._chunks[-1])
        if not message.get("more_body", False):
            self._finish(None)
            if self._server is not None:
                await self._server.survive(f"after {self._point}")

    def cut(self) -> None:
        """The connection breaks, from whichever side."""
        self._finish(NoAnswer("the connection was cut"))

    def _finish(self, failure: Exception | None) -> None:
        self._gone.set()
        if self.answer.done():
            return
        if failure is None:
            self.answer.set_result(Reply(self._status, self._kind, b"".join(self._chunks)))
        else:
            self.answer.set_exception(failure)
            self.answer.exception()  # The client may have left: then nobody asks for it.

    async def serve(self, application: ASGIApp, closed: Callable[[], None]) -> None:
        """Let the application answer; one that ends without an answer has cut the connection."""
        ARRIVED_SECONDS.set(self._loop.time())
        try:
            await application(self.scope(), self.receive, self.send)
        finally:
            self.cut()
            closed()


class Network:
    """Carries exchanges."""

    def __init__(self, loop: VirtualLoop, weather: FaultPlan, chance: random.Random, chronicle: Chronicle) -> None:
        self._weather = weather
        self._loop = loop
        self._chance = chance
        self._chronicle = chronicle
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._carried = 0

    async def carry(
        self,
        who: str,
        sent: Sent,
        side: Side,
        timeout_seconds: float,
        client: Process | None = None,
        hear: Hear | None = None,
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a reply."""
        began = self._loop.time()
        try:
            async with asyncio.timeout(timeout_seconds):
                reply = await self._exchange(sent, side, client, hear)
        except TimeoutError:
            self._note(began, who, sent, f"no answer in {timeout_seconds:g} s")
            raise NoAnswer("timeout") from None
        except (NotSent, NoAnswer) as failure:
            self._note(began, who, sent, f"{type(failure).__name__}: {failure}")
            raise
        self._note(began, who, sent, _said(reply))
        if reply.status == _LIMITED:
            self._chronicle.count(f"limited.{route_of(sent)}")
        return reply

    async def _exchange(self, sent: Sent, side: Side, client: Process | None, hear: Hear | None) -> Reply:
        mishap = self._mishap()
        slow = mishap == "slow"
        await asyncio.sleep(self._chance.uniform(*(_SLOW_SECONDS if slow else _QUICK_SECONDS)))
        application, server = side.door() if mishap != "refused" else (None, None)
        if application is None:
            await asyncio.sleep(_REFUSED_AFTER_SECONDS)
            raise NotSent("the connection was refused")
        if mishap == "lost":
            await self._loop.create_future()
        exchange = NetworkExchange(self._loop, sent, server, hear)
        held = client.connected(exchange.cut, inbound=False) if client else 0
        try:
            self._serve(exchange, application, server)
            reply = await exchange.answer
        finally:
            exchange.cut()
            if client:
                client.disconnected(held)
        if mishap == "hung":
            await self._loop.create_future()
        await asyncio.sleep(self._chance.uniform(*_QUICK_SECONDS))
        if mishap == "cut":
            raise NoAnswer("the connection was cut")
        return reply

    def _serve(self, exchange: NetworkExchange, application: ASGIApp, server: Process | None) -> None:
        if server is None:
            self._carried += 1
            number = self._carried
            # Daraja belongs to the world, whoever calls it.
            work = exchange.serve(application, lambda: self._forget(number))
            self._tasks[number] = self._loop.create_task(work, context=Context())
            return
        connection = server.connected(exchange.cut, inbound=True)
        server.run(exchange.serve(application, lambda: server.disconnected(connection)))

    def _forget(self, number: int) -> None:
        self._tasks.pop(number, None)

    def _mishap(self) -> str:
        for name, likely in self._weather.network._asdict().items():
            if likely > 0 and self._chance.random() < likely:
                self._chronicle.count(f"network.{name}")
                return name
        return ""

    def _note(self, began: float, who: str, sent: Sent, came: str) -> None:
        took = self._loop.time() - began
        what = f"{sent.method} {urlsplit(sent.url).path} -> {came} ({took:.3f} s)"
        subject = "read" if sent.method == "GET" and "/oauth/" not in sent.url else "network"
        self._chronicle.note(round(self._loop.time() * SECOND), who, subject, what)


def _said(reply: Reply) -> str:
    if reply.status < _REDIRECTED:
        return str(reply.status)
    try:
        body = json.loads(reply.body)
        return f"{reply.status} {body.get('code') or body.get('errorCode') or ''}".rstrip()
    except (ValueError, AttributeError):
        return f"{reply.status} {reply.content_type}"


def route_of(sent: Sent) -> str:
    """What kind of request it is, for the points at which a life may end."""
    path = urlsplit(sent.url).path
    return next((word for word in _ROUTES if word in path), "other").strip("/")


class WorldTransport:
    """The simulator's transport: it carries callbacks to whichever process of the service listens."""

    def __init__(self, network: Network, side: Side, address: str) -> None:
        self._network = network
        self._side = side
        self._address = address

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a Reply."""
        sent = Sent(method, url, headers, body, self._address)
        return await self._network.carry("Daraja", sent, self._side, timeout_seconds)

    async def close(self) -> None:
        """There is nothing to let go of."""


class Tap(Protocol):
    """Sees what a life sends to Daraja."""

    def leaves(self, sent: Sent, sender: Process) -> int:
        """A request is on its way; answers its number."""
        ...

    def comes(self, number: int, reply: Reply | None) -> None:
        """What the life was told of it; None when it heard nothing."""
        ...

    def never_left(self, number: int) -> None:
        """The life was told that it never left."""
        ...


class LifeTransport:
    """A life's transport to Daraja."""

    def __init__(self, network: Network, side: Side, life: Process, tap: Tap) -> None:
        self._network = network
        self._side = side
        self._life = life
        self._tap = tap

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a Reply. Raises Dead."""
        self._life.check()
        sent = Sent(method, url, headers, body, "10.0.0.1")
        await self._life.survive(f"before send {route_of(sent)}")
        if connect_seconds is not None and connect_seconds <= 0:
            raise NotSent("there was no time to connect")
        number = self._tap.leaves(sent, self._life)
        try:
            reply = await self._network.carry(self._life.name, sent, self._side, timeout_seconds, self._life)
        except NotSent:
            self._tap.never_left(number)
            raise
        except NoAnswer:
            self._tap.comes(number, None)
            raise
        self._tap.comes(number, reply)
        await self._life.survive(f"after send {route_of(sent)}")
        return reply

    async def close(self) -> None:
        """There is nothing to let go of. Raises Dead."""
        self._life.check()
