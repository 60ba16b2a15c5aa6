"""The client for asyncio. It belongs to the event loop in which it is first used.

Each call is a value of `calls.py`; this module sends it, waits, and sends it again where `retrying.py` says so.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

import aiohttp

from pokea.client import calls
from pokea.client.address import service_address
from pokea.client.answers import Answered, Attempted, Page, Unanswered, Unsent
from pokea.client.calls import API, LEFT, Call, Left
from pokea.client.failures import NoReply, NotReached, StillOpen
from pokea.client.models import Booking, Link, Payment, Push, Status
from pokea.client.performing import CONNECT_SECONDS, LONGEST_ANSWER_BYTES, TIMEOUT_SECONDS, Performance
from pokea.client.surroundings import chance, monotonic_now, new_key
from pokea.client.waiting import DEFAULT_SECONDS, has_ended, pause_between

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


class AsyncBookings:
    """What is paid for."""

    def __init__(self, client: AsyncPokea) -> None:
        self._client = client

    async def create(
        self,
        service: str,
        *,
        amount: int | None = None,
        reference: str | None = None,
        customer_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Booking:
        """Make a booking; `amount` in whole shillings and `customer_id` need an admin's token."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            calls.make_booking(key, service, amount=amount, reference=reference, customer_id=customer_id)
        )

    async def get(self, booking_id: str) -> Booking:
        """A booking as it stands."""
        return await self._client.perform(calls.read_booking(booking_id))


class AsyncPayments:
    """Prompts to pay, and what became of them."""

    def __init__(self, client: AsyncPokea) -> None:
        self._client = client

    async def push(
        self,
        booking: Booking | str,
        phone: str,
        amount: float | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Push:
        """Prompt a phone for a booking's fee, once, however often the call has to be sent.

        With the id of a booking its fee is needed as `amount`. A key made of your own order's id keeps a second press
        of its button from a second prompt, also over a crash of your program.
        """
        return await self._client.perform(calls.push(idempotency_key or new_key(), booking, phone, amount))

    async def get(self, payment_id: str) -> Payment:
        """A payment as it stands."""
        return await self._client.perform(calls.read_payment(payment_id))

    async def wait(self, payment_id: str, timeout_seconds: float = DEFAULT_SECONDS) -> Payment:
        """The payment once it is paid or has failed. Raises StillOpen after `timeout_seconds`.

        While the service is away it is asked again. A page should rather wait for the webhook.
        """
        until, looks, payment = monotonic_now() + timeout_seconds, 0, None
        while True:
            try:
                payment = await self.get(payment_id)
                if has_ended(payment):
                    return payment
            except (NotReached, NoReply):
                pass
            looks += 1
            seconds = pause_between(looks, until - monotonic_now())
            if seconds is None:
                raise StillOpen(payment, payment_id, timeout_seconds)
            await asyncio.sleep(seconds)

    async def page(
        self,
        *,
        status: Status | None = None,
        since: date | None = None,
        until: date | None = None,
        booking_id: str | None = None,
        search: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Payment]:
        """A page of the history, newest first. `search` finds a receipt, a phone, or a booking's reference."""
        return await self._client.perform(
            calls.list_payments(
                status=status,
                since=since,
                until=until,
                booking_id=booking_id,
                search=search,
                limit=limit,
                cursor=cursor,
            )
        )

    async def history(
        self,
        *,
        status: Status | None = None,
        since: date | None = None,
        until: date | None = None,
        booking_id: str | None = None,
        search: str | None = None,
    ) -> AsyncIterator[Payment]:
        """All payments of the history, newest first, asked for page by page as they are taken."""
        cursor = None
        while True:
            found = await self.page(
                status=status, since=since, until=until, booking_id=booking_id, search=search, cursor=cursor
            )
            for each in found.items:
                yield each
            cursor = found.next_cursor
            if cursor is None:
                return


class AsyncLinks:
    """Addresses that anyone can send, to be paid at."""

    def __init__(self, client: AsyncPokea) -> None:
        self._client = client

    async def create(
        self,
        title: str,
        *,
        amount: int | None = None,
        reference: str | None = None,
        expires_at: date | None = None,
        once: bool = False,
        idempotency_key: str | None = None,
    ) -> Link:
        """Make a link; without an `amount` the payer types it."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            calls.make_link(key, title, amount=amount, reference=reference, expires_at=expires_at, once=once)
        )

    async def get(self, link_id: str) -> Link:
        """A link as it stands."""
        return await self._client.perform(calls.read_link(link_id))

    async def list(self) -> AsyncIterator[Link]:
        """All links, newest first, asked for page by page as they are taken."""
        cursor = None
        while True:
            found = await self._client.perform(calls.list_links(cursor=cursor))
            for each in found.items:
                yield each
            cursor = found.next_cursor
            if cursor is None:
                return

    async def update(
        self,
        link_id: str,
        *,
        title: str | None = None,
        active: bool | None = None,
        expires_at: date | Left | None = LEFT,
    ) -> Link:
        """Change what is given: switch it off or on, rename it, end it, or with None let it have no end."""
        return await self._client.perform(calls.change_link(link_id, title=title, active=active, expires_at=expires_at))

    async def delete(self, link_id: str) -> None:
        """Delete it. Its bookings, payments and receipts stay."""
        await self._client.perform(calls.delete_link(link_id))
