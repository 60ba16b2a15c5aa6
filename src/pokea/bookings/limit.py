"""How many bookings one customer may make: so that a stolen token, or a loop in a page, does not fill the database.

Counted in this process's memory. No index finds a customer's bookings by time, and the bound need not be exact: with
several workers a customer may make as many for each. Bookings that an admin makes are not counted.
"""

from collections import OrderedDict, deque
from typing import Final

from pokea.clock import SECOND, Clock, Instant
from pokea.errors import ApiError

BOOKING_WINDOW: Final[Instant] = 10 * 60 * SECOND
"""The span over which the bookings of a customer are counted, backwards from now."""
MOST_CUSTOMERS: Final = 10_000
"""Customers whose bookings are remembered; of more, those who have booked last."""


class BookingLimit:
    """The bookings of each customer within BOOKING_WINDOW; `limit` 0 is none."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._made: OrderedDict[str, deque[Instant]] = OrderedDict()

    def take(self, customer_id: str) -> None:
        """Count one more booking of the customer. Raises ApiError `too_many_requests` when there were enough."""
        if not self._limit:
            return
        now = self._clock.now()
        made = self._made.setdefault(customer_id, deque())
        self._made.move_to_end(customer_id)
        while made and made[0] <= now - BOOKING_WINDOW:
            made.popleft()
        if len(made) >= self._limit:
            wait_seconds = max(1, -(-(made[0] + BOOKING_WINDOW - now) // SECOND))
            raise ApiError(
                "too_many_requests",
                f"Too many bookings for this customer within {BOOKING_WINDOW // (60 * SECOND)} minutes; "
                f"try again in {wait_seconds} seconds.",
                retry_after_seconds=wait_seconds,
            )
        made.append(now)
        if len(self._made) > MOST_CUSTOMERS:
            self._made.popitem(last=False)

    def give_back(self, customer_id: str) -> None:
        """Count one booking less: the one that was counted last was not made."""
        made = self._made.get(customer_id)
        if made:
            made.pop()
