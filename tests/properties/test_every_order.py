"""Every order of one payment's happenings, with a crash between any two of them: enumerated, on a real database.

The orders make a tree, which is walked with a savepoint at each step. Two beginnings that leave the tables alike with
the same happenings still to come are one from there on, since nothing that comes can tell them apart, and are walked
once. A crash before a commit leaves a beginning as it was. After a commit of which nobody has heard everything is told
again: at each beginning it is, and since nothing changes then, such crashes and callbacks that come twice are harmless
in every order. The day may be over after any beginning, so whatever is lost for ever is among the orders too.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Select, select

from pokea.audit.every_rule import RULES
from pokea.audit.rule import violations
from pokea.events.types import TYPE_NAMES
from pokea.operations import store
from pokea.operations.arrivals import Batch
from pokea.operations.decision import decide
from pokea.operations.evidence import Evidence, Source
from pokea.operations.rules import STK_PUSH
from pokea.operations.settle import settle
from pokea.storage import tables
from pokea.universe.disk import Store
from tests.deliveries import FLOW
from tests.payment_rows import new_booking
from tests.properties.happenings import (
    DAY,
    PAYMENT,
    PUSH_ANSWERS,
    Happening,
    everything_again,
    look_until_nothing_is_due,
    story,
    write_row,
)
from tests.properties.tables import begin_with, check_books

_CRASHES = 2
"""Before the commit of a change, and after it with nobody left who has heard."""


def _all_but(*names: str) -> list[Select[Any]]:
    kept = (tables.payments, tables.bookings, tables.evidence, tables.receipts, tables.postings)
    return [select(*(column for column in table.c if column.name not in names)) for table in kept]


# No change reads the events, or a payment's version but to count it on: what they say is checked in each order.
_STATE = [*_all_but("version"), select(tables.open_payments)]
_FACTS = [*_all_but("version"), select(tables.open_payments.c.locked_until).where(tables.open_payments.c.is_locking)]
_EVENTS = (
    select(tables.outbox.c.version, tables.outbox.c.type)
    .where(tables.outbox.c.object_id == PAYMENT)
    .order_by(tables.outbox.c.version)
)


class Worth(NamedTuple):
    """How many orders lead on from somewhere, and how many with each choice of ways and crashes."""

    orders: int
    with_crashes: int


class Walk:
    """Walks all orders of some happenings from where the connection's tables stand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, ...], Worth] = {}

    def on(self, to_come: Sequence[Happening], happened: Sequence[Happening] = ()) -> Worth:
        """Walk every order of what is to come after what has happened."""
        check_events(self._connection)
        key = (self._tables(_STATE), *(each.name for each in to_come))
        if key not in self._known:
            check_books(self._connection)
            if happened and not store.unapplied(self._connection, 1):
                self._tell_again(happened)
                if "day over" in (each.name for each in happened):
                    check_end(self._connection)
            self._known[key] = self._step(to_come, happened)
        return self._known[key]

    def _step(self, to_come: Sequence[Happening], happened: Sequence[Happening]) -> Worth:
        able = [each for each in to_come if self._is_able(each, {each.name for each in happened})]
        if not able:
            self._run_on()
            return Worth(1, 1)
        orders = with_crashes = 0
        for happening in able:
            rest = [each for each in to_come if each is not happening]
            for number, change in enumerate(happening.ways):
                with self._connection.begin_nested() as savepoint:
                    change(self._connection)
                    worth = self.on(rest, [*happened, happening])
                    savepoint.rollback()
                orders += worth.orders if number == 0 else 0
                with_crashes += worth.with_crashes * (1 + _CRASHES)
        return Worth(orders, with_crashes)

    def _is_able(self, happening: Happening, names: set[str]) -> bool:
        is_its_turn = names.issuperset(happening.after) and names.isdisjoint(happening.never_after)
        payment = store.find(self._connection, PAYMENT) if happening.asks and is_its_turn else None
        return is_its_turn and (not happening.asks or (payment is not None and bool(payment.request_id)))

    def _tell_again(self, happened: Sequence[Happening]) -> None:
        """Whatever was told may be told again: nothing but the time of the next look changes."""
        facts = self._tables(_FACTS)
        with self._connection.begin_nested() as savepoint:
            if len(happened) == 1:
                write_row(self._connection)  # the push waits until its row is known to be there
            everything_again(happened)(self._connection)
            assert self._tables(_FACTS) == facts
            savepoint.rollback()

    def _tables(self, statements: Sequence[Select[Any]]) -> str:
        return str([sorted(map(tuple, self._connection.execute(statement))) for statement in statements])

    def _run_on(self) -> None:
        """After the last happening the worker looks until nothing is due; then all of it is final, and right."""
        with self._connection.begin_nested() as savepoint:
            settle(self._connection, Batch(DAY, revisit=store.unapplied(self._connection, 1)), FLOW)
            look_until_nothing_is_due(self._connection, 2 * DAY)
            assert violations(self._connection, 0, RULES) == []
            check_end(self._connection)
            savepoint.rollback()


def check_events(connection: Connection) -> None:
    """There is an event of a known type for each version of the payment, in order, and nothing ends it once it has
    completed."""
    payment = store.find(connection, PAYMENT)
    events = connection.execute(_EVENTS).all()
    assert [event.version for event in events] == list(range(1, (payment.version if payment else 0) + 1))
    assert {event.type for event in events} <= set(TYPE_NAMES)
    ends = [event.type for event in events if event.type in ("payment.completed", "payment.failed")]
    assert ends == sorted(ends, key=["payment.failed", "payment.completed"].index)
    assert not payment or payment.status not in ("completed", "failed") or ends[-1] == f"payment.{payment.status}"


def check_end(connection: Connection) -> None:
    """The row is that of the whole set, and money that was proved is posted as one pair, and no other."""
    payment = store.find(connection, PAYMENT)
    assert payment is not None
    evidence = store.evidence_of(connection, [PAYMENT]).items[PAYMENT]
    row = decide(payment.terms, STK_PUSH, evidence)
    assert (payment.status, payment.receipt, payment.completed_at) == (row.status, row.receipt, row.completed_at)
    assert (payment.failure_code, payment.failure_reason) == (row.failure_code, row.failure_reason)
    was_paid = any(_is_proof(piece, payment.amount_cents) for piece in evidence)
    assert payment.status == ("completed" if was_paid else "failed")
    assert len(connection.execute(select(tables.postings)).all()) == (2 if was_paid else 0)


def _is_proof(piece: Evidence, amount_cents: int) -> bool:
    """Whether the piece proves alone that it was paid: in every story somebody has answered for the push by the end."""
    by_callback = piece.source is Source.CALLBACK and piece.amount_cents == amount_cents
    return piece.code == "0" and (by_callback or piece.source is Source.QUERY)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """An SQLite database in memory with a booking that awaits its payment."""
    store = Store()
    with store.engine.connect() as opened, opened.begin() as transaction:
        begin_with(opened, [new_booking()], [])
        yield opened
        transaction.rollback()
    store.engine.dispose()


ENDS = [("paid", "not paid"), ("cancelled", "paid"), ("paid another amount", "paid")]
"""What the callback says, and what the queries say in the end."""
WORTH = {"accepted": Worth(204, 1_283_040), "refused": Worth(124, 593_649), "unknown": Worth(124, 619_812)}
"""How many orders there are for each answer to the push: a payment whose id is known is asked about in more of them."""


@pytest.mark.parametrize(("callback", "queries"), ENDS)
@pytest.mark.parametrize("push", PUSH_ANSWERS)
def test_every_order_of_a_payments_happenings_ends_right(
    connection: Connection, push: str, callback: str, queries: str
) -> None:
    """Whatever comes first and whoever dies in between, the books hold after each change and the row is in the end
    that of the whole set, with one pair of postings for money that was proved and the events in order."""
    walk = Walk(connection)
    assert walk.on(story(push, callback, queries)) == WORTH[push]
