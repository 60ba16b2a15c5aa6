"""How it is usually done: an ORM's view under gunicorn, and an Express handler with `pg`, beside Pokea.

The same callbacks, one for each payment, on the same PostgreSQL, in turn. What the two are made of is pinned beside
them, and is installed by this benchmark alone.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.load import LoadOrder, LoadResult, run_load
from bench.made import FEE_SHILLINGS, Made, check_settled, checkout_of, make_payments, owner_of, payment_id
from bench.report import Bar, Table, alternate, median, ratio
from bench.servers import cost_of
from bench.stage import Bench, cost, port_of
from tests.service.running import call, eventually, free_port

SAYS = "Callbacks a second beside a Flask view with an ORM under gunicorn, and an Express handler with `pg`."
_HERE = Path(__file__).parent
_HOUSE = _HERE.parent.parent
_PLACE = _HOUSE / ".cache" / "bench-usual"
_TOOLS = _HOUSE / "tools"
_CONNECTIONS = 64
_OK = 200
_TIMES_ORM = 20
_TIMES_EXPRESS = 5


def run(bench: Bench) -> Iterator[Table]:
    """Settle callbacks in each of the three ways, in turn."""
    bench.say("installing what the two are made of")
    python, modules = _install()
    count = {
        "Pokea": bench.pick(15_000, 200),
        "Flask, ORM": bench.pick(1_500, 100),
        "Express, pg": bench.pick(4_000, 100),
    }
    workers = [
        "--workers",
        "3",
        "--threads",
        "4",
        "--worker-class",
        "gthread",
        "--keep-alive",
        "30",
        "--backlog",
        "2048",
    ]
    gunicorn = [str(python), "-m", "gunicorn", *workers, "--bind", "127.0.0.1:{port}", "shop_flask:app"]
    node = [str(_TOOLS / "node"), "node", str(modules / "server.mjs")]
    ways = {
        "Pokea": lambda: _pokea(bench, count["Pokea"], 1),
        "Pokea, 2 processes": lambda: _pokea(bench, count["Pokea"], 2),
        "Flask, ORM": lambda: _usual(bench, count["Flask, ORM"], gunicorn),
        "Express, pg": lambda: _usual(bench, count["Express, pg"], node),
    }
    yield _table(alternate(bench.rounds, ways))


def _table(found: Mapping[str, Sequence[tuple[LoadResult, float]]]) -> Table:
    rates = {name: [result.rate for result, _ in rounds] for name, rounds in found.items()}
    rows = [(name, median(rates[name]), *_measured(rounds)) for name, rounds in found.items()]
    return Table(
        "Callbacks, each durable before it is acknowledged, on the same PostgreSQL, 64 connections",
        ("Made of", "a second", "p50 ms", "p99 ms", "CPU µs a callback"),
        rows,
        [
            Bar(
                "Pokea's two processes against the ORM's three",
                ratio(rates["Pokea, 2 processes"], rates["Flask, ORM"]),
                _TIMES_ORM,
                unit="times",
            ),
            Bar(
                "Pokea's process against that of Express",
                ratio(rates["Pokea"], rates["Express, pg"]),
                _TIMES_EXPRESS,
                unit="times",
            ),
        ],
        ["Flask has three processes of four threads, Express one process; CPU is without PostgreSQL's."],
    )


def _measured(rounds: Sequence[tuple[LoadResult, float]]) -> tuple[float, float, float]:
    return (
        median(result.percentile(50) for result, _ in rounds),
        median(result.percentile(99) for result, _ in rounds),
        median(cpu * 1e6 / result.answered for result, cpu in rounds),
    )


def _pokea(bench: Bench, count: int, workers: int) -> tuple[LoadResult, float]:
    bench.say(f"Pokea, {count} callbacks, processes: {workers}")
    with bench.database() as url, bench.service(url, "--no-background", "--workers", str(workers)) as service:
        _load(port_of(service), make_payments(url, count // 10, first=1_000_001).callbacks)
        made = make_payments(url, count)
        before = cost(service).cpu_seconds
        result = _load(port_of(service), made.callbacks)
        spent = cost(service).cpu_seconds - before
        check_settled(made, [number for number, status in enumerate(result.statuses) if status == _OK])
    return result, spent


def _usual(bench: Bench, count: int, command: Sequence[str]) -> tuple[LoadResult, float]:
    bench.say(f"{command[-1].rsplit('/', 1)[-1]}, {count} callbacks")
    with bench.empty_database() as url:
        _make_usual(url, Made(url, 1, count + count // 10))
        with _served(bench, command, url) as (port, pid):
            _load(port, Made(url, count + 1, count // 10).bare_callbacks)
            before = cost_of(pid).cpu_seconds
            result = _load(port, Made(url, 1, count).bare_callbacks)
            spent = cost_of(pid).cpu_seconds - before
        _check_usual(url, result.answered + count // 10)
    return result, spent


def _load(port: int, requests: Sequence[bytes]) -> LoadResult:
    result = run_load(LoadOrder(port, requests, _CONNECTIONS, seconds=60))
    assert set(result.counts) == {_OK}, result.counts
    return result


def _install() -> tuple[Path, Path]:
    """The interpreter of the one and the folder of the other, in the repository's cache, pinned by their locks."""
    python, modules = _PLACE / "python", _PLACE / "node"
    modules.mkdir(parents=True, exist_ok=True)
    uv = str(Path(sys.executable).with_name("uv"))
    if not (python / "bin" / "gunicorn").exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(python)])
    lock = str(_HERE / "requirements.lock")
    _run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python / "bin" / "python"), lock])
    for name in ("package.json", "package-lock.json", ".npmrc", "server.mjs"):
        shutil.copy(_HERE / name, modules / name)
    if not (modules / "node_modules").exists():
        _run([str(_TOOLS / "node"), "npm", "ci", "--no-audit", "--no-fund", "--prefix", str(modules)])
    return python / "bin" / "python", modules


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


def _make_usual(url: str, made: Made) -> None:
    """A booking and a transaction for each payment."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute((_HERE / "schema.sql").read_bytes())
        with cursor.copy("copy bookings (id, customer_id, fee_amount) from stdin") as copy:
            for number in made.numbers:
                copy.write_row((f"bkg_{number:022d}", owner_of(number), FEE_SHILLINGS))
        with cursor.copy("copy transactions (id, booking_id, payer, amount, checkout_request_id) from stdin") as copy:
            for number in made.numbers:
                row = (payment_id(number), f"bkg_{number:022d}", owner_of(number), FEE_SHILLINGS, checkout_of(number))
                copy.write_row(row)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _check_usual(url: str, count: int) -> None:
    """Raises AssertionError unless every transaction is completed and every fee held."""
    with psycopg.connect(url) as connection:
        for table, condition in (("transactions", "status = 'completed'"), ("bookings", "fee_status = 'held'")):
            found = connection.execute(f"select count(*) from {table} where {condition}".encode()).fetchone()  # noqa: S608 - our own names
            assert found == (count,), (table, found)


@contextmanager
def _served(bench: Bench, command: Sequence[str], url: str) -> Iterator[tuple[int, int]]:
    """Run the server on a free port; its port and its process id."""
    port = free_port()
    environment = os.environ | {"DATABASE_URL": url, "PORT": str(port), "NODE_ENV": "production"}
    with (bench.new_folder() / "log").open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in command], cwd=_HERE, env=environment, stdout=log, stderr=log
        )
    try:
        eventually(lambda: _answers(port), f"{command[-1]} answers", 60)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        return call("POST", f"http://127.0.0.1:{port}/api/v1/payments/mpesa/callback", {}).status == 400  # noqa: PLR2004 - as invalid
    except OSError:
        return False
