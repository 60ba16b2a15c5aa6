"""A signal for each type of event, and one for all (law: event types). Receivers get `event`, a WebhookEvent.

A receiver that raises makes the service send the event again.
"""

from typing import Final

from django.dispatch import Signal

event_received = Signal()
"""Every event, also of a type that this version does not know."""
payment_created = Signal()
payment_pending = Signal()
payment_completed = Signal()
payment_failed = Signal()
payment_flagged = Signal()
payment_resolved = Signal()
booking_created = Signal()
booking_held = Signal()
booking_done = Signal()
booking_disputed = Signal()
booking_released = Signal()
booking_refunding = Signal()
booking_partly_refunded = Signal()
booking_refunded = Signal()
refund_requested = Signal()
refund_approved = Signal()
refund_rejected = Signal()
refund_withdrawn = Signal()
refund_lapsed = Signal()
refund_completed = Signal()
refund_failed = Signal()
refund_unknown = Signal()
refund_returned = Signal()
payout_requested = Signal()
payout_approved = Signal()
payout_rejected = Signal()
payout_withdrawn = Signal()
payout_lapsed = Signal()
payout_completed = Signal()
payout_failed = Signal()
payout_unknown = Signal()
payout_returned = Signal()

BY_TYPE: Final[dict[str, Signal]] = {
    name.replace("_", ".", 1): signal
    for name, signal in globals().copy().items()
    if isinstance(signal, Signal) and name != "event_received"
}
"""The signal of each type of event."""
