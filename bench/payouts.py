"""Approved payouts: how many are started a second, each durable before its first byte leaves."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import asdict
from sqlalchemy import func, insert, select

from bench.made import phone_of
from bench.report import Bar, Table
from bench.stage import KINDS, Bench, Kind, cost
from pokea.clock import HOUR, Instant, SystemClock
from pokea.disbursements.approving import obligation_of
from pokea.disbursements.model import Disbursement, OutStep, StepKind, digest_of
from pokea.disbursements.payee_store import PayeeRow
from pokea.ledger.money_out import Share, released, reserved
from pokea.storage import tables
from pokea.storage.engines import postgres_engine, sqlite_engine

SAYS = "Approved payouts that are started a second, each durable first, with a simulated Daraja that pays at once."
_WANTED_A_SECOND = 200
_DEAR_SHILLINGS = 330
_CENTS = 50_000
_PAYEES = 100
_SETTINGS = {
    "POKEA_MONEY_OUT": "on",
    "MPESA_INITIATOR_NAME": "testapi",
    "MPESA_INITIATOR_PASSWORD": "Safaricom999!*!",
    "POKEA_OUT_LIMIT_DAY": "10000000",
    "POKEA_OUT_LIMIT_PAYEE_DAY": "500000",
    "POKEA_OUT_LIMIT_HOURLY": "1000000",
}
_WAIT_SECONDS = 300


class _Started(NamedTuple):
    kind: Kind
    payouts: int
    a_second: float
    cpu_us: float
    paid: int


def run(bench: Bench) -> Iterator[Table]:
    """As many as go, on each kind of database."""
    count = bench.pick(1_500, 150)
    found = []
    for kind in KINDS:
        bench.say(f"{kind}, {count} payouts")
        found.append(_pay(bench, kind, count))
    yield Table(
        "One process starts approved payouts, and the simulator beside it pays them",
        ("Database", "payouts", "started a second", "CPU µs a payout", "paid by then"),
        [tuple(each) for each in found],
        [Bar(f"Started a second on {each.kind}", each.a_second, _WANTED_A_SECOND) for each in found],
        [
            "Started: the attempt and `send_began` are committed, and the request is on its way. Counted from when the "
            "approvals were committed to the last start; CPU is the service's until then, answers and Results included."
        ],
    )


def _pay(bench: Bench, kind: Kind, count: int) -> _Started:
    with (
        bench.database(kind) as url,
        bench.simulator("--out-seconds", "0") as simulator,
        bench.service(url, simulator_url=simulator.url, **_SETTINGS) as service,
    ):
        # Beyond their charges, dear ones: each Result names what is left, and what that does not cover would wait.
        simulator.api("POST", "/accounts", {"utility": count * (_CENTS // 100 + _DEAR_SHILLINGS)})
        before = cost(service).cpu_seconds
        engine = sqlite_engine(url, begin="BEGIN") if kind == "sqlite" else postgres_engine(url)
        begun = _approve(url, count)
        done: Instant = 0
        until = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < until:
            # A look that takes no lock.
            with engine.connect() as connection:
                row = connection.execute(_STARTED).one()
            if row.started == count:
                done = row.last
                break
            time.sleep(0.2)
        assert done, f"not all of {count} payouts were started in {_WAIT_SECONDS} s"
        engine.dispose()
        spent = cost(service).cpu_seconds - before
        paid = simulator.api("GET", "/journal")["payouts"]
    assert len({each["originatorConversationId"] for each in paid}) == len(paid)
    return _Started(kind, count, count / ((done - begun) / 1e6), spent * 1e6 / count, len(paid))


_STARTED = select(
    func.count(tables.attempts.c.id).label("started"), func.max(tables.attempts.c.created_at).label("last")
)


def _approve(url: str, count: int) -> Instant:
    """Insert so many payouts that two people have asked for and approved, due now; answers when."""
    now = SystemClock().now()
    confirmed = now - 48 * HOUR
    payees = [
        PayeeRow(
            f"py_{each:026d}",
            1,
            f"P {each}",
            phone_of(each),
            None,
            1,
            confirmed,
            "ann",
            confirmed,
            "ben",
            confirmed,
            None,
        )
        for each in range(_PAYEES)
    ]
    rows = [_payout(number, payees[number % _PAYEES], now) for number in range(count)]
    each_payee = [Share(payee.id, _CENTS * (count // _PAYEES + 1)) for payee in payees]
    entries = released("dc_bench", 1, each_payee, 0, now) + [
        posting for row in rows for posting in reserved(obligation_of(row), 1, now)
    ]
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE") if url.startswith("sqlite") else postgres_engine(url)
    funds = {"merchant_id": 1, "shortcode": "174379", "available_cents": 10**12, "as_of": now, "asked_at": now}
    with engine.begin() as connection:
        connection.execute(insert(tables.payees), [each._asdict() for each in payees])
        connection.execute(insert(tables.funds), [funds | {"questions": 0}])
        connection.execute(insert(tables.disbursements), [each._asdict() for each in rows])
        steps = [step._asdict() for each in rows for step in _steps(each)]
        connection.execute(insert(tables.disbursement_steps), steps)
        connection.execute(insert(tables.postings), [asdict(each) for each in entries])
    engine.dispose()
    return SystemClock().now()


def _payout(number: int, payee: PayeeRow, now: Instant) -> Disbursement:
    row = Disbursement(
        **dict.fromkeys(Disbursement._fields)  # type: ignore[arg-type]  # the rest is given
        | {
            "id": f"po_{number:026d}",
            "merchant_id": 1,
            "kind": "payout",
            "payee_id": payee.id,
            "amount_cents": _CENTS,
            "recipient": payee.msisdn,
            "way": "b2c",
            "reason": "week 48",
            "requested_by": "ann",
            "created_at": now,
            "nonce": "n",
            "digest": "",
            "needs_second_person": True,
            "version": 2,
            "status": "approved",
            "approved_by": "ben",
            "approved_at": now,
            "is_over_cap": False,
            "flags": "",
            "next_action_at": now,
        }
    )
    digest = digest_of(
        row.id, row.kind, amount_cents=_CENTS, recipient=row.recipient, way=row.way, source=payee.id, nonce=row.nonce
    )
    return row._replace(digest=digest)


def _steps(row: Disbursement) -> list[OutStep]:
    at = row.created_at
    return [
        OutStep(row.id, 1, StepKind.REQUESTED.value, "ann", row.reason, row.digest, at),
        OutStep(row.id, 2, StepKind.APPROVED.value, "ben", None, row.digest, at),
    ]
