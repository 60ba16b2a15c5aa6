"""What became of the events of an endpoint, over HTTP: the list of pairs, sending again, and enabling."""

from typing import Any, Final, Literal

from pydantic import Field, StrictStr, field_validator
from sqlalchemy import Connection, select
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN
from pokea.api.bodies import Incoming, Outgoing, read_body, read_optional_body, read_query
from pokea.api.call_router import CallRouter
from pokea.api.dates import parse_instant
from pokea.api.openapi import NEEDS_TOKEN, answers, query_parameters, refusals, takes
from pokea.api.responses import model_answer
from pokea.clock import Clock, Instant, iso
from pokea.errors import ApiError, invalid
from pokea.events.schemas import known_pattern
from pokea.events.types import PATTERNS
from pokea.scope import Scope
from pokea.storage.tables import deliveries
from pokea.webhooks import schemas
from pokea.webhooks.batches import versions_of_text
from pokea.webhooks.changes import NO_ENDPOINT
from pokea.webhooks.replaying import ReplayRequest, enable, replay
from pokea.webhooks.routes import NO_STORE, PATH_ID, PREFIX, HookParts, endpoint_id_of
from pokea.webhooks.store import find_endpoint

_MOST_OBJECTS: Final = 100
_OBJECT: Final = "^[A-Za-z0-9_-]{1,64}$"
_AFTER_ALL: Final = "~"
PairStatus = Literal["delivered", "waiting", "failing", "parked"]


class ReplayEvents(Incoming):
    """Which events are sent again: all that the endpoint subscribes to, or those that fit what is given here."""

    since: StrictStr | None = Field(None, description="Only what happened from this day or instant on.")
    until: StrictStr | None = Field(None, description="Only what happened until this day or instant.")
    types: list[StrictStr] | None = Field(
        None,
        description="Only events of these types.",
        json_schema_extra={"items": {"type": "string", "enum": list(PATTERNS)}},
    )
    objects: list[StrictStr] | None = Field(
        None, max_length=_MOST_OBJECTS, description="Only events of the objects of these ids."
    )

    @field_validator("types")
    @classmethod
    def _known(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [known_pattern("types", each) for each in value]


class EnableWebhook(Incoming):
    """From where events are sent again."""

    from_: StrictStr = Field(
        alias="from",
        description="`disabled`: all that happened meanwhile. `now`: nothing of it. Or an instant from which on.",
    )


class DeliveriesQuery(Incoming):
    """Which pairs are asked for."""

    limit: int = Field(20, ge=1, le=schemas.MOST_LISTED, description="How many are shown at most.")
    cursor: str | None = Field(None, pattern=_OBJECT, description="`nextCursor` of an earlier answer.")
    object: str | None = Field(None, pattern=_OBJECT, description="Only the object of this id.")
    parked: bool | None = Field(None, description="Only pairs that are parked, or only others.")


class DeliveryBody(Outgoing):
    """How far an object has come at the endpoint."""

    object: str = Field(description="The object's id.")
    acked_version: int = Field(description="The endpoint has this version and those before that it subscribes to.")
    wanted_version: int = Field(description="The newest version that it subscribes to.")
    again: list[int] = Field(description="Versions that are sent again.")
    status: PairStatus = Field(description="`parked`: ten attempts failed while other events arrived; replay it.")
    attempts: int = Field(description="Failures in a row while other events arrived.")
    due_at: str | None = Field(description="From when on it is sent; null where nothing waits.")
    tried_at: str | None = Field(description="When something was last sent.")
    tried_version: int | None
    answer_status: int | None = Field(description="The status that came then; 0 for none.")
    answer: str | None = Field(description="The beginning of that answer, or why there was none.")


class DeliveriesAnswer(Outgoing):
    """A page of pairs."""

    success: Literal[True] = True
    deliveries: list[DeliveryBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class ReplayAnswer(Outgoing):
    """What is sent again."""

    success: Literal[True] = True
    webhook: schemas.WebhookBody
    event_count: int = Field(description="How many events are sent again.")
    object_count: int = Field(description="Of how many objects.")


_DELIVERY_EXAMPLE: Final[dict[str, Any]] = {
    "object": "pay_01m8emqmy4c4d2q0mmaz7hwc6r",
    "ackedVersion": 2,
    "wantedVersion": 3,
    "again": [],
    "status": "failing",
    "attempts": 1,
    "dueAt": "2026-11-27T13:57:22.101Z",
    "triedAt": "2026-11-27T13:57:20.101Z",
    "triedVersion": 3,
    "answerStatus": 500,
    "answer": "Internal Server Error",
}
_DELIVERIES_EXAMPLE: Final[dict[str, Any]] = {"success": True, "deliveries": [_DELIVERY_EXAMPLE], "nextCursor": None}
_REPLAY_EXAMPLE: Final[dict[str, Any]] = schemas.ONE_EXAMPLE | {"eventCount": 12, "objectCount": 4}


class DeliveryRoutes:
    """GET of deliveries; POST of a replay, and of enabling."""

    def __init__(self, parts: HookParts) -> None:
        self._parts = parts

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(f"{PREFIX}/{{webhookId}}", "webhooks")
        by_id: dict[str, Any] = {"security": NEEDS_TOKEN, "parameters": [PATH_ID]}
        router.add(
            "/deliveries", self._list, method="GET", summary="See how far each object has come at an endpoint",
            description="One entry an object, those with the greatest ids first.",
            responses=refusals("invalid_request", "not_found")
            | {200: answers("A page of deliveries.", DeliveriesAnswer, _DELIVERIES_EXAMPLE)},
            more={
                "security": NEEDS_TOKEN, "parameters": [PATH_ID, *query_parameters(DeliveriesQuery)],
            },
        )  # fmt: skip
        router.add(
            "/replay", self._replay, method="POST", summary="Send events to an endpoint again",
            description="The same ids and the same bodies, in the order of each object's versions.",
            responses=refusals("not_found", "webhook_disabled", body=True)
            | {202: answers("What is sent again.", ReplayAnswer, _REPLAY_EXAMPLE)},
            more=by_id | {"requestBody": takes(ReplayEvents, {"since": "2026-11-27"}) | {"required": False}},
        )  # fmt: skip
        router.add(
            "/enable", self._enable, method="POST", summary="Send to a disabled endpoint again",
            responses=refusals("not_found", body=True)
            | {200: answers("The endpoint.", schemas.WebhookAnswer, schemas.ONE_EXAMPLE)},
            more=by_id | {"requestBody": takes(EnableWebhook, {"from": "disabled"})},
        )  # fmt: skip
        return router

    async def _list(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id, query = endpoint_id_of(request), read_query(request, DeliveriesQuery)
        found = await self._parts.database.read(page_of_deliveries, caller.scope, endpoint_id, query)
        if found is None:
            raise ApiError("not_found", NO_ENDPOINT)
        shown = found[: query.limit]
        more = shown[-1].object if len(found) > len(shown) else None
        return model_answer(DeliveriesAnswer(deliveries=shown, next_cursor=more), headers=NO_STORE)

    async def _replay(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id, wanted = endpoint_id_of(request), await read_optional_body(request, ReplayEvents)
        asked = ReplayRequest(
            parse_instant("since", wanted.since, end_of_day=False),
            parse_instant("until", wanted.until, end_of_day=True),
            wanted.types,
            wanted.objects,
        )
        now = self._parts.clock.now()
        replayed = await self._parts.database.write(replay, caller.scope, endpoint_id, asked, now)
        self._parts.wake()
        answer = ReplayAnswer(
            webhook=schemas.webhook_body(replayed.endpoint),
            event_count=replayed.events,
            object_count=replayed.objects,
        )
        return model_answer(answer, 202, NO_STORE)

    async def _enable(self, request: Request) -> Response:
        caller = await self._parts.gate.require(request, ADMIN)
        endpoint_id, wanted = endpoint_id_of(request), await read_body(request, EnableWebhook)
        since, now = _since(wanted.from_, self._parts.clock), self._parts.clock.now()
        endpoint = await self._parts.database.write(enable, caller.scope, endpoint_id, since, now)
        self._parts.wake()
        return model_answer(schemas.WebhookAnswer(webhook=schemas.webhook_body(endpoint)), headers=NO_STORE)


def page_of_deliveries(
    connection: Connection, scope: Scope, endpoint_id: str, query: DeliveriesQuery
) -> list[DeliveryBody] | None:
    """The pairs of the merchant's endpoint, one more than is shown; None when there is no such endpoint."""
    if find_endpoint(connection, scope, endpoint_id) is None:
        return None
    columns = deliveries.c
    page = select(deliveries).where(
        columns.endpoint_id == endpoint_id, columns.object_id < (query.cursor or _AFTER_ALL)
    )
    if query.object is not None:
        page = page.where(columns.object_id == query.object)
    if query.parked is not None:
        page = page.where(columns.parked_at.is_not(None) if query.parked else columns.parked_at.is_(None))
    rows = connection.execute(page.order_by(columns.object_id.desc()).limit(query.limit + 1))
    return [_shown(row) for row in rows]


def _shown(row: Any) -> DeliveryBody:
    waits = row.acked_version < row.wanted_version or bool(row.again)
    status: PairStatus = "waiting" if waits else "delivered"
    if row.parked_at is not None:
        status = "parked"
    elif waits and row.tried_at is not None and not 200 <= (row.answer_status or 0) < 300:  # noqa: PLR2004 - success
        status = "failing"
    return DeliveryBody(
        object=row.object_id,
        acked_version=row.acked_version,
        wanted_version=row.wanted_version,
        again=versions_of_text(row.again),
        status=status,
        attempts=row.attempts,
        due_at=iso(row.due_at) if status in ("waiting", "failing") else None,
        tried_at=iso(row.tried_at),
        tried_version=row.tried_version,
        answer_status=row.answer_status,
        answer=row.answer,
    )


def _since(text: str, clock: Clock) -> Instant | None:
    if text == "disabled":
        return None
    now = clock.now()
    if text == "now":
        return now
    try:
        since = parse_instant("from", text, end_of_day=False)
    except ApiError:
        raise invalid("from", "`from` must be `disabled`, `now`, or an instant such as 2026-01-31T09:00:00Z.") from None
    if since is None or since > now:
        raise invalid("from", "`from` must not be in the future.")
    return since
