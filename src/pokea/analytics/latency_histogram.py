"""How long payments took, in fixed logarithmic buckets, so that a percentile costs the same at any size (law:
counting)."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final

from pokea.clock import SECOND, Instant

_A_DOUBLING: Final = 8
_DOUBLINGS: Final = 20
EDGES: Final = tuple(round(SECOND * 2 ** (step / _A_DOUBLING)) for step in range(_A_DOUBLING * _DOUBLINGS + 1))
"""Where buckets end, in microseconds: from a second to twelve days, each a twelfth longer than the one before."""


def bucket_of(wait: Instant) -> int:
    """The bucket of a wait in microseconds: 0 below a second, the last one for all that is longer than the edges."""
    return bisect_right(EDGES, wait)


def middle_seconds(bucket: int) -> float:
    """What a wait of this bucket is said to be: the geometric middle of its edges, at most 4.5 % off."""
    if bucket == 0:
        return EDGES[0] / SECOND / 2
    low = EDGES[bucket - 1]
    high = EDGES[bucket] if bucket < len(EDGES) else low
    return float((low * high) ** 0.5 / SECOND)


def percentiles_seconds(waits: Mapping[int, int], percents: Sequence[int]) -> list[float | None]:
    """For each of the percents, which rise, the wait that so many in a hundred stay within, of so many waits a bucket;
    None when there are none."""
    total = sum(waits.values())
    found: list[float | None] = []
    ranks = iter([-(-total * percent // 100) for percent in percents])
    rank, seen = next(ranks), 0
    for bucket, count in sorted(waits.items()):
        seen += count
        while count > 0 and seen >= rank:
            found.append(_MIDDLES[bucket])
            if len(found) == len(percents):
                return found
            rank = next(ranks)
    return found + [None] * (len(percents) - len(found))


_MIDDLES: Final = tuple(middle_seconds(bucket) for bucket in range(len(EDGES) + 1))
