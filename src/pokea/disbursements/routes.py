"""Refunds and payouts over HTTP: asked for by one person, approved by another, read by both and by the customer."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import OUT_APPROVE, PAYMENTS_READ, PAYOUTS_WRITE, REFUNDS_WRITE, Caller
from pokea.api.bodies import read_body, read_query
from pokea.api.call_router import CallRouter
from pokea.api.idempotency import REPLAYED
from pokea.api.openapi import (
    IDEMPOTENCY_KEY_REQUIRED,
    NEEDS_TOKEN,
    answers,
    path_id,
    query_parameters,
    refusals,
    takes,
)
from pokea.api.responses import model_answer
from pokea.disbursements import examples
from pokea.disbursements.approving import Approval, Target, approve, reject, withdraw
from pokea.disbursements.calls import Made, OutCall
from pokea.disbursements.doors import CALL_ID, OutDoor
from pokea.disbursements.model import ID_OF_KIND, DisbursementKind, Way
from pokea.disbursements.requesting import PayoutRequest, RefundRequest, request_payout, request_refund
from pokea.disbursements.retrying import RetryRequest, retry
from pokea.disbursements.schemas import (
    ApproveBody,
    CreatePayout,
    CreateRefund,
    OutQuery,
    PayoutAnswer,
    PayoutsAnswer,
    ReasonBody,
    RefundAnswer,
    RefundsAnswer,
    RetryBody,
    payout_body,
    refund_body,
)
from pokea.disbursements.views import DisbursementView, find_view, page_of_views, views_of
from pokea.errors import ApiError
from pokea.money import CENTS

API: Final = "/api/v1"
DECISION_ID: Final = "dc"
_AFTER_ALL: Final = "~"
"""Sorts after every id."""
_NO_STORE: Final = {"Cache-Control": "no-store"}
_WRITES: Final = {DisbursementKind.REFUND: REFUNDS_WRITE, DisbursementKind.PAYOUT: PAYOUTS_WRITE}
_ALWAYS: Final = ("idempotency_key_required", "idempotency_key_reused", "money_out_off")
_Handler = Callable[[Request], Awaitable[Response]]
_ID: Final = re.compile(r"[a-z]{2}_[0-9a-z]{26}")


class DisbursementRoutes:
    """The calls of one kind of disbursement."""

    def __init__(self, door: OutDoor, kind: DisbursementKind) -> None:
        self._door = door
        self._kind = kind
        self._is_refund = kind is DisbursementKind.REFUND
        self._writes = _WRITES[kind]

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        name = f"{self._kind}s"
        router = CallRouter(f"{API}/{name}", "money out")
        model = CreateRefund if self._is_refund else CreatePayout
        page = RefundsAnswer if self._is_refund else PayoutsAnswer
        shown = {"success": True, name: [examples.BODIES[self._kind]], "nextCursor": None}
        own = ("not_refundable", "already_decided") if self._is_refund else ("beyond_payable",)
        router.add(
            "", self._post, method="POST", summary=f"Ask for a {self._kind}",
            description="Another person approves it; nothing is sent before.",
            responses=refusals("not_found", "looks_like_a_repeat", *own, *_ALWAYS, body=True) | {201: self._answer()},
            more=_described(model, examples.REQUESTS[self._kind]),
        )  # fmt: skip
        router.add(
            "", self._list, method="GET", summary=f"See the {name}, newest first",
            description="A customer sees the refunds of their own payments." if self._is_refund else "",
            responses=refusals("invalid_request") | {200: answers("A page.", page, shown)},
            more={"security": NEEDS_TOKEN, "parameters": query_parameters(OutQuery)},
        )  # fmt: skip
        router.add(
            "/{id}", self._get, method="GET", summary=f"Read a {self._kind}",
            responses=refusals("not_found") | {200: self._answer()},
            more={"security": NEEDS_TOKEN, "parameters": [self._path_id()]},
        )  # fmt: skip
        self._add_steps(router)
        return router

    def _add_steps(self, router: CallRouter) -> None:
        kind, why = self._kind, {"reason": "Asked for by mistake"}
        again: tuple[str, ...] = ("not_refundable",) if self._is_refund else ("beyond_payable",)
        calls: list[tuple[str, _Handler, str, type[BaseModel], dict[str, Any], tuple[str, ...]]] = [
            ("approve", self._approve, f"Approve a {kind} that another person has asked for", ApproveBody,
             {"digest": examples.DIGEST}, ("own_request", "sign_in_again", "digest_changed", "above_cap", *again)),
            ("reject", self._reject, f"Reject a {kind} for good", ReasonBody, why, ()),
            ("withdraw", self._withdraw, f"Withdraw a {kind} that is not being sent", ReasonBody, why, ()),
            ("retry", self._retry, f"Ask anew for a {kind} that failed for certain or has lapsed", RetryBody,
             {"reason": "The phone is registered now"}, again),
        ]  # fmt: skip
        for name, handler, summary, model, example, codes in calls:
            router.add(
                f"/{{id}}/{name}", handler, method="POST", summary=summary,
                responses=refusals("not_found", "already_decided", *codes, *_ALWAYS, body=True) | {200: self._answer()},
                more=_described(model, example, self._path_id()),
            )  # fmt: skip

    async def _post(self, request: Request) -> Response:
        caller = await self._door.enter(request, self._writes)
        if self._is_refund:
            refund = await read_body(request, CreateRefund)
            call = self._call(request, caller, refund, ID_OF_KIND[self._kind])
            cents = None if refund.amount is None else refund.amount * CENTS
            repeats, decision_id = refund.confirm_repeat, self._door.ids.new(DECISION_ID)
            refunding = RefundRequest(refund.payment_id, cents, _way(refund.way), refund.reason, repeats, decision_id)
            return await self._done(await self._write(request_refund, call, refunding, self._door.rules), 201)
        payout = await read_body(request, CreatePayout)
        call = self._call(request, caller, payout, ID_OF_KIND[self._kind])
        paying = PayoutRequest(
            payout.payee_id, payout.amount * CENTS, payout.booking_id, payout.reason, payout.confirm_repeat
        )
        return await self._done(await self._write(request_payout, call, paying, self._door.rules), 201)

    async def _approve(self, request: Request) -> Response:
        caller = await self._door.enter(request, OUT_APPROVE, signed_in=True)
        body = await read_body(request, ApproveBody)
        seen = Approval(body.digest, body.over_cap)
        call = self._call(request, caller, body)
        return await self._done(await self._write(approve, call, self._target(request), seen, self._door.rules))

    async def _reject(self, request: Request) -> Response:
        caller = await self._door.enter(request, OUT_APPROVE)
        body = await read_body(request, ReasonBody)
        call = self._call(request, caller, body)
        return await self._done(await self._write(reject, call, self._target(request), body.reason))

    async def _withdraw(self, request: Request) -> Response:
        caller = await self._door.enter(request, self._writes, OUT_APPROVE)
        body = await read_body(request, ReasonBody)
        call = self._call(request, caller, body)
        return await self._done(await self._write(withdraw, call, self._target(request), body.reason))

    async def _retry(self, request: Request) -> Response:
        caller = await self._door.enter(request, self._writes)
        body = await read_body(request, RetryBody)
        wanted = RetryRequest(body.reason, _way(body.way))
        call = self._call(request, caller, body)
        return await self._done(await self._write(retry, call, self._target(request), wanted, self._door.rules))

    async def _get(self, request: Request) -> Response:
        caller, owner = await self._reader(request)
        target = self._target(request)
        view = await self._door.database.read(find_view, caller.scope, self._kind, target.id, owner)
        if view is None:
            raise ApiError("not_found", f"There is no such {self._kind}.")
        return model_answer(self._answer_of(view, is_staff=owner is None), headers=_NO_STORE)

    async def _list(self, request: Request) -> Response:
        caller, owner = await self._reader(request)
        query = read_query(request, OutQuery)
        status = None if query.status is None else query.status.value
        # One more than is shown says whether there is a next page.
        found = await self._door.database.read(
            page_of_views,
            caller.scope,
            self._kind,
            owner=owner,
            status=status,
            before=query.cursor or _AFTER_ALL,
            most=query.limit + 1,
        )
        shown = found[: query.limit]
        more = shown[-1].row.id if len(found) > len(shown) else None
        if self._is_refund:
            refunds = [refund_body(each, is_staff=owner is None) for each in shown]
            return model_answer(RefundsAnswer(refunds=refunds, next_cursor=more), headers=_NO_STORE)
        payouts = [payout_body(each) for each in shown]
        return model_answer(PayoutsAnswer(payouts=payouts, next_cursor=more), headers=_NO_STORE)

    async def _reader(self, request: Request) -> tuple[Caller, str | None]:
        """Who reads, and whose payments' refunds alone; None for all, which only staff read."""
        staff = (self._writes, OUT_APPROVE)
        customers = (PAYMENTS_READ,) if self._is_refund else ()
        caller = await self._door.gate.require(request, *staff, *customers)
        return caller, None if any(caller.may(scope) for scope in staff) else caller.subject

    async def _write(self, change: Callable[..., Made | ApiError], *arguments: object) -> Made:
        made = await self._door.database.write(change, *arguments)
        if isinstance(made, ApiError):
            raise made
        return made

    async def _done(self, made: Made, status: int = 200) -> Response:
        self._door.wake()
        found = await self._door.database.read(_view, made)
        return model_answer(self._answer_of(found, is_staff=True), status, REPLAYED if made.replayed else None)

    def _call(self, request: Request, caller: Caller, body: BaseModel, prefix: str = CALL_ID) -> OutCall:
        return self._door.call(request, caller, body.model_dump_json().encode(), prefix)

    def _target(self, request: Request) -> Target:
        return target_in(request, self._kind)

    def _answer_of(self, view: DisbursementView, *, is_staff: bool) -> RefundAnswer | PayoutAnswer:
        return answer_of_view(view, is_staff=is_staff)

    def _answer(self) -> dict[str, Any]:
        model = RefundAnswer if self._is_refund else PayoutAnswer
        example = {"success": True, self._kind.value: examples.BODIES[self._kind]}
        return answers(f"The {self._kind} as it stands.", model, example)

    def _path_id(self) -> dict[str, Any]:
        return path_id("id", f"The {self._kind}'s `id`.", examples.IDS[self._kind])


def target_in(request: Request, kind: DisbursementKind) -> Target:
    """The disbursement that the address names; raises ApiError `not_found` for what is no id."""
    disbursement_id: str = request.path_params["id"]
    if not _ID.fullmatch(disbursement_id):
        raise ApiError("not_found", f"There is no such {kind}.")
    return Target(kind, disbursement_id)


def answer_of_view(view: DisbursementView, *, is_staff: bool = True) -> RefundAnswer | PayoutAnswer:
    """The answer that shows one disbursement."""
    if view.row.kind == DisbursementKind.REFUND:
        return RefundAnswer(refund=refund_body(view, is_staff=is_staff))
    return PayoutAnswer(payout=payout_body(view))


def _way(name: str | None) -> Way | None:
    return None if name is None else Way(name)


def _described(model: type[BaseModel], example: dict[str, Any], *path: dict[str, Any]) -> dict[str, Any]:
    parameters = [*path, IDEMPOTENCY_KEY_REQUIRED]
    return {"security": NEEDS_TOKEN, "parameters": parameters, "requestBody": takes(model, example)}


def _view(connection: Connection, made: Made) -> DisbursementView:
    return views_of(connection, [made.row])[0]
