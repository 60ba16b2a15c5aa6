"""How many bookings a customer may make: counted by customer and time, and bounded in memory."""

import pytest

from pokea.bookings.limit import BOOKING_WINDOW, MOST_CUSTOMERS, BookingLimit
from pokea.clock import SECOND
from pokea.errors import ApiError
from tests.api.serving import SetClock


def test_the_limit_is_for_a_customer_and_a_time() -> None:
    """After as many bookings as the limit one more is refused, another customer is not, and time makes room."""
    clock = SetClock()
    limit = BookingLimit(2, clock)
    for _ in range(2):
        limit.take("amina")
    with pytest.raises(ApiError) as refused:
        limit.take("amina")
    assert (refused.value.code, refused.value.retry_after_seconds) == ("too_many_requests", BOOKING_WINDOW // SECOND)
    limit.take("baraka")
    clock.instant += BOOKING_WINDOW
    limit.take("amina")


def test_what_was_not_made_is_not_counted() -> None:
    """A booking that is given back leaves room for another."""
    limit = BookingLimit(1, SetClock())
    for _ in range(3):
        limit.take("amina")
        limit.give_back("amina")
    limit.take("amina")
    with pytest.raises(ApiError):
        limit.take("amina")


def test_no_limit_counts_nothing_and_many_customers_are_forgotten() -> None:
    """Zero is no limit; of more customers than are remembered those who have booked last are."""
    free, bounded = BookingLimit(0, SetClock()), BookingLimit(1, SetClock())
    for number in range(MOST_CUSTOMERS + 1):
        free.take("amina")
        bounded.take(f"customer-{number}")
    bounded.take("customer-0")
    with pytest.raises(ApiError):
        bounded.take(f"customer-{MOST_CUSTOMERS}")
