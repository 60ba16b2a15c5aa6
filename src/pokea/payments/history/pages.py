"""The history: who sees which payments, page by page or by cursor, newest first.

By customer, status and time the totals are sums of counts, and a page is found by adding counts up (`pieces`), so that
neither depends on how many payments there are. What is found by a booking, or by `q`, is found whole and cut at
MOST_FOUND. Totals and rows of one page are of one instant. Between two pages payments may be made: pages by number then
move on by as many, while those by cursor neither repeat nor leave out any.

Lists may come from a standby, a few seconds late. A customer's list begins on the primary, so that a payment that was
just made is on it; and a page after a cursor shows all that was there when the list was begun, wherever it is read.
What is looked for, by a booking or by `q`, is looked for on the primary: that it is not found must mean that it is not
there.
"""

import base64
import binascii
import re
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, select, union_all

from pokea.analytics.read import Span, sizes
from pokea.bookings.store import ids_by_reference
from pokea.clock import Instant
from pokea.operations.decision import Status
from pokea.payments.history.rows import (
    LISTED,
    NEWEST_FIRST,
    ListedPayment,
    Shape,
    count_of,
    page_and_total_of,
    page_of,
)
from pokea.payments.history.time_slices import (
    DAYS,
    HOURS,
    SliceUnit,
    TimeSlice,
    full_slices,
    merge_adjacent,
    skip,
    split_range,
)
from pokea.phone import InvalidPhone, parse_phone
from pokea.scope import Scope
from pokea.storage.late_reads import CURRENT, LATE, Freshness, LateReads
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.tables import payments, receipts

MOST_FOUND = 1_000
"""How many a search by `q`, or by booking, finds at the most (law: counting)."""


_CURSOR = re.compile(r"[0-9]{1,18} [a-z0-9_]{1,64}( [0-9]{1,18})?")
_COLUMNS = payments.c


class Cursor(NamedTuple):
    """Where the page before ended. `begun_at`: when the list was begun, on the primary's clock; 0 without a standby."""

    created_at: Instant
    payment_id: str
    begun_at: Instant = 0


class Filters(NamedTuple):
    """What is looked for; None for anything. `since` is included, `before` is not."""

    scope: Scope
    owner: str | None = None
    status: Status | None = None
    since: Instant | None = None
    before: Instant | None = None
    booking_id: str | None = None
    search: str | None = None


class HistoryPage(NamedTuple):
    """Some payments of all that match. `is_cut`: there are more than are counted or found. `age_seconds`: how old it is
    at the most."""

    payments: list[ListedPayment]
    total: int
    next_cursor: Cursor | None
    is_cut: bool
    age_seconds: float = 0.0


async def read_page(reads: LateReads, filters: Filters, limit: int, offset: int, cursor: Cursor | None) -> HistoryPage:
    """One page: after `cursor` if there is one, else after `offset` payments.

    Raises Unavailable.
    """
    wanted = freshness_of(filters, cursor)
    if _is_one_statement(filters, offset, cursor):
        read = await reads.read_one(wanted, _find_with_total, filters, limit, cursor)
    else:
        read = await reads.read_snapshot(wanted, _find_page, filters, limit, offset, cursor)
    page, begun_at = read.found, cursor.begun_at if cursor is not None and cursor.begun_at else read.as_of
    last = page.next_cursor._replace(begun_at=begun_at) if page.next_cursor is not None else None
    return page._replace(next_cursor=last, age_seconds=read.age_seconds)


def freshness_of(filters: Filters, cursor: Cursor | None) -> Freshness:
    """Whether a page may come from a standby, and what has to be in it."""
    if filters.booking_id is not None or filters.search is not None:
        return CURRENT
    if cursor is not None:
        return Freshness(is_late=True, not_before=cursor.begun_at)
    return LATE if filters.owner is None else CURRENT


def _is_one_statement(filters: Filters, offset: int, cursor: Cursor | None) -> bool:
    """Whether the total is of whole days, and the rows stand together where they are looked for: nothing is passed
    over, and an index has all that comes before them."""
    if filters.booking_id is not None or filters.search is not None or (offset and cursor is None):
        return False
    days = split_range(filters.since, filters.before, DAYS)
    return days.lower is None and days.upper is None and _stands_together(filters)


def _stands_together(filters: Filters) -> bool:
    """One index has what has failed by time; others of one status lie among the rest."""
    return filters.status is None or (filters.owner is None and filters.status is Status.FAILED)


def _find_with_total(connection: Connection, filters: Filters, limit: int, cursor: Cursor | None) -> HistoryPage:
    days = split_range(filters.since, filters.before, DAYS)
    shape = _shape(filters, filters.since, filters.before, cursor)
    span = _span(days.first, days.end)
    values = {**_values(filters, filters.since, filters.before, cursor), **span._asdict(), "most": limit + 1}
    rows = fetch_all(connection, page_and_total_of(shape), values)
    found = [ListedPayment._make(row[1:]) for row in rows if row[1] is not None]
    return _page(found, limit, rows[0].total, is_cut=False)


def _find_page(connection: Connection, filters: Filters, limit: int, offset: int, cursor: Cursor | None) -> HistoryPage:
    """As `read_page`, of statements that see one moment."""
    if filters.booking_id is not None or filters.search is not None:
        return _page_of_found(connection, filters, limit, offset, cursor)
    pieces = _pieces(connection, filters, filters.since, filters.before, DAYS)
    total = sum(piece.size for piece in pieces)
    if cursor is not None:
        rest, inside = [piece for piece in pieces if piece.since is None or piece.since <= cursor.created_at], 0
    else:
        rest, inside = skip(pieces, offset)
        if filters.owner is None and inside > limit:
            hours = _pieces(connection, filters, rest[0].since, rest[0].before, HOURS)
            rest, inside = skip([*hours, *rest[1:]], inside)
    found: list[ListedPayment] = []
    for run in _runs(filters, rest):
        shape = _shape(filters, run.since, run.before, cursor)
        values = _values(filters, run.since, run.before, cursor)
        wanted = {**values, "most": limit + 1 - len(found), "passed": inside}
        found += map(ListedPayment._make, fetch_all(connection, page_of(shape), wanted))
        inside = 0
        if len(found) > limit:
            break
    return _page(found, limit, total, is_cut=False)


def _page(found: list[ListedPayment], limit: int, total: int, *, is_cut: bool) -> HistoryPage:
    shown = found[:limit]
    last = Cursor(shown[-1].created_at, shown[-1].id) if len(found) > limit else None
    return HistoryPage(shown, total, last, is_cut)


def _pieces(
    connection: Connection, filters: Filters, since: Instant | None, before: Instant | None, unit: SliceUnit
) -> list[TimeSlice]:
    """The time between the bounds with what was made in it, newest first, without pieces in which nothing was."""
    whole_ones = split_range(since, before, unit)
    span = _span(whole_ones.first, whole_ones.end)
    found = sizes(connection, filters.scope, filters.owner, unit.name, span, filters.status)
    return [
        *_edge(connection, filters, whole_ones.upper, unit),
        *full_slices(found, unit),
        *_edge(connection, filters, whole_ones.lower, unit),
    ]


def _edge(
    connection: Connection, filters: Filters, edge: tuple[Instant, Instant] | None, unit: SliceUnit
) -> list[TimeSlice]:
    """What is left over at an edge: of everybody's day by the hour, else by counting rows."""
    if edge is None:
        return []
    if unit is DAYS and filters.owner is None:
        return _pieces(connection, filters, *edge, HOURS)
    count = fetch_one(connection, count_of(_shape(filters, *edge)), _values(filters, *edge))[0]
    return [TimeSlice(*edge, count)] if count else []


def _runs(filters: Filters, rest: list[TimeSlice]) -> list[TimeSlice]:
    """Where to look for rows, newest first: those of one status that lie among others only where some were counted."""
    if not rest:
        return []
    if _stands_together(filters):
        return [TimeSlice(filters.since, rest[0].before, rest[0].size)]
    return merge_adjacent(rest)


def _span(first: int | None, end: int | None) -> Span:
    bounds = {"first": first, "end": end}
    return Span(**{name: number for name, number in bounds.items() if number is not None})


def _shape(filters: Filters, since: Instant | None, before: Instant | None, cursor: Cursor | None = None) -> Shape:
    return Shape(filters.owner is not None, filters.status, since is not None, before is not None, cursor is not None)


def _values(
    filters: Filters, since: Instant | None, before: Instant | None, cursor: Cursor | None = None
) -> dict[str, Any]:
    """What a statement of a shape may need."""
    after_at, after_id = cursor[:2] if cursor is not None else (None, None)
    return {
        **filters.scope._asdict(),
        "owner": filters.owner,
        "since": since,
        "before": before,
        "after_at": after_at,
        "after_id": after_id,
    }


def _page_of_found(
    connection: Connection, filters: Filters, limit: int, offset: int, cursor: Cursor | None
) -> HistoryPage:
    """A page of what a booking or a search finds: the newest MOST_FOUND, of which all are looked at each time."""
    shape = _shape(filters, filters.since, filters.before)
    conditions = shape.conditions()
    if filters.booking_id is not None:
        conditions.append(_COLUMNS.booking_id == filters.booking_id)
    ways = [[]] if filters.search is None else _ways(connection, filters.scope, filters.search)
    ids = [_newest([*way, *conditions]) for way in ways]
    matching = LISTED.where(_COLUMNS.id.in_(union_all(*(select(each.c.id) for each in ids))))
    newest = matching.order_by(*NEWEST_FIRST).limit(MOST_FOUND + 1)
    values = _values(filters, filters.since, filters.before)
    found = [ListedPayment(*row) for row in connection.execute(newest, values)]
    is_cut = len(found) > MOST_FOUND
    listed = found[:MOST_FOUND]
    if cursor is not None:
        rest = [payment for payment in listed if (payment.created_at, payment.id) < cursor[:2]]
    else:
        rest = listed[offset:]
    return _page(rest[: limit + 1], limit, len(listed), is_cut=is_cut)


def _newest(conditions: list[ColumnElement[bool]]) -> Any:
    newest: Select[Any] = select(_COLUMNS.id).where(*conditions).order_by(_COLUMNS.created_at.desc())
    return newest.limit(MOST_FOUND + 1).subquery()


def _ways(connection: Connection, scope: Scope, search: str) -> list[list[ColumnElement[bool]]]:
    """What `q` may be, each by an index: a receipt, a phone number in any of its forms, or a booking's reference."""
    receipt = search.strip().upper()
    owner_of_receipt = (
        select(receipts.c.operation_id)
        .where(receipts.c.merchant_id == scope.merchant_id, receipts.c.receipt == receipt)
        .scalar_subquery()
    )
    ways: list[list[ColumnElement[bool]]] = [[_COLUMNS.id == owner_of_receipt, _COLUMNS.receipt == receipt]]
    with suppress(InvalidPhone):
        ways.append([_COLUMNS.msisdn == parse_phone(search).msisdn])
    booked = ids_by_reference(connection, scope, search.strip())
    if booked:
        ways.append([_COLUMNS.booking_id.in_(booked)])
    return ways


def encode_cursor(cursor: Cursor | None) -> str | None:
    """The cursor as an opaque text."""
    if cursor is None:
        return None
    words = [str(cursor.created_at), cursor.payment_id, *([str(cursor.begun_at)] if cursor.begun_at else [])]
    return base64.urlsafe_b64encode(" ".join(words).encode()).decode().rstrip("=")


def decode_cursor(written: str) -> Cursor:
    """The cursor meant by a text; raises ValueError when it is none of ours."""
    try:
        plain = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode()
    except (binascii.Error, ValueError):
        raise ValueError("not a cursor of this service") from None
    if not _CURSOR.fullmatch(plain):
        raise ValueError("not a cursor of this service")
    created_at, payment_id, *begun = plain.split(" ")
    return Cursor(int(created_at), payment_id, *map(int, begun))
