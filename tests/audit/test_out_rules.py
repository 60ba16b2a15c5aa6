"""Each rule of money out finds what breaks it, and holds while the settle of attempts keeps the books."""

from typing import Final

import pytest
from sqlalchemy import Connection, insert, text

from pokea.audit.out_rules import OUT_RULES
from pokea.audit.rule import IdRange, RuleScope, violations
from pokea.clock import SECOND
from pokea.disbursements.evidence import accepted, refused, unknown
from pokea.storage.database import Database
from pokea.storage.tables import outbox
from tests.audit.kept import keep_books
from tests.disbursements.bodies import at, b2c_body
from tests.disbursements.rows import CONVERSATION
from tests.disbursements.scenes import OutScene
from tests.disbursements.test_settle import result

NOW: Final = at(100)
PAYER: Final = "254700000002"
"""The phone of pay_3, whose money goes back."""

BREAKS_OUT: Final = {
    "one_live_attempt": (
        "drop index one_live_attempt",
        "insert into attempts select 'at_x', merchant_id, disbursement_id, 9, way, amount_cents, recipient, "
        "original_receipt, 'x', digest, created_at, version, status, is_live, lease_until, request_id, receipt, "
        "receiver_name, charge_cents, completed_at, failure_code, failure_reason, flags, inquiries, last_inquiry_at, "
        "next_action_at from attempts where disbursement_id = 'rf_1'",
    ),
    "never_sent_unapproved": ("update attempts set digest = 'other'",),
    "two_people": ("update disbursement_steps set subject = 'ben' where kind = 'requested'",),
    "out_pending_is_open": ("update postings set amount_cents = -40000 where account = 'out_pending'",),
    "cleared_once": ("delete from postings where kind = 'clear'",),
    "refund_within_payment": ("update disbursements set amount_cents = 60000 where id = 'rf_1'",),
    "refund_to_payer": ("update disbursements set recipient = '254711111111' where id = 'rf_1'",),
    "out_receipt_once": ("update receipts set operation_id = 'pay_4' where operation_id like 'at_%'",),
    "completed_has_receipt_amount_recipient": ("update attempts set receipt = null where status = 'completed'",),
    "out_row_is_its_evidence": ("update disbursements set status = 'failed' where id = 'rf_1'",),
    "unknown_has_due_time": ("update attempts set next_action_at = null where status = 'unknown'",),
    "out_told": ("delete from outbox where object_id = 'rf_1'",),
}
"""For each rule, statements that break it."""


def _keep(connection: Connection) -> None:
    """A refund that was paid, one that failed, and one whose outcome is unknown, each of another payment."""
    scene = OutScene(connection)
    for number, disbursement_id in ((3, "rf_1"), (4, "rf_2"), (5, "rf_3")):
        phone = f"2547{number - 1:08d}"
        scene.approved(disbursement_id, payment_id=f"pay_{number}", recipient=phone)
        event = {"object_id": disbursement_id, "merchant_id": 1, "created_at": 0, "data": "{}"}
        kinds = ((1, "refund.requested"), (2, "refund.approved"))
        connection.execute(insert(outbox), [event | {"version": version, "type": kind} for version, kind in kinds])
        scene.originator = f"originator {number}"
        attempt = scene.claim().sendings[0].attempt
        ours = b2c_body(OriginatorConversationID=scene.originator, receiver=f"{phone} - JANE")
        if disbursement_id == "rf_1":
            scene.settle(accepted(attempt.id, CONVERSATION, scene.originator, at(1)), result(scene, attempt, ours))
        elif disbursement_id == "rf_2":
            scene.settle(refused(attempt.id, "400.002.02", "field_refused", at(1)))
        else:
            scene.settle(unknown(attempt.id, "no answer came", at(60)))


def _violated(database: Database, *statements: str) -> set[str]:
    keep_books(database)
    with database.engine.begin() as connection:
        _keep(connection)
        for statement in statements:
            connection.execute(text(statement))
    with database.engine.connect() as connection:
        return {each.rule for each in violations(connection, NOW, OUT_RULES)}


def test_every_rule_of_money_out_is_broken_by_a_test() -> None:
    """There is a break for each rule."""
    assert list(BREAKS_OUT) == [rule.name for rule in OUT_RULES]


def test_money_out_as_it_is_settled_breaks_no_rule(database: Database) -> None:
    """A paid, a failed and an unknown refund leave every rule standing."""
    assert _violated(database) == set()


@pytest.mark.parametrize("rule", BREAKS_OUT)
def test_a_rule_of_money_out_finds_what_breaks_it(database: Database, rule: str) -> None:
    """What is broken by hand is found by its rule."""
    assert rule in _violated(database, *BREAKS_OUT[rule])


def test_a_part_of_the_attempts_is_checked_by_itself(database: Database) -> None:
    """A rule finds nothing in a part of the ids where nothing is broken."""
    keep_books(database)
    with database.engine.begin() as connection:
        _keep(connection)
        connection.execute(text("update attempts set digest = 'other'"))
        part = [IdRange(RuleScope.ATTEMPTS, "at_zzz")]
        assert violations(connection, NOW + SECOND, OUT_RULES, part) == []
