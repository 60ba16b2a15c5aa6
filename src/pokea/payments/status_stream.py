"""A payment's status as it changes: server-sent events for the page that waits (law: events).

Each event is the whole status body; its id is the payment's version, so that a page that comes back names what it has
seen. The stream ends, saying so, when the payment is completed, or has failed and its lock is over; coming back after
that is answered with 204, which tells a browser to stay away.

Ten thousand pages may wait at once, so an open stream is kept small: it waits for its client to go, and has a task of
its own only while something is being sent. A body is written once for all pages of a payment and a language.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pokea.api.call_router import CallRouter
from pokea.api.languages import language_of
from pokea.api.openapi import NEEDS_TOKEN, header, refusals
from pokea.clock import Clock, Instant
from pokea.events.hub import Hub
from pokea.events.viewers import Viewer
from pokea.operations import store
from pokea.operations.decision import Status
from pokea.operations.store import Payment
from pokea.payments.examples import TRANSACTION_ID
from pokea.payments.routes import PREFIX, PaymentReader, PaymentRoutes
from pokea.payments.schemas import status_body
from pokea.storage.change_feed import ChangeFeed
from pokea.storage.database import Database

_HEARTBEAT = b": still here\n\n"
_END = b"event: end\ndata: {}\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class StreamLimits(NamedTuple):
    """How many streams one client secret, and one subject of tokens, may have open at a process."""

    per_secret: int = 50
    per_subject: int = 200

    def viewer(self, reader: PaymentReader) -> Viewer:
        """Under which name the reader's streams are counted."""
        if reader.subject is None:
            return Viewer(f"secret of {reader.payment.id}", self.per_secret, reader.until)
        return Viewer(f"subject {reader.subject}", self.per_subject, reader.until)


class EventRoutes:
    """The streams of this process, and the hub that knows them."""

    def __init__(
        self,
        database: Database,
        payments: PaymentRoutes,
        clock: Clock,
        notices: ChangeFeed,
        *,
        limits: StreamLimits | None = None,
    ) -> None:
        self._database = database
        self._payments = payments
        self._clock = clock
        self._limits = limits or StreamLimits()
        self.hub: Hub[_Page] = Hub(database, clock, notices, self._send_changed)

    def router(self) -> CallRouter:
        """The call and its description."""
        router = CallRouter(PREFIX, "Payments")
        router.add("/status/{transactionId}/events", self._events, method="GET", **_EVENTS)
        return router

    async def _events(self, request: Request) -> Response:
        reader = await self._payments.reader(request)
        payment = reader.payment
        seen = _last_seen(request)
        if is_over(payment, self._clock.now()) and seen >= payment.version:
            return Response(status_code=204)
        return _Stream(self.hub, self._limits.viewer(reader), payment.id, seen, language_of(request))

    async def _send_changed(self, payment_ids: Sequence[str]) -> None:
        """Send the pages of these payments what they have not received."""
        found = await self._database.read_one(store.find_all, payment_ids)
        now = self._clock.now()
        for payment in found.values():
            over = is_over(payment, now)
            if not over and payment.status == Status.FAILED:
                self.hub.remind(payment.id, payment.locked_until)
            written: dict[str, bytes] = {}
            # When the lock is over, what was not to be tried again a moment ago may be now: send it once more.
            for page in [page for page in self.hub.pages(payment.id) if over or page.version < payment.version]:
                if page.language not in written:
                    written[page.language] = _event(payment, page.language, now) + (_END if over else b"")
                page.send_status(payment.version, written[page.language], last=over)


class _Stream(Response):
    """An answer that lasts: its head, and afterwards what the hub sends, until its client goes or all is sent."""

    def __init__(self, hub: "Hub[_Page]", viewer: Viewer, payment_id: str, seen: int, language: str) -> None:
        self._hub = hub
        self._viewer = viewer
        self._watched = (payment_id, seen, language)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._hub.check_room(self._viewer)
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        scope["state"]["afterwards"] = self._last

    async def _last(self, receive: Receive, send: Send) -> None:
        page = _Page(self._viewer, *self._watched, send)
        self._hub.open(page)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self._hub.leave(page)


class _Page:
    """One page that watches. What it was not yet sent is replaced by what is newer, so that a slow one costs little."""

    __slots__ = ("_last", "_send", "_sending", "_waiting", "language", "payment_id", "version", "viewer")

    def __init__(self, viewer: Viewer, payment_id: str, version: int, language: str, send: Send) -> None:
        self.viewer = viewer
        self.payment_id = payment_id
        self.version = version
        self.language = language
        self._send = send
        self._waiting = b""
        self._last = False
        self._sending: asyncio.Task[None] | None = None

    def send_status(self, version: int, event: bytes, *, last: bool) -> None:
        """Send what the payment has become; after the last event nothing more is sent."""
        if not self._last:
            self.version, self._last = version, last
            self._deliver(event)

    def beat(self) -> None:
        """Send a sign of life, unless something is on its way."""
        if self._sending is None and not self._last:
            self._deliver(_HEARTBEAT)

    def close(self) -> None:
        """End without saying so, for the page to come back elsewhere."""
        if not self._last:
            self._last = True
            self._deliver(b"")

    def _deliver(self, chunk: bytes) -> None:
        self._waiting = chunk
        if self._sending is None:
            self._sending = asyncio.create_task(self._deliver_waiting())

    async def _deliver_waiting(self) -> None:
        # A client that has gone is noticed by the task that waits for it to go.
        with suppress(OSError):
            more = True
            while more and (self._waiting or self._last):
                chunk, self._waiting, more = self._waiting, b"", not self._last
                await self._send({"type": "http.response.body", "body": chunk, "more_body": more})
        self._sending = None


def _event(payment: Payment, language: str, now: Instant) -> bytes:
    body = msgspec.json.encode(status_body(payment, language, now))
    return b"id: %d\nevent: status\ndata: %s\n\n" % (payment.version, body)


def is_over(payment: Payment, now: Instant) -> bool:
    """Whether a page has nothing more to wait for."""
    return payment.status == Status.COMPLETED or (payment.status == Status.FAILED and not payment.is_locked(now))


def _last_seen(request: Request) -> int:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - a sane version


_EVENT: Final = {
    "type": "object",
    "description": "One event; its `data` is the status body as JSON, or an empty object at the end.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["status", "end"]},
        "id": {"type": "string", "pattern": "^[0-9]+$", "description": "The payment's version."},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_EVENTS: Final[Mapping[str, Any]] = {
    "summary": "Watch a payment",
    "description": "Server-sent events named `status`, each with the whole status body; the id is the payment's "
    "version. `end` says that nothing more will come. Send `Last-Event-ID` when you come back.",
    "more": {
        "security": NEEDS_TOKEN,
        "operationId": "paymentEvents",
        "parameters": [
            TRANSACTION_ID,
            header(
                "Last-Event-ID",
                "The id of the last event that was seen: only what changed since is sent. Browsers send it by "
                "themselves.",
                {"type": "string", "example": "2"},
            ),
        ],
    },
    "responses": {
        "200": {"description": "The events.", "content": {"text/event-stream": {"schema": _EVENT}}},
        "204": {"description": "The payment has ended, and the caller has seen how."},
    }
    | refusals("not_found", "too_many_requests"),
}
