"""Findings over HTTP: what two people found out about a sending whose outcome is unknown."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StrictBool
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import OUT_APPROVE
from pokea.api.bodies import Incoming, read_body
from pokea.api.call_router import CallRouter
from pokea.api.idempotency import REPLAYED
from pokea.api.openapi import IDEMPOTENCY_KEY_REQUIRED, NEEDS_TOKEN, answers, path_id, refusals, takes
from pokea.api.responses import model_answer
from pokea.bookings.schemas import ONE_LINE, one_line
from pokea.clock import Instant
from pokea.disbursements import examples
from pokea.disbursements.doors import OutDoor
from pokea.disbursements.findings import FindingRequest, StatementSearch, open_attempt, record_finding
from pokea.disbursements.model import FINDING_ID, DisbursementKind, OutAttempt
from pokea.disbursements.routes import API, answer_of_view, target_in
from pokea.disbursements.schemas import PayoutAnswer, RefundAnswer
from pokea.disbursements.views import find_view
from pokea.errors import ApiError, invalid

Search = Callable[[str, OutAttempt, Instant], StatementSearch]
"""Looks for a sending in the text of a statement; raises ApiError `invalid_request` where it is none."""
Revisit = Callable[[Sequence[str]], None]
"""Has what is stored of these attempts settled."""
_CODES: Final = ("not_found", "already_decided", "own_request", "sign_in_again", "money_out_off")
_KEYS: Final = ("idempotency_key_required", "idempotency_key_reused")


class RecordFinding(Incoming):
    """What a person found out."""

    paid: StrictBool = Field(description="Whether M-PESA paid.")
    receipt: str | None = Field(
        None, pattern="^[A-Z0-9]{10}$", description="With `paid`: M-PESA's receipt, as the statement has it."
    )
    statement: str | None = Field(
        None,
        min_length=1,
        description="Without `paid`: the text (CSV) of the organisation's complete statement from 5 minutes before the "
        "sending to 24 hours after it, in which no line fits.",
    )
    reason: Annotated[str, AfterValidator(one_line("reason")), ONE_LINE] | None = Field(
        None, description="What else there is to say, in one line."
    )
    confirms: str | None = Field(
        None, pattern="^fd_[0-9a-z]{26}$", description="The finding of another person that this one confirms."
    )


class FindingRoutes:
    """POST of findings about the sendings of one kind of disbursement."""

    def __init__(self, door: OutDoor, kind: DisbursementKind, search: Search, revisit: Revisit) -> None:
        self._door = door
        self._kind = kind
        self._search = search
        self._revisit = revisit

    def router(self) -> CallRouter:
        """The call and its description."""
        kind = self._kind
        router = CallRouter(f"{API}/{kind}s", "money out")
        model = RefundAnswer if kind is DisbursementKind.REFUND else PayoutAnswer
        example = {"success": True, kind.value: examples.BODIES[kind]}
        own_id = path_id("id", f"The {kind}'s `id`.", examples.IDS[kind])
        described: dict[str, Any] = {
            "security": NEEDS_TOKEN,
            "parameters": [own_id, IDEMPOTENCY_KEY_REQUIRED],
            "requestBody": takes(RecordFinding, {"paid": True, "receipt": "SKC82PACB8"}),
        }
        router.add(
            "/{id}/findings", self._post, method="POST",
            summary=f"Say what you found out about a {kind} whose outcome is unknown",
            description="It counts once another person sends the same with `confirms`, the `id` of the first.",
            responses=refusals(*_CODES, *_KEYS, body=True)
            | {201: answers(f"The {kind}, with what was found.", model, example)},
            more=described,
        )  # fmt: skip
        return router

    async def _post(self, request: Request) -> Response:
        caller = await self._door.enter(request, OUT_APPROVE, signed_in=True)
        body, target = await read_body(request, RecordFinding), target_in(request, self._kind)
        if body.paid in (body.receipt is None, body.statement is not None):
            raise invalid("paid", "Send `receipt` where it was paid, and `statement` where it was not.")
        call = self._door.call(request, caller, body.model_dump_json().encode(), FINDING_ID)
        wanted = FindingRequest(body.paid, body.receipt, body.statement, body.reason, body.confirms)
        view = await self._door.database.read(find_view, caller.scope, self._kind, target.id, None)
        if view is None:
            raise ApiError("not_found", f"There is no such {self._kind}.")
        search = None
        if body.statement is not None:
            search = self._search(body.statement, open_attempt(view.attempts), self._door.clock.now())
        done = await self._door.database.write(record_finding, call, target, wanted, search)
        if done.attempt_id is not None:
            self._revisit([done.attempt_id])
        shown = await self._door.database.read(find_view, caller.scope, self._kind, target.id, None)
        return model_answer(answer_of_view(shown or view), 201, REPLAYED if done.replayed else None)
