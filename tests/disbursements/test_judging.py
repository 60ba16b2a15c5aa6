"""What an approval allows when it is about to be acted on: all of it is looked at again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from pokea.clock import EAST_AFRICA_TIME, HOUR, SECOND, to_datetime
from pokea.disbursements.addresses import AddressBook
from pokea.disbursements.brake import BrakeFact, FactKind, StopReason
from pokea.disbursements.brake_store import find_brake, note_facts, pull_brake, start, stop
from pokea.disbursements.checks import digest_of_row
from pokea.disbursements.claims import Making, SendVerdict, claim_out
from pokea.disbursements.gatekeeping import Gatekeeper
from pokea.disbursements.model import APPROVAL_LASTS, AttemptStatus, Disbursement, Waiting, Way
from pokea.disbursements.payees import confirm_payee
from pokea.disbursements.sending_rules import LOOKS_EVERY, estimated_charge_cents
from pokea.ids import Ids
from pokea.storage.database import Database
from pokea.storage.tables import alerts, attempts, book_violations
from tests.disbursements.people_scene import NOW, PeopleScene, scene_on
from tests.disbursements.rows import attempt_row
from tests.disbursements.scenes import ScenesClock


@pytest.fixture
def scene(database: Database) -> Iterator[PeopleScene]:
    """A scene of its own."""
    yield from scene_on(database)


def approved(scene: PeopleScene, number: int = 1, **values: Any) -> Disbursement:
    """A refund of a payment of its own that is approved."""
    scene.paid(number, **values)
    return scene.approve(scene.refund(f"pay_{number}"))


def judged(scene: PeopleScene, row: Disbursement, later: int = 0) -> SendVerdict:
    """What is found when it is looked at, so long after the approval."""
    ((_, verdict),) = Gatekeeper(scene.rules).judge(scene.connection, [scene.found(row)], NOW + later)
    return verdict


def waiting(scene: PeopleScene, row: Disbursement, later: int = 0) -> Waiting | None:
    """What it waits for."""
    found = judged(scene, row, later)
    assert not found.has_lapsed
    return found.waiting


def test_what_is_approved_and_within_everything_may_be_sent(scene: PeopleScene) -> None:
    """Nothing is in the way."""
    assert judged(scene, approved(scene)) == SendVerdict(is_covered=True)


@pytest.mark.parametrize(("age_days", "is_raised"), [(84, False), (85, True)])
def test_a_password_that_soon_ends_is_an_alert(scene: PeopleScene, age_days: int, is_raised: bool) -> None:
    """From the 85th day on, also while nothing is to be sent."""
    today = to_datetime(NOW).astimezone(EAST_AFRICA_TIME).date()
    rules = scene.rules._replace(password_set_on=today - timedelta(days=age_days))
    assert list(Gatekeeper(rules).judge(scene.connection, [], NOW)) == []
    raised = scene.connection.execute(select(alerts.c.code)).scalars().all()
    assert raised == (["password_old"] if is_raised else [])


def test_an_approval_is_good_for_a_day(scene: PeopleScene) -> None:
    """To the microsecond; what was reserved is given back when it has lapsed."""
    row = approved(scene)
    assert waiting(scene, row, APPROVAL_LASTS - 1) is None
    assert judged(scene, row, APPROVAL_LASTS).has_lapsed
    change = Gatekeeper(scene.rules).lapse(scene.connection, row, NOW + APPROVAL_LASTS)
    assert (change.event, change.version, scene.found(row).status) == ("refund.lapsed", 3, "lapsed")
    assert scene.balances() == {"mpesa_clearing": 50_000, "refunds_due": -50_000}


def test_a_reversal_is_not_sent_once_its_receipt_is_in_doubt(scene: PeopleScene) -> None:
    """The approval is void then, and a person asks anew; what goes by B2C is not held up by it."""
    row = approved(scene)
    scene.doubt_receipt()
    assert judged(scene, row).has_lapsed
    scene.paid(2, flags="receipt_conflict")
    by_b2c = scene.approve(scene.refund("pay_2"))
    assert (by_b2c.way, waiting(scene, by_b2c)) == (Way.B2C, None)


@pytest.mark.parametrize(
    "values",
    [
        {"recipient": "254700000000"},
        {"amount_cents": 60_000},
        {"way": "b2c"},
        {"nonce": "another"},
        {"digest": "0" * 64},
    ],
)
def test_what_was_changed_after_the_approval_is_not_sent(scene: PeopleScene, values: dict[str, Any]) -> None:
    """The approval is of the digest of what was asked for; any other amount, recipient or way has none."""
    row = approved(scene)
    scene.put(row, **values)
    assert judged(scene, row).has_lapsed


def test_a_change_with_its_own_digest_has_no_approval_either(scene: PeopleScene) -> None:
    """The step of the approval carries the digest that was approved."""
    row = approved(scene)
    scene.put(row, recipient="254700000000", digest=digest_of_row(row._replace(recipient="254700000000")))
    assert judged(scene, row).has_lapsed


def test_where_settings_ask_for_a_second_person_now_none_has_approved(scene: PeopleScene) -> None:
    """What the time has approved is not sent once POKEA_OUT_SECOND_PERSON_FROM was lowered."""
    scene.rules = scene.rules._replace(second_person_from_cents=60_000)
    row = approved_by_time(scene)
    assert waiting(scene, row, scene.rules.delay) is None
    scene.rules = scene.rules._replace(second_person_from_cents=0)
    assert judged(scene, row, scene.rules.delay).has_lapsed


def approved_by_time(scene: PeopleScene) -> Disbursement:
    """A refund that no second person had to approve."""
    scene.paid()
    row = scene.refund()
    assert row.status == "approved"
    return row


def test_what_one_person_has_asked_for_waits(scene: PeopleScene) -> None:
    """It is not sent before POKEA_OUT_DELAY_SECONDS have passed."""
    scene.rules = scene.rules._replace(second_person_from_cents=60_000)
    row = approved_by_time(scene)
    assert judged(scene, row, scene.rules.delay - 1) == SendVerdict(Waiting.DELAY, NOW + scene.rules.delay)
    assert waiting(scene, row, scene.rules.delay) is None


def test_a_sum_beyond_the_payment_is_not_sent(scene: PeopleScene) -> None:
    """Where an attempt that had failed has paid after all, what was asked for since has nothing left."""
    row = approved(scene)
    other = scene.refund(scene.paid(2), confirms_repeat=True)
    scene.put(other, payment_id="pay_1", status="completed")
    assert judged(scene, row).has_lapsed


def test_caps_are_looked_at_again(scene: PeopleScene) -> None:
    """Caps that were lowered since hold back what is above them, by what was approved before it alone."""
    first, second = approved(scene, 1), approved(scene, 2)
    scene.rules = scene.rules._replace(caps=scene.rules.caps._replace(day_cents=50_000))
    assert waiting(scene, first) is None
    assert judged(scene, second) == SendVerdict(Waiting.CAP, NOW + LOOKS_EVERY)
    scene.put(second, is_over_cap=True)
    assert waiting(scene, second) is None, "an admin has gone above them knowingly"
    scene.put(first, status="failed")
    scene.put(second, is_over_cap=False)
    assert waiting(scene, second) is None, "what was given back counts no more"


def test_a_payee_is_paid_a_day_after_the_confirmation(scene: PeopleScene) -> None:
    """A payee whom nobody has confirmed, or whose name differs now, is waited for until the approval lapses."""
    scene.payee(confirmed_at=NOW - HOUR)
    row = scene.approve(scene.payout(10_000))
    assert judged(scene, row) == SendVerdict(Waiting.PAYEE_WAIT, NOW + 23 * HOUR)
    assert waiting(scene, row, 23 * HOUR) is None
    scene.payee(2, held_since=NOW)
    held = scene.approve(scene.payout(10_000, payee_id="py_2"))
    assert judged(scene, held) == SendVerdict(Waiting.PAYEE_WAIT, NOW + APPROVAL_LASTS)


def test_a_confirmation_has_what_waits_looked_at(scene: PeopleScene) -> None:
    """It is due at once, and then again when the payee may be paid."""
    scene.payee(held_since=NOW, confirmed_at=NOW - 100 * HOUR)
    row = scene.approve(scene.payout(10_000))
    scene.now = NOW + HOUR
    confirm_payee(scene.connection, scene.call("cat"), "py_1")
    assert scene.found(row).next_action_at == NOW + HOUR
    assert judged(scene, row, HOUR) == SendVerdict(Waiting.PAYEE_WAIT, NOW + APPROVAL_LASTS)
    scene.rules = scene.rules._replace(payee_wait=2 * HOUR)
    assert judged(scene, row, HOUR) == SendVerdict(Waiting.PAYEE_WAIT, NOW + 3 * HOUR)
    assert waiting(scene, row, 3 * HOUR) is None


def test_what_is_on_its_way_is_taken_from_the_funds(scene: PeopleScene) -> None:
    """A live attempt, and one that completed after the balance was named, are taken off it with their charges."""
    scene.fund(150_000)
    row = approved(scene)
    live = attempt_row(1, disbursement_id="rf_x", amount_cents=70_000, way=Way.B2C, created_at=NOW)
    scene.connection.execute(insert(attempts), [live._asdict()])
    assert waiting(scene, row) is None
    scene.fund(119_999 + estimated_charge_cents(Way.B2C, 70_000))
    assert judged(scene, row) == SendVerdict(Waiting.NEEDS_FUNDS, NOW + LOOKS_EVERY)
    done = {"status": AttemptStatus.COMPLETED.value, "completed_at": NOW + SECOND, "is_live": True}
    scene.connection.execute(attempts.update().values(done))
    assert waiting(scene, row) is Waiting.NEEDS_FUNDS
    scene.connection.execute(attempts.update().values(completed_at=NOW))
    assert waiting(scene, row) is None, "the balance was named after it"


@pytest.mark.parametrize(("available_cents", "sent"), [(100_000, 2), (99_999, 1)])
def test_two_that_are_due_together_are_not_paid_from_the_same_money(
    scene: PeopleScene, available_cents: int, sent: int
) -> None:
    """What one takes in hand, the one that is judged after it in the same transaction no longer finds."""
    scene.fund(available_cents)
    rows = [approved(scene, number) for number in (1, 2)]
    book = AddressBook("https://pay.example.test", lambda purpose, owner: f"{purpose}{owner}".encode().hex()[-48:])
    making = Making(Ids(ScenesClock(NOW)), str, book)
    work = claim_out(scene.connection, Gatekeeper(scene.rules), making, ("out", 1.0), NOW)
    assert len(work.sendings) == scene.connection.execute(select(func.count(attempts.c.id))).scalar() == sent
    found = [scene.found(row) for row in rows]
    assert [(each.status, each.waiting) for each in found] == [
        *[("sending", None)] * sent,
        *[("approved", "needs_funds")] * (2 - sent),
    ]


def test_a_shortcode_of_its_own_pays_out(scene: PeopleScene) -> None:
    """Where B2C has another shortcode, its balance counts for B2C, and the first one's for reversals."""
    reversed_, sent = approved(scene, 1), approved(scene, 2)
    scene.put(sent, way="b2c", digest=digest_of_row(sent._replace(way="b2c")))
    scene.rules = scene.rules._replace(payout_shortcode="600000")
    assert waiting(scene, reversed_) is None
    assert judged(scene, sent).has_lapsed, "the way was not approved"
    b2c = scene.approve(scene.refund(scene.paid(3), way=Way.B2C))
    assert waiting(scene, b2c) is Waiting.NEEDS_FUNDS


@pytest.mark.parametrize(
    ("way", "amount_cents", "charge_cents"),
    [(Way.REVERSAL, 50_000, 0), (Way.B2C, 1_000, 2_240), (Way.B2C, 1_000_000, 10_000), (Way.B2C, 25_000_000, 33_000)],
)
def test_a_charge_is_reckoned_dear(way: Way, amount_cents: int, charge_cents: int) -> None:
    """A part of the amount between what was seen and the dearest that is published; a reversal costs nothing."""
    assert estimated_charge_cents(way, amount_cents) == charge_cents


def test_while_it_is_stopped_nothing_is_sent(scene: PeopleScene) -> None:
    """What waits, waits, and is due again at the start."""
    row = approved(scene)
    stop(scene.connection, 1, "ben", "I want to look", NOW)
    found = judged(scene, row)
    assert found == SendVerdict(Waiting.STOPPED, NOW + LOOKS_EVERY)
    scene.put(row, waiting="stopped", next_action_at=NOW + LOOKS_EVERY)
    start(scene.connection, 1, "ada", "looked", NOW + SECOND)
    assert scene.found(row).next_action_at == NOW + SECOND
    assert waiting(scene, row, SECOND) is None


def test_facts_stop_it_and_a_start_begins_anew(scene: PeopleScene) -> None:
    """A person who stops it keeps the first reason; the alert goes with the start."""
    row = approved(scene)
    differs = BrakeFact(FactKind.AMOUNT_DIFFERS, "at_1", NOW)
    assert note_facts(scene.connection, 1, [differs], scene.rules, NOW) is StopReason.AMOUNT_DIFFERS
    assert note_facts(scene.connection, 1, [differs], scene.rules, NOW) is None, "it is stopped already"
    assert stop(scene.connection, 1, "ben", "me too", NOW + 1).reason == "amount_differs"
    assert waiting(scene, row) is Waiting.STOPPED
    assert [each.code for each in scene.connection.execute(alerts.select())] == ["out_stopped"]
    start(scene.connection, 1, "ada", "looked", NOW + SECOND)
    assert scene.connection.execute(alerts.select()).all() == []
    assert waiting(scene, row, SECOND) is None
    assert start(scene.connection, 1, "eve", "again", NOW + 2 * SECOND).changed_by == "ada"
    later = BrakeFact(FactKind.AMOUNT_DIFFERS, "at_2", NOW + 2 * SECOND)
    assert note_facts(scene.connection, 1, [later], scene.rules, NOW + 2 * SECOND) is StopReason.AMOUNT_DIFFERS


def test_three_unknown_stop_it_while_they_are(scene: PeopleScene) -> None:
    """An attempt that was found out meanwhile does not count."""
    rows = [attempt_row(number, disbursement_id=f"rf_{number}", originator_id=None) for number in (1, 2, 3)]
    unknown = [row._replace(status=AttemptStatus.UNKNOWN.value)._asdict() for row in rows]
    scene.connection.execute(insert(attempts), unknown)
    facts = [BrakeFact(FactKind.UNKNOWN, row.id, NOW) for row in rows]
    assert note_facts(scene.connection, 1, facts[:2], scene.rules, NOW) is None
    scene.connection.execute(attempts.update().where(attempts.c.id == "at_1").values(status="completed"))
    assert note_facts(scene.connection, 1, facts, scene.rules, NOW) is None
    scene.connection.execute(attempts.update().values(status="unknown"))
    assert pull_brake(scene.connection, 1, scene.rules, NOW) is StopReason.UNKNOWN_AT_ONCE


def test_a_broken_rule_stops_it(scene: PeopleScene) -> None:
    """What the audit finds; after a start it counts no more until it is found anew."""
    row = {"rule": "two_people", "place": "rf_1", "ground": "disbursements", "sentence": "…", "found_at": NOW}
    scene.connection.execute(insert(book_violations), [row])
    assert pull_brake(scene.connection, 1, scene.rules, NOW) is StopReason.RULE_BROKEN
    assert not start(scene.connection, 1, "ada", "known", NOW).is_stopped
    assert pull_brake(scene.connection, 1, scene.rules, NOW) is None


def test_low_funds_stop_it(scene: PeopleScene) -> None:
    """The last balance is below POKEA_OUT_FLOAT; it is looked at when something is about to be sent."""
    row = approved(scene)
    scene.rules = scene.rules._replace(float_cents=10_000_001)
    assert waiting(scene, row) is Waiting.STOPPED
    brake = find_brake(scene.connection, 1)
    assert brake is not None
    assert (brake.reason, brake.changed_by) == ("funds_low", "")
