"""The payees over HTTP: made by one person, confirmed by another."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, field_validator
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import OUT_APPROVE, PAYOUTS_WRITE
from pokea.api.bodies import Incoming, Outgoing, read_body, read_optional_body, read_query
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
from pokea.bookings.schemas import ONE_LINE, CustomerId, one_line
from pokea.clock import Instant, iso
from pokea.disbursements import examples
from pokea.disbursements.calls import OutCall
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.model import PAYEE_ID
from pokea.disbursements.payee_store import PayeeRow, find_payee, page_of_payees
from pokea.disbursements.payees import MadePayee, PayeeRequest, change_payee, confirm_payee, make_payee
from pokea.disbursements.schemas import MOST_LISTED
from pokea.errors import ApiError, invalid
from pokea.phone import InvalidPhone, parse_phone

PREFIX: Final = "/api/v1/payees"
_ID: Final = re.compile(r"py_[0-9a-z]{26}")
_AFTER_ALL: Final = "~"
_NO_STORE: Final = {"Cache-Control": "no-store"}
_PATH_ID: Final = path_id("payeeId", "The payee's `id`.", examples.PAYEE_ID)
_ALWAYS: Final = ("idempotency_key_required", "idempotency_key_reused", "money_out_off")

Name = Annotated[str, AfterValidator(one_line("name")), ONE_LINE]


class CreatePayee(Incoming):
    """Who is to be paid."""

    name: Name = Field(description="The person or business, as M-PESA has it.")
    phone_number: str = Field(max_length=40, description="The M-PESA number: 0712345678, 0112345678 or 254712345678.")
    customer_id: CustomerId | None = Field(None, description="The `sub` of the payee's own tokens, if there are any.")


class ChangePayee(Incoming):
    """What is to be changed of a payee; what is left out stays."""

    name: Name | None = Field(None, description="The person or business.")
    phone_number: str | None = Field(None, max_length=40, description="The M-PESA number.")
    customer_id: CustomerId | None = Field(None, description="The `sub` of the payee's own tokens; null for none.")

    @field_validator("name", "phone_number", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null: leave it out, or give a value.")
        return value


class ConfirmPayee(Incoming):
    """Nothing is asked for but the call itself."""


class PayeesQuery(Incoming):
    """Which payees are asked for."""

    limit: int = Field(20, ge=1, le=MOST_LISTED, description="How many are shown at most.")
    cursor: str | None = Field(None, pattern="^py_[0-9a-z]{26}$", description="`nextCursor` of an earlier answer.")


class PayeeBody(Outgoing):
    """A payee, whole: who confirms it compares the number."""

    id: str
    name: str
    phone_number: str
    customer_id: str | None
    status: Literal["unconfirmed", "waiting", "held", "ready"] = Field(
        description="`waiting`: confirmed, and not paid before `payableFrom`. `held`: M-PESA returned another name "
        "than before, so that another person has to confirm it anew."
    )
    payable_from: str | None
    changed_by: str
    changed_at: str
    confirmed_by: str | None
    confirmed_at: str | None
    created_at: str


class PayeeAnswer(Outgoing):
    """One payee."""

    success: Literal[True] = True
    payee: PayeeBody


class PayeesAnswer(Outgoing):
    """A page of payees, newest first."""

    success: Literal[True] = True
    payees: list[PayeeBody]
    next_cursor: str | None = Field(description="For the next page; null on the last.")


class PayeeRoutes:
    """POST, GET and PATCH of payees, and their confirmation."""

    def __init__(self, door: OutDoor) -> None:
        self._door = door

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "money out")
        example = {"success": True, "payee": examples.PAYEE}
        one = answers("The payee.", PayeeAnswer, example)
        asked = {"name": examples.PAYEE["name"], "phoneNumber": "0712345678"}
        by_id: dict[str, Any] = {"security": NEEDS_TOKEN, "parameters": [_PATH_ID]}
        with_key: dict[str, Any] = {"security": NEEDS_TOKEN, "parameters": [_PATH_ID, IDEMPOTENCY_KEY_REQUIRED]}
        router.add(
            "", self._post, method="POST", summary="Make a payee, whom another person confirms",
            responses=refusals(*_ALWAYS, body=True) | {201: one},
            more={
                "security": NEEDS_TOKEN, "parameters": [IDEMPOTENCY_KEY_REQUIRED],
                "requestBody": takes(CreatePayee, asked),
            },
        )  # fmt: skip
        router.add(
            "", self._list, method="GET", summary="See the payees, newest first",
            responses=refusals("invalid_request") | {200: answers(
                "A page of payees.", PayeesAnswer, {"success": True, "payees": [examples.PAYEE], "nextCursor": None},
            )},
            more={"security": NEEDS_TOKEN, "parameters": query_parameters(PayeesQuery)},
        )  # fmt: skip
        router.add(
            "/{payeeId}", self._get, method="GET", summary="Read a payee",
            responses=refusals("not_found") | {200: one}, more=by_id,
        )  # fmt: skip
        router.add(
            "/{payeeId}", self._patch, method="PATCH", summary="Change a payee, whom another person confirms anew",
            responses=refusals("not_found", "payee_in_use", "money_out_off", body=True) | {200: one},
            more=by_id | {"requestBody": takes(ChangePayee, {"phoneNumber": "0722345678"})},
        )  # fmt: skip
        router.add(
            "/{payeeId}/confirm", self._confirm, method="POST",
            summary="Confirm a payee that another person has made or changed",
            responses=refusals("not_found", "own_request", "sign_in_again", "already_decided", *_ALWAYS, body=True)
            | {200: one},
            more=with_key,
        )  # fmt: skip
        return router

    async def _post(self, request: Request) -> Response:
        caller = await self._door.enter(request, PAYOUTS_WRITE)
        wanted = await read_body(request, CreatePayee)
        call = self._door.call(request, caller, wanted.model_dump_json().encode(), PAYEE_ID)
        asked = PayeeRequest(wanted.name, _msisdn(wanted.phone_number), wanted.customer_id)
        return self._done(await self._door.database.write(make_payee, call, asked), 201)

    async def _list(self, request: Request) -> Response:
        caller = await self._door.gate.require(request, PAYOUTS_WRITE, OUT_APPROVE)
        query = read_query(request, PayeesQuery)
        found = await self._door.database.read(
            page_of_payees, caller.scope, query.cursor or _AFTER_ALL, query.limit + 1
        )
        shown, now = found[: query.limit], self._door.clock.now()
        more = shown[-1].id if len(found) > len(shown) else None
        listed = PayeesAnswer(payees=[self._body(each, now) for each in shown], next_cursor=more)
        return model_answer(listed, headers=_NO_STORE)

    async def _get(self, request: Request) -> Response:
        caller = await self._door.gate.require(request, PAYOUTS_WRITE, OUT_APPROVE)
        row = await self._door.database.read(find_payee, caller.scope, _payee_id(request))
        if row is None:
            raise ApiError("not_found", "There is no such payee.")
        return self._done(MadePayee(row))

    async def _patch(self, request: Request) -> Response:
        caller = await self._door.enter(request, PAYOUTS_WRITE)
        payee_id, wanted = _payee_id(request), await read_body(request, ChangePayee)
        changes: dict[str, Any] = {}
        if wanted.name is not None:
            changes["name"] = wanted.name
        if wanted.phone_number is not None:
            changes["msisdn"] = _msisdn(wanted.phone_number)
        if "customer_id" in wanted.model_fields_set:
            changes["customer_id"] = wanted.customer_id
        write = self._door.database.write
        row = await write(change_payee, caller.scope, caller.subject, payee_id, changes, now=self._door.clock.now())
        return self._done(MadePayee(row))

    async def _confirm(self, request: Request) -> Response:
        caller = await self._door.enter(request, OUT_APPROVE, signed_in=True)
        body = await read_optional_body(request, ConfirmPayee)
        call: OutCall = self._door.call(request, caller, body.model_dump_json().encode())
        made = await self._door.database.write(confirm_payee, call, _payee_id(request))
        self._door.wake()
        return self._done(made)

    def _done(self, made: MadePayee, status: int = 200) -> Response:
        answer = PayeeAnswer(payee=self._body(made.row, self._door.clock.now()))
        return model_answer(answer, status, _NO_STORE | (REPLAYED if made.replayed else {}))

    def _body(self, row: PayeeRow, now: Instant) -> PayeeBody:
        payable_from = row.payable_from(self._door.rules.payee_wait)
        status: Literal["unconfirmed", "waiting", "held", "ready"] = "ready"
        if row.confirmed_at is None:
            status = "unconfirmed"
        elif payable_from is None:
            status = "held"
        elif now < payable_from:
            status = "waiting"
        return PayeeBody(
            id=row.id,
            name=row.name,
            phone_number=row.msisdn,
            customer_id=row.customer_id,
            status=status,
            payable_from=iso(payable_from),
            changed_by=row.changed_by,
            changed_at=iso(row.changed_at) or "",
            confirmed_by=row.confirmed_by,
            confirmed_at=iso(row.confirmed_at),
            created_at=iso(row.created_at) or "",
        )


def _msisdn(text: str) -> str:
    try:
        return parse_phone(text).msisdn
    except InvalidPhone as failure:
        raise invalid("phoneNumber", str(failure)) from None


def _payee_id(request: Request) -> str:
    payee_id: str = request.path_params["payeeId"]
    if not _ID.fullmatch(payee_id):
        raise ApiError("not_found", "There is no such payee.")
    return payee_id
