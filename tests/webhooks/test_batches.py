"""What of a pair is sent, in which order, and what its row says afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import SECOND, Instant
from pokea.events.numbering import numbered
from pokea.events.outbox import Event
from pokea.webhooks.batches import (
    Finished,
    HookBatch,
    Kept,
    Lane,
    WaitingPair,
    kept_rows,
    lane_of,
    text_of_versions,
    versions_of_text,
)
from pokea.webhooks.breaker import ATTEMPTS_TO_PARK, Attempted
from pokea.webhooks.following import Follower, Wanted, wanted_of
from pokea.webhooks.model import Endpoint, Reason, as_disabled
from tests.events.happened import AT, event

NOW: Instant = 1_764_000_000 * SECOND
ALL = Endpoint("wh_1", 1, "https://shop.example/hook", "*", None, False, NOW)
LATEST = ALL._replace(is_latest_only=True)
COMPLETED = ALL._replace(types="payment.completed webhook.ping")


def events_of(*types: str) -> list[Event]:
    """Versions 1, 2 and so on of one payment, of these types."""
    return [event("pay_1", number, each) for number, each in enumerate(types, 1)]


FIVE = events_of("payment.created", "payment.pending", "payment.completed", "payment.flagged", "payment.completed")


def row(acked: int, wanted: int, again: str = "", attempts: int = 0) -> WaitingPair:
    """A pair that waits."""
    return WaitingPair("wh_1", "pay_1", acked, wanted, again, attempts)


def sent(lane: Lane) -> list[int]:
    """The versions that are sent."""
    return [each.version for each in lane.events]


@pytest.mark.parametrize(
    ("endpoint", "pair", "is_probe", "versions"),
    [
        (ALL, row(0, 5), False, [1, 2, 3, 4, 5]),
        (ALL, row(2, 5), False, [3, 4, 5]),
        (ALL, row(2, 4), False, [3, 4]),
        (ALL, row(0, 5), True, [1]),
        (ALL, row(5, 5), False, []),
        (ALL, row(5, 5, "2,3"), False, [2, 3]),
        (ALL, row(3, 5, "1"), False, [1, 4, 5]),
        (ALL, row(3, 5, "1"), True, [1]),
        (LATEST, row(0, 5), False, [5]),
        (LATEST, row(0, 4), False, [4]),
        (LATEST, row(5, 5, "1,2"), False, [2]),
        (COMPLETED, row(0, 5), False, [3, 5]),
        (COMPLETED, row(3, 5), False, [5]),
        (COMPLETED, row(3, 4), False, []),
        (COMPLETED._replace(is_latest_only=True), row(0, 4), False, [3]),
        (ALL._replace(types="booking.*"), row(0, 5), False, []),
    ],
)
def test_versions_are_sent_in_their_order(
    endpoint: Endpoint, pair: WaitingPair, is_probe: bool, versions: list[int]
) -> None:
    """What is sent again goes first, then what comes after the acked version, as far as the endpoint subscribes to it;
    of several waiting versions the newest alone where only the latest is wanted; a probe is one event."""
    lane = lane_of(pair, endpoint, FIVE, is_probe=is_probe)
    assert sent(lane) == versions


def test_a_ping_is_sent_whatever_the_filter() -> None:
    """It is no type that has to be subscribed to."""
    ping = Event("ping_1", 1, 1, "webhook.ping", NOW, "{}")
    lane = lane_of(WaitingPair("wh_1", "ping_1", 0, 1, "", 0), ALL._replace(types="refund.*"), [ping], is_probe=False)
    assert sent(lane) == [1]


def kept(pair: WaitingPair, before: Endpoint, after: Endpoint, *statuses: int) -> Kept:
    """The row after attempts of its versions in their order, with these answers."""
    lane = lane_of(pair, before, FIVE, is_probe=False)
    attempts = [
        Attempted("pay_1", each.version, NOW + number, status, f"said {status}")
        for number, (each, status) in enumerate(zip(lane.events, statuses, strict=False))
    ]
    (found,) = kept_rows(Finished(HookBatch(before, [lane], [b"key"], False), attempts), after, NOW)
    return found


def test_success_raises_the_acked_version() -> None:
    """As far as the versions arrived; the last answer is shown."""
    found = kept(row(0, 5), ALL, ALL, 200, 204, 200)
    assert (found.acked_version, found.attempts, found.parked_at, found.due_at) == (3, 0, None, NOW)
    assert (found.tried_version, found.answer_status, found.answer) == (3, 200, "said 200")


def test_a_failure_pauses_the_row() -> None:
    """What arrived before it counts; the version that failed is tried again after a pause."""
    found = kept(row(0, 5, attempts=3), ALL, ALL, 200, 500)
    assert (found.acked_version, found.attempts) == (1, 1)
    assert found.due_at == NOW + 2 * SECOND
    assert (found.tried_version, found.answer_status) == (2, 500)
    again = kept(row(1, 5, attempts=3), ALL, ALL, 500)
    assert (again.acked_version, again.attempts, again.due_at) == (1, 4, NOW + 16 * SECOND)


def test_ten_failures_park_a_row_while_its_endpoint_takes_others() -> None:
    """The tenth one parks it; while the breaker is open, or the endpoint was disabled, no failure is the row's own."""
    last = ATTEMPTS_TO_PARK - 1
    assert kept(row(0, 1, attempts=last), ALL, ALL, 500).parked_at == NOW
    assert kept(row(0, 1, attempts=last - 1), ALL, ALL, 500).parked_at is None
    for after in (ALL._replace(probes=1), as_disabled(ALL, Reason.GONE, NOW)):
        spared = kept(row(0, 1, attempts=last), ALL, after, 500)
        assert (spared.parked_at, spared.attempts) == (None, last)


def test_what_was_sent_again_is_crossed_out() -> None:
    """Version by version; the acked version does not fall by it."""
    found = kept(row(5, 5, "1,2,4"), ALL, ALL, 200, 200, 500)
    assert (found.acked_version, found.old_again, found.again) == (5, "1,2,4", "4")
    assert kept(row(5, 5, "1,2,4"), LATEST, LATEST, 200).again == ""


def test_only_the_latest_is_acked_for_all() -> None:
    """Where only the latest is wanted, it stands for those before it."""
    assert kept(row(0, 5), LATEST, LATEST, 200).acked_version == 5


@given(st.lists(st.integers(1, 99)))
def test_versions_are_kept_as_a_text(versions: list[int]) -> None:
    """Each once, in their order."""
    assert versions_of_text(text_of_versions(versions)) == sorted(set(versions))


def test_an_endpoint_wants_what_it_subscribes_to() -> None:
    """One value for each endpoint and object: from the version before its first event to its last one; nothing of
    another merchant, and nothing about itself."""
    given_ = numbered(
        [
            event("pay_1", 2, "payment.pending"),
            event("pay_1", 3, "payment.completed"),
            event("bk_1", 1, "booking.created"),
            event("wh_1", 1, "endpoint.disabled"),
        ],
        40,
    )
    followers = [
        Follower("wh_2", 1, ["payment.completed", "endpoint.*"]),
        Follower("wh_1", 1, ["*"]),
        Follower("wh_3", 2, ["*"]),
    ]
    assert list(wanted_of(followers, given_)) == [
        Wanted("wh_1", "bk_1", 0, 1, AT),
        Wanted("wh_1", "pay_1", 1, 3, AT),
        Wanted("wh_2", "pay_1", 2, 3, AT),
        Wanted("wh_2", "wh_1", 0, 1, AT),
    ]
