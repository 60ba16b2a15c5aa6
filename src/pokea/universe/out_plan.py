"""What one seed decides about money out: settings, faults and crashes, and when officers have their turns.

It is drawn from a generator of its own, so that what the seed draws about payments stays as it is.
"""

import dataclasses
import random
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from pokea.certificates import read_key
from pokea.out_rules import SANDBOX_INITIATOR_PASSWORD
from pokea.simulator.faults import DEFAULT_SECONDS, OUT_KINDS, FaultKind
from pokea.simulator.initiator import certificate
from pokea.simulator.options import SimulatorOptions
from pokea.universe.fault_plan import Trouble
from pokea.universe.plan import Burst, Plan
from pokea.universe.process import CrashPoint

_FIRST_TURN_SECONDS: Final = 60.0
_TURNS: Final = (8, 12)
_LONG_SECONDS: Final = 7_200.0
_REVERSALS_ONE_IN: Final = 8
_OFTEN: Final = (
    *(FaultKind.RESULT_LOST, FaultKind.RESULT_LATE, FaultKind.OUT_DROPPED_AFTER, FaultKind.TIMEOUT_THEN_SUCCESS),
    *(FaultKind.STATUS_UNKNOWN, FaultKind.STATUS_LOST, FaultKind.STATUS_SLOW, FaultKind.DUPLICATE_LATE),
)
"""Those that leave a sending without its Result, and the questions about it without an answer."""
_MAY_LAST: Final[Mapping[FaultKind, tuple[float, float]]] = {
    FaultKind.RESULT_LATE: (5, 900),
    FaultKind.RESULT_TWICE: (0, 120),
    FaultKind.TIMEOUT_NOTICE: (0, 60),
    FaultKind.TIMEOUT_THEN_SUCCESS: (1, 300),
    FaultKind.WAITING_TO_RESEND: (1, 300),
    FaultKind.STATUS_UNKNOWN: (30, 900),
    FaultKind.STATUS_SLOW: (5, 300),
}
"""How long a fault holds something up, where the kind takes a time."""
_POINTS: Final = (
    *("commit _claim", "commit _claim", "commit settle", "commit settle", "commit approve", "commit request_refund"),
    *("commit request_payout", "commit record_finding", "commit release", "commit store_alone", "send b2c", "send b2c"),
    *("send reversal", "send reversal", "send transactionstatus", "send accountbalance"),
    *("answer out", "answer out", "answer refunds", "answer payouts"),
)


def reversal_chance(seed: int) -> random.Random:
    """The generator of reversals by another hand, so that what was drawn before there was one stays as it is."""
    return random.Random(f"reversals {seed}")  # noqa: S311 - it decides about a test


def with_money_out(plan: Plan, chance: random.Random, chance_of_reversals: random.Random) -> Plan:
    """The plan with what its seed's generators of money out draw."""
    troubled = not _is_one_in(chance, 8)
    turns = sorted(chance.uniform(_FIRST_TURN_SECONDS, plan.active_seconds) for _ in range(chance.randint(*_TURNS)))
    return plan._replace(
        options=_options(chance, plan.options),
        settings=dict(plan.settings) | _settings(chance, is_long=plan.run_on_seconds > _LONG_SECONDS),
        standing=[*plan.standing, *(_standing(chance) if troubled else ()), *_reversals(chance_of_reversals)],
        bursts=[*plan.bursts, *(_bursts(chance, plan.active_seconds) if troubled else ())],
        dooms=_dooms(chance) if _is_one_in(chance, 2) else plan.dooms,
        officers_at_seconds=turns,
        tops_up=not _is_one_in(chance, 3),
    )


def _options(chance: random.Random, options: SimulatorOptions) -> SimulatorOptions:
    return dataclasses.replace(
        options,
        timeout_notice=chance.choice(("request", "result")),
        b2c_tariff=chance.choice(("none", "registered", "withdrawal")),
        reversed_status=chance.choice(("completed", "reversed")),
        partial_reversal=chance.choice(("refuse", "do")),
        acknowledgement_seconds=chance.choice((0.0, 0.0, 3.0)),
        out_seconds=chance.choice((0.5, 2.0, 20.0)),
        question_seconds=chance.choice((0.5, 1.0, 20.0)),
    )


def _settings(chance: random.Random, *, is_long: bool) -> dict[str, Any]:
    return {
        "pokea_money_out": "on",
        "mpesa_security_credential": _sealed(),
        "pokea_payee_wait_hours": 0,
        "pokea_commission_percent": chance.choice(("0", "10", "2.5")),
        "pokea_out_second_person_from": chance.choice((0, 0, 0, 0, 300)),
        "pokea_out_delay_seconds": 60,
        "pokea_out_limit_one": chance.choice((10_000, 10_000, 1_500)),
        "pokea_out_limit_day": chance.choice((50_000, 50_000, 2_000)),
        "pokea_out_limit_payee_day": chance.choice((10_000, 10_000, 1_500)),
        "pokea_out_limit_hourly": chance.choice((20, 20, 2)),
        "pokea_out_float": chance.choice((0, 0, 100)),
        "pokea_reversal_days": chance.choice((7, 7, 0)),
        # It looks twice a minute, which in a day is more work than all the rest.
        "pokea_release_after_hours": 1 if _is_one_in(chance, 6) and not is_long else None,
        "pokea_status_rate": chance.choice((20, 60, 4)),
    }


@cache
def _sealed() -> str:
    """The initiator's password, sealed by the simulator's key in one way of the many that PKCS#1 v1.5 allows, so that a
    universe is the same each time."""
    numbers = read_key(certificate().encode()).public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    password = SANDBOX_INITIATOR_PASSWORD.encode()
    block = b"\x00\x02" + b"\x01" * (size - 3 - len(password)) + b"\x00" + password
    return b64encode(pow(int.from_bytes(block), numbers.e, numbers.n).to_bytes(size)).decode()


def _standing(chance: random.Random) -> Sequence[Trouble]:
    kinds = [*chance.sample(OUT_KINDS, chance.randrange(1, 6)), *chance.sample(_OFTEN, chance.randrange(3))]
    return [_trouble(chance, kind, chance.uniform(0.1, 0.7)) for kind in dict.fromkeys(kinds)]


def _reversals(chance: random.Random) -> Sequence[Trouble]:
    # Only a reversal can meet this kind, and few refunds are one: drawn as the others are it acts in one of 200.
    is_drawn = _is_one_in(chance, _REVERSALS_ONE_IN)
    return [_trouble(chance, FaultKind.REVERSED_ELSEWHERE, chance.uniform(0.3, 0.7))] if is_drawn else []


def _bursts(chance: random.Random, active_seconds: float) -> Sequence[Burst]:
    times = [chance.uniform(_FIRST_TURN_SECONDS, active_seconds) for _ in range(chance.randrange(4))]
    return [
        Burst(at_seconds, chance.uniform(60, 600), _trouble(chance, chance.choice(OUT_KINDS), 0.9))
        for at_seconds in times
    ]


def _trouble(chance: random.Random, kind: FaultKind, likely: float) -> Trouble:
    span = chance.uniform(*_MAY_LAST[kind]) if kind in _MAY_LAST and _is_one_in(chance, 2) else None
    return Trouble("daraja", kind.value, likely, DEFAULT_SECONDS.get(kind) if span is None else round(span, 1))


def _dooms(chance: random.Random) -> Sequence[CrashPoint | None]:
    return [
        CrashPoint(f"{chance.choice(('before', 'after'))} {chance.choice(_POINTS)}", chance.choice((1, 1, 1, 2, 3, 8)))
        for _ in range(chance.choice((1, 2, 3)))
    ]


def _is_one_in(chance: random.Random, count: int) -> bool:
    return chance.randrange(count) == 0
