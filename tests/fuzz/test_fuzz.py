"""The short form of `make fuzz`: every parser stands a few hundred inputs, and a parser that does not is noticed."""

import pytest
from hypothesis import strategies as st

from tests.fuzz.inputs import Target
from tests.fuzz.run import feed, feed_all
from tests.fuzz.targets import TARGETS

_EXAMPLES = 150


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_stands_whatever_it_is_fed(target: Target) -> None:
    """It ends in its own words, within its bounds, and believes nothing that it should not."""
    assert feed(target, 1, _EXAMPLES).failure is None


def _no_sevens(number: int) -> None:
    assert number != 7


def test_a_failure_is_found_and_told_with_its_input() -> None:
    """The smallest input that shows a failure is told, and the target is not fed again."""
    found = feed_all([Target("sevens", st.integers(0, 50), _no_sevens)], minutes=0.2, examples=500, first_seed=1)
    count, failure = found["sevens"]
    assert 0 < count < 2_000
    assert failure is not None
    assert failure.endswith("with 7")
