"""Reading counts: a count is its folded total and what is not folded yet, read in one statement.

One statement, because a fold between two of them would be seen twice or not at all.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    Subquery,
    Text,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from pokea.analytics.counting import HOURS_A_DAY, STATUSES
from pokea.scope import Scope
from pokea.storage.sql import fetch_all
from pokea.storage.tables import counter_deltas, counters, owner_counts, owner_deltas

_BETWEEN: Final = "\n"
"""No counter has it in its name."""
DAY = "day"
HOUR = "hour"


class Span(NamedTuple):
    """Days or hours by number: from `first` on, and before `end`."""

    first: int = -(2**31)
    end: int = 2**31 - 1


_FIRST, _END = bindparam("first", type_=Integer), bindparam("end", type_=Integer)
_MERCHANT = bindparam("merchant_id", type_=Integer)


def sizes(
    connection: Connection, scope: Scope, owner: str | None, unit: str, span: Span, status: str | None
) -> dict[int, int]:
    """How many payments were made in each `day` or `hour`: of a customer (by day), or of all, with a status or any."""
    statement = _sizes(owner is None, unit, status)
    found = fetch_all(connection, statement, {"owner": owner, **scope._asdict(), **span._asdict()})
    return {start: size for start, size in found if size}


@cache
def _sizes(is_of_all: bool, unit: str, status: str | None) -> Select[Any]:
    """Built once: building it costs more than running it."""
    rows = _amounts(is_of_all, unit, status)
    return select(rows.c.start, _sum(rows.c.amount)).group_by(rows.c.start)


@cache
def total_of(*, is_of_all: bool, status: str | None) -> Select[Any]:
    """The sum of `sizes` over the days of a span, as the column `total`."""
    rows = _amounts(is_of_all, DAY, status)
    return select(func.coalesce(_sum(rows.c.amount), literal_column("0")).label("total"))


def _sum(amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum as the integer that it is, where PostgreSQL would make a decimal of it."""
    return cast(func.sum(amount), BigInteger)


def _amounts(is_of_all: bool, unit: str, status: str | None) -> Subquery:
    """Rows of `start` and `amount`, of which some are not folded yet."""
    wanted = STATUSES if status is None else (status,)
    if is_of_all:
        return union_all(*_counters(unit, wanted)).subquery()
    parts = [
        select(
            table.c.day.label("start"),
            sum((table.c[name] for name in wanted[1:]), start=table.c[wanted[0]]).label("amount"),
        ).where(
            table.c.merchant_id == _MERCHANT,
            table.c.owner == bindparam("owner"),
            table.c.day >= _FIRST,
            table.c.day < _END,
        )
        for table in (owner_counts, owner_deltas)
    ]
    return union_all(*parts).subquery()


def day_owners(connection: Connection, scope: Scope, day: int) -> dict[str, dict[str, int]]:
    """How many payments of this day have each status, by customer."""
    found = fetch_all(connection, _day_owners(), {"on_day": day, **scope._asdict()})
    return {owner: dict(zip(STATUSES, map(int, sums), strict=True)) for owner, *sums in found}


@cache
def _day_owners() -> Select[Any]:
    parts = [
        select(table.c.owner, *(table.c[status] for status in STATUSES)).where(
            table.c.merchant_id == _MERCHANT, table.c.day == bindparam("on_day")
        )
        for table in (owner_counts, owner_deltas)
    ]
    counts = union_all(*parts).subquery()
    return select(counts.c.owner, *(func.sum(counts.c[status]) for status in STATUSES)).group_by(counts.c.owner)


def counted(connection: Connection, scope: Scope, unit: str, span: Span) -> dict[int, dict[str, int]]:
    """The counters of each `day` or `hour` in the span, those that are nought left out."""
    found: dict[int, dict[str, int]] = {}
    for start, names, amounts in fetch_all(connection, _counted(unit), {**scope._asdict(), **span._asdict()}):
        named = zip(names.split(_BETWEEN), map(int, amounts.split(_BETWEEN)), strict=True)
        if start not in found:
            found[start] = dict(named)
            continue
        counters_of_period = found[start]
        for name, amount in named:
            counters_of_period[name] = counters_of_period.get(name, 0) + amount
    return {start: kept for start, named in found.items() if (kept := _without_noughts(named))}


def _without_noughts(named: dict[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in named.items() if amount} if 0 in named.values() else named


@cache
def _counted(unit: str) -> CompoundSelect[Any]:
    """One row for what is folded of a period, and one for what is not: a row for each counter takes ten times as long
    to be read."""
    folded, unfolded = _counters(unit, None)
    summed = unfolded.subquery()
    summed = (
        select(summed.c.start, summed.c.name, _sum(summed.c.amount).label("amount"))
        .group_by(summed.c.start, summed.c.name)
        .subquery()
    )
    return union_all(*(_gathered(rows) for rows in (folded.subquery(), summed)))


def _gathered(rows: Subquery) -> Select[Any]:
    names = func.aggregate_strings(rows.c.name, _BETWEEN)
    amounts = func.aggregate_strings(cast(rows.c.amount, Text), _BETWEEN)
    return select(rows.c.start, names, amounts).group_by(rows.c.start)


def _counters(unit: str, names: Collection[str] | None) -> tuple[Select[Any], Select[Any]]:
    """What is folded, a row for each counter, and what is not."""
    hour = counter_deltas.c.hour
    start: ColumnElement[int] = hour if unit == HOUR else hour // literal(HOURS_A_DAY, literal_execute=True)
    folded = select(counters.c.start, counters.c.name, counters.c.amount).where(
        counters.c.merchant_id == _MERCHANT,
        counters.c.span == unit,
        counters.c.start >= _FIRST,
        counters.c.start < _END,
    )
    unfolded = select(start.label("start"), counter_deltas.c.name, counter_deltas.c.amount).where(
        counter_deltas.c.merchant_id == _MERCHANT, start >= _FIRST, start < _END
    )
    if names is not None:
        folded = folded.where(counters.c.name.in_(names))
        unfolded = unfolded.where(counter_deltas.c.name.in_(names))
    return folded, unfolded
