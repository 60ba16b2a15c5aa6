"""The calls about endpoints of webhooks, as values: what is sent where, and what became of it."""

from collections.abc import Sequence
from datetime import date
from typing import Literal, TypeAlias
from urllib.parse import urlencode

import msgspec

from pokea.client.answers import Page, nothing, one, page_of
from pokea.client.calls import LEFT, Call, Left, given, moment_text, posting, segment
from pokea.client.models import Delivery, Webhook

Since: TypeAlias = Literal["disabled", "now"] | date
"""From where an endpoint is sent to again: from its disabling, from now, or from a day or an instant on."""


class Resent(msgspec.Struct, frozen=True, rename="camel"):
    """How much a replay sends again: so many events, of so many objects."""

    event_count: int
    object_count: int


def make_endpoint(
    key: str, url: str, types: Sequence[str], *, description: str | None, latest_only: bool
) -> Call[Webhook]:
    """POST /webhooks."""
    body = given(url=url, types=types, description=description, latestOnly=latest_only)
    return posting("/webhooks", body, key, one(Webhook, "webhook"))


def read_endpoint(webhook_id: str) -> Call[Webhook]:
    """GET /webhooks/{id}."""
    return Call("GET", f"/webhooks/{segment(webhook_id)}", one(Webhook, "webhook"))


def list_endpoints(limit: int = 100, cursor: str | None = None) -> Call[Page[Webhook]]:
    """GET /webhooks."""
    return Call("GET", f"/webhooks?{urlencode(given(limit=limit, cursor=cursor))}", page_of(Webhook, "webhooks"))


def change_endpoint(
    webhook_id: str,
    *,
    url: str | None = None,
    types: Sequence[str] | None = None,
    description: str | Left | None = LEFT,
    latest_only: bool | None = None,
) -> Call[Webhook]:
    """PATCH /webhooks/{id}."""
    body = given(url=url, types=types, latestOnly=latest_only)
    if not isinstance(description, Left):
        body["description"] = description
    return Call("PATCH", f"/webhooks/{segment(webhook_id)}", one(Webhook, "webhook"), msgspec.json.encode(body))


def delete_endpoint(webhook_id: str) -> Call[None]:
    """DELETE /webhooks/{id}."""
    return Call("DELETE", f"/webhooks/{segment(webhook_id)}", nothing)


def rotate_secret(key: str, webhook_id: str, expire_in_seconds: int | None) -> Call[Webhook]:
    """POST /webhooks/{id}."""
    body = given(expireInSeconds=expire_in_seconds)
    return posting(f"/webhooks/{segment(webhook_id)}/rotate", body, key, one(Webhook, "webhook"))


def ping_endpoint(webhook_id: str) -> Call[str]:
    """POST /webhooks/{id}."""
    return Call("POST", f"/webhooks/{segment(webhook_id)}/ping", one(str, "eventId"))


def enable_endpoint(webhook_id: str, since: Since) -> Call[Webhook]:
    """POST /webhooks/{id}."""
    body = {"from": since if isinstance(since, str) else moment_text(since)}
    return Call("POST", f"/webhooks/{segment(webhook_id)}/enable", one(Webhook, "webhook"), msgspec.json.encode(body))


def list_deliveries(
    webhook_id: str, *, object_id: str | None, parked: bool | None, limit: int = 100, cursor: str | None = None
) -> Call[Page[Delivery]]:
    """GET /webhooks/{id}."""
    flag = None if parked is None else str(parked).lower()
    query = urlencode(given(object=object_id, parked=flag, limit=limit, cursor=cursor))
    return Call("GET", f"/webhooks/{segment(webhook_id)}/deliveries?{query}", page_of(Delivery, "deliveries"))


def replay_events(
    webhook_id: str,
    *,
    since: date | None = None,
    until: date | None = None,
    types: Sequence[str] | None = None,
    objects: Sequence[str] | None = None,
) -> Call[Resent]:
    """POST /webhooks/{id}."""
    body = given(since=moment_text(since), until=moment_text(until), types=types, objects=objects)
    return Call("POST", f"/webhooks/{segment(webhook_id)}/replay", _resent, msgspec.json.encode(body))


def _resent(body: bytes) -> Resent:
    return msgspec.json.decode(body, type=Resent)
