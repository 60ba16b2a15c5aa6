"""Two settles on PostgreSQL, stepped through every interleaving (law: universes): each ends as one after the other
would."""

from functools import partial

import pytest
from sqlalchemy import select

from pokea.clock import SECOND
from pokea.daraja.outcomes import Answered
from pokea.operations.evidence import Delivery, Evidence, from_query, silence
from pokea.operations.settle import settle, store_alone
from pokea.storage.database import Database
from pokea.storage.tables import payments
from tests.deliveries import FLOW, checkout_of, delivery, pushed_payment
from tests.properties.interleaved import Meeting, answers_of, batch
from tests.properties.stepping import SETTLE_GATES, Change

FIRST, OTHER = "pay_1", "pay_2"
OTHER_RECEIPT = "UE4JS31RBX"
ONE = [pushed_payment(FIRST)]
TWO_OF_ONE_BOOKING = [pushed_payment(FIRST, is_locking=False), pushed_payment(OTHER)]
TWO_BOOKINGS = [
    pushed_payment(FIRST, booking_id="bk_2"),
    pushed_payment(OTHER, booking_id="bk_1", msisdn="254722000000"),
]


def settling(*arrived: Delivery | Evidence) -> Change:
    """What arrived is settled as one batch."""
    return partial(settle, batch=batch(*arrived), flow=FLOW)


PAID = settling(delivery(FIRST))
OTHER_PAID = settling(delivery(OTHER, 0, 6 * SECOND, receipt=OTHER_RECEIPT))
OTHER_TOLD_THE_SAME_RECEIPT = settling(delivery(OTHER, 0, 6 * SECOND))
MEETINGS = [
    Meeting("paid and cancelled", ONE, (PAID, settling(delivery(FIRST, 1032, 6 * SECOND))), 5),
    Meeting(
        "paid by callback and by query",
        ONE,
        (PAID, settling(from_query(FIRST, 1, Answered("0", "", checkout_of(FIRST)), 20 * SECOND))),
        6,
    ),
    Meeting("paid and given up", ONE, (PAID, settling(silence(FIRST, 180 * SECOND))), 5),
    Meeting("the same callback twice", ONE, (PAID, PAID), 6),
    Meeting("two payments of one booking", TWO_OF_ONE_BOOKING, (PAID, OTHER_PAID), 14),
    Meeting("two payments told one receipt", TWO_BOOKINGS, (PAID, OTHER_TOLD_THE_SAME_RECEIPT), 14),
    Meeting(
        "two payments of one booking told one receipt", TWO_OF_ONE_BOOKING, (PAID, OTHER_TOLD_THE_SAME_RECEIPT), 14
    ),
    Meeting(
        "both payments in both batches, the other way round",
        TWO_BOOKINGS,
        (
            settling(delivery(FIRST), delivery(OTHER, 1032)),
            settling(
                delivery(OTHER, 0, 6 * SECOND, receipt=OTHER_RECEIPT), delivery(FIRST, 1032, 7 * SECOND)
            ),
        ),
        6,
    ),
]  # fmt: skip


@pytest.mark.parametrize("meeting", MEETINGS, ids=[meeting.told for meeting in MEETINGS])
def test_two_settles_at_once_end_as_one_after_the_other(plain: Database, meeting: Meeting) -> None:
    """However two settles meet, the tables end as in a serial order, the books balance, and one payment is held."""
    assert answers_of(plain, meeting) == {("settled", "settled")}


EVIDENCE_GATES = SETTLE_GATES | {"evidence": r"(FROM|INTO|UPDATE) evidence\b"}


def test_what_is_stored_alone_during_a_settle_is_applied_in_the_end(plain: Database) -> None:
    """A callback that another process stores unapplied, without the payment's lock, is never taken for applied by a
    settle that did not see it."""
    stored = partial(store_alone, batch=batch(delivery(FIRST, 0, 6 * SECOND)), flow=FLOW)
    meeting = Meeting("stored alone", ONE, (settling(delivery(FIRST, 1032)), stored), 15)
    answers_of(plain, meeting, EVIDENCE_GATES)
    with plain.engine.connect() as connection:
        assert connection.execute(select(payments.c.status)).scalar_one() == "completed"
