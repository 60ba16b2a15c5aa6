"""The breaker of an endpoint: when it opens, how long it waits, what closes it, and when its endpoint is given up."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import HOUR, SECOND, Instant
from pokea.webhooks.breaker import (
    FAILING_FOR,
    FAILURES_TO_OPEN,
    LONGEST_HOLD,
    MINUTE,
    MOST_IN_FLIGHT,
    PROBE_PAUSES,
    Attempted,
    goes_on,
    hold_of,
    judged,
    probe_pause,
    row_pause,
)
from pokea.webhooks.model import Endpoint, EndpointStatus, Reason, as_enabled, event_of_endpoint

NOW: Instant = 1_764_000_000 * SECOND
NEW = Endpoint("wh_1", 1, "https://shop.example/hook", "*", None, False, NOW)
HALF = 0.5


def half() -> float:
    """A pause of exactly its length."""
    return HALF


def tried(status: int, *, at: Instant = NOW, hold_until: Instant = 0) -> Attempted:
    """An attempt with this answer."""
    return Attempted("pay_1", 1, at, status, "", hold_until)


def after(endpoint: Endpoint, *statuses: int, now: Instant = NOW, is_probe: bool = False) -> Endpoint:
    """The endpoint after a round with these answers."""
    return judged(endpoint, [tried(each, at=now) for each in statuses], now, half, is_probe=is_probe)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    """What the receiver answers with 2xx has arrived."""
    assert tried(status).is_taken
    assert after(NEW, status).failures == 0


@pytest.mark.parametrize("status", [0, 100, 101, 199, 300, 301, 302, 304, 400, 401, 404, 409, 429, 500, 503, 999])
def test_everything_else_is_a_failure(status: int) -> None:
    """Redirects, refusals and no answer at all are failures, and the first of them is when the trouble began."""
    failed = after(NEW, status)
    assert (failed.failures, failed.failing_since, failed.is_open) == (1, NOW, False)


def test_five_failures_in_a_row_open_the_breaker() -> None:
    """Four do not; a success between them begins the count anew."""
    assert not after(NEW, 500, 500, 500, 500).is_open
    assert not after(NEW, 500, 500, 500, 500, 200, 500, 500, 500, 500).is_open
    opened = after(NEW, 500, 500, 500, 500, 500)
    assert opened.is_open
    assert (opened.probes, opened.probe_at) == (1, NOW + 5 * SECOND)


def test_the_failures_of_several_rounds_count_together() -> None:
    """The count is the endpoint's, over all of its objects and rounds."""
    endpoint = NEW
    for number in range(1, FAILURES_TO_OPEN + 1):
        endpoint = after(endpoint, 503, now=NOW + number * MINUTE)
        assert endpoint.is_open == (number == FAILURES_TO_OPEN)
    assert endpoint.failing_since == NOW + MINUTE


def test_what_was_in_flight_when_it_opened_lengthens_nothing() -> None:
    """More failures of the same round do not make the wait longer."""
    assert after(NEW, *[500] * 8).probe_at == after(NEW, *[500] * 5).probe_at
    opened = after(NEW, *[500] * 5)
    late = after(opened, 500, 500, now=NOW + SECOND)
    assert (late.probes, late.probe_at) == (opened.probes, opened.probe_at)


def test_each_probe_that_fails_waits_longer() -> None:
    """5 s, 1, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours, and 24 hours from then on."""
    endpoint, now, pauses = after(NEW, *[500] * 5), NOW, []
    while endpoint.status is EndpointStatus.ENABLED:
        pauses.append(endpoint.probe_at - now)
        now = endpoint.probe_at
        endpoint = after(endpoint, 500, now=now, is_probe=True)
    assert pauses[:8] == list(PROBE_PAUSES)[:8]
    assert [each // HOUR for each in pauses[4:]] == [2, 5, 10, 14, 20, 24, 24, 24][: len(pauses) - 4]


def test_a_success_closes_the_breaker() -> None:
    """One answer is enough, whether it is the probe's or one that was in flight."""
    opened = after(NEW, *[500] * 5)
    for is_probe in (True, False):
        closed = after(opened, 200, is_probe=is_probe)
        assert (closed.is_open, closed.failures, closed.failing_since) == (False, 0, None)


def test_an_endpoint_that_fails_for_five_days_is_disabled() -> None:
    """Not before, and its event is the first of its kind."""
    opened = after(NEW, *[500] * 5)
    nearly = after(opened, 500, now=NOW + FAILING_FOR - 1, is_probe=True)
    assert nearly.status is EndpointStatus.ENABLED
    disabled = after(opened, 500, now=NOW + FAILING_FOR, is_probe=True)
    assert (disabled.status, disabled.reason) == (EndpointStatus.DISABLED, Reason.FAILING)
    assert (disabled.disabled_at, disabled.times_disabled) == (NOW + FAILING_FOR, 1)
    event = event_of_endpoint(disabled, NOW)
    assert (event.object_id, event.version, event.type) == ("wh_1", 1, "endpoint.disabled")


def test_410_disables_at_once() -> None:
    """What follows in the same round does not matter any more; each time is a version of its own."""
    gone = after(NEW, 200, 410, 500, 200)
    assert (gone.status, gone.reason, gone.times_disabled) == (EndpointStatus.DISABLED, Reason.GONE, 1)
    again = after(as_enabled(gone), 410)
    assert again.times_disabled == 2
    assert event_of_endpoint(again, NOW).version == 2


def test_an_enabled_endpoint_begins_anew() -> None:
    """Nothing is held against it."""
    opened = after(NEW, *[500] * 5)._replace(held_until=NOW + HOUR, window=8)
    assert as_enabled(after(opened, 410)) == NEW._replace(times_disabled=1)


def test_the_share_doubles_when_all_went_well_and_halves_with_trouble() -> None:
    """From 1 up to 8, and never below 1."""
    endpoint, seen = NEW, []
    for _ in range(5):
        endpoint = after(endpoint, 200, 200)
        seen.append(endpoint.window)
    assert seen == [2, 4, 8, MOST_IN_FLIGHT, MOST_IN_FLIGHT]
    for _ in range(5):
        endpoint = after(endpoint, 200, 500)
        seen.append(endpoint.window)
    assert seen[5:] == [4, 2, 1, 1, 1]
    assert after(endpoint).window == 1


@pytest.mark.parametrize(
    ("said", "span"),
    [
        ("1", SECOND),
        ("120", 120 * SECOND),
        ("0", 0),
        ("000060", MINUTE),
        ("86400", LONGEST_HOLD),
        ("86401", LONGEST_HOLD),
        ("9" * 40, LONGEST_HOLD),
        ("0" * 40 + "7", 7 * SECOND),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("", 0),
        ("\u0661", 0),
        ("Mon, 24 Nov 2025 16:01:00 GMT", MINUTE),
        ("Mon, 24 Nov 2025 15:59:00 GMT", 0),
        ("Mon, 24 Nov 2125 16:00:00 GMT", LONGEST_HOLD),
        ("Mon, 99 Nov 2025 16:00:00 GMT", 0),
    ],
)
def test_retry_after_holds_a_day_at_most(said: str, span: Instant) -> None:
    """Seconds or a date; what is neither, or is past, holds nothing."""
    assert hold_of(said, NOW) == (NOW + span if span else 0)


@given(st.text(max_size=40))
def test_any_retry_after_is_read(said: str) -> None:
    """Whatever a receiver writes there, the hold is between now and a day."""
    assert hold_of(said, NOW) == 0 or NOW < hold_of(said, NOW) <= NOW + LONGEST_HOLD


def test_a_hold_is_the_whole_endpoints() -> None:
    """The longest of a round counts, and a shorter one later does not shorten it."""
    held = judged(
        NEW,
        [tried(503, hold_until=NOW + HOUR), tried(429, hold_until=NOW + MINUTE)],
        NOW,
        half,
        is_probe=False,
    )
    assert held.held_until == NOW + HOUR


@pytest.mark.parametrize(
    ("failures", "last", "goes"),
    [
        (0, tried(200), True),
        (1, tried(500), True),
        (4, tried(500), True),
        (5, tried(500), False),
        (1, tried(410), False),
        (1, tried(429, hold_until=NOW + 1), False),
        (0, tried(200, hold_until=0), True),
    ],
)
def test_a_round_ends_where_trouble_begins(failures: int, last: Attempted, goes: bool) -> None:
    """After five failures in a row, a 410 or a `Retry-After` the other rows of the round wait, and spend nothing."""
    assert goes_on(failures, last) == goes


@given(st.integers(1, 40), st.floats(0, 1))
def test_a_probes_pause_is_a_fifth_shorter_or_longer_at_most(probes: int, chance: float) -> None:
    """Endpoints that failed together are not tried in step."""
    exact = PROBE_PAUSES[min(probes, len(PROBE_PAUSES)) - 1]
    assert 0.8 * exact - 1 <= probe_pause(probes, chance) <= 1.2 * exact + 1


def test_a_rows_own_pause_grows_to_a_minute() -> None:
    """Seconds at first, a minute at most."""
    pauses = [row_pause(each) // SECOND for each in range(12)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]


@given(st.lists(st.sampled_from([200, 204, 0, 302, 429, 500, 503]), max_size=40))
def test_the_breaker_is_open_only_after_five_failures_in_a_row(statuses: Sequence[int]) -> None:
    """For any answers, one round after another: it is open exactly if the last five or more were failures."""
    endpoint, row = NEW, 0
    for status in statuses:
        endpoint = after(endpoint, status, is_probe=endpoint.is_open)
        row = 0 if 200 <= status < 300 else row + 1
        assert endpoint.is_open == (row >= FAILURES_TO_OPEN)
        assert endpoint.probes == max(0, row - FAILURES_TO_OPEN + 1)
        assert (endpoint.failing_since is None) == (row == 0)
        assert 1 <= endpoint.window <= MOST_IN_FLIGHT
