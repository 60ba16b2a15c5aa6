"""Rows of payments as the settler may make them, for tests of what is counted about them."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import strategies as st
from sqlalchemy import Connection

from pokea.analytics.counting import STATUSES, Deltas
from pokea.analytics.read import DAY, Span, sizes
from pokea.clock import HOUR, SECOND, Instant
from pokea.operations.store import Payment
from pokea.scope import DEFAULT_SCOPE
from tests.payment_rows import new_payment

MIDNIGHT: Instant = 20_000 * 24 * HOUR - 3 * HOUR
"""A midnight of East Africa Time: it is 21:00 in UTC."""

_MADE_AT = st.sampled_from([MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + HOUR - 1, MIDNIGHT + HOUR, MIDNIGHT + 24 * HOUR])
_OWNERS = st.sampled_from(["amina", "baraka"])


def new_row(number: int, owner: str, created_at: Instant, amount_cents: int = 50_000) -> Payment:
    """A payment that was just made."""
    return new_payment(f"pay_{number}", owner=owner, created_at=created_at, amount_cents=amount_cents)


@st.composite
def _later(draw: st.DrawFn, row: Payment) -> Payment:
    status = draw(st.sampled_from(STATUSES))
    is_paid, is_failed = status == "completed", status == "failed"
    return row._replace(
        status=status,
        completed_at=row.created_at + draw(st.integers(-5, 100_000)) * SECOND if is_paid else None,
        completed_by=draw(st.sampled_from(["callback", "query", "statement"])) if is_paid else None,
        disposition=draw(st.sampled_from(["held", "refund_due", "suspense"])) if is_paid else None,
        failure_reason=draw(st.sampled_from(["cancelled", "timeout", None])) if is_failed else None,
        flags=draw(st.sampled_from(["", "stuck"])),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Payment | None, Payment]]:
    """Changes of some payments, from their making on, in any order between payments."""
    last: list[Payment] = []
    changes: list[tuple[Payment | None, Payment]] = []
    for number in range(draw(st.integers(0, 6))):
        last.append(new_row(number, draw(_OWNERS), draw(_MADE_AT), draw(st.integers(1, 9)) * 100))
        changes.append((None, last[-1]))
    for _ in range(draw(st.integers(0, 12)) if last else 0):
        number = draw(st.integers(0, len(last) - 1))
        later = draw(_later(last[number]))
        changes.append((last[number], later))
        last[number] = later
    return changes


def by_status(connection: Connection, owner: str | None) -> dict[str, dict[int, int]]:
    """How many payments of a customer, or of all, were made on which day, for each status."""
    return {status: sizes(connection, DEFAULT_SCOPE, owner, DAY, Span(), status) for status in STATUSES}


def all_made(connection: Connection) -> int:
    """How many payments are counted."""
    return sum(sizes(connection, DEFAULT_SCOPE, None, DAY, Span(), None).values())


def summed(parts: Iterable[Deltas]) -> tuple[Counter[tuple[str, int, str]], Counter[tuple[int, str]]]:
    """What these deltas come to, without the counts that come to nothing."""
    owners: Counter[tuple[str, int, str]] = Counter()
    counters: Counter[tuple[int, str]] = Counter()
    for part in parts:
        for row in part.owners:
            for status in STATUSES:
                owners[row.owner, row.day, status] += getattr(row, status)
        for counter in part.counters:
            counters[counter.hour, counter.name] += counter.amount
    return (
        Counter({key: count for key, count in owners.items() if count}),
        Counter({key: amount for key, amount in counters.items() if amount}),
    )
