"""A year of payments and their counts, written set-based: five million rows in minutes.

Every tenth payment is one customer's. Of a hundred payments seventy completed, twenty-five failed, four are pending and
one is initiated. They are spread evenly over the year that ends now.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, inspect, text

from pokea.analytics.counting import HOURS_A_DAY, day_of
from pokea.analytics.latency_histogram import bucket_of
from pokea.analytics.recount import difference
from pokea.clock import HOUR, SECOND, Instant, SystemClock
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables
from tests.system.service.world import on_database

REGULAR: Final = "regular"
"""The customer of every tenth payment."""
DAYS: Final = 365
_LONGEST_WAIT_SECONDS: Final = 60
_AT: Final = "(created_at + 3 * 3600000000) / 3600000000"

_NUMBERS: Final = {
    "postgresql": "select i from generate_series(1, {count}) as n(i)",
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n where i < {count}) select i from n",
}
_ROWS: Final = """
insert into payments (id, merchant_id, booking_id, owner, msisdn, amount_cents, type, account_reference,
    requires_query, created_at, expires_at, version, status, request_id, completed_at, completed_by,
    receipt, failure_code, failure_reason, failed_at, flags, disposition, inquiries)
select 'pay_' || (1000000000000000 + i), {merchant}, 'bkg_' || (1000000000000000 + i),
    case when i % 10 = 0 then '{regular}' else 'customer-' || (i % 99991) end,
    '2547' || (10000000 + i), 50000, 'booking_fee', 'BKG-' || i, {false},
    made_at, made_at + 120000000, 3, status, 'ws_CO_' || i,
    case when status = 'completed' then made_at + wait * 1000000 end,
    case when status = 'completed' then 'callback' end,
    case when status = 'completed' then 'UK' || (100000000 + i) end,
    case when status = 'failed' then '1032' end,
    case when status = 'failed' then 'cancelled' end,
    case when status = 'failed' then made_at + wait * 1000000 end,
    '', case when status = 'completed' then 'held' end, 0
from (
    select i, {first} + i * {step} as made_at, 2 + i * 7 % {longest} as wait,
        case when i * 7919 / 10 % 100 < 70 then 'completed' when i * 7919 / 10 % 100 < 95 then 'failed'
             when i * 7919 / 10 % 100 < 99 then 'pending' else 'initiated' end as status
    from (select cast(i as bigint) as i from ({numbers}) as plain) as numbered
) as made
"""
_STATUSES: Final = ("initiated", "pending", "completed", "failed")
_SUMS: Final = ", ".join(f"sum(case when status = '{status}' then 1 else 0 end)" for status in _STATUSES)
_OWNERS: Final = """
insert into owner_counts select merchant_id, owner, {at} / {hours}, {sums} from payments group by 1, 2, 3
"""
_HOURS: Final = """
insert into counters select merchant_id, 'hour', hour, name, amount
from (
    select merchant_id, {at} as hour, {name} as name, sum({amount}) as amount from payments where {where}
    group by 1, 2, 3
) as hours
"""
_DAYS: Final = """
insert into counters select merchant_id, 'day', start / {hours}, name, sum(amount) from counters where span = 'hour'
group by 1, 3, 4
"""
_COUNTED: Final = {
    "status": "1",
    "'gross'": "amount_cents",
    "'net'": "amount_cents",
    "'waited'": "completed_at - created_at",
    "(select name from bench_buckets where wait = (completed_at - created_at) / 1000000)": "1",
    "'by:callback'": "1",
    "'reason:' || failure_reason": "1",
}


class Year(Struct, frozen=True):
    """The payments of a year. `pages` are those of ten that everybody's and the regular customer's fill."""

    database_url: str
    count: int
    first_at: Instant

    @property
    def pages(self) -> dict[str, int]:
        """How many pages of ten there are, for an admin and for the regular customer."""
        return {"admin": self.count // 10, REGULAR: self.count // 100}


def make_year(database_url: str, count: int, say: Callable[[str], None]) -> Year:
    """Fill an empty database. Raises AssertionError when a recount of some days does not agree with the counts."""
    step = DAYS * HOURS_A_DAY * HOUR // count
    first = SystemClock().now() - count * step
    year = Year(database_url, count, first)
    say(f"writing {count:,} payments")
    on_database(database_url, lambda connection: _write(connection, year, step))
    say("counting them")
    on_database(database_url, _count)
    on_database(database_url, lambda connection: _check(connection, year))
    return year


def _write(connection: Connection, year: Year, step: int) -> None:
    kind = connection.dialect.name
    indexes = [index for index in tables.payments.indexes if inspect(connection).has_index("payments", str(index.name))]
    for index in indexes:
        index.drop(connection)
    numbers = _NUMBERS[kind].format(count=year.count)
    rows = _ROWS.format(
        regular=REGULAR,
        merchant=DEFAULT_SCOPE.merchant_id,
        false="false" if kind == "postgresql" else "0",
        first=year.first_at,
        step=step,
        longest=_LONGEST_WAIT_SECONDS,
        numbers=numbers,
    )
    connection.execute(text(rows))
    for index in indexes:
        index.create(connection)


def _count(connection: Connection) -> None:
    connection.execute(text("create temporary table bench_buckets (wait integer primary key, name text)"))
    for wait in range(_LONGEST_WAIT_SECONDS + 2):
        values = {"wait": wait, "name": f"wait:{bucket_of(wait * SECOND)}"}
        connection.execute(text("insert into bench_buckets values (:wait, :name)"), values)
    connection.execute(text(_OWNERS.format(at=_AT, hours=HOURS_A_DAY, sums=_SUMS)))
    for name, amount in _COUNTED.items():
        counted = "failure_reason is not null" if "reason" in name else "completed_at is not null"
        where = "true" if name == "status" else counted
        connection.execute(text(_HOURS.format(at=_AT, name=name, amount=amount, where=where)))
    connection.execute(text(_DAYS.format(hours=HOURS_A_DAY)))
    connection.execute(text("drop table bench_buckets"))
    connection.execute(text("analyze"))


def _check(connection: Connection, year: Year) -> None:
    first = day_of(year.first_at)
    for day in (first, first + DAYS // 2, first + DAYS):
        found = difference(connection, DEFAULT_SCOPE, day)
        assert found == ([], []), f"day {day} is counted wrongly: {found}"
