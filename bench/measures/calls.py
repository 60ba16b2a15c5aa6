"""Calls that read: statuses, health, bookings, history and analytics."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Final

from bench.load import LoadOrder, http_request
from bench.made import bearer, booking_id, owner_of
from bench.measures import BOTH, SERVICE, Figures, Goal, Measure, Meter, Way
from bench.sides import Side
from bench.stage import Bench, Kind
from bench.years import REGULAR
from pokea.api.auth.callers import ADMIN, BOOKINGS_WRITE, PAYMENTS_READ
from pokea.clock import Instant, to_datetime

_CONNECTIONS: Final = 32
_PAYMENTS: Final = "/api/v1/payments/mpesa"

Requests = Callable[[Side, Bench, str], Sequence[bytes]]
"""Fills a database, and gives the requests that read it."""


@contextmanager
def _read(
    bench: Bench, side: Side, *, kind: Kind, connections: int, requests: Requests
) -> Iterator[Callable[[], Figures]]:
    with bench.database_of(side, kind) as url:
        sent = requests(side, bench, url)
        with side.service(bench, url, "--no-background") as service:
            meter = Meter(bench, kind, service)
            seconds = bench.pick(4.0 if connections > 1 else 2.0, 0.3)
            yield partial(meter.load, LoadOrder(meter.port, sent, connections, seconds, repeat=True), 200)


def _reading(kind: Kind, connections: int, requests: Requests) -> Callable[[Bench, Side], AbstractContextManager[Way]]:
    return partial(_read, kind=kind, connections=connections, requests=requests)


def _statuses(side: Side, bench: Bench, url: str) -> Sequence[bytes]:
    made = side.prepare("payments", url, count=bench.pick(2_000, 200), first=1)
    tokens = {number: bearer(owner_of(number), PAYMENTS_READ) for number in range(1, len(made.ids) + 1)}
    return [
        http_request("GET", f"{_PAYMENTS}/status/{each}", Authorization=tokens[number])
        for number, each in enumerate(made.ids, start=1)
    ]


def _bookings(side: Side, bench: Bench, url: str) -> Sequence[bytes]:
    count = bench.pick(2_000, 200)
    side.prepare("bookings", url, count=count, first=1)
    return [
        http_request(
            "GET", f"/api/v1/bookings/{booking_id(number)}", Authorization=bearer(owner_of(number), BOOKINGS_WRITE)
        )
        for number in range(1, count + 1)
    ]


def _health(_side: Side, _bench: Bench, _url: str) -> Sequence[bytes]:
    return [http_request("GET", "/healthz")]


@contextmanager
def _history(bench: Bench, side: Side, *, kind: Kind) -> Iterator[Callable[[], Figures]]:
    """Pages and figures of a year, each read in turn by one connection."""
    with bench.database_of(side, kind) as url:
        first_at = side.prepare("year", url, count=bench.pick(100_000, 2_000)).first_at
        with side.service(bench, url, "--no-background") as service:
            meter = Meter(bench, kind, service)
            orders = {
                name: LoadOrder(meter.port, [request], 1, bench.pick(2.0, 0.3), repeat=True)
                for name, request in _readings(first_at).items()
            }

            def read_each() -> Figures:
                found = {name: meter.load(order, 200) for name, order in orders.items()}
                return {f"{name}, CPU µs": figures.get(BOTH, figures[SERVICE]) for name, figures in found.items()}

            yield read_each


def _readings(first_at: Instant) -> dict[str, bytes]:
    first = to_datetime(first_at).date()
    start, end = (first + timedelta(days=days) for days in (100, 129))
    customer, admin = bearer(REGULAR, PAYMENTS_READ), bearer("boss", ADMIN)
    return {
        "customer's page 1": http_request("GET", f"{_PAYMENTS}/history?page=1", Authorization=customer),
        "admin's page 1": http_request("GET", f"{_PAYMENTS}/history?page=1", Authorization=admin),
        "analytics of 30 days": http_request(
            "GET", f"{_PAYMENTS}/analytics?from={start}&to={end}", Authorization=admin
        ),
        "analytics of a year": http_request("GET", f"{_PAYMENTS}/analytics?from={first}", Authorization=admin),
    }


_SHORT: Final = {
    "customer's page 1, CPU µs": Goal(1_000, 0.455),
    "admin's page 1, CPU µs": Goal(1_600, 0.457),
    "analytics of 30 days, CPU µs": Goal(1_500, 0.455),
    "analytics of a year, CPU µs": Goal(12_000, 0.333),
}
CALLS: Final = (
    Measure(
        "status", "read by 32 connections", _reading("postgresql", _CONNECTIONS, _statuses), {SERVICE: Goal(80, 0.762)}
    ),
    Measure("status-sqlite", "read by 32 connections", _reading("sqlite", _CONNECTIONS, _statuses)),
    Measure("health", "asked by one connection", _reading("postgresql", 1, _health)),
    Measure("booking-read", "by 32 connections", _reading("postgresql", _CONNECTIONS, _bookings)),
    Measure("history", "read by one connection", partial(_history, kind="postgresql"), _SHORT),
    Measure("history-sqlite", "read by one connection", partial(_history, kind="sqlite")),
)
