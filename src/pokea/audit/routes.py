"""The books over HTTP: anyone may see the last check, and an admin may ask for another and see where it found what."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import ADMIN, Authenticator
from pokea.api.bodies import Outgoing
from pokea.api.call_router import CallRouter
from pokea.api.openapi import NEEDS_TOKEN, answers, refusals
from pokea.api.responses import model_answer
from pokea.audit import rounds
from pokea.audit.rounds import State
from pokea.audit.rule import MOST_NAMED, Rule
from pokea.audit.worker import Audit
from pokea.clock import SECOND, Clock, Instant, iso
from pokea.storage.database import Database

PREFIX: Final = "/api/v1/books"
_FRESH: Final[Instant] = SECOND
"""For so long the same state is shown to everybody, so that looking costs the database nothing."""


class RuleAnswer(Outgoing):
    """One rule of the books."""

    name: str
    says: str
    holds: bool | None = Field(description="Null before the first look.")
    violations: int = Field(description="Places at which it was found broken and not seen mended since.")


class PlaceAnswer(Outgoing):
    """Where a rule was found broken."""

    rule: str
    where: str
    found_at: str


class BooksAnswer(Outgoing):
    """The last check of the books."""

    success: bool = True
    holds: bool | None = Field(description="Whether every rule holds; null before the first look.")
    looked_at: str | None = Field(description="When the newest rows were last looked at.")
    whole_check_ended_at: str | None = Field(description="When every row had been checked for the last time.")
    checking: bool = Field(description="Whether a whole check that was asked for is under way.")
    rules: list[RuleAnswer]
    places: list[PlaceAnswer] | None = Field(description="The newest places, for an admin; null for others.")


_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "holds": True,
    "lookedAt": "2026-11-27T13:58:00.000Z",
    "wholeCheckEndedAt": "2026-11-27T03:00:12.480Z",
    "checking": False,
    "rules": [
        {
            "name": "ledger_balances",
            "says": "The postings of each payment, and so of all, sum to nothing.",
            "holds": True,
            "violations": 0,
        }
    ],
    "places": [],
}


def book_routes(
    gate: Authenticator, database: Database, clock: Clock, audit: Audit, rules: Sequence[Rule]
) -> CallRouter:
    """GET of the last check, and POST that asks for a new one."""
    router = CallRouter(PREFIX, "books")
    rules = [rule for rule in rules if rule.is_walked]
    shown: list[tuple[Instant, State]] = []

    async def last_check() -> State:
        now = clock.now()
        if not shown or now - shown[0][0] >= _FRESH:
            shown[:] = [(now, await database.read(rounds.state))]
        return shown[0][1]

    async def get_books(request: Request) -> Response:
        if "authorization" in request.headers and (await gate.caller(request)).is_admin:
            found = await database.read(rounds.state, MOST_NAMED * len(rules))
            return model_answer(answer_of(found, rules, with_places=True), headers={"Cache-Control": "no-store"})
        return model_answer(answer_of(await last_check(), rules), headers={"Cache-Control": "no-store"})

    async def check_books(request: Request) -> Response:
        await gate.require(request, ADMIN)
        await audit.check_everything()
        shown.clear()
        return model_answer(answer_of(await last_check(), rules), 202)

    router.add(
        "",
        get_books,
        method="GET",
        summary="See the last check of the books",
        description="Needs no token. With an admin's, `places` says where a rule was found broken.",
        responses=refusals("unauthenticated", token=False)
        | {200: answers("The rules, and whether they hold.", BooksAnswer, _EXAMPLE)},
    )
    router.add(
        "/check",
        check_books,
        method="POST",
        summary="Have the whole books checked now",
        description="Returns at once; `checking` is false again when it is done. Safe to repeat.",
        responses=refusals() | {202: answers("The check is under way.", BooksAnswer, _EXAMPLE | {"checking": True})},
        more={"security": NEEDS_TOKEN},
    )
    return router


def answer_of(found: State, rules: Sequence[Rule], *, with_places: bool = False) -> BooksAnswer:
    """What is shown of a state of the check: names and numbers, and ids only with the places."""
    looked_at = [each.looked_at for each in found.rounds]
    ended_at = [each.ended_at for each in found.rounds]
    known = bool(looked_at) and all(looked_at)
    return BooksAnswer(
        holds=not found.counts if known or found.counts else None,
        looked_at=_earliest(looked_at),
        whole_check_ended_at=_earliest(ended_at),
        checking=any(each.hurried for each in found.rounds),
        rules=[
            RuleAnswer(
                name=rule.name,
                says=rule.says,
                holds=rule.name not in found.counts if known or rule.name in found.counts else None,
                violations=found.counts.get(rule.name, 0),
            )
            for rule in rules
        ],
        places=[
            PlaceAnswer(rule=each.rule, where=each.sentence, found_at=iso(each.found_at) or "")
            for each in found.standing
        ]
        if with_places
        else None,
    )


def _earliest(moments: Sequence[Instant | None]) -> str | None:
    known = [moment for moment in moments if moment is not None]
    return iso(min(known)) if known and len(known) == len(moments) else None
