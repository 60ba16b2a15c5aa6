"""The statements of a reserve on PostgreSQL, one round trip a step however many requests are answered together."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, Table

from pokea.analytics.counting import STATUSES, deltas
from pokea.bookings.store import Booking
from pokea.clock import Instant
from pokea.operations.payment_events import CREATED, event_of
from pokea.operations.store import COLUMNS_TEXT, Payment, open_row, wide_row
from pokea.payments.limits import PromptLimit
from pokea.storage.json_rows import each_of, insertion, rows_of, run_text, to_json
from pokea.storage.tables import counter_deltas, open_payments, outbox, owner_deltas, payments

_COUNTED: Final = (*STATUSES, "amount")


def _counting(parameter: str, table: Table) -> str:
    """Add up the deltas of those payments that were made."""
    names = [column.name for column in table.columns]
    key = [name for name in names if name not in _COUNTED]
    sums = ", ".join(f"sum({name})" if name in _COUNTED else name for name in names)
    rows = rows_of(parameter, table, names, "payment_id")
    joined = f"select {sums} from {rows} join made on made.id = payment_id group by {', '.join(key)}"
    return f"insert into {table.name} ({', '.join(names)}) {joined}"


LOCK_CONFLICTING: Final = f"""
with met as materialized (
    select {each_of("ids")} as id
    union select id from open_payments where is_locking and booking_id = any(array(select {each_of("bookings")}))
    union select open_payments.id from open_payments
        join json_to_recordset(%(phones)s::json) as given(merchant_id integer, msisdn text)
        on open_payments.merchant_id = given.merchant_id and open_payments.msisdn = given.msisdn where is_locking
),
locked as materialized (
    select * from payments where id = any(array(select id from met)) order by id for update
),
opened as materialized (
    select * from open_payments where id = any(array(select id from locked)) order by id for update
)
select {COLUMNS_TEXT} from locked p left join opened o on o.id = p.id order by p.id
"""
"""Lock the payments that others would meet on their bookings and phones, and those others, in the order of ids."""

LOCK_BOOKINGS: Final = f"""
select {", ".join(Booking._fields)} from bookings where id = any(array(select {each_of("bookings")})) order by id
for update
"""
"""Lock bookings in the order of their ids."""


def _newest(same: str) -> str:
    recent = f"merchant_id = given.merchant_id and created_at > given.since and {same}"
    return f"(select created_at from payments where {recent} order by created_at desc limit given.most)"


_KINDS: Final = (
    "given.msisdn is not null and msisdn = given.msisdn",
    "given.owner is not null and owner = given.owner",
    "given.msisdn is null and given.owner is null",
)
COUNT_PROMPTS: Final = f"""
select given.name, counted.prompts, counted.oldest_at
from json_to_recordset(%(limits)s::json)
    as given(name text, merchant_id integer, msisdn text, owner text, since bigint, most bigint)
cross join lateral (
    select count(*) as prompts, min(created_at) as oldest_at
    from ({" union all ".join(map(_newest, _KINDS))}) as newest
) as counted
"""
"""Count the newest prompts behind each limit, each by an index; a kind that a limit is not of is not looked for."""

MAKE: Final = f"""
with opened as ({insertion("opened", open_payments)} order by msisdn on conflict do nothing returning id),
made as (
    {insertion("payments", payments)} where id in (select id from opened) returning id
),
counted_by_owner as ({_counting("owners", owner_deltas)}),
counted as ({_counting("counters", counter_deltas)}),
happened as ({insertion("events", outbox)} where object_id in (select id from made))
select id from made
"""
"""Insert the payments that conflict with no live one, ordered by phone so that two transactions never deadlock; and
count them."""


def lock_conflicting(connection: Connection, requested: Sequence[Payment]) -> list[Payment]:
    """The payments that these would meet, and themselves as far as they are made, locked in the order of their ids."""
    given = {
        "ids": to_json([payment.id for payment in requested]),
        "bookings": to_json([payment.booking_id for payment in requested]),
        "phones": to_json([{"merchant_id": each.merchant_id, "msisdn": each.msisdn} for each in requested]),
    }
    return list(map(Payment._make, run_text(connection, LOCK_CONFLICTING, given)))


def lock_bookings(connection: Connection, booking_ids: Collection[str]) -> dict[str, Booking]:
    """The bookings of these ids, locked in the order of their ids."""
    rows = run_text(connection, LOCK_BOOKINGS, {"bookings": to_json(list(booking_ids))})
    return {row[0]: Booking._make(row) for row in rows}


def count_prompts(
    connection: Connection, limits: Sequence[PromptLimit], now: Instant
) -> dict[str, tuple[int, Instant | None]]:
    """The prompts behind each limit, and the oldest of them."""
    if not limits:
        return {}
    given = to_json([{**limit._asdict(), "since": now - limit.window} for limit in limits])
    return {
        name: (count, oldest_at) for name, count, oldest_at in run_text(connection, COUNT_PROMPTS, {"limits": given})
    }


def make(connection: Connection, requested: Sequence[Payment]) -> set[str]:
    """Insert and count the payments that no live one is in the way of; answers their ids."""
    if not requested:
        return set()
    counts = [(payment.id, deltas([(None, payment)])) for payment in requested]
    given = {
        "payments": to_json([wide_row(payment) for payment in requested]),
        "opened": to_json([open_row(payment) for payment in requested]),
        "events": to_json([event_of(payment, CREATED, payment.created_at) for payment in requested]),
        "owners": to_json([{"payment_id": each, **row._asdict()} for each, added in counts for row in added.owners]),
        "counters": to_json(
            [{"payment_id": each, **row._asdict()} for each, added in counts for row in added.counters]
        ),
    }
    return {row[0] for row in run_text(connection, MAKE, given)}
