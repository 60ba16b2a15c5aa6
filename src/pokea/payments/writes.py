"""What a settle writes, as one value: decided first, then written at once (law 6.1).

Each dialect writes it in its own way: `on_postgres.py` in one statement, `on_sqlite.py` row by row.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from pokea.analytics.counting import Deltas
from pokea.clock import Instant
from pokea.escrow.ledger import Posting
from pokea.events.outbox import Event
from pokea.payments.evidence import Evidence
from pokea.payments.store import Payment


class Owned(NamedTuple):
    """Who owns the receipts that were asked for, and how the fees stand of the bookings that were locked."""

    receipts: dict[str, str]
    fees: dict[str, str]


class Held(Struct, frozen=True):
    """A booking's fee is held by this payment since then."""

    booking_id: str
    payment_id: str
    paid_at: Instant


class Writes(Struct, frozen=True):
    """All that a batch leaves behind, besides bodies that prove nothing.

    `evidence` is new and in the rows; `disputes` are new and not in them yet; `applied` names pieces, by payment and
    id, that were stored before and are in the rows now; `payments` are the rows that change.
    """

    evidence: Sequence[Evidence] = ()
    disputes: Sequence[Evidence] = ()
    applied: Sequence[tuple[str, str]] = ()
    payments: Sequence[Payment] = ()
    postings: Sequence[Posting] = ()
    held: Sequence[Held] = ()
    events: Sequence[Event] = ()
    counts: Deltas = Deltas([], [])


FOLLOWING = (
    *("version", "lease_until", "status", "checkout_request_id", "merchant_request_id", "completed_at"),
    *("completed_by", "receipt", "transaction_date", "failure_code", "failure_reason", "failed_at", "review"),
    *("money", "live", "locked_until", "due_at", "claimed_at"),
)
"""The columns of a payment that follow from its evidence; the settler alone writes them."""
