"""The guide's calls about one payment: prompt a customer, read how it stands. The history is in `history.routes`."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import PAYMENTS_READ, PAYMENTS_WRITE, Authenticator, bearer_token
from pokea.api.bodies import read_body
from pokea.api.call_router import CallRouter
from pokea.api.errors import problem_response
from pokea.api.fast_path import FastRoute, taking
from pokea.api.idempotency import REPLAYED, idempotency_key
from pokea.api.languages import language_of
from pokea.api.openapi import (
    IDEMPOTENCY_KEY,
    NEEDS_TOKEN,
    answers,
    refusals,
    takes,
)
from pokea.api.responses import json_answer
from pokea.clock import Clock, Instant
from pokea.errors import ApiError, invalid
from pokea.money import CENTS
from pokea.operations import store
from pokea.operations.store import Payment
from pokea.operations.tokens import CLIENT_SECRET_LIFETIME, PaymentTokens, is_client_secret
from pokea.payments import examples
from pokea.payments.push import PushCommand, PushService
from pokea.payments.reserve import Rejected
from pokea.payments.responses import PushResponse, StatusAnswer
from pokea.payments.schemas import (
    PushBody,
    error_of_push,
    error_of_rejection,
    push_body,
    status_body,
    was_refused,
)
from pokea.phone import InvalidPhone, parse_phone
from pokea.storage.batching import BatchedReads
from pokea.storage.database import Database

PREFIX = "/api/v1/payments/mpesa"
_PUSH = f"{PREFIX}/stkpush"
_STATUS = f"{PREFIX}/status/"
_LONGEST_ID = 64


class PaymentReader(NamedTuple):
    """A caller who may read a payment: the subject of a token, or None for its client secret; and until when."""

    payment: Payment
    subject: str | None
    until: Instant


class PaymentRoutes:
    """The calls of people's programs; Daraja's are in `operations.inbound`."""

    def __init__(
        self, database: Database, gate: Authenticator, prompter: PushService, tokens: PaymentTokens, clock: Clock
    ) -> None:
        self._database = database
        self._reads = BatchedReads(database, store.find_all)
        self._gate = gate
        self._prompter = prompter
        self._tokens = tokens
        self._clock = clock
        self._short_push = FastRoute(taking(self._push), "", _PUSH)
        self._take_status = taking(self._status, "transactionId")

    def router(self) -> CallRouter:
        """The calls and their descriptions."""
        router = CallRouter(PREFIX, "Payments")
        router.add("/stkpush", self._push, method="POST", **_PUSH_DESCRIBED)
        router.add("/status/{transactionId}", self._status, method="GET", **_STATUS_DESCRIBED)
        return router

    async def _push(self, request: Request) -> Response:
        # Before the first wait, which may be for the keys of an issuer of tokens.
        deadline = self._prompter.deadline()
        caller = await self._gate.require(request, PAYMENTS_WRITE)
        body = await read_body(request, PushBody)
        key = idempotency_key(request, caller, _PUSH, body.model_dump_json().encode())
        try:
            phone = parse_phone(body.phone_number)
        except InvalidPhone as failure:
            raise invalid("phoneNumber", str(failure)) from None
        command = PushCommand(
            caller.scope,
            caller.subject,
            is_admin=caller.is_admin,
            booking_id=body.booking_id,
            msisdn=phone.msisdn,
            amount_cents=body.amount * CENTS,
            type=body.type,
            idempotency_key=key,
        )
        answer = await self._prompter.prompt(command, deadline)
        if isinstance(answer, Rejected):
            raise error_of_rejection(
                answer,
                answer.conflict is not None and caller.may_see(answer.conflict.owner, answer.conflict.merchant_id),
            )
        payment = answer.payment
        request.scope["state"]["about"] = payment.id
        headers = REPLAYED if answer.replayed else {}
        if answer.replayed and payment.lease_until > self._clock.now():
            message = "The first call with this Idempotency-Key is still being answered; repeat it in a moment."
            raise ApiError("idempotency_in_flight", message, retry_after_seconds=2)
        if was_refused(payment):
            return problem_response(error_of_push(payment, language_of(request)), request.scope, headers)
        return json_answer(push_body(payment, self._tokens.client_secret(payment.id), phone.hint), 201, headers)

    def push_shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for a push."""
        return self._short_push if path == _PUSH else None

    def read_shortcut(self, path: str) -> FastRoute | None:
        """The way past the general stack for the status of one payment."""
        payment_id = path[len(_STATUS) :] if path.startswith(_STATUS) else ""
        if not payment_id or "/" in payment_id:
            return None
        return FastRoute(self._take_status, payment_id, f"{_STATUS}{{transactionId}}", quiet=True)

    async def _status(self, request: Request) -> Response:
        payment = await self.readable_payment(request)
        body = status_body(payment, language_of(request), self._clock.now())
        return json_answer(body, headers={"Cache-Control": "no-store"})

    async def readable_payment(self, request: Request) -> Payment:
        """The payment that the address names, given that the caller may read it. Raises ApiError."""
        return (await self.reader(request)).payment

    async def reader(self, request: Request) -> PaymentReader:
        """Who reads the payment that the address names, given that the caller may.

        The caller is its customer by token, an admin, or a page that holds its client secret (law: keys and tokens).
        Raises ApiError.
        """
        payment_id = request.path_params["transactionId"]
        bearer = bearer_token(request)
        if is_client_secret(bearer):
            payment = await self._find(payment_id)
            opened = payment is not None and self._tokens.opens(
                bearer, payment.id, payment.created_at, self._clock.now()
            )
            if payment is None or not opened:
                raise ApiError("unauthenticated", "This client secret does not read this payment, or its day is over.")
            return PaymentReader(payment, None, payment.created_at + CLIENT_SECRET_LIFETIME)
        caller = await self._gate.require(request, PAYMENTS_READ)
        payment = await self._find(payment_id)
        if payment is None or not caller.may_see(payment.owner, payment.merchant_id):
            raise ApiError("not_found", "There is no such transaction.")
        return PaymentReader(payment, caller.subject, caller.expires_at)

    async def _find(self, payment_id: str) -> Payment | None:
        if len(payment_id) > _LONGEST_ID or "\0" in payment_id:
            return None
        return await self._reads.find(payment_id)


_PUSH_EXAMPLE: Final = {
    "phoneNumber": "0712345678",
    "bookingId": examples.BOOKING_ID,
    "amount": 500,
    "type": "booking_fee",
}
_PUSH_DESCRIBED: Final[Mapping[str, Any]] = {
    "summary": "Prompt a customer to pay",
    "description": "Sends one M-PESA prompt. While it is unknown whether the prompt reached the phone, "
    "`checkoutRequestId` is null and the payment is being checked: do not ask again.",
    "responses": {201: answers("The prompt was sent, or is being checked.", PushResponse, examples.PUSH)}
    | refusals(
        *("amount_mismatch", "not_found", "payment_in_progress", "already_paid", "subscriber_locked"),
        *("idempotency_in_flight", "link_closed", "idempotency_key_reused", "too_many_requests", "daraja_refused"),
        "daraja_unavailable",
        body=True,
    ),
    "more": {
        "security": NEEDS_TOKEN,
        "operationId": "stkPush",
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": takes(PushBody, _PUSH_EXAMPLE),
    },
}
_STATUS_DESCRIBED: Final[Mapping[str, Any]] = {
    "summary": "Read a payment",
    "responses": {200: answers("The payment.", StatusAnswer, examples.STATUS)} | refusals("not_found"),
    "more": {"security": NEEDS_TOKEN, "operationId": "paymentStatus", "parameters": [examples.TRANSACTION_ID]},
}
