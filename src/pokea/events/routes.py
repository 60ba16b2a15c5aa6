"""The list of events over HTTP, for an admin: what happened, in order and without a gap."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import read_query
from pokea.api.call_router import CallRouter
from pokea.api.openapi import NEEDS_TOKEN, answers, query_parameters, refusals
from pokea.api.responses import model_answer
from pokea.events.body import body_fields, event_id
from pokea.events.numbering import NumberedEvent
from pokea.events.schemas import EVENTS_EXAMPLE, EventBody, EventsAnswer, EventsQuery
from pokea.events.store import Chosen, list_events
from pokea.scope import Scope
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/events"


class EventList:
    """Answers what a call asks of the events; who may ask is decided before."""

    def __init__(self, database: Database, *, livemode: bool, environment: str) -> None:
        self._database = database
        self._livemode = livemode
        self._environment = environment

    async def answer(self, request: Request, scope: Scope) -> Response:
        """A page of the merchant's events. Raises ApiError `invalid_request`."""
        query = read_query(request, EventsQuery)
        chosen = Chosen(query.after, query.type, query.object, query.limit)
        page = await self._database.read(list_events, scope, chosen)
        shown = [_listed(each, livemode=self._livemode) for each in page.events]
        answer = EventsAnswer(events=shown, next=page.next_after, latest=page.latest, environment=self._environment)
        return model_answer(answer, headers={"Cache-Control": "no-store"})


def event_list_routes(gate: Authenticator, database: Database, *, livemode: bool, environment: str) -> CallRouter:
    """GET of the events."""
    router = CallRouter(PREFIX, "events")

    events = EventList(database, livemode=livemode, environment=environment)

    async def get_events(request: Request) -> Response:
        caller = await gate.require(request, ADMIN)
        return await events.answer(request, caller.scope)

    router.add(
        "",
        get_events,
        method="GET",
        summary="Read what happened, in order and without a gap",
        description="To follow it, send 0 as `after`, and then each answer's `next`. Kept for POKEA_EVENTS_DAYS.",
        responses=refusals("invalid_request") | {200: answers("A page of events.", EventsAnswer, EVENTS_EXAMPLE)},
        more={"security": NEEDS_TOKEN, "parameters": query_parameters(EventsQuery)},
    )
    return router


def _listed(event: NumberedEvent, *, livemode: bool) -> EventBody:
    fields = body_fields(event, livemode=livemode)
    return EventBody(sequence=event.sequence, id=event_id(event.object_id, event.version), **fields)
