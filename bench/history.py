"""The history and the analytics at sizes far apart: what a page and a total cost must not grow with the payments.

BENCH_HISTORY_ROWS (such as `10000,5000000`) chooses the sizes, and BENCH_HISTORY_DATABASES (`sqlite`) the databases.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote

from bench.load import LoadOrder, http_request, run_load
from bench.made import bearer
from bench.report import Bar, Cell, Table, alternate, median
from bench.servers import cost_of
from bench.stage import KINDS, Bench, Kind, cost, port_of
from bench.years import DAYS, REGULAR, Year, make_year
from pokea.api.auth.callers import ADMIN, PAYMENTS_READ
from pokea.clock import to_datetime
from tests.system.service.running import ServiceProgram

SAYS = "History pages and totals, and analytics, from few payments to many."
_USUAL = "10000,1000000,5000000"
_DEEP = 10_000
_TIMES_PAGE_ONE = 3
_TIMES_SMALL = 2
_HISTORY: Final = "/api/v1/payments/mpesa/history"
_ANALYTICS: Final = "/api/v1/payments/mpesa/analytics"

Key: TypeAlias = tuple[str, str, str]


class Reading(NamedTuple):
    """What one call costs: CPU of service and database together, and the time until it is answered."""

    cpu_ms: float
    p50_ms: float


def run(bench: Bench) -> Iterator[Table]:
    """Measure each size on each database, then set the sizes side by side."""
    chosen = os.environ.get("BENCH_HISTORY_DATABASES", ",".join(KINDS)).split(",")
    sizes = [int(size) for size in os.environ.get("BENCH_HISTORY_ROWS", bench.pick(_USUAL, "2000,20000")).split(",")]
    for kind in KINDS:
        if kind in chosen:
            yield from _on(bench, kind, sizes)


def _on(bench: Bench, kind: Kind, sizes: Sequence[int]) -> Iterator[Table]:
    found: dict[int, dict[Key, Reading]] = {}
    for size in sizes:
        with bench.database(kind) as url:
            year = make_year(url, size, bench.say)
            with bench.service(url, "--no-background") as service:
                bench.say(f"reading {size:,} payments")
                found[size] = _measured(bench, service, year)
        yield _pages_table(kind, size, found[size])
    yield _sizes_table(kind, found)


def _measured(bench: Bench, service: ServiceProgram, year: Year) -> dict[Key, Reading]:
    """The medians of each call, of rounds that alternate."""
    calls = {
        (viewer, name, where): http_request("GET", path, Authorization=token)
        for viewer, token in _tokens().items()
        for name, query in _filters(year).items()
        for where, path in _pages(service, year, viewer, name, query).items()
    }
    boss = _tokens()["admin"]
    is_served = year.database_url.startswith("postgresql")
    for name, query in _spans(year).items():
        calls["admin", "analytics", name] = http_request("GET", f"{_ANALYTICS}?{query}", Authorization=boss)
    ways = {key: partial(_read, bench, service, request, is_served) for key, request in calls.items()}
    for measure in ways.values():
        measure()
    rounds = alternate(bench.rounds, {"\n".join(key): way for key, way in ways.items()})
    return {key: Reading(*map(median, zip(*rounds["\n".join(key)], strict=True))) for key in calls}


def _tokens() -> dict[str, str]:
    return {"admin": bearer("boss", ADMIN), REGULAR: bearer(REGULAR, PAYMENTS_READ)}


def _filters(year: Year) -> dict[str, str]:
    start, end = (to_datetime(year.first_at) + timedelta(days=days) for days in (5, DAYS - 5))
    days = f"from={start:%Y-%m-%d}&to={end:%Y-%m-%d}"
    instants = f"from={quote(start.isoformat())}&to={quote(end.isoformat())}"
    return {
        "none": "",
        "failed": "status=failed",
        "completed": "status=completed",
        "initiated": "status=initiated",
        "days": days,
        "days, completed": f"{days}&status=completed",
        "instants": instants,
    }


def _pages(service: ServiceProgram, year: Year, viewer: str, name: str, query: str) -> dict[str, str]:
    """The addresses of the first page, of the ten thousandth or the last but one, and of one by cursor."""
    scope, subject = (ADMIN, "boss") if viewer == "admin" else (PAYMENTS_READ, viewer)

    def read(more: str) -> Mapping[str, object]:
        answer = service.call("GET", f"{_HISTORY.removeprefix('/api/v1')}?{query}&{more}", subject=subject, scope=scope)
        assert answer.status == 200, answer  # noqa: PLR2004 - it is answered
        body: Mapping[str, object] = answer.body
        return body

    pages = read("page=1")["pages"]
    assert isinstance(pages, int), f"{viewer} sees nothing by {name}"
    deep = max(1, min(_DEEP, pages - 1))
    cursor = read(f"page={deep}")["nextCursor"]
    where = {"page 1": "page=1", "deep": f"page={deep}", "cursor": f"cursor={cursor}" if cursor else "page=1"}
    return {each: f"{_HISTORY}?{query}&{more}".replace("?&", "?") for each, more in where.items()}


def _spans(year: Year) -> dict[str, str]:
    start = to_datetime(year.first_at) + timedelta(days=100)
    day = f"{start:%Y-%m-%d}"
    return {
        "30 days": f"from={day}&to={start + timedelta(days=29):%Y-%m-%d}",
        "a year": f"from={to_datetime(year.first_at):%Y-%m-%d}",
        "7 days by hour": f"from={day}&to={start + timedelta(days=6):%Y-%m-%d}&by=hour",
    }


def _read(bench: Bench, service: ServiceProgram, request: bytes, is_served: bool) -> Reading:
    def spent() -> float:
        return cost(service).cpu_seconds + (cost_of(bench.postgres.pid).cpu_seconds if is_served else 0.0)

    before = spent()
    result = run_load(LoadOrder(port_of(service), [request], 1, seconds=bench.pick(0.7, 0.2), repeat=True))
    assert set(result.counts) == {200}, result.counts
    return Reading((spent() - before) * 1000 / result.answered, result.percentile(50))


def _pages_table(kind: str, size: int, readings: Mapping[Key, Reading]) -> Table:
    rows: list[list[Cell]] = []
    ratios = []
    for viewer, name in dict.fromkeys((viewer, name) for viewer, name, _ in readings if name != "analytics"):
        first, deep, cursor = (readings[viewer, name, where] for where in ("page 1", "deep", "cursor"))
        ratios.append(deep.cpu_ms / first.cpu_ms)
        spent = (first.cpu_ms, deep.cpu_ms, deep.cpu_ms / first.cpu_ms, cursor.cpu_ms, cursor.cpu_ms / first.cpu_ms)
        rows.append([viewer, name, *spent, first.p50_ms, deep.p50_ms, cursor.p50_ms])
    return Table(
        f"History of {size:,} payments, {kind}: CPU ms a call of service and database, one connection",
        ("Seen by", "Filter", "page 1", "deep", "ratio", "cursor", "ratio ", "p50: page 1", "p50: deep", "p50: cursor"),
        rows,
        [Bar("A deep page beside page 1, the worst filter", max(ratios), _TIMES_PAGE_ONE, "at most", "times")],
        [f"The deep page is the {_DEEP:,}th, or the last but one where there are fewer."],
    )


def _sizes_table(kind: str, found: Mapping[int, Mapping[Key, Reading]]) -> Table:
    sizes = list(found)
    small, large = found[sizes[0]], found[sizes[-1]]
    ratios = {key: large[key].cpu_ms / small[key].cpu_ms for key in small}
    of_history = [share for (_, name, _), share in ratios.items() if name != "analytics"]
    rows: list[list[Cell]] = [[*key, *(found[size][key].cpu_ms for size in sizes), ratios[key]] for key in small]
    return Table(
        f"The same calls at {' and '.join(f'{size:,}' for size in sizes)} payments, {kind}: CPU ms a call",
        ("Seen by", "Filter", "Page", *(f"{size:,}" for size in sizes), "ratio"),
        rows,
        [Bar("The most payments beside the fewest, the worst history page", max(of_history), _TIMES_SMALL, "at most")],
        [
            "Analytics read the counters that there are: an hour with one payment has ten, a full one about seventy, "
            "and never more. So they grow until hours are full, and not after that."
        ],
    )
