"""What is measured of each side for the goals: how it is set up, one round of it, and what is asked of its figures."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, Literal, NamedTuple, TypeAlias

from bench.load import LoadOrder, LoadResult, run_load
from bench.servers import cost_of
from bench.sides import Side
from bench.stage import Bench, Kind, cost, port_of
from tests.system.service.running import ServiceProgram

Figures: TypeAlias = Mapping[str, float]
"""What a round found, by what it is and its unit."""
Way: TypeAlias = Callable[[], Figures]

SERVICE: Final = "CPU µs, service"
DATABASE: Final = "CPU µs, database"
BOTH: Final = "CPU µs, both"
RATE: Final = "a second"
P50: Final = "p50 ms"
P99: Final = "p99 ms"


class Goal(NamedTuple):
    """What is asked of a figure: itself, and its ratio to dca56ab's, from which the goals were set. CPU depends on the
    machine, so beside an earlier release its ratio alone counts; 0 is no goal."""

    limit: float = 0
    share: float = 0
    sense: Literal["at least", "at most"] = "at most"


class Measure(NamedTuple):
    """One thing that is measured. `opened` sets a side up, and gives what runs one round; `rounds` of 0 leaves their
    number to the run. Where it is warmed, one round more comes first and is not counted."""

    name: str
    says: str
    opened: Callable[[Bench, Side], AbstractContextManager[Way]]
    goals: Mapping[str, Goal] = {}
    rounds: int = 0
    is_warmed: bool = True


class Meter:
    """What a running service and its database cost, from now on."""

    def __init__(self, bench: Bench, kind: Kind, service: ServiceProgram) -> None:
        self.port = port_of(service)
        self._bench = bench
        self._kind = kind
        self._service = service

    def spent(self) -> tuple[float, float]:
        """CPU seconds so far of the service and of PostgreSQL; SQLite's are in the service's."""
        server = cost_of(self._bench.postgres.pid).cpu_seconds if self._kind == "postgresql" else 0.0
        return cost(self._service).cpu_seconds, server

    def load(self, order: LoadOrder, status: int) -> Figures:
        """Send a load whose every answer must have this status, and say what one call of it cost."""
        return self.load_and_result(order, status)[0]

    def load_and_result(self, order: LoadOrder, status: int) -> tuple[Figures, LoadResult]:
        """As `load`, with all that came of it."""
        service, server = self.spent()
        result = run_load(order)
        service_after, server_after = self.spent()
        assert set(result.counts) == {status}, result.counts
        one = 1e6 / result.answered
        own, others = (service_after - service) * one, (server_after - server) * one
        found = {SERVICE: own, RATE: result.rate, P50: result.percentile(50), P99: result.percentile(99)}
        return ({**found, DATABASE: others, BOTH: own + others} if self._kind == "postgresql" else found), result
