"""Bookings in the database: made once, locked in order, and held by one payment only."""

import asyncio
from itertools import product

import pytest
from sqlalchemy import Connection, func, select, update

from pokea.bookings.create import create_booking
from pokea.bookings.rules import FeeStatus, spellings
from pokea.bookings.store import Booking, ids_by_reference
from pokea.errors import ApiError
from pokea.payments import reserve_sql
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.tables import bookings, idempotency_keys
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
        calls = (database.write(create_booking, draft(f"bk_{number}"), KEY) for number in range(10))
        return {created.booking.id for created in await asyncio.gather(*calls)}

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
        changes = [database.write(create_booking, each, None) for each in drafts]
        return await asyncio.gather(*changes, return_exceptions=True)

    outcomes = asyncio.run(make_all())
    refused = [each for each in outcomes if isinstance(each, ApiError) and each.code == "reference_taken"]
    assert len(refused) == len(written) - 1
    assert count(database)[0] == 1


def test_a_reference_is_found_in_any_case_and_by_the_index(database: Database) -> None:
    """The longest reference of letters alone is looked for in each of its spellings, each by the index."""
    made(database, draft("bk_1", "aBcDeFgHiJkL"))
    made(database, draft("bk_2", "OTHER"))
    for written in ("ABCDEFGHIJKL", "abcdefghijkl", "aBcDeFgHiJkL"):
        assert asyncio.run(database.read(ids_by_reference, DEFAULT_SCOPE, written)) == ["bk_1"]
    for nothing in ("abcdefghijk", "", "\u017froom", "x" * 200):
        assert asyncio.run(database.read(ids_by_reference, DEFAULT_SCOPE, nothing)) == []
    assert len(spellings("abcdefghijkl")) == 2**12
    assert spellings("x" * 13) == []
