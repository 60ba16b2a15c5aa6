"""Hundreds of simulated days: no rule breaks in any of them, and whatever a day may bring has come (law: universes)."""

import pytest

from pokea.simulator.faults import OUT_KINDS, PUSH_KINDS, FaultKind
from pokea.universe import hook_plan
from pokea.universe.defects import DEFECTS
from pokea.universe.fault_plan import DiskFaults, NetworkFaults
from pokea.universe.report import story_of
from tests.conftest import Say
from tests.system.universe.conftest import Ran

pytestmark = pytest.mark.timeout(0)
"""How long they take is up to how many are asked for, and each has a budget of its own."""

_ENOUGH = 300
"""In fewer universes than these a rare fault may not come up."""
_ENOUGH_OF_MONEY_OUT = 150
_OUT_OCCASIONS = (
    *("plan.money out", "paid out", "out.found by people", "refunds.completed", "refunds.failed", "payouts.completed"),
    *("out.approve own_request", "out.approve digest_changed", "out.approve above_cap", "out.approve done"),
    *("out.retry done", "out.retry already_decided", "out.release done", "out.dispute done", "out.refund done"),
    *("out.review done", "out.done done", "out.reject done", "out.withdraw done", "out.start done", "out.stop done"),
    *("out.findings done", "out.findings invalid_request", "out.payouts beyond_payable", "out.refunds already_decided"),
)
_OCCASIONS = (
    *("plan.clock wrong", "plan.key rotated", "plan.changes rehearsed", "plan.day and more", "plan.burst"),
    *("plan.books audited", "plan.phone shared", "plan.prompts limited", "limited.stkpush", "limited.stkpushquery"),
    *("customer.left", "customer.clicked twice"),
    *("streams.told", "streams.ended", "streams.left", "streams.come back to"),
    *(f"crash.{when} {what}" for when in ("before", "after") for what in ("commit", "send", "answer")),
    *("crash.at step", "crash.from outside", "two versions"),
    *("plan.standstill", "disk.still", "reversals", "statements.complete", "statements.incomplete"),
    *(f"statement.{defect}" for defect in DEFECTS),
    *("plan.endpoints", "webhooks.taken", "endpoints.enabled", *(f"webhooks.{kind}" for kind in hook_plan.KINDS)),
)
_COMMON = ("payments", "completed", "charges", "crashes", "deploys", "forgeries", "rival tokens", "transactions")


def test_no_universe_breaks_a_rule(ran: Ran, say: Say) -> None:
    """Every rule holds in every universe; one that is broken is told with the command that runs it again."""
    say(" ".join(ran.totals.sentences()))
    stories = ["\n".join(story_of(failure)) for failure in ran.totals.failures]
    assert not stories, "\n\n".join(stories[:3])


@pytest.mark.parametrize("kind", PUSH_KINDS)
def test_every_fault_of_a_push_acts(ran: Ran, kind: FaultKind) -> None:
    """Each kind of fault that a payment by push may meet has acted, not only been drawn."""
    _needs_enough(ran)
    assert ran.has(f"daraja.{kind.value}")


def test_no_universe_with_money_out_breaks_a_rule(ran_with_money_out: Ran, say: Say) -> None:
    """Every rule holds in every one, by the journal: paid once, by two people, and called what it is."""
    say(" ".join(ran_with_money_out.totals.sentences()))
    stories = ["\n".join(story_of(failure)) for failure in ran_with_money_out.totals.failures]
    assert not stories, "\n\n".join(stories[:3])


@pytest.mark.parametrize("kind", OUT_KINDS)
def test_every_fault_of_money_out_acts(ran_with_money_out: Ran, kind: FaultKind) -> None:
    """Each kind of fault that the law names for money out has acted, not only been drawn."""
    _needs_enough(ran_with_money_out, _ENOUGH_OF_MONEY_OUT)
    assert ran_with_money_out.has(f"daraja.{kind.value}")


@pytest.mark.parametrize("name", NetworkFaults._fields)
def test_every_mishap_of_the_network_happens(ran: Ran, name: str) -> None:
    """Connections are refused, lost, cut, hung and slow."""
    _needs_enough(ran)
    assert ran.has(f"network.{name}")


@pytest.mark.parametrize("name", DiskFaults._fields)
def test_every_fault_of_the_database_happens(ran: Ran, name: str) -> None:
    """The database refuses, fails to commit, commits and says otherwise, breaks, and is slow."""
    _needs_enough(ran)
    assert ran.has(f"disk.{name}")


@pytest.mark.parametrize("name", [*_COMMON, *_OCCASIONS])
def test_everything_else_happens(ran: Ran, name: str) -> None:
    """Crashes at every kind of point, deploys, clocks that are wrong, tokens lost: what a plan may hold has come."""
    _needs_enough(ran)
    assert ran.has(name)


@pytest.mark.parametrize("name", _OUT_OCCASIONS)
def test_everything_of_money_out_happens(ran_with_money_out: Ran, name: str) -> None:
    """Officers ask, approve, refuse, find out and begin anew; and are refused what they may not do."""
    _needs_enough(ran_with_money_out, _ENOUGH_OF_MONEY_OUT)
    assert ran_with_money_out.has(name)


def _needs_enough(ran: Ran, enough: int = _ENOUGH) -> None:
    if ran.totals.universes < enough:
        pytest.skip(f"{ran.totals.universes} universes are too few for every rare thing to happen")
