"""What is said of universes: one seed is one universe to the byte, and one that breaks is told and replayed."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pokea.audit.rule import Violation
from pokea.cli.program import program
from pokea.universe import world
from pokea.universe.customers import Customer
from pokea.universe.plan import plan_of
from pokea.universe.report import Totals, story_of
from pokea.universe.run import UniverseOutcome, Universes

_SEEDS = (2, 7)
_DIGESTS = "from pokea.universe.run import Universes; u = Universes(); print([u.run(seed).digest for seed in (2, 7)])"


@pytest.fixture(scope="module")
def universes() -> Universes:
    """Runs universes in this process."""
    return Universes()


@pytest.fixture
def flawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A rule that is broken in every universe, as a defect would break one."""
    flaw = Violation("ledger_balances", "the postings of pay_1 sum to 100 cents, not to nothing")
    monkeypatch.setattr(world, "violations", lambda *_: [flaw])
    yield
    monkeypatch.undo()


def test_the_same_seed_is_the_same_universe_whatever_the_hash_seed(universes: Universes) -> None:
    """Trace and database end equal to the byte, run again here and in processes that hash differently."""
    here = [universes.run(seed).digest for seed in _SEEDS]
    assert [universes.run(seed).digest for seed in _SEEDS] == here
    for hash_seed in ("1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        told = subprocess.run([sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, check=True)
        assert told.stdout.decode().strip() == str(here)


def test_another_seed_is_another_universe(universes: Universes) -> None:
    """Two seeds have nothing in common."""
    first, second = (universes.run(seed) for seed in _SEEDS)
    assert first.digest != second.digest
    assert first.counts != second.counts


def test_a_broken_rule_is_told_with_its_replay_and_its_timeline(universes: Universes, flawed: None) -> None:
    """What is wrong stands first, then the one command that runs it again, then what happened, masked."""
    totals = Totals()
    totals.add(universes.run(2))
    (failure,) = totals.failures
    told = list(story_of(failure))
    assert told[0] == "Universe 2 broke 1 rules:"
    assert told[1] == "  ledger_balances: the postings of pay_1 sum to 100 cents, not to nothing"
    assert told[2] == "See it again: pokea universe --seed 2"
    assert any("asks to pay" in line for line in told)
    assert any("settle committed" in line for line in told)
    for visit in plan_of(2, random.Random(2)).visits:
        assert visit.msisdn not in "\n".join(told)


def test_a_long_timeline_is_cut_at_its_beginning(universes: Universes, flawed: None) -> None:
    """The end of the story is shown, and how much of it is not."""
    totals = Totals()
    totals.add(universes.run(2))
    told = list(story_of(totals.failures[0], most_lines=10))
    assert len(told) == 3 + 1 + 10
    assert "earlier lines are left out" in told[3]


def test_the_command_ends_with_1_when_a_rule_broke(flawed: None) -> None:
    """A script hears of it by the exit code, and by the document that --json prints."""
    result = CliRunner().invoke(program, ["universe", "--seed", "2", "--json"])
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["failures"][0]["replay"] == "pokea universe --seed 2"
    assert document["violations"] == 1


def test_the_command_ends_with_0_when_every_rule_held() -> None:
    """A sound universe is a success, and its document counts what happened."""
    result = CliRunner().invoke(program, ["universe", "--seed", "2", "--json"])
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["universes"], document["violations"]) == (1, 0)
    assert document["counts"]["payments"] > 0
    assert set(document) >= {"simulatedHours", "cpuSeconds", "faults", "failures"}


def test_the_timeline_is_printed_on_demand() -> None:
    """With --timeline a person reads everything that happened, whether a rule broke or not."""
    result = CliRunner().invoke(program, ["universe", "--seed", "2", "--timeline"])
    assert result.exit_code == 0
    assert "asks to pay" in result.stdout
    assert "Every rule held in every universe." in result.stdout


def test_many_universes_are_shared_by_processes_and_summed(tmp_path: Path) -> None:
    """The pool's sum is the sum of each run alone, whichever process ran it."""
    command = [sys.executable, "-m", "pokea", "universe", "--seed", "3", "--count", "4", "--json", "--processes"]
    shared, alone = (
        json.loads(subprocess.run([*command, count], capture_output=True, check=True, cwd=tmp_path).stdout)
        for count in ("2", "1")
    )
    assert shared["universes"] == 4
    assert shared["counts"] == alone["counts"]
    assert shared["faults"] == alone["faults"]


def test_what_stops_a_universe_is_a_violation(universes: Universes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A universe that runs in circles, or reaches for the machine's clock, fails loudly instead of hanging."""
    monkeypatch.setattr("pokea.universe.run._MOST_TURNS", 300)
    outcome: UniverseOutcome = universes.run(2)
    assert [violation.rule for violation in outcome.violations] == ["universe_ends"]
    assert "Spinning" in outcome.violations[0].where


def test_who_reaches_outside_ends_the_universe_at_once(universes: Universes, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a task that keeps what it raises to itself: the finding names what was called, and where."""
    monkeypatch.setattr(Customer, "come", careless_visit)
    outcome = universes.run(2)
    assert [violation.rule for violation in outcome.violations] == ["universe_ends"]
    assert (
        "time.time was called inside a universe, by tests.system.universe.test_telling" in outcome.violations[0].where
    )
    assert outcome.simulated_seconds < 3_600


async def careless_visit(self: Customer) -> None:
    """A customer who looks at the machine's clock, and lets nobody know."""
    await asyncio.sleep(5)
    with suppress(BaseException):
        time.time()
    await asyncio.sleep(7_200)
