"""Which payments are asked about next, under one budget that all processes share (law: inquiries).

The budget is a bucket that fills at a rate; a question takes one token. Daraja's rate limit halves the rate, and each
answer raises it again by a twentieth up to what is configured. Of ten questions seven go to the newest waiting
customers, one to the payment that is overdue the longest, one to the closing question of a payment that has failed, and
one to claims; a turn that finds nothing goes to another lane, so that no question of the budget is lost.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, case, delete, func, or_, select, union_all, update

from pokea.clock import HOUR, SECOND, Instant
from pokea.operations.decision import Status
from pokea.operations.rules import STK_PUSH
from pokea.storage.sql import execute, execute_many, fetch_all, fetch_one
from pokea.storage.statements import insert_new
from pokea.storage.tables import open_payments, payments, query_budget

LANE_CYCLE: Final = "NNONNCNNFN"
"""Whose turn each question is."""
_FALLBACK_LANES: Final = {"N": "NOFC", "O": "ONFC", "F": "FONC", "C": "CNOF"}
"""The lanes (newest, overdue, failed, claims) in the order in which each turn looks for a payment."""
_LOWEST_RATE = 1 / 60
_RECOVERY = 1.05
_AT_ONCE = 64
_LEASE: Instant = 60 * SECOND
_LATELY: Instant = 2 * HOUR
"""Longer than the longest gap between two questions."""
_AHEAD: Instant = 5 * SECOND
"""How far ahead of this process's clock another's may be."""


class Inquiry(NamedTuple):
    """Ask Daraja about this id; `attempt` counts from 1. `asked_before`: when the attempt before this one was."""

    payment_id: str
    request_id: str
    attempt: int
    asked_before: Instant | None = None


class OpenPayment(NamedTuple):
    """What the queue reads of an open payment."""

    id: str
    status: str
    created_at: Instant
    request_id: str | None
    lease_until: Instant
    next_action_at: Instant | None
    inquiries: int
    last_inquiry_at: Instant | None


class Due(NamedTuple):
    """What is to be done now, and when to look again (None: when woken)."""

    to_ask: list[Inquiry]
    to_close: list[OpenPayment]
    look_again_at: Instant | None
    rate: float


class _NextDue(NamedTuple):
    """The earliest time at which a row is due, and the earliest claim that is to be asked about."""

    next_action_at: Instant | None
    inquiry_requested_at: Instant | None

    def is_due(self, now: Instant) -> bool:
        """Whether anything may be done at this time."""
        return self.inquiry_requested_at is not None or (self.next_action_at is not None and self.next_action_at <= now)


# The statements of the worker's every look are built once: to build them takes longer than to run them. Each finds its
# rows in the order of an index, so that ten thousand of them cost no more than ten (test_inquiry_plans.py).
_COLUMNS: Final = open_payments.c
_IS_DUE: Final = _COLUMNS.next_action_at <= bindparam("now")
_IN_ITS_DAY: Final = _COLUMNS.created_at > bindparam("day_ago")
_ASKED_LATELY: Final = _COLUMNS.last_inquiry_at > bindparam("lately")
_IS_ASKED_ABOUT: Final = or_(
    _IN_ITS_DAY, _COLUMNS.last_inquiry_at.is_(None), _COLUMNS.last_inquiry_at <= bindparam("lately")
)
"""A payment whose day is over is asked about once more where the last question is longer ago than any gap: no clock
that has jumped, and no outage of a day, ends a payment that was not asked about."""
_HAS_ID: Final = _COLUMNS.request_id.is_not(None)
_LONGEST_DUE: Final = (_COLUMNS.next_action_at, _COLUMNS.id)
_SELECT: Final = select(*(_COLUMNS[name] for name in OpenPayment._fields))


def _lane(status: Status, *order: Any) -> Select[Any]:
    chosen = _SELECT.where(_COLUMNS.status == status.value).order_by(*order)
    return chosen.limit(bindparam("count")).with_for_update(skip_locked=True)


LANES: Final = {
    # PostgreSQL takes status and due time for unrelated, expects few rows, and sorts what is due. As a sum the due time
    # is beyond its guesses, and it walks along `open_payments_newest` from the newest.
    "N": _lane(Status.PENDING, _COLUMNS.created_at.desc(), _COLUMNS.id.desc()).where(
        _IS_ASKED_ABOUT, _HAS_ID, _COLUMNS.next_action_at + 0 <= bindparam("now")
    ),
    "O": _lane(Status.PENDING, *_LONGEST_DUE).where(_IS_DUE, _IS_ASKED_ABOUT, _HAS_ID),
    "F": _lane(Status.FAILED, *_LONGEST_DUE).where(_IS_DUE, _HAS_ID),
    "C": (
        _SELECT.where(_COLUMNS.inquiry_requested_at.is_not(None), _HAS_ID)
        .order_by(_COLUMNS.inquiry_requested_at.desc(), _COLUMNS.id)
        .limit(bindparam("count"))
        .with_for_update(skip_locked=True)
    ),
}
TO_CLOSE: Final = (
    _lane(Status.INITIATED, *_LONGEST_DUE).where(_IS_DUE),
    _lane(Status.PENDING, _COLUMNS.created_at, _COLUMNS.id).where(_IS_DUE, ~_IN_ITS_DAY, _ASKED_LATELY),
)
"""Payments without an id whose lease or lock is over, and those whose day is."""
_BUDGET: Final = select(query_budget).where(query_budget.c.app == bindparam("key")).with_for_update()
_SPEND: Final = (
    update(query_budget)
    .where(query_budget.c.app == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in ("rate", "tokens", "filled_at", "turn")})
)
_TAKE: Final = (
    update(open_payments)
    .where(_COLUMNS.id == bindparam("key"))
    .values(
        inquiries=bindparam("attempt"),
        last_inquiry_at=bindparam("now"),
        inquiry_requested_at=None,
        next_action_at=bindparam("next_at"),
    )
)
_PUT_BACK: Final = (
    update(open_payments)
    .where(_COLUMNS.id == bindparam("key"), _COLUMNS.inquiries == bindparam("attempt"))
    .where(_COLUMNS.next_action_at.is_not(None))
    .values(inquiries=bindparam("before"), last_inquiry_at=bindparam("asked_before"), next_action_at=bindparam("now"))
)
_DUE_AT: Final = (
    update(open_payments)
    .where(_COLUMNS.id.in_(bindparam("ids", expanding=True)))
    .values(next_action_at=bindparam("later"))
)
_FROM_AHEAD: Final = (
    update(open_payments)
    .where(_COLUMNS.status != Status.COMPLETED.value, _COLUMNS.next_action_at > bindparam("now"))
    .where(or_(_COLUMNS.created_at > bindparam("ahead"), _COLUMNS.last_inquiry_at > bindparam("ahead")))
    .values(next_action_at=bindparam("now"))
)
_OVER: Final = _COLUMNS.id.in_(bindparam("ids", expanding=True))
_KEEP_COUNTS: Final = (
    update(payments)
    .where(payments.c.id == _COLUMNS.id, _OVER)
    .values(inquiries=_COLUMNS.inquiries, last_inquiry_at=_COLUMNS.last_inquiry_at)
)
_CLOSE: Final = delete(open_payments).where(_OVER)
_budgeted = query_budget.c.rate
_SLOW_DOWN: Final = (
    update(query_budget)
    .where(query_budget.c.app == bindparam("key"))
    .values(
        rate=case((_budgeted > bindparam("slower"), bindparam("slower")), else_=_budgeted),
        tokens=0.0,
        filled_at=bindparam("now"),
    )
)
_SPEED_UP: Final = (
    update(query_budget)
    .where(query_budget.c.app == bindparam("key"), _budgeted < bindparam("configured"))
    .values(rate=_budgeted * _RECOVERY)
)
_EARLIEST_OF_EACH: Final = union_all(
    *(
        select(func.min(_COLUMNS.next_action_at).label("at")).where(
            _COLUMNS.status == status.value, _COLUMNS.next_action_at.is_not(None)
        )
        for status in (Status.INITIATED, Status.PENDING, Status.FAILED)
    )
).subquery()
"""One index serves all: the times at which payments are due stand in it by their status."""
EARLIEST: Final = select(
    select(func.min(_EARLIEST_OF_EACH.c.at)).scalar_subquery(),
    select(func.min(_COLUMNS.inquiry_requested_at)).where(_COLUMNS.inquiry_requested_at.is_not(None)).scalar_subquery(),
)


def make_due_again(connection: Connection, now: Instant) -> int:
    """The clock has been set back: what was planned by the time before is due now. Answers how many rows that are."""
    return execute(connection, _FROM_AHEAD, {"now": now, "ahead": now + _AHEAD})


def claim_due(connection: Connection, app: str, configured_rate: float, now: Instant, *, closes: bool = True) -> Due:
    """Take what is due: no other process gets it until its next time has come. A look that finds nothing is short.

    Without `closes` no payment is given up.
    """
    waiting = _waiting(connection)
    if not waiting.is_due(now):
        return Due([], [], waiting.next_action_at, configured_rate)
    to_close = _claim_closings(connection, now) if closes else []
    rate, tokens, turn = _filled(connection, app, configured_rate, now)
    affordable = min(int(tokens), _AT_ONCE)
    chosen = _choose(connection, affordable, turn, now) if affordable else []
    questions = _take(connection, chosen, now)
    tokens -= len(questions)
    spent = {"new_rate": rate, "new_tokens": tokens, "new_filled_at": now, "new_turn": turn + len(questions)}
    execute(connection, _SPEND, {"key": app} | spent)
    return Due(questions, to_close, _look_again(_waiting(connection), now, rate, tokens), rate)


def take_budget(connection: Connection, app: str, configured_rate: float, wanted: int, now: Instant) -> int:
    """Take up to `wanted` questions from the budget of this name, for a queue of its own; answers how many it gives."""
    rate, tokens, turn = _filled(connection, app, configured_rate, now)
    taken = min(int(tokens), wanted)
    spent = {"new_rate": rate, "new_tokens": tokens - taken, "new_filled_at": now, "new_turn": turn + taken}
    execute(connection, _SPEND, {"key": app} | spent)
    return taken


def slow_down(connection: Connection, app: str, asked_rate: float, now: Instant) -> None:
    """Daraja refused a question that was asked at this rate: go on at half of it, and let the bucket run dry.

    Questions of one rate that are refused together halve it once: what they have in common is that it was too high.
    """
    execute(connection, _SLOW_DOWN, {"key": app, "slower": max(asked_rate / 2, _LOWEST_RATE), "now": now})


def requeue(connection: Connection, question: Inquiry, now: Instant) -> None:
    """Daraja refused the question unread, so it counts as not asked: the payment keeps its place in the queue."""
    before = {"before": question.attempt - 1, "asked_before": question.asked_before}
    execute(connection, _PUT_BACK, {"key": question.payment_id, "attempt": question.attempt, "now": now} | before)


def requeue_rate_limited(connection: Connection, app: str, asked_rate: float, question: Inquiry, now: Instant) -> None:
    """Daraja's limit met this question, asked at this rate: ask more slowly, and ask it again in its turn."""
    slow_down(connection, app, asked_rate, now)
    requeue(connection, question, now)


def speed_up(connection: Connection, app: str, configured_rate: float) -> None:
    """Daraja answered: raise a lowered rate by a twentieth."""
    execute(connection, _SPEED_UP, {"key": app, "configured": configured_rate})


def _filled(connection: Connection, app: str, configured_rate: float, now: Instant) -> tuple[float, float, int]:
    row = fetch_one(connection, _BUDGET, {"key": app})
    if row is None:
        full = max(1.0, configured_rate)
        fresh = {"app": app, "rate": configured_rate, "tokens": full, "filled_at": now, "turn": 0}
        insert_new(connection, query_budget, [fresh])
        row = fetch_one(connection, _BUDGET, {"key": app})
    rate = min(row.rate, configured_rate)
    elapsed_seconds = max(0, now - row.filled_at) / SECOND
    return rate, min(max(1.0, rate), row.tokens + elapsed_seconds * rate), row.turn


def _claim_closings(connection: Connection, now: Instant) -> list[OpenPayment]:
    """Payments that Daraja cannot or need not be asked about: their lease, their lock or their day is over."""
    at = {"now": now, "day_ago": now - STK_PUSH.give_up, "lately": now - _LATELY, "count": _AT_ONCE}
    rows = [row for statement in TO_CLOSE for row in _locked(connection, statement, at)][:_AT_ONCE]
    if rows:
        ids = [row.id for row in rows]
        connection.execute(_DUE_AT, {"ids": ids, "later": now + _LEASE})
    return rows


def _choose(connection: Connection, count: int, turn: int, now: Instant) -> list[OpenPayment]:
    at = {"now": now, "day_ago": now - STK_PUSH.give_up, "lately": now - _LATELY, "count": count}
    lanes = {name: _locked(connection, statement, at) for name, statement in LANES.items()}
    lanes["F"] = _still_asked(connection, lanes["F"], at["day_ago"])
    chosen: dict[str, OpenPayment] = {}
    for step in range(count):
        for lane in _FALLBACK_LANES[LANE_CYCLE[(turn + step) % len(LANE_CYCLE)]]:
            payment = next((each for each in lanes[lane] if each.id not in chosen), None)
            if payment is not None:
                chosen[payment.id] = payment
                break
    return list(chosen.values())


def _still_asked(connection: Connection, failed: list[OpenPayment], day_ago: Instant) -> list[OpenPayment]:
    """Those of the failed whose day is not over; the others are left alone from now on."""
    over = [payment.id for payment in failed if payment.created_at <= day_ago]
    if over:
        connection.execute(_KEEP_COUNTS, {"ids": over})
        connection.execute(_CLOSE, {"ids": over})
    return [payment for payment in failed if payment.created_at > day_ago]


def _locked(connection: Connection, statement: Select[Any], values: Mapping[str, int]) -> list[OpenPayment]:
    return [OpenPayment._make(row) for row in fetch_all(connection, statement, values)]


def _take(connection: Connection, chosen: Sequence[OpenPayment], now: Instant) -> list[Inquiry]:
    taken = [
        {"key": each.id, "attempt": each.inquiries + 1, "now": now, "next_at": now + STK_PUSH.gap(each.inquiries + 1)}
        for each in chosen
    ]
    execute_many(connection, _TAKE, taken)
    return [Inquiry(each.id, each.request_id or "", each.inquiries + 1, each.last_inquiry_at) for each in chosen]


def _waiting(connection: Connection) -> _NextDue:
    return _NextDue(*fetch_one(connection, EARLIEST))


def _look_again(waiting: _NextDue, now: Instant, rate: float, tokens: float) -> Instant | None:
    moments = [moment for moment in waiting if moment is not None]
    if not moments:
        return None
    next_token = now if tokens >= 1 else now + round((1 - tokens) / rate * SECOND) + 1
    return max(min(moments), next_token)
