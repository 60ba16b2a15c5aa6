"""A payment's status as it changes: server-sent events for the page that waits (law 9).

Each event is the whole status body; its id is the payment's version, so that a page that comes back names what it has
seen. The stream ends, saying so, when the payment is completed, or has failed and its lock is over; coming back after
that is answered with 204, which tells a browser to stay away.
"""

from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pokea.api.openapi import NEEDS_TOKEN, Application, describe, refusals
from pokea.clock import SECOND, Clock, Instant
from pokea.events.hub import Hub
from pokea.payments import store
from pokea.payments.routes import PREFIX, PaymentRoutes, language_of
from pokea.payments.schemas import is_locked, status_body
from pokea.payments.status import Status
from pokea.payments.store import Payment
from pokea.storage.database import Database

HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": still here\n\n"
_END = b"event: end\ndata: {}\n\n"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventRoutes:
    """The stream of one payment."""

    def __init__(self, database: Database, payments: PaymentRoutes, hub: Hub, clock: Clock) -> None:
        self._database = database
        self._payments = payments
        self._hub = hub
        self._clock = clock

    def add_to(self, application: Application) -> None:
        """Add the call and its description."""
        path = f"{PREFIX}/status/{{transactionId}}/events"
        application.add_route(path, self._events, methods=["GET"])
        describe(application, path, "get", _OPERATION)

    async def _events(self, request: Request) -> Response:
        payment = await self._payments.readable_payment(request)
        seen = _last_seen(request)
        if is_over(payment, self._clock.now()) and seen >= payment.version:
            return Response(status_code=204)
        stream = self._stream(payment, seen, language_of(request))
        return StreamingResponse(stream, headers=_HEADERS, media_type="text/event-stream")

    async def _stream(self, payment: Payment, seen: int, language: str) -> AsyncIterator[bytes]:
        with self._hub.watch(payment.id, payment.version) as watcher:
            if payment.version > seen:
                yield self._event(payment, language)
            while not is_over(payment, self._clock.now()):
                changed = await watcher.wait(self._patience_seconds(payment))
                if self._hub.is_closed:
                    return
                if changed:
                    found = await self._database.read(store.find, payment.id)
                    payment = found or payment
                    yield self._event(payment, language)
                elif not is_over(payment, self._clock.now()):
                    yield _HEARTBEAT
                else:
                    # The lock is over: what was not to be tried again a moment ago may be now.
                    yield self._event(payment, language)
            yield _END

    def _event(self, payment: Payment, language: str) -> bytes:
        body = msgspec.json.encode(status_body(payment, language, self._clock.now()))
        return b"id: %d\nevent: status\ndata: %s\n\n" % (payment.version, body)

    def _patience_seconds(self, payment: Payment) -> float:
        if payment.status != Status.FAILED:
            return HEARTBEAT_SECONDS
        return min(HEARTBEAT_SECONDS, max(0.0, (payment.locked_until - self._clock.now()) / SECOND))


def is_over(payment: Payment, now: Instant) -> bool:
    """Whether a page has nothing more to wait for."""
    return payment.status == Status.COMPLETED or (payment.status == Status.FAILED and not is_locked(payment, now))


def _last_seen(request: Request) -> int:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - a sane version


_OPERATION = {
    "tags": ["Payments"],
    "security": NEEDS_TOKEN,
    "summary": "Watch a payment",
    "operationId": "paymentEvents",
    "description": "Server-sent events named `status`, each with the whole status body; the id is the payment's "
    "version. `end` says that nothing more will come. Send `Last-Event-ID` when you come back.",
    "parameters": [
        {"name": "transactionId", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}},
    ],
    "responses": {
        "200": {"description": "The events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        "204": {"description": "The payment has ended, and the caller has seen how."},
    }
    | refusals("not_found"),
}
