"""What happened, written in the transaction in which it happened, and told after the commit."""

from msgspec import Struct

from pokea.clock import Instant


class Event(Struct, frozen=True):
    """A payment reached a version. `kind` is such as `payment.completed`; the order of versions is that of telling."""

    payment_id: str
    version: int
    kind: str
    created_at: Instant
