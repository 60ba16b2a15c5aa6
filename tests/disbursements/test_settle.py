"""Attempts settled in a real database: what is posted, what is announced, and what stops everything."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import Connection, select

from pokea.clock import SECOND
from pokea.disbursements.brake import FactKind
from pokea.disbursements.claims import SendVerdict
from pokea.disbursements.effects import obligation_of
from pokea.disbursements.evidence import (
    OutDelivery,
    OutEvidence,
    OutSource,
    Purpose,
    accepted,
    delivered,
    found,
    refused,
    returned,
    send_began,
    unknown,
)
from pokea.disbursements.model import AttemptStatus, OutAttempt, OutFlag, Waiting, Way
from pokea.disbursements.store import (
    add_addresses,
    claim_balance_question,
    find_funds,
    insert_attempts,
    name_funds,
)
from pokea.ledger.money_out import reserved
from pokea.storage.tables import alerts
from tests.disbursements.bodies import RECEIPT_OUT, at, b2c_body, status_body
from tests.disbursements.rows import CONVERSATION, ORIGINATOR
from tests.disbursements.scenes import OutScene, refund_row


@pytest.fixture
def scene(connection: Connection) -> OutScene:
    """Money out on a fresh database of either kind."""
    return OutScene(connection)


def token(scene: OutScene, attempt_id: str, purpose: Purpose, question: int = 0) -> str:
    """The token of one of the attempt's addresses."""
    pairs = {
        Purpose.RESULT: scene.book.of_attempt(attempt_id, 0).result_url,
        Purpose.TIMEOUT: scene.book.of_attempt(attempt_id, 0).timeout_url,
        Purpose.STATUS: scene.book.of_question(attempt_id, question, 0).result_url,
    }
    return pairs[purpose].rsplit("/", 1)[1]


def result(scene: OutScene, attempt: OutAttempt, body: bytes, seconds: float = 10) -> OutDelivery:
    """The body at the attempt's own result address."""
    return OutDelivery(token(scene, attempt.id, Purpose.RESULT), body, at(seconds))


def test_what_is_approved_is_begun_once_and_durable_before_it_is_sent(scene: OutScene) -> None:
    """A claim makes the attempt with its evidence and addresses, and a second claim finds nothing to send."""
    scene.approved()
    work = scene.claim()
    (sending,) = work.sendings
    assert (sending.attempt.status, sending.attempt.originator_id) == (AttemptStatus.SENDING, ORIGINATOR)
    assert sending.addresses.result_url.startswith("https://pay.example.test/api/v1/out/result/")
    assert scene.disbursement().status == "sending"
    assert scene.claim(at(1)).sendings == []
    assert scene.balances() == {"refunds_due": 50_000, "out_pending": -50_000}


def test_two_attempts_that_are_not_proved_failed_cannot_exist(scene: OutScene) -> None:
    """The database itself refuses a second live attempt of one disbursement."""
    attempt = scene.begun()
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        insert_attempts(scene.connection, [attempt._replace(id="at_2", number=2, originator_id="other")])


def test_a_payment_out_is_cleared_once_however_often_it_is_reported(scene: OutScene) -> None:
    """A Result that comes three times, and a status answer beside it, clear one amount and announce one completion."""
    attempt = scene.begun()
    scene.settle(accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1)))
    for seconds in (10, 20, 30):
        scene.settle(result(scene, attempt, b2c_body(), seconds))
    status = delivered(attempt.id, OutDelivery("1" * 48, status_body(), at(40)), Purpose.STATUS, 1)
    scene.settle(status)
    assert scene.attempt(attempt.id).receipt == RECEIPT_OUT
    row = scene.disbursement()
    assert (row.status, row.receipt, row.version) == ("completed", RECEIPT_OUT, 3)
    assert scene.balances() == {"refunds_due": 50_000, "mpesa_clearing": -50_000}
    assert scene.events() == [("rf_1", 3, "refund.completed")]


def test_a_proved_failure_gives_the_money_back_to_what_is_owed(scene: OutScene) -> None:
    """A refused request reserves nothing any more, and its attempt is not live."""
    attempt = scene.begun()
    scene.settle(refused(attempt.id, "400.002.02", "field_refused", at(1)))
    assert scene.disbursement().status == "failed"
    assert not scene.attempt(attempt.id).is_live
    assert scene.balances() == {}


def test_an_unknown_attempt_stands_in_out_pending_and_has_a_due_time(scene: OutScene) -> None:
    """Nothing is posted for what is unknown, and it will be asked about."""
    attempt = scene.begun()
    scene.settle(unknown(attempt.id, "no answer came", at(60)))
    row = scene.attempt(attempt.id)
    assert (row.status, scene.disbursement().status) == (AttemptStatus.UNKNOWN, "unknown")
    assert row.next_action_at == at(30)
    assert scene.balances() == {"refunds_due": 50_000, "out_pending": -50_000}
    assert [fact.kind for fact in scene.noted] == [FactKind.UNKNOWN]


def test_a_result_before_its_answer_completes_it_and_the_answer_changes_nothing(scene: OutScene) -> None:
    """A Result that overtakes the acknowledgement is settled; the answer then finds a completed attempt."""
    attempt = scene.begun()
    scene.settle(result(scene, attempt, b2c_body(), 1))
    scene.settle(accepted(attempt.id, CONVERSATION, ORIGINATOR, at(2)))
    assert scene.attempt(attempt.id).status == AttemptStatus.COMPLETED
    assert scene.balances() == {"refunds_due": 50_000, "mpesa_clearing": -50_000}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b2c_body(amount=600), FactKind.AMOUNT_DIFFERS),
        (b2c_body(receiver="254700000001 - X"), FactKind.RECIPIENT_DIFFERS),
    ],
)
def test_another_amount_or_recipient_stops_money_out(scene: OutScene, body: bytes, kind: FactKind) -> None:
    """A Result at our own address that names another amount or recipient completes nothing and pulls the brake."""
    attempt = scene.begun()
    scene.settle(accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1)), result(scene, attempt, body))
    assert scene.attempt(attempt.id).status == AttemptStatus.ACCEPTED
    assert kind in [fact.kind for fact in scene.noted]


def test_a_refused_initiator_is_a_fact_for_the_brake(scene: OutScene) -> None:
    """Code 2001 fails the attempt, gives the money back, and counts against the initiator."""
    attempt = scene.begun()
    body = b2c_body(ResultCode=2001, TransactionID="SKQ0000000")
    scene.settle(accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1)), result(scene, attempt, body))
    assert [fact.kind for fact in scene.noted] == [FactKind.INITIATOR_REFUSED]
    assert scene.balances() == {}


def test_a_late_payment_of_a_failed_attempt_is_paid_from_the_debt(scene: OutScene) -> None:
    """Proof of payment after a proved failure completes the disbursement: the debt itself is paid."""
    attempt = scene.begun()
    scene.settle(found(attempt.id, "fd_1", None, at(100)))
    assert scene.balances() == {}
    scene.settle(result(scene, attempt, b2c_body(), 200))
    assert scene.disbursement().status == "completed"
    assert scene.balances() == {"refunds_due": 50_000, "mpesa_clearing": -50_000}
    assert not scene.attempt(attempt.id).is_live


def test_a_second_payment_of_one_disbursement_stands_in_suspense_and_stops_everything(scene: OutScene) -> None:
    """Two attempts that both pay clear one debt; the other amount is set aside, flagged, and pulls the brake."""
    first = scene.begun()
    scene.settle(refused(first.id, "400.002.02", "field_refused", at(1)))
    second = first._replace(id="at_2", number=2, originator_id="second", is_live=True, status=AttemptStatus.SENDING)
    insert_attempts(scene.connection, [second])
    add_addresses(scene.connection, scene.book.of_attempt("at_2", at(2)).rows)
    scene.settle(send_began("at_2", "d" * 64, at(2)))
    scene.settle(result(scene, second, b2c_body(OriginatorConversationID="second"), 10))
    other = b2c_body(TransactionID="SKQ8SECOND")
    scene.settle(result(scene, first, other, 20))
    row = scene.disbursement()
    assert (row.status, row.receipt, row.flags) == ("completed", RECEIPT_OUT, OutFlag.PAID_OUT_TWICE.value)
    assert FactKind.PAID_OUT_TWICE in [fact.kind for fact in scene.noted]
    assert scene.balances()["suspense"] == 50_000
    assert scene.balances()["mpesa_clearing"] == -100_000


def test_what_came_back_is_owed_again(scene: OutScene) -> None:
    """A statement that shows the payment reversed by a person puts money and debt back."""
    attempt = scene.begun()
    scene.settle(result(scene, attempt, b2c_body()))
    scene.settle(returned(attempt.id, "SKQ9BACKAA", 50_000, at(500)))
    assert scene.disbursement().status == "returned"
    assert scene.balances() == {}
    assert [event for _, _, event in scene.events()] == ["refund.completed", "refund.returned"]


def test_a_body_at_another_purpose_or_an_unknown_address_changes_nothing(scene: OutScene) -> None:
    """A success at the timeout address ends nothing, and one at an address that we never gave belongs to no attempt."""
    attempt = scene.begun()
    timeout = OutDelivery(token(scene, attempt.id, Purpose.TIMEOUT), b2c_body(), at(10))
    forged = OutDelivery("f" * 48, b2c_body(), at(10))
    settled = scene.settle(timeout, forged)
    assert settled.owners == {timeout.token: attempt.id}
    assert scene.attempt(attempt.id).status == AttemptStatus.SENDING


def test_a_receipt_is_owned_once(scene: OutScene) -> None:
    """Two attempts whose Results name one receipt: the first owns it, the other is a conflict for a person."""
    first = scene.begun()
    scene.approved("rf_2")
    other = first._replace(id="at_9", disbursement_id="rf_2", originator_id="second")
    insert_attempts(scene.connection, [other])
    add_addresses(scene.connection, scene.book.of_attempt("at_9", at(2)).rows)
    scene.settle(send_began("at_9", "d" * 64, at(2)))
    scene.settle(result(scene, first, b2c_body()))
    scene.settle(result(scene, other, b2c_body(OriginatorConversationID="second"), 12))
    assert scene.attempt("at_9").flags == OutFlag.RECEIPT_CONFLICT.value
    assert scene.attempt("at_9").completed_at is None


def test_questions_are_taken_from_the_budget_and_their_addresses_are_known_before_they_are_asked(
    scene: OutScene,
) -> None:
    """A due attempt is asked about by our id; its answer comes to an address of that question alone."""
    attempt = scene.begun()
    scene.settle(unknown(attempt.id, "no answer came", at(20)))
    (asking,) = scene.claim(at(31)).questions
    assert asking.attempt.inquiries == 1
    assert scene.claim(at(31)).questions == []
    answer = OutDelivery(asking.addresses.result_url.rsplit("/", 1)[1], status_body(), at(33))
    scene.settle(answer)
    assert scene.attempt(attempt.id).status == AttemptStatus.COMPLETED


def test_what_waits_is_looked_at_again_and_says_why(scene: OutScene) -> None:
    """A verdict that something is missing sends nothing, and is shown as `waiting`."""
    scene.approved()
    scene.verdict = SendVerdict(Waiting.NEEDS_FUNDS)
    work = scene.claim()
    assert (work.sendings, work.wants_balance) == ([], frozenset({(1, Way.B2C.value)}))
    assert scene.disbursement().waiting == "needs_funds"
    assert scene.claim(at(29)).sendings == []
    scene.verdict = SendVerdict()
    assert len(scene.claim(at(31)).sendings) == 1


def test_a_lease_that_is_over_is_found_by_whoever_looks(scene: OutScene) -> None:
    """An attempt that was begun and has no answer after its lease is named, and nothing is sent."""
    attempt = scene.begun()
    assert scene.claim(at(89)).leases_over == []
    work = scene.claim(at(91))
    assert (work.leases_over, work.sendings) == ([attempt.id], [])


def test_a_balance_is_kept_from_an_answer_at_its_own_address(scene: OutScene) -> None:
    """What the utility account holds is known with its age once the answer to a balance question has come."""
    pair = scene.book.of_balance("bal_1_174379", 1, at(0))
    add_addresses(scene.connection, pair.rows)
    text = "Working Account|KES|100.00|100.00|0.00|0.00&Utility Account|KES|7000.50|7000.50|0.00|0.00"
    body = b2c_body(ResultParameters={"ResultParameter": [{"Key": "AccountBalance", "Value": text}]})
    scene.settle(OutDelivery(pair.result_url.rsplit("/", 1)[1], body, at(5)), now=at(5))
    known = find_funds(scene.connection, 1, "174379")
    assert (known.available_cents, known.as_of) == (700_050, at(5))


def test_a_result_names_what_the_account_holds_after_it(scene: OutScene) -> None:
    """The last that was named stands, whatever named it, and a question that is asked meanwhile takes nothing back."""
    attempt = scene.begun()
    name_funds(scene.connection, 1, "174379", 10_000_000, at(0))
    scene.settle(result(scene, attempt, b2c_body(), 10))
    assert claim_balance_question(scene.connection, 1, "174379", 60 * SECOND, at(11)) == 1
    assert claim_balance_question(scene.connection, 1, "174379", 60 * SECOND, at(12)) is None
    known = find_funds(scene.connection, 1, "174379")
    assert (known.available_cents, known.as_of) == (700_050, at(10))
    scene.settle(result(scene, attempt, b2c_body(ResultDesc="once more"), 5), now=at(20))
    name_funds(scene.connection, 1, "174379", 10_000_000, at(9))
    assert find_funds(scene.connection, 1, "174379") == known


def test_what_could_not_be_settled_is_stored_and_settled_later(scene: OutScene) -> None:
    """Evidence that was stored alone is found, applied, and not found again."""
    attempt = scene.begun()
    delivery = result(scene, attempt, b2c_body())
    scene.settling.store_alone(scene.connection, [delivery], at(10))
    assert scene.settling.unapplied(scene.connection, 10) == [attempt.id]
    scene.settling.settle(scene.connection, (), [attempt.id], at(11))
    assert scene.attempt(attempt.id).status == AttemptStatus.COMPLETED
    assert scene.settling.unapplied(scene.connection, 10) == []


def test_an_attempt_is_not_filled_by_junk(scene: OutScene) -> None:
    """A hundred bodies are kept for an attempt; a proved Result among the first of them still decides."""
    attempt = scene.begun()
    junk = [result(scene, attempt, b"junk %d" % number, 1 + number / 1000) for number in range(150)]
    scene.settle(*junk[:50], result(scene, attempt, b2c_body()), *junk[50:])
    kept = scene.settling.settle(scene.connection, [unknown(attempt.id, "x", at(20))], (), at(20)).rows
    assert kept[attempt.id].status == AttemptStatus.COMPLETED


def test_notices_that_no_question_is_answered_take_no_room_from_the_result(scene: OutScene) -> None:
    """While every question is answered by a notice of a timeout, a Result that comes at last is kept and decides."""
    attempt = scene.begun()
    scene.settle(accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1)))
    notices = []
    for question in range(1, 151):
        pair = scene.book.of_question(attempt.id, question, at(question))
        add_addresses(scene.connection, pair.rows)
        notices.append(OutDelivery(pair.timeout_url.rsplit("/", 1)[1], b"{}", at(60 * question)))
    scene.settle(*notices)
    scene.settle(result(scene, attempt, b2c_body(), 9_001))
    assert scene.attempt(attempt.id).status == AttemptStatus.COMPLETED


def test_a_request_that_daraja_knows_already_is_asked_about_at_once(scene: OutScene) -> None:
    """A duplicate on a first sending is unknown, is asked about without a wait, and raises an alert."""
    attempt = scene.begun()
    scene.settle(unknown(attempt.id, "Duplicate OriginatorConversationID.", at(2), is_duplicate=True), now=at(2))
    row = scene.attempt(attempt.id)
    assert (row.status, row.flags, row.next_action_at) == (AttemptStatus.UNKNOWN, "duplicate_id", at(2))
    assert len(scene.claim(at(2)).questions) == 1
    raised = scene.connection.execute(select(alerts.c.code, alerts.c.subject)).all()
    assert [tuple(each) for each in raised] == [("out_flagged", attempt.id)]


def test_the_ledger_balances_after_every_step(scene: OutScene) -> None:
    """Postings of one disbursement sum to nothing whatever has happened to it."""
    attempt = scene.begun()
    steps: list[OutDelivery | OutEvidence] = [
        accepted(attempt.id, CONVERSATION, ORIGINATOR, at(1)),
        unknown(attempt.id, "x", at(2)),
        result(scene, attempt, b2c_body(ResultCode=1)),
        result(scene, attempt, b2c_body(), 30),
        returned(attempt.id, "SKQ9BACKAA", 50_000, at(500)),
    ]
    for number, step in enumerate(steps):
        scene.settle(step, now=at(number))
        assert sum(scene.balances().values()) == 0


def test_an_account_of_its_own_pays_out_where_b2c_has_a_shortcode() -> None:
    """A reservation and its clearing name the accounts of the law's table."""
    owed = obligation_of(refund_row("po_1", payment_id=None, payee_id="py_1"))
    legs = [(each.account.value, each.amount_cents, each.party_id) for each in reserved(owed, 1, SECOND)]
    assert legs == [("provider_payable", 50_000, "py_1"), ("out_pending", -50_000, None)]
    assert OutSource.BALANCE_ANSWER.value == "balance_answer"
