"""What follows from events in the database: rows that want versions, and what is forgotten of them."""

from typing import Any

from sqlalchemy import insert, select, update

from pokea.clock import SECOND
from pokea.events.store import number_all
from pokea.events.types import PING
from pokea.storage.database import Database
from pokea.storage.tables import deliveries, events, outbox
from pokea.webhooks.following import Wanted, find_followers, want
from pokea.webhooks.model import Endpoint
from pokea.webhooks.replaying import count_waiting, forget_deliveries
from pokea.webhooks.store import insert_endpoint
from tests.events.happened import AT, event, happen, list_of

URL = "https://shop.example/hook"


def subscribe(database: Database, endpoint_id: str, *types: str) -> None:
    """An endpoint of these types."""
    with database.engine.begin() as connection:
        insert_endpoint(connection, Endpoint(endpoint_id, 1, URL, " ".join(types), None, False, AT))


def number(database: Database) -> None:
    """Give numbers to all that has happened, and let follow what follows."""
    with database.engine.begin() as connection:
        number_all(connection, find_followers)


def rows_of(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of all pairs."""
    names = columns or ("endpoint_id", "object_id", "acked_version", "wanted_version", "due_at")
    with database.engine.connect() as connection:
        ordered = select(*(deliveries.c[each] for each in names)).order_by(*deliveries.primary_key.columns)
        return [tuple(row) for row in connection.execute(ordered)]


def test_a_pair_is_one_row_however_much_changes(database: Database) -> None:
    """It begins before the first event that is wanted, and each later one raises what is wanted, and nothing else."""
    subscribe(database, "wh_1", "*")
    subscribe(database, "wh_2", "payment.completed")
    happen(database, event("pay_1", 2), event("pay_1", 3))
    number(database)
    assert rows_of(database) == [("wh_1", "pay_1", 1, 3, AT)]
    happen(database, event("pay_1", 4, "payment.completed", AT + SECOND))
    number(database)
    assert rows_of(database) == [("wh_1", "pay_1", 1, 4, AT), ("wh_2", "pay_1", 3, 4, AT + SECOND)]


def test_a_pair_that_had_all_begins_at_what_is_new(database: Database) -> None:
    """Versions between, which were not subscribed to, do not come later; it is due when the new one happened."""
    subscribe(database, "wh_1", "*")
    with database.engine.begin() as connection:
        want(connection, [Wanted("wh_1", "pay_1", 0, 2, AT)])
        connection.execute(update(deliveries).values(acked_version=2))
        want(connection, [Wanted("wh_1", "pay_1", 4, 5, AT + SECOND)])
    assert rows_of(database) == [("wh_1", "pay_1", 4, 5, AT + SECOND)]


def test_what_is_wanted_never_falls(database: Database) -> None:
    """Wanting an older version again changes nothing."""
    subscribe(database, "wh_1", "*")
    with database.engine.begin() as connection:
        want(connection, [Wanted("wh_1", "pay_1", 0, 5, AT)])
        connection.execute(update(deliveries).values(acked_version=5))
        want(connection, [Wanted("wh_1", "pay_1", 2, 3, AT)])
        want(connection, [])
    assert rows_of(database, "acked_version", "wanted_version") == [(5, 5)]


def test_without_endpoints_nothing_follows(database: Database) -> None:
    """Events get their numbers, and no row is written for them."""
    happen(database, event("pay_1"), event("pay_2"))
    with database.engine.begin() as connection:
        assert find_followers(connection) is None
    number(database)
    assert len(list_of(database)) == 2
    assert rows_of(database) == []


def test_nothing_is_wanted_of_what_is_not_committed(database: Database) -> None:
    """What a transaction has written and then taken back is neither numbered nor wanted."""
    subscribe(database, "wh_1", "*")
    with database.engine.connect() as connection, connection.begin() as transaction:
        row = {"object_id": "pay_1", "version": 1, "merchant_id": 1, "type": "payment.created"}
        connection.execute(insert(outbox).values(**row, created_at=AT, data="{}"))
        transaction.rollback()
    number(database)
    assert (list_of(database), rows_of(database)) == ([], [])


def test_old_pairs_are_forgotten_and_waiting_ones_are_not(database: Database) -> None:
    """With their events go pairs that wait for nothing, and pings; never one of which something is to be sent."""
    subscribe(database, "wh_1", "*")
    ping = {"object_id": "ping_1", "version": 1, "merchant_id": 1, "type": PING, "created_at": AT, "data": "{}"}
    with database.engine.begin() as connection:
        want(connection, [Wanted("wh_1", f"pay_{number}", 0, 1, AT + number * SECOND) for number in range(4)])
        connection.execute(update(deliveries).where(deliveries.c.object_id != "pay_0").values(acked_version=1))
        connection.execute(update(deliveries).where(deliveries.c.object_id == "pay_1").values(again="1"))
        connection.execute(insert(events).values(**ping, sequence=None))
        assert count_waiting(connection) == (2, 0)
        assert forget_deliveries(connection, AT) == 0
        assert forget_deliveries(connection, AT + 3 * SECOND) == 1
        assert connection.execute(select(events.c.object_id)).all() == []
        connection.execute(update(deliveries).where(deliveries.c.object_id == "pay_0").values(parked_at=AT))
        assert count_waiting(connection) == (1, 1)
    assert [name for (name,) in rows_of(database, "object_id")] == ["pay_0", "pay_1", "pay_3"]
