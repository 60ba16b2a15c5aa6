"""Events of one process, put together: their numbers, the list over HTTP, and webhooks."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from pokea.alerts.dispatch import Alerts
from pokea.api.auth.callers import Authenticator
from pokea.api.call_router import CallRouter
from pokea.api.metrics import Metrics
from pokea.clock import Clock, Instant
from pokea.courier import Courier, NoCourier
from pokea.events.routes import event_list_routes
from pokea.events.stream import DAY, EventStream
from pokea.ids import Ids, RandomBytes
from pokea.redact import Secret
from pokea.setting_rules import SIMULATOR
from pokea.settings import Settings
from pokea.storage.database import Database
from pokea.storage.sealing import Seal
from pokea.webhooks.address import Door
from pokea.webhooks.delivery_routes import DeliveryRoutes
from pokea.webhooks.following import find_followers
from pokea.webhooks.replaying import forget_deliveries
from pokea.webhooks.routes import EndpointRoutes, HookParts
from pokea.webhooks.worker import WebhookWorker

_PURPOSE = "pokea webhook secret"


class EventParts(NamedTuple):
    """What events share with the rest of the service. `longest_sleep_seconds` bounds how late this process notices
    what others left."""

    database: Database
    clock: Clock
    random_bytes: RandomBytes
    courier: Courier
    alerts: Alerts
    metrics: Metrics
    longest_sleep_seconds: float


class EventService:
    """A process's part in events: it numbers them, lists them, and sends them to endpoints, if it has a courier."""

    def __init__(self, settings: Settings, parts: EventParts, keys: tuple[Secret, Secret | None]) -> None:
        self._parts = parts
        self._livemode = settings.is_live
        self._environment = settings.mpesa_environment
        self._kept: Instant = settings.pokea_events_days * DAY
        self._seal = Seal(_PURPOSE, keys[0], parts.random_bytes, keys[1])
        self._door = Door(settings.webhook_allowance, is_home=settings.mpesa_environment == SIMULATOR)
        self._ids = Ids(parts.clock, parts.random_bytes)
        self._sends = not isinstance(parts.courier, NoCourier)
        self._webhooks = self._new_worker()
        self._stream = EventStream(
            parts.database,
            parts.clock,
            find_followers,
            self._webhooks.wake,
            kept_days=settings.pokea_events_days,
            longest_sleep_seconds=parts.longest_sleep_seconds,
        )

    def _new_worker(self) -> WebhookWorker:
        parts = self._parts
        return WebhookWorker(
            parts.database,
            parts.clock,
            self._ids,
            parts.random_bytes,
            self._seal,
            self._door,
            parts.courier,
            alerts=parts.alerts,
            metrics=parts.metrics,
            wake_events=self.wake,
            livemode=self._livemode,
            longest_sleep_seconds=parts.longest_sleep_seconds,
        )

    def routers(self, gate: Authenticator) -> Iterator[CallRouter]:
        """The list of events, and the calls of webhooks."""
        parts = self._parts
        yield event_list_routes(gate, parts.database, livemode=self._livemode, environment=self._environment)
        hooks = HookParts(
            gate,
            parts.database,
            parts.clock,
            self._ids,
            parts.random_bytes,
            self._seal,
            self._door,
            parts.courier,
            self._webhooks.wake,
        )
        yield EndpointRoutes(hooks).router()
        yield DeliveryRoutes(hooks).router()

    async def start(self) -> None:
        """Begin to number events and to send them, and to forget old ones."""
        await self._stream.start()
        if self._sends:
            await self._webhooks.start()

    async def stop(self) -> None:
        """End; the next process numbers and sends what is left."""
        await self._stream.stop()
        await self._webhooks.stop()

    def wake(self) -> None:
        """Something has happened, and it is durable."""
        self._stream.wake()

    def forget(self, connection: Connection, now: Instant) -> int:
        """A change: forget what is known of deliveries as old as the events that are forgotten."""
        return forget_deliveries(connection, now - self._kept)
