"""What processes cost: a service at rest, the beginning of a demo and of a command, and a call to another server."""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from bench.acceptor import Acceptor
from bench.measures import Figures, Goal, Measure
from bench.sides import ROOT, Side
from bench.stage import Bench, Kind, cost

_MEMORY: Final = "MB at rest"
_ANSWERS: Final = "answers after s"
_BEGINNING: Final = "CPU s of the beginning"
_CALL: Final = "CPU µs a call"
_SETTLES_SECONDS: Final = 3.0


@contextmanager
def _rest(bench: Bench, side: Side, *, kind: Kind) -> Iterator[Callable[[], Figures]]:
    with bench.database_of(side, kind) as url:

        def rest() -> Figures:
            with side.service(bench, url) as service:
                time.sleep(_SETTLES_SECONDS)
                found = cost(service)
                return {_MEMORY: found.memory_mb, _BEGINNING: found.cpu_seconds}

        yield rest


@contextmanager
def _demo(bench: Bench, side: Side) -> Iterator[Callable[[], Figures]]:
    def begin() -> Figures:
        with side.demo(bench) as program:
            began = time.perf_counter()
            program.start()
            took = time.perf_counter() - began
            return {_ANSWERS: took, _BEGINNING: cost(program).cpu_seconds}

    yield begin


@contextmanager
def _help(bench: Bench, side: Side) -> Iterator[Callable[[], Figures]]:
    def ask() -> Figures:
        before, began = cost_of_children(), time.perf_counter()
        side.run("-m", "pokea", "--help")
        return {"s": time.perf_counter() - began, "CPU s": cost_of_children() - before}

    yield ask


def cost_of_children() -> float:
    """CPU seconds of the processes that this one has started, and that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


@contextmanager
def _calls(bench: Bench, side: Side, *, tls: bool, at_once: int) -> Iterator[Callable[[], Figures]]:
    with Acceptor(bench.new_folder(), tls=tls) as daraja:
        count = bench.pick(2_000, 100)

        def send() -> Figures:
            trust = daraja.trust
            spent = side.run(
                "-P", str(ROOT / "bench" / "calling.py"), daraja.url, str(count), str(at_once), environment=trust
            )
            return {_CALL: float(spent) * 1e6 / count, "connections, each": daraja.noted().connections / count}

        yield send


PROCESSES: Final = (
    Measure("rest", "`pokea serve` on PostgreSQL", partial(_rest, kind="postgresql"), {_MEMORY: Goal(85)}),
    Measure("rest-sqlite", "`pokea serve` on SQLite", partial(_rest, kind="sqlite"), {_MEMORY: Goal(75)}),
    Measure("demo", "`pokea demo` on a fresh file", _demo, {_ANSWERS: Goal(0.8, 0.762)}, rounds=5),
    Measure("help", "`pokea --help`", _help, rounds=5),
    Measure("calls", "to another server, 8 at a time", partial(_calls, tls=False, at_once=8)),
    Measure(
        "calls-tls",
        "to another server over TLS, 8 at a time",
        partial(_calls, tls=True, at_once=8),
        {_CALL: Goal(100, 0.128)},
    ),
)
