"""The row of an alert, on both databases: what makes it due, who may send it, and how little one kind hides another."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from pokea.alerts.alert import (
    KEPT_FOR,
    LEVELS,
    MOST_SUBJECTS,
    PAUSES,
    SEEN_EVERY,
    SENT_EVERY,
    SENT_TOGETHER,
    TITLES,
    Alert,
    AlertCode,
    AlertLevel,
    AlertRow,
    ClaimedAlerts,
    claim_alerts,
    clear_alert,
    is_any_due,
    keep_sent,
    keep_unsent,
    level_of,
    raise_alerts,
    read_alerts,
)
from pokea.clock import SECOND, Instant
from pokea.storage.database import Database
from tests.alerts.inbox import ADDRESS, BOOKS, from_address, of_rule

NOW: Instant = 1_800_000_000 * SECOND


@pytest.fixture
def change(database: Database) -> Callable[..., Any]:
    """Makes a change in a transaction of its own."""

    def made(function: Callable[..., Any], *arguments: Any) -> Any:
        with database.engine.begin() as connection:
            return function(connection, *arguments)

    return made


@pytest.fixture
def rows(change: Callable[..., Any]) -> Callable[[], list[AlertRow]]:
    """The alerts as they stand."""
    return lambda: change(read_alerts, 10_000)


Change = Callable[..., Any]
Rows = Callable[[], list[AlertRow]]


def sent(change: Change, at: Instant) -> list[str]:
    """The subjects that are claimed and sent at that moment, all codes that are due, one message of each."""
    subjects: list[str] = []
    while (claim := change(claim_alerts, at)) is not None:
        change(keep_sent, claim, at)
        subjects += [each.subject for each in claim.alerts]
    return subjects


def test_what_is_found_again_is_the_same_alert(change: Change, rows: Rows) -> None:
    """A second sighting, by whichever process, counts and says when, and keeps the newest text."""
    assert change(raise_alerts, [from_address(1)], NOW) == [from_address(1)]
    later = NOW + SEEN_EVERY
    assert change(raise_alerts, [from_address(1)._replace(text="again")], later) == []
    (row,) = rows()
    assert row == AlertRow(ADDRESS, "10.0.0.1", "again", NOW, later, 2, None, NOW)


def test_what_is_seen_all_the_time_is_not_written_all_the_time(change: Change, rows: Rows) -> None:
    """Within ten seconds a sighting leaves the row alone, so that no callback waits for its lock; and a change that is
    run again counts once."""
    change(raise_alerts, [from_address(1)], NOW)
    for _ in range(3):
        change(raise_alerts, [from_address(1), from_address(1)], NOW + SEEN_EVERY - 1)
    assert [(row.times, row.last_seen_at) for row in rows()] == [(1, NOW)]
    for _ in range(3):
        change(raise_alerts, [from_address(1)], NOW + SEEN_EVERY)
    assert [(row.times, row.last_seen_at) for row in rows()] == [(2, NOW + SEEN_EVERY)]


def test_an_alert_is_in_the_change_that_found_it(database: Database, rows: Rows) -> None:
    """When the change is rolled back there is no alert."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        raise_alerts(connection, [from_address(1)], NOW)
        transaction.rollback()
    assert rows() == []


@pytest.mark.parametrize("code", AlertCode)
def test_what_was_sent_is_sent_again_after_its_pause_if_it_was_seen(change: Change, code: AlertCode) -> None:
    """Not before, however often it is seen; not at all when it is not seen."""
    alert = Alert(code, "this", "It happened.")
    change(raise_alerts, [alert], NOW)
    assert sent(change, NOW) == ["this"]
    assert sent(change, NOW + 10 * PAUSES[code]) == []
    seen = NOW + SEEN_EVERY
    assert change(raise_alerts, [alert], seen) == [alert]
    assert change(raise_alerts, [alert], seen + SEEN_EVERY) == []
    assert sent(change, NOW + PAUSES[code] - 1) == []
    assert sent(change, NOW + PAUSES[code]) == ["this"]
    assert sent(change, NOW + 2 * PAUSES[code]) == []


def test_what_was_right_again_is_told_at_once_the_next_time(change: Change, rows: Rows) -> None:
    """A cleared alert has no row, and so no pause."""
    change(raise_alerts, [of_rule("a"), of_rule("b")], NOW)
    assert sent(change, NOW) == ["a", "b"]
    change(clear_alert, BOOKS, "a")
    assert [row.subject for row in rows()] == ["b"]
    soon = NOW + SENT_EVERY
    assert change(raise_alerts, [of_rule("a"), of_rule("b")], soon) == [of_rule("a"), of_rule("b")]
    assert sent(change, soon) == ["a"]


def test_one_process_sends_it(change: Change) -> None:
    """What is claimed is nobody else's; a process that died with its claim is followed when the lease ends, and its
    late word then changes nothing."""
    change(raise_alerts, [from_address(1)], NOW)
    claim: ClaimedAlerts = change(claim_alerts, NOW)
    assert claim.alerts == [from_address(1)]
    assert change(claim_alerts, NOW) is None
    assert change(is_any_due, claim.lease_until - 1) is False
    other = change(claim_alerts, claim.lease_until)
    assert other.alerts == claim.alerts
    change(keep_sent, claim, claim.lease_until)
    assert change(claim_alerts, other.lease_until) is not None


def test_what_could_not_be_sent_is_tried_again_later_and_later(change: Change, rows: Rows) -> None:
    """Pauses double up to a quarter of an hour, and it is never dropped."""
    change(raise_alerts, [from_address(1)], NOW)
    now, pauses = NOW, []
    for _ in range(12):
        change(keep_unsent, change(claim_alerts, now), now)
        due = rows()[0].due_at or 0
        assert change(claim_alerts, due - 1) is None
        pauses.append((due - now) // SECOND)
        now = due
    assert pauses == [15, 30, 60, 120, 240, 480, *[900] * 6]
    assert sent(change, now) == ["10.0.0.1"]


def test_a_flood_of_one_kind_delays_no_other_and_hides_none_of_its_own(change: Change) -> None:
    """Hundreds of addresses go out ten at a time, ten seconds apart, while a broken rule is sent at once."""
    flood = [from_address(number) for number in range(200)]
    change(raise_alerts, flood, NOW)
    change(raise_alerts, [of_rule("a")], NOW + 1)
    first = sent(change, NOW + 1)
    assert sorted(first) == sorted([each.subject for each in sorted(flood)[:SENT_TOGETHER]] + ["a"])
    told = [subject for subject in first if subject != "a"]
    rounds = 1
    while subjects := sent(change, NOW + 1 + rounds * SENT_EVERY):
        assert len(subjects) <= SENT_TOGETHER
        told += subjects
        rounds += 1
    assert rounds == 200 / SENT_TOGETHER
    assert sorted(told) == sorted(each.subject for each in flood)


def test_the_table_is_bounded(change: Change, rows: Rows) -> None:
    """What is too many of one code is one row more, other codes have their own room, and what is old goes."""
    for start in range(0, MOST_SUBJECTS + 50, 50):
        change(raise_alerts, [from_address(number) for number in range(start, start + 50)], NOW)
    change(raise_alerts, [of_rule("a")], NOW)
    found = rows()
    assert len(found) == MOST_SUBJECTS + 2
    (more,) = [row for row in found if row.subject == "more"]
    assert more.text.startswith("More than 1000 of these; the newest: a callback came from address 10")
    change(raise_alerts, [of_rule("b")], NOW + KEPT_FOR + 1)
    assert [row.subject for row in rows()] == ["b"]


def test_a_kind_of_a_newer_version_is_left_to_it(database: Database, change: Change, rows: Rows) -> None:
    """While two versions are alive the older one neither sends nor stumbles over what it does not know (law:
    schema)."""
    change(raise_alerts, [of_rule("a")], NOW)
    with database.engine.begin() as connection:
        connection.execute(text("update alerts set code = 'of_tomorrow'"))
    assert change(is_any_due, NOW) is False
    assert change(claim_alerts, NOW) is None
    assert [level_of(row.code) for row in rows()] == [AlertLevel.WARNING]


def test_what_is_kept_is_masked_and_bounded(change: Change, rows: Rows) -> None:
    """No phone number stands in the table, and no text without end."""
    change(raise_alerts, [from_address(1)._replace(text="254712345678 " + "x" * 5_000)], NOW)
    assert rows()[0].text.startswith("25471*****78 xxx")
    assert len(rows()[0].text) == 1_000


def test_every_code_has_a_level_a_title_and_a_pause() -> None:
    """A new kind cannot be forgotten in one of the tables."""
    assert set(LEVELS) == set(TITLES) == set(PAUSES) == set(AlertCode)
