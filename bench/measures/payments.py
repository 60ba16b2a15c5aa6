"""What a payment is made of: its booking, its push, its callback; and what all of it writes."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from bench.acceptor import Acceptor, checkout_id
from bench.load import LoadOrder, http_request, run_load
from bench.made import FEE_SHILLINGS, bearer, booking_id, owner_of, phone_of
from bench.measures import P50, P99, RATE, SERVICE, Figures, Goal, Measure, Meter
from bench.sides import Side
from bench.stage import Bench, Kind, database_bytes, log_position, port_of
from pokea.api.auth.callers import ADMIN, BOOKINGS_WRITE, PAYMENTS_WRITE
from tests.deliveries import callback_body

_TOGETHER: Final = 32
_MANY: Final = 256
_CREATED: Final = 201
_OK: Final = 200
_LOG: Final = "bytes of log"
_DISK: Final = "bytes of disk"
LIMITS: Final = {
    "POKEA_PUSH_LIMIT_PHONE": "5",
    "POKEA_PUSH_LIMIT_CUSTOMER": "1000",
    "POKEA_PUSH_LIMIT_OVERALL": "100000",
}
"""All limits are counted, and none refuses a load."""
NO_LIMITS: Final = dict.fromkeys(LIMITS, "0")


@contextmanager
def _callbacks(bench: Bench, side: Side) -> Iterator[Callable[[], Figures]]:
    firsts = itertools.count(1, 1_000_000)
    count = bench.pick(6_000, 300)
    with bench.database_of(side, "postgresql") as url, side.service(bench, url, "--no-background") as service:
        meter = Meter(bench, "postgresql", service)

        def pay() -> Figures:
            made = side.prepare("payments", url, count=count, first=next(firsts))
            at = log_position(bench)
            found = meter.load(LoadOrder(meter.port, made.callbacks, _MANY), _OK)
            return {**found, _LOG: (log_position(bench) - at) / count}

        yield pay


def _booking_request(number: int) -> bytes:
    body = json.dumps({"service": "Plumbing"}).encode()
    token = bearer(owner_of(number), BOOKINGS_WRITE)
    return http_request("POST", "/api/v1/bookings", body, Authorization=token, Idempotency_Key=f"booking-{number}")


@contextmanager
def _bookings(bench: Bench, side: Side, *, kind: Kind) -> Iterator[Callable[[], Figures]]:
    numbers = itertools.count(1)
    count = bench.pick(4_000, 200)
    with bench.database_of(side, kind) as url, side.service(bench, url, "--no-background") as service:
        meter = Meter(bench, kind, service)

        def book() -> Figures:
            requests = [_booking_request(next(numbers)) for _ in range(count)]
            return meter.load(LoadOrder(meter.port, requests, _TOGETHER), _CREATED)

        yield book


def push_request(number: int, *, booking: str = "", key: bool = True) -> bytes:
    """The push for the booking of this number, by an admin, under an idempotency key of its own."""
    body = {
        "phoneNumber": phone_of(number),
        "bookingId": booking or booking_id(number),
        "amount": FEE_SHILLINGS,
        "type": "booking_fee",
    }
    named = {"Authorization": bearer(owner_of(number), PAYMENTS_WRITE)}
    named |= {"Idempotency_Key": f"push-{number}"} if key else {}
    return http_request("POST", "/api/v1/payments/mpesa/stkpush", json.dumps(body).encode(), **named)


@contextmanager
def _pushes(
    bench: Bench, side: Side, *, kind: Kind, limits: bool, tls: bool = False, rate: float = 0.0
) -> Iterator[Callable[[], Figures]]:
    firsts = itertools.count(1, 100_000)
    count = bench.pick(int(rate * 10) if rate else 2_000, 100)
    settings = LIMITS if limits else NO_LIMITS
    with (
        bench.database_of(side, kind) as url,
        Acceptor(bench.new_folder(), tls=tls) as daraja,
        side.service(bench, url, "--no-background", daraja_url=daraja.url, **settings, **daraja.trust) as service,
    ):
        meter = Meter(bench, kind, service)

        def push() -> Figures:
            first = next(firsts)
            side.prepare("bookings", url, count=count, first=first)
            requests = [push_request(number) for number in range(first, first + count)]
            found = meter.load(LoadOrder(meter.port, requests, _TOGETHER, rate=rate), _CREATED)
            noted = daraja.noted()
            phones = [phone for phone, _ in noted.callbacks]
            assert len(phones) == len(set(phones)) == count, "a push was sent twice, or never"
            return {**found, "connections to Daraja, each": noted.connections / count}

        yield push


@contextmanager
def _life(bench: Bench, side: Side) -> Iterator[Callable[[], Figures]]:
    """Whole payments over HTTP: booked, pushed and called back, in a database of their own each round."""
    count = bench.pick(3_000, 200)

    def live() -> Figures:
        with (
            bench.database_of(side, "postgresql") as url,
            Acceptor(bench.new_folder()) as daraja,
            side.service(bench, url, "--no-background", daraja_url=daraja.url, **NO_LIMITS) as service,
        ):
            port = port_of(service)
            for requests, _ in _live_in_steps(bench, url, daraja, 1_000_001, bench.pick(500, 50)):
                run_load(LoadOrder(port, requests, _TOGETHER, 120))
            bench.postgres.execute("vacuum analyze", _name(url))
            empty, written = database_bytes(bench, url), []
            for requests, status in _live_in_steps(bench, url, daraja, 1, count):
                at = log_position(bench)
                result = run_load(LoadOrder(port, requests, _TOGETHER, 120))
                assert set(result.counts) == {status}, result.counts
                written.append((log_position(bench) - at) / count)
            bench.postgres.execute("vacuum analyze", _name(url))
            disk = (database_bytes(bench, url) - empty) / count
        steps = zip(("booking", "push", "callback"), written, strict=True)
        return {**{f"{_LOG}, {step}": each for step, each in steps}, f"{_LOG}, whole": sum(written), _DISK: disk}

    yield live


def _live_in_steps(
    bench: Bench, url: str, daraja: Acceptor, first: int, count: int
) -> Iterator[tuple[Sequence[bytes], int]]:
    """The requests of each step, made of what the step before has left, and the status of their answers."""
    numbers = range(first, first + count)
    yield [_named_booking(number) for number in numbers], _CREATED
    booked = dict(bench.postgres.execute("select reference, id from bookings", _name(url)))
    yield [push_request(number, booking=booked[f"BK-{number}"]) for number in numbers], _CREATED
    yield [_callback(phone, address) for phone, address in daraja.noted().callbacks], _OK


def _named_booking(number: int) -> bytes:
    wanted = {"service": "Plumbing", "customerId": owner_of(number), "amount": FEE_SHILLINGS}
    body = json.dumps(wanted | {"reference": f"BK-{number}"}).encode()
    key = f"booking-{number}"
    return http_request("POST", "/api/v1/bookings", body, Authorization=bearer("boss", ADMIN), Idempotency_Key=key)


def _callback(phone: str, address: str) -> bytes:
    body = callback_body(checkout_id(phone).decode(), 0, f"UB{int(phone) % 10**8:08d}", FEE_SHILLINGS)
    return http_request("POST", urlsplit(address).path, body)


def _name(url: str) -> str:
    return url.rsplit("/", 1)[1]


def _of_pushes(name: str, says: str, kind: Kind, goals: dict[str, Goal], **how: object) -> Measure:
    return Measure(name, says, partial(_pushes, kind=kind, **how), goals)  # type: ignore[arg-type]  # the switches of _pushes


def _of_bookings(name: str, kind: Kind, least: float) -> Measure:
    return Measure(
        name, "made over 32 connections", partial(_bookings, kind=kind), {RATE: Goal(least, sense="at least")}
    )


_SOON: Final = {P50: Goal(4), P99: Goal(10)}
_HALF_AS_MUCH: Final = {SERVICE: Goal(share=0.6)}
PAYMENTS: Final = (
    Measure("callbacks", "settled over 256 connections", _callbacks, {_LOG: Goal(2_800)}),
    _of_bookings("bookings", "postgresql", 2_500),
    _of_bookings("bookings-sqlite", "sqlite", 6_000),
    _of_pushes("pushes", "32 at a time, limits off", "postgresql", {}, limits=False),
    _of_pushes("pushes-limits", "32 at a time, limits on", "postgresql", _HALF_AS_MUCH, limits=True),
    _of_pushes("pushes-tls", "32 at a time over TLS, limits on", "postgresql", {}, limits=True, tls=True),
    _of_pushes("pushes-sqlite", "32 at a time, limits on", "sqlite", {}, limits=True),
    _of_pushes("push-alone", "100 a second, limits on", "postgresql", _SOON, limits=True, rate=100.0),
    Measure(
        "life", "booked, pushed and called back, then an ordinary vacuum", _life,
        {f"{_LOG}, whole": Goal(5_500), _DISK: Goal(3_000)}, is_warmed=False,
    ),
)  # fmt: skip
