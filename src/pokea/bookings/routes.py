"""The bookings over HTTP."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import BOOKINGS_WRITE, PAYMENTS_READ, Authenticator, Caller
from pokea.api.bodies import read_body
from pokea.api.call_router import CallRouter
from pokea.api.idempotency import REPLAYED, idempotency_key
from pokea.api.languages import language_of
from pokea.api.openapi import IDEMPOTENCY_KEY, NEEDS_TOKEN, answers, path_id, refusals, takes
from pokea.api.responses import model_answer
from pokea.bookings.checkout_words import checkout_words
from pokea.bookings.create import REFERENCES_TRIED, Created, Draft, create_booking
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
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey

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


def booking_routes(
    gate: Authenticator,
    database: Database,
    clock: Clock,
    ids: Ids,
    booking_fee_cents: int,
    *,
    limit: BookingLimit,
    business_name: str | None = None,
) -> CallRouter:
    """POST and GET of bookings.

    `booking_fee_cents` is the fee unless an admin sets another. `limit` bounds what a customer's own token makes.
    `business_name` is sent with each booking, so that a page can say who is paid.
    """
    router = CallRouter(PREFIX, "bookings")

    async def post_booking(request: Request) -> Response:
        caller = await gate.require(request, BOOKINGS_WRITE)
        wanted = await read_body(request, CreateBooking)
        key = idempotency_key(request, caller, CREATE_ROUTE, wanted.model_dump_json().encode())
        draft = _draft(caller, wanted, clock, ids, booking_fee_cents)
        created = await _made(database, draft, key, None if caller.is_admin else limit)
        return model_answer(answer_of(created.booking, business_name), 201, REPLAYED if created.replayed else None)

    async def readable(request: Request) -> Booking:
        caller = await gate.require(request, PAYMENTS_READ, BOOKINGS_WRITE)
        booking_id = request.path_params["bookingId"]
        booking = await database.read_one(find, booking_id) if _ID.fullmatch(booking_id) else None
        if booking is None or not caller.may_see(booking.customer_id, booking.merchant_id):
            raise ApiError("not_found", "There is no such booking, or it is somebody else's.")
        return booking

    async def get_booking(request: Request) -> Response:
        return model_answer(answer_of(await readable(request), business_name))

    router.add("", post_booking, method="POST", **_POST)
    router.add(
        "/{bookingId}",
        get_booking,
        method="GET",
        summary="Read a booking and its fee",
        responses=refusals("not_found") | {200: answers("The booking.", BookingAnswer, BOOKING_EXAMPLE)},
        more={"security": NEEDS_TOKEN, "parameters": [_PATH_ID]},
    )
    _add_checkout(router, readable, business_name)
    return router


def _add_checkout(
    router: CallRouter, readable: Callable[[Request], Awaitable[Booking]], business_name: str | None
) -> None:
    async def get_checkout(request: Request) -> Response:
        booking = await readable(request)
        shown = answer_of(booking, business_name)
        words = dict(checkout_words(language_of(request), booking, business_name))
        return model_answer(CheckoutAnswer(booking=shown.booking, words=words), headers={"Cache-Control": "no-store"})

    router.add(
        "/{bookingId}/checkout",
        get_checkout,
        method="GET",
        summary="Read a booking with the words of the checkout, for the drop-in",
        responses=refusals("not_found") | {200: answers("Both.", CheckoutAnswer, CHECKOUT_EXAMPLE)},
        more={"security": NEEDS_TOKEN, "parameters": [_PATH_ID]},
    )


async def _made(database: Database, draft: Draft, key: IdempotencyKey | None, limit: BookingLimit | None) -> Created:
    """The booking, counted against the limit only if this call made it."""
    if limit is None:
        return await database.write(create_booking, draft, key)
    limit.take(draft.customer_id)
    is_made = False
    try:
        created = await database.write(create_booking, draft, key)
        is_made = not created.replayed
    finally:
        if not is_made:
            limit.give_back(draft.customer_id)
    return created


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
