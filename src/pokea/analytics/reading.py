"""Reading counts: a count is its folded total and what is not folded yet, read in one statement.

One statement, because a fold between two of them would be seen twice or not at all.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all

from pokea.analytics.counting import HOURS_A_DAY, STATUSES
from pokea.storage.tables import counter_deltas, counters, owner_counts, owner_deltas

DAY = "day"
HOUR = "hour"


class Span(NamedTuple):
    """Days or hours by number: from `first` on, and before `end`; None for without a bound."""

    first: int | None = None
    end: int | None = None

    def holds(self, column: ColumnElement[int]) -> list[ColumnElement[bool]]:
        """The conditions of a number that lies in the span."""
        conditions: list[ColumnElement[bool]] = []
        if self.first is not None:
            conditions.append(column >= self.first)
        if self.end is not None:
            conditions.append(column < self.end)
        return conditions


def owner_days(connection: Connection, owner: str | None, span: Span) -> dict[int, dict[str, int]]:
    """How many payments of a customer have each status, by day; of every customer together if there is no owner."""
    if owner is None:
        return all_periods(connection, DAY, span)
    parts = [
        select(table.c.day, *(table.c[status] for status in STATUSES)).where(
            table.c.owner == owner, *span.holds(table.c.day)
        )
        for table in (owner_counts, owner_deltas)
    ]
    counts = union_all(*parts).subquery()
    statement = select(counts.c.day, *(func.sum(counts.c[status]) for status in STATUSES)).group_by(counts.c.day)
    return {day: dict(zip(STATUSES, map(int, sums), strict=True)) for day, *sums in connection.execute(statement)}


def day_owners(connection: Connection, day: int) -> dict[str, dict[str, int]]:
    """How many payments of this day have each status, by customer."""
    parts = [
        select(table.c.owner, *(table.c[status] for status in STATUSES)).where(table.c.day == day)
        for table in (owner_counts, owner_deltas)
    ]
    counts = union_all(*parts).subquery()
    statement = select(counts.c.owner, *(func.sum(counts.c[status]) for status in STATUSES)).group_by(counts.c.owner)
    return {owner: dict(zip(STATUSES, map(int, sums), strict=True)) for owner, *sums in connection.execute(statement)}


def all_periods(connection: Connection, unit: str, span: Span) -> dict[int, dict[str, int]]:
    """How many payments of all customers have each status, by `day` or by `hour`."""
    found: dict[int, dict[str, int]] = {}
    for start, named in counted(connection, unit, span, STATUSES).items():
        found[start] = {status: named.get(status, 0) for status in STATUSES}
    return found


def counted(
    connection: Connection, unit: str, span: Span, names: Collection[str] | None = None
) -> dict[int, dict[str, int]]:
    """The counters of each `day` or `hour` in the span: all, or those with these names."""
    rows = _counters(unit, span, names).subquery()
    statement = select(rows.c.start, rows.c.name, func.sum(rows.c.amount)).group_by(rows.c.start, rows.c.name)
    found: dict[int, dict[str, int]] = {}
    for start, name, amount in connection.execute(statement):
        if amount:
            found.setdefault(start, {})[name] = int(amount)
    return found


def _counters(unit: str, span: Span, names: Collection[str] | None) -> Any:
    start = (
        counter_deltas.c.hour if unit == HOUR else counter_deltas.c.hour // literal(HOURS_A_DAY, literal_execute=True)
    )
    folded = select(counters.c.start, counters.c.name, counters.c.amount).where(
        counters.c.span == unit, *span.holds(counters.c.start)
    )
    unfolded: Select[Any] = select(start.label("start"), counter_deltas.c.name, counter_deltas.c.amount).where(
        *span.holds(start)
    )
    if names is not None:
        folded = folded.where(counters.c.name.in_(names))
        unfolded = unfolded.where(counter_deltas.c.name.in_(names))
    return union_all(folded, unfolded)
