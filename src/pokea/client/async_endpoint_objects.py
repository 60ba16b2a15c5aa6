"""Calls of the client for asyncio. Written by `make docs` from `endpoint_objects.py`."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from pokea.client import endpoint_calls
from pokea.client.calls import LEFT, Left
from pokea.client.endpoint_calls import Resent, Since
from pokea.client.models import Delivery, Webhook
from pokea.client.performing import AsyncPerformer, async_walk
from pokea.client.surroundings import new_key


class AsyncWebhooks:
    """The addresses to which events are sent, and how far each has come. An admin's token is needed."""

    def __init__(self, client: AsyncPerformer) -> None:
        self._client = client

    async def create(
        self,
        url: str,
        types: Sequence[str],
        *,
        description: str | None = None,
        latest_only: bool = False,
        idempotency_key: str | None = None,
    ) -> Webhook:
        """Make an endpoint. Its `secret` stands in this answer only; keep it where the receiver reads it.

        `types` are such as `payment.completed`, `payment.*`, or `*`.
        """
        key = idempotency_key or new_key()
        return await self._client.perform(
            endpoint_calls.make_endpoint(key, url, types, description=description, latest_only=latest_only)
        )

    async def get(self, webhook_id: str) -> Webhook:
        """An endpoint as it stands."""
        return await self._client.perform(endpoint_calls.read_endpoint(webhook_id))

    async def list(self) -> AsyncIterator[Webhook]:
        """All endpoints, newest first, asked for page by page as they are taken."""
        async for each in async_walk(self._client, lambda cursor: endpoint_calls.list_endpoints(cursor=cursor)):
            yield each

    async def update(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        types: Sequence[str] | None = None,
        description: str | Left | None = LEFT,
        latest_only: bool | None = None,
    ) -> Webhook:
        """Change what is given; `None` takes the description away."""
        return await self._client.perform(
            endpoint_calls.change_endpoint(
                webhook_id, url=url, types=types, description=description, latest_only=latest_only
            )
        )

    async def delete(self, webhook_id: str) -> None:
        """Delete it; nothing is sent to it any more."""
        await self._client.perform(endpoint_calls.delete_endpoint(webhook_id))

    async def rotate(
        self, webhook_id: str, *, expire_in_seconds: int | None = None, idempotency_key: str | None = None
    ) -> Webhook:
        """Give it a new `secret`, which stands in this answer only. Both sign for a day, or as long as is given."""
        key = idempotency_key or new_key()
        return await self._client.perform(endpoint_calls.rotate_secret(key, webhook_id, expire_in_seconds))

    async def ping(self, webhook_id: str) -> str:
        """Send it a `webhook.ping`, whatever its types; answers the id of the message."""
        return await self._client.perform(endpoint_calls.ping_endpoint(webhook_id))

    async def enable(self, webhook_id: str, since: Since) -> Webhook:
        """Send to a disabled endpoint again: all that waits (`disabled`), nothing of it (`now`), or from a time on."""
        return await self._client.perform(endpoint_calls.enable_endpoint(webhook_id, since))

    async def deliveries(
        self, webhook_id: str, *, object_id: str | None = None, parked: bool | None = None
    ) -> AsyncIterator[Delivery]:
        """How far each object has come at it, asked for page by page as they are taken."""
        async for each in async_walk(
            self._client,
            lambda cursor: endpoint_calls.list_deliveries(
                webhook_id, object_id=object_id, parked=parked, cursor=cursor
            ),
        ):
            yield each

    async def replay(
        self,
        webhook_id: str,
        *,
        since: date | None = None,
        until: date | None = None,
        types: Sequence[str] | None = None,
        objects: Sequence[str] | None = None,
    ) -> Resent:
        """Send events again, with the same ids and bodies: all that it subscribes to, or those that fit."""
        return await self._client.perform(
            endpoint_calls.replay_events(webhook_id, since=since, until=until, types=types, objects=objects)
        )
