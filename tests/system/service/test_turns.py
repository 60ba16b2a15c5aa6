"""Callbacks that come early, late, twice, or say the opposite first; and questions that are answered wrongly."""

from typing import Any

import pytest

from tests.system.service.running import eventually
from tests.system.service.world import ACCEPTED, Pushed, World, success

FIRST_QUESTION_SECONDS = 15
SECOND_OPINION_SECONDS = 11
LOCK_SECONDS = 180


def asked(world: World, payment: Pushed, times: int) -> None:
    """Wait until Daraja has been asked about the payment so many times."""
    eventually(lambda: world.row(payment.id).inquiries >= times, f"question {times} about {payment.id}")


def quiet(world: World, action: str) -> Pushed:
    """A payment whose phone has answered, and whose callback is lost."""
    phone = world.new_phone()
    world.simulator.fault("callback_lost", msisdn=phone, count=1)
    payment = world.push(phone)
    world.simulator.answer(phone, action)
    return payment


def told_failed_by_queries(world: World, payment: Pushed) -> dict[str, Any]:
    """The payment's transaction after two questions far enough apart, both answered alike."""
    world.age(FIRST_QUESTION_SECONDS, payment.id)
    eventually(lambda: world.answers(payment.id) == 1, f"the first answer about {payment.id}")
    assert world.service.status(payment.id)["status"] == "pending"
    world.age(SECOND_OPINION_SECONDS, payment.id)
    return world.service.until(payment.id, "failed")


def test_a_success_after_a_failure_wins(world: World) -> None:
    """1037 is told, the payment fails; the customer pays all the same, the success is told, and it completes."""
    phone = world.new_phone()
    world.simulator.fault("callback_then_success", msisdn=phone, seconds=0.3)
    payment = world.push(phone)
    failed = world.service.until(payment.id, "failed")
    assert failed["failure"]["code"] == "1037"
    assert world.is_unpaid(payment.booking_id)
    world.simulator.answer(phone, "pay")
    completed = world.service.until(payment.id, "completed")
    assert completed["failure"] is None
    assert completed["version"] > failed["version"]
    assert world.is_held(payment.booking_id)
    assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}


def test_a_callback_before_the_pushs_answer_is_judged_after_it(world: World) -> None:
    """A callback that overtakes Daraja's answer is kept, and completes the payment once the answer names the id."""
    phone = world.new_phone("pay")
    world.simulator.fault("callback_early", msisdn=phone)
    payment = world.push(phone)
    (callback,) = world.simulator.callbacks(payment.checkout)
    assert callback["status"] == 200
    assert world.service.status(payment.id)["status"] == "completed"
    assert world.is_held(payment.booking_id)


def test_a_callback_that_comes_twice_counts_once(world: World) -> None:
    """The second of two callbacks is acknowledged and changes nothing: not the version, and no posting."""
    phone = world.new_phone("pay")
    world.simulator.fault("callback_twice", msisdn=phone)
    payment = world.push(phone)
    world.service.until(payment.id, "completed")
    eventually(lambda: len(world.simulator.callbacks(payment.checkout)) == 2, "the second callback")
    assert [each["status"] for each in world.simulator.callbacks(payment.checkout)] == [200, 200]
    settled = world.row(payment.id)
    (body,) = world.bodies(payment.id)
    for _ in range(3):
        assert world.tell(payment, body).body == ACCEPTED
    assert world.row(payment.id) == settled
    assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}


def test_a_callback_that_comes_late_completes(world: World) -> None:
    """A success that arrives long after the charge completes the payment with its receipt."""
    phone = world.new_phone("pay")
    world.simulator.fault("callback_late", msisdn=phone, seconds=90)
    payment = world.push(phone)
    (charge,) = eventually(lambda: world.simulator.charges(payment.checkout), "the phone pays")
    assert world.service.status(payment.id)["status"] == "pending"
    world.simulator.advance(90)
    assert world.service.until(payment.id, "completed")["mpesaReceiptNumber"] == charge["receipt"]


def test_a_lost_success_is_found_by_asking(world: World) -> None:
    """A payment whose callback is lost completes by a question, and has its receipt once one comes."""
    payment = quiet(world, "pay")
    world.age(FIRST_QUESTION_SECONDS, payment.id)
    assert world.service.until(payment.id, "completed")["mpesaReceiptNumber"] is None
    assert world.is_held(payment.booking_id)
    (charge,) = world.simulator.charges(payment.checkout)
    world.tell(payment, success(payment.checkout, payment.amount, charge["receipt"]))
    assert world.service.status(payment.id)["mpesaReceiptNumber"] == charge["receipt"]
    assert world.postings(payment.id) == {"mpesa_clearing": 50_000, "fees_held": -50_000}


def test_a_lost_failure_takes_two_questions(world: World) -> None:
    """One answer that says cancelled proves nothing yet; the second that agrees fails it, and the lock stands on."""
    payment = quiet(world, "cancel")
    failed = told_failed_by_queries(world, payment)
    assert (failed["failure"]["code"], failed["failure"]["retryable"]) == ("1032", False)
    answer = world.service.push(world.service.booking(payment.booking_id), payment.phone)
    assert (answer.status, answer.body["transactionId"]) == (409, payment.id)
    world.age(120, payment.id)
    assert world.service.status(payment.id)["failure"]["retryable"] is True
    world.finish(world.push_again(world.service.booking(payment.booking_id), payment.phone))


def test_two_false_answers_do_not_outlive_the_truth(world: World) -> None:
    """Daraja says 1037 twice about a prompt that is still open; when the customer pays, the payment completes."""
    phone = world.new_phone()
    world.simulator.fault("query_false_failure", msisdn=phone)
    payment = world.push(phone)
    assert told_failed_by_queries(world, payment)["failure"]["code"] == "1037"
    world.simulator.answer(phone, "pay")
    assert world.service.until(payment.id, "completed")["failure"] is None
    assert world.is_held(payment.booking_id)


@pytest.mark.parametrize("kind", ["query_random_error", "query_pending", "query_unknown", "http_html"])
def test_a_question_without_an_answer_is_asked_again(world: World, kind: str) -> None:
    """Errors, `still processing` and HTML say nothing about a payment: a later question settles it."""
    payment = quiet(world, "pay")
    path = {"path": "query"} if kind == "http_html" else {}
    world.simulator.fault(kind, msisdn=payment.phone, count=2, **path)
    for times in (1, 2):
        world.age(60, payment.id)
        asked(world, payment, times)
        assert world.service.status(payment.id)["status"] == "pending"
    world.age(60, payment.id)
    world.service.until(payment.id, "completed")
    assert world.is_held(payment.booking_id)


def test_a_question_that_is_refused_keeps_its_turn(world: World) -> None:
    """A rate limit costs a payment nothing but the moment: it is asked about again at once, and that counts once."""
    payment = quiet(world, "pay")
    world.simulator.fault("spike_arrest", msisdn=payment.phone, count=2, path="query")
    world.age(FIRST_QUESTION_SECONDS, payment.id)
    world.service.until(payment.id, "completed")
    assert world.row(payment.id).inquiries == 1
    assert world.is_held(payment.booking_id)


def test_a_fee_that_is_paid_twice_is_due_back(world: World) -> None:
    """A prompt that outlives its lock is paid after another has held the fee: recorded, flagged, and due back."""
    first = world.push()
    world.age(LOCK_SECONDS, first.id)
    assert world.service.status(first.id)["status"] == "pending"
    second = world.push_again(world.service.booking(first.booking_id), world.new_phone("pay"))
    world.service.until(second.id, "completed")
    assert world.is_held(first.booking_id)
    world.simulator.answer(first.phone, "pay")
    told = world.service.until(first.id, "completed")
    assert told["review"] == ["paid_twice"]
    assert world.service.status(second.id)["review"] == []
    assert world.row(second.id).disposition == "held"
    assert world.row(first.id).disposition == "refund_due"
    assert world.postings(first.id) == {"mpesa_clearing": 50_000, "refunds_due": -50_000}
    assert world.books_balance()
    assert world.is_held(first.booking_id)


def test_a_day_without_an_answer_ends_provisionally(world: World) -> None:
    """After a day of asking in vain the payment fails as unanswered; a success that comes after it still completes."""
    payment = world.push()
    world.simulator.fault("query_pending", msisdn=payment.phone)
    world.age(24 * 3600, payment.id)
    failure = world.service.until(payment.id, "failed")["failure"]
    assert (failure["code"], failure["reason"]) == (None, "no_answer")
    world.simulator.answer(payment.phone, "pay")
    world.service.until(payment.id, "completed")
    assert world.is_held(payment.booking_id)
