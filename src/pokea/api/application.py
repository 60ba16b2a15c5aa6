"""The application without its domains: failures, ids, bounds and headers, and the pages that every service has."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from pokea import __version__
from pokea.api.auth.callers import bearer_token
from pokea.api.auth.keys import unauthenticated
from pokea.api.errors import exception_handlers
from pokea.api.fast_path import FastPath, FastRoutes
from pokea.api.metrics import CONTENT_TYPE, HTTP_REQUESTS, Metrics
from pokea.api.middleware import BodyBound, ErrorBoundary, RequestContext, RequestContextMiddleware
from pokea.api.openapi import Application, refusals
from pokea.api.person_page import STYLESHEET, STYLESHEET_PATH
from pokea.api.readiness import Readiness, ReadinessCheck
from pokea.api.responses import json_answer
from pokea.clock import Clock
from pokea.errors import ApiError
from pokea.ids import Ids
from pokea.redact import Secret

_TAKEN_ACROSS_SITES = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-Id")
_SHOWN_ACROSS_SITES = ("Date", "Idempotency-Replayed", "Retry-After", "X-Request-Id")
"""`Date` lets a page whose clock is wrong count down all the same."""
_DESCRIPTION = (
    "Takes M-Pesa payments for bookings through Safaricom's Daraja API.\n\n"
    "Amounts are whole Kenyan shillings. Times are UTC. Whatever is refused is answered with a `Problem`."
)


def new_application(
    clock: Clock,
    ids: Ids,
    metrics: Metrics,
    *,
    readiness: Mapping[str, ReadinessCheck] | None = None,
    metrics_token: Secret | None = None,
    api_docs: bool = True,
    https: bool = False,
    allowed_origins: Sequence[str] = (),
    shortcuts: FastRoutes | None = None,
    lifespan: Any = None,
) -> Application:
    """An application to which the domains add their routes.

    `readiness` names what must answer before /readyz says so; `metrics_token` is what /metrics asks for, if anything;
    `api_docs` says whether /openapi.json is served; `https` that browsers reach the service by HTTPS alone.
    `allowed_origins` are the sites whose pages may call; `shortcuts` find what is answered before the general stack.
    """
    requests = metrics.counter(HTTP_REQUESTS)
    framing = RequestContext(clock, ids, requests, https=https)
    application = Application(
        framing,
        shortcuts or {},
        {"title": "Pokea", "version": __version__, "description": _DESCRIPTION},
        lifespan=lifespan,
        exception_handlers=exception_handlers(),
        around=[
            Middleware(RequestContextMiddleware, framing=framing),
            *_across_sites(allowed_origins),
            Middleware(BodyBound),
            Middleware(FastPath, shortcuts=shortcuts or {}),
        ],
        middleware=[Middleware(ErrorBoundary)],
    )
    _add_health(application, Readiness(readiness or {}))
    _add_metrics(application, metrics, metrics_token)
    _add_stylesheet(application)
    if api_docs:
        _add_document(application)
    return application


def _across_sites(allowed_origins: Sequence[str]) -> list[Middleware]:
    """Nothing is allowed unless a site is named, so that without one no header of it is sent."""
    if not allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=[origin.rstrip("/") for origin in allowed_origins],
            allow_methods=("GET", "POST"),
            allow_headers=_TAKEN_ACROSS_SITES,
            expose_headers=_SHOWN_ACROSS_SITES,
        )
    ]


def _add_health(application: Application, readiness: Readiness) -> None:
    async def healthz(_request: Request) -> Response:
        return json_answer({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        unready = await readiness.unready()
        if unready:
            raise ApiError("unavailable", f"Not ready: {', '.join(unready)}.", retry_after_seconds=1)
        return json_answer({"status": "ready"})

    application.add_route("/healthz", healthz)
    application.add_route("/readyz", readyz)
    alive = _plain("Whether the process answers", "It does.", _saying("ok"), {"status": "ok"})
    ready = _plain("Whether the service can take payments", "It can.", _saying("ready"), {"status": "ready"})
    application.describe("/healthz", "get", alive)
    application.describe("/readyz", "get", ready | {"responses": ready["responses"] | refusals(token=False)})


def _add_metrics(application: Application, metrics: Metrics, token: Secret | None) -> None:
    async def show(request: Request) -> Response:
        if token is not None and not hmac.compare_digest(bearer_token(request).encode(), token.reveal().encode()):
            raise unauthenticated("This is not the token that POKEA_METRICS_TOKEN names.")
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    application.add_route("/metrics", show)
    text, example = {"type": "string"}, 'pokea_payments_total{event="completed",reason=""} 3\n'
    described = _plain("Counters for Prometheus", "The text format of Prometheus.", text, example, "text/plain")
    refused = refusals("unauthenticated", token=False)
    application.describe("/metrics", "get", described | {"responses": described["responses"] | refused})


def _add_stylesheet(application: Application) -> None:
    async def stylesheet(_request: Request) -> Response:
        return Response(STYLESHEET, media_type="text/css")

    application.add_route(STYLESHEET_PATH, stylesheet)


def _add_document(application: Application) -> None:
    async def document(_request: Request) -> Response:
        return json_answer(application.openapi())

    application.add_route("/openapi.json", document)


def _saying(status: str) -> dict[str, Any]:
    return {"type": "object", "required": ["status"], "properties": {"status": {"type": "string", "const": status}}}


def _plain(
    summary: str, answer: str, schema: Mapping[str, Any], example: object, content: str = "application/json"
) -> dict[str, Any]:
    """The description of a call without parameters."""
    body = {content: {"schema": schema, "example": example}}
    responses: dict[int | str, Any] = {200: {"description": answer, "content": body}}
    return {"tags": ["service"], "summary": summary, "responses": responses}
