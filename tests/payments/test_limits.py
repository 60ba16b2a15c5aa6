"""How often a phone may be prompted, and how long whoever is refused has to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import SECOND
from pokea.errors import ApiError
from pokea.payments.limits import PUSH_WINDOW, Usage, check_push_limits
from tests.api.serving import NOON

MINUTE = 60 * SECOND


def phone(prompts: int, limit: int = 5, oldest_minutes_ago: float = 4) -> Usage:
    """The usage of a phone."""
    return Usage("this phone", limit, prompts, NOON - round(oldest_minutes_ago * MINUTE))


def customer(prompts: int, limit: int = 10, oldest_minutes_ago: float = 9) -> Usage:
    """The usage of a customer."""
    return Usage("this customer", limit, prompts, NOON - round(oldest_minutes_ago * MINUTE))


def refusal_of(*usages: Usage) -> ApiError:
    """The refusal of another prompt."""
    with pytest.raises(ApiError) as refused:
        check_push_limits(usages, NOON)
    assert refused.value.code == "too_many_requests"
    return refused.value


def test_below_its_limits_a_prompt_is_let_through() -> None:
    """The fifth prompt of a phone and the tenth of a customer are still sent."""
    check_push_limits([phone(4), customer(9)], NOON)


def test_the_window_is_ten_minutes() -> None:
    """The payments count what lies within ten minutes."""
    assert PUSH_WINDOW == 10 * MINUTE


def test_a_used_up_limit_says_how_long_to_wait() -> None:
    """The wait ends when the oldest prompt leaves the window."""
    refusal = refusal_of(phone(5))
    assert refusal.retry_after_seconds == 6 * 60
    assert refusal.message == "Too many payment prompts for this phone within 10 minutes; try again in 6 minutes."


def test_a_short_wait_is_said_in_seconds() -> None:
    """Below two minutes the sentence counts seconds, and the wait is rounded up to whole ones."""
    refusal = refusal_of(customer(10, oldest_minutes_ago=9.006))
    assert refusal.retry_after_seconds == 60
    assert "this customer" in refusal.message
    assert "in 60 seconds" in refusal.message


def test_of_two_used_up_limits_the_longer_wait_counts() -> None:
    """Both are named, and afterwards neither stands in the way."""
    refusal = refusal_of(phone(5), customer(12))
    assert refusal.retry_after_seconds == 6 * 60
    assert "this phone and this customer" in refusal.message


def test_zero_is_no_limit() -> None:
    """The demo and the simulator do not count prompts."""
    check_push_limits([phone(1000, limit=0), customer(1000, limit=0)], NOON)


def test_without_a_known_oldest_prompt_the_whole_window_is_waited() -> None:
    """A count without an instant still leads to a wait."""
    assert refusal_of(Usage("this phone", 5, 5, None)).retry_after_seconds == 600


@given(st.integers(0, 20), st.integers(0, 20), st.integers(-MINUTE, 11 * MINUTE))
def test_a_limit_refuses_exactly_when_it_is_used_up(limit: int, prompts: int, ago: int) -> None:
    """For every limit and count the answer is the comparison, and a wait is between a second and the window."""
    usage = Usage("this phone", limit, prompts, NOON - ago)
    if limit and prompts >= limit:
        wait = refusal_of(usage).retry_after_seconds
        assert wait is not None
        assert 1 <= wait <= PUSH_WINDOW // SECOND
    else:
        check_push_limits([usage], NOON)
