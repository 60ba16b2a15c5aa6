"""Counting again what was counted as it happened: to show that the counts are right, and to mend them.

It goes a day at a time, so that its memory and its transactions stay small. Within a day, rows and counts are read at
one instant. What the rows make more than the counts say is then added as one more delta. Deltas may be added in any
order, so settling and folding go on meanwhile, and a mended day stays right.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from sqlalchemy import Connection, Integer, bindparam, func, select, text, union

from pokea.analytics import store
from pokea.analytics.counting import (
    HOURS_A_DAY,
    STATUSES,
    CounterDelta,
    Deltas,
    OwnerDelta,
    day_of,
    deltas,
    start_of_day,
)
from pokea.analytics.counting import Change as Made
from pokea.analytics.read import DAY, HOUR, Span, counted, day_owners
from pokea.merchants.store import every_scope
from pokea.scope import Scope
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_new
from pokea.storage.tables import counter_deltas, counters, owner_counts, owner_deltas, payments

_ROWS_AT_ONCE: Final = 1_000
_ROW = (
    *(payments.c.merchant_id, payments.c.owner, payments.c.created_at, payments.c.amount_cents, payments.c.status),
    *(payments.c.completed_at, payments.c.completed_by, payments.c.disposition, payments.c.failure_reason),
)
_MERCHANT: Final = bindparam("merchant_id", type_=Integer)
_COUNTED_DAYS: Final = union(
    select(owner_counts.c.day).where(owner_counts.c.merchant_id == _MERCHANT),
    select(owner_deltas.c.day).where(owner_deltas.c.merchant_id == _MERCHANT),
    select(counters.c.start).where(counters.c.merchant_id == _MERCHANT, counters.c.span == DAY),
    select(counter_deltas.c.hour // HOURS_A_DAY).where(counter_deltas.c.merchant_id == _MERCHANT),
)
_NEXT_AT: Final = select(func.min(payments.c.created_at)).where(
    payments.c.merchant_id == _MERCHANT, payments.c.created_at >= bindparam("since")
)


def days_with_payments(connection: Connection, scope: Scope) -> list[int]:
    """The days on which payments were made or are counted, in order."""
    found = {int(day) for (day,) in fetch_all(connection, _COUNTED_DAYS, scope._asdict())}
    (at,) = fetch_one(connection, _NEXT_AT, {**scope._asdict(), "since": 0})
    while at is not None:
        found.add(day_of(at))
        (at,) = fetch_one(connection, _NEXT_AT, {**scope._asdict(), "since": start_of_day(day_of(at) + 1)})
    return sorted(found)


def difference(connection: Connection, scope: Scope, day: int) -> Deltas:
    """What the rows of this day's payments make more than the counts of customers and hours say."""
    made = deltas(_rows(connection, scope, day))
    owners: dict[str, Counter[str]] = defaultdict(Counter)
    for row in made.owners:
        owners[row.owner].update(dict(zip(STATUSES, row[-len(STATUSES) :], strict=True)))
    for owner, kept in day_owners(connection, scope, day).items():
        owners[owner].subtract(kept)
    hours: Counter[tuple[int, str]] = Counter()
    for counter in made.counters:
        hours[counter.hour, counter.name] += counter.amount
    for hour, named in counted(connection, scope, HOUR, _hours(day)).items():
        hours.subtract({(hour, name): amount for name, amount in named.items()})
    return Deltas(
        [
            OwnerDelta(scope.merchant_id, owner, day, *(counts[status] for status in STATUSES))
            for owner, counts in sorted(owners.items())
            if any(counts.values())
        ],
        [CounterDelta(scope.merchant_id, *key, amount) for key, amount in sorted(hours.items()) if amount],
    )


def day_difference(connection: Connection, scope: Scope, day: int) -> dict[str, int]:
    """What the counters of this day's hours make more than those of the day say, by name."""
    found: Counter[str] = Counter()
    for named in counted(connection, scope, HOUR, _hours(day)).values():
        found.update(named)
    found.subtract(counted(connection, scope, DAY, Span(day, day + 1)).get(day, {}))
    return {name: amount for name, amount in sorted(found.items()) if amount}


def recount(connection: Connection, scope: Scope, day: int) -> int:
    """Count a day again and mend its counts; answers how many of them were wrong.

    A change of its own: on PostgreSQL it must be the first in its transaction, since all is read as of one instant.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("set transaction isolation level repeatable read"))
        # Two recounts would both add what is missing. Taking the lock does not start the snapshot; the first read does.
        connection.execute(text("lock table counters in share update exclusive mode"))
    wrong, wrong_day = difference(connection, scope, day), day_difference(connection, scope, day)
    store.add(connection, wrong)
    _add_to_day(connection, scope, day, wrong_day)
    return len(wrong.owners) + len(wrong.counters) + len(wrong_day)


def differences(connection: Connection) -> Iterator[str]:
    """Where the counts are not what a recount makes, a sentence for each, for a database that may be in use."""
    for scope in every_scope(connection):
        for day in days_with_payments(connection, scope):
            wrong = _sentences(connection, scope, day)
            # On PostgreSQL the reads of one check may see different instants: what is wrong stays so, by the same
            # amount.
            for _ in range(2):
                wrong &= _sentences(connection, scope, day) if wrong else wrong
            yield from sorted(wrong)


def _sentences(connection: Connection, scope: Scope, day: int) -> set[str]:
    wrong = difference(connection, scope, day)
    return {
        *(
            f"day {row.day} of {row.owner} is short of {dict(zip(STATUSES, row[-len(STATUSES) :], strict=True))}"
            for row in wrong.owners
        ),
        *(f"hour {each.hour} is short of {each.amount} in {each.name}" for each in wrong.counters),
        *(
            f"day {day} is short of {amount} in {name}"
            for name, amount in day_difference(connection, scope, day).items()
        ),
    }


def _rows(connection: Connection, scope: Scope, day: int) -> Iterable[Made]:
    statement = select(*_ROW).where(
        payments.c.merchant_id == scope.merchant_id,
        payments.c.created_at >= start_of_day(day),
        payments.c.created_at < start_of_day(day + 1),
    )
    for row in connection.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield None, cast(Any, row)


def _hours(day: int) -> Span:
    return Span(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY)


def _add_to_day(connection: Connection, scope: Scope, day: int, missing: Mapping[str, int]) -> None:
    """Mend the totals of a day that are not the sum of its hours, which no delta can."""
    for name, amount in missing.items():
        insert_new(connection, counters, [{**scope._asdict(), "span": DAY, "start": day, "name": name, "amount": 0}])
        row = (
            counters.c.merchant_id == scope.merchant_id,
            counters.c.span == DAY,
            counters.c.start == day,
            counters.c.name == name,
        )
        connection.execute(counters.update().where(*row).values(amount=counters.c.amount + amount))
