"""The rows of a page of history: one statement for each shape of a question, built once, of the columns that are shown.

Building a statement takes longer than running it. A shape is what is asked for without its values; there are a few
dozen of them.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
)

from pokea.analytics.read import total_of
from pokea.clock import Instant
from pokea.operations.decision import Flag, Status, raised_flags
from pokea.operations.store import BOTH_ROWS, Payment
from pokea.storage.tables import open_payments, payments

_COLUMNS: Final = payments.c
NEWEST_FIRST: Final = (_COLUMNS.created_at.desc(), _COLUMNS.id.desc())


class ListedPayment(NamedTuple):
    """What of a payment is shown in lists; the fields are those of `Payment` with the same names."""

    id: str
    status: str
    amount_cents: int
    receipt: str | None
    created_at: Instant
    completed_at: Instant | None
    type: str
    booking_id: str
    msisdn: str
    failure_code: str | None
    failure_reason: str | None
    flags: str
    expires_at: Instant
    version: int
    is_locking: bool
    locked_until: Instant

    @property
    def raised(self) -> tuple[Flag, ...]:
        """Why a person should look at it."""
        return raised_flags(self.flags)

    def is_locked(self, now: Instant) -> bool:
        """As `Payment.is_locked`."""
        return self.is_locking and now < self.locked_until


ShownPayment: TypeAlias = Payment | ListedPayment
_OPEN: Final[Sequence[ColumnElement[Any]]] = (
    func.coalesce(open_payments.c.is_locking, false()).label("is_locking"),
    func.coalesce(open_payments.c.locked_until, literal_column("0")).label("locked_until"),
)
_WIDE: Final = ListedPayment._fields[: -len(_OPEN)]
LISTED: Final[Select[Any]] = select(*(_COLUMNS[name] for name in _WIDE), *_OPEN).select_from(BOTH_ROWS)
"""Payments as lists show them; the fields of ListedPayment, in their order."""


class Shape(NamedTuple):
    """What a question asks for: payments of one customer, with a status, from and before some time, after a cursor."""

    is_of_one: bool
    status: Status | None
    has_since: bool
    has_before: bool
    is_after: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """On the parameters `merchant_id`, `owner`, `since`, `before`, `after_at` and `after_id`."""
        found: list[ColumnElement[bool]] = [_COLUMNS.merchant_id == bindparam("merchant_id")]
        if self.is_of_one:
            found.append(_COLUMNS.owner == bindparam("owner"))
        if self.status is not None:
            # In the statement's text, where a partial index can be seen to fit.
            found.append(_COLUMNS.status == literal(self.status.value, literal_execute=True))
            if self.status is Status.FAILED:
                found.append(_COLUMNS.failed_at.is_not(None))
        if self.has_since:
            found.append(_COLUMNS.created_at >= bindparam("since"))
        if self.has_before:
            found.append(_COLUMNS.created_at < bindparam("before"))
        if self.is_after:
            place = tuple_(bindparam("after_at", type_=BigInteger), bindparam("after_id", type_=Text))
            found.append(tuple_(_COLUMNS.created_at, _COLUMNS.id) < place)
        return found


@cache
def count_of(shape: Shape) -> Select[Any]:
    """How many payments there are of this shape, one by one."""
    return select(func.count()).select_from(payments).where(*shape.conditions())


@cache
def page_of(shape: Shape) -> Select[Any]:
    """The newest payments of this shape, at most `most` of them, after `passed` others."""
    newest = LISTED.where(*shape.conditions()).order_by(*NEWEST_FIRST)
    return newest.limit(bindparam("most")).offset(bindparam("passed"))


@cache
def page_and_total_of(shape: Shape) -> Select[Any]:
    """As `page_of` with none passed, each behind the total of days that `total_of` reads; where there is none, the
    total alone, and nothing behind it.

    In one statement all is of one moment.
    """
    total = total_of(is_of_all=not shape.is_of_one, status=shape.status).subquery("counted")
    page = LISTED.where(*shape.conditions()).order_by(*NEWEST_FIRST).limit(bindparam("most")).subquery("page")
    return (
        select(total.c.total, *page.c)
        .select_from(total.outerjoin(page, true()))
        .order_by(page.c.created_at.desc(), page.c.id.desc())
    )
