"""Builds everything from settings: the only place that knows all the parts.

A service is built of ports (database, clock, ids, network) and settings, so that a universe can hand it a virtual
clock and a network of its own. `open_service` hands it the real ones.
"""

import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from pydantic import SecretStr
from starlette.routing import BaseRoute

from pokea.alerts.dispatch import Alerts
from pokea.alerts.routes import alert_routes
from pokea.alerts.send import Send, sender_to
from pokea.analytics.rollup import Rollup
from pokea.analytics.routes import AnalyticsRoutes
from pokea.api.application import new_application
from pokea.api.auth.callers import (
    Authenticator,
    new_authenticator,
)
from pokea.api.fast_path import first_of
from pokea.api.metrics import LATE_READS, PAYMENT_EVENTS, STANDBY_AGE, Metrics
from pokea.api.openapi import Application
from pokea.api.pages import (
    BuiltFile,
    asset_routes,
    checkout_routes,
    read_pages,
    reference_routes,
)
from pokea.audit.every_rule import RULES
from pokea.audit.routes import book_routes
from pokea.audit.worker import Audit
from pokea.bookings.limit import BookingLimit
from pokea.bookings.routes import BookingRoutes
from pokea.clock import Clock, SystemClock
from pokea.courier import Courier, GuardedCourier, NoCourier
from pokea.daraja.client import DarajaClient
from pokea.daraja.credentials import credentials_of
from pokea.event_service import EventParts, EventService
from pokea.ids import Ids, RandomBytes, RandomPool
from pokea.links.limits import LinkLimits, forget_uses
from pokea.links.page_routes import LinkPages, Minting
from pokea.links.pages import Payee
from pokea.links.passes import LinkPasses
from pokea.links.routes import LinkRoutes, site_of
from pokea.money import CENTS
from pokea.operations.inbound import CallbackRoutes
from pokea.operations.inquiry_worker import InquiryWorker
from pokea.operations.settle import Change, PaymentSettling
from pokea.operations.settler import Settler
from pokea.operations.tokens import PaymentTokens
from pokea.out_service import MoneyOut, OutParts
from pokea.payments.flow import PaymentFlow
from pokea.payments.history.routes import HistoryRoutes
from pokea.payments.push import PushService
from pokea.payments.reserve import Limits
from pokea.payments.routes import PaymentRoutes
from pokea.payments.status_stream import EventRoutes, StreamLimits
from pokea.redact import Secret
from pokea.settings import Settings
from pokea.storage.change_feed import ChangeFeed, NoChangeFeed
from pokea.storage.database import Database, database_of
from pokea.storage.idempotency import Forgetting
from pokea.storage.late_reads import LateReads
from pokea.storage.migrate import ensure_ready
from pokea.storage.oauth_tokens import DatabaseTokens
from pokea.storage.standby import Standby, StandbyWatch, standby_of
from pokea.storage.write_probe import WriteProbe
from pokea.transport import HttpTransport, Transport

_AUDIT_EVERY_SECONDS = 60.0

_log = logging.getLogger("pokea.payments")


class Ports(NamedTuple):
    """The outside world, as a service reaches it."""

    database: Database
    transport: Transport
    clock: Clock
    random_bytes: RandomBytes
    notices: ChangeFeed = NoChangeFeed()
    courier: Courier = NoCourier()


class Service:
    """One process's Pokea: the HTTP application, the settler, and, with `background`, recovery, folding and the audit.

    `longest_sleep_seconds` bounds how late these notice what other processes have left for them; `audit_every_seconds`
    is the time between two looks at the books, 0 for none; `send` sends alerts, which are only written without it;
    `standby` is for lists and figures alone.
    """

    def __init__(
        self,
        settings: Settings,
        ports: Ports,
        *,
        background: bool = True,
        longest_sleep_seconds: float = 2.0,
        audit_every_seconds: float = 0.0,
        pages: Sequence[BaseRoute] = (),
        metrics: Metrics | None = None,
        send: Send | None = None,
        standby: Standby | None = None,
    ) -> None:
        self._ports = ports
        self.database = ports.database
        database, transport, clock, random_bytes, _, courier = ports
        self._readiness = WriteProbe(database)
        ids = Ids(clock, random_bytes)
        credentials = credentials_of(settings)
        app = credentials.app_name()
        secret, previous = _keys_of(settings)
        tokens = PaymentTokens(secret, previous)
        oauth = DatabaseTokens(database, app, secret, random_bytes, previous)
        daraja = DarajaClient(credentials, transport, oauth, clock)
        self.settler = Settler(database, clock, PaymentSettling(PaymentFlow(tokens.proves)), self._publish)
        self._alerts = Alerts(database, clock, send, longest_sleep_seconds)
        database.note_outcome = self._alerts.note_outcome
        self.recovery = InquiryWorker(
            database, clock, self.settler, daraja, app, settings.query_rate, self._alerts, longest_sleep_seconds
        )
        self._folding = Rollup(database, longest_sleep_seconds)
        limits = Limits(settings.push_limit_phone, settings.push_limit_customer, settings.push_limit_overall)
        confirm_from = settings.pokea_confirm_from * CENTS if settings.pokea_confirm_from else None
        address = settings.mpesa_callback_url
        self.prompter = PushService(database, clock, ids, tokens, daraja, self.settler, address, limits, confirm_from)
        self._metrics = metrics or Metrics()
        self._metrics_token = _secret_or_none(settings.pokea_metrics_token)
        self._events = self._metrics.counter(PAYMENT_EVENTS)
        event_parts = EventParts(
            database, clock, random_bytes, courier, self._alerts, self._metrics, longest_sleep_seconds
        )
        self._event_service = EventService(settings, event_parts, (secret, previous))
        self._forgetting = Forgetting(database, clock, forget_uses, self._event_service.forget)
        self._audit = Audit(database, clock, RULES, self._metrics, audit_every_seconds or _AUDIT_EVERY_SECONDS)
        self._late_reads, self._watch = self._reading_late(standby)
        self._background, self._audits = background, background and audit_every_seconds > 0
        out = OutParts(database, clock, transport, ids, tokens, daraja.calls, _log_changes)
        self.money_out = MoneyOut(settings, out, longest_sleep_seconds)
        self.application = self._new_application(settings, tokens, ids)
        self.application.router.routes.extend(pages)

    def _reading_late(self, standby: Standby | None) -> tuple[LateReads, StandbyWatch | None]:
        database = self._ports.database
        if standby is None:
            return LateReads(database), None
        note_age = self._metrics.gauge(STANDBY_AGE).set
        watch = StandbyWatch(standby, database, lambda age_seconds: note_age(value=age_seconds))
        return LateReads(database, standby, self._metrics.counter(LATE_READS).add), watch

    def _new_application(self, settings: Settings, tokens: PaymentTokens, ids: Ids) -> Application:
        database, transport, clock, _, notices, _ = self._ports
        limits_of_links = LinkLimits(
            tokens, of_link=settings.pokea_link_limit, of_address=settings.pokea_link_limit_address
        )
        passes = LinkPasses(database, tokens, clock, ids, limits_of_links)
        gate = new_authenticator(settings, transport, clock, passes)
        callbacks = CallbackRoutes(self.settler, gate, clock, settings.callback_networks)
        results = self.money_out.addresses(gate)
        payments = PaymentRoutes(database, gate, self.prompter, tokens, clock)
        history = HistoryRoutes(self._late_reads, gate, clock)
        analytics = AnalyticsRoutes(self._late_reads, gate, clock)
        bookings = _bookings(settings, gate, database, clock, ids)
        application = new_application(
            clock,
            ids,
            self._metrics,
            readiness={"database": self._readiness.check},
            metrics_token=self._metrics_token,
            api_docs=settings.pokea_api_docs,
            https=settings.mpesa_callback_url.lower().startswith("https://"),
            allowed_origins=settings.pokea_allowed_origins,
            shortcuts={
                "POST": first_of(callbacks.shortcut, results.shortcut, payments.push_shortcut, bookings.post_shortcut),
                "PUT": callbacks.own_shortcut,
                "PATCH": callbacks.own_shortcut,
                "GET": first_of(payments.read_shortcut, history.shortcut, analytics.shortcut, bookings.get_shortcut),
            },
            lifespan=self._lifespan,
        )
        application.router.routes.extend(callbacks.routes())
        payments.router().add_to(application)
        history.router().add_to(application)
        analytics.router().add_to(application)
        limits = StreamLimits(settings.pokea_streams_per_secret, settings.pokea_streams_per_subject)
        events = EventRoutes(database, payments, clock, notices, limits=limits)
        events.router().add_to(application)
        self.hub = events.hub
        bookings.router().add_to(application)
        self._add_links(application, gate, passes, tokens, limits_of_links, settings)
        book_routes(gate, database, clock, self._audit, RULES).add_to(application)
        alert_routes(gate, database, clock).add_to(application)
        for router in self.money_out.routers(gate):
            router.add_to(application)
        application.router.routes.extend(results.routes())
        for router in self._event_service.routers(gate):
            router.add_to(application)
        return application

    def _add_links(
        self,
        application: Application,
        gate: Authenticator,
        passes: LinkPasses,
        tokens: PaymentTokens,
        limits: LinkLimits,
        settings: Settings,
    ) -> None:
        database, _, clock, random_bytes, *_ = self._ports
        ids, site = Ids(clock, random_bytes), site_of(settings.mpesa_callback_url)
        LinkRoutes(gate, database, clock, ids, site).router().add_to(application)
        pages = LinkPages(
            gate,
            passes,
            tokens,
            database,
            clock,
            Minting(ids, random_bytes),
            limits,
            Payee(settings.pokea_business_name or None, site),
        )
        application.router.routes.extend(pages.routes())

    def health_application(self) -> Application:
        """An application that runs the service and shows its metrics and its health, and none of its API."""
        _, _, clock, random_bytes, *_ = self._ports
        return new_application(
            clock,
            Ids(clock, random_bytes),
            self._metrics,
            readiness={"database": self._readiness.check},
            metrics_token=self._metrics_token,
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _application: Application) -> AsyncIterator[None]:
        await self.start()
        yield
        await self.stop()

    async def start(self) -> None:
        """Begin to settle and, in the background, to recover, to fold, to forget and to check the books."""
        await self.settler.start()
        await self._alerts.start()
        if self._watch is not None:
            await self._watch.start()
        await self.money_out.start(background=self._background)
        if self._background:
            await self.recovery.start()
            await self._folding.start()
            await self._forgetting.start()
            await self._event_service.start()
        if self._audits:
            await self._audit.start()

    def release(self) -> None:
        """The process is told to stop: let go of everything that would keep a connection open for long."""
        self.hub.close()
        self.prompter.hurry()

    async def stop(self) -> None:
        """End cleanly: pushes that are out are answered first, and all that waits is settled.

        A database that does not answer is waited for no longer than a few seconds.
        """
        self._ports.database.hurry()
        await self._audit.stop()
        await self.prompter.stop()
        await self.money_out.stop()
        await self.recovery.stop()
        await self._folding.stop()
        await self._forgetting.stop()
        await self.settler.stop()
        await self._event_service.stop()
        await self._alerts.stop()
        await self.hub.stop()
        if self._watch is not None:
            await self._watch.stop()
        await self._ports.transport.close()
        self._ports.database.close()

    def _publish(self, changes: Sequence[Change]) -> None:
        happened = [each for each in changes if each.event is not None]
        self.hub.publish([each.operation_id for each in happened])
        _log_changes(happened)
        if happened:
            self._event_service.wake()
        for each in changes:
            if each.event is not None:
                self._events.add(each.event)
            if each.next_action_at is not None:
                self.recovery.wake(each.next_action_at)


def _log_changes(happened: Sequence[Change]) -> None:
    if happened:
        _log.info("changed: %s", "; ".join(map(_sentence, happened)))


def _keys_of(settings: Settings) -> tuple[Secret, Secret | None]:
    """The key of the service's own secrets, and the one before it while that is still accepted."""
    key = Secret(settings.pokea_secret_key.get_secret_value())
    return key, _secret_or_none(settings.pokea_previous_secret_key)


def _bookings(settings: Settings, gate: Authenticator, database: Database, clock: Clock, ids: Ids) -> BookingRoutes:
    return BookingRoutes(
        gate,
        database,
        clock,
        ids,
        settings.pokea_booking_fee * CENTS,
        limit=BookingLimit(settings.booking_limit_customer, clock),
        business_name=settings.pokea_business_name or None,
    )


def _secret_or_none(setting: SecretStr) -> Secret | None:
    text = setting.get_secret_value()
    return Secret(text) if text else None


def _sentence(change: Change) -> str:
    return f"{change.operation_id} {change.event} {change.reason or ''}".rstrip()


def open_service(
    settings: Settings, *, background: bool = True, pages: Sequence[BaseRoute] = (), metrics: Metrics | None = None
) -> Service:
    """A service on the real database, network and clock. Raises SchemaError when the schema does not fit, SettingsError
    for an address of alerts that cannot be used.

    `pages` are served besides the drop-in and the reference; `metrics` is where it counts, by default in its own
    memory.
    """
    ensure_ready(settings.pokea_database_url)
    database = database_of(settings)
    ports = Ports(
        database, HttpTransport(), SystemClock(), RandomPool().take, _notices(database, settings), GuardedCourier()
    )
    return Service(
        settings,
        ports,
        background=background,
        audit_every_seconds=_AUDIT_EVERY_SECONDS,
        pages=[*_own_pages(read_pages(), settings), *pages],
        metrics=metrics,
        send=sender_to(settings.pokea_alerts) if settings.pokea_alerts else None,
        standby=standby_of(settings),
    )


def _own_pages(pages: Mapping[str, BuiltFile], settings: Settings) -> list[BaseRoute]:
    reference = reference_routes(pages) if settings.pokea_api_docs else []
    return [*checkout_routes(pages), *reference, *asset_routes(pages)]


def _notices(database: Database, settings: Settings) -> ChangeFeed:
    if database.dialect != "postgresql":
        return NoChangeFeed()
    from pokea.storage.postgres_feed import PostgresChangeFeed  # noqa: PLC0415 - loads the driver, 9 MB

    return PostgresChangeFeed(database, settings.pokea_notices_url or settings.pokea_database_url, secrets.token_hex(4))
