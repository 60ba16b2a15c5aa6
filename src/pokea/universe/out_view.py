"""What officers see of money out: rows as they are in the database, read between two transactions."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from pokea.disbursements.model import Disbursement, DisbursementStatus, OutAttempt
from pokea.disbursements.sums import payable_cents
from pokea.operations.decision import Flag
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.sql import fetch_all
from pokea.storage.tables import attempts, bookings, disbursements, flags, money_out, payees, payments

MERCHANT: Final = DEFAULT_SCOPE.merchant_id


class PaidPayment(NamedTuple):
    """A completed payment."""

    id: str
    amount_cents: int


class HeldFee(NamedTuple):
    """A booking whose fee was paid and is neither released nor refunded, and whose it is."""

    booking_id: str
    customer: str
    fee_cents: int
    is_disputed: bool


class RaisedFlag(NamedTuple):
    """A flag of a payment about which no person has decided."""

    payment_id: str
    flag: Flag


class OwedPayee(NamedTuple):
    """A payee, and what is payable to them."""

    id: str
    changed_by: str
    is_confirmed: bool
    payable_cents: int


class OutView(NamedTuple):
    """All that an officer may do something about."""

    paid: Sequence[PaidPayment]
    held: Sequence[HeldFee]
    raised: Sequence[RaisedFlag]
    payees: Sequence[OwedPayee]
    rows: Sequence[Disbursement]
    unproved: Sequence[OutAttempt]
    """Attempts that were sent and of which it is not proved whether they paid."""
    is_stopped: bool

    def with_status(self, *statuses: DisbursementStatus) -> list[Disbursement]:
        """The disbursements that stand so."""
        return [row for row in self.rows if row.status in statuses]

    def of(self, attempt: OutAttempt) -> Disbursement:
        """The disbursement of an attempt."""
        return next(row for row in self.rows if row.id == attempt.disbursement_id)


_PAID: Final = select(payments.c.id, payments.c.amount_cents).where(payments.c.status == "completed").order_by("id")
_HELD: Final = (
    select(bookings.c.id, bookings.c.customer_id, bookings.c.fee_cents, bookings.c.fee_status)
    .where(bookings.c.fee_status.in_(["held", "disputed"]))
    .order_by(bookings.c.id)
)
_RAISED: Final = (
    select(flags.c.operation_id, flags.c.flag)
    .where(flags.c.closed_at.is_(None), flags.c.operation_id.like("pay_%"))
    .order_by(flags.c.operation_id, flags.c.flag)
)
_PAYEES: Final = select(payees.c.id, payees.c.changed_by, payees.c.confirmed_at).order_by(payees.c.id)
_ROWS: Final = select(disbursements).order_by(disbursements.c.id)
_UNPROVED: Final = select(attempts).where(attempts.c.status.in_(["unknown", "accepted"])).order_by(attempts.c.id)
_STOPPED: Final = select(money_out.c.is_stopped)


def look_at_money_out(connection: Connection) -> OutView:
    """Everything as it stands now."""
    return OutView(
        [PaidPayment(*row) for row in fetch_all(connection, _PAID)],
        [
            HeldFee(name, customer, cents, status == "disputed")
            for name, customer, cents, status in fetch_all(connection, _HELD)
        ],
        [RaisedFlag(payment_id, Flag(flag)) for payment_id, flag in fetch_all(connection, _RAISED)],
        [
            OwedPayee(name, changed_by, confirmed_at is not None, payable_cents(connection, MERCHANT, name))
            for name, changed_by, confirmed_at in fetch_all(connection, _PAYEES)
        ],
        [Disbursement._make(row) for row in fetch_all(connection, _ROWS)],
        [OutAttempt._make(row) for row in fetch_all(connection, _UNPROVED)],
        any(is_stopped for (is_stopped,) in fetch_all(connection, _STOPPED)),
    )
