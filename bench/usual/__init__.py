"""How it is usually done: an ORM's view under gunicorn, and an Express handler with `pg`, beside Pokea.

The same callbacks, one for each payment, on the same PostgreSQL, in turn. Each of the two has two forms: `whole` does
Pokea's work on Pokea's tables, and what it leaves there is held against what Pokea leaves; `light` does the guide's,
which takes three statements instead of ten.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from bench.load import MANY_CONNECTIONS, LoadOrder, LoadResult, run_load
from bench.made import Made, check_settled, make_payments
from bench.report import Bar, Table, alternate, median, ratio
from bench.servers import cost_of
from bench.stage import Bench, cost, port_of
from bench.usual.alike import left_by_settling, settled_by_pokea
from bench.usual.light import check_completed, make_transactions
from bench.usual.running import install, served

SAYS = "Callbacks a second beside a Flask view with an ORM under gunicorn, and an Express handler with `pg`."
_OK = 200
_TIMES_ORM = 20
_TIMES_EXPRESS = 5
_ONE, _TWO, _ORM, _EXPRESS = "Pokea", "Pokea, 2 processes", "Flask, ORM", "Express, pg"
_LIGHT_ORM, _LIGHT_EXPRESS = f"{_ORM}, as the guide does it", f"{_EXPRESS}, as the guide does it"


class Loaded(Struct, frozen=True):
    """What came of a load, and the microseconds of CPU that each callback cost server and database."""

    result: LoadResult
    server_us: float
    database_us: float


def run(bench: Bench) -> Iterator[Table]:
    """Settle callbacks in each of the ways, in turn."""
    bench.say("installing what the two are made of")
    usual = install()
    with bench.database() as url:
        left = settled_by_pokea(make_payments(url, 1))

    def whole(count: int, command: Sequence[str]) -> Loaded:
        with bench.database() as url, served(bench, command, url) as (port, pid):
            loaded = _whole(bench, url, count, port, lambda: cost_of(pid).cpu_seconds)
            assert left_by_settling(Made(url, 1, count)) == left
        return loaded

    ways: dict[str, Callable[[], Loaded]] = {
        _ONE: lambda: _pokea(bench, bench.pick(8_000, 200), 1),
        _TWO: lambda: _pokea(bench, bench.pick(8_000, 200), 2),
        _ORM: lambda: whole(bench.pick(600, 100), usual.flask("whole")),
        _EXPRESS: lambda: whole(bench.pick(1_600, 100), usual.express("whole")),
        _LIGHT_ORM: lambda: _light(bench, bench.pick(1_000, 100), usual.flask("light")),
        _LIGHT_EXPRESS: lambda: _light(bench, bench.pick(2_400, 100), usual.express("light")),
    }
    yield _table(alternate(bench.rounds, {name: _saying(bench, name, way) for name, way in ways.items()}))


def _saying(bench: Bench, name: str, way: Callable[[], Loaded]) -> Callable[[], Loaded]:
    def said() -> Loaded:
        bench.say(name)
        return way()

    return said


def _table(found: Mapping[str, Sequence[Loaded]]) -> Table:
    rates = {name: [each.result.rate for each in rounds] for name, rounds in found.items()}
    rows = [
        (
            name,
            median(rates[name]),
            ratio(rates[_ONE], rates[name]),
            ratio(rates[_TWO], rates[name]),
            *_measured(rounds),
        )
        for name, rounds in found.items()
    ]
    orm, express = ratio(rates[_TWO], rates[_ORM]), ratio(rates[_ONE], rates[_EXPRESS])
    return Table(
        "Callbacks, each durable before it is acknowledged, on the same PostgreSQL",
        ("Made of", "a second", "Pokea to it", "Pokea's two to it", "p50 ms", "p99 ms", "CPU µs server", "database"),
        rows,
        [
            Bar("Pokea's two processes against the ORM's three", orm, _TIMES_ORM, unit="times"),
            Bar("Pokea's process against that of Express", express, _TIMES_EXPRESS, unit="times"),
        ],
        [
            f"{MANY_CONNECTIONS} connections. Flask has three processes of four threads, Express one process.",
            "CPU is that of a callback.",
            "The bars are against the same work: after each load every payment had one settlement, one pair of "
            "postings, one event and a held fee, and the counts and the first one's rows were those that Pokea leaves.",
            "As the guide does it: three statements instead of ten, on two tables of its own.",
        ],
    )


def _measured(rounds: Sequence[Loaded]) -> tuple[float, float, float, float]:
    return (
        median(each.result.percentile(50) for each in rounds),
        median(each.result.percentile(99) for each in rounds),
        median(each.server_us for each in rounds),
        median(each.database_us for each in rounds),
    )


def _pokea(bench: Bench, count: int, workers: int) -> Loaded:
    with bench.database() as url, bench.service(url, "--no-background", "--workers", str(workers)) as service:
        return _whole(bench, url, count, port_of(service), lambda: cost(service).cpu_seconds)


def _whole(bench: Bench, url: str, count: int, port: int, cpu_seconds: Callable[[], float]) -> Loaded:
    """Settle so many payments of Pokea's tables, after some that warm the server up, and hold them to be settled."""
    _load(port, make_payments(url, _warm(bench, count), first=1_000_001).callbacks)
    made = make_payments(url, count)
    loaded = _measure(bench, port, made.callbacks, cpu_seconds)
    check_settled(made)
    return loaded


def _light(bench: Bench, count: int, command: Sequence[str]) -> Loaded:
    warm = _warm(bench, count)
    with bench.empty_database() as url:
        everything = Made(url, 1, count + warm)
        make_transactions(everything)
        with served(bench, command, url) as (port, pid):
            _load(port, Made(url, count + 1, warm).bare_callbacks)
            loaded = _measure(bench, port, Made(url, 1, count).bare_callbacks, lambda: cost_of(pid).cpu_seconds)
        check_completed(everything)
    return loaded


def _warm(bench: Bench, count: int) -> int:
    """So many callbacks before those that count: enough for every connection to have its statements prepared."""
    return max(count // 10, bench.pick(300, 50))


def _measure(bench: Bench, port: int, requests: Sequence[bytes], cpu_seconds: Callable[[], float]) -> Loaded:
    before, database_before = cpu_seconds(), cost_of(bench.postgres.pid).cpu_seconds
    result = _load(port, requests)
    server, database = cpu_seconds() - before, cost_of(bench.postgres.pid).cpu_seconds - database_before
    return Loaded(result, server * 1e6 / result.answered, database * 1e6 / result.answered)


def _load(port: int, requests: Sequence[bytes]) -> LoadResult:
    result = run_load(LoadOrder(port, requests, MANY_CONNECTIONS, seconds=60))
    assert set(result.counts) == {_OK}, result.counts
    return result
