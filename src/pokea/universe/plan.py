"""What one seed decides before anything happens: Daraja's face, the faults, the crashes, and who comes to pay.

All of it, and every delay and mishap afterwards, is drawn from one generator.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pokea.clock import HOUR, SECOND, Instant, nairobi
from pokea.simulator.faults import DEFAULT_SECONDS, PUSH_KINDS, FaultKind
from pokea.simulator.options import SimulatorOptions, switches
from pokea.universe.defects import DEFECTS
from pokea.universe.fault_plan import DiskFaults, NetworkFaults, Standstill, Trouble
from pokea.universe.process import CrashPoint

_FIRST_DAY: Final[Instant] = 1_767_225_600 * SECOND
"""2026-01-01, from which the days of universes are counted."""
_ARRIVALS_SECONDS: Final = 1_200.0
_AFTER_THE_LAST_SECONDS: Final = 900.0
_AUDIT_SECONDS: Final = 2_400.0
_DAY_SECONDS: Final = 24 * 3600.0
_PUSH_LIMITS: Final = ("pokea_push_limit_phone", "pokea_push_limit_customer")

_OFTEN: Final = (FaultKind.CALLBACK_LOST, FaultKind.CALLBACK_TWICE, FaultKind.CALLBACK_LATE, FaultKind.QUERY_PENDING)
_SPANS: Final[Mapping[FaultKind, tuple[float, float]]] = {
    FaultKind.CALLBACK_LATE: (5, 900),
    FaultKind.CALLBACK_TWICE: (0, 120),
    FaultKind.CALLBACK_THEN_SUCCESS: (1, 300),
    FaultKind.PUSH_TIMEOUT_BEFORE: (20, 70),
    FaultKind.PUSH_TIMEOUT_AFTER: (20, 70),
    FaultKind.SLOW: (1, 60),
}
"""How long a fault holds something up, where the kind takes a time."""
_POINTS: Final = (
    *("commit settle", "commit settle", "commit reserve", "commit look", "commit store", "commit claim"),
    *("commit create_bookings", "send stkpush", "send stkpush", "send stkpushquery", "send oauth"),
    *("answer callback", "answer callback", "answer stkpush", "answer bookings", "answer status"),
)
_SWITCHED: Final = (
    *("expires_in", "old_token", "bad_token", "pending_query", "unknown_query", "query_limit", "callback_order"),
    *("amount_form", "subscriber_lock", "identifiers", "wording", "balance_item", "same_amount_rule"),
    *("tariff", "charge_account", "statement_wording"),
)
_NAMES: Final = (
    *("amina", "brian", "chebet", "daudi", "esther", "farah", "grace", "hassan", "irene", "juma", "kezia", "lewis"),
    *("mwende", "njeri", "otieno", "pendo", "rehema", "salim", "tabitha", "wanjiku"),
)


MONEY_OUT: Final = "plan.money out"
"""Counts the universes in which money goes out."""


class Burst(NamedTuple):
    """Trouble for a while."""

    at_seconds: float
    lasts_seconds: float
    trouble: Trouble


class PlannedStatement(NamedTuple):
    """A person brings a statement with this defect (`statements.DEFECTS`)."""

    at_seconds: float
    defect: str


class Try(NamedTuple):
    """What a customer does about one prompt, and how long they watch the page. `behaviour` is the simulator's."""

    behaviour: str
    delay_seconds: float
    watches_seconds: float
    mistypes: bool


class Visit(NamedTuple):
    """A customer, from the booking to the last try."""

    name: str
    msisdn: str
    typed: str
    at_seconds: float
    shillings: int | None
    tries: Sequence[Try]
    double_clicks: bool
    keyed: bool
    leaves_after_seconds: float | None
    """The page is closed this long after the button is pressed, and opened again."""
    forges: bool
    unheard: bool
    """Daraja's answer to their first push is lost, and so is its callback: only a statement knows what became of it."""
    streams: bool
    """The page watches the events of its payment, as the drop-in does, and asks only when they do not come."""


class Spell(NamedTuple):
    """For so long a receiver behaves so (`hook_plan.KINDS`)."""

    begins_seconds: float
    ends_seconds: float
    kind: str


class PlannedEndpoint(NamedTuple):
    """An endpoint of the merchant's: what it subscribes to, and how its receiver behaves."""

    host: str
    types: Sequence[str]
    latest_only: bool
    made_at_seconds: float
    deleted_at_seconds: float | None
    spells: Sequence[Spell]


class Plan(NamedTuple):
    """One universe, before it begins."""

    seed: int
    epoch: Instant
    active_seconds: float
    run_on_seconds: float
    longest_sleep_seconds: float
    """So late a process may notice what another one has made due."""
    audit_every_seconds: float
    """So long after one look at the books comes the next, by the service itself; 0 for none."""
    options: SimulatorOptions
    settings: Mapping[str, Any]
    rotates_key: bool
    deploys_successor: bool
    """A deploy brings the version after this one, which has a column and a kind of evidence more (law: schema)."""
    rehearses: bool
    skew: Instant
    standing: Sequence[Trouble]
    bursts: Sequence[Burst]
    standstills: Sequence[Standstill]
    dooms: Sequence[CrashPoint | None]
    """One a life, in turn."""
    kills_at_seconds: Sequence[float]
    deploys_at_seconds: Sequence[float]
    rivals_at_seconds: Sequence[float]
    """When another program of the merchant fetches a token of its own, which may void ours (daraja: Token
    behaviour)."""
    readings: Sequence[PlannedStatement]
    last_defect: str
    """Of the statement that comes before the true one, when everything is over."""
    reversals_at_seconds: Sequence[float]
    """When an operator of the portal gives a customer's money back."""
    visits: Sequence[Visit]
    officers_at_seconds: Sequence[float] = ()
    """When an officer has a turn: looks at the money that may go out, and does one thing; none where no money goes
    out."""
    tops_up: bool = False
    """Funds are put into the account that pays out, at the beginning."""
    endpoints: Sequence[PlannedEndpoint] = ()
    """Where events are sent; none in most universes."""

    def occasions(self) -> list[str]:
        """What the report counts of a plan besides faults and crashes."""
        phones = [visit.msisdn for visit in self.visits]
        held = {
            "plan.clock wrong": abs(self.skew) > SECOND,
            "plan.key rotated": self.rotates_key,
            "plan.books audited": self.audit_every_seconds > 0,
            "plan.changes rehearsed": self.rehearses,
            "plan.day and more": self.run_on_seconds > _DAY_SECONDS,
            "plan.burst": bool(self.bursts),
            "plan.standstill": bool(self.standstills),
            "plan.phone shared": len(set(phones)) < len(phones),
            "plan.prompts limited": any(self.settings[name] for name in _PUSH_LIMITS),
            MONEY_OUT: bool(self.officers_at_seconds),
            "plan.endpoints": bool(self.endpoints),
        }
        return [name for name, holds in held.items() if holds]


def plan_of(seed: int, chance: random.Random) -> Plan:
    """The plan that the seed's generator draws."""
    epoch = _FIRST_DAY + chance.randrange(365 * 24) * HOUR + chance.randrange(HOUR)
    visits = _visits(chance)
    active = max(visit.at_seconds for visit in visits) + _AFTER_THE_LAST_SECONDS
    troubled = not _one_in(chance, 10)  # the rest shows what a quiet day looks like
    is_long = _one_in(chance, 16)  # a day and more, for what is given up after a day
    return Plan(
        seed=seed,
        epoch=epoch,
        active_seconds=active,
        run_on_seconds=26 * 3600.0 if is_long else 7200.0,
        longest_sleep_seconds=3600.0 if is_long else 600.0,
        audit_every_seconds=_AUDIT_SECONDS if _one_in(chance, 10) and not is_long else 0.0,
        options=_options(chance, epoch),
        settings=_settings(chance),
        rotates_key=_one_in(chance, 10),
        deploys_successor=_one_in(chance, 3),
        rehearses=_one_in(chance, 10),
        skew=round(chance.choice((0.0, 0.0, chance.uniform(-3, 3), chance.uniform(-150, 150))) * SECOND),
        standing=_standing(chance) if troubled else (),
        bursts=[*_bursts(chance, active), *_outage(chance, visits)] if troubled else (),
        standstills=_standstills(chance, visits) if troubled else (),
        dooms=_dooms(chance),
        kills_at_seconds=sorted(chance.uniform(5, active) for _ in range(chance.choice((0, 0, 1, 1, 2)))),
        deploys_at_seconds=sorted(chance.uniform(30, active) for _ in range(chance.choice((0, 0, 0, 1, 1, 2)))),
        rivals_at_seconds=sorted(chance.uniform(5, active) for _ in range(chance.choice((0, 0, 1, 3)))),
        readings=[_reading(chance, active) for _ in range(chance.choice((0, 0, 1)))],
        last_defect=chance.choice(tuple(DEFECTS)),
        reversals_at_seconds=sorted(chance.uniform(60, active) for _ in range(chance.choice((0, 0, 0, 1, 2)))),
        visits=visits,
    )


def _options(chance: random.Random, epoch: Instant) -> SimulatorOptions:
    """Daraja as usual, with a few of its other faces."""
    sweep = nairobi(epoch + chance.randrange(2 * HOUR))
    by_name = {switch.name: switch for switch in switches()}
    chosen: dict[str, Any] = {}
    for name in chance.sample(_SWITCHED, chance.randrange(5)):
        choices = by_name[name].choices or (True, False)
        chosen[name] = chance.choice(choices)
    return SimulatorOptions(
        push_answer_seconds=chance.choice((0.0, 0.5, 3.0)),
        query_error_rate=chance.choice((0.0, 0.0, 0.2)),
        callback_retries=chance.choice((0, 0, 0, 2)),
        sweep_at=f"{sweep:%H:%M}" if _one_in(chance, 3) else "off",
        **chosen,
    )


def _settings(chance: random.Random) -> Mapping[str, Any]:
    path = chance.choice(("mpesa", "stk"))
    return {
        "mpesa_callback_url": f"http://pokea.test/api/v1/payments/{path}/callback",
        "pokea_query_rate": chance.choice((None, None, 1.0, 5 / 60)),
        "pokea_confirm_from": chance.choice((None,) * 8 + (1,)),
        "pokea_push_limit_phone": chance.choice((None,) * 8 + (2,)),
        "pokea_push_limit_customer": chance.choice((None,) * 8 + (3,)),
    }


def _standing(chance: random.Random) -> Sequence[Trouble]:
    kinds = [*chance.sample(PUSH_KINDS, chance.randrange(1, 5)), *chance.sample(_OFTEN, chance.randrange(3))]
    troubles = [_at_daraja(chance, kind, chance.uniform(0.02, 0.5)) for kind in dict.fromkeys(kinds)]
    troubles += [_of(chance, "network", NetworkFaults, 0.06) for _ in range(chance.randrange(3))]
    troubles += [_of(chance, "disk", DiskFaults, 0.03) for _ in range(chance.randrange(3))]
    return troubles


def _bursts(chance: random.Random, active_seconds: float) -> Sequence[Burst]:
    return [_burst(chance, chance.uniform(0, active_seconds)) for _ in range(chance.randrange(5))]


def _outage(chance: random.Random, visits: Sequence[Visit]) -> Sequence[Burst]:
    """In some universes the database is away just when somebody's push is out: longer than a write is tried again."""
    if not _one_in(chance, 4):
        return []
    at_seconds = chance.choice(visits).at_seconds + chance.uniform(0.5, 5)
    return [Burst(at_seconds, chance.uniform(8, 15), Trouble("disk", "refuse", 1.0))]


def _reading(chance: random.Random, active_seconds: float) -> PlannedStatement:
    return PlannedStatement(chance.uniform(active_seconds / 3, active_seconds), chance.choice(tuple(DEFECTS)))


def _standstills(chance: random.Random, visits: Sequence[Visit]) -> Sequence[Standstill]:
    """In some universes the database stands still just when a customer has booked and presses the button."""
    if not _one_in(chance, 4):
        return []
    return [Standstill(chance.choice(visits).at_seconds + chance.uniform(0, 1), chance.uniform(20, 300))]


def _burst(chance: random.Random, at_seconds: float) -> Burst:
    where = chance.choice(("daraja", "daraja", "daraja", "network", "disk"))
    if where == "daraja":
        return Burst(at_seconds, chance.uniform(20, 300), _at_daraja(chance, chance.choice(PUSH_KINDS), 0.8))
    if where == "network":
        return Burst(at_seconds, chance.uniform(5, 90), _of(chance, "network", NetworkFaults, 1.0))
    return Burst(at_seconds, chance.uniform(1, 20), _of(chance, "disk", DiskFaults, 1.0))


def _at_daraja(chance: random.Random, kind: FaultKind, likely: float) -> Trouble:
    span = chance.uniform(*_SPANS[kind]) if kind in _SPANS and _one_in(chance, 2) else None
    seconds = round(span, 1) if span is not None else DEFAULT_SECONDS.get(kind)
    has_when = kind in (FaultKind.HTTP_HTML, FaultKind.SPIKE_ARREST, FaultKind.CONNECTION_DROPPED, FaultKind.SLOW)
    return Trouble("daraja", kind.value, likely, seconds, chance.choice(("before", "after")) if has_when else None)


def _of(chance: random.Random, where: str, faults: type[NetworkFaults] | type[DiskFaults], most: float) -> Trouble:
    return Trouble(where, chance.choice(faults._fields), chance.uniform(0.2, 1.0) * most)


def _dooms(chance: random.Random) -> Sequence[CrashPoint | None]:
    return [_doom(chance) for _ in range(chance.choice((0, 1, 1, 2, 3)))]


def _doom(chance: random.Random) -> CrashPoint | None:
    if _one_in(chance, 6):
        return None
    if _one_in(chance, 4):
        return CrashPoint("", chance.randrange(1, 3_000))
    return CrashPoint(f"{chance.choice(('before', 'after'))} {chance.choice(_POINTS)}", chance.randrange(1, 6))


def _visits(chance: random.Random) -> Sequence[Visit]:
    rush = chance.uniform(0, _ARRIVALS_SECONDS)
    phones = [f"254{chance.choice('17')}{chance.randrange(10**8):08d}" for _ in _NAMES]
    names = chance.sample(_NAMES, chance.randrange(7, 12))
    return [_visit(chance, name, phones, rush) for name in names]


def _visit(chance: random.Random, name: str, phones: Sequence[str], rush: float) -> Visit:
    in_rush = chance.choice((True, True, False, False, False))
    # A phone in ten is somebody else's too.
    msisdn = phones[0] if _one_in(chance, 10) else phones[1 + _NAMES.index(name) % (len(phones) - 1)]
    return Visit(
        name=name,
        msisdn=msisdn,
        typed=chance.choice((msisdn, f"+{msisdn}", f"0{msisdn[3:]}", f"0{msisdn[3:6]} {msisdn[6:9]} {msisdn[9:]}")),
        at_seconds=rush + chance.uniform(0, 3) if in_rush else chance.uniform(0, _ARRIVALS_SECONDS),
        shillings=chance.choice((None, None, chance.randrange(1, 3_000))),
        tries=[_try(chance) for _ in range(chance.choice((1, 2, 2, 3)))],
        double_clicks=_one_in(chance, 5),
        keyed=chance.choice((True, True, True, False, False)),
        leaves_after_seconds=chance.uniform(0.05, 20) if _one_in(chance, 4) else None,
        forges=_one_in(chance, 12),
        unheard=_one_in(chance, 12),
        streams=_one_in(chance, 6),
    )


def _try(chance: random.Random) -> Try:
    behaviour = chance.choice(
        ("pay",) * 9 + ("manual", "manual", "cancel", "ignore", "wrong_pin", "insufficient", "unreachable")
    )
    delay = chance.choice((1.0, chance.uniform(1, 30), chance.uniform(40, 65)))
    return Try(behaviour, round(delay, 3), chance.choice((30.0, 90.0, 200.0, 400.0)), _one_in(chance, 5))


def _one_in(chance: random.Random, count: int) -> bool:
    return chance.randrange(count) == 0
