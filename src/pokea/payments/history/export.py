"""Payments as rows of a table for other programs: page after page, so that any number of them can be written."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from pokea.clock import Instant, iso
from pokea.money import shillings_json
from pokea.operations.store import SELECT_PAYMENTS, Payment
from pokea.redact import mask_msisdn
from pokea.scope import Scope
from pokea.storage.tables import payments

COLUMNS: Final = (
    *("transactionId", "status", "amount", "currency", "phoneNumber", "mpesaReceiptNumber", "bookingId"),
    *("accountReference", "createdAt", "completedAt", "failureCode", "failureReason", "disposition", "review"),
)
PAGE_ROWS: Final = 1_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class ExportFilter(NamedTuple):
    """Which payments: made from `since` and before `before`, with this status; None for any."""

    scope: Scope
    since: Instant | None = None
    before: Instant | None = None
    status: str | None = None


class ExportCursor(NamedTuple):
    """The last payment of a page."""

    created_at: Instant
    id: str


def count_of(connection: Connection, wanted: ExportFilter) -> int:
    """How many payments are wanted, for the progress that is shown."""
    statement = select(func.count()).select_from(payments).where(*_conditions(wanted))
    return connection.execute(statement).scalar_one()


def next_page(connection: Connection, wanted: ExportFilter, after: ExportCursor) -> list[Payment]:
    """The payments that come after a place, the oldest first, at most PAGE_ROWS of them."""
    columns = payments.c
    later = tuple_(columns.created_at, columns.id) > tuple_(*after)
    page = SELECT_PAYMENTS.where(later, *_conditions(wanted)).order_by(columns.created_at, columns.id)
    return [Payment(*row) for row in connection.execute(page.limit(PAGE_ROWS))]


def _conditions(wanted: ExportFilter) -> list[ColumnElement[bool]]:
    columns = payments.c
    found = [columns.merchant_id == wanted.scope.merchant_id]
    found += [columns.created_at >= wanted.since] if wanted.since is not None else []
    found += [columns.created_at < wanted.before] if wanted.before is not None else []
    return found + ([columns.status == wanted.status] if wanted.status is not None else [])


def rows_of(page: Sequence[Payment], *, full: bool) -> Iterator[list[str]]:
    """The cells of each payment; phone numbers are masked unless `full`."""
    for payment in page:
        values = (
            *(payment.id, payment.status, shillings_json(payment.amount_cents), "KES"),
            *(payment.msisdn if full else mask_msisdn(payment.msisdn), payment.receipt, payment.booking_id),
            *(payment.account_reference, iso(payment.created_at), iso(payment.completed_at)),
            *(payment.failure_code, payment.failure_reason, payment.disposition, " ".join(payment.raised)),
        )
        yield [safe_cell(value) for value in values]


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
