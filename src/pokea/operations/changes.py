"""What a settle writes, as one value: decided first, then written at once (law: settler, 1).

Each dialect writes it in its own way: `on_postgres.py` in one statement, `on_sqlite.py` row by row.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from pokea.analytics.counting import Deltas
from pokea.clock import Instant
from pokea.events.outbox import Event
from pokea.ledger.entries import Posting
from pokea.operations.evidence import Evidence
from pokea.operations.store import Payment


class LockedParents(NamedTuple):
    """Who owns the receipts that were asked for, and how the fees stand of the bookings that were locked."""

    receipts: dict[str, str]
    fees: dict[str, str]


class FeeHeld(Struct, frozen=True):
    """A booking's fee is held by this payment since then."""

    booking_id: str
    payment_id: str
    paid_at: Instant


class ChangeSet(Struct, frozen=True):
    """All that a batch leaves behind, besides bodies that prove nothing.

    `evidence` is new and in the rows; `disputes` are new and not in them yet; `applied` names pieces, by payment and
    id, that were stored before and are in the rows now; `payments` are the rows that change.
    """

    evidence: Sequence[Evidence] = ()
    disputes: Sequence[Evidence] = ()
    applied: Sequence[tuple[str, str]] = ()
    payments: Sequence[Payment] = ()
    postings: Sequence[Posting] = ()
    held: Sequence[FeeHeld] = ()
    events: Sequence[Event] = ()
    counts: Deltas = Deltas([], [])


DERIVED = (
    *("version", "lease_until", "status", "request_id", "originator_id", "completed_at"),
    *("completed_by", "receipt", "provider_time", "failure_code", "failure_reason", "failed_at", "review"),
    *("disposition", "is_locking", "locked_until", "next_action_at", "inquiry_requested_at"),
)
"""The columns of a payment that follow from its evidence; the settler alone writes them."""
