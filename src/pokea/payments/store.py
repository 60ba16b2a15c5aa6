"""The payments' SQL: each statement a function with one sentence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, bindparam, delete, func, insert, literal_column, select

from pokea.clock import Instant
from pokea.payments.asking import Asked
from pokea.payments.evidence import CLAIM_BYTES_KEPT, Evidence, Kind
from pokea.payments.status import Facts, Flag, Row, Status
from pokea.storage.prepared import row_of, rows_of
from pokea.storage.statements import insert_new, rows_among
from pokea.storage.tables import claims, evidence, payments

CLAIMS_KEPT = 10_000
"""Size of the ring of bodies that prove nothing (law 5): with CLAIM_BYTES_KEPT of each, 40 MB in all."""


class Payment(NamedTuple):
    """A payment's row; the fields are the table's columns, in their order."""

    id: str
    booking_id: str
    owner: str
    msisdn: str
    amount_cents: int
    type: str
    account_reference: str
    confirm: bool
    callback_digest: bytes
    created_at: Instant
    lease_until: Instant
    expires_at: Instant
    version: int
    status: str
    checkout_request_id: str | None
    merchant_request_id: str | None
    completed_at: Instant | None
    completed_by: str | None
    receipt: str | None
    transaction_date: str | None
    failure_code: str | None
    failure_reason: str | None
    failed_at: Instant | None
    review: str
    money: str | None
    live: bool
    locked_until: Instant
    due_at: Instant | None
    attempts: int
    asked_at: Instant | None
    claimed_at: Instant | None

    @property
    def facts(self) -> Facts:
        """What was asked for."""
        return Facts(self.id, self.amount_cents, self.expires_at, bool(self.confirm))

    @property
    def asked(self) -> Asked:
        """What has been asked about it so far."""
        return Asked(self.created_at, self.lease_until, self.expires_at, self.due_at, self.attempts, self.asked_at)

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Why a person should look at it."""
        return tuple(Flag(name) for name in self.review.split(",") if name)


class Claim(Struct, frozen=True):
    """The beginning of a body that proves nothing, and the id it names, if any."""

    received_at: Instant
    checkout_request_id: str | None
    body: bytes


class Known(NamedTuple):
    """The evidence of some payments, and the keys (payment, id) of what is not in their rows yet."""

    pieces: dict[str, list[Evidence]]
    unapplied: list[tuple[str, str]]


_FIND = select(payments).where(payments.c.id == bindparam("of_id"))


def find(connection: Connection, payment_id: str) -> Payment | None:
    """The payment of this id."""
    row = row_of(connection, _FIND, {"of_id": payment_id})
    return Payment(*row) if row else None


def find_all(connection: Connection, payment_ids: Collection[str]) -> dict[str, Payment]:
    """The payments of these ids, as far as there are any."""
    return {row[0]: Payment._make(row) for row in rows_among(connection, payments, payments.c.id, payment_ids)}


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
_KINDS = {kind.value: kind for kind in Kind}


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
    return known_of(rows_among(connection, _KNOWN, evidence.c.payment_id, payment_ids))


def add_unapplied(connection: Connection, pieces: Iterable[Evidence]) -> None:
    """Write the pieces that are not yet there, to be applied by a settle."""
    insert_new(connection, evidence, [asdict(piece) | {"applied": False} for piece in pieces])


UNAPPLIED: Final = (
    select(evidence.c.payment_id)
    .join(payments, payments.c.id == evidence.c.payment_id)
    # As the index `evidence_unapplied` says it, word for word: else SQLite goes through all evidence there is.
    .where(literal_column("not evidence.applied"), evidence.c.kind.in_([kind.value for kind in Kind]))
    .where(payments.c.review.not_like(f"%{Flag.STUCK}%"))
    .order_by(evidence.c.received_at)
    .limit(bindparam("count"))
)


def unapplied(connection: Connection, most: int) -> list[str]:
    """Payments with evidence that is not in their rows yet, the oldest evidence first: those of `most` pieces."""
    return list(dict.fromkeys(payment_id for (payment_id,) in rows_of(connection, UNAPPLIED, {"count": most})))


def with_row(payment: Payment, row: Row, due_at: Instant | None) -> Payment:
    """The payment as the evidence makes it; the flags it has already stay raised."""
    flags = sorted({*payment.flags, *row.review})
    return payment._replace(
        lease_until=0 if row.push_answered else payment.lease_until,
        status=row.status.value,
        checkout_request_id=row.checkout_request_id,
        merchant_request_id=row.merchant_request_id,
        completed_at=row.completed_at,
        completed_by=row.completed_by,
        receipt=row.receipt,
        transaction_date=row.transaction_date,
        failure_code=row.failure_code,
        failure_reason=row.failure_reason,
        failed_at=row.failed_at,
        review=",".join(flags),
        live=payment.live and row.locked_until > 0,
        locked_until=row.locked_until,
        due_at=due_at,
        claimed_at=None if row.status is Status.COMPLETED else payment.claimed_at,
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
