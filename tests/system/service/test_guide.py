"""The guide's own scenarios, end to end: a booking, a prompt on a simulated phone, and what becomes of both."""

import threading
from typing import Any

import pytest

from tests.system.service.running import eventually
from tests.system.service.world import Pushed, World, failure

KNOWN_PAYER = "254708374149"
NO_FUNDS_NUMBER = "254711111111"


def pushed_to(world: World, phone: str) -> Pushed:
    """The guide's call: ten shillings of this phone."""
    return world.push(phone, amount=10)


def failed(world: World, payment: Pushed) -> dict[str, Any]:
    """The failure of a payment, once it has failed; its booking must be as it was."""
    transaction = world.service.until(payment.id, "failed")
    assert world.is_unpaid(payment.booking_id)
    assert transaction["completedAt"] is None
    assert transaction["mpesaReceiptNumber"] is None
    found: dict[str, Any] = transaction["failure"]
    return found


def test_a_push_is_answered_as_the_guide_says(world: World) -> None:
    """The answer has the guide's message and ids, and the secret and the end that Pokea adds."""
    booking = world.service.book(500)
    phone = world.new_phone("cancel", delaySeconds=1)
    answer = world.service.push(booking, phone)
    assert answer.status == 201
    assert answer.body["success"] is True
    assert answer.body["message"] == "STK Push sent successfully. Please enter your M-Pesa PIN on your phone."
    data = answer.body["data"]
    assert data["transactionId"].startswith("pay_")
    assert data["checkoutRequestId"].startswith("ws_CO_")
    assert data["customerMessage"] == "Success. Request accepted for processing"
    assert data["clientSecret"].startswith("pcs_")
    assert data["expiresAt"] > booking["createdAt"]
    assert failed(world, world.pushed(answer, booking, phone))["code"] == "1032"


def test_the_known_payer_pays_by_itself(world: World) -> None:
    """254708374149 completes with the receipt of the journal, and the booking is matching with its fee held."""
    payment = pushed_to(world, KNOWN_PAYER)
    transaction = world.service.until(payment.id, "completed")
    (charge,) = world.simulator.charges(payment.checkout)
    assert charge["amount"] == transaction["amount"] == 10
    assert transaction["mpesaReceiptNumber"] == charge["receipt"]
    assert (transaction["currency"], transaction["paymentMethod"]) == ("KES", "mpesa")
    assert transaction["createdAt"] < transaction["completedAt"]
    assert (transaction["failure"], transaction["review"]) == (None, [])
    booking = world.service.booking(payment.booking_id)
    assert (booking["status"], booking["bookingFee"]["status"]) == ("matching", "held")
    assert booking["bookingFee"]["paidAt"] >= transaction["completedAt"]
    assert world.postings(payment.id) == {"mpesa_clearing": 1000, "fees_held": -1000}


def test_the_known_pauper_has_no_money(world: World) -> None:
    """254711111111 fails with ResultCode 1, told as a lack of money."""
    told = failed(world, pushed_to(world, NO_FUNDS_NUMBER))
    assert (told["code"], told["reason"], told["retryable"]) == ("1", "insufficient_funds", True)
    assert told["nextStep"] == "try_again"


def test_a_cancelled_prompt_fails_with_1032(world: World) -> None:
    """The customer presses Cancel on the phone: the payment fails with code 1032."""
    payment = world.push(amount=10)
    world.simulator.answer(payment.phone, "cancel")
    told = failed(world, payment)
    assert (told["code"], told["reason"], told["retryable"]) == ("1032", "cancelled", True)


def test_no_pin_fails_with_1037(world: World) -> None:
    """Nobody types a PIN within sixty seconds: the payment fails with code 1037."""
    payment = world.push(amount=10)
    assert world.service.status(payment.id)["status"] == "pending"
    world.simulator.prompt(payment.phone)
    world.simulator.advance(60)
    told = failed(world, payment)
    assert (told["code"], told["reason"]) == ("1037", "no_response")


def test_a_wrong_pin_fails_with_2001(world: World) -> None:
    """A PIN that is not the subscriber's fails with code 2001, and nothing is charged."""
    payment = world.push(amount=10)
    world.simulator.answer(payment.phone, "pay", pin="9999")
    assert failed(world, payment)["code"] == "2001"
    assert world.simulator.charges(payment.checkout) == []


def test_a_failed_payment_may_be_tried_again(world: World) -> None:
    """After a failure the same phone may be prompted for the same booking at once, and paying then holds the fee."""
    first = world.push(amount=10)
    world.simulator.answer(first.phone, "cancel")
    failed(world, first)
    second = world.push_again(world.service.booking(first.booking_id), first.phone)
    world.simulator.answer(first.phone, "pay")
    world.service.until(second.id, "completed")
    assert world.is_held(first.booking_id)
    assert world.service.status(first.id)["status"] == "failed"


def test_a_payment_is_initiated_until_daraja_answers(world: World) -> None:
    """While Daraja has not answered the push the payment is initiated; then it is pending."""
    booking, phone = world.service.book(10), world.new_phone()
    world.simulator.fault("slow", msisdn=phone, seconds=1.5)
    caller = threading.Thread(target=world.service.push, args=(booking, phone))
    caller.start()
    (seen,) = eventually(lambda: history(world, booking["id"])["transactions"], "the payment is in the history")
    assert seen["status"] == "initiated"
    assert seen["completedAt"] is None
    caller.join()
    assert world.service.status(seen["id"])["status"] == "pending"
    world.simulator.answer(phone, "cancel")
    world.service.until(seen["id"], "failed")


def history(world: World, booking_id: str, **filters: Any) -> dict[str, Any]:
    """The history of one booking."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    path = f"/payments/mpesa/history?bookingId={booking_id}&{query}".rstrip("&")
    found: dict[str, Any] = world.service.call("GET", path, scope="admin").body
    return found


def test_the_history_is_paged_and_filtered_as_the_guide_says(world: World) -> None:
    """Three payments of one booking, newest first, counted, paged and filtered by status."""
    payment = world.push(amount=10)
    tried = [payment.id]
    for action in ("cancel", "cancel", "pay"):
        world.simulator.answer(payment.phone, action)
        world.service.until(tried[-1], "completed" if action == "pay" else "failed")
        if action == "cancel":
            tried.append(world.push_again(world.service.booking(payment.booking_id), payment.phone).id)
    whole = history(world, payment.booking_id)
    assert [each["id"] for each in whole["transactions"]] == tried[::-1]
    assert (whole["success"], whole["count"], whole["total"], whole["page"], whole["pages"]) == (True, 3, 3, 1, 1)
    second = history(world, payment.booking_id, page=2, limit=2)
    assert (second["count"], second["total"], second["page"], second["pages"]) == (1, 3, 2, 2)
    assert [each["id"] for each in second["transactions"]] == tried[:1]
    completed = history(world, payment.booking_id, status="completed")
    assert [each["id"] for each in completed["transactions"]] == tried[-1:]
    assert completed["transactions"][0] == world.service.status(tried[-1])


@pytest.mark.parametrize(
    ("language", "words"), [("en", "The phone did not answer in time"), ("sw", "Simu haikujibu kwa wakati")]
)
def test_a_failure_is_told_in_the_callers_language(world: World, language: str, words: str) -> None:
    """What happened and what to do next is said in English, or in Kiswahili to whoever asks for it."""
    payment = world.push(amount=10)
    world.tell(payment, failure(payment.checkout, 1037))
    headers = {"Accept_Language": language}
    answer = world.service.call("GET", f"/payments/mpesa/status/{payment.id}", **headers)
    assert words in answer.body["transaction"]["failure"]["message"]
