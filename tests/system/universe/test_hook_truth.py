"""The rules about webhooks that only a universe can check, on receivers that were told something wrong."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import pytest

from pokea.universe.hook_oracle import Shelf, told_versions
from pokea.universe.plan import PlannedEndpoint

_ID: Final = "wh_1"
_EVENTS: Final = (
    *(("pay_1", 1, "payment.created", 1), ("pay_1", 2, "payment.pending", 2), ("bk_1", 1, "booking.created", 3)),
    *(("pay_1", 3, "payment.completed", 4), (_ID, 1, "endpoint.disabled", 5), ("ping_1", 1, "webhook.ping", None)),
)


def shelf(*types: str, latest_only: bool = False, known_from: int = 0) -> Shelf:
    """A receiver of an endpoint that has lived through all of it."""
    made = Shelf(PlannedEndpoint("shop.test", types or ("payment.*",), latest_only, 0.0, None, ()))
    made.endpoint_id, made.known_from = _ID, known_from
    return made


def broken(shelves: Sequence[Shelf], events: Sequence[tuple[str, int, str, int | None]] = _EVENTS) -> list[str]:
    """The names of the rules that are broken."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table events (object_id, version, type, sequence)")
    connection.executemany("insert into events values (?, ?, ?, ?)", events)
    found = [each.rule for each in told_versions(connection, shelves)]
    connection.close()
    return found


def taken(made: Shelf, *versions: int) -> Shelf:
    """The receiver, once it has taken these versions of the payment."""
    for version in versions:
        made.take("pay_1", version, is_signed=True, is_committed=True)
    return made


@pytest.mark.parametrize("versions", [(1, 2, 3), (1, 1, 2, 3, 2, 3)])
def test_what_came_in_order_is_right(versions: Sequence[int]) -> None:
    """Each version once or more often, as long as each came for the first time after those before it."""
    assert broken([taken(shelf(), *versions)]) == []


@pytest.mark.parametrize("versions", [(2, 1, 3), (1, 3, 2)])
def test_a_version_before_an_earlier_one_is_wrong(versions: Sequence[int]) -> None:
    """Whichever two it were."""
    assert broken([taken(shelf(), *versions)]) == ["webhooks_in_order"]


def test_a_version_that_never_came_is_missed() -> None:
    """Also in the middle; not where it is not subscribed to, nor where its endpoint was made later or deleted."""
    assert broken([taken(shelf(), 1, 3)]) == ["webhooks_complete"]
    assert broken([shelf("payment.completed")]) == ["webhooks_complete"]
    assert broken([taken(shelf("payment.completed"), 3)]) == []
    assert broken([taken(shelf(known_from=2), 3)]) == []
    deleted = shelf()
    deleted.is_deleted = True
    assert broken([deleted]) == []


def test_of_the_newest_alone_only_the_newest_is_missed() -> None:
    """An endpoint that wants the newest version needs no other."""
    assert broken([taken(shelf(latest_only=True), 3)]) == []
    assert broken([taken(shelf(latest_only=True), 1, 2)]) == ["webhooks_complete"]


def test_what_happened_to_the_endpoint_itself_is_not_missed() -> None:
    """It is sent to the others."""
    made = taken(shelf("*"), 1, 2, 3)
    made.take("bk_1", 1, is_signed=True, is_committed=True)
    assert broken([made]) == []
    other = taken(shelf("*"), 1, 2, 3)
    other.take("bk_1", 1, is_signed=True, is_committed=True)
    other.endpoint_id = "wh_2"
    assert broken([other]) == ["webhooks_complete"]


def test_a_message_that_is_not_signed_or_not_committed_is_wrong() -> None:
    """It is seen when it comes."""
    made = taken(shelf(), 1, 2)
    made.take("pay_1", 3, is_signed=False, is_committed=True)
    assert broken([made]) == ["webhooks_signed"]
    made = taken(shelf(), 1, 2)
    made.take("pay_1", 3, is_signed=True, is_committed=False)
    assert broken([made]) == ["webhooks_after_commit"]


def test_a_number_that_no_event_has_is_a_gap() -> None:
    """Events without a number, as pings are, have no place in the list."""
    assert broken([], [each for each in _EVENTS if each[3] != 2]) == ["events_have_no_gap"]
