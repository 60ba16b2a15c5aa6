"""The table of a payment's states, made by asking the function that decides them."""

from collections.abc import Sequence
from typing import Final

from pokea.clock import HOUR, SECOND
from pokea.operations.decision import Decision, Flag, Status, Terms, decide
from pokea.operations.evidence import Evidence, Source
from pokea.operations.inquiry_queue import LANE_CYCLE
from pokea.operations.rules import STK_PUSH
from tools.markdown import page, table

_FACTS: Final = Terms("pay_1", 50_000, expires_at=120 * SECOND)
_ID: Final = "ws_CO_1"


def _piece(
    kind: Source, seconds: int, code: str | None = None, cents: int | None = None, proved: bool = True
) -> Evidence:
    paid = code == "0" and kind is not Source.QUERY
    return Evidence(
        "pay_1",
        f"{kind}:{code}:{seconds}",
        kind,
        seconds * SECOND,
        proved=proved,
        code=code,
        amount_cents=(cents or _FACTS.amount_cents) if paid else None,
        receipt="UE4JS31RBV" if paid else None,
        request_id=_ID if kind in (Source.PUSH_ACCEPTED, Source.CALLBACK) else None,
    )


_ACCEPTED: Final = _piece(Source.PUSH_ACCEPTED, 1)
_PAID: Final = _piece(Source.CALLBACK, 5, "0")
_CANCELLED: Final = _piece(Source.CALLBACK, 6, "1032")
STATES: Final[dict[str, Sequence[Evidence]]] = {
    "`initiated`": [],
    "`initiated`, push unknown": [_piece(Source.PUSH_UNKNOWN, 1)],
    "`pending`": [_ACCEPTED],
    "`failed` by callback": [_ACCEPTED, _CANCELLED],
    "`failed` by queries": [_ACCEPTED, _piece(Source.QUERY, 20, "1037"), _piece(Source.QUERY, 40, "1037")],
    "`failed`, given up": [_ACCEPTED, _piece(Source.GAVE_UP, 90_000)],
    "`completed`": [_ACCEPTED, _PAID],
}
"""Each state, and evidence that leads to it."""
HAPPENINGS: Final[dict[str, Sequence[Evidence]]] = {
    "Daraja accepts the push": [_ACCEPTED],
    "Daraja refuses the push": [_piece(Source.PUSH_REFUSED, 2)],
    "the push's outcome is unknown": [_piece(Source.PUSH_UNKNOWN, 2)],
    "callback: paid": [_PAID],
    "callback: paid another amount": [_piece(Source.CALLBACK, 7, "0", 50_100)],
    "callback: cancelled": [_CANCELLED],
    "callback: a code that proves nothing": [_piece(Source.CALLBACK, 8, "17")],
    "callback without proof: paid": [_piece(Source.CALLBACK, 9, "0", proved=False)],
    "query: paid": [_piece(Source.QUERY, 60, "0")],
    "query: not paid": [_piece(Source.QUERY, 70, "1032")],
    "query: not paid, twice": [_piece(Source.QUERY, 70, "1032"), _piece(Source.QUERY, 90, "1032")],
    "a statement names it": [_piece(Source.STATEMENT, 95, "0")],
    "given up": [_piece(Source.GAVE_UP, 90_000)],
}
"""Whatever may be told of a payment."""


def cell(state: str, happening: str) -> Decision:
    """The row of a payment in this state after this happening."""
    return decide(_FACTS, STK_PUSH, [*STATES[state], *HAPPENINGS[happening]])


def states_page() -> str:
    """Each cell of states by happenings, when a payment is asked about, and who comes first."""
    return page(
        [
            "# The states of a payment",
            "Each cell says what the row becomes when something is told of a payment in that state, and which flag it "
            "raises. A callback *with* proof came to the payment's own address, from an allowed sender, and names its "
            "id. What stays as it was is left empty. [payments.md](payments.md) says why.",
            table(("Told", *STATES), ((name, *(_shown(state, name) for state in STATES)) for name in HAPPENINGS)),
            "```mermaid\nstateDiagram-v2\n    [*] --> initiated\n" + "\n".join(_arrows()) + "\n```",
            "## When it is asked about",
            table(("What", "When"), _times()),
            "## Who comes first",
            "Of ten questions, where there is somebody to ask about; a turn that finds nobody goes to another lane:",
            table(("Of ten", "Go to"), ((str(LANE_CYCLE.count(lane)), says) for lane, says in _LANES.items())),
        ]
    )


_LANES: Final = {
    "N": "open payments, the newest first",
    "O": "open payments, the one that is overdue the longest first",
    "F": "failed payments whose lock is over, for the closing question, the one overdue the longest first",
    "C": "payments of which somebody claims something, the newest claim first",
}


def _shown(state: str, happening: str) -> str:
    before, after = decide(_FACTS, STK_PUSH, STATES[state]), cell(state, happening)
    flags = [f"*{flag.value}*" for flag in after.flags if flag not in before.flags]
    said = [f"`{after.status.value}`"] if after.status is not before.status else []
    return " ".join([*said, *flags])


def arrows() -> set[tuple[Status, Status]]:
    """Which status leads to which, in any cell."""
    found = {
        (decide(_FACTS, STK_PUSH, STATES[state]).status, cell(state, each).status)
        for state in STATES
        for each in HAPPENINGS
    }
    return {(before, after) for before, after in found if before is not after}


def _arrows() -> list[str]:
    order = list(Status)
    found = sorted(arrows(), key=lambda arrow: (order.index(arrow[0]), order.index(arrow[1])))
    return [f"    {before.value} --> {after.value}" for before, after in found]


def _times() -> list[tuple[str, str]]:
    gaps = ", ".join(str(gap // SECOND) for gap in STK_PUSH.gaps)
    return [
        ("first question after acceptance", f"{STK_PUSH.first_question // SECOND} s"),
        ("pauses between questions without an answer, in seconds, the last one for ever", gaps),
        ("a lone answer of `not paid` is asked again after", f"{STK_PUSH.second_opinion // SECOND} s"),
        ("two answers prove a failure when they are apart by at least", f"{STK_PUSH.agreement // SECOND} s"),
        (
            "a claim or a doubtful callback brings the question forward at most every",
            f"{STK_PUSH.expedite_every // SECOND} s",
        ),
        ("the lock of booking and phone ends after the prompt's end by", f"{STK_PUSH.lock_grace // SECOND} s"),
        ("the asking ends after", f"{STK_PUSH.give_up // HOUR} h"),
        ("flags that a person is to look at", ", ".join(f"`{flag.value}`" for flag in Flag)),
    ]
