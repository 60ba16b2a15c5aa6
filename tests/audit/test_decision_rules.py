"""Each rule of decisions and payables finds what breaks it, and holds while people decide."""

from typing import Final

import pytest
from sqlalchemy import text

from pokea.audit.decision_rules import DECISION_RULES
from pokea.audit.rule import violations
from pokea.escrow.deciding import dispute, release
from pokea.escrow.shares import WantedShare
from pokea.ledger.entries import Money
from pokea.storage.database import Database
from tests.disbursements.people_scene import NOW, PeopleScene

_AGAIN: Final = (
    "insert into decisions select 'dc_again', merchant_id, object_id, kind, amount_cents, split, commission_cents, "
    "flag, subject, reason, created_at from decisions where id = 'dc_release'"
)
BREAKS_DECISIONS: Final = {
    "within_caps": ("update disbursements set amount_cents = 25000001 where kind = 'payout' and status = 'approved'",),
    "release_splits_whole": ("update postings set amount_cents = -40000 where account = 'commission'",),
    "payable_is_releases_less_payouts": ("update postings set party_id = 'py_2' where kind = 'reserve:1'",),
    "decision_spends_once": (_AGAIN,),
    "disputed_not_released": ("update bookings set fee_status = 'disputed' where id = 'bk_1'",),
}
"""For each rule, statements that break it."""


def _violated(database: Database, *statements: str) -> set[str]:
    """A fee that is released and paid out in part, one that is refunded, and one that is disputed."""
    with database.engine.begin() as connection:
        scene = PeopleScene(connection)
        scene.payee(owed_cents=0)
        for number in (1, 2, 3):
            scene.paid(number, Money.HELD)
        owner = scene.call("owner", is_admin=True, object_id="dc_release")
        release(connection, owner, "bk_1", [WantedShare("py_1", None)], 1_000)
        scene.approve(scene.payout(20_000))
        scene.payout(10_000, confirms_repeat=True)
        scene.approve(scene.refund("pay_2"))
        scene.approve(scene.refund("pay_1", amount_cents=5_000))
        dispute(connection, scene.call("customer", object_id="dc_dispute"), "bk_3", "no one came")
        for statement in statements:
            connection.execute(text(statement))
    with database.engine.connect() as connection:
        return {each.rule for each in violations(connection, NOW, DECISION_RULES)}


def test_every_rule_of_decisions_is_broken_by_a_test() -> None:
    """There is a break for each rule."""
    assert list(BREAKS_DECISIONS) == [rule.name for rule in DECISION_RULES]


@pytest.mark.parametrize("rule", [None, *BREAKS_DECISIONS])
def test_a_rule_of_decisions_finds_what_breaks_it(database: Database, rule: str | None) -> None:
    """What is broken by hand is found by its rule; what people decide breaks none."""
    broken = _violated(database, *(BREAKS_DECISIONS[rule] if rule else ()))
    assert (rule in broken) if rule else not broken
