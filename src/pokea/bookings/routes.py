"""The bookings over HTTP."""

import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import BOOKINGS_WRITE, PAYMENTS_READ, Authenticator, Caller
from pokea.api.bodies import read_body
from pokea.api.call_router import CallRouter
from pokea.api.fast_path import FastRoute, taking
from pokea.api.idempotency import REPLAYED, idempotency_key
from pokea.api.languages import language_of
from pokea.api.openapi import IDEMPOTENCY_KEY, NEEDS_TOKEN, answers, path_id, refusals, takes
from pokea.api.responses import model_answer
from pokea.bookings.checkout_words import checkout_words
from pokea.bookings.create import REFERENCES_TRIED, Answer, BookingRequest, Created, Draft, create_bookings
from pokea.bookings.limit import BookingLimit
from pokea.bookings.rules import reference_from, terms_for
from pokea.bookings.schemas import (
    BOOKING_EXAMPLE,
    CHECKOUT_EXAMPLE,
    EXAMPLE,
    BookingAnswer,
    CheckoutAnswer,
    CreateBooking,
    answer_of,
)
from pokea.bookings.store import Booking, find
from pokea.clock import Clock
from pokea.errors import ApiError
from pokea.ids import Ids
from pokea.storage.batching import GroupCommit
from pokea.storage.database import Database

PREFIX = "/api/v1/bookings"
CREATE_ROUTE = f"POST {PREFIX}"
"""The route's name in idempotency keys."""
BOOKING_ID = "bk"

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATH_ID = path_id("bookingId", "The booking's `id`.", BOOKING_EXAMPLE["booking"]["id"])

_POST: dict[str, Any] = {
    "summary": "Make a booking, whose fee can then be paid",
    "responses": refusals("reference_taken", "idempotency_key_reused", "too_many_requests", body=True)
    | {201: answers("The booking, awaiting its payment.", BookingAnswer, BOOKING_EXAMPLE)},
    "more": {
        "security": NEEDS_TOKEN,
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": takes(CreateBooking, EXAMPLE),
    },
}

_GET: dict[str, Any] = {
    "summary": "Read a booking and its fee",
    "responses": refusals("not_found") | {200: answers("The booking.", BookingAnswer, BOOKING_EXAMPLE)},
    "more": {"security": NEEDS_TOKEN, "parameters": [_PATH_ID]},
}
_GET_CHECKOUT: dict[str, Any] = {
    "summary": "Read a booking with the words of the checkout, for the drop-in",
    "responses": refusals("not_found") | {200: answers("Both.", CheckoutAnswer, CHECKOUT_EXAMPLE)},
    "more": {"security": NEEDS_TOKEN, "parameters": [_PATH_ID]},
}


class BookingRoutes:
    """POST and GET of bookings."""

    def __init__(
        self,
        gate: Authenticator,
        database: Database,
        clock: Clock,
        ids: Ids,
        booking_fee_cents: int,
        *,
        limit: BookingLimit,
        business_name: str | None = None,
    ) -> None:
        """`booking_fee_cents` is the fee unless an admin sets another. `limit` bounds what a customer's own token
        makes. `business_name` is sent with each booking, so that a page can say who is paid."""
        self._gate = gate
        self._database = database
        self._clock = clock
        self._ids = ids
        self._booking_fee_cents = booking_fee_cents
        self._limit = limit
        self._business_name = business_name
        self._rows = GroupCommit(self._make_all)
        self._short_post = FastRoute(taking(self._post), "", PREFIX)

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "bookings")
        router.add("", self._post, method="POST", **_POST)
        router.add("/{bookingId}", self._get, method="GET", **_GET)
        router.add("/{bookingId}/checkout", self._get_checkout, method="GET", **_GET_CHECKOUT)
        return router

    def post_shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for a new booking."""
        return self._short_post if path == PREFIX else None

    def get_shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for a booking that is read."""
        booking_id = path.removeprefix(f"{PREFIX}/")
        if booking_id == path or not _ID.fullmatch(booking_id):
            return None
        return FastRoute(taking(self._get, "bookingId"), booking_id, f"{PREFIX}/{{bookingId}}")

    async def _post(self, request: Request) -> Response:
        caller = await self._gate.require(request, BOOKINGS_WRITE)
        wanted = await read_body(request, CreateBooking)
        key = idempotency_key(request, caller, CREATE_ROUTE, wanted.model_dump_json().encode())
        draft = _draft(caller, wanted, self._clock, self._ids, self._booking_fee_cents)
        created = await self._made(BookingRequest(draft, key), None if caller.is_admin else self._limit)
        return model_answer(
            answer_of(created.booking, self._business_name), 201, REPLAYED if created.replayed else None
        )

    async def _get(self, request: Request) -> Response:
        return model_answer(answer_of(await self._readable(request), self._business_name))

    async def _get_checkout(self, request: Request) -> Response:
        booking = await self._readable(request)
        shown = answer_of(booking, self._business_name)
        words = dict(checkout_words(language_of(request), booking, self._business_name))
        return model_answer(CheckoutAnswer(booking=shown.booking, words=words), headers={"Cache-Control": "no-store"})

    async def _readable(self, request: Request) -> Booking:
        caller = await self._gate.require(request, PAYMENTS_READ, BOOKINGS_WRITE)
        booking_id = request.path_params["bookingId"]
        booking = await self._database.read_one(find, booking_id) if _ID.fullmatch(booking_id) else None
        if booking is None or not caller.may_see(booking.customer_id, booking.merchant_id):
            raise ApiError("not_found", "There is no such booking, or it is somebody else's.")
        return booking

    async def _make_all(self, requests: Sequence[BookingRequest]) -> Sequence[Answer]:
        return await self._database.write(create_bookings, requests)

    async def _made(self, request: BookingRequest, limit: BookingLimit | None) -> Created:
        """The booking, counted against the limit only if this call made it. Raises ApiError."""
        customer_id = request.draft.customer_id
        if limit is not None:
            limit.take(customer_id)
        is_made = False
        try:
            # It is made, and answered to the next call with its key, also when this caller goes away.
            answer = await self._rows.make(request)
            if isinstance(answer, ApiError):
                raise answer
            is_made = not answer.replayed
        finally:
            if limit is not None and not is_made:
                limit.give_back(customer_id)
        return answer


def _draft(caller: Caller, wanted: CreateBooking, clock: Clock, ids: Ids, booking_fee_cents: int) -> Draft:
    terms = terms_for(caller.subject, caller.is_admin, wanted.customer_id, wanted.amount, booking_fee_cents)
    chosen = wanted.reference
    references = [chosen] if chosen else [reference_from(ids.new(BOOKING_ID)) for _ in range(REFERENCES_TRIED)]
    return Draft(
        caller.scope,
        ids.new(BOOKING_ID),
        references,
        wanted.service,
        terms.customer_id,
        terms.fee_cents,
        clock.now(),
    )
