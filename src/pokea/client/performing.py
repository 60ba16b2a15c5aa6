"""The making of one call, whichever way it is sent: how often, and what comes of it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from pokea.client.answers import Answered, Attempted, Page, Unsent
from pokea.client.calls import Call
from pokea.client.failures import ClientError, NoReply, NotPokea, NotReached
from pokea.client.problems import ServiceTrouble
from pokea.client.retrying import after

T = TypeVar("T")
TIMEOUT_SECONDS: Final = 60.0
"""A push is answered within 50 s, since Daraja may take 45 s."""
CONNECT_SECONDS: Final = 5.0
LONGEST_ANSWER_BYTES: Final = 16 * 1024 * 1024
PageCall: TypeAlias = Callable[[str | None], Call[Page[T]]]
"""The call for the page that a cursor leads to; None leads to the first."""


class Performance(Generic[T]):
    """One call over all its attempts. `url` is the service's."""

    def __init__(self, call: Call[T], url: str) -> None:
        self._call = call
        self._url = url
        self._attempts = 0
        self._last: Attempted = Unsent("it was not tried")
        self._may_be_done = False

    def pause_after(self, attempted: Attempted, chance: float) -> float | None:
        """Seconds until the call is to be sent once more; None at its end."""
        self._attempts += 1
        self._last = attempted
        what_follows = after(attempted, self._attempts, self._call.repeatable, chance)
        self._may_be_done = self._may_be_done or what_follows.may_be_done
        return what_follows.pause_seconds

    def value(self) -> T:
        """What the call comes to. Raises ClientError."""
        try:
            return self._value_of_last()
        except (NotReached, NotPokea, ServiceTrouble) as failure:
            # The last attempt did nothing; one before it may have.
            if self._may_be_done and self._call.method != "GET":
                raise self._no_reply(str(failure)) from failure
            raise

    def _value_of_last(self) -> T:
        if isinstance(self._last, Answered):
            return self._call.value_of(self._last)
        if isinstance(self._last, Unsent):
            raise NotReached(f"No service answers at {self._url}, and nothing was sent: {self._last.why}.")
        raise self._no_reply(self._last.why)

    def _no_reply(self, why: str) -> ClientError:
        return NoReply(f"{self._call.method} {self._call.path} was sent and not answered: {why}", self._call.key)


class Performer(Protocol):
    """What sends a call, and sends it again where that is safe."""

    def perform(self, call: Call[T]) -> T:
        """The value of the call. Raises ClientError."""
        ...


class AsyncPerformer(Protocol):
    """The same for asyncio."""

    async def perform(self, call: Call[T]) -> T:
        """The value of the call. Raises ClientError."""
        ...


def walk(client: Performer, page_call: PageCall[T]) -> Iterator[T]:
    """The items of a list, asked for page by page as they are taken. Raises ClientError."""
    cursor = None
    while True:
        found = client.perform(page_call(cursor))
        yield from found.items
        cursor = found.next_cursor
        if cursor is None:
            return


async def async_walk(client: AsyncPerformer, page_call: PageCall[T]) -> AsyncIterator[T]:
    """The same for asyncio."""
    cursor = None
    while True:
        found = await client.perform(page_call(cursor))
        for each in found.items:
            yield each
        cursor = found.next_cursor
        if cursor is None:
            return
