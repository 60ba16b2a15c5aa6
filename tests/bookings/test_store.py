"""Bookings in the database: made once, locked in order, and held by one payment only."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from itertools import product
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, func, select, update

from pokea.bookings.create import BookingRequest, Created, create_bookings
from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking, ids_by_reference, insert_free
from pokea.errors import ApiError
from pokea.payments import reserve_sql
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database, open_database
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.tables import bookings, idempotency_keys, outbox
from tests.api.serving import NOON
from tests.bookings.making import draft, found, hold, made

KEY = IdempotencyKey(DEFAULT_SCOPE.merchant_id, "alice", "POST /api/v1/bookings", "key", "digest")


def held(database: Database, *paid: tuple[str, str, int]) -> int:
    """Mark fees as held, as the settler does; answers how many were unpaid."""
    return asyncio.run(database.write(hold, *paid))


def count(database: Database) -> tuple[int, int]:
    """How many bookings and how many idempotency keys there are."""

    def counted(connection: Connection) -> tuple[int, int]:
        sizes = [connection.execute(select(func.count()).select_from(table)) for table in (bookings, idempotency_keys)]
        return sizes[0].scalar_one(), sizes[1].scalar_one()

    return asyncio.run(database.read(counted))


def test_a_new_booking_awaits_its_payment(database: Database) -> None:
    """A booking is made unpaid, with the draft's values."""
    booking, replayed = made(database, draft())
    expected = Booking("bk_1", 1, "R-bk-1", "Plumbing", "alice", "awaiting_payment", 50_000, "unpaid", None, None, NOON)
    assert (booking, replayed) == (expected, False)
    assert found(database, "bk_1") == expected


def test_an_unknown_booking_is_not_found(database: Database) -> None:
    """There is no booking of an id that was never given."""
    assert found(database, "bk_1") is None


def test_a_reference_that_is_taken_is_replaced_by_the_next(database: Database) -> None:
    """Random references are tried in turn until one is free."""
    made(database, draft("bk_1", "BK-A"))
    made(database, draft("bk_2", "BK-B"))
    assert made(database, draft("bk_3", "BK-A", "BK-B", "BK-C")).booking.reference == "BK-C"


def test_a_chosen_reference_that_is_taken_is_refused(database: Database) -> None:
    """A reference that the caller chose is not replaced, and nothing is left behind."""
    made(database, draft("bk_1", "MINE"))
    with pytest.raises(ApiError) as refused:
        made(database, draft("bk_2", "MINE"), KEY)
    assert refused.value.code == "reference_taken"
    assert count(database) == (1, 0)


def test_without_a_free_reference_the_caller_may_try_again(database: Database) -> None:
    """When every random reference is taken, which hardly ever happens, the call can be repeated."""
    made(database, draft("bk_1", "BK-A"))
    made(database, draft("bk_2", "BK-B"))
    with pytest.raises(ApiError) as refused:
        made(database, draft("bk_3", "BK-A", "BK-B"))
    assert (refused.value.code, refused.value.retry_after_seconds) == ("unavailable", 1)


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("references", [("BK-A",), ("BK-A", "BK-B")])
def test_a_change_that_runs_again_finds_its_own_work(
    database: Database, key: IdempotencyKey | None, references: tuple[str, ...]
) -> None:
    """After a commit of unknown outcome the same change makes no second booking, and answers the same."""
    first = made(database, draft("bk_1", *references), key)
    assert made(database, draft("bk_1", *references), key) == first
    assert count(database) == (1, 1 if key else 0)


def test_a_call_with_the_same_key_gets_the_first_answer(database: Database) -> None:
    """A second call makes nothing, and is answered as the first was, even when the fee has been paid since."""
    first = made(database, draft("bk_1"), KEY)
    held(database, ("bk_1", "pay_1", NOON + 1))
    second = made(database, draft("bk_2"), KEY)
    assert second.booking == first.booking
    assert (first.replayed, second.replayed) == (False, True)
    assert count(database) == (1, 1)


def test_a_key_whose_booking_is_gone_is_a_failure_of_ours(database: Database) -> None:
    """The database is not believed blindly."""
    made(database, draft("bk_1"), KEY)
    asyncio.run(database.write(lambda connection: connection.execute(bookings.delete()).rowcount))
    with pytest.raises(LookupError, match="bk_1"):
        made(database, draft("bk_2"), KEY)


def test_calls_at_once_make_one_booking(database: Database) -> None:
    """Of ten calls with one key that arrive together one makes a booking, and all answer with it."""

    async def together() -> set[str]:
        calls = (database.write(create_bookings, [BookingRequest(draft(f"bk_{number}"), KEY)]) for number in range(10))
        return {answer.booking.id for (answer,) in await asyncio.gather(*calls) if isinstance(answer, Created)}

    assert len(asyncio.run(together())) == 1
    assert count(database) == (1, 1)


def test_bookings_are_locked_by_id(database: Database) -> None:
    """Locking finds the bookings that are there, in the order of their ids, whatever order was asked for."""
    for number in (3, 1, 2):
        made(database, draft(f"bk_{number}"))
    with database.engine.begin() as connection:
        lock = reserve_sql.sql_for(connection).lock_bookings
        locked = lock(connection, ["bk_3", "bk_1", "bk_9"])
        assert list(locked) == ["bk_1", "bk_3"]
        assert lock(connection, []) == {}
    assert locked["bk_1"] == found(database, "bk_1")


def test_a_paid_fee_is_held_and_its_booking_is_matched(database: Database) -> None:
    """Many fees are held by one call, each with its payment and its time; others stay as they were."""
    for number in range(4):
        made(database, draft(f"bk_{number}"))
    held(database, *((f"bk_{number}", f"pay_{number}", NOON + number) for number in range(3)))
    for number in range(3):
        booking = found(database, f"bk_{number}")
        assert booking is not None
        assert (booking.status, booking.fee_status) == ("matching", "held")
        assert (booking.fee_payment_id, booking.paid_at) == (f"pay_{number}", NOON + number)
    unpaid = found(database, "bk_3")
    assert unpaid is not None
    assert (unpaid.status, unpaid.fee_status, unpaid.fee_payment_id) == ("awaiting_payment", "unpaid", None)


def test_nothing_is_held_when_nothing_was_paid(database: Database) -> None:
    """An empty batch touches no booking."""
    made(database, draft())
    held(database)
    booking = found(database, "bk_1")
    assert booking is not None
    assert booking.fee_status == "unpaid"


def test_the_same_payment_may_be_marked_again(database: Database) -> None:
    """A fee that is marked again stays as it was."""
    made(database, draft())
    assert held(database, ("bk_1", "pay_1", NOON)) == 1
    assert held(database, ("bk_1", "pay_1", NOON + 1)) == 0
    booking = found(database, "bk_1")
    assert booking is not None
    assert (booking.fee_payment_id, booking.paid_at) == ("pay_1", NOON)


@pytest.mark.parametrize("fee_status", [FeeStatus.HELD, FeeStatus.RELEASED, FeeStatus.REFUNDED])
def test_a_fee_is_held_once(database: Database, fee_status: FeeStatus) -> None:
    """A fee that is not unpaid is not given to another payment, and the settler is told so."""
    made(database, draft("bk_1"))
    made(database, draft("bk_2"))
    held(database, ("bk_1", "pay_1", NOON))
    asyncio.run(
        database.write(
            lambda connection: (
                connection.execute(
                    update(bookings).where(bookings.c.id == "bk_1").values(fee_status=fee_status)
                ).rowcount
            )
        )
    )
    assert held(database, ("bk_2", "pay_2", NOON), ("bk_1", "pay_3", NOON)) == 1
    untouched = found(database, "bk_1")
    assert untouched is not None
    assert (untouched.fee_status, untouched.fee_payment_id) == (fee_status, "pay_1")


@pytest.mark.parametrize("fee_status", [FeeStatus.RELEASED, FeeStatus.REFUNDED])
def test_a_fee_that_has_moved_on_is_not_taken_back(database: Database, fee_status: FeeStatus) -> None:
    """Even the payment that paid it cannot make a released or refunded fee held again."""
    made(database, draft())
    held(database, ("bk_1", "pay_1", NOON))
    asyncio.run(
        database.write(lambda connection: connection.execute(update(bookings).values(fee_status=fee_status)).rowcount)
    )
    assert held(database, ("bk_1", "pay_1", NOON)) == 0


def test_an_unknown_booking_cannot_be_held(database: Database) -> None:
    """A payment for a booking that is not there is told, and not passed over in silence."""
    assert held(database, ("bk_9", "pay_1", NOON)) == 0


@pytest.mark.parametrize(
    ("first", "second"), [("Room-9", "ROOM-9"), ("ROOM-9", "room-9"), ("abcdefghijkl", "ABCDEFGHIJKL")]
)
def test_references_that_differ_in_case_are_one(database: Database, first: str, second: str) -> None:
    """A reference that another booking has in other letters is taken, since people copy it without regard to case."""
    made(database, draft("bk_1", first))
    with pytest.raises(ApiError) as refused:
        made(database, draft("bk_2", second))
    assert refused.value.code == "reference_taken"
    assert made(database, draft("bk_3", second, "BK-FREE")).booking.reference == "BK-FREE"
    assert made(database, draft("bk_1", first)).booking.reference == first


def test_of_two_spellings_made_at_once_one_is_taken(database: Database) -> None:
    """Given many who make one reference in different letters at the same time, one of them has it."""
    written = ["".join(letters) for letters in product(*zip("room", "ROOM", strict=True))]

    async def make_all() -> list[object]:
        drafts = [draft(f"bk_{number}", f"{word}-9") for number, word in enumerate(written)]
        changes = [database.write(create_bookings, [BookingRequest(each, None)]) for each in drafts]
        return [answer for (answer,) in await asyncio.gather(*changes)]

    outcomes = asyncio.run(make_all())
    refused = [each for each in outcomes if isinstance(each, ApiError) and each.code == "reference_taken"]
    assert len(refused) == len(written) - 1
    assert count(database)[0] == 1


def test_a_reference_is_found_in_any_case(database: Database) -> None:
    """The longest reference of letters alone is found however it is written, and nothing else is."""
    made(database, draft("bk_1", "aBcDeFgHiJkL"))
    made(database, draft("bk_2", "OTHER"))
    for written in ("ABCDEFGHIJKL", "abcdefghijkl", "aBcDeFgHiJkL"):
        assert asyncio.run(database.read(ids_by_reference, DEFAULT_SCOPE, written)) == ["bk_1"]
    for nothing in ("abcdefghijk", "", "\u017froom", "x" * 200):
        assert asyncio.run(database.read(ids_by_reference, DEFAULT_SCOPE, nothing)) == []


def test_a_reference_is_looked_for_by_the_index(sqlite_url: str) -> None:
    """Neither the search for a reference nor a new booking goes through all bookings."""
    database = open_database(sqlite_url)
    plans: list[str] = []
    seen: list[str] = []

    def look(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        raw.set_trace_callback(seen.append)
        insert_free(connection, [_booking("bk_1", "BK-A")])
        ids_by_reference(connection, DEFAULT_SCOPE, "bk-a")
        raw.set_trace_callback(None)
        for statement in seen:
            plans.extend(row[3] for row in raw.execute(f"explain query plan {statement}"))

    asyncio.run(database.write(look))
    database.close()
    searched = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN")) and plan != "SCAN CONSTANT ROW"]
    assert len(searched) == 2
    assert all("INDEX bookings_spelt " in plan for plan in searched), plans


def _booking(booking_id: str, reference: str) -> Booking:
    return Booking(booking_id, 1, reference, "Plumbing", "alice", "awaiting_payment", 1, "unpaid", None, None, NOON)


def test_requests_together_are_each_answered_as_alone(database: Database) -> None:
    """Whatever keys and references requests share, no two bookings have one reference, a key belongs to the booking
    that its first call made, a booking has one event of its making, and a refusal leaves nothing."""
    chance = random.Random(4)
    words = ["room-1", "ROOM-1", "Room-1", "room-2", "ROOM-2", "BK-A", "bk-a", "BK-B"]
    numbers = itertools.count(1)

    def drawn() -> BookingRequest:
        number = next(numbers)
        references = chance.sample(words, chance.choice([1, 1, 2])) if chance.random() < 0.5 else [f"FREE-{number}"]
        key = KEY._replace(key=f"k{chance.randint(1, 12)}", body_digest=chance.choice("ab"))
        return BookingRequest(draft(f"bk_{number}", *references), key if chance.random() < 0.6 else None)

    for _ in range(25):
        requests = [drawn() for _ in range(chance.randint(1, 6))]
        answers = asyncio.run(database.write(create_bookings, requests))
        again = asyncio.run(database.write(create_bookings, requests))
        assert list(map(told, again)) == list(map(told, answers))
        rows, keys, events = asyncio.run(database.read(everything))
        assert sorted(events) == sorted(rows)
        spelt = [row.reference.lower() for row in rows.values()]
        assert len(spelt) == len(set(spelt))
        for (wanted, key), answer in zip(requests, answers, strict=True):
            if isinstance(answer, ApiError):
                assert wanted.id not in rows
                assert wanted.id not in keys.values()
                if answer.code == "reference_taken":
                    assert wanted.references[0].lower() in spelt
            else:
                assert rows[answer.booking.id] == answer.booking
                assert answer.replayed == (answer.booking.id != wanted.id)
                assert key is None or keys[key.key] == answer.booking.id
        assert set(keys.values()) <= set(rows)


def told(answer: Created | ApiError) -> Created | str:
    """What a caller is told."""
    return answer.code if isinstance(answer, ApiError) else answer


def everything(connection: Connection) -> tuple[dict[str, Booking], dict[str, str], list[str]]:
    """All bookings by their ids, the booking of each key, and the objects whose making is an event."""
    keys = connection.execute(select(idempotency_keys.c.key, idempotency_keys.c.object_id))
    events = connection.scalars(select(outbox.c.object_id).where(outbox.c.type == "booking.created"))
    rows = {row.id: Booking(*row) for row in connection.execute(select(bookings))}
    return rows, dict(map(tuple, keys)), list(events)


def test_bookings_made_together_cost_few_statements(postgres_url: str) -> None:
    """Thirty bookings with keys are made by as many statements as three."""
    database = open_database(postgres_url)
    sent: list[str] = []

    def make(connection: Connection, numbers: Sequence[int]) -> int:
        raw: Any = connection.connection.driver_connection
        usual = raw.execute
        before = len(sent)
        wanted = [BookingRequest(draft(f"bk_{each}", f"R-{each}"), KEY._replace(key=f"k{each}")) for each in numbers]
        raw.cursor_factory = counting(sent)
        try:
            assert not any(isinstance(each, ApiError) for each in create_bookings(connection, wanted))
        finally:
            raw.cursor_factory = psycopg.Cursor
        assert raw.execute == usual
        return len(sent) - before

    few = asyncio.run(database.write(make, range(3)))
    assert few == asyncio.run(database.write(make, range(10, 40))) <= 4
    database.close()


def counting(sent: list[str]) -> type[psycopg.Cursor[Any]]:
    """Cursors that note what they send."""

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *given: Any, **how: Any) -> Any:
            sent.append(str(query))
            return super().execute(query, *given, **how)

    return Counting
