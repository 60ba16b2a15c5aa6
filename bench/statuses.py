"""Status reads: how many a second one process answers."""

from collections.abc import Iterator

from bench.load import LoadOrder, LoadResult, http_request, run_load
from bench.made import Made, bearer, client_secret, make_payments, owner_of, payment_id
from bench.report import Bar, Table, median
from bench.stage import KINDS, Bench, cost, port_of
from pokea.api.auth.callers import PAYMENTS_READ
from tests.system.service.running import ServiceProgram

SAYS = "Status reads a second of one process, by a customer's token and by a page's client secret."
_CONNECTIONS = 32
_LEAST_A_SECOND = 2_000


def run(bench: Bench) -> Iterator[Table]:
    """Read payments that wait, each in turn."""
    rows = []
    rates = []
    for kind in KINDS:
        with bench.database(kind) as url, bench.service(url, "--no-background") as service:
            made = make_payments(url, bench.pick(2_000, 200))
            for name, requests in (("token", _by_token(made)), ("client secret", _by_secret(made))):
                bench.say(f"{kind}, by {name}")
                _read(bench, service, requests)
                found = [_read(bench, service, requests) for _ in range(bench.rounds)]
                result, cpu = found[len(found) // 2]
                rate = median(each.rate for each, _ in found)
                rates.append(rate)
                rows.append(
                    (kind, name, rate, result.percentile(50), result.percentile(99), cpu * 1e6 / result.answered)
                )
    yield Table(
        "Status reads, one process",
        ("Database", "Read by", "a second", "p50 ms", "p99 ms", "CPU µs a read"),
        rows,
        [Bar("Status reads a second of one process, the slowest way", min(rates), _LEAST_A_SECOND)],
    )


def _read(bench: Bench, service: ServiceProgram, requests: list[bytes]) -> tuple[LoadResult, float]:
    before = cost(service).cpu_seconds
    order = LoadOrder(port_of(service), requests, _CONNECTIONS, seconds=bench.pick(6.0, 1.0), repeat=True)
    result = run_load(order)
    assert set(result.counts) == {200}, result.counts
    return result, cost(service).cpu_seconds - before


def _by_token(made: Made) -> list[bytes]:
    tokens = {owner: bearer(owner, PAYMENTS_READ) for owner in set(map(owner_of, made.numbers))}
    return [_request(number, tokens[owner_of(number)]) for number in made.numbers]


def _by_secret(made: Made) -> list[bytes]:
    return [_request(number, f"Bearer {client_secret(number)}") for number in made.numbers]


def _request(number: int, authorization: str) -> bytes:
    return http_request("GET", f"/api/v1/payments/mpesa/status/{payment_id(number)}", Authorization=authorization)
