"""Pushes: how many a second, and what Pokea itself adds to the time that Daraja takes."""

import json
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from bench.door import Door
from bench.load import LoadOrder, LoadResult, http_request, percentile, run_load
from bench.made import FEE_SHILLINGS, bearer, make_bookings, owner_of, phone_of
from bench.report import Bar, Table
from bench.stage import KINDS, Bench, Kind, cost, port_of
from pokea.api.auth.callers import PAYMENTS_WRITE
from tests.system.service.running import ServiceProgram

SAYS = "Pushes a second, and what Pokea adds to Daraja's time, with a Daraja that answers at once and in 800 ms."
_A_SECOND = 100.0
_MOST_OWN_MS = 15
_CREATED = 201


class _Pushed(NamedTuple):
    kind: Kind
    daraja_seconds: float
    result: LoadResult
    own_ms: list[float]
    cpu_us: float


def run(bench: Bench) -> Iterator[Table]:
    """At a hundred a second, then as many as go, against each Daraja."""
    at_rate, at_most = [], []
    seconds = bench.pick(15, 2)
    for kind, daraja_seconds in product(KINDS, (0.0, 0.8)):
        bench.say(f"{kind}, Daraja answers in {daraja_seconds:g} s")
        at_rate.append(_push(bench, kind, daraja_seconds, int(seconds * _A_SECOND), _A_SECOND))
        at_most.append(_push(bench, kind, daraja_seconds, bench.pick(2_000, 100), 0))
    worst = max(percentile(each.own_ms, 99) for each in at_rate)
    head = ("Database", "Daraja ms", "a second", "own p50 ms", "own p99 ms", "answered p99 ms", "CPU µs a push")
    yield Table(
        "One process at 100 pushes a second",
        head,
        [_row(each) for each in at_rate],
        [Bar("Own cost of a push at 100 a second, p99", worst, _MOST_OWN_MS, "at most", "ms")],
        ["Own: what the caller waited, less what the request was with the simulated Daraja. CPU is the service's."],
    )
    yield Table("One process, as many pushes as go", head, [_row(each) for each in at_most])


def _push(bench: Bench, kind: Kind, daraja_seconds: float, count: int, rate: float) -> _Pushed:
    switches = ("--push-answer-seconds", str(daraja_seconds))
    with (
        bench.database(kind) as url,
        bench.simulator(*switches) as simulator,
        Door(port_of(simulator)) as door,
        bench.service(url, "--no-background", simulator_url=door.url) as service,
    ):
        warm = 20
        make_bookings(url, count + warm)
        _send(service, range(count + 1, count + warm + 1), 0, 4)
        before = cost(service).cpu_seconds
        # As many connections as there are pushes out at the same time, and some.
        connections = 32 + int(daraja_seconds * (rate or 400))
        result = _send(service, range(1, count + 1), rate, connections)
        spent = cost(service).cpu_seconds - before
        behind = door.seconds_behind()
    once = [behind[phone_of(number)] for number in range(1, count + 1)]
    assert all(len(each) == 1 for each in once), "a push was sent twice, or never"
    own = [(latency - each[0]) * 1000 for latency, each in zip(result.latencies, once, strict=True)]
    return _Pushed(kind, daraja_seconds, result, own, spent * 1e6 / count)


def _send(service: ServiceProgram, numbers: range, rate: float, connections: int) -> LoadResult:
    requests = [_request(number) for number in numbers]
    result = run_load(LoadOrder(port_of(service), requests, connections, seconds=120, rate=rate))
    assert set(result.counts) == {_CREATED}, result.counts
    return result


def _request(number: int) -> bytes:
    body = {
        "phoneNumber": phone_of(number),
        "bookingId": f"bkg_{number:022d}",
        "amount": FEE_SHILLINGS,
        "type": "booking_fee",
    }
    token = bearer(owner_of(number), PAYMENTS_WRITE)
    path = "/api/v1/payments/mpesa/stkpush"
    return http_request("POST", path, json.dumps(body).encode(), Authorization=token)


def _row(pushed: _Pushed) -> tuple[str, float, float, float, float, float, float]:
    own = (percentile(pushed.own_ms, 50), percentile(pushed.own_ms, 99))
    rest = (pushed.result.percentile(99), pushed.cpu_us)
    return pushed.kind, pushed.daraja_seconds * 1000, pushed.result.rate, *own, *rest
