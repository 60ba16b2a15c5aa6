"""All that can happen to one payment, each as a change of a real database.

A happening carries the time at which it was received, whatever the order in which processes come to settle it: two
processes are never of one mind about that.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from pokea.clock import HOUR, SECOND, Instant
from pokea.daraja.outcomes import Accepted, Answered, PushOutcome, SubmissionRefused, Unknown
from pokea.errors import Fault
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery, Evidence, from_push, from_query
from pokea.operations.inquiry_queue import Due, claim_due
from pokea.operations.inquiry_worker import closing_evidence
from pokea.operations.settle import settle, store_alone
from pokea.payments.flow import PaymentFlow
from pokea.payments.reserve import Limits, PaymentRequest, Reserved, reserve
from pokea.storage.tables import open_payments
from tests.deliveries import FLOW, TOKENS, checkout_of, delivery, pushed_payment

PAYMENT: Final = "pay_1"
DAY: Final[Instant] = 24 * HOUR
_NOW: Final[Instant] = 1_000 * SECOND
_ROW: Final = "row written"
_MOST_LOOKS: Final = 6

Change = Callable[[Connection], object]


class Happening(NamedTuple):
    """One thing that happens to the payment, once, in one of several ways, of which the first is the usual one.

    `arrived`: what it tells us, if anything. `after`: what has happened before it in every order; `never_after`: what
    has not; `asks`: it needs the id by which Daraja knows the payment.
    """

    name: str
    ways: Sequence[Change]
    arrived: Delivery | Evidence | None = None
    after: tuple[str, ...] = (_ROW,)
    never_after: tuple[str, ...] = ()
    asks: bool = False


PUSH_ANSWERS: Final[dict[str, PushOutcome]] = {
    "accepted": Accepted(checkout_of(PAYMENT), "4ddd-4866-824e-3f944c695ba350353555", ""),
    "refused": SubmissionRefused(
        "500.001.1001", "Unable to lock subscriber", "subscriber_locked", Fault.CUSTOMER, True
    ),
    "unknown": Unknown("the connection was cut"),
}
CALLBACKS: Final[dict[str, Delivery]] = {
    "paid": delivery(PAYMENT),
    "cancelled": delivery(PAYMENT, 1032),
    "paid another amount": delivery(PAYMENT, amount=501),
}
QUERY_ANSWERS: Final[dict[str, tuple[str, str]]] = {
    "paid": ("1037", "0"),
    "not paid": ("1037", "1037"),
}


def story(push: str, callback: str, queries: str) -> list[Happening]:
    """Everything that happens to a payment whose push, callback and queries end so."""
    codes = QUERY_ANSWERS[queries]
    return [
        Happening(_ROW, [write_row], after=()),
        _told("push answered", from_push(PAYMENT, PUSH_ANSWERS[push], SECOND)),
        _called_back(CALLBACKS[callback]),
        *(_told(f"query {attempt}", _said(attempt, code))._replace(asks=True) for attempt, code in enumerate(codes, 1)),
        *_looks(),
    ]


def look(connection: Connection, now: Instant) -> None:
    """The worker takes what is due and says the closing words. Questions are answered by happenings of their own."""
    due = claim(connection, now)
    words = [closing_evidence(payment, now) for payment in due.to_close]
    settle(connection, Batch(now, evidence=words), PaymentFlow(TOKENS.proves))


def look_until_nothing_is_due(connection: Connection, now: Instant) -> None:
    """The worker looks at `now` and then whenever something is due, as long as it takes."""
    for _ in range(_MOST_LOOKS):
        look(connection, now)
        next_action_at = connection.execute(select(open_payments.c.next_action_at)).scalar_one_or_none()
        if next_action_at is None:
            return
        now = max(now, next_action_at)
    raise AssertionError("the worker looks and looks")


def claim(connection: Connection, now: Instant) -> Due:
    """The worker takes what is due; if it dies then, nothing is done about it."""
    return claim_due(connection, "app", 20.0, now)


def _looks() -> list[Happening]:
    """The worker looks when the push's lease is over, or takes what is due then and dies; and it looks when the day is
    over, until nothing is due."""
    early, late = 61 * SECOND, DAY + SECOND
    ways: list[Change] = [partial(look, now=early), partial(claim, now=early)]
    return [
        Happening("lease over", ways, never_after=("day over",)),
        Happening("day over", [partial(look_until_nothing_is_due, now=late)]),
    ]


def write_row(connection: Connection) -> None:
    """The payment's row is made, before its push; whoever tries again finds it made."""
    (made,) = reserve(connection, [PaymentRequest(pushed_payment(PAYMENT), False, None)], Limits(0, 0), 0)
    assert isinstance(made, Reserved), made


def _said(attempt: int, code: str) -> Evidence:
    return from_query(PAYMENT, attempt, Answered(code, "", checkout_of(PAYMENT)), attempt * 20 * SECOND)


def everything_again(happened: Sequence[Happening]) -> Change:
    """All that was told is told again, in one batch."""
    arrived = [each.arrived for each in happened if each.arrived is not None]
    return _settling(*arrived)


def _told(name: str, arrived: Evidence) -> Happening:
    return Happening(name, [_settling(arrived)], arrived)


def _called_back(arrived: Delivery) -> Happening:
    """It is settled with its batch; or stored alone because the batch failed, by a process that dies then."""
    alone = partial(store_alone, batch=_batch([arrived]), flow=FLOW)
    return Happening("callback", [_settling(arrived), alone], arrived)


def _settling(*arrived: Delivery | Evidence) -> Change:
    return partial(settle, batch=_batch(arrived), flow=FLOW)


def _batch(arrived: Sequence[Delivery | Evidence]) -> Batch:
    deliveries = [each for each in arrived if isinstance(each, Delivery)]
    return Batch(_NOW, deliveries, [each for each in arrived if isinstance(each, Evidence)])
