"""What is counted before money goes out: the use of the caps, a payment's refunds, a payee's payable, repeats.

Each is counted while the merchant's turn is taken (`locks`), so that no other transaction adds to it meanwhile.
"""

from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, tuple_

from pokea.clock import HOUR, Instant
from pokea.disbursements.caps import DAY, CapUse
from pokea.disbursements.life import RESERVED
from pokea.disbursements.model import Disbursement, DisbursementStatus
from pokea.ledger.entries import Account
from pokea.storage.tables import disbursements, postings

_COLUMNS = disbursements.c
_RESERVED_OR_PAID: Final = [*sorted(status.value for status in RESERVED), DisbursementStatus.COMPLETED.value]
OPEN_STATUSES: Final = [DisbursementStatus.REQUESTED.value, *sorted(status.value for status in RESERVED)]
"""Statuses in which a disbursement has not ended."""
_NOT_GIVEN_UP: Final = [*OPEN_STATUSES, DisbursementStatus.COMPLETED.value]
"""Money goes out, may go out, or has gone out and stayed out."""


def cap_use(connection: Connection, merchant_id: int, recipient: str, now: Instant) -> CapUse:
    """How much of the caps is used at `now`, for a disbursement to this recipient."""
    return _use(connection, merchant_id, recipient, now)


def cap_use_before(connection: Connection, row: Disbursement, now: Instant) -> CapUse:
    """How much of the caps was used by what was approved before this one, and counts at `now`."""
    earlier = tuple_(_COLUMNS.approved_at, _COLUMNS.id) < (row.approved_at, row.id)
    return _use(connection, row.merchant_id, row.recipient, now, earlier)


def _use(
    connection: Connection, merchant_id: int, recipient: str, now: Instant, *conditions: ColumnElement[bool]
) -> CapUse:
    is_to_recipient = _COLUMNS.recipient == recipient
    counted = select(
        func.coalesce(func.sum(_COLUMNS.amount_cents), 0),
        func.coalesce(func.sum(case((is_to_recipient, _COLUMNS.amount_cents), else_=0)), 0),
        func.coalesce(func.sum(case((_COLUMNS.approved_at > now - HOUR, 1), else_=0)), 0),
    ).where(
        _COLUMNS.merchant_id == merchant_id,
        _COLUMNS.approved_at > now - DAY,
        _COLUMNS.status.in_(_RESERVED_OR_PAID),
        *conditions,
    )
    day_cents, payee_day_cents, hourly_count = connection.execute(counted).one()
    return CapUse(int(day_cents), int(payee_day_cents), int(hourly_count))


def refunded_cents(connection: Connection, payment_id: str, *, besides: str = "") -> int:
    """The sum of a payment's refunds that are not failed, without the one of the id `besides`."""
    return _sum(connection, _COLUMNS.payment_id == payment_id, _COLUMNS.id != besides)


def wanted_of_payee_cents(connection: Connection, payee_id: str, *, besides: str = "") -> int:
    """The sum of a payee's payouts that are requested and not approved, which no posting shows yet."""
    is_requested = _COLUMNS.status == DisbursementStatus.REQUESTED.value
    return _sum(connection, _COLUMNS.payee_id == payee_id, is_requested, _COLUMNS.id != besides)


def _sum(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    total = select(func.coalesce(func.sum(_COLUMNS.amount_cents), 0))
    return int(connection.execute(total.where(_COLUMNS.status.in_(_NOT_GIVEN_UP), *conditions)).scalar_one())


def payable_cents(connection: Connection, merchant_id: int, payee_id: str) -> int:
    """What the payee is owed: released and neither paid out nor reserved to be; below zero where more was paid."""
    columns = postings.c
    owed = select(func.coalesce(-func.sum(columns.amount_cents), 0)).where(
        columns.merchant_id == merchant_id,
        columns.account == Account.PROVIDER_PAYABLE.value,
        columns.party_id == payee_id,
    )
    return int(connection.execute(owed).scalar_one())


def find_repeat(connection: Connection, row: Disbursement) -> str | None:
    """Another one of the same recipient and amount within 24 hours that is open or completed (law: who may)."""
    repeats = (
        select(_COLUMNS.id)
        .where(
            _COLUMNS.merchant_id == row.merchant_id,
            _COLUMNS.recipient == row.recipient,
            _COLUMNS.created_at > row.created_at - DAY,
            _COLUMNS.amount_cents == row.amount_cents,
            _COLUMNS.status.in_(_NOT_GIVEN_UP),
            _COLUMNS.id != row.id,
        )
        .order_by(_COLUMNS.created_at.desc())
        .limit(1)
    )
    return connection.execute(repeats).scalar()


def has_open_payout(connection: Connection, payee_id: str) -> bool:
    """Whether a payout to this payee has not ended."""
    is_open = and_(_COLUMNS.payee_id == payee_id, _COLUMNS.status.in_(OPEN_STATUSES))
    return connection.execute(select(_COLUMNS.id).where(is_open).limit(1)).first() is not None
