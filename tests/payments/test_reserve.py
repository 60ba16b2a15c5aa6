"""Making a payment's row: who may, what stands in the way, and what another try finds. Races are in
`tests.properties`."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, true, update

from pokea.analytics import store as counts
from pokea.analytics.counting import deltas
from pokea.analytics.recount import differences
from pokea.clock import HOUR, SECOND, Instant
from pokea.errors import ApiError
from pokea.operations import store
from pokea.operations.store import Payment, insert_payments
from pokea.payments import reserve as reserving
from pokea.payments.reserve import Answer, Limits, PaymentRequest, Rejected, RejectReason, Replayed, Reserved
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables
from pokea.storage.database import Database, open_database
from pokea.storage.idempotency import IdempotencyKey
from tests.bookings.test_store import counting
from tests.payment_rows import change_payments, new_booking, new_payment
from tests.properties.tables import begin_with, contents

NOW = 100 * HOUR
NONE = Limits(0, 0)
KEY = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "customer", "/stkpush", "k-1", "digest")


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection inside one transaction, which is never committed, with one booking of one customer."""
    with database.engine.connect() as opened, opened.begin() as transaction:
        begin_with(opened, [new_booking()], [])
        yield opened
        transaction.rollback()


def wish(
    payment_id: str = "pay_2", *, is_admin: bool = False, key: IdempotencyKey | None = None, **values: Any
) -> PaymentRequest:
    """A wish for a payment, made now."""
    payment = new_payment(payment_id, created_at=NOW, expires_at=NOW + 120 * SECOND, **values)
    return PaymentRequest(payment, is_admin, key)


def reserve(connection: Connection, wanted: PaymentRequest, limits: Limits, now: Instant) -> Answer:
    """What becomes of one wish alone. Raises the Refusal that its caller hears."""
    (answer,) = reserving.reserve(connection, [wanted], limits, now)
    if isinstance(answer, ApiError):
        raise answer
    return answer


def open_payment(connection: Connection, payment_id: str = "pay_1", **values: Any) -> Payment:
    """A payment that is live since ten seconds ago."""
    payment = new_payment(payment_id, **{"created_at": NOW - 10 * SECOND, "expires_at": NOW + 110 * SECOND, **values})
    insert_payments(connection, [payment])
    return payment


def stored(connection: Connection, payment_id: str) -> Any:
    return store.find(connection, payment_id)


def test_a_payment_takes_its_owner_and_reference_from_its_booking(connection: Connection) -> None:
    """What is stored is the booking's: its customer, also when an admin asks, and the reference that Daraja shows."""
    booking = new_booking()._replace(reference="BK-7Q2M4XN", customer_id="somebody")
    connection.execute(update(tables.bookings).values(**booking._asdict()))
    answer = reserve(connection, wish(is_admin=True, owner="admin"), NONE, NOW)
    assert isinstance(answer, Reserved)
    row = stored(connection, "pay_2")
    assert (row.owner, row.account_reference, row.is_locking) == ("somebody", "BK-7Q2M4XN", True)
    assert answer.payment == Payment(*row)


def test_the_change_may_be_run_again(connection: Connection) -> None:
    """After a commit whose outcome is unknown the change runs again: the same answer, and nothing more is written."""
    first = reserve(connection, wish(key=KEY), NONE, NOW)
    before = contents(connection)
    assert reserve(connection, wish(key=KEY), NONE, NOW) == first
    assert contents(connection) == before


def test_a_refusal_may_be_run_again(connection: Connection) -> None:
    """A wish that met an open payment meets it again when the change is repeated."""
    open_payment(connection, request_id="ws_CO_1", status="pending")
    first = reserve(connection, wish(), NONE, NOW)
    again = reserve(connection, wish(), NONE, NOW)
    assert isinstance(first, Rejected)
    assert isinstance(again, Rejected)
    assert (first.why, first.conflict and first.conflict.id) == (
        again.why,
        again.conflict and again.conflict.id,
    )


UNFIT: list[tuple[str, dict[str, Any], dict[str, Any], RejectReason]] = [
    ("no such booking", {"booking_id": "bk_9"}, {}, RejectReason.NOT_FOUND),
    ("another customer's booking", {"owner": "stranger"}, {}, RejectReason.NOT_FOUND),
    (
        "another customer's booking, with its fee paid",
        {"owner": "stranger"},
        {"fee_status": "held"},
        RejectReason.NOT_FOUND,
    ),
    (
        "another customer's booking, another amount",
        {"owner": "stranger", "amount_cents": 1},
        {},
        RejectReason.NOT_FOUND,
    ),
    ("the fee is held", {}, {"fee_status": "held"}, RejectReason.ALREADY_PAID),
    ("the fee was released", {}, {"fee_status": "released"}, RejectReason.ALREADY_PAID),
    ("the fee was refunded", {}, {"fee_status": "refunded"}, RejectReason.ALREADY_PAID),
    ("one shilling more", {"amount_cents": 50_100}, {}, RejectReason.AMOUNT_MISMATCH),
    ("one shilling less", {"amount_cents": 49_900}, {}, RejectReason.AMOUNT_MISMATCH),
]


@pytest.mark.parametrize(("story", "wanted", "booking", "why"), UNFIT, ids=[story for story, *_ in UNFIT])
def test_an_unfit_wish_makes_no_payment(
    connection: Connection, story: str, wanted: dict[str, Any], booking: dict[str, Any], why: RejectReason
) -> None:
    """Each rule that forbids a payment is named, and no row and no key is left behind."""
    if booking:
        connection.execute(update(tables.bookings).values(**booking))
    before = contents(connection)
    answer = reserve(connection, wish(key=KEY, **wanted), NONE, NOW)
    assert isinstance(answer, Rejected), story
    assert answer.why is why
    assert answer.fee_cents == (50_000 if why is RejectReason.AMOUNT_MISMATCH else None)
    assert contents(connection) == before


def test_an_admin_may_pay_for_anybodys_booking(connection: Connection) -> None:
    """The scope `admin` sees every booking."""
    assert isinstance(reserve(connection, wish(is_admin=True, owner="admin"), NONE, NOW), Reserved)


IN_THE_WAY: list[tuple[str, dict[str, Any]]] = [
    ("the same booking", {"msisdn": "254722000000"}),
    ("the same phone", {"booking_id": "bk_2"}),
    ("both", {}),
    ("failed by queries alone, before it expires", {"status": "failed", "locked_until": NOW + SECOND}),
]


@pytest.mark.parametrize(("story", "values"), IN_THE_WAY, ids=[story for story, _ in IN_THE_WAY])
def test_an_open_payment_is_in_the_way(connection: Connection, story: str, values: dict[str, Any]) -> None:
    """While a booking or a phone is locked, a wish hears of the live payment and makes none."""
    open_payment(connection, **values)
    answer = reserve(connection, wish(), NONE, NOW)
    assert isinstance(answer, Rejected), story
    assert answer.why is RejectReason.IN_PROGRESS
    assert answer.conflict is not None
    assert answer.conflict.id == "pay_1"
    assert stored(connection, "pay_2") is None


def test_of_two_open_payments_the_bookings_own_is_named(connection: Connection) -> None:
    """A page that resumes is told of the payment for the booking that it shows, not of the phone's other one."""
    open_payment(connection, "pay_0", booking_id="bk_2")
    open_payment(connection, "pay_1", msisdn="254722000000")
    answer = reserve(connection, wish(), NONE, NOW)
    assert isinstance(answer, Rejected)
    assert answer.conflict is not None
    assert answer.conflict.id == "pay_1"


def test_another_booking_and_another_phone_are_not_in_the_way(connection: Connection) -> None:
    """One customer may pay for two bookings from two phones at once."""
    open_payment(connection, booking_id="bk_2", msisdn="254722000000")
    assert isinstance(reserve(connection, wish(), NONE, NOW), Reserved)


@pytest.mark.parametrize(("lapsed", "is_reserved"), [(0, True), (1, False)], ids=["over", "a microsecond left"])
def test_a_lock_ends_on_its_time_and_is_lifted_then(connection: Connection, lapsed: Instant, is_reserved: bool) -> None:
    """A lock whose time is over is nobody's any more, although nothing has been heard of its payment."""
    open_payment(connection, locked_until=NOW + lapsed, status="pending")
    answer = reserve(connection, wish(), NONE, NOW)
    assert isinstance(answer, Reserved) == is_reserved
    assert stored(connection, "pay_1").is_locking != is_reserved
    assert stored(connection, "pay_1").status == "pending"


QUESTIONS: list[tuple[str, dict[str, Any], bool]] = [
    ("never asked", {}, True),
    ("asked eleven seconds ago", {"last_inquiry_at": NOW - 11 * SECOND}, True),
    ("asked a moment ago", {"last_inquiry_at": NOW - 9 * SECOND}, False),
    ("due already", {"next_action_at": NOW - SECOND}, False),
    ("nothing is due", {"next_action_at": None}, False),
    ("without an id", {"request_id": None}, False),
]


@pytest.mark.parametrize(("story", "values", "is_hurried"), QUESTIONS, ids=[story for story, *_ in QUESTIONS])
def test_a_retry_brings_the_question_forward(
    connection: Connection, story: str, values: dict[str, Any], is_hurried: bool
) -> None:
    """A wish that meets an open payment makes Daraja be asked about it now, unless it was a moment ago (law: time)."""
    usual = {"request_id": "ws_CO_1", "status": "pending", "next_action_at": NOW + 60 * SECOND}
    before = open_payment(connection, **{**usual, **values})
    reserve(connection, wish(), NONE, NOW)
    assert stored(connection, "pay_1").next_action_at == (NOW if is_hurried else before.next_action_at), story


def test_a_key_leads_back_to_its_payment(connection: Connection) -> None:
    """The second call with a key hears of the payment of the first, whatever has become of it, and makes none."""
    reserve(connection, wish(key=KEY), NONE, NOW)
    change_payments(connection, true(), status="completed", is_locking=False)
    connection.execute(update(tables.bookings).values(fee_status="held"))
    answer = reserve(connection, wish("pay_3", key=KEY), NONE, NOW + HOUR)
    assert isinstance(answer, Replayed)
    assert (answer.payment.id, answer.payment.status) == ("pay_2", "completed")
    assert stored(connection, "pay_3") is None


def test_a_key_with_another_body_is_refused(connection: Connection) -> None:
    """A key names one request: with another body it is refused, and nothing is written."""
    reserve(connection, wish(key=KEY), NONE, NOW)
    before = contents(connection)
    with pytest.raises(ApiError) as refused:
        reserve(connection, wish("pay_3", key=KEY._replace(body_digest="another")), NONE, NOW)
    assert refused.value.code == "idempotency_key_reused"
    assert contents(connection) == before


def test_a_key_counts_for_a_day(connection: Connection) -> None:
    """After 24 hours the same key makes a new payment."""
    reserve(connection, wish(key=KEY), NONE, NOW)
    change_payments(connection, true(), is_locking=False)
    answer = reserve(connection, wish("pay_3", key=KEY), NONE, NOW + 24 * HOUR)
    assert isinstance(answer, Reserved)


def test_a_wish_that_was_refused_leaves_its_key_free(connection: Connection) -> None:
    """What made no payment is not remembered: the same key may be used once the way is free."""
    open_payment(connection, locked_until=NOW + SECOND)
    assert isinstance(reserve(connection, wish(key=KEY), NONE, NOW), Rejected)
    assert isinstance(reserve(connection, wish(key=KEY), NONE, NOW + SECOND), Reserved)


def past_payments(connection: Connection, count: int, **values: Any) -> None:
    """So many prompts within the last ten minutes, the oldest nine minutes ago."""
    rows = [
        new_payment(f"pay_past_{number}", is_locking=False, **{"created_at": NOW - (540 - number) * SECOND, **values})
        for number in range(count)
    ]
    insert_payments(connection, rows)


LIMITED: list[tuple[str, dict[str, Any], Limits, str]] = [
    ("the phone", {"owner": "somebody", "booking_id": "bk_2"}, Limits(3, 0), "this phone"),
    ("the customer", {"msisdn": "254722000000", "booking_id": "bk_2"}, Limits(0, 3), "this customer"),
]


@pytest.mark.parametrize(("story", "values", "limits", "who"), LIMITED, ids=[story for story, *_ in LIMITED])
@pytest.mark.parametrize("by_admin", [False, True], ids=["by the customer", "by an admin"])
def test_prompts_are_limited(
    connection: Connection, story: str, values: dict[str, Any], limits: Limits, who: str, by_admin: bool
) -> None:
    """A phone and a customer get so many prompts in ten minutes, whoever asks for them; the rest is told when."""
    wanted = wish(is_admin=by_admin, owner="shop" if by_admin else "customer")
    past_payments(connection, 2, **values)
    with connection.begin_nested() as nested:
        assert isinstance(reserve(connection, wanted, limits, NOW), Reserved), story
        nested.rollback()
    third = new_payment("pay_3rd", is_locking=False, **{"created_at": NOW - SECOND, **values})
    insert_payments(connection, [third])
    with pytest.raises(ApiError) as refused:
        reserve(connection, wanted, limits, NOW)
    assert refused.value.code == "too_many_requests"
    assert who in refused.value.message
    assert refused.value.retry_after_seconds == 60
    assert stored(connection, "pay_2") is None


def test_old_prompts_do_not_count(connection: Connection) -> None:
    """Prompts of more than ten minutes ago are forgotten."""
    past_payments(connection, 9, created_at=NOW - 600 * SECOND)
    assert isinstance(reserve(connection, wish(), Limits(1, 1), NOW), Reserved)


SAME_KEY = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "customer", "/stkpush", "k-2", "digest")
OTHER_PHONE, THIRD_PHONE = "254722000000", "254733000000"
TOGETHER: list[tuple[str, list[PaymentRequest], Limits]] = [
    (
        "two phones for two bookings",
        [wish("pay_2"), wish("pay_3", booking_id="bk_2", msisdn=OTHER_PHONE)],
        NONE,
    ),
    ("one booking twice", [wish("pay_2"), wish("pay_3", msisdn=OTHER_PHONE)], NONE),
    ("one phone twice", [wish("pay_2"), wish("pay_3", booking_id="bk_2")], NONE),
    ("one key twice", [wish("pay_2", key=KEY), wish("pay_3", key=KEY)], NONE),
    (
        "one key for two bodies",
        [
            wish("pay_2", key=KEY),
            wish("pay_3", booking_id="bk_2", msisdn=OTHER_PHONE, key=KEY._replace(body_digest="2")),
        ],
        NONE,
    ),
    (
        "a key whose first call was refused",
        [wish("pay_2", key=KEY, amount_cents=1), wish("pay_3", key=KEY)],
        NONE,
    ),
    (
        "an open payment and a free phone",
        [wish("pay_2", booking_id="bk_2", msisdn=THIRD_PHONE), wish("pay_3", key=SAME_KEY)],
        NONE,
    ),
    (
        "a customer's last prompt",
        [wish("pay_2"), wish("pay_3", booking_id="bk_2", msisdn=OTHER_PHONE)],
        Limits(0, 1),
    ),
    (
        "the last prompt of all",
        [wish("pay_2", is_admin=True), wish("pay_3", booking_id="bk_2", msisdn=OTHER_PHONE)],
        Limits(0, 0, 1),
    ),
    ("unfit ones", [wish("pay_2", booking_id="bk_9"), wish("pay_3", amount_cents=1), wish("pay_4")], NONE),
]


def _said(answer: Answer) -> object:
    return (answer.code, answer.message) if isinstance(answer, ApiError) else answer


@pytest.mark.parametrize(("story", "requests", "limits"), TOGETHER, ids=[story for story, *_ in TOGETHER])
@pytest.mark.parametrize("turned", [False, True], ids=["as they came", "the other way round"])
def test_wishes_together_are_answered_as_one_after_the_other(
    connection: Connection, story: str, requests: list[PaymentRequest], limits: Limits, turned: bool
) -> None:
    """Whatever waits together ends as if each had come alone, in its order: the answers, the rows and the counts."""
    requests = requests[::-1] if turned else requests
    begin_with(connection, [new_booking(), new_booking("bk_2")], [])
    live = open_payment(connection, booking_id="bk_0", msisdn=THIRD_PHONE, request_id="ws_CO_1")
    counts.add(connection, deltas([(None, live)]))
    with connection.begin_nested() as nested:
        alone = [answer for wanted in requests for answer in reserving.reserve(connection, [wanted], limits, NOW)]
        left = contents(connection)
        nested.rollback()
    together = reserving.reserve(connection, requests, limits, NOW)
    assert [_said(answer) for answer in together] == [_said(answer) for answer in alone], story
    assert contents(connection) == left, story
    assert list(differences(connection)) == []


def test_what_was_made_together_may_be_run_again(connection: Connection) -> None:
    """After a commit whose outcome is unknown each wish finds its own payment, or hears again why it has none."""
    begin_with(connection, [new_booking(), new_booking("bk_2")], [])
    requests = [wish("pay_2", key=KEY), wish("pay_3", key=KEY), wish("pay_4", booking_id="bk_2", msisdn=OTHER_PHONE)]
    first = reserving.reserve(connection, requests, NONE, NOW)
    before = contents(connection)
    assert [type(answer) for answer in first] == [Reserved, Replayed, Reserved]
    assert reserving.reserve(connection, requests, NONE, NOW) == first
    assert contents(connection) == before


def test_wishes_together_cost_as_many_statements_as_two(postgres_url: str) -> None:
    """Forty prompts that are asked for at once, each with a key and under every limit, wait for the database no more
    often than two."""
    database = open_database(postgres_url)
    sent: list[str] = []

    def make(connection: Connection, numbers: Sequence[int]) -> int:
        begin_with(connection, [new_booking(f"bk_{number}") for number in numbers], [])
        wishes = [
            wish(
                f"pay_{number}",
                booking_id=f"bk_{number}",
                msisdn=f"2547{number:08}",
                key=KEY._replace(key=f"k-{number}"),
            )
            for number in numbers
        ]
        raw: Any = connection.connection.driver_connection
        raw.cursor_factory = counting(sent)
        try:
            before = len(sent)
            answers = reserving.reserve(connection, wishes, Limits(5, 100, 600), NOW)
        finally:
            raw.cursor_factory = psycopg.Cursor
        assert all(isinstance(answer, Reserved) for answer in answers)
        return len(sent) - before

    few = asyncio.run(database.write(make, range(2)))
    assert few == asyncio.run(database.write(make, range(10, 50))) <= 8
    database.close()
