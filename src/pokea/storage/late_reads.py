"""The door for lists and figures, which may be a few seconds old: from a standby where one is near enough, else from
the primary. Its holder can do nothing else by it.

What a standby does not show may be there all the same. So nothing may be concluded from what is read here: no status,
no limit, no key, no absence. A contract of pyproject.toml names the few modules that may import this one, and each
answer carries its age.
"""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, ParamSpec, TypeVar

from pokea.clock import Instant
from pokea.errors import Unavailable
from pokea.storage.database import Database, Query
from pokea.storage.standby import Standby

P = ParamSpec("P")
T = TypeVar("T")

_NEVER: Final[Instant] = 10**17
"""Before no standby shows anything of it."""


class Freshness(NamedTuple):
    """What may be read: `is_late` where a standby will do, if it shows what was committed before `not_before`."""

    is_late: bool
    not_before: Instant = 0


LATE: Final = Freshness(is_late=True)
CURRENT: Final = Freshness(is_late=False)


class Aged(NamedTuple, Generic[T]):
    """What was found, how many seconds old it is at the most, and up to when it is complete.

    `as_of` is an instant of the primary's clock for a later read's `not_before`; 0 where there is no standby.
    """

    found: T
    age_seconds: float
    as_of: Instant


class LateReads:
    """Reads, each of one moment. `note` is called with where it was read, `standby` or `primary`, if there is a
    standby."""

    def __init__(
        self, primary: Database, standby: Standby | None = None, note: Callable[[str], None] = lambda _where: None
    ) -> None:
        self._primary = primary
        self._standby = standby
        self._note = note

    async def read_one(self, wanted: Freshness, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> Aged[T]:
        """As `Database.read_one`. Raises Unavailable when the primary does not answer in time, either."""
        late = await self._read_late(wanted, query, *args, **kwargs)
        return late or await self._current(await self._primary.read_one(query, *args, **kwargs))

    async def read_snapshot(self, wanted: Freshness, query: Query[P, T], *args: P.args, **kwargs: P.kwargs) -> Aged[T]:
        """As `Database.read_snapshot`. Raises Unavailable when the primary does not answer in time, either."""
        late = await self._read_late(wanted, query, *args, **kwargs)
        return late or await self._current(await self._primary.read_snapshot(query, *args, **kwargs))

    async def _read_late(
        self, wanted: Freshness, query: Query[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> Aged[T] | None:
        if self._standby is None or not wanted.is_late:
            return None
        read = await self._standby.read(wanted.not_before, query, *args, **kwargs)
        if read is None:
            return None
        self._note("standby")
        found, shown = read
        return Aged(found, shown.age_seconds, shown.as_of)

    async def _current(self, found: T) -> Aged[T]:
        if self._standby is None:
            return Aged(found, 0.0, 0)
        self._note("primary")
        try:
            return Aged(found, 0.0, await self._standby.moment(self._primary))
        except Unavailable:
            return Aged(found, 0.0, _NEVER)
