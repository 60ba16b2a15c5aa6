"""The history: who sees which payments, page by page or by cursor, newest first."""

import base64
import binascii
import re
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from pokea.clock import Instant
from pokea.payments.status import Status
from pokea.payments.store import Payment
from pokea.storage.tables import payments

MOST_FOUND = 1_000
"""How many a search by `q` finds at the most (law 13)."""


_CURSOR = re.compile(r"[0-9]{1,18} [a-z0-9_]{1,64}")


class Cursor(NamedTuple):
    """Where the page before ended."""

    created_at: Instant
    payment_id: str


class Filters(NamedTuple):
    """What is looked for; None for anything. `since` is included, `before` is not."""

    owner: str | None = None
    status: Status | None = None
    since: Instant | None = None
    before: Instant | None = None
    booking_id: str | None = None
    search: str | None = None


class Page(NamedTuple):
    """Some payments of all that match. `is_cut`: a search found more than it counts."""

    payments: list[Payment]
    total: int
    next_cursor: Cursor | None
    is_cut: bool


def find_page(connection: Connection, filters: Filters, limit: int, offset: int, cursor: Cursor | None) -> Page:
    """One page: after `cursor` if there is one, else after `offset` payments."""
    condition = _condition(filters)
    counted = select(payments.c.id).where(condition)
    if filters.search is not None:
        counted = counted.limit(MOST_FOUND + 1)
    total = connection.execute(select(func.count()).select_from(counted.subquery())).scalar_one()
    is_cut = filters.search is not None and total > MOST_FOUND
    statement = select(payments).where(condition).order_by(payments.c.created_at.desc(), payments.c.id.desc())
    if cursor is not None:
        statement = statement.where(tuple_(payments.c.created_at, payments.c.id) < tuple_(*cursor))
    else:
        statement = statement.offset(offset)
    found = [Payment(*row) for row in connection.execute(statement.limit(limit + 1))]
    shown = found[:limit]
    last = Cursor(shown[-1].created_at, shown[-1].id) if len(found) > limit else None
    return Page(shown, min(total, MOST_FOUND) if is_cut else total, last, is_cut)


def _condition(filters: Filters) -> ColumnElement[bool]:
    columns = payments.c
    conditions: list[ColumnElement[bool]] = [columns.version > 0]
    if filters.owner is not None:
        conditions.append(columns.owner == filters.owner)
    if filters.status is not None:
        conditions.append(columns.status == filters.status.value)
    if filters.since is not None:
        conditions.append(columns.created_at >= filters.since)
    if filters.before is not None:
        conditions.append(columns.created_at < filters.before)
    if filters.booking_id is not None:
        conditions.append(columns.booking_id == filters.booking_id)
    if filters.search is not None:
        text = filters.search.strip()
        digits = text.lstrip("+")
        msisdn = "254" + digits[1:] if digits.startswith("0") else digits
        conditions.append(
            or_(columns.receipt == text.upper(), columns.msisdn == msisdn, columns.account_reference == text)
        )
    return and_(*conditions)


def encode_cursor(cursor: Cursor | None) -> str | None:
    """The cursor as an opaque text."""
    if cursor is None:
        return None
    return base64.urlsafe_b64encode(f"{cursor.created_at} {cursor.payment_id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The cursor meant by a text; raises ValueError when it is none of ours."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        raise ValueError("not a cursor of this service") from None
    if not _CURSOR.fullmatch(plain):
        raise ValueError("not a cursor of this service")
    created_at, payment_id = plain.split(" ")
    return Cursor(int(created_at), payment_id)
