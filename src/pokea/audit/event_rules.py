"""The rules of events: every version of an object has exactly one, and the last of a payment says how it ended.

An event is looked for in the list and in the outbox, where it waits for its number. The outbox has no index, and is
read once for each part. Objects whose events may have been forgotten, and those of an older schema, are left out.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, case, exists, func, or_, select
from sqlalchemy.sql.selectable import NamedFromClause

from pokea.audit.rule import AFTER, UPTO, Rule, RuleScope, sql_check
from pokea.operations.decision import Status
from pokea.storage.tables import bookings, event_stream, events, outbox, payments

_COMPLETE_SINCE: Final = select(event_stream.c.complete_since).scalar_subquery()
_NONE: Final = 0


def _waiting() -> NamedFromClause:
    """The events of each object of the part that have no number yet: how many, and the last version."""
    columns = outbox.c
    counted = select(columns.object_id, func.count().label("times"), func.max(columns.version).label("newest")).where(
        columns.object_id > AFTER, columns.object_id <= UPTO
    )
    return counted.group_by(columns.object_id).subquery("waiting")


def gaps_in(table: Table) -> Select[Any]:
    """The objects of a table whose events are not those of the versions 1 to the last."""
    columns, waiting = table.c, _waiting()
    is_of_object = events.c.object_id == columns.id
    kept = select(func.count()).select_from(events).where(is_of_object).correlate(table).scalar_subquery()
    newest = select(func.max(events.c.version)).where(is_of_object).correlate(table).scalar_subquery()
    times: ColumnElement[int] = kept + func.coalesce(waiting.c.times, _NONE)
    last = _larger(func.coalesce(newest, _NONE), func.coalesce(waiting.c.newest, _NONE))
    return (
        select(columns.id, columns.version, times.label("events"))
        .select_from(table.outerjoin(waiting, waiting.c.object_id == columns.id))
        .where(columns.created_at >= _COMPLETE_SINCE, or_(times != columns.version, last != columns.version))
    )


def _larger(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


def _says_so(table: Table) -> ColumnElement[bool]:
    """Whether an event in this table says how the payment has ended."""
    columns = table.c
    own = and_(columns.object_id == payments.c.id, columns.type == "payment." + payments.c.status)
    return exists(select(columns.version).where(own)).correlate(payments)


_UNTOLD: Final = select(payments.c.id, payments.c.status).where(
    payments.c.status.in_([Status.COMPLETED.value, Status.FAILED.value]),
    payments.c.created_at >= _COMPLETE_SINCE,
    ~_says_so(events),
    ~_says_so(outbox),
)
GAP: Final = "{id} has version {version} and {events} events, one for each version"
"""The sentence about what `gaps_in` finds."""

EVENT_RULES: Final = (
    Rule(
        "told_in_order",
        "Every version of a payment and of a booking has one event, and one of a payment's says how it ended "
        "(law: event types).",
        (
            sql_check(RuleScope.PAYMENTS, payments.c.id, gaps_in(payments), GAP),
            sql_check(RuleScope.BOOKINGS, bookings.c.id, gaps_in(bookings), GAP),
            sql_check(RuleScope.PAYMENTS, payments.c.id, _UNTOLD, "{id} is {status}, and no event says so"),
        ),
    ),
)
"""The rules of events."""
