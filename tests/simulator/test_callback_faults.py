"""What can go wrong with a callback: every fault that the law names, and what the journal says of it (law:
simulator)."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.simulator.running import PHONE, Daraja, eventually

_GOOD = "254708374149"


def _codes(daraja: Daraja, checkout_request_id: str) -> list[Any]:
    return [result["ResultCode"] for result in daraja.receiver.results(checkout_request_id)]


def _paid(daraja: Daraja, amount: int = 10) -> str:
    checkout = daraja.pushed(amount=amount)
    assert daraja.answer().json["resultCode"] == 0
    return checkout


def _amount(result: Any) -> int:
    return next(int(item["Value"]) for item in result["CallbackMetadata"]["Item"] if item["Name"] == "Amount")


def _receipt(result: Any) -> str:
    items = result["CallbackMetadata"]["Item"]
    return next(str(item["Value"]) for item in items if item["Name"] == "MpesaReceiptNumber")


def test_a_lost_callback_never_goes_out(daraja: Daraja) -> None:
    """`callback_lost`: the customer is charged, the query knows, nothing was sent."""
    daraja.fault("callback_lost")
    checkout = _paid(daraja)
    daraja.advance(3600)
    assert _codes(daraja, checkout) == []
    assert daraja.journal["callbacks"] == []
    assert len(daraja.journal["charges"]) == 1
    daraja.new_token()
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_a_failure_s_callback_can_be_lost_too(daraja: Daraja) -> None:
    """The fault does not look at the outcome."""
    daraja.fault("callback_lost")
    checkout = daraja.pushed()
    daraja.answer(action="cancel")
    daraja.advance(100)
    assert _codes(daraja, checkout) == []


@pytest.mark.parametrize(("fields", "seconds"), [({}, 90), ({"seconds": 7}, 7)])
def test_a_late_callback_comes_after_its_seconds(daraja: Daraja, fields: dict[str, int], seconds: int) -> None:
    """`callback_late`: 90 s after its time, or as long as `seconds` says."""
    daraja.fault("callback_late", **fields)
    daraja.subscriber(_GOOD, behaviour="pay", delaySeconds=1)
    checkout = daraja.pushed(_GOOD)
    daraja.advance(seconds)
    assert _codes(daraja, checkout) == []
    daraja.advance(1)
    assert _codes(daraja, checkout) == [0]
    assert daraja.sent_after(checkout) == [seconds + 1]


def test_a_doubled_callback_comes_twice_with_the_same_bytes(daraja: Daraja) -> None:
    """`callback_twice`: one charge, two deliveries at once."""
    daraja.fault("callback_twice")
    checkout = _paid(daraja)
    daraja.callback(checkout, count=2)
    first, second = daraja.receiver.received
    assert first.body == second.body
    assert len(daraja.journal["charges"]) == 1
    assert len(daraja.journal["callbacks"]) == 2


def test_a_doubled_callback_can_leave_a_gap(daraja: Daraja) -> None:
    """With `seconds` the second delivery comes later."""
    daraja.fault("callback_twice", seconds=30)
    checkout = _paid(daraja)
    daraja.callback(checkout)
    daraja.advance(31)
    first, second = daraja.sent_after(checkout)
    assert second - first == 30


def test_an_early_callback_arrives_before_the_push_is_answered(daraja: Daraja) -> None:
    """`callback_early`: the push's answer waits until the callback has been taken."""
    token = daraja.token
    daraja.fault("callback_early")
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(daraja.push, token=token, PartyA=_GOOD)
        eventually(lambda: daraja.prompts(_GOOD), "the prompt")
        assert not push.done()
        daraja.receiver.before_answer = lambda: early.append(not push.done())
        early: list[bool] = []
        daraja.advance(1)
        checkout = push.result(5).json["CheckoutRequestID"]
    assert early == [True]
    assert _codes(daraja, checkout) == [0]


def test_an_early_callback_waits_for_the_hand(daraja: Daraja) -> None:
    """On a phone that is answered by hand the push is answered after the hand and its callback."""
    token = daraja.token
    daraja.fault("callback_early", msisdn=PHONE)
    with ThreadPoolExecutor(1) as pool:
        push = pool.submit(daraja.push, token=token)
        eventually(daraja.prompts, "the prompt")
        daraja.answer(action="cancel")
        checkout = push.result(5).json["CheckoutRequestID"]
    assert _codes(daraja, checkout) == [1032]


def test_a_wrong_amount_is_only_in_the_callback(daraja: Daraja) -> None:
    """`callback_amount`: charged as asked, says the journal; one shilling more, says the callback."""
    daraja.fault("callback_amount")
    checkout = _paid(daraja, 500)
    assert _amount(daraja.callback(checkout)) == 501
    assert daraja.journal["charges"][0]["amount"] == 500
    assert daraja.phone()["balance"] == 9_500
    assert "Ksh500.00" in daraja.phone()["messages"][0]["text"]


def test_a_wrong_receipt_is_that_of_another_charge(daraja: Daraja) -> None:
    """`callback_receipt`: the callback names the first other charge; the journal and the phone tell the truth."""
    first = _receipt(daraja.callback(_paid(daraja)))
    daraja.fault("callback_receipt")
    checkout = _paid(daraja, 500)
    assert _receipt(daraja.callback(checkout)) == first
    own = daraja.journal["charges"][1]["receipt"]
    assert own != first
    assert own in daraja.phone()["messages"][-1]["text"]


def test_a_wrong_receipt_needs_another_charge(daraja: Daraja) -> None:
    """The first charge of all has nobody to take a receipt from: its callback is true."""
    daraja.fault("callback_receipt")
    checkout = _paid(daraja)
    assert _receipt(daraja.callback(checkout)) == daraja.journal["charges"][0]["receipt"]


def test_a_wrong_amount_needs_a_payment(daraja: Daraja) -> None:
    """A failure has no amount, so it neither meets the fault nor uses it up."""
    daraja.fault("callback_amount", count=1)
    checkout = daraja.pushed()
    daraja.answer(action="cancel")
    assert daraja.callback(checkout)["ResultCode"] == 1032
    assert _amount(daraja.callback(_paid(daraja))) == 11
    assert _amount(daraja.callback(_paid(daraja))) == 10


def test_a_success_after_a_failure(daraja: Daraja) -> None:
    """`callback_then_success`: 1037 at once, the charge when the phone pays, the success 5 s later."""
    daraja.fault("callback_then_success")
    checkout = daraja.pushed(_GOOD)
    assert daraja.callback(checkout)["ResultCode"] == 1037
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    daraja.advance(1)
    assert len(daraja.journal["charges"]) == 1
    assert _codes(daraja, checkout) == [1037]
    daraja.advance(5)
    assert _codes(daraja, checkout) == [1037, 0]
    assert daraja.sent_after(checkout) == [0, 6]


def test_a_success_after_a_failure_waits_for_the_hand(daraja: Daraja) -> None:
    """The prompt stays on the phone after the false 1037, and can be paid."""
    daraja.fault("callback_then_success", seconds=2)
    checkout = daraja.pushed()
    assert daraja.callback(checkout)["ResultCode"] == 1037
    daraja.answer()
    daraja.advance(2)
    assert _codes(daraja, checkout) == [1037, 0]


def test_a_failure_that_was_told_stays_the_only_word(daraja: Daraja) -> None:
    """If the phone does not pay after the early 1037, no second callback comes."""
    daraja.fault("callback_then_success")
    checkout = daraja.pushed()
    daraja.answer(action="cancel")
    daraja.advance(100)
    assert _codes(daraja, checkout) == [1037]
    assert daraja.query(checkout).json["ResultCode"] == "1032"


def test_the_fault_may_come_while_the_prompt_is_open(daraja: Daraja) -> None:
    """Switched on after the push, it says 1037 at the charge and success 5 s later."""
    checkout = daraja.pushed()
    daraja.fault("callback_then_success")
    daraja.answer()
    assert daraja.callback(checkout)["ResultCode"] == 1037
    daraja.advance(5)
    assert _codes(daraja, checkout) == [1037, 0]


def test_callbacks_of_one_payment_keep_their_order_when_time_jumps(daraja: Daraja) -> None:
    """However far the clock is moved, the 1037 is taken before the success is sent."""
    daraja.fault("callback_then_success")
    slowness = iter((0.2, 0.0))
    daraja.receiver.before_answer = lambda: time.sleep(next(slowness))
    checkout = daraja.pushed(_GOOD)
    daraja.advance(600)
    assert _codes(daraja, checkout) == [1037, 0]


def test_every_third_lost_and_every_second_doubled(daraja: Daraja) -> None:
    """Faults with counts play one after another: the journal's charges are all there, whatever was told."""
    daraja.fault("callback_lost", count=2)
    daraja.fault("callback_twice", count=2)
    counts = []
    for _ in range(5):
        checkout = _paid(daraja)
        daraja.advance(1)
        counts.append(len(_codes(daraja, checkout)))
    assert counts == [0, 0, 2, 2, 1]
    assert len(daraja.journal["charges"]) == 5


def test_a_callback_s_fault_can_be_one_phone_s(daraja: Daraja) -> None:
    """`msisdn` leaves other phones' callbacks alone."""
    daraja.fault("callback_lost", msisdn=PHONE)
    lost = _paid(daraja)
    told = daraja.pushed(_GOOD)
    daraja.advance(60)
    assert (_codes(daraja, lost), _codes(daraja, told)) == ([], [0])
