"""Calls of the client for asyncio. Written by `make docs` from `objects.py`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any

from pokea.client import calls, out_calls
from pokea.client.answers import EventPage, Page
from pokea.client.calls import LEFT, Left
from pokea.client.failures import NoReply, NotReached, StillOpen
from pokea.client.models import Booking, Event, Link, Payment, Push, Refund, Status
from pokea.client.performing import AsyncPerformer, async_walk
from pokea.client.surroundings import monotonic_now, new_key
from pokea.client.waiting import DEFAULT_SECONDS, has_ended, pause_between


class AsyncBookings:
    """What is paid for."""

    def __init__(self, client: AsyncPerformer) -> None:
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

    async def done(
        self,
        booking_id: str,
        *,
        payee_id: str | None = None,
        split: Sequence[Mapping[str, Any]] | None = None,
        idempotency_key: str | None = None,
    ) -> Booking:
        """Say that the service was rendered: its fee is released, to a payee or to several where these are named."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.decide_fee(key, booking_id, "done", payee_id=payee_id, split=split))

    async def release(
        self,
        booking_id: str,
        *,
        payee_id: str | None = None,
        split: Sequence[Mapping[str, Any]] | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Booking:
        """Release a fee that is held or disputed."""
        key = idempotency_key or new_key()
        return await self._client.perform(
            out_calls.decide_fee(key, booking_id, "release", payee_id=payee_id, split=split, reason=reason)
        )

    async def dispute(
        self, booking_id: str, reason: str | None = None, *, idempotency_key: str | None = None
    ) -> Booking:
        """Keep the fee from being released until a person decides."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.decide_fee(key, booking_id, "dispute", reason=reason))

    async def refund(
        self,
        booking_id: str,
        amount: int | None = None,
        reason: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Give the fee back, or a part of it."""
        key = idempotency_key or new_key()
        return await self._client.perform(out_calls.refund_fee(key, booking_id, amount, reason))


class AsyncPayments:
    """Prompts to pay, and what became of them."""

    def __init__(self, client: AsyncPerformer) -> None:
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
        async for each in async_walk(
            self._client,
            lambda cursor: calls.list_payments(
                status=status, since=since, until=until, booking_id=booking_id, search=search, cursor=cursor
            ),
        ):
            yield each


class AsyncLinks:
    """Addresses that anyone can send, to be paid at."""

    def __init__(self, client: AsyncPerformer) -> None:
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
        async for each in async_walk(self._client, lambda cursor: calls.list_links(cursor=cursor)):
            yield each

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


class AsyncEvents:
    """What happened, as a list without a gap."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def page(
        self, after: int = 0, *, event_type: str | None = None, object_id: str | None = None, limit: int = 100
    ) -> EventPage:
        """The events after a number; keep `next`, and ask after it again. `event_type` may be `payment.*`."""
        return await self._client.perform(
            calls.list_events(after, event_type=event_type, object_id=object_id, limit=limit)
        )

    async def list(
        self, after: int = 0, *, event_type: str | None = None, object_id: str | None = None
    ) -> AsyncIterator[Event]:
        """All events after a number until now, asked for page by page as they are taken."""
        while True:
            found = await self.page(after, event_type=event_type, object_id=object_id)
            for each in found.events:
                yield each
            after = found.next
            if after >= found.latest:
                return
