"""Callbacks: how many a second become durable settlements, over HTTP, beside `pgbench` doing the database's part."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from msgspec import Struct
from sqlalchemy import Connection

from bench import pgbench
from bench.load import MANY_CONNECTIONS, LoadOrder, run_load
from bench.made import Made, callback_request, check_settled, make_payments
from bench.report import Bar, Table, alternate, median, ratio
from bench.servers import cost_of
from bench.stage import Bench, Kind, cost, port_of
from pokea.clock import SystemClock
from pokea.daraja.callback import CallbackReading, read_callback
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Delivery
from pokea.operations.settle import settle
from pokea.operations.tokens import PaymentTokens
from pokea.payments.flow import PaymentFlow
from pokea.redact import Secret
from pokea.storage.database import open_database
from tests.system.service.running import SECRET_KEY, ServiceProgram

SAYS = "Callbacks a second from HTTP to durable, beside pgbench settling one a transaction; CPU of each; latency."
_CONNECTIONS = 64
"""For latencies; rates take more."""
_PEAK = 6_000
"""Transactions a second: M-PESA's published national peak."""
_BATCH = 64
_LONGEST_P99_MS = 50
_P99_TO_P50 = 5
_SQLITE_SHARE = 0.8
ONE, TWO, FILE = "PostgreSQL, 1 process", "PostgreSQL, 2 processes", "SQLite, 1 process"
STATEMENT, STATEMENTS = pgbench.WAYS
_SERVED: dict[str, tuple[Kind, int]] = {ONE: ("postgresql", 1), TWO: ("postgresql", 2), FILE: ("sqlite", 1)}


class Run(Struct, frozen=True):
    """One load: callbacks a second, CPU microseconds a callback, and the latencies of its answers in milliseconds."""

    rate: float
    service_us: float
    database_us: float
    p50_ms: float = 0
    p99_ms: float = 0

    @property
    def cpu_us(self) -> float:
        """Service and database together."""
        return self.service_us + self.database_us


class Site:
    """A service that runs on a database of its own, and takes loads of payments that are made for it."""

    def __init__(self, bench: Bench, kind: Kind, url: str, service: ServiceProgram) -> None:
        self.port = port_of(service)
        self._bench = bench
        self._kind = kind
        self._url = url
        self._service = service
        self._first = itertools.count(1, 1_000_000)

    def pay(self, count: int, rate: float = 0.0, connections: int = _CONNECTIONS) -> Run:
        """Make payments, send their callbacks, and hold what is in the database against what was acknowledged."""
        made = make_payments(self._url, count, next(self._first))
        before, database_before = cost(self._service).cpu_seconds, self._database_seconds()
        result = run_load(LoadOrder(self.port, made.callbacks, connections, seconds=60, rate=rate))
        assert set(result.counts) == {200}, result.counts
        service = cost(self._service).cpu_seconds - before
        database = self._database_seconds() - database_before
        check_settled(made)
        micro = 1e6 / count
        figures = (result.rate, service * micro, database * micro, result.percentile(50), result.percentile(99))
        return Run(*figures)

    def _database_seconds(self) -> float:
        return cost_of(self._bench.postgres.pid).cpu_seconds if self._kind == "postgresql" else 0.0


def run(bench: Bench) -> Iterator[Table]:
    """Alternate all ways for some rounds, then send at half of what was reached."""
    count = bench.pick(8_000, 320)
    with ExitStack() as stack:
        sites = {name: _site(bench, stack, kind, workers) for name, (kind, workers) in _SERVED.items()}
        ways: dict[str, Callable[[], Run]] = {
            name: lambda site=site: site.pay(count, connections=MANY_CONNECTIONS)  # type: ignore[misc]  # the loop's site, bound now
            for name, site in sites.items()
        }
        for way in pgbench.WAYS:
            url = stack.enter_context(bench.database())
            firsts = itertools.count(1, 1_000_000)
            ways[way] = lambda way=way, url=url, firsts=firsts: _alone(bench, way, url, next(firsts), count)  # type: ignore[misc]  # as above
        for site in sites.values():
            site.pay(count // 4)
        found = alternate(bench.rounds, {name: _saying(bench, name, way) for name, way in ways.items()})
        yield _rates(found)
        yield _latencies(bench, sites, count)
    yield _parts(bench, found[ONE])


def _site(bench: Bench, stack: ExitStack, kind: Kind, workers: int) -> Site:
    url = stack.enter_context(bench.database(kind))
    options = ("--workers", str(workers)) if workers > 1 else ()
    return Site(bench, kind, url, stack.enter_context(bench.service(url, "--no-background", *options)))


def _saying(bench: Bench, name: str, way: Callable[[], Run]) -> Callable[[], Run]:
    def said() -> Run:
        bench.say(name)
        return way()

    return said


def _alone(bench: Bench, way: str, url: str, first: int, count: int) -> Run:
    made = make_payments(url, count, first)
    settled = pgbench.settle(bench, way, made)
    check_settled(made)
    return Run(settled.rate, settled.client_us, settled.database_us)


def _rates(found: dict[str, list[Run]]) -> Table:
    rates = {name: [each.rate for each in runs] for name, runs in found.items()}
    cpu = {name: [each.cpu_us for each in runs] for name, runs in found.items()}
    best = max((ONE, TWO), key=lambda name: median(rates[name]))
    rows = [
        (
            name,
            median(rates[name]),
            ratio(rates[name], rates[STATEMENT]),
            median(each.service_us for each in runs),
            median(each.database_us for each in runs),
            median(cpu[name]),
            ratio(cpu[name], cpu[STATEMENT]),
        )
        for name, runs in found.items()
    ]
    return Table(
        "Callbacks settled a second",
        ("", "a second", "to pgbench", "CPU µs service or client", "database", "both", "to pgbench's"),
        rows,
        [
            Bar(f"{best}, to pgbench settling in one statement", ratio(rates[best], rates[STATEMENT]), 1),
            Bar(f"{best}, to the published peak of M-PESA", median(rates[best]) / _PEAK, 1),
            Bar("CPU of a callback on PostgreSQL, to pgbench's", ratio(cpu[ONE], cpu[STATEMENT]), 1, "at most"),
            Bar("SQLite to PostgreSQL, one process each", ratio(rates[FILE], rates[ONE]), _SQLITE_SHARE),
        ],
        [
            f"{MANY_CONNECTIONS} connections, each with a callback at a time; pgbench has {pgbench.CLIENTS} clients.",
            "After each load every payment had one settlement, one pair of postings, one event and a held fee.",
        ],
    )


def _latencies(bench: Bench, sites: dict[str, Site], count: int) -> Table:
    rows, bars = [], []
    for name, site in sites.items():
        bench.say(f"{name}, all and then half of what goes through {_CONNECTIONS} connections")
        runs = [site.pay(count) for _ in range(bench.rounds)]
        p50, p99 = median(each.p50_ms for each in runs), median(each.p99_ms for each in runs)
        rate = median(each.rate for each in runs) / 2
        half = site.pay(max(64, int(rate * bench.pick(5, 1))), rate)
        rows.append((name, p50, p99, rate, half.p50_ms, half.p99_ms))
        bars.append(Bar(f"{name}: p99 to p50 at {_CONNECTIONS} connections", p99 / p50, _P99_TO_P50, "at most"))
        bars.append(Bar(f"{name}: p99 at half of its rate", half.p99_ms, _LONGEST_P99_MS, "at most", "ms"))
    columns = ("", "full: p50 ms", "p99 ms", "half: a second", "p50 ms", "p99 ms")
    return Table("From a callback's sending to its answer", columns, rows, bars)


def _parts(bench: Bench, runs: Sequence[Run]) -> Table:
    """What a callback's CPU goes to. Reading and settling are measured alone, in this process; HTTP is the rest."""
    count = bench.pick(4_096, 256)
    with bench.database() as url:
        made = make_payments(url, count)
        bodies = [callback_request(number).split(b"\r\n\r\n", 1)[1] for number in made.numbers]
        began = time.process_time()
        readings = [read_callback(body) for body in bodies]
        reading = (time.process_time() - began) * 1e6 / count
        settling = _settling(made, bodies, [each for each in readings if each is not None]) * 1e6 / count
    service = median(each.service_us for each in runs)
    parts = {
        "HTTP": max(0.0, service - reading - settling),
        "reading the body": reading,
        f"settling, by {_BATCH} a batch": settling,
        "the database": median(each.database_us for each in runs),
    }
    return Table(f"CPU of a callback, {ONE}", ("Part", "µs"), list(parts.items()))


def _settling(made: Made, bodies: Sequence[bytes], readings: Sequence[CallbackReading]) -> float:
    """CPU seconds of this process for settling them all."""
    tokens = PaymentTokens(Secret(SECRET_KEY))
    now = SystemClock().now()
    arrived = [
        Delivery(tokens.callback_token(payment_id), reading, body, now, payment_id)
        for payment_id, reading, body in zip(made.ids, readings, bodies, strict=True)
    ]
    database = open_database(made.database_url)

    def settled(connection: Connection, first: int) -> None:
        settle(connection, Batch(now, arrived[first : first + _BATCH]), PaymentFlow(tokens.proves))

    began = time.process_time()
    for first in range(0, len(arrived), _BATCH):
        with database.engine.begin() as connection:
            settled(connection, first)
    spent = time.process_time() - began
    database.close()
    return spent
