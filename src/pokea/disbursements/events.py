"""The events of refunds and payouts, and what they say of one: neither a phone nor Daraja's words. Pure."""

from pokea.clock import Instant
from pokea.disbursements.model import Disbursement
from pokea.events.outbox import Event, encode_state
from pokea.events.states import DisbursementEventState
from pokea.money import shillings_json


def event_of_disbursement(row: Disbursement, event_type: str, now: Instant) -> Event:
    """The event that the disbursement has reached its version."""
    state = DisbursementEventState(
        status=row.status,
        amount=shillings_json(row.amount_cents),
        way=row.way,
        payment_id=row.payment_id,
        payee_id=row.payee_id,
        booking_id=row.booking_id,
        receipt=row.receipt,
        review=row.flags.split(",") if row.flags else [],
    )
    return Event(row.id, row.version, row.merchant_id, event_type, now, encode_state(state))
