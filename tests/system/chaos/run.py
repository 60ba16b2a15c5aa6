"""One run of chaos: processes and servers are killed under load, then time runs on, and the books are read.

The seed decides what is killed and when, and what customers and phones do. Real processes are not deterministic, so a
seed gives the same plan again and not the same run.
"""

import contextlib
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from pokea.clock import SECOND
from pokea.storage.migrate import migrate
from tests.postgres import owned_folder
from tests.system.chaos import truth
from tests.system.chaos.cluster import Cluster
from tests.system.chaos.fleet import Fleet
from tests.system.chaos.load import LONGEST_DELAY_SECONDS, Load, Told
from tests.system.service.leaks import leaks
from tests.system.service.running import SimulatorProgram, eventually, new_simulator
from tests.system.service.world import make_older, on_database, on_snapshot

_PROMPT_SECONDS = 60
_LATE_SECONDS = 6
_FAULTS = (
    *(("callback_lost", 0.12), ("callback_twice", 0.15), ("callback_early", 0.05), ("callback_late", 0.06)),
    *(("callback_amount", 0.03), ("callback_then_success", 0.04), ("push_500_before", 0.02), ("push_500_after", 0.04)),
    *(("push_timeout_after", 0.02), ("push_timeout_before", 0.01), ("http_html", 0.02), ("spike_arrest", 0.02)),
    *(("connection_dropped", 0.03), ("slow", 0.03), ("token_expired", 0.005), ("token_superseded", 0.005)),
    *(("subscriber_locked", 0.02), ("query_random_error", 0.1), ("query_pending", 0.1), ("query_false_failure", 0.05)),
)
_SECONDS = {"push_timeout_after": 3, "push_timeout_before": 3, "slow": 2, "callback_late": _LATE_SECONDS}
_LEAST_COMPLETED = 5
_LONGEST_FACTOR = 40
_ONE_MORE = 0.1
_ALL_AT_ONCE = 0.08
_PEACE = 0.4
_LONGEST_PEACE_SECONDS = 10.0
_LOOK_SECONDS = 1.5
_LONGEST_LINE = 300
_STEP_SECONDS = 45
_MOST_STEPS = 40
_QUIET_SECONDS = 600

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How a run is made. `hurried`: time runs on by making everything older, else by waiting."""

    seed: int
    seconds: float
    customers: int = 6
    hurried: bool = True


@dataclass
class Outcome:
    """What was done, and what does not hold; a run is good when `broken` is empty."""

    counts: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def chaos_on_postgres(folder: Path, plan: Plan, say: Say) -> Outcome:
    """Three `serve` and two `work` on a primary with a synchronous standby; processes and servers are killed."""
    place = owned_folder()
    cluster = Cluster(place)
    try:
        cluster.primary.create_database("pokea")
        url = cluster.url("pokea")
        chance = random.Random(plan.seed)
        happenings: dict[str, Callable[[], None]] = {
            "database restarted": cluster.restart,
            "database crashed": cluster.crash,
            "standby lost for a while": lambda: cluster.lose_standby(chance.uniform(0.5, 3)),
            "failed over to the standby": cluster.fail_over,
        }
        outcome = _run(folder, url, plan, say, chance, happenings, serving=3, working=2)
        outcome.broken += [f"the database's log shows {each}" for each in leaks(cluster.log)]
        return outcome
    finally:
        cluster.close()
        shutil.rmtree(place)


def chaos_on_sqlite(folder: Path, plan: Plan, say: Say) -> Outcome:
    """One `serve` on a file, killed in a loop."""
    url = f"sqlite:///{folder / 'pokea.sqlite3'}"
    return _run(folder, url, plan, say, random.Random(plan.seed), {}, serving=1, working=0)


def _run(
    folder: Path,
    url: str,
    plan: Plan,
    say: Say,
    chance: random.Random,
    happenings: dict[str, Callable[[], None]],
    *,
    serving: int,
    working: int,
) -> Outcome:
    migrate(url)
    simulator = new_simulator(folder, "--seed", str(plan.seed), "--unreachable-callback-seconds", "2").start()
    fleet = Fleet(folder, url, simulator.url, serving, working)
    load = Load(fleet.address.url, simulator, plan.seed, plan.customers)
    try:
        fleet.start()
        _switch_faults_on(simulator)
        load.start()
        done = _destroy(plan, fleet, load.told, chance, happenings, say)
        load.stop()
        say("The load is over; faults cease, and whoever is down comes up.")
        outcome = _look(url, plan, fleet, simulator, load.told, say)
        codes = fleet.stop()
        outcome.broken += [f"a process ended with {code}" for code in codes if code]
        outcome.broken += [f"a log shows {each}" for each in leaks(fleet.log + simulator.log, load.told.phones)]
        outcome.broken += _stumbles(fleet.log)
        outcome.counts = {"seconds": round(plan.seconds), **done, "processes started again": fleet.starts} | (
            outcome.counts | {"log lines searched": fleet.log.count("\n")}
        )
        return outcome
    finally:
        load.stop()
        fleet.close()
        simulator.close()


def _destroy(
    plan: Plan, fleet: Fleet, told: Told, chance: random.Random, happenings: dict[str, Callable[[], None]], say: Say
) -> Counter[str]:
    """Kill and restart until the time is over. Every happening comes once at least, in the order of the seed.

    On a machine too busy to get anything done the time is longer, so that there is something to lose.
    """
    done: Counter[str] = Counter()
    began = time.monotonic()
    waiting = [*happenings]
    chance.shuffle(waiting)
    planned = len(waiting)
    while (passed := time.monotonic() - began) < plan.seconds or waiting or len(told.completed) < _LEAST_COMPLETED:
        assert passed < plan.seconds * _LONGEST_FACTOR, f"nothing gets done; the log ends:\n{fleet.log[-4000:]}"
        fleet.wait_for_one()
        _let_live(told, chance)
        is_time = bool(waiting) and passed >= plan.seconds * (planned - len(waiting) + 0.5) / (planned + 1)
        name = waiting.pop(0) if is_time else ""
        if not name and happenings and not waiting and chance.random() < _ONE_MORE:
            name = chance.choice([*happenings])
        if name:
            happenings[name]()
        elif chance.random() < _ALL_AT_ONCE:
            fleet.kill_all(chance.uniform(0, 1.5))
            name = "every process killed at once"
        else:
            name = f"{fleet.kill_one(chance, chance.uniform(0, 1.5))} killed"
        done[name] += 1
        say(f"{passed:6.1f} s  {name}")
    return done


def _let_live(told: Told, chance: random.Random) -> None:
    """A moment of peace: as often too short for anything as long enough that a payment completes."""
    time.sleep(chance.uniform(0, 1.2))
    if chance.random() < _PEACE:
        completed = len(told.completed)
        deadline = time.monotonic() + _LONGEST_PEACE_SECONDS
        while len(told.completed) == completed and time.monotonic() < deadline:
            time.sleep(0.05)


def _switch_faults_on(simulator: SimulatorProgram) -> None:
    for kind, probability in _FAULTS:
        rest = {"seconds": _SECONDS[kind]} if kind in _SECONDS else {}
        simulator.fault(kind, probability=probability, **rest)
    simulator.fault("connection_dropped", probability=0.02, when="after")


def _look(url: str, plan: Plan, fleet: Fleet, simulator: SimulatorProgram, told: Told, say: Say) -> Outcome:
    """Let everything come to its end, then hold the books against the truth, before and after a statement."""
    acted = {rule["kind"]: rule["acted"] for rule in simulator.api("GET", "/faults")["faults"]}
    fleet.stand()
    simulator.api("DELETE", "/faults")
    time.sleep(LONGEST_DELAY_SECONDS)
    simulator.advance(_PROMPT_SECONDS + _LATE_SECONDS)
    journal = truth.read_journal(simulator.url)
    money = on_snapshot(url, lambda connection: truth.taken(connection, journal))
    say("Time runs on." if plan.hurried else "Time runs on: waiting until every payment has ended.")
    _run_on(url, plan)
    journal = truth.read_journal(simulator.url)
    broken = on_snapshot(url, lambda it: truth.broken(it, journal, money, told, everything=False))
    by_statement = on_database(url, lambda it: truth.read_statement(it, money))
    broken += on_snapshot(url, lambda it: truth.broken(it, journal, money, told, everything=True))
    statuses = on_database(url, truth.statuses)
    acknowledged = sum(each.status == truth.ACKNOWLEDGED for each in journal.callbacks)
    counts = {
        "faults that acted": sum(acted.values()),
        "bookings made": len(told.bookings),
        "payments": sum(statuses.values()),
        **statuses,
        "charges": len(journal.charges),
        "completed by the statement alone": by_statement,
        "pushes that reached Daraja": journal.pushes,
        "questions that reached Daraja": journal.questions,
        "callbacks sent": len(journal.callbacks),
        "callbacks acknowledged": acknowledged,
        "callbacks that met nobody or a 503": len(journal.callbacks) - acknowledged,
        **dict(sorted(told.counts.items())),
        "forgeries acknowledged": len(told.acknowledged),
    }
    return Outcome(counts, [*dict.fromkeys(broken), *told.complaints])


def _run_on(url: str, plan: Plan) -> None:
    """Until every payment has ended: by waiting, or, in a hurry, with everything made older again and again."""
    if not plan.hurried:
        eventually(lambda: not on_database(url, truth.open_payments), "every payment ends", _QUIET_SECONDS)
        return
    for _ in range(_MOST_STEPS):
        if not on_database(url, truth.open_payments):
            return
        _make_older(url)
        time.sleep(_LOOK_SECONDS)


def _make_older(url: str) -> None:
    for _ in range(10):
        with contextlib.suppress(DBAPIError):  # a service may hold the rows in another order
            on_database(url, lambda it: make_older(it, _STEP_SECONDS * SECOND, truth.names(it)))
            return
        time.sleep(0.1)


def _stumbles(log: str) -> list[str]:
    """What the services have logged that nobody planned."""
    return [f"a service stumbled: {line[:_LONGEST_LINE]}" for line in log.splitlines() if " ERROR " in line]
