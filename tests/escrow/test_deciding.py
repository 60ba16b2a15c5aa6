"""Decisions about held money in a real database: what a release takes, and what is in its way."""

from collections.abc import Iterator

import pytest

from pokea.escrow.deciding import release
from pokea.escrow.shares import WantedShare
from pokea.ledger.entries import Money
from pokea.storage.database import Database
from tests.disbursements.people_scene import PeopleScene, refusal, scene_on


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def release_all(scene: PeopleScene) -> int | None:
    """An admin releases what is held of the fee to the one payee; how much that was."""
    call = scene.call("owner", is_admin=True, object_id=f"dc_release_{scene.now}")
    made = release(scene.connection, call, "bk_1", [WantedShare("py_1", None)], 0)
    return None if made.decision is None else made.decision.amount_cents


def test_a_fee_is_not_released_while_a_refund_of_a_part_is_asked_for(scene: PeopleScene) -> None:
    """What the refund asks for would stay held for ever; once it is rejected all of the fee is released."""
    scene.paid(money=Money.HELD)
    scene.payee(owed_cents=0)
    refund = scene.refund(amount_cents=8_000)
    with refusal("already_decided"):
        release_all(scene)
    scene.reject(refund)
    assert release_all(scene) == 50_000
    assert scene.balances() == {"mpesa_clearing": 50_000, "provider_payable": -50_000}
