"""What is counted before money goes out: the use of the caps, a payment's refunds, a payee's payable, repeats.

Each is counted while the merchant's turn is taken (`locks`), so that no other transaction adds to it meanwhile.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, select, text, tuple_

from pokea.clock import HOUR, Instant
from pokea.disbursements.caps import DAY, CapUse
from pokea.disbursements.life import RESERVED
from pokea.disbursements.model import Disbursement, DisbursementStatus
from pokea.ledger.entries import Account
from pokea.storage.sql import fetch_one
from pokea.storage.statements import select_in
from pokea.storage.tables import ASIDE, disbursements, postings

_COLUMNS = disbursements.c
_RESERVED_OR_PAID: Final = [*sorted(status.value for status in RESERVED), DisbursementStatus.COMPLETED.value]
OPEN_STATUSES: Final = [DisbursementStatus.REQUESTED.value, *sorted(status.value for status in RESERVED)]
"""Statuses in which a disbursement has not ended."""
_NOT_GIVEN_UP: Final = [*OPEN_STATUSES, DisbursementStatus.COMPLETED.value]
"""Money goes out, may go out, or has gone out and stayed out."""


def cap_use(connection: Connection, merchant_id: int, recipient: str, now: Instant) -> CapUse:
    """How much of the caps is used at `now`, for a disbursement to this recipient."""
    return _use(connection, _USE, merchant_id, recipient, now)


def cap_use_before(connection: Connection, row: Disbursement, now: Instant) -> CapUse:
    """How much of the caps was used by what was approved before this one, and counts at `now`."""
    first = {"of_approved": row.approved_at, "of_id": row.id}
    return _use(connection, _USE_BEFORE, row.merchant_id, row.recipient, now, first)


def most_use(connection: Connection, merchant_id: int, recipients: Collection[str], now: Instant) -> dict[str, CapUse]:
    """What is used of the caps at `now` by all that is approved, for each recipient: of no disbursement among these is
    more used by those before it."""
    whole = _use(connection, _USE, merchant_id, "", now)
    found = dict.fromkeys(recipients, whole)
    for recipient, cents in select_in(connection, _USE_EACH, _COLUMNS.recipient, recipients, {"day_ago": now - DAY}):
        found[recipient] = whole._replace(payee_day_cents=int(cents))
    return found


_USE: Final = select(
    func.coalesce(func.sum(_COLUMNS.amount_cents), 0),
    func.coalesce(func.sum(case((_COLUMNS.recipient == bindparam("of_recipient"), _COLUMNS.amount_cents), else_=0)), 0),
    func.coalesce(func.sum(case((_COLUMNS.approved_at > bindparam("hour_ago"), 1), else_=0)), 0),
).where(
    _COLUMNS.merchant_id == bindparam("of_merchant"),
    _COLUMNS.approved_at > bindparam("day_ago"),
    _COLUMNS.status.in_(_RESERVED_OR_PAID),
)
# Of every merchant's: more than enough is counted where a recipient is paid by two.
_USE_EACH: Final = (
    select(_COLUMNS.recipient, func.sum(_COLUMNS.amount_cents))
    .where(_COLUMNS.approved_at > bindparam("day_ago"), _COLUMNS.status.in_(_RESERVED_OR_PAID))
    .group_by(_COLUMNS.recipient)
)
_USE_BEFORE: Final = _USE.where(
    tuple_(_COLUMNS.approved_at, _COLUMNS.id) < tuple_(bindparam("of_approved"), bindparam("of_id"))
)


def _use(
    connection: Connection,
    statement: Select[Any],
    merchant_id: int,
    recipient: str,
    now: Instant,
    before: Mapping[str, Any] = MappingProxyType({}),
) -> CapUse:
    given = {"of_merchant": merchant_id, "of_recipient": recipient, "day_ago": now - DAY, "hour_ago": now - HOUR}
    day_cents, payee_day_cents, hourly_count = fetch_one(connection, statement, {**given, **before})
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
        # As the index says it, word for word, so that it is used.
        text(ASIDE),
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
