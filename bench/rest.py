"""Starting, resting, and carrying a load: seconds until the first answer, and memory."""

import time
from collections.abc import Iterator

from bench.load import LoadOrder, run_load
from bench.made import check_settled, make_payments
from bench.report import Bar, Table, median
from bench.stage import KINDS, Bench, Kind, cost, port_of
from tests.ports import free_port
from tests.system.service.running import Program

SAYS = "Seconds from start to the first answer, and memory at rest, under load and afterwards."
_LATEST_SECONDS = 3.0


def run(bench: Bench) -> Iterator[Table]:
    """Start each program, then load the service."""
    rows = []
    for name, options in (("pokea demo", ("demo", "--no-browser")), ("pokea simulate", ("simulate",))):
        found = [_start(bench, *options) for _ in range(bench.rounds)]
        rows.append((name, median(each[0] for each in found), median(each[1] for each in found)))
    yield Table(
        "Started on a fresh file",
        ("Command", "answers after s", "MB at rest"),
        rows,
        [Bar("`pokea demo` answers after", rows[0][1], _LATEST_SECONDS, "at most", "s")],
    )
    yield Table(
        "One process of `pokea serve`, with 64 connections that bring callbacks",
        ("Database", "MB at rest", "MB under load", "MB 5 s afterwards", "callbacks"),
        [_load(bench, kind) for kind in KINDS],
    )


def _start(bench: Bench, name: str, *options: str) -> tuple[float, float]:
    """Seconds until it answers, and MB a moment later."""
    bench.say(f"starting {name}")
    folder, port = bench.new_folder(), free_port()
    ports = ("--port", str(port), *(("--sim-port", str(free_port())) if name == "demo" else ()))
    program = Program([name, *options, *ports], {}, folder / "log", f"http://127.0.0.1:{port}")
    began = time.perf_counter()
    try:
        program.start()
        took = time.perf_counter() - began
        time.sleep(1)
        return took, cost(program).memory_mb
    finally:
        program.close()


def _load(bench: Bench, kind: Kind) -> tuple[str, float, float, float, int]:
    bench.say(f"a load on {kind}")
    count = bench.pick(20_000, 500)
    with bench.database(kind) as url:
        made = make_payments(url, count)
        with bench.service(url, "--no-background") as service:
            at_rest = cost(service).memory_mb
            result = run_load(LoadOrder(port_of(service), made.callbacks, seconds=120))
            loaded = cost(service).memory_mb
            time.sleep(5)
            afterwards = cost(service).memory_mb
        check_settled(made, [number for number, status in enumerate(result.statuses) if status == 200])  # noqa: PLR2004 - acknowledged
    return kind, at_rest, loaded, afterwards, result.answered
