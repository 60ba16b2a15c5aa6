"""The guide's call for the history. It reads lists, and no payment by its id: so it may read late."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import PAYMENTS_READ, Authenticator
from pokea.api.bodies import read_query
from pokea.api.call_router import CallRouter
from pokea.api.dates import parse_instant
from pokea.api.fast_path import FastRoute, taking
from pokea.api.languages import language_of
from pokea.api.openapi import NEEDS_TOKEN, answers, query_parameters, refusals
from pokea.api.responses import json_answer
from pokea.clock import Clock
from pokea.errors import invalid
from pokea.payments import examples
from pokea.payments.history.pages import Filters, decode_cursor, encode_cursor, read_page
from pokea.payments.responses import HistoryAnswer
from pokea.payments.schemas import HistoryQuery, transaction
from pokea.storage.late_reads import LateReads

PREFIX: Final = "/api/v1/payments/mpesa/history"


class HistoryRoutes:
    """The call for customers, of their own payments, and for the merchant's people, of all."""

    def __init__(self, reads: LateReads, gate: Authenticator, clock: Clock) -> None:
        self._reads = reads
        self._gate = gate
        self._clock = clock
        self._short = FastRoute(taking(self._history), "", PREFIX)

    def shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack."""
        return self._short if path == PREFIX else None

    def router(self) -> CallRouter:
        """The call and its description."""
        router = CallRouter(PREFIX, "Payments")
        router.add("", self._history, method="GET", **_HISTORY)
        return router

    async def _history(self, request: Request) -> Response:
        caller = await self._gate.require(request, PAYMENTS_READ)
        query = read_query(request, HistoryQuery)
        filters = Filters(
            caller.scope,
            owner=None if caller.is_admin else caller.subject,
            status=query.status,
            since=parse_instant("from", query.from_, end_of_day=False),
            before=parse_instant("to", query.to, end_of_day=True),
            booking_id=query.booking_id,
            search=query.q,
        )
        try:
            cursor = decode_cursor(query.cursor) if query.cursor else None
        except ValueError:
            raise invalid("cursor", "Send `nextCursor` of an earlier answer as it was.") from None
        offset = (query.page - 1) * query.limit
        page = await read_page(self._reads, filters, query.limit, offset, cursor)
        language, now = language_of(request), self._clock.now()
        answer = {
            "success": True,
            "count": len(page.payments),
            "total": page.total,
            "page": query.page,
            "pages": -(-page.total // query.limit),
            "transactions": [transaction(payment, language, now) for payment in page.payments],
            "nextCursor": encode_cursor(page.next_cursor),
            "ageSeconds": ceil(page.age_seconds),
        }
        return json_answer(answer | ({"cut": True} if page.is_cut else {}), headers={"Cache-Control": "no-store"})


_HISTORY: Final[Mapping[str, Any]] = {
    "summary": "Read the history",
    "description": "Newest first. `total` is exact and costs the same however many payments there are. `page` goes to "
    "any depth by `status`, `from` and `to`; with `bookingId` or `q` the newest 1,000 are found, `cut` says that there "
    "are more, and pages beyond them are empty. While payments are made, pages by number move on; `cursor` neither "
    "repeats nor leaves out any. Where the service has a standby to read from, a list may be some seconds old, and "
    "`ageSeconds` says how many at the most: the first page of a customer's list, and what `bookingId` or `q` finds, "
    "never are. How a payment stands now is read by its id.",
    "responses": {200: answers("A page of payments.", HistoryAnswer, examples.HISTORY)} | refusals("invalid_request"),
    "more": {
        "security": NEEDS_TOKEN,
        "operationId": "paymentHistory",
        "parameters": query_parameters(HistoryQuery),
    },
}
