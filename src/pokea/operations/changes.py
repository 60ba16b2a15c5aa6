"""What a settle writes, as one value: decided first, then written at once (law: settler, 1).

Each dialect writes it in its own way: `postgres.py` in one statement, `sqlite.py` row by row.
"""

from collections.abc import Sequence

from msgspec import Struct

from pokea.analytics.counting import Deltas
from pokea.clock import Instant
from pokea.events.outbox import Event
from pokea.ledger.entries import Posting
from pokea.operations.evidence import Evidence
from pokea.operations.flow import Transition
from pokea.operations.store import Payment


class Raised(Struct, frozen=True):
    """A flag that is raised by this batch and was not before."""

    operation_id: str
    flag: str
    raised_at: Instant


class ChangeSet(Struct, frozen=True):
    """All that a batch leaves behind, besides bodies that prove nothing.

    `evidence` is new and in the rows; `disputes` are new and not in them yet; `applied` names evidence, by operation
    and id, that was stored before and is in the rows now. Of payments, `changed` have another wide row, `opened` have
    an open row that changes or begins, and `closed` are the ids of those whose open row goes.
    """

    evidence: Sequence[Evidence] = ()
    disputes: Sequence[Evidence] = ()
    applied: Sequence[tuple[str, str]] = ()
    changed: Sequence[Payment] = ()
    opened: Sequence[Payment] = ()
    closed: Sequence[str] = ()
    flags: Sequence[Raised] = ()
    postings: Sequence[Posting] = ()
    transitions: Sequence[Transition] = ()
    events: Sequence[Event] = ()
    counts: Deltas = Deltas([], [])
