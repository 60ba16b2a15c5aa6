"""The budget of questions: who is asked about first, how fast, and that no two processes ask the same."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Connection, func, select

from pokea.clock import HOUR, SECOND, Instant
from pokea.operations import store
from pokea.operations.inquiry_queue import Due, claim_due, slow_down, speed_up
from pokea.operations.rules import STK_PUSH
from pokea.operations.store import Payment, insert_payments
from pokea.storage import tables
from pokea.storage.database import Database, open_database
from tests.payment_rows import new_payment
from tests.properties.stepping import Gates, crossing
from tests.properties.tables import begin_with

APP = "app"
NOW = 100 * HOUR
RATE = 20.0


def waiting(number: int, **values: object) -> Payment:
    """A payment that Daraja has accepted and that is due; the higher the number, the newer it is."""
    usual = {
        "status": "pending",
        "request_id": f"ws_CO_{number}",
        "lease_until": 0,
        "created_at": NOW - HOUR + number * SECOND,
        "next_action_at": NOW - 20_000 * SECOND + number,
        "msisdn": f"2547{number:08d}",
        "booking_id": f"bk_{number}",
    }
    return new_payment(f"pay_{number:05d}", **usual | values)  # type: ignore[arg-type]  # a table's columns


def claimed(number: int) -> Payment:
    """A payment that failed and of which somebody claims that it was paid."""
    return waiting(number, status="failed", next_action_at=None, inquiry_requested_at=NOW - 1_000 + number)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection inside one transaction, which is never committed."""
    with database.engine.connect() as opened, opened.begin() as transaction:
        yield opened
        transaction.rollback()


def asked(connection: Connection, seconds: int, rate: float = RATE) -> list[str]:
    """Whom the questions of these seconds are about, looking once a second."""
    found: list[str] = []
    for second in range(seconds):
        due = claim_due(connection, APP, rate, NOW + second * SECOND)
        found += [question.payment_id for question in due.to_ask]
    return found


def look(connection: Connection, now: Instant = NOW, rate: float = RATE) -> Due:
    return claim_due(connection, APP, rate, now)


def names(numbers: range) -> set[str]:
    return {f"pay_{number:05d}" for number in numbers}


def test_of_ten_questions_seven_go_to_the_newest_two_to_the_oldest_and_one_to_claims(connection: Connection) -> None:
    """Over a hundred questions the lanes get their shares exactly, from either end of the queue."""
    begin_with(connection, [], [*map(waiting, range(300)), *map(claimed, range(300, 350))])
    found = asked(connection, 5)
    assert len(found) == len(set(found)) == 100
    assert set(found) == names(range(230, 300)) | names(range(20)) | names(range(340, 350))


def test_no_lane_waits_for_a_full_share(connection: Connection) -> None:
    """Within any ten questions in a row each lane has had its turn, so that a slow rate starves nobody."""
    failed = [waiting(number, status="failed") for number in range(350, 400)]
    begin_with(connection, [], [*map(waiting, range(300)), *map(claimed, range(300, 350)), *failed])
    found = asked(connection, 40, rate=1.0)
    for start in range(30):
        ten = set(found[start : start + 10])
        lanes = (range(200, 300), range(100), range(300, 350), range(350, 400))
        assert [len(ten & names(lane)) for lane in lanes] == [7, 1, 1, 1]


def test_a_turn_that_finds_nobody_goes_to_the_next_lane(connection: Connection) -> None:
    """With claims alone, or with open payments alone, no question of the budget is lost."""
    begin_with(connection, [], map(claimed, range(50)))
    assert len(asked(connection, 2)) == 40
    begin_with(connection, [], map(waiting, range(50)))
    assert len(asked(connection, 2)) == 40


def test_the_newest_customer_comes_before_closing_questions(connection: Connection) -> None:
    """Customers who wait are asked about before payments that have failed already, though these are due longer; one
    question in ten is kept for those, so that a charge after a failure is found however many customers wait."""
    closing = [waiting(number, status="failed", next_action_at=number) for number in range(20)]
    begin_with(connection, [], [*closing, *map(waiting, range(20, 40))])
    found = asked(connection, 14, rate=1.0)
    assert len(set(found) & names(range(20, 40))) == 13
    assert set(found) & names(range(20)) == names(range(1))


def test_a_failed_payment_is_left_alone_after_its_day(connection: Connection) -> None:
    """A closing question that Daraja never answered is dropped when the payment's day is over, at no cost."""
    let_go = waiting(1, created_at=NOW - STK_PUSH.give_up, status="failed")
    begin_with(connection, [], [let_go])
    assert look(connection).to_ask == []
    found = store.find(connection, let_go.id)
    assert found is not None
    assert (found.is_open, found.next_action_at, found.inquiries) == (False, None, let_go.inquiries)


def test_a_question_that_is_taken_is_not_taken_again_before_its_gap(connection: Connection) -> None:
    """Whoever takes a question moves its payment's due time on and counts the attempt."""
    begin_with(connection, [], [waiting(1)])
    (question,) = look(connection).to_ask
    assert (question.request_id, question.attempt) == ("ws_CO_1", 1)
    assert look(connection, NOW + 14 * SECOND).to_ask == []
    (again,) = look(connection, NOW + 15 * SECOND).to_ask
    assert again.attempt == 2


def test_the_budget_fills_at_its_rate_and_holds_a_second_of_it(connection: Connection) -> None:
    """However long nothing was asked, no more than a second's questions go out at once, and one when it is slower."""
    begin_with(connection, [], map(waiting, range(300)))
    assert len(look(connection).to_ask) == 20
    assert look(connection).to_ask == []
    assert len(look(connection, NOW + SECOND // 4).to_ask) == 5
    assert len(look(connection, NOW + 9 * HOUR // 10).to_ask) == 20
    begin_with(connection, [], map(waiting, range(300)))
    slow = [len(look(connection, NOW + second * SECOND, rate=0.25).to_ask) for second in range(9)]
    assert slow == [1, 0, 0, 0, 1, 0, 0, 0, 1]


def test_it_says_when_to_look_again(connection: Connection) -> None:
    """With nothing open never, with a row that is due later then, and without a token when there is one."""
    begin_with(connection, [], [])
    assert look(connection).look_again_at is None
    begin_with(connection, [], [waiting(1, next_action_at=NOW + 7 * SECOND)])
    assert look(connection).look_again_at == NOW + 7 * SECOND
    begin_with(connection, [], [waiting(1), waiting(2)])
    moment = look(connection, rate=0.25).look_again_at
    assert moment is not None
    assert NOW + 4 * SECOND <= moment <= NOW + 4 * SECOND + 2
    assert len(look(connection, moment, rate=0.25).to_ask) == 1


def rate_of(connection: Connection) -> float:
    return float(connection.execute(select(tables.query_budget.c.rate)).scalar_one())


def test_the_rate_is_halved_once_for_all_that_met_the_limit_together(connection: Connection) -> None:
    """Twenty questions of one look that are all told `too often` halve the rate once."""
    begin_with(connection, [], map(waiting, range(300)))
    for _ in look(connection).to_ask:
        slow_down(connection, APP, RATE, NOW)
    assert rate_of(connection) == 10
    slow_down(connection, APP, 10, NOW)
    assert rate_of(connection) == 5


def test_after_a_refusal_the_bucket_is_empty(connection: Connection) -> None:
    """What the budget had saved, before or since, is not spent against a limit: the next question waits its time."""
    begin_with(connection, [], [waiting(100)])
    look(connection, NOW - HOUR)
    slow_down(connection, APP, RATE, NOW)
    insert_payments(connection, [waiting(number) for number in range(30)])
    assert look(connection).to_ask == []
    assert len(look(connection, NOW + SECOND).to_ask) == 10


def test_the_rate_has_a_floor_and_recovers_slowly(connection: Connection) -> None:
    """A question a minute is left whatever Daraja says; each answer raises the rate by a twentieth, up to what is
    configured."""
    begin_with(connection, [], [waiting(1)])
    look(connection)
    for _ in range(30):
        slow_down(connection, APP, rate_of(connection), NOW)
    assert rate_of(connection) == pytest.approx(1 / 60)
    speed_up(connection, APP, RATE)
    assert rate_of(connection) == pytest.approx(1.05 / 60)
    for _ in range(200):
        speed_up(connection, APP, RATE)
    assert look(connection, NOW + HOUR).rate == RATE


def test_a_lower_setting_holds_at_once(connection: Connection) -> None:
    """When an operator lowers POKEA_QUERY_RATE, what the budget had saved is not spent."""
    begin_with(connection, [], map(waiting, range(300)))
    look(connection, NOW - HOUR)
    assert len(look(connection, NOW, rate=0.5).to_ask) == 1


def test_what_cannot_be_asked_about_is_closed(connection: Connection) -> None:
    """A payment without an id, or whose day of questions is over, costs no question."""
    nameless = waiting(1, status="initiated", request_id=None)
    old = waiting(2, created_at=NOW - STK_PUSH.give_up, inquiries=33, last_inquiry_at=NOW - HOUR)
    begin_with(connection, [], [nameless, old])
    due = look(connection)
    assert due.to_ask == []
    assert [payment.id for payment in due.to_close] == ["pay_00001", "pay_00002"]
    assert look(connection).to_close == []
    assert len(look(connection, NOW + 60 * SECOND).to_close) == 2


@pytest.mark.parametrize("last_inquiry_at", [None, NOW - 3 * HOUR], ids=["never", "before an outage"])
def test_a_day_without_a_question_ends_nothing(connection: Connection, last_inquiry_at: Instant | None) -> None:
    """A payment whose day is over and that was not asked about lately is asked about first, and then closed."""
    begin_with(connection, [], [waiting(1, created_at=NOW - 2 * STK_PUSH.give_up, last_inquiry_at=last_inquiry_at)])
    due = look(connection)
    assert [len(due.to_ask), len(due.to_close)] == [1, 0]
    later = look(connection, NOW + 15 * SECOND)
    assert [len(later.to_ask), len(later.to_close)] == [0, 1]


def test_ten_thousand_quiet_payments_make_no_look_larger(connection: Connection) -> None:
    """However many are due, one look takes at most 64 to ask about and 64 to close."""
    begin_with(connection, [], [])
    rows = [waiting(number) for number in range(10_000)]
    rows += [waiting(number, status="initiated", request_id=None) for number in range(10_000, 10_300)]
    insert_payments(connection, rows)
    due = look(connection, rate=100)
    assert (len(due.to_ask), len(due.to_close)) == (64, 64)
    still_due = select(func.count()).where(tables.open_payments.c.next_action_at <= NOW)
    assert connection.execute(still_due).scalar_one() == 10_300 - 128


LANE_GATES = {
    "close": r"^(?!.*request_id IS NOT NULL).*ORDER BY open_payments.next_action_at.*FOR UPDATE",
    "newest": r"ORDER BY open_payments.created_at DESC.*FOR UPDATE",
}
BUDGET_GATES = LANE_GATES | {"lock the budget": r"FROM query_budget\b.*FOR UPDATE"}


@pytest.mark.parametrize(
    ("apps", "gates", "schedules"),
    [(("app", "app"), BUDGET_GATES, 36), (("app", "other"), LANE_GATES, 20)],
    ids=["one budget", "two budgets"],
)
def test_two_processes_never_take_the_same(
    postgres_url: str, apps: tuple[str, str], gates: Gates, schedules: int
) -> None:
    """However two looks meet, each question and each closing is taken by one of them, and a later look takes what
    both have left."""
    plain = open_database(postgres_url)
    rows = [*map(waiting, range(6)), waiting(6, status="initiated", request_id=None), claimed(7)]

    def prepare() -> None:
        with plain.engine.begin() as connection:
            begin_with(connection, [], rows)

    looks = [partial(claim_due, app=app, configured_rate=4.0, now=NOW) for app in apps]
    seen = 0
    with crossing(postgres_url, gates) as crossed:
        for ending in crossed.every_schedule(prepare, looks):
            with plain.engine.begin() as connection:
                later = claim_due(connection, apps[0], 4.0, NOW + 2 * SECOND)
            found = [question.payment_id for due in (*ending.results, later) for question in due.to_ask]
            assert sorted(found) == sorted(names(range(6)) | {"pay_00007"}), ending
            assert [payment.id for due in ending.results for payment in due.to_close] == ["pay_00006"]
            seen += 1
    plain.close()
    assert seen == schedules
