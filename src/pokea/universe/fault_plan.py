"""The trouble of the moment: what the network and every life's disk look at, and what Daraja is told by its own API."""

from collections.abc import Sequence
from typing import NamedTuple


class DiskFaults(NamedTuple):
    """How likely each thing is, a transaction."""

    refuse: float = 0.0
    """It cannot begin, as with a locked file."""
    fail: float = 0.0
    """It cannot be committed."""
    doubt: float = 0.0
    """It is committed, and reported as failed."""
    breaks: float = 0.0
    """It fails in a way that another attempt does not mend."""
    slow: float = 0.0
    """It takes up to several seconds."""


class NetworkFaults(NamedTuple):
    """How likely each thing is, an exchange."""

    refused: float = 0.0
    """Nobody takes the connection."""
    lost: float = 0.0
    """The request vanishes on its way."""
    cut: float = 0.0
    """The request is handled, and the connection breaks before the answer."""
    hung: float = 0.0
    """The request is handled, and the answer never comes."""
    slow: float = 0.0
    """The request takes up to half a minute to arrive."""


class Standstill(NamedTuple):
    """The database answers nothing in this time, as while another process holds its locks; then all goes through."""

    at_seconds: float
    lasts_seconds: float

    def left_seconds(self, now_seconds: float) -> float:
        """How much of it is ahead at this time; 0 outside of it."""
        ends_at = self.at_seconds + self.lasts_seconds
        return ends_at - now_seconds if self.at_seconds <= now_seconds < ends_at else 0.0


class Trouble(NamedTuple):
    """A fault and how likely it is. `where`: `daraja`, `network` or `disk`."""

    where: str
    kind: str
    likely: float
    seconds: float | None = None
    when: str | None = None


class FaultPlan:
    """Which trouble there is. Two of one kind: the worse counts, until both are over."""

    def __init__(self, standstills: Sequence[Standstill] = ()) -> None:
        self._standstills = standstills
        self.disk = DiskFaults()
        self.network = NetworkFaults()
        self.daraja: list[Trouble] = []
        self._all: list[Trouble] = []

    def begin(self, trouble: Trouble) -> None:
        """From now on."""
        self._all.append(trouble)
        self._read()

    def end(self, trouble: Trouble) -> None:
        """No longer; nothing happens if it has been cleared."""
        if trouble in self._all:
            self._all.remove(trouble)
            self._read()

    def still_seconds(self, now_seconds: float) -> float:
        """How long the database stands still from now on; 0 when it does not."""
        return max((each.left_seconds(now_seconds) for each in self._standstills), default=0.0)

    def clear(self) -> None:
        """Every trouble is over; what the database has held up until then goes through at its time."""
        self._standstills = ()
        self._all.clear()
        self._read()

    def _read(self) -> None:
        likely: dict[tuple[str, str], float] = {}
        for trouble in self._all:
            key = trouble.where, trouble.kind
            likely[key] = max(likely.get(key, 0.0), trouble.likely)
        self.disk = DiskFaults(**{kind: value for (where, kind), value in likely.items() if where == "disk"})
        self.network = NetworkFaults(**{kind: value for (where, kind), value in likely.items() if where == "network"})
        self.daraja = [trouble for trouble in self._all if trouble.where == "daraja"]
