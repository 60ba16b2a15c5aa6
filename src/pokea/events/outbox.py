"""What happened, written in the transaction in which it happened, and published after the commit."""

from msgspec import Struct

from pokea.clock import Instant


class Event(Struct, frozen=True):
    """An object reached a version. `type` is such as `payment.completed`; the order of versions is that of delivery."""

    object_id: str
    version: int
    merchant_id: int
    type: str
    created_at: Instant
