"""Which payments are asked about next, under one budget that all processes share (law 5).

The budget is a bucket that fills at a rate; a question takes one token. Daraja's rate limit halves the rate, and each
answer raises it again by a twentieth up to what is configured. Of ten questions seven go to the newest waiting
customers, two to the oldest open payment and one to claims; a turn that finds nothing goes to the next in that order.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, case, func, or_, select, update

from pokea.clock import SECOND, Instant
from pokea.payments.asking import GIVE_UP, gap
from pokea.payments.status import Status
from pokea.payments.store import Payment
from pokea.storage.statements import insert_new
from pokea.storage.tables import payments, query_budget

_TURNS = "NNONNCNNON"
_LOWEST_RATE = 1 / 60
_RECOVERY = 1.05
_AT_ONCE = 64
_LEASE: Instant = 60 * SECOND


class Question(NamedTuple):
    """Ask Daraja about this id; `attempt` counts from 1. `asked_before`: when the attempt before this one was."""

    payment_id: str
    checkout_request_id: str
    attempt: int
    asked_before: Instant | None = None


class Due(NamedTuple):
    """What is to be done now, and when to look again (None: when woken)."""

    to_ask: list[Question]
    to_close: list[Payment]
    look_again_at: Instant | None
    rate: float


class _Waiting(NamedTuple):
    """The earliest time at which a row is due, and the earliest claim that is to be asked about."""

    due_at: Instant | None
    claimed_at: Instant | None

    def somebody_at(self, now: Instant) -> bool:
        """Whether anything may be done at this time."""
        return self.claimed_at is not None or (self.due_at is not None and self.due_at <= now)


# The statements of the worker's every look are built once: to build them takes longer than to run them.
_DUE = and_(
    payments.c.due_at <= bindparam("now"),
    payments.c.checkout_request_id.is_not(None),
    payments.c.created_at > bindparam("day_ago"),
)
_DAY_OVER = payments.c.created_at <= bindparam("day_ago")
_IS_PENDING = payments.c.status == Status.PENDING
_CLAIMED = and_(payments.c.claimed_at.is_not(None), payments.c.checkout_request_id.is_not(None))


def _lane(*order: Any) -> Select[Any]:
    return select(payments).order_by(*order).limit(bindparam("count")).with_for_update(skip_locked=True)


_LANES: Final = {
    "N": _lane(payments.c.created_at.desc(), payments.c.id.desc()).where(_DUE, _IS_PENDING),
    "O": _lane(_IS_PENDING.desc(), payments.c.due_at, payments.c.id).where(_DUE),
    "C": _lane(payments.c.claimed_at.desc(), payments.c.id).where(_CLAIMED),
}
_END_QUIETLY: Final = (
    update(payments)
    .where(payments.c.due_at <= bindparam("now"), _DAY_OVER, payments.c.status == Status.FAILED)
    .values(due_at=None)
)
_TO_CLOSE: Final = _lane(payments.c.id).where(
    payments.c.due_at <= bindparam("now"), or_(payments.c.checkout_request_id.is_(None), _DAY_OVER)
)
_BUDGET: Final = select(query_budget).where(query_budget.c.app == bindparam("key")).with_for_update()
_SPEND: Final = (
    update(query_budget)
    .where(query_budget.c.app == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in ("rate", "tokens", "filled_at", "turn")})
)
_TAKE: Final = (
    update(payments)
    .where(payments.c.id == bindparam("key"))
    .values(attempts=bindparam("attempt"), asked_at=bindparam("now"), claimed_at=None, due_at=bindparam("next_at"))
)
_PUT_BACK: Final = (
    update(payments)
    .where(payments.c.id == bindparam("key"), payments.c.attempts == bindparam("attempt"))
    .where(payments.c.due_at.is_not(None))
    .values(attempts=bindparam("before"), asked_at=bindparam("asked_before"), due_at=bindparam("now"))
)
_LEASE_ALL: Final = (
    update(payments).where(payments.c.id.in_(bindparam("ids", expanding=True))).values(due_at=bindparam("leased_until"))
)
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
_EARLIEST: Final = select(func.min(payments.c.due_at), func.min(payments.c.claimed_at))


def claim_due(connection: Connection, app: str, configured_rate: float, now: Instant) -> Due:
    """Take what is due: no other process gets it until its next time has come. A look that finds nothing is short."""
    waiting = _waiting(connection)
    if not waiting.somebody_at(now):
        return Due([], [], waiting.due_at, configured_rate)
    to_close = _claim_closings(connection, now)
    rate, tokens, turn = _filled(connection, app, configured_rate, now)
    affordable = min(int(tokens), _AT_ONCE)
    chosen = _choose(connection, affordable, turn, now) if affordable else []
    questions = [_take(connection, payment, now) for payment in chosen]
    tokens -= len(questions)
    spent = {"new_rate": rate, "new_tokens": tokens, "new_filled_at": now, "new_turn": turn + len(questions)}
    connection.execute(_SPEND, {"key": app} | spent)
    return Due(questions, to_close, _look_again(_waiting(connection), now, rate, tokens), rate)


def slow_down(connection: Connection, app: str, asked_rate: float, now: Instant) -> None:
    """Daraja refused a question that was asked at this rate: go on at half of it, and let the bucket run dry.

    Questions of one rate that are refused together halve it once: what they have in common is that it was too high.
    """
    connection.execute(_SLOW_DOWN, {"key": app, "slower": max(asked_rate / 2, _LOWEST_RATE), "now": now})


def put_back(connection: Connection, question: Question, now: Instant) -> None:
    """Daraja refused the question unread, so it counts as not asked: the payment keeps its place in the queue."""
    before = {"before": question.attempt - 1, "asked_before": question.asked_before}
    connection.execute(_PUT_BACK, {"key": question.payment_id, "attempt": question.attempt, "now": now} | before)


def turn_away(connection: Connection, app: str, asked_rate: float, question: Question, now: Instant) -> None:
    """Daraja's limit met this question, asked at this rate: ask more slowly, and ask it again in its turn."""
    slow_down(connection, app, asked_rate, now)
    put_back(connection, question, now)


def speed_up(connection: Connection, app: str, configured_rate: float) -> None:
    """Daraja answered: raise a lowered rate by a twentieth."""
    connection.execute(_SPEED_UP, {"key": app, "configured": configured_rate})


def _filled(connection: Connection, app: str, configured_rate: float, now: Instant) -> tuple[float, float, int]:
    row = connection.execute(_BUDGET, {"key": app}).one_or_none()
    if row is None:
        full = max(1.0, configured_rate)
        fresh = {"app": app, "rate": configured_rate, "tokens": full, "filled_at": now, "turn": 0}
        insert_new(connection, query_budget, [fresh])
        row = connection.execute(_BUDGET, {"key": app}).one()
    rate = min(row.rate, configured_rate)
    elapsed_seconds = max(0, now - row.filled_at) / SECOND
    return rate, min(max(1.0, rate), row.tokens + elapsed_seconds * rate), row.turn


def _claim_closings(connection: Connection, now: Instant) -> list[Payment]:
    """Payments that Daraja cannot or need not be asked about: their lease, their lock or their day is over."""
    at = {"now": now, "day_ago": now - GIVE_UP}
    connection.execute(_END_QUIETLY, at)
    rows = _locked(connection, _TO_CLOSE, at | {"count": _AT_ONCE})
    if rows:
        ids = [row.id for row in rows]
        connection.execute(_LEASE_ALL, {"ids": ids, "leased_until": now + _LEASE})
    return rows


def _choose(connection: Connection, count: int, turn: int, now: Instant) -> list[Payment]:
    at = {"now": now, "day_ago": now - GIVE_UP, "count": count}
    lanes = {name: _locked(connection, statement, at) for name, statement in _LANES.items()}
    chosen: dict[str, Payment] = {}
    for step in range(count):
        wanted = _TURNS[(turn + step) % len(_TURNS)]
        for lane in (wanted, *"NOC"):
            payment = next((each for each in lanes[lane] if each.id not in chosen), None)
            if payment is not None:
                chosen[payment.id] = payment
                break
    return list(chosen.values())


def _locked(connection: Connection, statement: Select[Any], values: Mapping[str, int]) -> list[Payment]:
    return [Payment(*row) for row in connection.execute(statement, dict(values))]


def _take(connection: Connection, payment: Payment, now: Instant) -> Question:
    attempt = payment.attempts + 1
    taken = {"key": payment.id, "attempt": attempt, "now": now, "next_at": now + gap(attempt)}
    connection.execute(_TAKE, taken)
    return Question(payment.id, payment.checkout_request_id or "", attempt, payment.asked_at)


def _waiting(connection: Connection) -> _Waiting:
    return _Waiting(*connection.execute(_EARLIEST).one())


def _look_again(waiting: _Waiting, now: Instant, rate: float, tokens: float) -> Instant | None:
    moments = [moment for moment in waiting if moment is not None]
    if not moments:
        return None
    next_token = now if tokens >= 1 else now + round((1 - tokens) / rate * SECOND) + 1
    return max(min(moments), next_token)
