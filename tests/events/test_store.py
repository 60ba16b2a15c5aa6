"""Events on both databases: numbered after their commit, read without a gap, forgotten in their order."""

import random
import threading
from collections import Counter
from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from pokea.clock import HOUR
from pokea.events import store
from pokea.events.numbering import NumberedEvent, in_order
from pokea.events.outbox import add_events
from pokea.events.store import Chosen, EventPage, find_event, forget_events, list_events, number_all, number_events
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.storage import tables
from pokea.storage.database import Database, open_database
from tests.events.happened import AT, event, happen, list_of, listed, number


def page(database: Database, after: int = 0, pattern: str | None = None, object_id: str | None = None) -> EventPage:
    """Two events of the list."""
    with database.engine.connect() as connection:
        return list_events(connection, DEFAULT_SCOPE, Chosen(after, pattern, object_id, 2))


def test_what_is_committed_is_numbered_once(database: Database) -> None:
    """Events leave the outbox with the next numbers, and are the same in the list as they were written."""
    happen(database, event("pay_1"), event("pay_1", 2, "payment.completed"))
    assert number(database) == 2
    happen(database, event("pay_2"))
    assert number(database) == 3
    assert number(database) == 3
    assert list_of(database) == [(1, "pay_1", 1), (2, "pay_1", 2), (3, "pay_2", 1)]
    with database.engine.connect() as connection:
        assert connection.execute(select(tables.outbox)).all() == []
        assert listed(connection)[1].data == event("pay_1").data
        assert find_event(connection, "pay_1", 2) == event("pay_1", 2, "payment.completed")
        assert find_event(connection, "pay_1", 3) is None


def test_what_commits_later_gets_a_later_number(plain: Database) -> None:
    """A transaction that began first and commits last is not numbered before its commit, and leaves no gap."""
    with plain.engine.connect() as slow, slow.begin() as transaction:
        add_events(slow, [event("pay_slow")])
        happen(plain, event("pay_quick"))
        assert number(plain) == 1
        transaction.commit()
    assert number(plain) == 2
    assert list_of(plain) == [(1, "pay_quick", 1), (2, "pay_slow", 1)]


def test_one_process_at_a_time_gives_numbers(plain: Database, postgres_url: str) -> None:
    """While one transaction numbers, another leaves it alone or waits for its end, and then goes on behind it."""
    other = open_database(postgres_url)
    happen(plain, event("pay_1"))
    answers: list[int] = []
    with plain.engine.connect() as first, first.begin() as transaction:
        assert number_events(first, None) == 1
        happen(other, event("pay_2"))
        with other.engine.begin() as second:
            assert number_events(second, None) is None
        waiting = threading.Thread(target=lambda: answers.append(number(other)))
        waiting.start()
        transaction.commit()
    waiting.join()
    other.close()
    assert answers == [2]
    assert list_of(plain) == [(1, "pay_1", 1), (2, "pay_2", 1)]


def test_all_versions_of_an_object_are_taken_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are looked at in one transaction, no version is numbered before an earlier one."""
    monkeypatch.setattr(store, "MOST_NUMBERED", 1)
    happen(database, event("pay_1", 3), event("pay_2"), event("pay_1", 2), event("pay_1"))
    with database.engine.begin() as connection:
        assert number_events(connection, None) in (1, 3)
    number(database)
    versions = [version for _, name, version in list_of(database) if name == "pay_1"]
    assert versions == [1, 2, 3]
    assert len(list_of(database)) == 4


def test_what_follows_is_written_with_the_numbers(database: Database) -> None:
    """Where what follows fails, no number is given; once it works, it sees the events that got one."""
    happen(database, event("pay_1"))

    def fail(_connection: Connection, _given: object) -> None:
        raise LookupError("it follows nothing")

    with pytest.raises(LookupError), database.engine.begin() as connection:
        number_all(connection, lambda _: fail)
    seen: list[str] = []

    def see(_connection: Connection, given: Sequence[NumberedEvent]) -> None:
        seen.extend(each.object_id for each in given)

    with database.engine.begin() as connection:
        number_all(connection, lambda _: see)
    assert (seen, list_of(database)) == (["pay_1"], [(1, "pay_1", 1)])


def test_postgresql_numbers_events_as_the_law_does(plain: Database) -> None:
    """Numbered in one statement of the database, they stand in the order that is decided here, clocks apart or not."""
    chance = random.Random(33)
    some = [event(f"pay_{chance.choice('aZ_z9')}{place % 40}", at=AT + chance.randrange(9)) for place in range(200)]
    versions = Counter[str]()
    written = []
    for each in some:
        versions[each.object_id] += 1
        written.append(replace(each, version=versions[each.object_id]))
    chance.shuffle(written)
    happen(plain, *written)
    assert number(plain) == len(written)
    expected = [(place, each.object_id, each.version) for place, each in enumerate(in_order(written), 1)]
    assert list_of(plain) == expected


def test_the_list_is_read_page_by_page(database: Database) -> None:
    """Each answer says where the next begins, and the last one that nothing is left."""
    happen(database, *(event(f"pay_{place}") for place in range(5)))
    number(database)
    after, found = 0, []
    while True:
        read = page(database, after)
        found += [each.sequence for each in read.events]
        after = read.next_after
        if after == read.latest:
            break
    assert found == [1, 2, 3, 4, 5]
    assert page(database, 5) == EventPage([], 5, 5)
    assert page(database, 99) == EventPage([], 99, 5)
    with database.engine.connect() as connection:
        assert list_events(connection, Scope(2), Chosen(0, None, None, 9)).events == []


def test_events_are_chosen_by_type_and_object(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern chooses an object's types; what is searched for in vain leads on in steps."""
    paid, booked = event("pay_1", 2, "payment.completed", AT + 2), event("bk_1", 1, "booking.created", AT + 1)
    happen(database, event("pay_1"), paid, booked)
    number(database)
    assert [each.sequence for each in page(database, pattern="payment.*").events] == [1, 3]
    assert [each.sequence for each in page(database, pattern="booking.created").events] == [2]
    assert [each.sequence for each in page(database, pattern="*").events] == [1, 2]
    assert [each.sequence for each in page(database, object_id="pay_1").events] == [1, 3]
    monkeypatch.setattr(store, "SEARCHED_TOGETHER", 1)
    assert page(database, pattern="payment.completed") == EventPage([], 1, 3)
    assert [each.sequence for each in page(database, 2, "payment.completed").events] == [3]


def test_old_events_are_forgotten_in_the_order_of_their_numbers(database: Database) -> None:
    """The first that is young enough keeps what has a later number; the list begins where the rest ends."""
    times = (AT, AT + 1, AT + 50 * HOUR, AT + 2)
    for place, at in enumerate(times):
        happen(database, event(f"pay_{place}", at=at))
        number(database)
    with database.engine.begin() as connection:
        assert forget_events(connection, AT + HOUR, 1, HOUR) == 1
        assert forget_events(connection, AT + HOUR, 9, HOUR) == 1
        assert forget_events(connection, AT + HOUR, 9, HOUR) == 0
        since = connection.execute(select(tables.event_stream.c.complete_since)).scalar_one()
    assert since == AT + 1 + HOUR
    read = page(database)
    assert ([each.sequence for each in read.events], read.next_after, read.latest) == ([3, 4], 4, 4)
