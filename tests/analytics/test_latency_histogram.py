"""Waits in fixed buckets: a percentile is at most 4.5 % off the true one, and the same in a recount."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.analytics.latency_histogram import EDGES, bucket_of, middle_seconds, percentiles_seconds
from pokea.clock import SECOND

TOLERANCE = 0.0451


@given(st.lists(st.integers(SECOND, EDGES[-1] - 1), min_size=1), st.sampled_from([50, 95, 100]))
def test_a_percentile_is_near_the_true_one(waits: list[int], percent: int) -> None:
    """What is said differs from the wait of that rank by half a bucket at most."""
    true = sorted(waits)[-(-len(waits) * percent // 100) - 1] / SECOND
    assert percentiles_seconds(Counter(map(bucket_of, waits)), [percent]) == [pytest.approx(true, rel=TOLERANCE)]


@given(st.integers(0, 2 * EDGES[-1]))
def test_every_wait_has_one_bucket(wait: int) -> None:
    """A wait lies between the edges of its bucket; below a second and beyond twelve days there is one each."""
    bucket = bucket_of(wait)
    assert bucket == 0 or EDGES[bucket - 1] <= wait
    assert bucket == len(EDGES) or wait < EDGES[bucket]


def test_without_waits_there_is_no_percentile() -> None:
    """Nobody waited, so nothing is said; buckets that came to nothing again count as empty."""
    assert percentiles_seconds({}, [50, 95]) == [None, None]
    assert percentiles_seconds({3: 0, 40: 0}, [50]) == [None]


def test_emptied_buckets_are_passed_over() -> None:
    """A percentile is never read off a bucket in which nobody is."""
    assert percentiles_seconds({40: 2, 3: 0}, [50, 95]) == [middle_seconds(40)] * 2


def test_what_is_below_and_beyond_is_said_somehow() -> None:
    """Below a second half a second is said, beyond the last edge that edge."""
    assert middle_seconds(0) == 0.5
    assert middle_seconds(len(EDGES)) == pytest.approx(EDGES[-1] / SECOND)
