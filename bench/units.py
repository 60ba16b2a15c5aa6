"""What one payment costs, from which a larger load is reckoned (docs/performance.md)."""

from collections.abc import Iterator
from typing import NamedTuple

from bench.load import LoadOrder, run_load
from bench.made import Made, check_settled, make_payments
from bench.report import Table, median
from bench.servers import cost_of
from bench.stage import KINDS, Bench, Kind, cost, database_bytes, log_position, port_of

SAYS = "What one settled payment costs: CPU of the service and of PostgreSQL, bytes on disk, and bytes of log."


class _Units(NamedTuple):
    service_us: float
    database_us: float | None
    disk_bytes: float
    log_bytes: float | None


def run(bench: Bench) -> Iterator[Table]:
    """Settle a load with one process, and divide."""
    rows = []
    for kind in KINDS:
        found = [_measure(bench, kind) for _ in range(bench.rounds)]
        database = None if kind == "sqlite" else median(each.database_us or 0 for each in found)
        log = None if kind == "sqlite" else median(each.log_bytes or 0 for each in found)
        disk = median(each.disk_bytes for each in found)
        rows.append((kind, median(each.service_us for each in found), database, disk, log))
    yield Table(
        "One payment: its booking, its push and its settlement",
        ("Database", "service CPU µs", "PostgreSQL CPU µs", "bytes on disk", "bytes of log"),
        rows,
        notes=["CPU and log are of the callback alone; disk is of the whole payment with its indexes, after a vacuum."],
    )


def _measure(bench: Bench, kind: Kind) -> _Units:
    count = bench.pick(15_000, 500)
    bench.say(f"{kind}, {count} callbacks")
    with bench.database(kind) as url, bench.service(url, "--no-background") as service:
        empty = database_bytes(bench, url)
        run_load(LoadOrder(port_of(service), make_payments(url, 500, first=1_000_001).callbacks))
        made = make_payments(url, count)
        at = log_position(bench) if kind == "postgresql" else 0
        database = cost_of(bench.postgres.pid).cpu_seconds if kind == "postgresql" else 0.0
        before = cost(service).cpu_seconds
        run_load(LoadOrder(port_of(service), made.callbacks, seconds=120))
        service_us = (cost(service).cpu_seconds - before) * 1e6 / count
        check_settled(Made(url, 1, count))
        if kind == "sqlite":
            return _Units(service_us, None, (database_bytes(bench, url) - empty) / (count + 500), None)
        database_us = (cost_of(bench.postgres.pid).cpu_seconds - database) * 1e6 / count
        log_bytes = (log_position(bench) - at) / count
        bench.postgres.execute("vacuum full", url.rsplit("/", 1)[1])
        return _Units(service_us, database_us, (database_bytes(bench, url) - empty) / (count + 500), log_bytes)
