"""The guide's monitoring as a call: how payments go, by day and by hour."""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from math import ceil
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from pokea.analytics.counting import HOURS_A_DAY, day_of, hour_of, start_of_day
from pokea.analytics.read import DAY, Span, counted
from pokea.analytics.schemas import ANALYTICS, EXAMPLE
from pokea.analytics.summary import merge, summarize
from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import Incoming, read_query
from pokea.api.call_router import CallRouter
from pokea.api.dates import parse_instant
from pokea.api.fast_path import FastRoute, taking
from pokea.api.openapi import NEEDS_TOKEN, query_parameters, refusals
from pokea.api.responses import json_answer
from pokea.clock import Clock, Instant
from pokea.errors import invalid
from pokea.scope import Scope
from pokea.storage.late_reads import LATE, LateReads

PREFIX: Final = "/api/v1/payments/mpesa/analytics"
MOST: Final = {"day": 400, "hour": 24 * 31}
"""How many periods one answer has at the most."""
_USUAL_DAYS: Final = 30
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


class AnalyticsQuery(Incoming):
    """`GET /payments/mpesa/analytics`."""

    by: Literal["day", "hour"] = Field("day", description="By day (400 at most) or by hour (31 days at most).")
    from_: str | None = Field(
        None,
        alias="from",
        max_length=40,
        description="First day (East Africa Time) or instant; 30 days back if absent.",
    )
    to: str | None = Field(
        None, max_length=40, description="Last day (East Africa Time), or an instant; today if absent."
    )


class SummaryPeriod(NamedTuple):
    """Days or hours by number: from `first` on and before `end`."""

    unit: Literal["day", "hour"]
    first: int
    end: int

    def local_start_of(self, number: int) -> str:
        """When a period begins, on the clocks of East Africa."""
        day, hour = (number, 0) if self.unit == DAY else divmod(number, HOURS_A_DAY)
        return f"{date.fromordinal(_FIRST_DAY + day)}T{hour:02}:00:00+03:00"


class AnalyticsRoutes:
    """The call for the merchant's own people."""

    def __init__(self, reads: LateReads, gate: Authenticator, clock: Clock) -> None:
        self._reads = reads
        self._gate = gate
        self._clock = clock
        self._short = FastRoute(taking(self._analytics), "", PREFIX)

    def shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack."""
        return self._short if path == PREFIX else None

    def router(self) -> CallRouter:
        """The call and its description."""
        router = CallRouter(PREFIX, "Payments")
        router.add("", self._analytics, method="GET", **_ANALYTICS)
        return router

    async def _analytics(self, request: Request) -> Response:
        caller = await self._gate.require(request, ADMIN)
        asked = asked_for(read_query(request, AnalyticsQuery), self._clock.now())
        read = await self._reads.read_one(LATE, answer, caller.scope, asked)
        return json_answer(read.found | {"ageSeconds": ceil(read.age_seconds)}, headers={"Cache-Control": "no-store"})


def asked_for(query: AnalyticsQuery, now: Instant) -> SummaryPeriod:
    """The whole periods that hold the bounds. Raises ApiError when there are none, or more than one answer has."""
    number_of = day_of if query.by == DAY else hour_of
    before = parse_instant("to", query.to, end_of_day=True)
    last = now if before is None else before - 1
    since = parse_instant("from", query.from_, end_of_day=False)
    first = number_of(start_of_day(day_of(last) - _USUAL_DAYS + 1) if since is None else since)
    end = number_of(last) + 1
    if first >= end:
        raise invalid("to", "`to` must not be before `from`.")
    if end - first > MOST[query.by]:
        raise invalid("from", f"Ask for at most {MOST[query.by]} {query.by}s at once.")
    return SummaryPeriod(query.by, first, end)


def answer(connection: Connection, scope: Scope, asked: SummaryPeriod) -> dict[str, Any]:
    """The figures of each period and of all of them together."""
    by_number = counted(connection, scope, asked.unit, Span(asked.first, asked.end))
    begins = [asked.local_start_of(number) for number in range(asked.first, asked.end + 1)]
    return {
        "success": True,
        "by": asked.unit,
        "from": begins[0],
        "to": begins[-1],
        "summary": summarize(merge(by_number.values())),
        "periods": [
            {"from": begin, "to": end, **summarize(by_number.get(number, {}))}
            for number, (begin, end) in enumerate(pairwise(begins), start=asked.first)
        ],
    }


_ANALYTICS: Final[Mapping[str, Any]] = {
    "summary": "Read how payments go",
    "description": "Of all payments, by the day or the hour of East Africa Time in which they were made: a success "
    "that comes late changes the figures of its own day. Bounds are widened to whole periods. Needs the scope `admin`. "
    "It costs the same however many payments there are. Where the service has a standby to read from, the figures may "
    "be some seconds old, and `ageSeconds` says how many at the most.",
    "more": {
        "security": NEEDS_TOKEN,
        "operationId": "paymentAnalytics",
        "parameters": query_parameters(AnalyticsQuery),
    },
    "responses": {
        200: {
            "description": "The figures of each period, and of all together.",
            "content": {"application/json": {"schema": ANALYTICS, "example": EXAMPLE}},
        }
    }
    | refusals("invalid_request"),
}
