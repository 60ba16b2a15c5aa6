"""The events of payments: of which type a change is, and what its event says of the payment. Pure."""

from operator import itemgetter
from typing import Final

from msgspec import UNSET

from pokea.clock import Instant
from pokea.events.outbox import Event, encode_state
from pokea.events.states import PaymentState
from pokea.money import shillings_json
from pokea.operations.decision import Status
from pokea.operations.store import Payment
from pokea.storage import tables

CREATED: Final = "payment.created"
"""The event of a payment's version 1."""
FLAGGED: Final = "payment.flagged"
RESOLVED: Final = "payment.resolved"

_VISIBLE: Final = [column.name for column in tables.payments.columns if column.info.get("visible")]
_visible: Final = itemgetter(*map(Payment._fields.index, _VISIBLE))


def type_of_change(was: Payment, row: Payment) -> str | None:
    """The type of event that a change of the row is; None when it cannot be seen from outside."""
    if _visible(row) == _visible(was):
        return None
    if row.status == was.status and row.flags != was.flags:
        return FLAGGED if set(row.raised) - set(was.raised) else RESOLVED
    return f"payment.{row.status}"


def event_of(payment: Payment, event_type: str, now: Instant) -> Event:
    """The event that the payment has reached its version."""
    state = PaymentState(
        booking_id=payment.booking_id,
        reference=payment.account_reference,
        status=payment.status,
        amount=shillings_json(payment.amount_cents),
        receipt=payment.receipt,
        review=payment.flags.split(",") if payment.flags else [],
        reason=payment.failure_reason or UNSET if payment.status == Status.FAILED else UNSET,
    )
    return Event(payment.id, payment.version, payment.merchant_id, event_type, now, encode_state(state))
