"""Webhooks: signed deliveries a second, what bad endpoints cost the others, and what waits costs a settle."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Final

from sqlalchemy import insert

from bench.callbacks import Run, Site
from bench.hook_receiver import HookReceiver, Noted
from bench.report import Bar, Table, alternate, median, ratio
from bench.servers import cost_of
from bench.stage import KINDS, Bench, Kind, cost
from pokea.clock import HOUR, SystemClock
from pokea.events.outbox import Event, add_events
from pokea.storage import tables
from pokea.storage.database import open_database
from tests.system.service.running import ServiceProgram

SAYS = "Signed webhooks a second to a receiver that proves each; 48 of 50 endpoints beside two bad ones; what waits."
_WANTED_A_SECOND: Final = 2_000
_LONGEST_P99_MS: Final = 1_000
_NOTHING_TO_MEASURE: Final = 1.05
_ENDPOINTS: Final = 20
_MOST_ENDPOINTS: Final = 50
_BAD: Final = ("/dead", "/slow")
_A_SECOND: Final = 10
_WAIT_SECONDS: Final = 180
_DATA: Final = (
    '{"bookingId":"bk_01m8emqm5vvnpb1k2m2nmc2k34","reference":"BK-EPTTESY","status":"completed","amount":500,'
    '"currency":"KES","receipt":"UKR7A1B2C3","review":[]}'
)
_numbers = itertools.count(1)


def run(bench: Bench) -> Iterator[Table]:
    """The three, one after another."""
    yield _rates(bench)
    yield _beside_bad_ones(bench)
    yield _waiting(bench)


def happen(url: str, count: int) -> None:
    """So many payments are completed: their events are committed, and have no number yet."""
    now = SystemClock().now()
    made = [Event(f"pay_{next(_numbers):026d}", 1, 1, "payment.completed", now, _DATA) for _ in range(count)]
    with closing(open_database(url)) as database, database.engine.begin() as connection:
        add_events(connection, made)


def subscribed(service: ServiceProgram, receiver: HookReceiver, paths: Sequence[str]) -> None:
    """An endpoint at each of these paths of the receiver, which knows its secret."""
    secrets = {}
    for path in paths:
        wanted = {"url": receiver.url + path, "types": ["payment.*"]}
        secrets[path] = service.call("POST", "/webhooks", wanted, scope="admin").body["webhook"]["secret"]
    receiver.expect(secrets)


def all_came(receiver: HookReceiver, paths: Sequence[str], count: int) -> Noted:
    """What the receiver has noted, once so many messages came to each of these paths, all proved."""
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        noted = receiver.noted()
        if all(path in noted.paths and noted.paths[path].count >= count for path in paths):
            assert not any(each.unproved for each in noted.paths.values())
            assert all(noted.paths[path].count == count for path in paths), "a message came twice"
            return noted
        time.sleep(0.5)
    raise AssertionError(f"not all messages came in {_WAIT_SECONDS} s")


def _rates(bench: Bench) -> Table:
    rows, bars = [], []
    for kind in KINDS:
        found = [_rate(bench, kind) for _ in range(bench.rounds)]
        rate, service_us, receiver_us = (median(each[place] for each in found) for place in range(3))
        rows.append((kind, rate, service_us, receiver_us))
        bars.append(Bar(f"Deliveries a second on {kind}", rate, _WANTED_A_SECOND))
    notes = [
        f"One process sends, to {_ENDPOINTS} endpoints of a receiver of one process, which proves each signature; from "
        "the first message to the last, with the numbering of the events and all that is kept.",
        "Each message came once.",
    ]
    columns = ("Database", "deliveries a second", "CPU µs of the service", "of the receiver")
    return Table("Signed deliveries a second", columns, rows, bars, notes)


def _rate(bench: Bench, kind: Kind) -> tuple[float, float, float]:
    bench.say(f"{kind}, deliveries as fast as they go")
    events = bench.pick(1_500, 50)
    paths = [f"/{number}" for number in range(_ENDPOINTS)]
    with bench.database(kind) as url, HookReceiver() as receiver, bench.service(url) as service:
        subscribed(service, receiver, paths)
        before, taken_before = cost(service).cpu_seconds, cost_of(receiver.pid).cpu_seconds
        happen(url, events)
        noted = all_came(receiver, paths, events)
        micro = 1e6 / (events * len(paths))
        spent = cost(service).cpu_seconds - before, cost_of(receiver.pid).cpu_seconds - taken_before
    return events * len(paths) / (noted.last_at - noted.first_at), spent[0] * micro, spent[1] * micro


def _beside_bad_ones(bench: Bench) -> Table:
    good = [f"/{number}" for number in range(_MOST_ENDPOINTS - len(_BAD))]
    seconds = bench.pick(30, 2)
    rows, bars = [], []
    for kind in KINDS:
        bench.say(f"{kind}, {len(good)} good endpoints beside a dead and a slow one")
        with bench.database(kind) as url, HookReceiver() as receiver, bench.service(url) as service:
            subscribed(service, receiver, [*_BAD, *good])
            for _ in range(seconds):
                happen(url, _A_SECOND)
                time.sleep(1)
            noted = all_came(receiver, good, seconds * _A_SECOND)
        late = sorted(each for path in good for each in noted.paths[path].late_ms)
        p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
        bad = [noted.paths[path].count if path in noted.paths else 0 for path in _BAD]
        rows.append((kind, len(late), p50, p99, late[-1], *bad))
        bars.append(Bar(f"From the event to the {len(good)} on {kind}: p99", p99, _LONGEST_P99_MS, "at most", "ms"))
    columns = ("Database", "deliveries", "p50 ms", "p99 ms", "worst ms", "sent to the dead", "to the slow")
    return Table(
        f"{len(good)} of {_MOST_ENDPOINTS} endpoints, beside one that never answers and one that takes 10 s",
        columns, rows, bars, [f"{_A_SECOND} events are committed together each second, each for every endpoint."],
    )  # fmt: skip


def _waiting(bench: Bench) -> Table:
    pairs, count = bench.pick(100_000, 1_000), bench.pick(8_000, 320)
    with ExitStack() as stack:
        ways: dict[str, Callable[[], Run]] = {}
        for name, waiting in (("no pair waits", 0), (f"{pairs} pairs wait", pairs)):
            url = stack.enter_context(bench.database())
            wait_at_endpoint(url, waiting)
            site = Site(bench, "postgresql", url, stack.enter_context(bench.service(url)))
            site.pay(count // 4)
            ways[name] = lambda site=site: site.pay(count)  # type: ignore[misc]  # the loop's site, bound now
        found = alternate(bench.rounds, ways)
    empty, full = ([each.cpu_us for each in runs] for runs in found.values())
    rows = [
        (name, median(each.rate for each in runs), median(each.service_us for each in runs),
         median(each.database_us for each in runs))
        for name, runs in found.items()
    ]  # fmt: skip
    share = ratio(full, empty)
    return Table(
        "Callbacks settled while webhooks wait, PostgreSQL",
        ("", "a second", "CPU µs of the service", "of the database"),
        rows,
        [Bar("CPU of a callback, to that with no pair waiting", share, _NOTHING_TO_MEASURE, "at most")],
        ["The endpoint is disabled in both, so that what is settled is noted for it and nothing is sent."],
    )


def wait_at_endpoint(url: str, pairs: int) -> None:
    """An endpoint that is disabled, and so many pairs that wait for it."""
    now = SystemClock().now()
    endpoint = {
        "id": f"wh_{1:026d}", "merchant_id": 1, "url": "https://shop.example.com/", "types": "*",
        "is_latest_only": False, "created_at": now, "disabled_at": now, "reason": "gone", "times_disabled": 1,
        "failures": 0, "probes": 0, "probe_at": 0, "held_until": 0, "window": 1, "lease_until": 0,
    }  # fmt: skip
    pair = {"endpoint_id": endpoint["id"], "acked_version": 0, "wanted_version": 3, "again": "", "attempts": 0}
    rows = [{**pair, "object_id": f"pay_w{number:025d}", "due_at": now - HOUR} for number in range(pairs)]
    with closing(open_database(url)) as database, database.engine.begin() as connection:
        connection.execute(insert(tables.endpoints), [endpoint])
        if rows:
            connection.execute(insert(tables.deliveries), rows)
