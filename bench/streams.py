"""Open event streams: what each costs in memory, and how soon the last of them is told."""

import time
from collections.abc import Iterator, Sequence

from bench.load import LoadOrder, LoadResult, http_request, percentile, run_load
from bench.made import Made, client_secret, make_payments, payment_id
from bench.report import Bar, Table
from bench.stage import Bench, cost, port_of
from bench.watching import WatchOrder, watch
from tests.service.running import ServiceProgram

SAYS = "Open event streams: memory of each, and the time from a settlement to the last page that is told."
_MOST_MB = 320
_LATEST_SECONDS = 1.0
_SETTLED_A_SECOND = 100.0


def run(bench: Bench) -> Iterator[Table]:
    """On one process, first a page a payment, then all pages on one payment."""
    counts = bench.pick((1_000, 10_000), (50, 200))
    spread, crowd = [], []
    for count in counts:
        with bench.database() as url, bench.service(url, "--no-background") as service:
            bench.say(f"{count} streams, each of its own payment")
            spread.append(_spread(bench, service, make_payments(url, count)))
        with bench.database() as url, bench.service(url, "--no-background") as service:
            bench.say(f"{count} streams of one payment")
            crowd.append(_crowd(service, make_payments(url, 1), count))
    most = spread[-1]
    yield Table(
        "Event streams on one process, each of a payment of its own, while 100 payments a second settle",
        ("Streams", "MB in all", "KB a stream", "told p50 ms", "told p99 ms", "told last ms", "CPU µs a callback"),
        spread,
        [
            Bar(f"Memory of a process with {most[0]:,} streams", most[1], _MOST_MB, "at most", "MB"),
            Bar("From callback to the last page told", most[5] / 1000, _LATEST_SECONDS, "at most", "s"),
        ],
    )
    yield Table(
        "Event streams on one process, all of one payment",
        ("Streams", "MB in all", "told first ms", "told last ms", "CPU µs a stream told"),
        crowd,
        [Bar("From callback to the last page told", crowd[-1][3] / 1000, _LATEST_SECONDS, "at most", "s")],
    )


def _spread(bench: Bench, service: ServiceProgram, made: Made) -> tuple[int, float, float, float, float, float, float]:
    at_rest = cost(service)
    with watch(WatchOrder(port_of(service), [_stream(number) for number in made.numbers])) as pages:
        watched = cost(service)
        settled = made.callbacks[: int(bench.pick(15, 1) * _SETTLED_A_SECOND)]
        result = _settle(service, settled, _SETTLED_A_SECOND)
        time.sleep(_LATEST_SECONDS)
        spent = cost(service).cpu_seconds - watched.cpu_seconds
        seen = pages.seen()
    told = [seen[number].told_at[-1] - due for number, due in enumerate(result.due_at)]
    assert all(len(each.told_at) > 1 and each.ended_at for each in seen[: len(settled)]), "a page was not told"
    return (
        made.count,
        watched.memory_mb,
        (watched.memory_mb - at_rest.memory_mb) * 1024 / made.count,
        *_milliseconds(told),
        spent * 1e6 / len(settled),
    )


def _crowd(service: ServiceProgram, made: Made, count: int) -> tuple[int, float, float, float, float]:
    with watch(WatchOrder(port_of(service), [_stream(made.first)] * count)) as pages:
        watched = cost(service)
        result = _settle(service, made.callbacks, 0)
        time.sleep(3 * _LATEST_SECONDS)
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
