"""Calls that read: statuses, health, bookings, history and analytics."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final

from bench.load import LoadOrder, http_request
from bench.made import bearer, booking_id, owner_of
from bench.measures import BOTH, SERVICE, Figures, Goal, Measure, Meter, Way
from bench.sides import Side
from bench.stage import Bench, Kind
from bench.years import DAYS, REGULAR
from pokea.api.auth.callers import ADMIN, BOOKINGS_WRITE, PAYMENTS_READ
from pokea.clock import to_datetime

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


def _year(side: Side, bench: Bench, url: str) -> float:
    return side.prepare("year", url, count=bench.pick(200_000, 2_000)).first_at


def _history(side: Side, bench: Bench, url: str, *, token: str) -> Sequence[bytes]:
    _year(side, bench, url)
    return [http_request("GET", f"{_PAYMENTS}/history?page=1", Authorization=token)]


def _analytics(side: Side, bench: Bench, url: str, *, days: int) -> Sequence[bytes]:
    first = to_datetime(int(_year(side, bench, url)))
    since = first.replace(microsecond=0).date().toordinal() + (100 if days < DAYS else 0)
    start, end = (type(first.date()).fromordinal(each) for each in (since, since + days - 1))
    query = f"from={start}&to={end}" if days < DAYS else f"from={start}"
    return [http_request("GET", f"{_PAYMENTS}/analytics?{query}", Authorization=bearer("boss", ADMIN))]


_CUSTOMER: Final = partial(_history, token=bearer(REGULAR, PAYMENTS_READ))
_ADMIN: Final = partial(_history, token=bearer("boss", ADMIN))
CALLS: Final = (
    Measure("status", "read by 32 connections", _reading("postgresql", _CONNECTIONS, _statuses), {SERVICE: Goal(80)}),
    Measure("status-sqlite", "read by 32 connections", _reading("sqlite", _CONNECTIONS, _statuses)),
    Measure("health", "asked by one connection", _reading("postgresql", 1, _health)),
    Measure("booking-read", "by 32 connections", _reading("postgresql", _CONNECTIONS, _bookings)),
    Measure("history-customer", "page 1, one connection", _reading("postgresql", 1, _CUSTOMER), {BOTH: Goal(1_000)}),
    Measure("history-admin", "page 1, one connection", _reading("postgresql", 1, _ADMIN), {BOTH: Goal(1_600)}),
    Measure("history-sqlite", "an admin's page 1, one connection", _reading("sqlite", 1, _ADMIN)),
    Measure(
        "analytics-month", "30 days, one connection", _reading("postgresql", 1, partial(_analytics, days=30)),
        {BOTH: Goal(1_500)},
    ),
    Measure(
        "analytics-year", "a year, one connection", _reading("postgresql", 1, partial(_analytics, days=DAYS)),
        {BOTH: Goal(12_000)},
    ),
)  # fmt: skip
