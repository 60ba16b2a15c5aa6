"""Flags that a person decides about, in a real database: where the money goes, and what the audit makes of it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from pokea.audit.rule import BOOKS, violations
from pokea.escrow.reviewing import FlagDecision, FlagRequest, resolve_flag
from pokea.ledger.entries import Money
from pokea.operations.decision import Flag
from pokea.storage.database import Database
from pokea.storage.tables import flags
from tests.disbursements.people_scene import PeopleScene, refusal, scene_on


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def test_a_flag_that_holds_a_fee_holds_that_booking_s_alone(scene: PeopleScene) -> None:
    """The audit counts the decision for the booking of its payment, which holds the fee, and for no other."""
    flag = Flag.AMOUNT_DIFFERS
    scene.paid(1, money=Money.SUSPENSE, flags=flag.value)
    scene.paid(2, money=Money.HELD)
    scene.paid(3, money=Money.REFUND_DUE)
    raised = {"operation_id": "pay_1", "flag": flag.value, "raised_at": scene.now, "closed_at": None}
    scene.connection.execute(insert(flags), [raised | {"decision_id": None}])
    call = scene.call("owner", is_admin=True, object_id="dc_flag")
    made = resolve_flag(scene.connection, call, FlagRequest("pay_1", flag, FlagDecision.FEES_HELD, "It is the fee"))
    assert made.decision is not None
    assert made.decision.amount_cents == 50_000
    rules = ("escrow_equals_fees", "fee_held_once")
    assert [each for each in violations(scene.connection, scene.now, BOOKS) if each.rule in rules] == []


@pytest.mark.parametrize("decision", [FlagDecision.OTHER_INCOME, FlagDecision.KEEP])
def test_a_shilling_that_a_person_put_elsewhere_is_not_refunded(scene: PeopleScene, decision: FlagDecision) -> None:
    """A refund that was asked for before is approved only where its money still is due back."""
    flag = Flag.PAID_TWICE
    scene.paid(flags=flag.value)
    raised = {"operation_id": "pay_1", "flag": flag.value, "raised_at": scene.now}
    scene.connection.execute(insert(flags), [raised])
    refund = scene.refund()
    call = scene.call("owner", is_admin=True, object_id="dc_flag")
    resolve_flag(scene.connection, call, FlagRequest("pay_1", flag, decision, "We keep it"))
    if decision is FlagDecision.KEEP:
        assert scene.approve(refund).status == "approved"
        return
    with refusal("already_decided"):
        scene.approve(refund)
    assert scene.balances() == {"mpesa_clearing": 50_000, "other_income": -50_000}
