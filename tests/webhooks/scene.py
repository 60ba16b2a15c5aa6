"""A service with a clock that can be moved, and small real receivers, in the event loop of a test."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from pokea.app import Ports, Service
from pokea.clock import Instant, SystemClock, iso, seconds
from pokea.courier import Courier, GuardedCourier
from pokea.settings import Settings, given_settings
from pokea.storage.database import Database
from pokea.transport import HttpTransport
from tests.api.serving import SECRET, Answer, Client, bearer, serving
from tests.events.happened import event, happen

PATH = "/api/v1/webhooks"
SETTINGS = {
    "mpesa_environment": "simulator",
    "pokea_secret_key": "a key of the tests that has enough characters",
    "pokea_jwt_secret": SECRET.reveal(),
    "pokea_webhook_allow": "127.0.0.1",
}


class MovableClock:
    """The machine's clock, and a span that was added to it."""

    def __init__(self) -> None:
        self.ahead: Instant = 0

    def now(self) -> Instant:
        """The machine's time and the span."""
        return SystemClock().now() + self.ahead

    def pass_seconds(self, count: float) -> None:
        """Let time pass."""
        self.ahead += seconds(count)


class Arrived(NamedTuple):
    """A request as it came to a receiver."""

    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The event's id."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read


Reply = Callable[[Arrived], Awaitable[bytes] | bytes]


def answer(status: int, *headers: str, body: str = "") -> bytes:
    """An answer of this status."""
    lines = [f"HTTP/1.1 {status} Answer", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body.encode()


class Receiver:
    """A small real server that keeps what comes, and answers as `reply` says."""

    def __init__(self) -> None:
        self.port = 0
        self.url = ""
        self.arrived: list[Arrived] = []
        self.reply: Reply = lambda _: answer(204)
        self.connections = 0
        self.in_flight = 0
        self.most_in_flight = 0

    def listens_at(self, host: str, port: int) -> None:
        """It runs there."""
        self.port = port
        self.url = f"http://{host}:{port}/hook"

    @property
    def ids(self) -> list[str]:
        """The ids of what came, in order."""
        return [each.id for each in self.arrived]

    def versions(self, object_id: str) -> list[int]:
        """The versions of an object that came, in order."""
        events = (each.event["data"] for each in self.arrived)
        return [each["version"] for each in events if each["id"] == object_id]

    async def count(self, wanted: int) -> None:
        """Wait until so many have come."""
        await until(lambda: len(self.arrived) >= wanted, f"{wanted} webhooks have come, not {len(self.arrived)}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                named = (line.partition(":") for line in head[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in named}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                arrived = Arrived(head[0].split(" ")[1], headers, body)
                self.arrived.append(arrived)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                given = self.reply(arrived)
                said = given if isinstance(given, bytes) else await given
                self.in_flight -= 1
                writer.write(said)
                await writer.drain()
                if not said or b"Connection: close" in said:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiving(
    host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver on a free port of the own machine."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, host, port, ssl=tls)
    receiver.listens_at(host, server.sockets[0].getsockname()[1])
    try:
        yield receiver
    finally:
        server.close()


class Shop:
    """A running service: its calls for an admin, its clock, and what happens in it."""

    def __init__(self, service: Service, client: Client, database: Database, clock: MovableClock) -> None:
        self.service = service
        self.client = client
        self.database = database
        self.clock = clock

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A call of an admin."""
        sent = bearer("boss", "admin", now=self.clock.now()) | headers
        return await self.client.send(method, path, headers=sent, **({} if body is None else {"json": body}))

    async def endpoint(self, url: str, *types: str, **rest: Any) -> dict[str, Any]:
        """A new endpoint, with its secret."""
        made = await self.call("POST", PATH, {"url": url, "types": list(types or ("*",)), **rest})
        assert made.status == 201, made.body
        endpoint: dict[str, Any] = made.body["webhook"]
        return endpoint

    async def shown(self, endpoint: Mapping[str, Any]) -> dict[str, Any]:
        """An endpoint as it stands."""
        shown: dict[str, Any] = (await self.call("GET", f"{PATH}/{endpoint['id']}")).body["webhook"]
        return shown

    async def deliveries(self, endpoint: Mapping[str, Any], query: str = "limit=100") -> list[dict[str, Any]]:
        """How far each object has come."""
        listed = await self.call("GET", f"{PATH}/{endpoint['id']}/deliveries?{query}")
        assert listed.status == 200, listed.body
        pairs: list[dict[str, Any]] = listed.body["deliveries"]
        return pairs

    def time(self) -> str:
        """The present, as the API takes it."""
        return iso(self.clock.now()) or ""

    async def failed(self, endpoint: Mapping[str, Any], object_id: str, version: int) -> None:
        """Wait until a delivery of this version of an object is kept as failed."""

        async def is_kept() -> bool:
            pairs = await self.deliveries(endpoint, f"object={object_id}")
            return bool(pairs) and pairs[0]["status"] in ("failing", "parked") and pairs[0]["triedVersion"] == version

        await until(is_kept, f"version {version} of {object_id} has failed")

    async def until_delivered(self, endpoint: Mapping[str, Any]) -> None:
        """Wait until nothing waits at an endpoint."""

        async def is_done() -> bool:
            return all(each["status"] == "delivered" for each in await self.deliveries(endpoint))

        await until(is_done, "every pair is delivered")

    def happen(self, object_id: str, *versions: int, event_type: str = "payment.pending") -> None:
        """Events of these versions are committed together, as a settle does."""
        happen(self.database, *(event(object_id, each, event_type, self.clock.now()) for each in versions))
        self.wake()

    def wake(self) -> None:
        """Let the process look now."""
        self.service._event_service.wake()
        self.service._event_service._webhooks.wake()

    async def pass_seconds(self, count: float) -> None:
        """Let time pass, and let the process notice."""
        self.clock.pass_seconds(count)
        self.wake()


def settings_of(database_url: str = "sqlite:///unused.sqlite3", **more: Any) -> Settings:
    """The settings of a service of the tests."""
    return given_settings(**SETTINGS | {"pokea_database_url": database_url} | more)


@asynccontextmanager
async def shop(
    database: Database, *, courier: Courier | None = None, clock: MovableClock | None = None, **settings: Any
) -> AsyncIterator[Shop]:
    """A service on this database, which runs as long as the context."""
    time = clock or MovableClock()
    ports = Ports(database, HttpTransport(), time, random.Random().randbytes, courier=courier or GuardedCourier())
    service = Service(settings_of(**settings), ports, longest_sleep_seconds=0.2)
    async with serving(service.application) as client:
        await service._event_service.start()
        try:
            yield Shop(service, client, database, time)
        finally:
            await service._event_service.stop()


async def until(holds: Callable[[], Any], what: str, *, seconds_at_most: float = 20) -> None:
    """Wait until something holds; a coroutine is awaited."""
    end = asyncio.get_running_loop().time() + seconds_at_most
    while True:
        found = holds()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert asyncio.get_running_loop().time() < end, f"never: {what}"
        await asyncio.sleep(0.01)


def run(talk: Callable[[], Awaitable[None]]) -> None:
    """Run a test's conversation."""

    async def whole() -> None:
        await talk()

    asyncio.run(whole())


def ordered(versions: Iterable[int]) -> bool:
    """Whether each version is larger than the one before."""
    listed = list(versions)
    return listed == sorted(set(listed))
