"""The endpoints of webhooks over HTTP, for an admin."""

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import read_body, read_optional_body, read_query
from pokea.api.call_router import CallRouter
from pokea.api.idempotency import REPLAYED, idempotency_key
from pokea.api.openapi import (
    IDEMPOTENCY_KEY,
    NEEDS_TOKEN,
    answers,
    path_id,
    query_parameters,
    refusals,
    takes,
)
from pokea.api.responses import model_answer
from pokea.clock import Clock, seconds
from pokea.courier import Courier
from pokea.errors import ApiError, invalid
from pokea.events.body import event_id
from pokea.ids import Ids, RandomBytes
from pokea.redact import Secret
from pokea.storage.database import Database
from pokea.storage.sealing import Seal
from pokea.webhooks import schemas
from pokea.webhooks.address import Door, port_of, read_endpoint_url
from pokea.webhooks.changes import (
    NO_ENDPOINT,
    MadeEndpoint,
    change_endpoint,
    make_endpoint,
    remove_endpoint,
    rotate_secret,
    send_ping,
)
from pokea.webhooks.model import ENDPOINT_ID, PING_ID, SECRET_ID, Endpoint
from pokea.webhooks.signing import SECRET_BYTES, secret_of
from pokea.webhooks.store import SealedSecret, find_endpoint, page_of_endpoints

PREFIX: Final = "/api/v1/webhooks"
NO_STORE: Final = {"Cache-Control": "no-store"}
PATH_ID: Final = path_id("webhookId", "The endpoint's `id`.", schemas.BODY_EXAMPLE["id"])
_ROUTE: Final = f"POST {PREFIX}"
_ID: Final = re.compile(rf"{ENDPOINT_ID}_[0-9a-z]{{26}}")
_AFTER_ALL: Final = f"{ENDPOINT_ID}_~"
_SHOWN_BEFORE: Final = "The first call with this Idempotency-Key has shown the secret; it is not shown again."


class HookParts(NamedTuple):
    """What the calls of webhooks need. `wake` says that something may be due."""

    gate: Authenticator
    database: Database
    clock: Clock
    ids: Ids
    random_bytes: RandomBytes
    seal: Seal
    door: Door
    courier: Courier
    wake: Callable[[], None]


def endpoint_id_of(request: Request) -> str:
    """The id in the path. Raises ApiError `not_found` for what is none."""
    endpoint_id: str = request.path_params["webhookId"]
    if not _ID.fullmatch(endpoint_id):
        raise ApiError("not_found", NO_ENDPOINT)
    return endpoint_id


class EndpointRoutes:
    """POST, GET, PATCH and DELETE of endpoints, and their secrets."""

    def __init__(self, parts: HookParts) -> None:
        self._parts = parts

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "webhooks")
        one: dict[int | str, dict[str, Any]] = {
            200: answers("The endpoint.", schemas.WebhookAnswer, schemas.ONE_EXAMPLE)
        }
        new = answers("The endpoint, and its secret, once.", schemas.WebhookAnswer, schemas.NEW_EXAMPLE)
        by_id: dict[str, Any] = {"security": NEEDS_TOKEN, "parameters": [PATH_ID]}
        router.add(
            "", self._post, method="POST", summary="Make an endpoint that events are sent to",
            responses=refusals("idempotency_key_reused", "not_found", "too_many_webhooks", body=True) | {201: new},
            more={
                "security": NEEDS_TOKEN, "parameters": [IDEMPOTENCY_KEY],
                "requestBody": takes(schemas.CreateWebhook, schemas.REQUEST_EXAMPLE),
            },
        )  # fmt: skip
        router.add(
            "", self._list, method="GET", summary="See the endpoints, newest first",
            responses=refusals("invalid_request")
            | {200: answers("A page of endpoints.", schemas.WebhooksAnswer, schemas.LIST_EXAMPLE)},
            more={"security": NEEDS_TOKEN, "parameters": query_parameters(schemas.WebhooksQuery)},
        )  # fmt: skip
        router.add(
            "/{webhookId}", self._get, method="GET", summary="Read an endpoint",
            responses=refusals("not_found") | one, more=by_id,
        )  # fmt: skip
        router.add(
            "/{webhookId}", self._patch, method="PATCH", summary="Change an endpoint's address, types or words",
            responses=refusals("not_found", body=True) | one,
            more=by_id | {"requestBody": takes(schemas.ChangeWebhook, {"types": ["payment.completed"]})},
        )  # fmt: skip
        router.add(
            "/{webhookId}", self._delete, method="DELETE", summary="Delete an endpoint; nothing is sent any more",
            responses=refusals("not_found")
            | {200: answers("It is gone.", schemas.WebhookDeleted, {"success": True})},
            more=by_id,
        )  # fmt: skip
        self._add_calls_of_one(router)
        return router

    def _add_calls_of_one(self, router: CallRouter) -> None:
        new = answers("The endpoint, and its secret, once.", schemas.WebhookAnswer, schemas.NEW_EXAMPLE)
        pinged = answers("It is sent next.", schemas.PingAnswer, schemas.PING_EXAMPLE)
        router.add(
            "/{webhookId}/rotate", self._rotate, method="POST", summary="Give an endpoint a new secret",
            responses=refusals("not_found", "idempotency_key_reused", "too_many_webhooks", body=True) | {200: new},
            more={
                "security": NEEDS_TOKEN, "parameters": [PATH_ID, IDEMPOTENCY_KEY],
                "requestBody": takes(schemas.RotateSecret, {"expireInSeconds": 86400}) | {"required": False},
            },
        )  # fmt: skip
        router.add(
            "/{webhookId}/ping", self._ping, method="POST",
            summary="Send an endpoint a `webhook.ping`",
            responses=refusals("not_found", "webhook_disabled", body=True) | {202: pinged},
            more={"security": NEEDS_TOKEN, "parameters": [PATH_ID]},
        )  # fmt: skip

    async def _post(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        wanted = await read_body(request, schemas.CreateWebhook)
        key = idempotency_key(request, caller, _ROUTE, wanted.model_dump_json().encode())
        await self._check(wanted.url)
        endpoint = Endpoint(
            id=self._parts.ids.new(ENDPOINT_ID),
            merchant_id=caller.scope.merchant_id,
            url=wanted.url,
            types=" ".join(wanted.types),
            description=wanted.description,
            is_latest_only=wanted.latest_only,
            created_at=self._parts.clock.now(),
        )
        secret, sealed = self._new_secret(endpoint.id)
        made = await self._parts.database.write(make_endpoint, endpoint, sealed, key)
        self._parts.wake()
        return self._with_secret(made, secret, 201)

    async def _list(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        query = read_query(request, schemas.WebhooksQuery)
        found = await self._parts.database.read_one(
            page_of_endpoints, caller.scope, query.cursor or _AFTER_ALL, query.limit + 1
        )
        shown = found[: query.limit]
        more = shown[-1].id if len(found) > len(shown) else None
        listed = schemas.WebhooksAnswer(webhooks=[schemas.webhook_body(each) for each in shown], next_cursor=more)
        return model_answer(listed, headers=NO_STORE)

    async def _get(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint = await self._parts.database.read_one(find_endpoint, caller.scope, endpoint_id_of(request))
        if endpoint is None:
            raise ApiError("not_found", NO_ENDPOINT)
        return model_answer(schemas.WebhookAnswer(webhook=schemas.webhook_body(endpoint)), headers=NO_STORE)

    async def _patch(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id = endpoint_id_of(request)
        changes = await read_body(request, schemas.ChangeWebhook)
        if changes.url is not None:
            await self._check(changes.url)
        columns = schemas.columns_of_change(changes)
        changed = await self._parts.database.write(change_endpoint, caller.scope, endpoint_id, columns)
        self._parts.wake()
        return model_answer(schemas.WebhookAnswer(webhook=schemas.webhook_body(changed)), headers=NO_STORE)

    async def _delete(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        await self._parts.database.write(remove_endpoint, caller.scope, endpoint_id_of(request))
        return model_answer(schemas.WebhookDeleted())

    async def _rotate(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id = endpoint_id_of(request)
        wanted = await read_optional_body(request, schemas.RotateSecret)
        route = f"{_ROUTE}/{endpoint_id}/rotate"
        key = idempotency_key(request, caller, route, wanted.model_dump_json().encode())
        secret, sealed = self._new_secret(endpoint_id)
        until = sealed.created_at + seconds(wanted.expire_in_seconds)
        made = await self._parts.database.write(rotate_secret, caller.scope, sealed, until, key)
        return self._with_secret(made, secret, 200)

    async def _ping(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id = endpoint_id_of(request)
        await read_optional_body(request, schemas.SendPing)
        ping_id, now = self._parts.ids.new(PING_ID), self._parts.clock.now()
        endpoint = await self._parts.database.write(send_ping, caller.scope, endpoint_id, ping_id, now)
        self._parts.wake()
        pinged = schemas.PingAnswer(webhook=schemas.webhook_body(endpoint), event_id=event_id(ping_id, 1))
        return model_answer(pinged, 202, NO_STORE)

    async def _check(self, url: str) -> None:
        """Raises ApiError `invalid_request` for an address to which nothing would be sent."""
        door = self._parts.door
        try:
            address = read_endpoint_url(url, door)
        except ValueError as failure:
            raise invalid("url", f"`url` cannot be used: {failure}.") from None
        addresses = await self._parts.courier.resolve(address.host, port_of(address))
        if door.allowance_for(address).refused(address.host, addresses):
            says = "its host resolves to an address that is not public; POKEA_WEBHOOK_ALLOW lists what is allowed"
            raise invalid("url", f"`url` cannot be used: {says}.")

    def _new_secret(self, endpoint_id: str) -> tuple[Secret, SealedSecret]:
        secret = secret_of(self._parts.random_bytes(SECRET_BYTES))
        secret_id = self._parts.ids.new(SECRET_ID)
        sealed = self._parts.seal.close(secret_id, secret)
        return secret, SealedSecret(secret_id, endpoint_id, sealed, self._parts.clock.now())

    def _with_secret(self, made: MadeEndpoint, secret: Secret, status: int) -> Response:
        if made.replayed:
            answer = schemas.WebhookAnswer(webhook=schemas.webhook_body(made.endpoint), message=_SHOWN_BEFORE)
            return model_answer(answer, status, NO_STORE | REPLAYED)
        answer = schemas.WebhookAnswer(webhook=schemas.webhook_body(made.endpoint, secret))
        return model_answer(answer, status, NO_STORE)
