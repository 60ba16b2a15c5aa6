"""The rows of operations and their evidence: each statement a function with one sentence.

These functions find rows by their ids, which cannot be guessed, and so work across merchants. What finds rows in any
other way takes a `Scope`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    select,
    tuple_,
)

from pokea.clock import Instant
from pokea.operations.decision import Decision, Flag, Status, Terms, flags_with, raised_flags
from pokea.operations.evidence import CLAIM_BYTES_KEPT, Evidence, Source
from pokea.operations.schedule import InquiryState
from pokea.storage.column_marks import SCHEDULE, columns_of
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_new, select_in
from pokea.storage.tables import claims, evidence, flags, open_payments, payments

CLAIMS_KEPT = 10_000
"""Size of the ring of bodies that prove nothing (law: inquiries): with CLAIM_BYTES_KEPT of each, 40 MB in all."""


class Payment(NamedTuple):
    """A payment as its two rows show it; the fields are their columns, in their order.

    `is_open` says whether it has a row in `open_payments`; without one nothing is locked and nothing is due.
    """

    id: str
    merchant_id: int
    booking_id: str
    owner: str
    msisdn: str
    amount_cents: int
    type: str
    account_reference: str
    requires_query: bool
    callback_digest: bytes | None
    created_at: Instant
    expires_at: Instant
    version: int
    status: str
    request_id: str | None
    originator_id: str | None
    completed_at: Instant | None
    completed_by: str | None
    receipt: str | None
    provider_time: str | None
    failure_code: str | None
    failure_reason: str | None
    failed_at: Instant | None
    flags: str
    disposition: str | None
    lease_until: Instant = 0
    is_locking: bool = False
    locked_until: Instant = 0
    next_action_at: Instant | None = None
    inquiries: int = 0
    last_inquiry_at: Instant | None = None
    inquiry_requested_at: Instant | None = None
    is_open: bool = False

    @property
    def terms(self) -> Terms:
        """What was asked for."""
        return Terms(self.id, self.amount_cents, self.expires_at, bool(self.requires_query))

    @property
    def inquiry_state(self) -> InquiryState:
        """What has been asked about it so far."""
        return InquiryState(
            self.created_at,
            self.lease_until,
            self.expires_at,
            self.next_action_at,
            self.inquiries,
            self.last_inquiry_at,
        )

    @property
    def raised(self) -> tuple[Flag, ...]:
        """Why a person should look at it."""
        return raised_flags(self.flags)

    def is_locked(self, now: Instant) -> bool:
        """Whether booking and phone wait for the end of this payment at `now`: another push is refused (law: time)."""
        return self.is_locking and now < self.locked_until

    def flags_with(self, more: Collection[Flag]) -> str:
        """The column `flags` once these are raised too."""
        return flags_with(self.flags, more)


class Claim(Struct, frozen=True):
    """The beginning of a body that proves nothing, and the id it names, if any."""

    received_at: Instant
    request_id: str | None
    body: bytes


class Known(NamedTuple):
    """The evidence of some operations, and the keys (operation, id) of what is not in their rows yet."""

    items: dict[str, list[Evidence]]
    unapplied: list[tuple[str, str]]


_KEPT_IN_BOTH: Final = ("inquiries", "last_inquiry_at")
"""Counted in the open row while there is one, and kept in the wide row when it goes."""
WIDE: Final = tuple(name for name in (str(column.name) for column in payments.columns) if name not in _KEPT_IN_BOTH)
OPEN: Final = tuple(str(column.name) for column in open_payments.columns)
_NOT_OPEN: Final = {"lease_until": "0", "is_locking": "false", "locked_until": "0"}


def _schedule_text(name: str) -> str:
    if name in _KEPT_IN_BOTH:
        return f"coalesce(o.{name}, p.{name})"
    return f"coalesce(o.{name}, {_NOT_OPEN[name]})" if name in _NOT_OPEN else f"o.{name}"


COLUMNS_TEXT: Final = ", ".join(
    (*(f"p.{name}" for name in WIDE), *map(_schedule_text, columns_of(open_payments, SCHEDULE)), "o.id is not null")
)
"""The fields of a Payment, in a statement that calls the tables `p` and `o`."""


def _schedule_column(name: str) -> ColumnElement[Any]:
    column = open_payments.c[name]
    if name in _KEPT_IN_BOTH:
        return func.coalesce(column, payments.c[name]).label(name)
    if name in _NOT_OPEN:
        return func.coalesce(column, false() if name == "is_locking" else literal_column("0")).label(name)
    return column


BOTH_ROWS: Final = payments.outerjoin(open_payments, open_payments.c.id == payments.c.id)
SELECT_PAYMENTS: Final[Select[Any]] = select(
    *(payments.c[name] for name in WIDE),
    *map(_schedule_column, columns_of(open_payments, SCHEDULE)),
    open_payments.c.id.is_not(None).label("is_open"),
).select_from(BOTH_ROWS)
"""Payments as both their rows show them; the fields of Payment, in their order."""
_FIND: Final = SELECT_PAYMENTS.where(payments.c.id == bindparam("of_id"))


def wide_row(payment: Payment) -> dict[str, Any]:
    """The row in `payments`."""
    return {name: getattr(payment, name) for name in (*WIDE, *_KEPT_IN_BOTH)}


def open_row(payment: Payment) -> dict[str, Any]:
    """The row in `open_payments`."""
    return {name: getattr(payment, name) for name in OPEN}


def insert_payments(connection: Connection, rows: Sequence[Payment]) -> None:
    """Insert payments as they are, each with its open row if it has one."""
    if rows:
        connection.execute(insert(payments), [wide_row(row) for row in rows])
    if any(row.is_open for row in rows):
        connection.execute(insert(open_payments), [open_row(row) for row in rows if row.is_open])


def find(connection: Connection, payment_id: str) -> Payment | None:
    """The payment of this id."""
    row = fetch_one(connection, _FIND, {"of_id": payment_id})
    return Payment._make(row) if row else None


def find_all(connection: Connection, payment_ids: Collection[str]) -> dict[str, Payment]:
    """The payments of these ids, as far as there are any."""
    return {row[0]: Payment._make(row) for row in select_in(connection, SELECT_PAYMENTS, payments.c.id, payment_ids)}


def known_ids(connection: Connection, payment_ids: Collection[str]) -> set[str]:
    """Those of these ids that are payments'."""
    return {row.id for row in select_in(connection, (payments.c.id,), payments.c.id, payment_ids)}


def ids_by_callback_digest(connection: Connection, digests: Collection[bytes]) -> dict[bytes, str]:
    """The payments, made before version 3.3, whose callback tokens have these digests."""
    if not digests:
        return {}
    statement = select(payments.c.callback_digest, payments.c.id).where(payments.c.callback_digest.in_(digests))
    return {bytes(digest): payment_id for digest, payment_id in connection.execute(statement)}


KNOWN_COLUMNS = (*(name for name in Evidence.__struct_fields__ if name != "body"), "applied")
"""What is read of evidence to make a row of it: all but the raw message."""
_KNOWN: Final = tuple(evidence.c[name] for name in KNOWN_COLUMNS)
_SOURCES = {source.value: source for source in Source}


def known_of(rows: Iterable[Sequence[Any]]) -> Known:
    """Rows with KNOWN_COLUMNS as evidence; what this version does not understand is kept for one that does."""
    known = Known(defaultdict(list), [])
    for operation_id, item_id, source, received_at, proved, *rest, applied in rows:
        if source in _SOURCES:
            if not applied:
                known.unapplied.append((operation_id, item_id))
            item = Evidence(operation_id, item_id, _SOURCES[source], received_at, bool(proved), *rest)
            known.items[operation_id].append(item)
    return known


def evidence_of(connection: Connection, operation_ids: Collection[str]) -> Known:
    """All evidence of these operations that this version understands, without the raw messages."""
    return known_of(select_in(connection, _KNOWN, evidence.c.operation_id, operation_ids))


def add_unapplied(connection: Connection, items: Iterable[Evidence]) -> None:
    """Write the evidence that is not yet there, to be applied by a settle."""
    insert_new(connection, evidence, [asdict(item) | {"applied": False} for item in items])


def new_disputes(connection: Connection, items: Sequence[Evidence]) -> list[Evidence]:
    """Those of them that are about a payment and not kept yet; an attempt of money out has no evidence of this kind."""
    if not items:
        return []
    columns = evidence.c
    payment_ids = known_ids(connection, {item.operation_id for item in items})
    wanted = tuple_(columns.operation_id, columns.id).in_([(item.operation_id, item.id) for item in items])
    kept = set(map(tuple, connection.execute(select(columns.operation_id, columns.id).where(wanted))))
    return [item for item in items if item.operation_id in payment_ids and (item.operation_id, item.id) not in kept]


IS_UNDERSTOOD: Final = evidence.c.source.in_([source.value for source in Source])
"""Evidence of a kind that this version knows; the rest is kept for one that does."""
IS_STUCK: Final = exists(
    select(flags.c.flag)
    .where(flags.c.operation_id == evidence.c.operation_id)
    .where(flags.c.flag == Flag.STUCK.value, flags.c.closed_at.is_(None))
).correlate(evidence)
"""Evidence of an operation that a person is to look at, since it could not be settled."""
UNAPPLIED: Final = (
    select(evidence.c.operation_id)
    # As the index `evidence_unapplied` says it, word for word: else SQLite goes through all evidence there is.
    .where(literal_column("not evidence.applied"), IS_UNDERSTOOD)
    .where(~IS_STUCK)
    .order_by(evidence.c.received_at)
    .limit(bindparam("count"))
)


def unapplied(connection: Connection, most: int) -> list[str]:
    """Operations with evidence that is not in their rows yet, the oldest first: those of `most` pieces of evidence."""
    return list(dict.fromkeys(operation_id for (operation_id,) in fetch_all(connection, UNAPPLIED, {"count": most})))


def with_decision(payment: Payment, decision: Decision, next_action_at: Instant | None, now: Instant) -> Payment:
    """The payment as the evidence makes it at `now`; the flags that are raised already stay raised.

    It stays open while it locks, is due or is asked about. After that only how often it was asked about is kept.
    """
    requested_at = None if decision.status is Status.COMPLETED else payment.inquiry_requested_at
    locks_now = payment.is_locking and decision.locked_until > now
    is_open = locks_now or next_action_at is not None or requested_at is not None
    # One copy of the row: a copy costs as much as the decision.
    return payment._replace(
        status=decision.status.value,
        request_id=decision.request_id,
        originator_id=decision.originator_id,
        completed_at=decision.completed_at,
        completed_by=decision.completed_by,
        receipt=decision.receipt,
        provider_time=decision.provider_time,
        failure_code=decision.failure_code,
        failure_reason=decision.failure_reason,
        failed_at=decision.failed_at,
        flags=payment.flags_with(decision.flags),
        lease_until=payment.lease_until if is_open and not decision.push_answered else 0,
        # A lock whose time is over is lifted by the next push that meets it.
        is_locking=is_open and payment.is_locking and decision.locked_until > 0,
        locked_until=decision.locked_until if is_open else 0,
        next_action_at=next_action_at,
        inquiry_requested_at=requested_at,
        is_open=is_open,
    )


def add_claims(connection: Connection, arrived: Sequence[Claim]) -> None:
    """Keep bodies that prove nothing, the newest ten thousand of them."""
    if arrived:
        connection.execute(
            insert(claims),
            [asdict(claim) | {"body": claim.body[:CLAIM_BYTES_KEPT]} for claim in arrived],
        )
        newest = select(func.max(claims.c.id)).scalar_subquery()
        connection.execute(delete(claims).where(claims.c.id <= newest - CLAIMS_KEPT))
