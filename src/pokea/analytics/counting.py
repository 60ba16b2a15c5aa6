"""What is counted of a payment, as pure functions of its row (law: counting).

A payment adds an amount to some counters of the hour in which it was made, and is one of its customer's on that day. A
change of its row is what the new row adds, less what the old one added. So the deltas of any number of changes sum to
what the last rows add, whatever happened between: a late success takes from its day's `failed` and adds to its
`completed`. Days and hours are those of East Africa Time, counted from 1970.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from pokea.analytics.latency_histogram import EDGES, bucket_of
from pokea.clock import HOUR, Instant

HOURS_A_DAY: Final = 24
_EAST: Final[Instant] = 3 * HOUR

STATUSES: Final = ("initiated", "pending", "completed", "failed")
"""The counters of how many payments have a status, and the columns of a customer's counts, in their order."""
GROSS: Final = "gross"
"""Cents that have arrived."""
NET: Final = "net"
"""Cents that became fees: what has arrived, less what is due back and what is set aside."""
WAITED: Final = "waited"
"""Microseconds from the making of completed payments to their completion, together."""
WAIT: Final = "wait:"
"""Before the number of a bucket: how many completed payments waited so long."""
BY: Final = "by:"
"""Before a kind of evidence: how many payments it completed."""
REASON: Final = "reason:"
"""Before a reason: how many payments failed for it."""
UNKNOWN: Final = "unknown"
"""The reason of a payment that failed without one."""
_PLACE: Final = {status: place for place, status in enumerate(STATUSES)}
_WAITS: Final = tuple(f"{WAIT}{bucket}" for bucket in range(len(EDGES) + 1))
_HELD: Final = "held"
_FAILED: Final = "failed"


class Counted(Protocol):
    """What is counted of a payment's row."""

    @property
    def merchant_id(self) -> int:
        """The merchant who is paid."""

    @property
    def owner(self) -> str:
        """Whose payment it is."""

    @property
    def created_at(self) -> Instant:
        """When it was made; this never changes."""

    @property
    def amount_cents(self) -> int:
        """What was asked for."""

    @property
    def status(self) -> str:
        """One of STATUSES."""

    @property
    def completed_at(self) -> Instant | None:
        """When the money is known to have come."""

    @property
    def completed_by(self) -> str | None:
        """The kind of evidence that says so."""

    @property
    def disposition(self) -> str | None:
        """What the money does (law: money)."""

    @property
    def failure_reason(self) -> str | None:
        """Why it failed."""


Change: TypeAlias = tuple[Counted | None, Counted]
"""A payment's row before and after; None before it was made."""


class OwnerDelta(NamedTuple):
    """How many more payments of a customer, made on this day, have each status."""

    merchant_id: int
    owner: str
    day: int
    initiated: int
    pending: int
    completed: int
    failed: int


class CounterDelta(NamedTuple):
    """How much a counter of an hour grows."""

    merchant_id: int
    hour: int
    name: str
    amount: int


class Deltas(NamedTuple):
    """What a batch of changes adds to the counts, one row for a customer and day, and one for a counter."""

    owners: list[OwnerDelta]
    counters: list[CounterDelta]


def hour_of(instant: Instant) -> int:
    """The hour of East Africa Time, counted from the first of 1970 there."""
    return (instant + _EAST) // HOUR


def day_of(instant: Instant) -> int:
    """The day of East Africa Time, counted from the first of 1970 there."""
    return hour_of(instant) // HOURS_A_DAY


def start_of_hour(hour: int) -> Instant:
    """When this hour begins."""
    return hour * HOUR - _EAST


def start_of_day(day: int) -> Instant:
    """When this day begins."""
    return start_of_hour(day * HOURS_A_DAY)


def deltas(changes: Iterable[Change]) -> Deltas:
    """What these changes add to the counts, merged; what changes nothing that is counted leaves no row."""
    owners: dict[tuple[int, str, int], list[int]] = {}
    hours: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for before, after in changes:
        if before is not None and _same(before, after):
            continue
        hour = hour_of(after.created_at)
        if before is None or before.status != after.status:
            row = owners.setdefault((after.merchant_id, after.owner, hour // HOURS_A_DAY), [0, 0, 0, 0])
            row[_PLACE[after.status]] += 1
            if before is not None:
                row[_PLACE[before.status]] -= 1
        counters = hours[after.merchant_id, hour]
        for name, amount in measures(after):
            counters[name] += amount
        for name, amount in measures(before) if before is not None else ():
            counters[name] -= amount
    return Deltas(
        [OwnerDelta(*key, *row) for key, row in owners.items() if any(row)],
        [CounterDelta(*key, *each) for key, counters in hours.items() for each in counters.items() if each[1]],
    )


def measures(payment: Counted) -> Sequence[tuple[str, int]]:
    """The counters of its hour to which the payment adds, and how much."""
    status = payment.status
    if payment.completed_at is not None:
        # The clocks of two processes may differ by more than a quick payment took.
        waited = max(0, payment.completed_at - payment.created_at)
        cents = payment.amount_cents
        return (
            (status, 1),
            (GROSS, cents),
            (NET, cents if payment.disposition == _HELD else 0),
            (WAITED, waited),
            (_WAITS[bucket_of(waited)], 1),
            (f"{BY}{payment.completed_by}", 1),
        )
    if status == _FAILED:
        return (status, 1), (f"{REASON}{payment.failure_reason or UNKNOWN}", 1)
    return ((status, 1),)


def _same(before: Counted, after: Counted) -> bool:
    return (
        before.status == after.status
        and before.completed_at == after.completed_at
        and before.completed_by == after.completed_by
        and before.disposition == after.disposition
        and before.failure_reason == after.failure_reason
    )
