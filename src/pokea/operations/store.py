"""The payments' SQL: each statement a function with one sentence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select

from pokea.clock import Instant
from pokea.operations.decision import Decision, Flag, Status, Terms
from pokea.operations.evidence import CLAIM_BYTES_KEPT, Evidence, Source
from pokea.operations.schedule import InquiryState
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import insert_new, select_in
from pokea.storage.tables import claims, evidence, payments

CLAIMS_KEPT = 10_000
"""Size of the ring of bodies that prove nothing (law: inquiries): with CLAIM_BYTES_KEPT of each, 40 MB in all."""


class Payment(NamedTuple):
    """A payment's row; the fields are the table's columns, in their order."""

    id: str
    booking_id: str
    owner: str
    msisdn: str
    amount_cents: int
    type: str
    account_reference: str
    requires_query: bool
    callback_digest: bytes
    created_at: Instant
    lease_until: Instant
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
    review: str
    disposition: str | None
    is_locking: bool
    locked_until: Instant
    next_action_at: Instant | None
    inquiries: int
    last_inquiry_at: Instant | None
    inquiry_requested_at: Instant | None

    @property
    def facts(self) -> Terms:
        """What was asked for."""
        return Terms(self.id, self.amount_cents, self.expires_at, bool(self.requires_query))

    @property
    def asked(self) -> InquiryState:
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
    def flags(self) -> tuple[Flag, ...]:
        """Why a person should look at it."""
        return tuple(Flag(name) for name in self.review.split(",") if name)


class Claim(Struct, frozen=True):
    """The beginning of a body that proves nothing, and the id it names, if any."""

    received_at: Instant
    request_id: str | None
    body: bytes


class Known(NamedTuple):
    """The evidence of some payments, and the keys (payment, id) of what is not in their rows yet."""

    pieces: dict[str, list[Evidence]]
    unapplied: list[tuple[str, str]]


_FIND = select(payments).where(payments.c.id == bindparam("of_id"))


def find(connection: Connection, payment_id: str) -> Payment | None:
    """The payment of this id."""
    row = fetch_one(connection, _FIND, {"of_id": payment_id})
    return Payment(*row) if row else None


def find_all(connection: Connection, payment_ids: Collection[str]) -> dict[str, Payment]:
    """The payments of these ids, as far as there are any."""
    return {row[0]: Payment._make(row) for row in select_in(connection, payments, payments.c.id, payment_ids)}


def lock(connection: Connection, payment_ids: Collection[str]) -> dict[str, Payment]:
    """The payments of these ids, locked in the order of their ids until the transaction ends."""
    statement = select(payments).where(payments.c.id.in_(sorted(payment_ids))).order_by(payments.c.id)
    return {row.id: Payment(*row) for row in connection.execute(statement.with_for_update())}


def ids_by_callback_digest(connection: Connection, digests: Collection[bytes]) -> dict[bytes, str]:
    """The payments whose callback tokens have these digests."""
    statement = select(payments.c.callback_digest, payments.c.id).where(payments.c.callback_digest.in_(digests))
    return {bytes(digest): payment_id for digest, payment_id in connection.execute(statement)}


KNOWN_COLUMNS = (*(name for name in Evidence.__struct_fields__ if name != "body"), "applied")
"""What is read of evidence to make a row of it: all but the raw message."""
_KNOWN: Final = tuple(evidence.c[name] for name in KNOWN_COLUMNS)
_KINDS = {kind.value: kind for kind in Source}


def known_of(rows: Iterable[Sequence[Any]]) -> Known:
    """Rows with KNOWN_COLUMNS as evidence; what this version does not understand is kept for one that does."""
    known = Known(defaultdict(list), [])
    for payment_id, piece_id, kind, received_at, trusted, *rest, applied in rows:
        if kind in _KINDS:
            if not applied:
                known.unapplied.append((payment_id, piece_id))
            piece = Evidence(payment_id, piece_id, _KINDS[kind], received_at, bool(trusted), *rest)
            known.pieces[payment_id].append(piece)
    return known


def evidence_of(connection: Connection, payment_ids: Collection[str]) -> Known:
    """All evidence of these payments that this version understands, without the raw messages."""
    return known_of(select_in(connection, _KNOWN, evidence.c.payment_id, payment_ids))


def add_unapplied(connection: Connection, pieces: Iterable[Evidence]) -> None:
    """Write the pieces that are not yet there, to be applied by a settle."""
    insert_new(connection, evidence, [asdict(piece) | {"applied": False} for piece in pieces])


UNAPPLIED: Final = (
    select(evidence.c.payment_id)
    .join(payments, payments.c.id == evidence.c.payment_id)
    # As the index `evidence_unapplied` says it, word for word: else SQLite goes through all evidence there is.
    .where(literal_column("not evidence.applied"), evidence.c.kind.in_([kind.value for kind in Source]))
    .where(payments.c.review.not_like(f"%{Flag.STUCK}%"))
    .order_by(evidence.c.received_at)
    .limit(bindparam("count"))
)


def unapplied(connection: Connection, most: int) -> list[str]:
    """Payments with evidence that is not in their rows yet, the oldest evidence first: those of `most` pieces."""
    return list(dict.fromkeys(payment_id for (payment_id,) in fetch_all(connection, UNAPPLIED, {"count": most})))


def with_row(payment: Payment, row: Decision, next_action_at: Instant | None) -> Payment:
    """The payment as the evidence makes it; the flags it has already stay raised."""
    flags = sorted({*payment.flags, *row.review})
    return payment._replace(
        lease_until=0 if row.push_answered else payment.lease_until,
        status=row.status.value,
        request_id=row.request_id,
        originator_id=row.originator_id,
        completed_at=row.completed_at,
        completed_by=row.completed_by,
        receipt=row.receipt,
        provider_time=row.provider_time,
        failure_code=row.failure_code,
        failure_reason=row.failure_reason,
        failed_at=row.failed_at,
        review=",".join(flags),
        is_locking=payment.is_locking and row.locked_until > 0,
        locked_until=row.locked_until,
        next_action_at=next_action_at,
        inquiry_requested_at=None if row.status is Status.COMPLETED else payment.inquiry_requested_at,
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
