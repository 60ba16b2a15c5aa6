"""Overload: three times what the service can settle, and a database that stops for a while."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from msgspec import Struct

from bench.load import LoadOrder, LoadResult, percentile, run_load, start_load
from bench.made import Made, check_settled, make_payments
from bench.report import Bar, Table, median
from bench.servers import tree
from bench.stage import Bench, cost, port_of
from tests.system.service.running import ServiceProgram

SAYS = "Callbacks at three times the highest rate, and while the database stands still: memory, what is shed, recovery."
_TIMES = 3
_CONNECTIONS = 1_024
_MOST_MB = 400
_SHARE_AFTERWARDS = 0.8
_LOADS = 3
_BACK_WITHIN_SECONDS = 5.0
_PATIENCE_SECONDS = 7.0
"""The law's five seconds, and the time that the machine takes to say so."""


class Ordeal(Struct, frozen=True):
    """What happened to one load, and the most memory in MB that the service took meanwhile."""

    result: LoadResult
    most_mb: float
    stood_still: tuple[float, float] = (0.0, 0.0)


def run(bench: Bench) -> Iterator[Table]:
    """Find the highest rate, then both ordeals, each followed by an ordinary load."""
    with bench.database() as url, bench.service(url, "--no-background") as service:
        firsts = itertools.count(10_000_001, 1_000_000)
        _ordinary(bench, service, url, firsts)
        highest = _ordinary(bench, service, url, firsts)
        many = make_payments(url, bench.pick(60_000, 2_000), 1_000_001)
        bench.say(f"{_TIMES} times {highest:.0f} a second")
        crowded = _endure(service, many, highest * _TIMES, bench.pick(60, 5))
        after_crowd = _ordinary(bench, service, url, firsts)
        seconds = bench.pick(24, 12)
        # So few that there is a connection for each, since nobody can be answered before he has one.
        steady = min(highest / 4, _CONNECTIONS / _PATIENCE_SECONDS)
        waiting = make_payments(url, max(100, int(steady * seconds)), 3_000_001)
        bench.say("the database stands still")
        stopped = _endure(service, waiting, steady, seconds, bench)
        after_stop = _ordinary(bench, service, url, firsts)
    yield _table(
        f"{_TIMES} times the highest rate ({highest:,.0f} a second), {_CONNECTIONS} connections",
        crowded,
        after_crowd / highest,
    )
    slowest, back = _slowest_refusal(stopped), _back_after(stopped)
    yield _table(
        f"A database that stands still for ten seconds, at {steady:,.0f} a second",
        stopped,
        after_stop / highest,
        Bar("The longest that anybody waited for a 503", slowest, _PATIENCE_SECONDS, "at most", "s"),
        Bar("From its return to the first settlement", back, _BACK_WITHIN_SECONDS, "at most", "s"),
    )


def _ordinary(bench: Bench, service: ServiceProgram, url: str, firsts: Iterator[int]) -> float:
    """The rate of ordinary loads of a few seconds, one after the other: the middle one."""
    rates = []
    for _ in range(_LOADS):
        made = make_payments(url, bench.pick(3_000, 400), next(firsts))
        result = run_load(LoadOrder(port_of(service), made.callbacks))
        assert set(result.counts) == {HTTPStatus.OK}, result.counts
        check_settled(made, range(made.count))
        rates.append(result.rate)
    return median(rates)


def _endure(service: ServiceProgram, made: Made, rate: float, seconds: float, stops: Bench | None = None) -> Ordeal:
    """Send at this rate, whatever is answered; with `stops`, PostgreSQL stands still for a while in the middle."""
    order = LoadOrder(port_of(service), made.callbacks, _CONNECTIONS, seconds, rate, repeat=True)
    over = threading.Event()
    seen = [cost(service).memory_mb]
    watcher = threading.Thread(target=_watch, args=(service, seen, over))
    watcher.start()
    still = (0.0, 0.0)
    try:
        with start_load(order) as load:
            if stops is not None:
                time.sleep(2)
                with _standing_still(stops):
                    began = time.perf_counter()
                    time.sleep(stops.pick(10, 7))
                still = (began, time.perf_counter())
            result = load.result()
    finally:
        over.set()
        watcher.join()
    acknowledged = {number % made.count for number, status in enumerate(result.statuses) if status == HTTPStatus.OK}
    check_settled(made, sorted(acknowledged))
    return Ordeal(result, max(seen), still)


def _watch(service: ServiceProgram, seen: list[float], over: threading.Event) -> None:
    while not over.wait(1.0):
        seen.append(cost(service).memory_mb)


@contextmanager
def _standing_still(bench: Bench) -> Iterator[None]:
    """Every process of PostgreSQL stops where it is, and goes on afterwards."""
    processes = list(tree(bench.postgres.pid))
    _signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(processes, signal.SIGCONT)


def _signal(processes: Sequence[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


def _slowest_refusal(ordeal: Ordeal) -> float:
    """Seconds from sending to a 503, the most of all."""
    times = zip(ordeal.result.statuses, ordeal.result.due_at, ordeal.result.answered_at, strict=True)
    refused = HTTPStatus.SERVICE_UNAVAILABLE
    return max((answered - due for status, due, answered in times if status == refused), default=0.0)


def _back_after(ordeal: Ordeal) -> float:
    """Seconds from the database's return to the first callback that was sent since and settled."""
    returned = ordeal.stood_still[1]
    times = zip(ordeal.result.statuses, ordeal.result.due_at, ordeal.result.answered_at, strict=True)
    settled = [answered for status, due, answered in times if status == HTTPStatus.OK and due > returned]
    return min(settled, default=float("inf")) - returned


def _table(title: str, ordeal: Ordeal, afterwards: float, *bars: Bar) -> Table:
    result = ordeal.result
    others = set(result.counts) - {0, HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    assert not others, result.counts
    row = (
        len(result.statuses),
        result.counts[HTTPStatus.OK],
        result.counts[HTTPStatus.SERVICE_UNAVAILABLE],
        result.rate,
        percentile(result.latencies, 50) * 1000,
        percentile(result.latencies, 99) * 1000,
        ordeal.most_mb,
    )
    return Table(
        title,
        ("sent", "settled", "503", "settled a second", "p50 ms", "p99 ms", "most MB"),
        [row],
        [
            Bar("Memory of the service", ordeal.most_mb, _MOST_MB, "at most", "MB"),
            Bar("The rate afterwards, to the one before", afterwards, _SHARE_AFTERWARDS),
            *bars,
        ],
        ["Every callback that was acknowledged is settled once. Latency counts from when a callback was due."],
    )
