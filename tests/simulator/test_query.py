"""The query: what it tells, when, and in which words (daraja: STK query)."""

from typing import Any

import pytest

from pokea.simulator.faults import QUERY_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import Daraja

_BUSY = (500, "500.001.1001", "The transaction is being processed")
_TOO_EARLY = (400, "400.002.02", "Bad Request - Invalid CheckoutRequestID")


def test_a_pending_payment_is_4999(daraja: Daraja) -> None:
    """Before the end the query answers 200 with ResultCode "4999", as texts."""
    push = daraja.push().json
    answer = daraja.query(push["CheckoutRequestID"])
    assert answer.status == 200
    assert answer.json == {
        "ResponseCode": "0",
        "ResponseDescription": "The service request has been accepted successfully",
        "MerchantRequestID": push["MerchantRequestID"],
        "CheckoutRequestID": push["CheckoutRequestID"],
        "ResultCode": "4999",
        "ResultDesc": "The transaction is still under processing",
    }


def test_a_paid_payment_is_0_and_tells_no_receipt(daraja: Daraja) -> None:
    """The query says paid, and neither receipt nor amount nor phone."""
    checkout = daraja.pushed()
    daraja.answer()
    answer = daraja.query(checkout).json
    assert (answer["ResultCode"], answer["ResultDesc"]) == ("0", "The service request is processed successfully.")
    assert len(answer) == 6


def test_the_query_spells_success_wrongly_in_the_second_wording(start_daraja: StartDaraja) -> None:
    """Production was seen writing "successsfully"."""
    daraja = start_daraja(wording="second")
    answer = daraja.query(daraja.pushed()).json
    assert answer["ResponseDescription"] == "The service request has been accepted successsfully"


@pytest.mark.parametrize(
    ("wording", "cancelled", "wrong_pin"),
    [
        ("first", "Request cancelled by user", "The initiator information is invalid."),
        ("second", "Request Cancelled by user.", "[MpesaCB - ]The initiator information is invalid."),
    ],
)
def test_results_have_two_wordings(start_daraja: StartDaraja, wording: str, cancelled: str, wrong_pin: str) -> None:
    """Both texts of the reference can be had, in callback and query alike."""
    daraja = start_daraja(wording=wording)
    first = daraja.pushed()
    daraja.answer(action="cancel")
    second = daraja.pushed()
    daraja.answer(pin="0000")
    assert daraja.query(first).json["ResultDesc"] == daraja.callback(first)["ResultDesc"] == cancelled
    assert daraja.query(second).json["ResultDesc"] == daraja.callback(second)["ResultDesc"] == wrong_pin


def test_1037_has_four_wordings_on_each_side(start_daraja: StartDaraja) -> None:
    """Callback and query can be given each of the texts that were seen."""
    daraja = start_daraja(no_response_callback="DS timeout.", no_response_query="No response from user.")
    checkout = daraja.pushed()
    daraja.advance(60)
    assert daraja.callback(checkout)["ResultDesc"] == "DS timeout."
    assert daraja.query(checkout).json["ResultDesc"] == "No response from user."


def test_pending_can_be_the_older_500(start_daraja: StartDaraja) -> None:
    """Older integrations saw 500.001.1001 until the end."""
    daraja = start_daraja(pending_query="500.001.1001")
    checkout = daraja.pushed()
    assert daraja.query(checkout).error == _BUSY
    daraja.answer()
    assert daraja.query(checkout).json["ResultCode"] == "0"


def test_pending_can_be_refused_when_asked_too_early(start_daraja: StartDaraja) -> None:
    """The variant refuses the id in the first seconds and then says 4999."""
    daraja = start_daraja(pending_query="400.002.02")
    checkout = daraja.pushed()
    assert daraja.query(checkout).error == _TOO_EARLY
    daraja.advance(5)
    assert daraja.query(checkout).json["ResultCode"] == "4999"


def test_an_unknown_id_does_not_exist(daraja: Daraja) -> None:
    """An id that Daraja does not hold gets 500.001.1001 with its own text."""
    assert daraja.query("ws_CO_unknown").error == (500, "500.001.1001", "The transaction does not Exist")


def test_an_unknown_id_can_be_invalid(start_daraja: StartDaraja) -> None:
    """The variant names the field."""
    assert start_daraja(unknown_query="400.002.02").query("ws_CO_unknown").error == _TOO_EARLY


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"BusinessShortCode": ""}, "BusinessShortCode"),
        ({"Password": "%"}, "Password"),
        ({"Timestamp": "yesterday"}, "Timestamp"),
        ({"CheckoutRequestID": ""}, "CheckoutRequestID"),
        ({"CheckoutRequestID": None}, "CheckoutRequestID"),
        ({"CheckoutRequestID": 5}, "CheckoutRequestID"),
    ],
)
def test_a_bad_field_of_a_query_is_named(daraja: Daraja, changed: dict[str, Any], named: str) -> None:
    """The query's fields are looked at in their order, too."""
    assert daraja.query("ws_CO_1", **changed).error == (400, "400.002.02", f"Bad Request - Invalid {named}")


def test_a_query_proves_shortcode_and_password(daraja: Daraja) -> None:
    """An unknown merchant and wrong credentials are told before the id is looked up: the cheap preflight."""
    assert daraja.query("x", BusinessShortCode="600000").error == (500, "500.001.1001", "Merchant does not exist")
    assert daraja.query("x", Password="d3Jvbmc=").error == (500, "500.001.1001", "Wrong credentials")


def test_a_query_that_is_no_json_is_refused(daraja: Daraja) -> None:
    """A form is refused for the first field, a broken body as payload, a GET for its method."""
    headers = {"Authorization": f"Bearer {daraja.token}"}
    form = daraja.call("POST", QUERY_PATH, b"a=b", headers | {"Content-Type": "application/x-www-form-urlencoded"})
    assert form.error == (400, "400.002.02", "Bad Request - Invalid BusinessShortCode")
    broken = daraja.call("POST", QUERY_PATH, b"{", headers)
    assert broken.error == (400, "400.002.05", "Invalid Request Payload")
    assert daraja.call("GET", QUERY_PATH, headers=headers).error == (405, "405.001", "GET Method Not Allowed")


def test_queries_can_fail_at_random(start_daraja: StartDaraja) -> None:
    """With a rate of 1 every query fails; with a rate in between some do, and the payment is not touched."""
    always = start_daraja(query_error_rate=1.0)
    assert always.query(always.pushed()).error == _BUSY
    sometimes = start_daraja(query_error_rate=0.5, seed=3)
    checkout = sometimes.pushed()
    statuses = [sometimes.query(checkout).status for _ in range(40)]
    assert {200, 500} == set(statuses)
    assert 8 <= statuses.count(500) <= 32


def test_the_query_limit_can_stand(start_daraja: StartDaraja) -> None:
    """With the switch on, one query passes every 12 s, whichever id it is for; the rest get the gateway's fault."""
    daraja = start_daraja(query_limit="429")
    checkout = daraja.pushed()
    assert daraja.query(checkout).status == 200
    limited = daraja.query("another")
    assert limited.status == 429
    fault = limited.json["fault"]
    assert fault["detail"]["errorcode"] == "policies.ratelimit.SpikeArrestViolation"
    assert fault["faultstring"] == (
        "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, "
        "periodInMicroseconds=60000000, maxBurstMessageCount=1.0}"
    )
    daraja.advance(11)
    assert daraja.query(checkout).status == 429
    daraja.advance(1)
    assert daraja.query(checkout).status == 200


def test_the_query_limit_can_be_daraja_s_own_error(start_daraja: StartDaraja) -> None:
    """The variant answers 500.003.02."""
    daraja = start_daraja(query_limit="500.003.02")
    daraja.query("x")
    assert daraja.query("x").error == (500, "500.003.02", "Error Occurred: Spike Arrest Violation")


def test_there_is_no_query_limit_by_default(daraja: Daraja) -> None:
    """A hundred queries in a row are answered."""
    checkout = daraja.pushed()
    assert {daraja.query(checkout).status for _ in range(100)} == {200}


def test_the_query_can_know_after_the_callback(start_daraja: StartDaraja) -> None:
    """With `callback_first` the query stays pending until a second after the callback."""
    daraja = start_daraja(callback_order="callback_first")
    checkout = daraja.pushed()
    daraja.answer()
    assert daraja.callback(checkout)["ResultCode"] == 0
    assert daraja.query(checkout).json["ResultCode"] == "4999"
    daraja.advance(1)
    assert daraja.query(checkout).json["ResultCode"] == "0"
