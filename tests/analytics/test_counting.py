"""What is counted: deltas of any changes sum to a recount of the last rows, and each payment stays in its hour."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pokea.analytics.counting import Change, Deltas, day_of, deltas, hour_of, start_of_day, start_of_hour
from pokea.clock import HOUR, SECOND, to_datetime
from pokea.operations.store import Payment
from tests.analytics.changes import MIDNIGHT, histories, new_row, summed

ROW = new_row(1, "amina", MIDNIGHT)
PAID = ROW._replace(status="completed", completed_at=MIDNIGHT + 9 * SECOND, completed_by="callback", disposition="held")
FAILED = ROW._replace(status="failed", failure_reason="cancelled", failed_at=MIDNIGHT + SECOND)


def counted(*changes: Change) -> dict[str, int]:
    """What the changes add to the counters, by name."""
    return {counter.name: counter.amount for counter in deltas(changes).counters}


def batches(changes: Sequence[tuple[Payment | None, Payment]], chance: random.Random) -> list[Deltas]:
    """The deltas of the changes cut into batches at random."""
    found, rest = [], list(changes)
    while rest:
        size = chance.randint(1, len(rest))
        found.append(deltas(rest[:size]))
        rest = rest[size:]
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_deltas_sum_to_a_recount(changes: list[tuple[Payment | None, Payment]], chance: random.Random) -> None:
    """Whatever happens to payments and however it is cut into batches, the deltas sum to what the last rows add."""
    last = {after.id: after for _, after in changes}
    assert summed(batches(changes, chance)) == summed([deltas((None, row) for row in last.values())])


@given(histories())
def test_deltas_are_merged(changes: list[tuple[Payment | None, Payment]]) -> None:
    """A batch has at most one row for a customer's day and one for a counter, and none that adds nothing."""
    batch = deltas(changes)
    assert len({(row.owner, row.day) for row in batch.owners}) == len(batch.owners)
    assert len({(row.hour, row.name) for row in batch.counters}) == len(batch.counters)
    assert all(any(row[2:]) for row in batch.owners)
    assert all(row.amount for row in batch.counters)


def test_a_late_success_moves_its_days_counts() -> None:
    """A payment that fails and completes a day later takes from its own day's failed and adds to its completed."""
    late = PAID._replace(completed_at=MIDNIGHT + 25 * HOUR)
    batch = deltas([(FAILED, late)])
    assert [tuple(row) for row in batch.owners] == [(1, "amina", day_of(MIDNIGHT), 0, 0, 1, -1)]
    assert {counter.hour for counter in batch.counters} == {hour_of(MIDNIGHT)}
    added = counted((FAILED, late))
    assert (added["failed"], added["completed"], added["reason:cancelled"]) == (-1, 1, -1)


def test_a_change_of_what_is_not_counted_adds_nothing() -> None:
    """A receipt that comes later, or a flag, leaves the counts alone."""
    assert deltas([(PAID, PAID._replace(receipt="UKT1", flags="stuck"))]) == Deltas([], [])


def test_only_what_becomes_a_fee_is_net() -> None:
    """Money that is due back or set aside has come, and is no revenue."""
    assert counted((ROW, PAID))["gross"] == counted((ROW, PAID))["net"] == 50_000
    for disposition in ("refund_due", "suspense"):
        added = counted((ROW, PAID._replace(disposition=disposition)))
        assert added["gross"] == 50_000
        assert "net" not in added


def test_an_earlier_success_shortens_the_wait() -> None:
    """When an earlier proof is applied later, only the wait and its bucket change."""
    earlier = PAID._replace(completed_at=MIDNIGHT + 3 * SECOND)
    added = counted((PAID, earlier))
    assert added.pop("waited") == -6 * SECOND
    assert sorted(added.values()) == [-1, 1]


def test_a_clock_that_runs_behind_makes_no_negative_wait() -> None:
    """A completion before the making, by another process's clock, counts as at once."""
    added = counted((ROW, PAID._replace(completed_at=MIDNIGHT - SECOND)))
    assert "waited" not in added
    assert added["wait:0"] == 1


def test_the_day_ends_at_midnight_in_nairobi() -> None:
    """23:59:59.999999 there is one day and 00:00 the next, although both are one day in UTC."""
    assert to_datetime(MIDNIGHT).hour == 21
    assert day_of(MIDNIGHT - 1) == day_of(MIDNIGHT) - 1
    assert hour_of(MIDNIGHT - 1) == hour_of(MIDNIGHT) - 1
    (before,), (after,) = (deltas([(None, ROW._replace(created_at=at))]).owners for at in (MIDNIGHT - 1, MIDNIGHT))
    assert after.day == before.day + 1


@given(st.integers(0, 4_000_000_000 * SECOND))
def test_an_instant_lies_in_its_hour_and_day(at: int) -> None:
    """A period begins at or before what is in it, and the next one after."""
    assert start_of_hour(hour_of(at)) <= at < start_of_hour(hour_of(at) + 1)
    assert start_of_day(day_of(at)) <= at < start_of_day(day_of(at) + 1)
