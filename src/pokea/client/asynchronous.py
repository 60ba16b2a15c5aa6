"""The client for asyncio. It belongs to the event loop in which it is first used.

Each call is a value of `calls.py`; this module sends it, waits, and sends it again where `retrying.py` says so.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from pokea.client.address import service_address
from pokea.client.answers import Answered, Attempted, Unanswered, Unsent
from pokea.client.async_endpoint_objects import AsyncWebhooks
from pokea.client.async_objects import AsyncBookings, AsyncEvents, AsyncLinks, AsyncPayments
from pokea.client.async_out_objects import AsyncPayees, AsyncPayouts, AsyncRefunds
from pokea.client.calls import API, Call
from pokea.client.performing import CONNECT_SECONDS, LONGEST_ANSWER_BYTES, TIMEOUT_SECONDS, Performance
from pokea.client.surroundings import chance

T = TypeVar("T")


class AsyncPokea:
    """A service and one caller of it, as `Pokea`; every call is awaited."""

    def __init__(self, url: str, token: str | Callable[[], str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.url = service_address(url)
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None
        self.bookings = AsyncBookings(self)
        self.payments = AsyncPayments(self)
        self.links = AsyncLinks(self)
        self.events = AsyncEvents(self)
        self.refunds = AsyncRefunds(self)
        self.payouts = AsyncPayouts(self)
        self.payees = AsyncPayees(self)
        self.webhooks = AsyncWebhooks(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def perform(self, call: Call[T]) -> T:
        """The value of a call, which is sent again where that is safe. Raises ClientError."""
        performance = Performance(call, self.url)
        while True:
            seconds = performance.pause_after(await self._attempt(call), chance())
            if seconds is None:
                return performance.value()
            await asyncio.sleep(seconds)

    async def _attempt(self, call: Call[T]) -> Attempted:
        token = self._token if isinstance(self._token, str) else self._token()
        within = aiohttp.ClientTimeout(
            total=self._timeout_seconds, sock_connect=min(CONNECT_SECONDS, self._timeout_seconds)
        )
        # A session needs a running event loop, which there is only now.
        self._session = self._session or aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.request(
                call.method,
                f"{self.url}{API}{call.path}",
                data=call.body,
                headers=call.headers(token),
                timeout=within,
                allow_redirects=False,
                middlewares=(_Once(),),
            ) as response:
                body = await response.content.read(LONGEST_ANSWER_BYTES + 1)
                while not response.content.at_eof() and len(body) <= LONGEST_ANSWER_BYTES:
                    body += await response.content.read(LONGEST_ANSWER_BYTES + 1 - len(body))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
            return Unsent(str(failure))
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            return Unanswered(type(failure).__name__)
        if len(body) > LONGEST_ANSWER_BYTES:
            return Unanswered("the answer is too long")
        return Answered(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


class _Once:
    """Sends a request once: aiohttp by itself sends a GET or DELETE again on a connection that was cut, and whether
    that is safe is decided in `retrying.py`."""

    def __init__(self) -> None:
        self._is_sent = False

    async def __call__(self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        if self._is_sent:
            raise aiohttp.ServerDisconnectedError
        self._is_sent = True
        return await send(request)
