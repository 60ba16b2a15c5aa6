"""Open event streams: what each costs in memory, and how soon the last of them is told."""

import time
from collections.abc import Iterator, Sequence

from bench.load import LoadOrder, LoadResult, http_request, percentile, run_load
from bench.made import Made, client_secret, make_payments, payment_id
from bench.report import Bar, Table
from bench.stage import Bench, cost, port_of
from bench.watching import WatchOrder, watch
from tests.system.service.running import ServiceProgram

SAYS = "Open event streams: memory of each, and the time from a settlement to the last page that is told."
_MOST_MB = 320
_LATEST_SECONDS = 1.0
_SETTLED_A_SECOND = 100.0
_Spread = tuple[int, float, float | None, float | None, float | None, float | None, float]
_SPREAD = ("Streams", "MB in all", "KB a stream", "told p50 ms", "told p99 ms", "told last ms", "CPU µs a callback")


def run(bench: Bench) -> Iterator[Table]:
    """On one process, a page a payment and all pages on one payment; then on a process that settles nothing."""
    counts = bench.pick((1_000, 10_000), (50, 200))
    spread = []
    for count in (0, *counts):
        bench.say(f"{count} streams, each of its own payment")
        with bench.database() as url, bench.service(url, "--no-background") as service:
            spread.append(_spread(bench, url, service, service, count))
    most = spread[-1]
    yield Table(
        "Event streams on one process, each of a payment of its own, while 100 payments a second settle",
        _SPREAD,
        spread,
        [
            Bar(f"Memory of a process with {most[0]:,} streams", most[1], _MOST_MB, "at most", "MB"),
            Bar("From callback to the last page told", (most[5] or 0) / 1000, _LATEST_SECONDS, "at most", "s"),
        ],
        ["Without streams the last column is what settling alone costs; the difference is the telling."],
    )
    crowd = []
    for count in counts:
        bench.say(f"{count} streams of one payment")
        with bench.database() as url, bench.service(url, "--no-background") as service:
            crowd.append(_crowd(service, make_payments(url, 1), count))
    yield Table(
        "Event streams on one process, all of one payment",
        ("Streams", "MB in all", "told first ms", "told last ms", "CPU µs a stream told"),
        crowd,
    )
    across = []
    for count in (0, *counts):
        bench.say(f"{count} streams on a second process")
        with (
            bench.database() as url,
            bench.service(url, "--no-background") as service,
            bench.service(url, "--no-background") as other,
        ):
            across.append(_spread(bench, url, service, other, count))
    yield Table(
        "Event streams on a second process, which hears by NOTIFY of the 100 payments a second that the first settles",
        _SPREAD,
        across,
        [Bar("From callback to the last page told", (across[-1][5] or 0) / 1000, _LATEST_SECONDS, "at most", "s")],
        ["CPU is of both processes together, without PostgreSQL's."],
    )


def _spread(bench: Bench, url: str, settling: ServiceProgram, watched: ServiceProgram, count: int) -> _Spread:
    """Settle a hundred payments a second on one process, while pages watch those and others on the same or another."""
    settled = int(bench.pick(15, 1) * _SETTLED_A_SECOND)
    made = make_payments(url, max(count, settled))
    programs = {settling.url: settling, watched.url: watched}.values()
    _settle(settling, make_payments(url, 50, first=1_000_001).callbacks, 0)
    at_rest = cost(watched).memory_mb
    streams = [_stream(number) for number in made.numbers][:count]
    with watch(WatchOrder(port_of(watched), streams)) as pages:
        memory = cost(watched).memory_mb
        before = sum(cost(each).cpu_seconds for each in programs)
        result = _settle(settling, made.callbacks[:settled], _SETTLED_A_SECOND)
        time.sleep(_LATEST_SECONDS)
        spent = sum(cost(each).cpu_seconds for each in programs) - before
        seen = pages.seen()[:settled]
    assert all(len(each.told_at) > 1 and each.ended_at for each in seen), "a page was not told"
    told = [each.told_at[-1] - due for each, due in zip(seen, result.due_at, strict=False)]
    times = _milliseconds(told) if told else (None, None, None)
    return count, memory, (memory - at_rest) * 1024 / count if count else None, *times, spent * 1e6 / settled


def _crowd(service: ServiceProgram, made: Made, count: int) -> tuple[int, float, float, float, float]:
    with watch(WatchOrder(port_of(service), [_stream(made.first)] * count)) as pages:
        watched = cost(service)
        result = _settle(service, made.callbacks, 0)
        time.sleep(3 + count / 1000)
        spent = cost(service).cpu_seconds - watched.cpu_seconds
        seen = pages.seen()
    told = [each.told_at[-1] - result.due_at[0] for each in seen]
    assert all(each.ended_at for each in seen), "a page was not told"
    return count, watched.memory_mb, min(told) * 1000, max(told) * 1000, spent * 1e6 / count


def _settle(service: ServiceProgram, callbacks: Sequence[bytes], rate: float) -> LoadResult:
    result = run_load(LoadOrder(port_of(service), callbacks, connections=16, rate=rate))
    assert set(result.counts) == {200}, result.counts
    return result


def _milliseconds(seconds: Sequence[float]) -> tuple[float, float, float]:
    return percentile(seconds, 50) * 1000, percentile(seconds, 99) * 1000, max(seconds) * 1000


def _stream(number: int) -> bytes:
    path = f"/api/v1/payments/mpesa/status/{payment_id(number)}/events"
    return http_request("GET", path, Authorization=f"Bearer {client_secret(number)}")
