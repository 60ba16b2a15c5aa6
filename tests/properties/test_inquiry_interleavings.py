"""The worker looks while something arrives, on PostgreSQL and stepped through every interleaving (law: universes)."""

from functools import partial

import pytest
from sqlalchemy import Connection

from pokea.clock import SECOND
from pokea.daraja.outcomes import Answered
from pokea.operations import store
from pokea.operations.evidence import Delivery, Evidence, from_query
from pokea.operations.inquiry_queue import Due, claim_due
from pokea.operations.settle import settle
from pokea.payments.flow import PaymentFlow
from pokea.storage.database import Database
from tests.deliveries import FLOW, TOKENS, checkout_of, delivery, pushed_payment
from tests.properties.interleaved import BOOKINGS, NOW, accepted, batch
from tests.properties.stepping import Change, Gates, crossing
from tests.properties.tables import begin_with, check_books

PAYMENT = "pay_1"
GATES: Gates = {
    "lock the payment": r"order by id for update",
    "close": r"^(?!.*request_id IS NOT NULL).*ORDER BY open_payments.next_action_at.*FOR UPDATE",
    "take the newest": r"ORDER BY open_payments.created_at DESC.*FOR UPDATE",
    "take the failed": r"ORDER BY open_payments.inquiry_requested_at DESC.*FOR UPDATE",
}
NOT_PAID = from_query(PAYMENT, 1, Answered("1037", "", checkout_of(PAYMENT)), NOW)
LOOK = partial(claim_due, app="app", configured_rate=20.0, now=NOW)


def told(*arrived: Delivery | Evidence) -> Change:
    """Something arrives and is settled."""
    return partial(settle, batch=batch(*arrived), flow=FLOW)


def begin(connection: Connection) -> None:
    """One payment that Daraja has accepted, and that is due."""
    begin_with(connection, BOOKINGS, [pushed_payment(PAYMENT, created_at=NOW - 300 * SECOND)])
    settle(connection, batch(accepted(PAYMENT)), PaymentFlow(TOKENS.proves))


ARRIVALS: list[tuple[str, Change, str, set[int]]] = [
    ("paid", told(delivery(PAYMENT)), "completed", {0, 1}),
    ("cancelled", told(delivery(PAYMENT, 1032)), "failed", {1}),
    ("a lone answer of not paid", told(NOT_PAID), "pending", {1}),
]
"""What arrives, what becomes of the payment, and how often it may be asked about by this look and the next."""


@pytest.mark.parametrize(("story", "arrival", "status", "questions"), ARRIVALS, ids=[each[0] for each in ARRIVALS])
def test_a_look_meets_an_arrival(
    plain: Database, story: str, arrival: Change, status: str, questions: set[int]
) -> None:
    """A payment that is being settled is taken before it, or passed over and taken by the next look if it is due still:
    no attempt is lost or made twice, nothing that is paid is asked about afterwards, and nobody waits in a circle."""
    url = plain.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def prepare() -> None:
        with plain.engine.begin() as connection:
            begin(connection)

    seen = set()
    schedules = 0
    with crossing(url, GATES) as crossed:
        for ending in crossed.every_schedule(prepare, (arrival, LOOK)):
            first = ending.results[1]
            assert isinstance(first, Due), ending
            assert ending.runs == (1, 1), f"a deadlock: {ending.steps}"
            with plain.engine.begin() as connection:
                later = claim_due(connection, "app", 20.0, NOW + SECOND)
                check_books(connection)
                (payment,) = store.find_all(connection, [PAYMENT]).values()
            asked = [*first.to_ask, *later.to_ask]
            assert payment.status == status, ending
            assert [question.attempt for question in asked] == list(range(1, payment.inquiries + 1)), ending
            assert status != "completed" or later.to_ask == [], ending
            seen.add(len(asked))
            schedules += 1
    assert seen == questions
    assert schedules >= 12, f"{story}: {schedules}"
