"""What one process publishes to the others of the same database: ids of payments that have changed (law: events)."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

OnIds = Callable[[Sequence[str]], None]
Again = Callable[[], None]


class ChangeFeed(Protocol):
    """The way to the other processes, and from them."""

    @property
    def is_connected(self) -> bool:
        """Whether what others send comes through at the moment."""
        ...

    def listen(self, on_ids: OnIds, again: Again) -> None:
        """Begin to listen, if this was not begun: ids go to `on_ids`, and `again` says that some may have been
        missed."""
        ...

    def send(self, payment_ids: Collection[str]) -> None:
        """Let the others know, soon; whether they do is not known."""
        ...

    async def close(self) -> None:
        """Hear and send no more."""
        ...


class NoChangeFeed:
    """For a database without notifications: watchers have to poll."""

    is_connected = False

    def listen(self, on_ids: OnIds, again: Again) -> None:
        """No notice will come."""

    def send(self, payment_ids: Collection[str]) -> None:
        """No process receives it."""

    async def close(self) -> None:
        """There is nothing to end."""
