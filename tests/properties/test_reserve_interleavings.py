"""Making a payment while something else happens, on PostgreSQL and stepped through every interleaving (law:
universes)."""

from functools import partial
from typing import Any

import pytest

from pokea.clock import SECOND, Instant
from pokea.operations.evidence import Delivery, Evidence, silence
from pokea.operations.settle import Settled, settle
from pokea.operations.store import Payment
from pokea.payments.reserve import Answer, Limits, PaymentRequest, reserve
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from tests.deliveries import FLOW, delivery, pushed_payment
from tests.payment_rows import new_booking
from tests.properties.interleaved import NOW, Meeting, answers_of, batch
from tests.properties.stepping import SETTLE_GATES

LIVE, NEW, NEWER = "pay_1", "pay_2", "pay_3"
PHONE, OTHER_PHONE, THIRD_PHONE = "254722000000", "254733000000", "254744000000"
FOUR = [new_booking(f"bk_{number}") for number in range(1, 5)]
GATES = SETTLE_GATES | {"insert": r"INSERT INTO (payments|idempotency_keys)\b"}


def wish(
    payment_id: str = NEW, booking_id: str = "bk_1", msisdn: str = PHONE, key: str = "", digest: str = ""
) -> "partial[list[Answer]]":
    """A customer's wish to pay for a booking."""
    payment = pushed_payment(
        payment_id, booking_id=booking_id, msisdn=msisdn, created_at=NOW, expires_at=NOW + 120 * SECOND
    )
    named = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "customer", "/stkpush", key, digest) if key else None
    return partial(reserve, requests=[PaymentRequest(payment, False, named)], limits=Limits(0, 0), now=NOW)


def together(*changes: "partial[list[Answer]]") -> "partial[list[Answer]]":
    """Wishes that one process answers in one transaction."""
    requests = [wanted for change in changes for wanted in change.keywords["requests"]]
    return partial(reserve, requests=requests, limits=Limits(0, 0), now=NOW)


def told(arrived: Delivery | Evidence) -> "partial[Settled[Payment]]":
    """Something arrives and is settled."""
    return partial(settle, batch=batch(arrived), flow=FLOW)


def is_locking(expires_at: Instant, **values: Any) -> Payment:
    """A payment whose prompt is out, until then."""
    payment: Payment = pushed_payment(LIVE, expires_at=expires_at, **values)
    return payment


FRESH = [is_locking(NOW + SECOND)]
LAPSED = [is_locking(NOW - 200 * SECOND)]
OTHER_BOOKING_OF_THE_PHONE = [is_locking(NOW - 200 * SECOND, booking_id="bk_2", msisdn=PHONE)]
PAID, CANCELLED = told(delivery(LIVE)), told(delivery(LIVE, 1032))
ONE_OF_TWO = {("reserved", "payment_in_progress"), ("payment_in_progress", "reserved")}

MEETINGS: list[tuple[Meeting, set[tuple[str, str]]]] = [
    (
        Meeting("the live payment is paid", FRESH, (PAID, wish()), 6),
        {("settled", "already_paid"), ("settled", "payment_in_progress")},
    ),
    (
        Meeting("a payment is paid whose lock has lapsed", LAPSED, (PAID, wish()), 7),
        {("settled", "already_paid"), ("settled", "reserved")},
    ),
    (
        Meeting("the live payment is cancelled", FRESH, (CANCELLED, wish()), 5),
        {("settled", "reserved"), ("settled", "payment_in_progress")},
    ),
    (
        Meeting("a payment is given up whose lock has lapsed", LAPSED, (told(silence(LIVE, NOW)), wish()), 6),
        {("settled", "reserved")},
    ),
    (
        Meeting("the phone's other booking is paid", OTHER_BOOKING_OF_THE_PHONE, (PAID, wish()), 7),
        {("settled", "reserved")},
    ),
    (Meeting("two wishes for one booking", [], (wish(), wish(NEWER, msisdn=OTHER_PHONE)), 24), ONE_OF_TWO),
    (Meeting("two wishes for one phone", [], (wish(), wish(NEWER, "bk_2")), 50), ONE_OF_TWO),
    (Meeting("two wishes and a lapsed lock", LAPSED, (wish(), wish(NEWER, msisdn=OTHER_PHONE)), 8), ONE_OF_TWO),
    (
        Meeting("one wish twice, under one key", [], (wish(key="k"), wish(NEWER, key="k")), 36),
        {("reserved", "replayed"), ("replayed", "reserved")},
    ),
    (
        Meeting(
            "one key for two wishes",
            [],
            (wish(key="k", digest="1"), wish(NEWER, "bk_2", OTHER_PHONE, "k", "2")),
            92,
        ),
        {("reserved", "idempotency_key_reused"), ("idempotency_key_reused", "reserved")},
    ),
    (
        Meeting(
            "two wishes together and two for their phones, the other way round",
            [],
            (
                together(wish(), wish(NEWER, "bk_2", OTHER_PHONE)),
                together(wish("pay_4", "bk_3", OTHER_PHONE), wish("pay_5", "bk_4")),
            ),
            50,
            FOUR,
        ),
        {
            ("reserved and reserved", "payment_in_progress and payment_in_progress"),
            ("payment_in_progress and payment_in_progress", "reserved and reserved"),
        },
    ),
    (
        Meeting(
            "two wishes together, and one for the phone of the second",
            [],
            (together(wish(), wish(NEWER, "bk_2", OTHER_PHONE)), wish("pay_4", "bk_3", OTHER_PHONE)),
            50,
            FOUR,
        ),
        {("reserved and reserved", "payment_in_progress"), ("reserved and payment_in_progress", "reserved")},
    ),
    (
        Meeting(
            "two wishes together, and one with the key of the first",
            [],
            (
                together(wish(key="k", digest="1"), wish(NEWER, "bk_2", OTHER_PHONE, "l")),
                wish("pay_4", "bk_3", THIRD_PHONE, "k", "2"),
            ),
            92,
            FOUR,
        ),
        {
            ("reserved and reserved", "idempotency_key_reused"),
            ("idempotency_key_reused and reserved", "reserved"),
        },
    ),
]


@pytest.mark.parametrize(("meeting", "answers"), MEETINGS, ids=[meeting.told for meeting, _ in MEETINGS])
def test_a_wish_meets_another_change(plain: Database, meeting: Meeting, answers: set[tuple[str, str]]) -> None:
    """Whoever comes first is answered first: at most one payment of a booking and of a phone is live, and a wish
    hears of the outcome that it waited for."""
    assert answers_of(plain, meeting, GATES) == answers
