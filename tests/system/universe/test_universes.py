"""Hundreds of simulated days: no rule breaks in any of them, and whatever a day may bring has come (law: universes)."""

import pytest

from pokea.simulator.faults import PUSH_KINDS
from pokea.universe.defects import DEFECTS
from pokea.universe.fault_plan import DiskFaults, NetworkFaults
from pokea.universe.report import story_of
from tests.conftest import Say
from tests.system.universe.conftest import Ran

pytestmark = pytest.mark.timeout(0)
"""How long they take is up to how many are asked for, and each has a budget of its own."""

_ENOUGH = 300
"""In fewer universes than these a rare fault may not come up."""
_OCCASIONS = (
    *("plan.clock wrong", "plan.key rotated", "plan.changes rehearsed", "plan.day and more", "plan.burst"),
    *("plan.books audited", "plan.phone shared", "plan.prompts limited", "limited.stkpush", "limited.stkpushquery"),
    *("customer.left", "customer.clicked twice"),
    *("streams.told", "streams.ended", "streams.left", "streams.come back to"),
    *(f"crash.{when} {what}" for when in ("before", "after") for what in ("commit", "send", "answer")),
    *("crash.at step", "crash.from outside", "two versions"),
    *("plan.standstill", "disk.still", "reversals", "statements.complete", "statements.incomplete"),
    *(f"statement.{defect}" for defect in DEFECTS),
)
_COMMON = ("payments", "completed", "charges", "crashes", "deploys", "forgeries", "rival tokens", "transactions")


def test_no_universe_breaks_a_rule(ran: Ran, say: Say) -> None:
    """Every rule holds in every universe; one that is broken is told with the command that runs it again."""
    say(" ".join(ran.totals.sentences()))
    stories = ["\n".join(story_of(failure)) for failure in ran.totals.failures]
    assert not stories, "\n\n".join(stories[:3])


@pytest.mark.parametrize("kind", [kind.value for kind in PUSH_KINDS])
def test_every_fault_of_daraja_acts(ran: Ran, kind: str) -> None:
    """Each kind of fault that universes draw has acted; no money goes out in them, so they draw those of pushes."""
    _needs_enough(ran)
    assert ran.totals.counts[f"daraja.{kind}"] > 0


@pytest.mark.parametrize("name", NetworkFaults._fields)
def test_every_mishap_of_the_network_happens(ran: Ran, name: str) -> None:
    """Connections are refused, lost, cut, hung and slow."""
    _needs_enough(ran)
    assert ran.totals.counts[f"network.{name}"] > 0


@pytest.mark.parametrize("name", DiskFaults._fields)
def test_every_fault_of_the_database_happens(ran: Ran, name: str) -> None:
    """The database refuses, fails to commit, commits and says otherwise, breaks, and is slow."""
    _needs_enough(ran)
    assert ran.totals.counts[f"disk.{name}"] > 0


@pytest.mark.parametrize("name", [*_COMMON, *_OCCASIONS])
def test_everything_else_happens(ran: Ran, name: str) -> None:
    """Crashes at every kind of point, deploys, clocks that are wrong, tokens lost: what a plan may hold has come."""
    _needs_enough(ran)
    assert ran.totals.counts[name] > 0


def _needs_enough(ran: Ran) -> None:
    if ran.totals.universes < _ENOUGH:
        pytest.skip(f"{ran.totals.universes} universes are too few for every rare thing to happen")
