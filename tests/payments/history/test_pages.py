"""The history: pages and totals are those of a plain list of all rows, by number and by cursor, whatever is asked."""

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, event, insert, text

from pokea.analytics import store
from pokea.analytics.counting import day_of, deltas, hour_of, start_of_day
from pokea.analytics.rollup import roll_up
from pokea.clock import HOUR, SECOND, Instant
from pokea.operations.decision import Status
from pokea.operations.store import Payment, insert_payments
from pokea.payments.history import pages
from pokea.payments.history.pages import (
    Cursor,
    Filters,
    HistoryPage,
    decode_cursor,
    encode_cursor,
    freshness_of,
    read_page,
)
from pokea.payments.history.rows import ListedPayment
from pokea.payments.history.time_slices import DAYS, HOURS, SliceUnit, TimeSlice, merge_adjacent, skip, split_range
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables
from pokea.storage.database import Database, open_database
from pokea.storage.late_reads import CURRENT, LATE, Freshness, LateReads
from tests.payment_rows import new_booking, new_payment

MIDNIGHT: Instant = start_of_day(20_000)
OWNERS = ("amina", "baraka")
PHONES = ("254711000001", "254711000002")
STATUSES = [None, *Status]
_INSTANTS = [*(MIDNIGHT + shift for shift in (-1, 0, 1, HOUR, 26 * HOUR)), MIDNIGHT - 24 * HOUR]


def some_payments(count: int, chance: random.Random) -> list[Payment]:
    """Payments of three days around midnight in Nairobi, with a few at the very same instant."""
    rows = []
    for number in range(count):
        at = MIDNIGHT + chance.choice([-1, 0, 0, 1, HOUR - 1, HOUR, chance.randint(-30, 30) * HOUR])
        status = chance.choice(list(Status))
        booking = f"bk_{number % 7}"
        row = new_payment(f"pay_{number:03}", booking_id=booking, msisdn=chance.choice(PHONES), created_at=at)
        row = row._replace(owner=chance.choice(OWNERS), status=status.value, is_locking=False)
        if status is Status.COMPLETED:
            row = row._replace(completed_at=at + SECOND, completed_by="callback", receipt=f"UK{number:08}")
        elif status is Status.FAILED:
            row = row._replace(failed_at=at + SECOND)
        rows.append(row)
    return rows


def make(connection: Connection, rows: Sequence[Payment]) -> None:
    """The rows with their bookings, receipts and counts, half of these folded."""
    connection.execute(insert(tables.bookings), [new_booking(f"bk_{number}")._asdict() for number in range(7)])
    insert_payments(connection, rows)
    paid = [
        {"merchant_id": row.merchant_id, "receipt": row.receipt, "operation_id": row.id} for row in rows if row.receipt
    ]
    if paid:
        connection.execute(insert(tables.receipts), paid)
    half = len(rows) // 2
    store.add(connection, deltas((None, row) for row in rows[:half]))
    while roll_up(connection):
        pass
    store.add(connection, deltas((None, row) for row in rows[half:]))


def listed(rows: Sequence[Payment], filters: Filters) -> list[Payment]:
    """What matches, newest first, by going through all rows."""
    found = [
        row
        for row in rows
        if filters.owner in (None, row.owner)
        and filters.status in (None, row.status)
        and (filters.since is None or row.created_at >= filters.since)
        and (filters.before is None or row.created_at < filters.before)
        and filters.booking_id in (None, row.booking_id)
        and filters.search in (None, row.receipt, row.msisdn, row.account_reference)
    ]
    return sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)


def shown(rows: Sequence[Payment]) -> list[ListedPayment]:
    """What of these payments is shown."""
    return [ListedPayment(*(getattr(row, name) for name in ListedPayment._fields)) for row in rows]


def any_filters(chance: random.Random) -> Filters:
    """Some filters, often none."""
    return Filters(
        DEFAULT_SCOPE,
        owner=chance.choice([None, *OWNERS]),
        status=chance.choice(STATUSES),
        since=chance.choice([None, None, *_INSTANTS]),
        before=chance.choice([None, None, *_INSTANTS]),
        booking_id=chance.choice([None] * 8 + ["bk_3", "bk_none"]),
        search=chance.choice([None] * 8 + [PHONES[0], "UK00000004", "bk_2", "nothing"]),
    )


def is_page(page: HistoryPage, wanted: list[Payment], total: int, limit: int) -> None:
    """The page begins with what is wanted, and says how many there are and whether more come."""
    assert page.payments == shown(wanted[:limit])
    assert page.total == total
    assert not page.is_cut
    more = len(wanted) > limit
    assert page.next_cursor == (Cursor(wanted[limit - 1].created_at, wanted[limit - 1].id) if more else None)


def test_pages_are_those_of_a_plain_list(database: Database) -> None:
    """By number and by cursor, with and without any filters, to the last page and beyond it."""
    chance = random.Random(5)
    rows = some_payments(150, chance)

    async def holds() -> None:
        await database.write(make, rows)
        for _ in range(250):
            filters, limit = any_filters(chance), chance.choice([1, 3, 10, 100])
            wanted = listed(rows, filters)
            offset = limit * chance.randint(0, len(wanted) // limit + 2)
            page = await read_page(LateReads(database), filters, limit, offset, None)
            is_page(page, wanted[offset:], len(wanted), limit)
            if wanted:
                last = chance.choice(wanted)
                cursor = Cursor(last.created_at, last.id)
                page = await read_page(LateReads(database), filters, limit, 0, cursor)
                is_page(page, wanted[wanted.index(last) + 1 :], len(wanted), limit)

    asyncio.run(holds())


def test_by_cursor_nothing_is_repeated_or_left_out_while_payments_are_made(database: Database) -> None:
    """Who goes on by cursor sees each payment of the beginning once, although newer ones come in between."""
    chance = random.Random(6)
    rows = some_payments(60, chance)

    async def holds() -> None:
        await database.write(make, rows)
        seen: list[str] = []
        cursor, number = None, 0
        while True:
            page = await read_page(LateReads(database), Filters(DEFAULT_SCOPE), 7, 0, cursor)
            seen += [row.id for row in page.payments]
            assert page.total == 60 + number
            cursor, number = page.next_cursor, number + 1
            if cursor is None:
                break
            newer = new_payment(f"new_{number}", booking_id=f"bk_new_{number}", created_at=MIDNIGHT + 900 * HOUR)
            await database.write(one_more, newer._replace(is_locking=False))
        assert seen == [row.id for row in listed(rows, Filters(DEFAULT_SCOPE))]

    asyncio.run(holds())


def one_more(connection: Connection, row: Payment) -> None:
    """A payment with its count."""
    insert_payments(connection, [row])
    store.add(connection, deltas([(None, row)]))


def test_a_search_is_cut_and_says_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search counts and lists the newest MOST_FOUND alone, by number and by cursor, and says that there are more."""
    monkeypatch.setattr(pages, "MOST_FOUND", 20)
    rows = some_payments(60, random.Random(8))

    async def holds() -> None:
        await database.write(make, rows)
        filters = Filters(DEFAULT_SCOPE, search=PHONES[0])
        wanted = listed(rows, filters)[:20]
        first = await read_page(LateReads(database), filters, 15, 0, None)
        assert (first.total, first.is_cut, first.payments) == (20, True, shown(wanted[:15]))
        for offset, cursor in ((15, None), (0, first.next_cursor)):
            second = await read_page(LateReads(database), filters, 15, offset, cursor)
            assert (second.payments, second.next_cursor) == (shown(wanted[15:]), None)
        beyond = await read_page(LateReads(database), filters, 15, 30, None)
        assert (beyond.payments, beyond.total) == ([], 20)

    asyncio.run(holds())


@pytest.mark.parametrize(
    ("search", "found"),
    [
        *(
            (text, True)
            for text in (
                *("0722 333 444", "0722333444", "+254 722 333 444", "254722333444", "0722-333-444", "00254722333444"),
                *("(0722) 333444", "\u2068+254\u00a0722\u2011333\u2011444\u2069", "tel:0722333444", "\u0660722333444"),
                *("BK-Case1", "bk-case1", "BK-CASE1", " bk-case1 ", "uk00000001", "UK00000001"),
            )
        ),
        *(
            (text, False)
            for text in ("722333444", "0722333445", "BK-Case", "BK_Case1", "UK0000000", "254", "%", "bk-case\u0131")
        ),
    ],
    ids=ascii,
)
def test_a_search_reads_phones_and_references_as_everything_else_does(
    database: Database, search: str, found: bool
) -> None:
    """A payment is found by its phone in every form that a push takes, and by receipt and reference in any case."""
    row = new_payment("pay_1", booking_id="bk_1", msisdn="254722333444", is_locking=False, account_reference="BK-Case1")
    row = row._replace(status="completed", completed_at=SECOND, completed_by="callback", receipt="UK00000001")

    async def holds() -> None:
        def prepare(connection: Connection) -> None:
            booking = new_booking("bk_1")._replace(reference="BK-Case1")
            connection.execute(insert(tables.bookings), [booking._asdict()])
            insert_payments(connection, [row])
            connection.execute(
                insert(tables.receipts), [{"merchant_id": 1, "receipt": row.receipt, "operation_id": row.id}]
            )

        await database.write(prepare)
        page = await read_page(LateReads(database), Filters(DEFAULT_SCOPE, search=search), 10, 0, None)
        assert [payment.id for payment in page.payments] == (["pay_1"] if found else [])

    asyncio.run(holds())


_COUNTED_WITH_THEM = (Filters(DEFAULT_SCOPE), Filters(DEFAULT_SCOPE, status=Status.FAILED))
"""What everybody's total is read for in the statement of the rows."""


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(DEFAULT_SCOPE), "payments_created"),
        (Filters(DEFAULT_SCOPE, owner="amina"), "payments_owner"),
        (Filters(DEFAULT_SCOPE, status=Status.FAILED), "payments_failed"),
        (Filters(DEFAULT_SCOPE, status=Status.PENDING), "payments_created"),
        (Filters(DEFAULT_SCOPE, status=Status.COMPLETED), "payments_created"),
        (Filters(DEFAULT_SCOPE, owner="amina", status=Status.COMPLETED), "payments_owner"),
    ],
)
def test_rows_are_found_by_an_index(sqlite_url: str, filters: Filters, index: str) -> None:
    """No page is sorted or searched for through all rows: SQLite says by which index it goes."""
    database = open_database(sqlite_url)
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if "FROM payments" in statement and not statement.startswith("EXPLAIN"):
            raw = connection.connection.cursor()
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    async def holds() -> None:
        await database.write(make, some_payments(60, random.Random(8)))
        event.listen(database._read_engine, "before_cursor_execute", explain)
        await read_page(LateReads(database), filters, 10, 0, None)
        await read_page(LateReads(database), filters, 10, 0, Cursor(MIDNIGHT, "pay_1"))

    asyncio.run(holds())
    database.close()
    of_rows = [plan for plan in plans if plan.startswith(("SEARCH payments ", "SCAN payments "))]
    assert len(of_rows) >= 2
    assert all(f"INDEX {index} " in plan for plan in of_rows), plans
    assert any("INDEX counters_named " in plan for plan in plans) == (filters in _COUNTED_WITH_THEM), plans


@pytest.mark.parametrize("unit", [DAYS, HOURS])
@given(data=st.data())
def test_a_cut_leaves_nothing_out(unit: SliceUnit, data: st.DataObject) -> None:
    """Whole units and what is left over at the edges are together the time between the bounds, without an overlap."""
    near = st.integers(-3 * 24 * HOUR, 3 * 24 * HOUR).map(lambda shift: MIDNIGHT + shift)
    exact = st.integers(-50, 50).map(lambda number: unit.start_of(unit.number_of(MIDNIGHT) + number))
    since, before = sorted([data.draw(near | exact), data.draw(near | exact)])
    found = split_range(since, before, unit)
    assert found.first is not None
    assert found.end is not None
    parts = [found.lower, (unit.start_of(found.first), unit.start_of(found.end)), found.upper]
    if found.lower == (since, before):
        parts = parts[:1]
    times = [part for part in parts if part is not None and part[0] < part[1]]
    assert [since, *(end for _, end in times)] == [*(start for start, _ in times), before]
    assert all(start < end for start, end in times)


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(0, 30))
def test_an_offset_lies_in_the_piece_that_holds_it(sizes: list[int], offset: int) -> None:
    """What is passed over and what is left in the first piece come to the offset."""
    pieces = [TimeSlice(-number, 1 - number, size) for number, size in enumerate(sizes)]
    rest, inside = skip(pieces, offset)
    if offset >= sum(sizes):
        assert rest == []
    else:
        assert sum(sizes) - sum(piece.size for piece in rest) + inside == offset
        assert 0 <= inside < rest[0].size


def test_pieces_that_touch_are_one_run() -> None:
    """Between runs lies time in which nothing was counted."""
    pieces = [TimeSlice(30, None, 2), TimeSlice(20, 30, 1), TimeSlice(5, 10, 4), TimeSlice(None, 5, 1)]
    assert merge_adjacent(pieces) == [TimeSlice(20, None, 3), TimeSlice(None, 10, 5)]


def test_a_cursor_is_read_back_and_nothing_else_is_one() -> None:
    """What was made comes back; texts of other makes are refused."""
    for cursor in (Cursor(MIDNIGHT, "pay_01"), Cursor(MIDNIGHT, "pay_01", begun_at=MIDNIGHT + SECOND)):
        assert decode_cursor(encode_cursor(cursor) or "") == cursor
    assert encode_cursor(None) is None
    for wrong in ("", "####", "bm90IG91cnM", "é"):
        with pytest.raises(ValueError, match="not a cursor"):
            decode_cursor(wrong)


def test_what_may_be_late_is_a_list_that_goes_on_or_the_merchant_s() -> None:
    """A customer's list begins on the primary; a list that goes on has what was there when it was begun; and what is
    looked for is looked for on the primary, by a cursor, too, so that it is not found because it is not there."""
    cursor = Cursor(MIDNIGHT, "pay_01", begun_at=MIDNIGHT + SECOND)
    everything, own = Filters(DEFAULT_SCOPE), Filters(DEFAULT_SCOPE, owner="amina")
    assert freshness_of(everything, None) == LATE
    assert freshness_of(own, None) == CURRENT
    for filters in (everything, own):
        assert freshness_of(filters, cursor) == Freshness(is_late=True, not_before=MIDNIGHT + SECOND)
        for sought in (filters._replace(search="UKRRV92FVS"), filters._replace(booking_id="bk_1")):
            assert freshness_of(sought, cursor) == freshness_of(sought, None) == CURRENT


def test_a_payment_just_before_midnight_in_nairobi_is_of_that_day(database: Database) -> None:
    """23:59:59 belongs to the day that ends, 00:00:00 to the one that begins, whatever the day in UTC."""
    rows = [
        new_payment(f"pay_{number}", booking_id=f"bk_{number}", created_at=at)._replace(is_locking=False)
        for number, at in enumerate([MIDNIGHT - SECOND, MIDNIGHT])
    ]

    async def holds() -> None:
        await database.write(make, rows)
        for row in rows:
            day = day_of(row.created_at)
            for owner in (None, "customer"):
                filters = Filters(DEFAULT_SCOPE, owner=owner, since=start_of_day(day), before=start_of_day(day + 1))
                page = await read_page(LateReads(database), filters, 10, 0, None)
                assert (page.payments, page.total) == (shown([row]), 1)
        assert hour_of(rows[1].created_at) == hour_of(rows[0].created_at) + 1

    asyncio.run(holds())


def test_the_counts_decide_what_a_total_is(database: Database) -> None:
    """Totals are read and not counted: a wrong count shows, until a recount mends it."""

    async def holds() -> None:
        await database.write(make, some_payments(60, random.Random(8)))
        await database.write(lambda connection: connection.execute(text("delete from counter_deltas")).rowcount)
        page = await read_page(LateReads(database), Filters(DEFAULT_SCOPE), 10, 0, None)
        assert page.total == 30

    asyncio.run(holds())
