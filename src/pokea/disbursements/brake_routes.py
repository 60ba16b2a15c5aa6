"""The brake over HTTP: how money out stands, and to stop and start it."""

from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, OUT_APPROVE, PAYOUTS_WRITE, REFUNDS_WRITE
from pokea.api.bodies import Incoming, Outgoing, read_optional_body
from pokea.api.call_router import CallRouter
from pokea.api.openapi import IDEMPOTENCY_KEY_REQUIRED, NEEDS_TOKEN, answers, refusals, takes
from pokea.api.responses import model_answer
from pokea.bookings.schemas import ONE_LINE, one_line
from pokea.clock import Instant, iso
from pokea.disbursements import examples, sums
from pokea.disbursements.brake import SENTENCES, StopReason
from pokea.disbursements.brake_store import BrakeRow, find_brake, start, stop
from pokea.disbursements.calls import OutCall, bind, first_call
from pokea.disbursements.caps import CapUse
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.limits import OutRules
from pokea.disbursements.locks import take_turn
from pokea.disbursements.store import Funds, find_funds
from pokea.money import CENTS, shillings_json

PREFIX: Final = "/api/v1/money-out"
_ALWAYS: Final = ("idempotency_key_required", "idempotency_key_reused", "money_out_off")
_WORDS: Final = {reason.value: SENTENCES[reason] for reason in StopReason}


class BrakeBody(Incoming):
    """Why it is stopped or started."""

    reason: Annotated[str, AfterValidator(one_line("reason")), ONE_LINE] = Field(
        "by_person", description="Why, in one line."
    )


class CapsBody(Outgoing):
    """The caps: of one, of a day, of one recipient in a day, in shillings; and how many in an hour."""

    one: int | float
    day: int | float
    payee_day: int | float
    hourly: int


class UsedBody(Outgoing):
    """How much of the caps is used: shillings of the last 24 hours, and how many of the last hour."""

    day: int | float
    hourly: int


class FundsBody(Outgoing):
    """What M-PESA last named the account that pays out to hold, in shillings, and when; null where it never did."""

    available: int | float | None
    as_of: str | None


class MoneyOutBody(Outgoing):
    """How money out stands."""

    state: Literal["off", "running", "stopped"]
    reason: str | None = Field(description="Why it is stopped: a word, or what a person wrote.")
    message: str | None = Field(description="The same as a sentence.")
    since: str | None = Field(description="When it was stopped or started last; null if never.")
    changed_by: str | None = Field(description="Who did that; null where it stopped by itself.")
    caps: CapsBody
    used: UsedBody
    funds: FundsBody


class MoneyOutAnswer(Outgoing):
    """How money out stands."""

    success: Literal[True] = True
    money_out: MoneyOutBody


class MoneyOutState(NamedTuple):
    """What of it is in the database."""

    brake: BrakeRow | None
    used: CapUse
    funds: Funds


class BrakeRoutes:
    """GET of money out, and the POSTs that stop and start it."""

    def __init__(self, door: OutDoor) -> None:
        self._door = door

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "money out")
        shown: dict[int | str, dict[str, Any]] = {200: answers("How it stands.", MoneyOutAnswer, examples.MONEY_OUT)}
        with_key: dict[str, Any] = {
            "security": NEEDS_TOKEN,
            "parameters": [IDEMPOTENCY_KEY_REQUIRED],
            "requestBody": takes(BrakeBody, {"reason": "The statement has a line that I do not understand"}),
        }
        router.add(
            "", self._get, method="GET", summary="See whether money goes out, the caps and the funds",
            responses=refusals() | shown, more={"security": NEEDS_TOKEN},
        )  # fmt: skip
        router.add(
            "/stop", self._stop, method="POST", summary="Stop all money out",
            description="What waits, waits; what was sent is still found out.",
            responses=refusals(*_ALWAYS, body=True) | shown, more=with_key,
        )  # fmt: skip
        router.add(
            "/start", self._start, method="POST", summary="Let money out again (`admin`)",
            description="What stopped it before counts no more; what is found from now on does.",
            responses=refusals("sign_in_again", *_ALWAYS, body=True) | shown, more=with_key,
        )  # fmt: skip
        return router

    async def _get(self, request: Request) -> Response:
        caller = await self._door.gate.require(request, OUT_APPROVE, REFUNDS_WRITE, PAYOUTS_WRITE)
        return await self._shown(caller.scope.merchant_id)

    async def _stop(self, request: Request) -> Response:
        caller = await self._door.enter(request, OUT_APPROVE)
        body = await read_optional_body(request, BrakeBody)
        call = self._door.call(request, caller, body.model_dump_json().encode())
        await self._door.database.write(_changed, call, body.reason, starts=False)
        return await self._shown(caller.scope.merchant_id)

    async def _start(self, request: Request) -> Response:
        caller = await self._door.enter(request, ADMIN, signed_in=True)
        body = await read_optional_body(request, BrakeBody)
        call = self._door.call(request, caller, body.model_dump_json().encode())
        await self._door.database.write(_changed, call, body.reason, starts=True)
        self._door.wake()
        return await self._shown(caller.scope.merchant_id)

    async def _shown(self, merchant_id: int) -> Response:
        now = self._door.clock.now()
        state = await self._door.database.read(read_state, merchant_id, self._door.rules, now)
        return model_answer(answer_of_state(state, self._door.rules), headers={"Cache-Control": "no-store"})


def read_state(connection: Connection, merchant_id: int, rules: OutRules, now: Instant) -> MoneyOutState:
    """How the merchant's money out stands."""
    return MoneyOutState(
        find_brake(connection, merchant_id),
        sums.cap_use(connection, merchant_id, "", now),
        find_funds(connection, merchant_id, rules.payout_shortcode),
    )


def answer_of_state(state: MoneyOutState, rules: OutRules) -> MoneyOutAnswer:
    """The answer that shows it."""
    brake, funds = state.brake, state.funds
    is_stopped = brake is not None and brake.is_stopped
    reason = brake.reason if brake is not None and is_stopped else None
    body = MoneyOutBody(
        state="off" if not rules.is_on else "stopped" if is_stopped else "running",
        reason=reason,
        message=None if reason is None else _WORDS.get(reason, reason),
        since=None if brake is None else iso(brake.since),
        changed_by=None if brake is None else brake.changed_by or None,
        caps=CapsBody(
            one=rules.caps.one_cents // CENTS,
            day=rules.caps.day_cents // CENTS,
            payee_day=rules.caps.payee_day_cents // CENTS,
            hourly=rules.caps.hourly_count,
        ),
        used=UsedBody(day=shillings_json(state.used.day_cents), hourly=state.used.hourly_count),
        funds=FundsBody(
            available=None if funds.available_cents is None else shillings_json(funds.available_cents),
            as_of=iso(funds.as_of),
        ),
    )
    return MoneyOutAnswer(money_out=body)


def _changed(connection: Connection, call: OutCall, reason: str, *, starts: bool) -> None:
    """A change: stop or start money out, once for each key."""
    take_turn(connection, call.scope.merchant_id)
    if first_call(connection, call) is not None:
        return
    (start if starts else stop)(connection, call.scope.merchant_id, call.subject, reason, call.now)
    bind(connection, call)
