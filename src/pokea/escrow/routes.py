"""Decisions about held money over HTTP: done, release, dispute and refund of a booking, and the review of flags."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, BOOKINGS_WRITE, PAYMENTS_WRITE, Caller
from pokea.api.bodies import read_body, read_optional_body
from pokea.api.call_router import CallRouter
from pokea.api.idempotency import REPLAYED
from pokea.api.openapi import (
    IDEMPOTENCY_KEY_REQUIRED,
    NEEDS_TOKEN,
    answers,
    path_id,
    refusals,
    takes,
)
from pokea.api.responses import model_answer
from pokea.bookings.schemas import BOOKING_EXAMPLE, answer_of
from pokea.bookings.store import Booking
from pokea.bookings.store import find as find_booking
from pokea.clock import Instant
from pokea.disbursements import examples
from pokea.disbursements.calls import OutCall
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.model import ID_OF_KIND, DisbursementKind
from pokea.disbursements.requesting import RefundRequest, request_refund
from pokea.disbursements.schemas import refund_body
from pokea.disbursements.store import find_disbursement
from pokea.disbursements.views import views_of
from pokea.errors import ApiError
from pokea.escrow.deciding import Decided, dispute, find_decision, mark_done, release
from pokea.escrow.reviewing import FlagRequest, resolve_flag
from pokea.escrow.schemas import (
    DECISION_EXAMPLE,
    DecidedAnswer,
    DisputeBody,
    FeeRefundAnswer,
    RefundFeeBody,
    ReviewAnswer,
    ReviewBody,
    SplitBody,
    decision_body,
)
from pokea.money import CENTS

_BOOKING: Final = re.compile(r"bk_[0-9a-z]{26}")
_PAYMENT: Final = re.compile(r"pay_[0-9a-z]{26}")
_DECISION_ID: Final = "dc"
_PATH_BOOKING: Final = path_id("bookingId", "The booking's `id`.", "bk_01jd8x4m7qv1n2p3r4s5t6v7w8")
_PATH_PAYMENT: Final = path_id("transactionId", "The payment's `id`.", "pay_01jd8x4m7qv1n2p3r4s5t6v7w8")
_ALWAYS: Final = ("idempotency_key_required", "idempotency_key_reused", "money_out_off", "already_decided", "not_found")
_Handler = Callable[[Request], Awaitable[Response]]


class EscrowTerms(NamedTuple):
    """What the settings say about releases: the commission in hundredths of a percent, and the time after `done`."""

    commission_hundredths: int
    release_after: Instant | None
    business_name: str | None


class EscrowRoutes:
    """The calls that decide about held money."""

    def __init__(self, door: OutDoor, terms: EscrowTerms) -> None:
        self._door = door
        self._terms = terms

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter("/api/v1", "bookings")
        one = {"success": True, "booking": BOOKING_EXAMPLE["booking"], "decision": DECISION_EXAMPLE}
        split = {"payeeId": "py_01jd8x4m7qv1n2p3r4s5t6v7w8"}
        decided = answers("The booking after it.", DecidedAnswer, one)
        refunded = answers("All three.", FeeRefundAnswer, one | {"refund": examples.BODIES[DisbursementKind.REFUND]})
        calls: list[tuple[str, _Handler, str, type[BaseModel], dict[str, Any], int, dict[str, Any]]] = [
            ("done", self._done, "Say that the booked work is done", SplitBody, split, 200, decided),
            ("release", self._release, "Release the held fee to those who earned it", SplitBody, split, 200, decided),
            ("dispute", self._dispute, "Dispute a held fee", DisputeBody, {"reason": "Never came"}, 200, decided),
            ("refund", self._refund, "Refund a held fee, once another person approves", RefundFeeBody,
             {"reason": "Never came"}, 201, refunded),
        ]  # fmt: skip
        for name, handler, summary, model, example, status, answer in calls:
            router.add(
                f"/bookings/{{bookingId}}/{name}", handler, method="POST", summary=summary,
                responses=refusals(*_ALWAYS, body=True) | {status: answer},
                more=_described(model, example, _PATH_BOOKING),
            )  # fmt: skip
        reviewed = {"success": True, "transactionId": "pay_01jd8x4m7qv1n2p3r4s5t6v7w8", "review": []}
        router.add(
            "/payments/mpesa/{transactionId}/review", self._review, method="POST",
            summary="Decide about a flag of a payment",
            responses=refusals(*_ALWAYS, body=True)
            | {200: answers("The flags after it.", ReviewAnswer, reviewed | {"decision": DECISION_EXAMPLE})},
            more=_described(
                ReviewBody, {"flag": "paid_twice", "decision": "refunds_due", "reason": "Paid twice"}, _PATH_PAYMENT
            ),
        )  # fmt: skip
        return router

    async def _done(self, request: Request) -> Response:
        caller = await self._door.enter(request, BOOKINGS_WRITE, PAYMENTS_WRITE)
        body = await read_optional_body(request, SplitBody)
        call = self._call(request, caller, body)
        after = self._terms.release_after
        return self._shown(await self._write(mark_done, call, _booking_id(request), body.wanted(), after))

    async def _release(self, request: Request) -> Response:
        caller = await self._door.enter(request, BOOKINGS_WRITE, PAYMENTS_WRITE)
        body = await read_optional_body(request, SplitBody)
        call = self._call(request, caller, body)
        hundredths = self._terms.commission_hundredths
        return self._shown(await self._write(release, call, _booking_id(request), body.wanted(), hundredths))

    async def _dispute(self, request: Request) -> Response:
        caller = await self._door.enter(request, BOOKINGS_WRITE, PAYMENTS_WRITE)
        body = await read_optional_body(request, DisputeBody)
        call = self._call(request, caller, body)
        return self._shown(await self._write(dispute, call, _booking_id(request), body.reason))

    async def _refund(self, request: Request) -> Response:
        caller = await self._door.enter(request, ADMIN)
        body = await read_optional_body(request, RefundFeeBody)
        booking = await self._door.database.read(find_booking, _booking_id(request))
        if booking is None or booking.merchant_id != caller.scope.merchant_id:
            raise ApiError("not_found", "There is no such booking.")
        if booking.fee_payment_id is None:
            raise ApiError("already_decided", "The fee of this booking is unpaid.", extra={"status": "unpaid"})
        cents = None if body.amount is None else body.amount * CENTS
        decision_id = self._door.ids.new(_DECISION_ID)
        wanted = RefundRequest(booking.fee_payment_id, cents, None, body.reason, True, decision_id)
        call = self._call(request, caller, body, ID_OF_KIND[DisbursementKind.REFUND])
        made = await self._door.database.write(request_refund, call, wanted, self._door.rules)
        self._door.wake()
        after, found, view = await self._door.database.read(_refund_view, booking.id, made.row.id)
        answer = FeeRefundAnswer(
            booking=answer_of(after or booking, self._terms.business_name).booking,
            decision=decision_body(found),
            refund=refund_body(view, is_staff=True),
        )
        return model_answer(answer, 201, REPLAYED if made.replayed else None)

    async def _review(self, request: Request) -> Response:
        caller = await self._door.enter(request, ADMIN)
        body = await read_body(request, ReviewBody)
        payment_id = request.path_params["transactionId"]
        if not _PAYMENT.fullmatch(payment_id):
            raise ApiError("not_found", "There is no such payment.")
        call = self._call(request, caller, body)
        wanted = FlagRequest(payment_id, body.flag, body.decision, body.reason)
        made = await self._door.database.write(resolve_flag, call, wanted)
        answer = ReviewAnswer(
            transaction_id=payment_id,
            review=[flag.value for flag in made.payment.raised],
            decision=decision_body(made.decision),
        )
        return model_answer(answer, 200, REPLAYED if made.replayed else None)

    async def _write(self, change: Callable[..., Decided], *arguments: object) -> Decided:
        return await self._door.database.write(change, *arguments)

    def _shown(self, made: Decided) -> Response:
        shown = answer_of(made.booking, self._terms.business_name)
        answer = DecidedAnswer(booking=shown.booking, decision=decision_body(made.decision))
        return model_answer(answer, 200, REPLAYED if made.replayed else None)

    def _call(self, request: Request, caller: Caller, body: BaseModel, prefix: str = _DECISION_ID) -> OutCall:
        return self._door.call(request, caller, body.model_dump_json().encode(), prefix)


def _refund_view(connection: Connection, booking_id: str, refund_id: str) -> tuple[Booking | None, Any, Any]:
    row = find_disbursement(connection, refund_id)
    assert row is not None  # noqa: S101 - it was written a moment ago, and no disbursement is deleted
    found = None if row.decision_id is None else find_decision(connection, row.decision_id)
    return find_booking(connection, booking_id), found, views_of(connection, [row])[0]


def _booking_id(request: Request) -> str:
    booking_id: str = request.path_params["bookingId"]
    if not _BOOKING.fullmatch(booking_id):
        raise ApiError("not_found", "There is no such booking, or it is somebody else's.")
    return booking_id


def _described(model: type[BaseModel], example: dict[str, Any], place: dict[str, Any]) -> dict[str, Any]:
    return {
        "security": NEEDS_TOKEN,
        "parameters": [place, IDEMPOTENCY_KEY_REQUIRED],
        "requestBody": takes(model, example),
    }
