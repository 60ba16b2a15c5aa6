"""The callback: its body, its headers, and that it comes once (daraja: STK callback)."""

import json
import re
import time
from datetime import datetime, timedelta, timezone

import pytest

from tests.simulator.conftest import StartDaraja
from tests.simulator.running import PHONE, Daraja, Receiver, eventually

_NAIROBI = timezone(timedelta(hours=3))


def test_a_success_has_four_items(daraja: Daraja) -> None:
    """Ids of the push, number 0, and Amount, receipt, date and phone with Daraja's JSON types."""
    push = daraja.push(Amount="25").json
    daraja.answer()
    result = daraja.callback(push["CheckoutRequestID"])
    assert result["MerchantRequestID"] == push["MerchantRequestID"]
    assert (result["ResultCode"], result["ResultDesc"]) == (0, "The service request is processed successfully.")
    items = result["CallbackMetadata"]["Item"]
    assert [item["Name"] for item in items] == ["Amount", "MpesaReceiptNumber", "TransactionDate", "PhoneNumber"]
    values = {item["Name"]: item["Value"] for item in items}
    assert values["Amount"] == 25
    assert values["PhoneNumber"] == int(PHONE)
    assert values["MpesaReceiptNumber"] == daraja.journal["charges"][0]["receipt"]
    paid_at = datetime.strptime(str(values["TransactionDate"]), "%Y%m%d%H%M%S").replace(tzinfo=_NAIROBI)
    assert abs(datetime.now(_NAIROBI) - paid_at) < timedelta(seconds=10)
    assert b'"Amount","Value":25}' in daraja.receiver.received[0].body


def test_the_receipt_tells_the_day(daraja: Daraja) -> None:
    """Ten signs: year, month and day of Nairobi, then seven that say nothing."""
    daraja.pushed()
    daraja.answer()
    receipt = daraja.journal["charges"][0]["receipt"]
    today = datetime.now(_NAIROBI)
    head = chr(ord("A") + today.year - 2006) + chr(ord("A") + today.month - 1)
    assert re.fullmatch(head + r"[1-9A-V][A-Z0-9]{7}", receipt)


def test_amounts_can_have_decimals(start_daraja: StartDaraja) -> None:
    """The other form of the samples writes 1.00."""
    daraja = start_daraja(amount_form="1.00")
    checkout = daraja.pushed(amount=1)
    daraja.answer()
    daraja.callback(checkout)
    assert b'"Amount","Value":1.00}' in daraja.receiver.received[0].body


def test_a_balance_without_a_value_can_be_among_the_items(start_daraja: StartDaraja) -> None:
    """The item of 2019 to 2023 has a name and nothing else."""
    daraja = start_daraja(balance_item=True)
    checkout = daraja.pushed()
    daraja.answer()
    items = daraja.callback(checkout)["CallbackMetadata"]["Item"]
    assert [item["Name"] for item in items][2] == "Balance"
    assert items[2] == {"Name": "Balance"}


def test_a_failure_has_no_metadata(daraja: Daraja) -> None:
    """Four keys, and ResultCode as a number."""
    checkout = daraja.pushed()
    daraja.answer(action="cancel")
    assert list(daraja.callback(checkout)) == ["MerchantRequestID", "CheckoutRequestID", "ResultCode", "ResultDesc"]


def test_the_callback_s_headers_are_safaricom_s(daraja: Daraja) -> None:
    """A POST to the address exactly as given, with the content type and the shortcode, and nothing that proves it."""
    url = daraja.receiver.url.replace("/callbacks/one", "/Callbacks/x/0a1b2c?order=7")
    checkout = daraja.pushed(CallBackURL=url)
    daraja.answer()
    daraja.callback(checkout)
    (received,) = daraja.receiver.received
    assert received.path == "/Callbacks/x/0a1b2c?order=7"
    assert received.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert received.headers["Businessshortcode"] == "174379"
    assert "Authorization" not in received.headers


@pytest.mark.parametrize("status", [200, 204, 301, 308, 400, 404, 500, 503])
def test_a_callback_comes_once_whatever_is_answered(daraja: Daraja, status: int) -> None:
    """No answer brings a second one, and the journal keeps the status."""
    daraja.receiver.status = status
    daraja.receiver.location = daraja.receiver.url + "/elsewhere"
    checkout = daraja.pushed()
    daraja.answer()
    daraja.callback(checkout)
    daraja.advance(3600)
    assert [received.path for received in daraja.receiver.received] == ["/callbacks/one"]
    (entry,) = daraja.journal["callbacks"]
    assert entry["status"] == status


def test_the_journal_keeps_address_and_body(daraja: Daraja) -> None:
    """What was sent can be read in the journal as it went out."""
    checkout = daraja.pushed()
    daraja.answer()
    daraja.callback(checkout)
    entry = eventually(lambda: [c for c in daraja.journal["callbacks"] if c["status"] == 200])[0]
    assert set(entry) == {"checkoutRequestId", "url", "sentAt", "status", "body"}
    assert (entry["checkoutRequestId"], entry["url"]) == (checkout, daraja.receiver.url)
    assert entry["body"] == json.loads(daraja.receiver.received[0].body)


def test_a_callback_that_nobody_takes_is_given_up(daraja: Daraja) -> None:
    """A dead address leaves an entry without a status, and the payment stands."""
    checkout = daraja.pushed(CallBackURL="http://127.0.0.1:9/callbacks")
    daraja.answer()
    daraja.advance(60)
    (entry,) = daraja.journal["callbacks"]
    assert entry["status"] is None
    assert daraja.query(checkout).json["ResultCode"] == "0"


@pytest.mark.parametrize("status", [500, 302])
def test_callbacks_can_be_sent_again(start_daraja: StartDaraja, status: int) -> None:
    """With retries on, what was not answered with 2xx comes again, as often as said."""
    daraja = start_daraja(callback_retries=2, callback_retry_seconds=30)
    daraja.receiver.status = status
    checkout = daraja.pushed()
    daraja.answer()
    daraja.callback(checkout)
    daraja.advance(600)
    first, second, third = daraja.sent_after(checkout)
    assert (second - first, third - second) == (30, 30)
    assert len({received.body for received in daraja.receiver.received}) == 1


def test_an_accepted_callback_is_not_sent_again(start_daraja: StartDaraja) -> None:
    """Retries are for what was not accepted."""
    daraja = start_daraja(callback_retries=5, callback_retry_seconds=1)
    checkout = daraja.pushed()
    daraja.answer()
    daraja.advance(100)
    assert len(daraja.receiver.results(checkout)) == 1


def test_several_callbacks_are_on_their_way_at_once(daraja: Daraja, receiver: Receiver) -> None:
    """A merchant that takes its time with one callback does not hold up another's."""
    receiver.before_answer = lambda: time.sleep(0.3)
    began = time.monotonic()
    checkouts = []
    for number in range(8):
        phone = f"2547220000{number:02d}"
        checkouts.append(daraja.pushed(phone))
        daraja.answer(phone)
    for checkout in checkouts:
        daraja.callback(checkout)
    assert time.monotonic() - began < 8 * 0.3


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ("never", []),
        ("twice", [0, 0]),
        ("late", [0]),
        ("then_success", [1037, 0]),
        ("callback_first", [0]),
        ("query_first", [0]),
    ],
)
def test_the_order_of_callbacks_is_a_switch(start_daraja: StartDaraja, order: str, codes: list[int]) -> None:
    """What a fault does to one payment the switch does to all."""
    daraja = start_daraja(callback_order=order)
    checkout = daraja.pushed()
    daraja.answer()
    daraja.advance(120)
    assert [result["ResultCode"] for result in daraja.receiver.results(checkout)] == codes
    assert len(daraja.journal["charges"]) == 1


def test_early_callbacks_can_be_the_rule(start_daraja: StartDaraja) -> None:
    """With `early` the push is answered after its callback."""
    daraja = start_daraja(callback_order="early", known_number_seconds=0.05)
    answer = daraja.push(PartyA="254708374149")
    assert len(daraja.receiver.results(answer.json["CheckoutRequestID"])) == 1
