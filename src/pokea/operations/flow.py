"""What differs from one kind of operation to another, as values: the only thing that a settle knows of a domain.

Every operation has the same life: its evidence is read, decided by one pure function, and takes effect once. A `Flow`
says whose evidence a token proves, which parents must be locked before money moves, and what follows from what has
completed: postings, transitions of parents, and flags.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from pokea.clock import Instant
from pokea.ledger.entries import Posting
from pokea.operations.decision import Classified, Flag
from pokea.operations.rules import PushRules
from pokea.operations.store import Payment


class LockedParents(NamedTuple):
    """Which operation owns each wanted receipt, and the fee status of each booking that is locked."""

    receipts: dict[str, str]
    fees: dict[str, str]


class Transition(Struct, frozen=True):
    """A change of a booking's fee, made only if its status is still `before`; else the whole batch fails.

    `event` is the type of the booking's event that the change is, and `data` what that event says of the booking.
    """

    booking_id: str
    before: str
    after: str
    status: str
    payment_id: str
    paid_at: Instant
    event: str
    data: str


class Effects(NamedTuple):
    """What follows from operations that have completed, each decided once.

    `dispositions` says of each what its money does; `flags` are raised beside those of its evidence.
    """

    postings: Sequence[Posting] = ()
    transitions: Sequence[Transition] = ()
    dispositions: Mapping[str, str] = {}
    flags: Mapping[str, frozenset[Flag]] = {}


class Flow(Protocol):
    """One kind of operation."""

    @property
    def rules(self) -> PushRules:
        """What its decision and its schedule count in."""

    def proves(self, token: str, operation_id: str) -> bool:
        """Whether the token of an address is that of this operation."""

    def parents(self, payment: Payment, classified: Classified) -> Collection[str]:
        """The bookings that must be locked before this evidence takes effect."""

    def effects(
        self,
        after: Mapping[str, Payment],
        classified: Mapping[str, Classified],
        parents: LockedParents,
        now: Instant,
    ) -> Effects:
        """What follows from the operations of a batch that have completed and taken no effect yet."""
