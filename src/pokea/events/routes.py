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
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/events"


def event_list_routes(gate: Authenticator, database: Database, *, livemode: bool, environment: str) -> CallRouter:
    """GET of the events."""
    router = CallRouter(PREFIX, "events")

    async def get_events(request: Request) -> Response:
        caller = await gate.require(request, ADMIN)
        query = read_query(request, EventsQuery)
        chosen = Chosen(query.after, query.type, query.object, query.limit)
        page = await database.read(list_events, caller.scope, chosen)
        shown = [_listed(each, livemode=livemode) for each in page.events]
        answer = EventsAnswer(events=shown, next=page.next_after, latest=page.latest, environment=environment)
        return model_answer(answer, headers={"Cache-Control": "no-store"})

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
