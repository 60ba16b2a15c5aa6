"""A push that is accepted: its answer, the prompt on the phone, the lock, and what is refused later (daraja: STK
push)."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pokea.simulator.faults import PUSH_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja, eventually, seconds_between

_LOCKED = "Unable to lock subscriber, a transaction is already in process for the current subscriber"
_NAIROBI = timezone(timedelta(hours=3))


def _till(daraja: Daraja, **changes: str) -> dict[str, Any]:
    return {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": daraja.options.till, **changes}


def test_an_accepted_push_answers_five_texts(daraja: Daraja) -> None:
    """The answer is Daraja's: five strings, ResponseCode "0", and both sentences of success."""
    answer = daraja.push()
    assert answer.status == 200
    assert list(answer.json) == [
        "MerchantRequestID",
        "CheckoutRequestID",
        "ResponseCode",
        "ResponseDescription",
        "CustomerMessage",
    ]
    assert answer.json["ResponseCode"] == "0"
    assert answer.json["ResponseDescription"] == "Success. Request accepted for processing"
    assert answer.json["CustomerMessage"] == "Success. Request accepted for processing"


def test_the_ids_have_the_production_form(daraja: Daraja) -> None:
    """CheckoutRequestID is Nairobi's time, three digits and the number; MerchantRequestID the tail of a UUID."""
    answer = daraja.push().json
    found = re.fullmatch(r"ws_CO_(\d{14})\d{3}722000001", answer["CheckoutRequestID"])
    assert found
    stamp = datetime.strptime(found.group(1), "%d%m%Y%H%M%S").replace(tzinfo=_NAIROBI)
    assert abs(datetime.now(_NAIROBI) - stamp) < timedelta(seconds=10)
    assert re.fullmatch(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d+", answer["MerchantRequestID"])


def test_the_ids_can_have_the_sandbox_form(start_daraja: StartDaraja) -> None:
    """The sandbox of 2026 has one digit where production has three."""
    checkout = start_daraja(identifiers="sandbox").pushed()
    assert re.fullmatch(r"ws_CO_\d{14}\d722000001", checkout)


def test_two_pushes_get_two_pairs_of_ids(daraja: Daraja) -> None:
    """There is no idempotency key: the same request again is a payment of its own."""
    first = daraja.push()
    daraja.answer(action="cancel")
    second = daraja.push()
    assert first.json["CheckoutRequestID"] != second.json["CheckoutRequestID"]
    assert first.json["MerchantRequestID"] != second.json["MerchantRequestID"]


def test_the_prompt_reaches_the_phone(daraja: Daraja) -> None:
    """The prompt has what docs/simulator.md lists, and the text as the SIM toolkit shows it."""
    checkout = daraja.pushed(amount=1200, AccountReference="ref")
    (prompt,) = daraja.prompts()
    assert prompt["msisdn"] == PHONE
    assert prompt["amount"] == 1200
    assert prompt["shortcode"] == "174379"
    assert prompt["accountReference"] == "ref"
    assert prompt["checkoutRequestId"] == checkout
    assert prompt["text"] == "Do you want to pay Kshs. 1200 to POKEA DEMO Account no. ref?\nEnter M-PESA PIN:"
    assert seconds_between(daraja.requests(PUSH_PATH)[0]["at"], prompt["expiresAt"]) == pytest.approx(60, abs=0.1)


def test_a_till_s_prompt_has_no_account(daraja: Daraja) -> None:
    """The prompt of a till is the form without an account, and names the till as paid."""
    daraja.pushed(**_till(daraja))
    (prompt,) = daraja.prompts()
    assert prompt["text"] == "Do you want to pay Kshs. 10 to POKEA DEMO.\nEnter M-PESA PIN:"
    assert prompt["shortcode"] == "174380"


@pytest.mark.parametrize("head_office", ["174379", "174380"])
def test_a_till_is_paid_under_either_head_office(daraja: Daraja, head_office: str) -> None:
    """CustomerBuyGoodsOnline to the till ends paid, with the paybill or the till as BusinessShortCode."""
    checkout = daraja.pushed(**_till(daraja, BusinessShortCode=head_office))
    daraja.answer()
    assert daraja.callback(checkout)["ResultCode"] == 0
    assert daraja.receiver.received[0].headers["Businessshortcode"] == head_office


@pytest.mark.parametrize(
    "wrong",
    [
        {"TransactionType": "CustomerPayBillOnline", "PartyB": "174380"},
        {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "174379"},
        {"TransactionType": "CustomerBuyGoodsOnline", "PartyB": "555555"},
        {"TransactionType": "CustomerPayBillOnline", "PartyB": "174380", "BusinessShortCode": "174380"},
    ],
)
def test_a_wrong_pairing_is_accepted_and_then_fails_with_2028(daraja: Daraja, wrong: dict[str, Any]) -> None:
    """A till paid as a paybill, or the other way round, is accepted; no prompt comes, the callback says 2028."""
    checkout = daraja.pushed(**wrong)
    assert daraja.prompts() == []
    daraja.advance(1)
    result = daraja.callback(checkout)
    assert result["ResultCode"] == 2028
    assert result["ResultDesc"] == "The request is not permitted according to product assignment."
    assert daraja.query(checkout).json["ResultCode"] == "2028"


@pytest.mark.parametrize(
    ("wording", "text"), [("first", "The operator does not exist."), ("second", "Receiver party is invalid")]
)
def test_a_wrong_pairing_can_fail_with_a_code_of_letters(start_daraja: StartDaraja, wording: str, text: str) -> None:
    """SFC_IC0003 arrives as a string, in either of its wordings."""
    daraja = start_daraja(wrong_pairing="SFC_IC0003", wording=wording)
    checkout = daraja.pushed(PartyB="174380")
    daraja.advance(1)
    result = daraja.callback(checkout)
    assert (result["ResultCode"], result["ResultDesc"]) == ("SFC_IC0003", text)


def test_buy_goods_can_be_refused_as_the_sandbox_of_2026_does(start_daraja: StartDaraja) -> None:
    """The sandbox's refusal of CustomerBuyGoodsOnline is a switch."""
    daraja = start_daraja(buy_goods="refused")
    assert daraja.push(**_till(daraja)).error == (400, "400.002.02", "Bad Request - Invalid TransactionType")


def test_a_phone_with_an_open_prompt_is_locked(daraja: Daraja) -> None:
    """A second push to the phone is refused while the first prompt is open, and taken once it has ended."""
    daraja.pushed()
    assert daraja.push().error == (500, "500.001.1001", _LOCKED)
    assert len(daraja.prompts()) == 1
    daraja.answer(action="cancel")
    assert daraja.push().status == 200


def test_the_lock_ends_with_the_prompt(daraja: Daraja) -> None:
    """An unanswered prompt frees the phone after 60 s."""
    daraja.pushed()
    daraja.advance(59)
    assert daraja.push().status == 500
    daraja.advance(1)
    assert daraja.push().status == 200


def test_other_phones_are_not_locked(daraja: Daraja) -> None:
    """The lock is one phone's."""
    daraja.pushed()
    assert daraja.push(PartyA="254722000002").status == 200


def test_the_lock_can_be_told_by_callback(start_daraja: StartDaraja) -> None:
    """The variant accepts the second push and tells 1001 by callback; the first prompt stays."""
    daraja = start_daraja(subscriber_lock="callback")
    first = daraja.pushed()
    second = daraja.pushed()
    daraja.advance(1)
    result = daraja.callback(second)
    assert (result["ResultCode"], result["ResultDesc"]) == (1001, _LOCKED)
    assert [prompt["checkoutRequestId"] for prompt in daraja.prompts()] == [first]


def test_a_prompt_of_more_than_182_characters_fails_with_1025(start_daraja: StartDaraja) -> None:
    """The length of the whole prompt counts: one character too many is 1025, and no prompt comes."""
    text = "Do you want to pay Kshs. 10 to POKEA DEMO Account no. ?\nEnter M-PESA PIN:"
    daraja = start_daraja()
    longest = daraja.pushed(AccountReference="R" * (182 - len(text)))
    assert len(daraja.prompts()[0]["text"]) == 182
    daraja.answer()
    assert daraja.callback(longest)["ResultCode"] == 0
    too_long = daraja.pushed(AccountReference="R" * (183 - len(text)))
    assert daraja.prompts() == []
    daraja.advance(1)
    result = daraja.callback(too_long)
    assert (result["ResultCode"], result["ResultDesc"]) == (1025, "An error occurred while sending a push request.")


def test_a_bad_passkey_can_go_unheard(start_daraja: StartDaraja) -> None:
    """The variant of two production outages: accepted with ids, no prompt, no callback, and only the query shows it."""
    daraja = start_daraja(bad_passkey="silent")
    answer = daraja.push(Password="d3Jvbmc=")
    assert answer.status == 200
    daraja.advance(300)
    assert daraja.prompts() == []
    assert daraja.receiver.received == []
    told = daraja.query(answer.json["CheckoutRequestID"])
    assert told.status == 500
    assert (told.json["ResultCode"], told.json["ResultDesc"]) == (4999, "Wrong credentials")
    preflight = daraja.query("ws_CO_no_such_id", Password="d3Jvbmc=")
    assert (preflight.json["ResultCode"], preflight.json["ResultDesc"]) == (4999, "Wrong credentials")
    assert daraja.push().status == 200


def test_the_answer_can_take_its_time(start_daraja: StartDaraja) -> None:
    """With `push_answer_seconds` the prompt is on the phone before the push is answered."""
    daraja = start_daraja(push_answer_seconds=0.3)
    before = daraja.journal
    assert before["requests"] == []
    assert daraja.push().status == 200
    assert len(daraja.prompts()) == 1


def test_a_full_simulator_is_busy(start_daraja: StartDaraja) -> None:
    """No phone is forgotten to make room: a push to one phone too many meets a busy system."""
    daraja = start_daraja(most_subscribers=3)
    assert daraja.push(PartyA="254722000003").status == 200
    answer = daraja.push(PartyA="254722000004")
    assert answer.error == (500, "500.003.02", "System is busy. Please try again in few minutes.")
    assert daraja.call("POST", "/sim/api/subscribers", {"msisdn": "254722000004"}).status == 503


def test_the_firewall_blocks_everything(start_daraja: StartDaraja) -> None:
    """Behind the firewall every call of Daraja gets HTML, and the simulator's own API still answers."""
    for status in ("403", "503"):
        daraja = start_daraja(firewall=True, firewall_status=status)
        answer = daraja.generate()
        assert answer.status == int(status)
        assert answer.headers["content-type"].startswith("text/html")
        assert b"Incapsula incident ID" in answer.body
        assert daraja.prompts() == []


def test_old_payments_give_way_to_new_ones(start_daraja: StartDaraja) -> None:
    """Of more payments than are kept the oldest that has ended is forgotten; an open one is not."""
    daraja = start_daraja(most_records=3)
    opened = daraja.pushed("254722000010")
    ended = daraja.pushed("254722000011")
    daraja.answer("254722000011", "cancel")
    for last in range(12, 15):
        daraja.pushed(f"2547220000{last}")
    eventually(lambda: daraja.query(ended).status == 500, "the ended payment is forgotten")
    assert daraja.query(opened).json["ResultCode"] == "4999"
