"""Settling on a real database: any order, repetition and batching of evidence ends in the same rows and postings."""

import itertools
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, func, insert, select, true

from pokea.audit.every_rule import RULES
from pokea.audit.rule import violations
from pokea.clock import SECOND
from pokea.ledger.balances import balances
from pokea.ledger.entries import Account
from pokea.operations.arrivals import CALLBACKS_KEPT, PROOFS_KEPT, Batch
from pokea.operations.decision import Flag
from pokea.operations.evidence import Evidence, Source
from pokea.operations.settle import settle
from pokea.operations.store import insert_payments
from pokea.payments.flow import PaymentFlow
from pokea.storage import tables
from pokea.storage.database import Database
from tests.payment_rows import BOOKING, change_payments, new_booking, new_payment
from tests.properties.evidence_sets import (
    FACTS,
    PAYMENT,
    THEIRS,
    accepted,
    any_set,
    callback,
    query,
    refused,
    silent,
    small_world,
    statement,
    unknown,
)

NOW = 1_000 * SECOND
OTHER = "pay_2"


def proves(token: str, payment_id: str) -> bool:
    return False


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection to a fresh database, with one booking and its payment on it."""
    with database.engine.connect() as opened:
        yield opened


def begin(connection: Connection, payments: Sequence[str] = (PAYMENT,)) -> None:
    """Empty the tables, then make one booking with these payments, of which the first is live."""
    for table in reversed(tables.metadata.sorted_tables):
        if table is not tables.schema_version:
            connection.execute(delete(table))
    connection.execute(insert(tables.bookings), [new_booking()._asdict()])
    for number, payment_id in enumerate(payments):
        row = new_payment(payment_id, expires_at=FACTS.expires_at, is_locking=number == 0)
        insert_payments(connection, [row])


def settled(connection: Connection, batches: Sequence[Sequence[Evidence]]) -> list[object]:
    """What the tables say after these batches: rows, booking, postings and receipts."""
    for batch in batches:
        settle(connection, Batch(NOW, evidence=batch), PaymentFlow(proves))
    columns = tables.payments.c
    told = (
        columns.status,
        columns.receipt,
        columns.completed_at,
        columns.failure_reason,
        columns.flags,
        columns.disposition,
    )
    found: list[object] = [
        connection.execute(select(columns.id, *told).order_by(columns.id)).all(),
        connection.execute(select(tables.bookings.c.status, tables.bookings.c.fee_status)).all(),
        connection.execute(select(tables.postings).order_by(*tables.postings.primary_key)).all(),
        connection.execute(select(tables.receipts).order_by(tables.receipts.c.receipt)).all(),
    ]
    return found


def without_doubt(pieces: Sequence[Evidence]) -> list[Evidence]:
    """The pieces without callbacks of another amount: what money does in that case depends on when it completes."""
    odd = [piece for piece in pieces if piece.source is Source.CALLBACK and piece.code == "0"]
    return [piece for piece in pieces if piece not in odd or piece.amount_cents in (None, FACTS.amount_cents)]


def partitions(pieces: Sequence[Evidence], chance: random.Random) -> list[list[Evidence]]:
    """The pieces shuffled, some of them twice, and cut into batches at random."""
    order = [*pieces, *chance.sample(list(pieces), len(pieces) // 2)]
    chance.shuffle(order)
    batches: list[list[Evidence]] = []
    while order:
        size = chance.randint(1, len(order))
        batches.append(order[:size])
        order = order[size:]
    return batches


def test_any_order_repetition_and_batching_ends_in_the_same_tables(connection: Connection) -> None:
    """For sets of evidence of every sort, two ways to be told of them leave the same rows, booking and postings."""

    @settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
    @given(any_set.map(without_doubt), st.randoms(use_true_random=False))
    def holds(pieces: list[Evidence], chance: random.Random) -> None:
        unique = list({piece.id: piece for piece in pieces}.values())
        outcomes = []
        for batches in ([unique], partitions(unique, chance), [[piece] for piece in reversed(unique)]):
            with connection.begin() as transaction:
                begin(connection)
                outcomes.append(settled(connection, batches))
                transaction.rollback()
        assert outcomes[0] == outcomes[1] == outcomes[2]

    holds()


def test_every_order_of_one_payments_happenings_ends_alike(connection: Connection) -> None:
    """Every order of accepted, paid, cancelled and a query's word, one by one, holds the fee exactly once."""
    happenings = [accepted(), callback("0"), callback("1032", 6), query("0", 20)]
    outcomes = set()
    for order in itertools.permutations(happenings):
        with connection.begin() as transaction:
            begin(connection)
            outcomes.add(str(settled(connection, [[piece] for piece in order])))
            assert sum(balances(connection).values()) == 0
            transaction.rollback()
    assert len(outcomes) == 1
    assert "held" in outcomes.pop()


@pytest.mark.parametrize("stated_cents", [45_000, 45_050, 50_100])
@pytest.mark.parametrize("proof", [callback("0"), query("0", 20)])
def test_a_statement_of_another_amount_has_the_difference_posted_once(
    connection: Connection, stated_cents: int, proof: Evidence
) -> None:
    """In every order, and however often it is told: the pair between clearing and suspense, and nothing edited."""
    line = statement(amount_cents=stated_cents)
    for order in itertools.permutations([accepted(), proof, line]):
        with connection.begin() as transaction:
            begin(connection)
            rows = settled(connection, [*([piece] for piece in order), [line], [line, proof]])
            kinds = tables.postings.c.kind
            pair = select(tables.postings.c.account, tables.postings.c.amount_cents).where(kinds.like("adjusted%"))
            assert sorted(map(tuple, connection.execute(pair))) == [
                (Account.MPESA_CLEARING, stated_cents - FACTS.amount_cents),
                (Account.SUSPENSE, FACTS.amount_cents - stated_cents),
            ]
            assert (rows[0][0].status, rows[0][0].flags) == ("completed", Flag.AMOUNT_DIFFERS)  # type: ignore[index]  # rows
            assert balances(connection)[Account.MPESA_CLEARING] == stated_cents
            assert sum(balances(connection).values()) == 0
            assert violations(connection, NOW, [rule for rule in RULES if rule.is_walked]) == []
            transaction.rollback()


def test_a_statement_of_another_amount_alone_completes_and_posts_nothing(connection: Connection) -> None:
    """Another amount never completes a payment (law: evidence): it is flagged, and what came is a person's to say."""
    with connection.begin() as transaction:
        begin(connection)
        rows = settled(connection, [[accepted()], [statement(amount_cents=45_000)]])
        assert (rows[0][0].status, rows[0][0].flags, rows[2]) == ("pending", Flag.AMOUNT_DIFFERS, [])  # type: ignore[index]  # rows
        transaction.rollback()


def test_the_ledger_balances_after_any_set(connection: Connection) -> None:
    """Whatever happens, the books sum to nothing and the fees held are those of completed payments."""

    @settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
    @given(any_set)
    def holds(pieces: list[Evidence]) -> None:
        with connection.begin() as transaction:
            begin(connection)
            rows = settled(connection, [[piece] for piece in pieces])
            completed = "completed" in str(rows[0])
            assert sum(balances(connection).values()) == 0
            assert balances(connection).get(Account.MPESA_CLEARING, 0) == (FACTS.amount_cents if completed else 0)
            transaction.rollback()

    holds()


def both_pay(connection: Connection, batches: Sequence[Sequence[Evidence]]) -> list[object]:
    with connection.begin() as transaction:
        begin(connection, (PAYMENT, OTHER))
        outcome = settled(connection, batches)
        transaction.rollback()
    return outcome


def of_other(piece: Evidence, receipt: str | None) -> Evidence:
    """The same happening of the other payment, a moment later."""
    values = {name: getattr(piece, name) for name in piece.__struct_fields__}
    later = piece.received_at + SECOND
    return Evidence(**values | {"operation_id": OTHER, "received_at": later, "receipt": receipt})


def test_two_payments_of_one_booking_in_one_batch_hold_the_fee_once(connection: Connection) -> None:
    """Of two payments for one fee the first is held and the second is due back, in one batch as one by one."""
    pieces = [accepted(), callback("0"), of_other(accepted(), None), of_other(callback("0"), "UE4JS31RBX")]
    at_once = both_pay(connection, [pieces])
    one_by_one = both_pay(connection, [[piece] for piece in pieces])
    assert at_once == one_by_one
    assert "held" in str(at_once[0])
    assert "refund_due" in str(at_once[0])
    assert Flag.PAID_TWICE in str(at_once[0])


def test_a_receipt_settles_one_payment_only(connection: Connection) -> None:
    """Of two payments that are told the same receipt one completes, and both are flagged once all is applied."""
    pieces = [accepted(), callback("0"), of_other(accepted(), None), of_other(callback("0"), "UE4JS31RBV")]
    with connection.begin() as transaction:
        begin(connection, (PAYMENT, OTHER))
        settle(connection, Batch(NOW, evidence=pieces), PaymentFlow(proves))
        settle(connection, Batch(NOW, revisit=[PAYMENT, OTHER]), PaymentFlow(proves))
        columns = tables.payments.c
        rows = connection.execute(select(columns.status, columns.flags).order_by(columns.id)).all()
        transaction.rollback()
    assert [row.status for row in rows] == ["completed", "pending"]
    assert [row.flags for row in rows] == [Flag.RECEIPT_CONFLICT, Flag.RECEIPT_CONFLICT]


def test_payments_that_want_each_others_receipt_come_to_rest(connection: Connection) -> None:
    """Each owns the receipt that the other wants as well. Both are flagged, and what is settled again brings nothing
    more to settle."""
    mine, theirs = "UE4JS31RBV", "UE4JS31RBX"
    own = [statement(mine), of_other(statement(theirs), theirs)]
    crossed = [of_other(statement(mine), mine), statement(theirs)]
    waiting: list[str] = []
    with connection.begin() as transaction:
        begin(connection, (PAYMENT, OTHER))
        for piece in (*own, *crossed):
            waiting += settle(connection, Batch(NOW, evidence=[piece]), PaymentFlow(proves)).disputed
        for _ in range(2):
            waiting = settle(connection, Batch(NOW, revisit=waiting), PaymentFlow(proves)).disputed
        columns = tables.payments.c
        rows = connection.execute(select(columns.status, columns.flags).order_by(columns.id)).all()
        transaction.rollback()
    assert waiting == []
    assert [row.status for row in rows] == ["completed", "completed"]
    assert all(Flag.RECEIPT_CONFLICT in row.flags for row in rows)


def test_a_receipt_of_money_out_is_disputed_by_the_payment_alone(connection: Connection) -> None:
    """The payment that is told it does not complete by it, and no evidence is left that no one applies."""
    with connection.begin() as transaction:
        begin(connection)
        connection.execute(
            insert(tables.receipts), [{"merchant_id": 1, "receipt": "UE4JS31RBV", "operation_id": "at_1"}]
        )
        disputed = settle(connection, Batch(NOW, evidence=[accepted(), callback("0")]), PaymentFlow(proves)).disputed
        columns = tables.payments.c
        row = connection.execute(select(columns.status, columns.flags)).one()
        left = connection.execute(select(tables.evidence.c.id).where(tables.evidence.c.applied.is_(False))).all()
        transaction.rollback()
    assert (disputed, left) == ([], [])
    assert (row.status, row.flags) == ("pending", Flag.RECEIPT_CONFLICT)


STORIES: list[tuple[str, list[Evidence], str, str]] = [
    (
        "another amount, then a query says paid",
        [callback("0", amount_cents=60_000), query("0", 20)],
        "suspense",
        "unpaid",
    ),
    ("paid, then another amount", [callback("0"), callback("0", 7, amount_cents=60_000)], "held", "held"),
    ("paid", [callback("0")], "held", "held"),
    ("a query says paid", [query("0", 20)], "held", "held"),
]


@pytest.mark.parametrize(("story", "pieces", "disposition", "fee"), STORIES, ids=[story[0] for story in STORIES])
def test_money_goes_where_the_law_says(
    connection: Connection, story: str, pieces: list[Evidence], disposition: str, fee: str
) -> None:
    """The fee is held by an exact payment only; money in doubt waits in suspense and the booking stays as it was."""
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [[piece] for piece in [accepted(), *pieces]])
        found = connection.execute(select(tables.payments.c.disposition)).scalar_one()
        assert found == disposition, story
        assert connection.execute(select(tables.bookings.c.fee_status)).scalar_one() == fee, story
        transaction.rollback()


def test_each_visible_change_is_one_event_with_the_next_version(connection: Connection) -> None:
    """The outbox holds one event for each version of the payment and of its booking after the first."""
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [[piece] for piece in [accepted(), callback("1037"), callback("0", 12), silent()]])
        columns = tables.outbox.c
        rows = connection.execute(select(columns.object_id, columns.version, columns.type)).all()
        assert sorted(tuple(row) for row in rows) == [
            (BOOKING, 2, "booking.held"),
            (PAYMENT, 2, "payment.pending"),
            (PAYMENT, 3, "payment.failed"),
            (PAYMENT, 4, "payment.completed"),
        ]
        transaction.rollback()


def test_evidence_is_kept_up_to_a_bound(connection: Connection) -> None:
    """A flood of different callbacks at one payment's own address goes to the ring of claims after fifty."""
    flood = [callback("1032", at, receipt=None) for at in range(2, 102)]
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [flood[:60], flood[60:]])
        kept = connection.execute(select(tables.evidence.c.id)).all()
        assert len(kept) == 50
        assert len(connection.execute(select(tables.claims.c.id)).all()) == 50
        transaction.rollback()


NOISE = {
    "doubtful codes": [callback("17", 5 + number) for number in range(CALLBACKS_KEPT + 30)],
    "what cannot be read": [
        callback(None, 5 + number, proved=False, request_id=None) for number in range(CALLBACKS_KEPT + 30)
    ],
    "successes of another id": [
        callback("0", 5 + number, request_id=THEIRS, receipt=f"R{number}") for number in range(2 * CALLBACKS_KEPT)
    ],
    "successes of an untrusted sender": [
        callback("0", 5 + number, proved=False) for number in range(3 * CALLBACKS_KEPT)
    ],
    "other amounts": [
        callback("0", 5 + number, amount_cents=100 * number, receipt=f"R{number}")
        for number in range(1, 3 * CALLBACKS_KEPT)
    ],
    "the same failure again": [callback("1032", 5 + number) for number in range(3 * CALLBACKS_KEPT)],
}


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("one_by_one", [True, False])
def test_what_proves_the_payment_is_never_over_the_bound(connection: Connection, noise: str, one_by_one: bool) -> None:
    """Given more callbacks than are kept, the one that proves the payment completes it all the same."""
    pieces = [accepted(), *NOISE[noise], callback("1032", 890), callback("0", 900)]
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [[piece] for piece in pieces] if one_by_one else [pieces])
        columns = tables.payments.c
        assert connection.execute(select(columns.status, columns.receipt)).all() == [("completed", "UE4JS31RBV")]
        kept = connection.execute(select(func.count()).where(tables.evidence.c.source == "callback")).scalar_one()
        assert kept <= CALLBACKS_KEPT + 3
        transaction.rollback()


def test_proofs_beyond_the_bound_are_bounded(connection: Connection) -> None:
    """Whoever has the token and proves ever new things fills a bounded share."""
    pieces = [callback("0", 5 + number, receipt=f"R{number}") for number in range(4 * CALLBACKS_KEPT)]
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [[accepted()], pieces])
        kept = connection.execute(select(func.count()).where(tables.evidence.c.source == "callback")).scalar_one()
        assert kept == CALLBACKS_KEPT + PROOFS_KEPT
        transaction.rollback()


def test_a_callback_over_the_bound_makes_us_ask(connection: Connection) -> None:
    """Given as many callbacks as are kept and a question since, one more that says nothing is asked about."""
    filling = [callback("17", 5 + number) for number in range(CALLBACKS_KEPT)]
    with connection.begin() as transaction:
        begin(connection)
        settled(connection, [[accepted(), *filling]])
        change_payments(connection, true(), inquiries=1, last_inquiry_at=200 * SECOND)
        settled(connection, [[callback("17", 900)]])
        assert connection.execute(select(tables.open_payments.c.inquiry_requested_at)).scalar_one() == NOW
        transaction.rollback()


def test_settling_the_small_world_twice_changes_nothing(connection: Connection) -> None:
    """A change may find its own work done: the second run leaves every table as it was."""
    with connection.begin() as transaction:
        begin(connection)
        once = settled(connection, [list(small_world())])
        events = connection.execute(select(tables.outbox)).all()
        assert settled(connection, [list(small_world()), [refused(2), unknown(3)]]) == once
        assert connection.execute(select(tables.outbox)).all() == events
        transaction.rollback()
