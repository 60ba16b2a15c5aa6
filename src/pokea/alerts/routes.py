"""The alerts over HTTP, for an admin."""

from typing import Any, Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from pokea.alerts.alert import AlertRow, level_of, read_alerts
from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import Outgoing
from pokea.api.call_router import CallRouter
from pokea.api.openapi import NEEDS_TOKEN, answers, refusals
from pokea.api.responses import model_answer
from pokea.clock import HOUR, Clock, Instant, iso
from pokea.storage.database import Database

OPEN_FOR: Final[Instant] = 24 * HOUR
_MOST_SHOWN: Final = 100


class AlertAnswer(Outgoing):
    """Something that a person must hear of."""

    code: str = Field(description="What kind of thing happened.")
    subject: str = Field(description="To what: a rule of the books, a payment, an address.")
    text: str
    level: str = Field(description="`failure`: payments or their books suffer. `warning`: a person should look.")
    open: bool = Field(description="Whether it was seen within the last day.")
    first_seen_at: str
    last_seen_at: str
    count: int = Field(description="In how many spans of ten seconds it was seen.")
    sent_at: str | None = Field(description="When it was last sent; null if it was not.")


class AlertsAnswer(Outgoing):
    """The newest alerts."""

    success: bool = True
    alerts: list[AlertAnswer]


_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "alerts": [
        {
            "code": "database_away",
            "subject": "writing",
            "text": "No writing of the database has worked for 10 s (timeout). Callbacks and pushes are answered with "
            "503 meanwhile, and payments are found out by questions afterwards. See that the database runs, answers, "
            "and has room on its disk.",
            "level": "failure",
            "open": True,
            "firstSeenAt": "2026-11-27T13:41:10.000Z",
            "lastSeenAt": "2026-11-27T13:57:20.000Z",
            "count": 4,
            "sentAt": "2026-11-27T13:41:11.212Z",
        }
    ],
}


def alert_routes(gate: Authenticator, database: Database, clock: Clock) -> CallRouter:
    """GET of the alerts."""
    router = CallRouter("/api/v1/alerts", "service")

    async def get_alerts(request: Request) -> Response:
        await gate.require(request, ADMIN)
        found = await database.read_one(read_alerts, _MOST_SHOWN)
        shown = AlertsAnswer(alerts=[_shown(each, clock.now()) for each in found])
        return model_answer(shown, headers={"Cache-Control": "no-store"})

    router.add(
        "",
        get_alerts,
        method="GET",
        summary="See the newest alerts",
        description="The hundred that were seen last, whether or not they were sent.",
        responses=refusals() | {200: answers("The alerts, the last seen first.", AlertsAnswer, _EXAMPLE)},
        more={"security": NEEDS_TOKEN},
    )
    return router


def _shown(row: AlertRow, now: Instant) -> AlertAnswer:
    return AlertAnswer(
        code=row.code,
        subject=row.subject,
        text=row.text,
        level=level_of(row.code).value,
        open=row.last_seen_at > now - OPEN_FOR,
        first_seen_at=iso(row.first_seen_at) or "",
        last_seen_at=iso(row.last_seen_at) or "",
        count=row.times,
        sent_at=iso(row.sent_at),
    )
