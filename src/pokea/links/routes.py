"""The links over HTTP, for an admin."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pokea.addresses import join_address
from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import read_body, read_query
from pokea.api.call_router import CallRouter
from pokea.api.dates import parse_instant
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
from pokea.clock import Clock, Instant
from pokea.errors import ApiError, invalid
from pokea.ids import Ids
from pokea.links.model import LINK_ID, Link, LinkView
from pokea.links.schemas import (
    EXAMPLE,
    LINK_EXAMPLE,
    LINKS_EXAMPLE,
    ChangeLink,
    CreateLink,
    LinkAnswer,
    LinkDeleted,
    LinksAnswer,
    LinksQuery,
    answer_of_link,
    body_of,
    check_link,
    columns_of,
)
from pokea.links.store import change_link, delete_link, find_own_link, list_links, make_link
from pokea.money import CENTS
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/links"
PAY: Final = "pay"
_ROUTE: Final = f"POST {PREFIX}"
_API: Final = "/api/v1/"
_ID: Final = re.compile(r"ln_[0-9a-z]{26}")
_AFTER_ALL: Final = f"{LINK_ID}_~"
_PATH_ID: Final = path_id("linkId", "The link's `id`.", LINK_EXAMPLE["id"])
_NO_LINK: Final = "There is no such link."


def site_of(callback_url: str) -> str:
    """The public address of the service, from the address of its callbacks: what stands before the API's path, or else
    the host alone."""
    before, found, _ = callback_url.partition(_API)
    return before if found else "/".join(callback_url.split("/")[:3])


class LinkRoutes:
    """POST, GET, PATCH and DELETE of links. `site` is where customers reach the service."""

    def __init__(self, gate: Authenticator, database: Database, clock: Clock, ids: Ids, site: str) -> None:
        self._gate = gate
        self._database = database
        self._clock = clock
        self._ids = ids
        self._site = site

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "links")
        one: dict[int | str, dict[str, Any]] = {200: answers("The link.", LinkAnswer, LINK_EXAMPLE)}
        by_id: dict[str, Any] = {"security": NEEDS_TOKEN, "parameters": [_PATH_ID]}
        router.add(
            "", self._post, method="POST", summary="Make a link that can be sent and paid",
            responses=refusals("idempotency_key_reused", "not_found", body=True)
            | {201: answers("The link, and its address.", LinkAnswer, LINK_EXAMPLE)},
            more={
                "security": NEEDS_TOKEN, "parameters": [IDEMPOTENCY_KEY], "requestBody": takes(CreateLink, EXAMPLE),
            },
        )  # fmt: skip
        router.add(
            "", self._list, method="GET", summary="See the links, newest first",
            responses=refusals("invalid_request")
            | {200: answers("A page of links.", LinksAnswer, LINKS_EXAMPLE)},
            more={"security": NEEDS_TOKEN, "parameters": query_parameters(LinksQuery)},
        )  # fmt: skip
        router.add(
            "/{linkId}", self._get, method="GET", summary="Read a link",
            responses=refusals("not_found") | one, more=by_id,
        )  # fmt: skip
        router.add(
            "/{linkId}", self._patch, method="PATCH", summary="Switch a link off or on, or change its words or end",
            responses=refusals("not_found", body=True) | one,
            more=by_id | {"requestBody": takes(ChangeLink, {"active": False})},
        )  # fmt: skip
        router.add(
            "/{linkId}", self._delete, method="DELETE", summary="Delete a link; its payments and receipts stay",
            responses=refusals("not_found") | {200: answers("It is gone.", LinkDeleted, {"success": True})},
            more=by_id,
        )  # fmt: skip
        return router

    async def _post(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        wanted = await read_body(request, CreateLink)
        check_link(wanted)
        key = idempotency_key(request, caller, _ROUTE, wanted.model_dump_json().encode())
        now = self._clock.now()
        link = Link(
            id=self._ids.new(LINK_ID),
            merchant_id=caller.scope.merchant_id,
            title=wanted.title,
            amount_cents=None if wanted.amount is None else wanted.amount * CENTS,
            reference=wanted.reference,
            expires_at=self._end(wanted.expires_at, now),
            is_once=wanted.once,
            is_active=True,
            booking_id=None,
            created_at=now,
        )
        made = await self._database.write(make_link, link, key)
        if made is None:
            raise ApiError("not_found", "The link that the first call with this Idempotency-Key made was deleted.")
        answer = answer_of_link(made.view, self._url(made.view), now)
        return model_answer(answer, 201, REPLAYED if made.replayed else None)

    async def _list(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        query = read_query(request, LinksQuery)
        # One more than is shown says whether there is a next page.
        found = await self._database.read_one(list_links, caller.scope, query.cursor or _AFTER_ALL, query.limit + 1)
        shown, now = found[: query.limit], self._clock.now()
        more = shown[-1].link.id if len(found) > len(shown) else None
        listed = LinksAnswer(links=[body_of(each, self._url(each), now) for each in shown], next_cursor=more)
        return model_answer(listed, headers={"Cache-Control": "no-store"})

    async def _get(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        view = await self._database.read_one(find_own_link, caller.scope, _link_id(request))
        return self._shown(view)

    async def _patch(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        link_id = _link_id(request)
        changes = await read_body(request, ChangeLink)
        columns = columns_of(changes, self._end(changes.expires_at, self._clock.now()))
        return self._shown(await self._database.write(change_link, caller.scope, link_id, columns))

    async def _delete(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        if not await self._database.write(delete_link, caller.scope, _link_id(request)):
            raise ApiError("not_found", _NO_LINK)
        return model_answer(LinkDeleted())

    def _shown(self, view: LinkView | None) -> Response:
        if view is None:
            raise ApiError("not_found", _NO_LINK)
        return model_answer(answer_of_link(view, self._url(view), self._clock.now()))

    def _url(self, view: LinkView) -> str:
        return join_address(self._site, PAY, view.link.id)

    def _end(self, text: str | None, now: Instant) -> Instant | None:
        end = parse_instant("expiresAt", text, end_of_day=True)
        if end is not None and end <= now:
            raise invalid("expiresAt", "`expiresAt` must be in the future; to end a link now, send `active` as false.")
        return end


def _link_id(request: Request) -> str:
    link_id: str = request.path_params["linkId"]
    if not _ID.fullmatch(link_id):
        raise ApiError("not_found", _NO_LINK)
    return link_id
