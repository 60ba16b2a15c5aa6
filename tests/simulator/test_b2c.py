"""B2C: the acknowledgement, the payment, the Result, and what declines it (daraja: B2C request; daraja: B2C result)."""

import re
import time
from typing import Any

import pytest

from pokea.daraja.b2c import B2C_PATH, B2C_V1_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import (
    PASSWORD,
    b2c,
    b2c_body,
    credential,
    funded,
    post,
    result,
    results,
    values,
)
from tests.simulator.running import PHONE, Daraja, seconds_between

ORIGINATOR = "0a1b2c3d-0000-4000-8000-000000000001"


def test_a_payout_is_acknowledged(daraja: Daraja) -> None:
    """Both ids are text, and the one that the caller made is echoed; no money has moved by then."""
    funded(daraja)
    reply = b2c(daraja)
    assert reply.status == 200
    conversation = reply.json["ConversationID"]
    assert reply.json == {
        "OriginatorConversationID": ORIGINATOR,
        "ConversationID": conversation,
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }
    assert re.fullmatch(r"AG_\d{8}_[0-9a-f]{20}", conversation)
    assert daraja.journal["payouts"] == []


def test_the_phone_has_the_money(daraja: Daraja) -> None:
    """Once, with M-PESA's message, from the utility account; the journal has the payout with both ids."""
    funded(daraja)
    daraja.subscriber(balance=50)
    conversation = b2c(daraja).json["ConversationID"]
    receipt = result(daraja)["TransactionID"]
    (payout,) = daraja.journal["payouts"]
    assert payout == {
        "originatorConversationId": ORIGINATOR,
        "conversationId": conversation,
        "msisdn": PHONE,
        "amount": 100,
        "receipt": receipt,
        "at": payout["at"],
    }
    phone = daraja.phone()
    assert phone["balance"] == 150
    assert re.fullmatch(
        rf"{receipt} Confirmed\. You have received Ksh100\.00 from POKEA DEMO on \S+ at \S+ [AP]M\. "
        r"New M-PESA balance is Ksh150\.00\. Buy goods with M-PESA\.",
        phone["messages"][-1]["text"],
    )
    assert daraja.journal["accounts"]["utility"] == 9_900


def test_the_result_has_the_form_of_the_reference(daraja: Daraja) -> None:
    """The acknowledgement's ids, codes as numbers, the receipt, the recipient's name, and what is left."""
    funded(daraja)
    daraja.subscriber(name="JOHN DOE", balance=50)
    conversation = b2c(daraja).json["ConversationID"]
    told = result(daraja)
    receipt = daraja.journal["payouts"][0]["receipt"]
    found = values(told)
    del told["ResultParameters"]
    assert told == {
        "ResultType": 0,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": ORIGINATOR,
        "ConversationID": conversation,
        "TransactionID": receipt,
        "ReferenceData": {
            "ReferenceItem": {
                "Key": "QueueTimeoutURL",
                "Value": "https://internalsandbox.safaricom.co.ke/mpesa/b2cresults/v1/submit",
            }
        },
    }
    assert re.fullmatch(r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", found.pop("TransactionCompletedDateTime"))
    assert found == {
        "TransactionAmount": 100,
        "TransactionReceipt": receipt,
        "ReceiverPartyPublicName": f"{PHONE} - JOHN DOE",
        "B2CUtilityAccountAvailableFunds": 9900.0,
        "B2CWorkingAccountAvailableFunds": 0.0,
        "B2CRecipientIsRegisteredCustomer": "Y",
        "B2CChargesPaidAccountAvailableFunds": 0.0,
    }


def test_a_result_comes_once_and_is_not_sent_again(start_daraja: StartDaraja) -> None:
    """A merchant that answers with an error gets it no second time, whatever is done with callbacks."""
    daraja = funded(start_daraja(callback_retries=2, callback_retry_seconds=1))
    daraja.receiver.status = 500
    b2c(daraja)
    result(daraja)
    daraja.advance(600)
    assert [entry["status"] for entry in daraja.journal["results"]] == [500]
    assert len(results(daraja)) == 1


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"InitiatorName": None, "Initiator": "testapi"}, "InitiatorName"),
        ({"SecurityCredential": ""}, "SecurityCredential"),
        ({"CommandID": "PayCustomer"}, "CommandID"),
        ({"Amount": "0"}, "Amount"),
        ({"Amount": "-10"}, "Amount"),
        ({"Amount": "10.50"}, "Amount"),
        ({"Amount": "ten"}, "Amount"),
        ({"Amount": True}, "Amount"),
        ({"PartyA": "123"}, "PartyA"),
        ({"PartyB": "0722000001"}, "PartyB"),
        ({"PartyB": "255722000001"}, "PartyB"),
        ({"Remarks": "x"}, "Remarks"),
        ({"Remarks": "x" * 101}, "Remarks"),
        ({"Remarks": None}, "Remarks"),
        ({"QueueTimeOutURL": None}, "QueueTimeOutURL"),
        ({"ResultURL": "shop.example/cb"}, "ResultURL"),
        ({"ResultURL": "http://localhost/cb"}, "ResultURL"),
        ({"Occassion": "x" * 101}, "Occassion"),
        ({"OriginatorConversationID": "with a blank"}, "OriginatorConversationID"),
        ({"OriginatorConversationID": "x" * 101}, "OriginatorConversationID"),
    ],
)
def test_a_wrong_field_is_named(daraja: Daraja, changes: dict[str, Any], named: str) -> None:
    """400.002.02 names the first field that is wrong, and nothing happens."""
    body = b2c_body(daraja) | changes
    reply = post(daraja, B2C_PATH, {name: value for name, value in body.items() if value is not None})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {named}")
    daraja.advance(10)
    assert (daraja.journal["payouts"], daraja.journal["results"]) == ([], [])


def test_what_is_no_json_is_refused(daraja: Daraja) -> None:
    """A form meets the refusal of the first field, half a body that of the payload."""
    form = post(daraja, B2C_PATH, b"Amount=10", **{"Content-Type": "application/x-www-form-urlencoded"})
    assert form.error == (400, "400.002.02", "Bad Request - Invalid InitiatorName")
    assert post(daraja, B2C_PATH, b"{").error == (400, "400.002.05", "Invalid Request Payload")
    assert post(daraja, B2C_PATH, [1]).error == (400, "400.002.05", "Invalid Request Payload")


@pytest.mark.parametrize(
    "changes",
    [
        {"Amount": 100, "PartyA": 174379, "PartyB": 254722000001},
        {"Amount": 100.0},
        {"Amount": "100.00"},
        {"Occassion": None, "Occasion": "Holiday"},
        {"Occassion": None},
        {"Remarks": "OK", "IDType": "01", "IDNumber": 12345678, "More": {"of": ["it"]}},
        {"CommandID": "SalaryPayment"},
        {"CommandID": "PromotionPayment"},
    ],
)
def test_the_forms_of_published_clients_are_taken(daraja: Daraja, changes: dict[str, Any]) -> None:
    """Numbers or text, whole amounts however they are written, both spellings of Occasion, fields of no meaning."""
    funded(daraja)
    assert b2c(daraja, **changes).status == 200
    assert result(daraja)["ResultCode"] == 0
    assert [payout["amount"] for payout in daraja.journal["payouts"]] == [100]


def test_null_and_empty_are_as_good_as_absent(daraja: Daraja) -> None:
    """Of an optional field; the host that is named and a key for idempotency change nothing."""
    funded(daraja)
    body = b2c_body(daraja) | {"Occassion": None, "OriginatorConversationID": ""}
    for _ in range(2):
        reply = post(daraja, B2C_PATH, body, **{"Host": "sandbox.safaricom.co.ke", "Idempotency-Key": "one"})
        assert reply.status == 200
    assert result(daraja, count=2)["ResultCode"] == 0
    assert len(daraja.journal["payouts"]) == 2


def test_only_strings_are_taken_where_the_switch_says_so(start_daraja: StartDaraja) -> None:
    """With `--request-types strict` a number is as wrong as none."""
    daraja = start_daraja(request_types="strict")
    assert b2c(daraja, Amount=100).error == (400, "400.002.02", "Bad Request - Invalid Amount")
    assert b2c(daraja).status == 200


def test_a_duplicate_is_refused(daraja: Daraja) -> None:
    """The same OriginatorConversationID again, whatever the amount: HTTP 500 with its words, and no second payment."""
    funded(daraja)
    b2c(daraja)
    for amount in ("100", "200"):
        again = b2c(daraja, Amount=amount)
        assert again.error == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    result(daraja)
    assert b2c(daraja).error == (500, "500.002.1001", "Duplicate OriginatorConversationID.")
    assert len(daraja.journal["payouts"]) == 1


def test_a_refused_request_leaves_its_id_free(daraja: Daraja) -> None:
    """What was refused for a field may be sent again with the same id."""
    funded(daraja)
    assert b2c(daraja, Amount="ten").status == 400
    assert b2c(daraja).status == 200


def test_without_the_switch_there_is_no_first_version(daraja: Daraja) -> None:
    """Its path is any other."""
    assert b2c(daraja, path=B2C_V1_PATH).error == (404, "404.001.01", "Resource not found")


def test_the_first_version_makes_its_own_id(start_daraja: StartDaraja) -> None:
    """It ignores the caller's, and both versions are one book; its request may be repeated, and pays twice."""
    daraja = funded(start_daraja(b2c_v1=True))
    made = [b2c(daraja, path=B2C_V1_PATH).json["OriginatorConversationID"] for _ in range(2)]
    assert len({*made, ORIGINATOR}) == 3
    assert b2c(daraja).json["OriginatorConversationID"] == ORIGINATOR
    told = result(daraja, count=3)
    assert told["ResultCode"] == 0
    assert [payout["originatorConversationId"] for payout in daraja.journal["payouts"]] == [*made, ORIGINATOR]
    assert b2c(daraja, OriginatorConversationID=made[0]).status == 500


def test_an_id_is_made_or_missed(start_daraja: StartDaraja) -> None:
    """A request without one is given one, or refused with `--b2c-missing-originator refuse`."""
    made = b2c(start_daraja(), OriginatorConversationID=None).json["OriginatorConversationID"]
    assert re.fullmatch(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d+", made)
    strict = start_daraja(b2c_missing_originator="refuse")
    missed = (400, "400.002.02", "Bad Request - Invalid OriginatorConversationID")
    assert b2c(strict, OriginatorConversationID=None).error == missed


@pytest.mark.parametrize(
    "changes", [{"InitiatorName": "somebody"}, {"SecurityCredential": "cGxhaW4="}, {"SecurityCredential": "%&"}]
)
def test_a_wrong_initiator_is_accepted_and_then_refused(daraja: Daraja, changes: dict[str, str]) -> None:
    """The request is acknowledged; a Result with the number 2001 follows, with a placeholder for a receipt."""
    funded(daraja)
    assert b2c(daraja, **changes).status == 200
    told = result(daraja)
    assert (told["ResultCode"], told["ResultDesc"]) == (2001, "The initiator information is invalid.")
    assert re.fullmatch(r"[A-Z]{2}[0-9A-V]0000000", told["TransactionID"])
    assert "ResultParameters" not in told
    assert daraja.journal["payouts"] == []


@pytest.mark.parametrize(
    ("hidden", "strictly", "leniently"),
    [
        (PASSWORD, 0, 0),
        ("U2FmYXJpY29tOTk5ISoh", 2001, 0),
        (f"{PASSWORD}20261124120000", 2001, 0),
        ("Safaricom999", 2001, 2001),
    ],
)
def test_a_credential_is_really_opened(start_daraja: StartDaraja, hidden: str, strictly: int, leniently: int) -> None:
    """It hides the password; with `--credential lenient` also its base64 form, or the password and a timestamp."""
    for how, code in (("strict", strictly), ("lenient", leniently)):
        daraja = funded(start_daraja(credential=how))
        before = len(results(daraja))
        b2c(daraja, SecurityCredential=credential(daraja, hidden), OriginatorConversationID=how)
        assert result(daraja, count=before + 1)["ResultCode"] == code


def test_another_initiator_can_be_set(start_daraja: StartDaraja) -> None:
    """By name and password."""
    daraja = funded(start_daraja(initiator="shopapi", initiator_password="Karibu#26"))
    b2c(daraja, InitiatorName="shopapi", SecurityCredential=credential(daraja, "Karibu#26"))
    assert result(daraja)["ResultCode"] == 0


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"Amount": "10001"}, 1, "The balance is insufficient for the transaction."),
        ({"Amount": "9"}, 2, "Declined due to limit rule: less than the minimum transaction amount."),
        ({"Amount": "250001"}, 3, "Declined due to limit rule: greater than the maximum transaction amount."),
        ({"PartyA": "174380"}, 2028, "The request is not permitted according to product assignment."),
    ],
)
def test_what_mpesa_declines(daraja: Daraja, changes: dict[str, str], code: int, words: str) -> None:
    """It is acknowledged and declined by a Result; neither the accounts nor the phone change."""
    funded(daraja)
    before = daraja.subscriber()["balance"]
    assert b2c(daraja, **changes).status == 200
    told = result(daraja)
    assert (told["ResultCode"], told["ResultDesc"]) == (code, words)
    assert re.fullmatch(r"[A-Z0-9]{10}", told["TransactionID"])
    assert "ResultParameters" not in told
    assert (daraja.phone()["balance"], daraja.journal["accounts"]["utility"]) == (before, 10_000)
    assert daraja.journal["payouts"] == []


def test_a_full_wallet_takes_no_more(daraja: Daraja) -> None:
    """500,000 shillings are the most that a customer may hold, but for the number that everybody tries."""
    funded(daraja)
    daraja.subscriber(balance=499_901)
    b2c(daraja)
    assert result(daraja)["ResultCode"] == 8
    b2c(daraja, PartyB="254708374149", OriginatorConversationID="another")
    assert result(daraja, count=2)["ResultCode"] == 0


def test_money_in_the_working_account_does_not_help(daraja: Daraja) -> None:
    """B2C takes from the utility account alone."""
    funded(daraja, utility=0, working=10_000)
    b2c(daraja)
    assert result(daraja)["ResultCode"] == 1
    assert daraja.journal["accounts"]["working"] == 10_000


def test_a_token_that_opens_nothing_is_echoed(daraja: Daraja) -> None:
    """401.002.01 prints it (daraja: Token behaviour); without one, the header is at fault."""
    refused = post(daraja, B2C_PATH, b2c_body(daraja), token="opens-nothing")
    assert refused.error == (401, "401.002.01", "Error Occurred - Invalid Access Token - opens-nothing")
    bare = daraja.call("POST", B2C_PATH, b2c_body(daraja))
    assert bare.error == (404, "404.001.04", "Invalid Authentication Header")
    wrong_way = daraja.call("GET", B2C_PATH, headers={"Authorization": f"Bearer {daraja.token}"})
    assert wrong_way.error == (405, "405.001", "GET Method Not Allowed")


def test_the_certificate_is_pem(daraja: Daraja) -> None:
    """And no key is given out with it."""
    reply = daraja.call("GET", "/sim/api/certificate")
    assert reply.status == 200
    assert reply.body.startswith(b"-----BEGIN CERTIFICATE-----\n")
    assert b"PRIVATE" not in reply.body


def test_the_acknowledgement_can_take_its_time(start_daraja: StartDaraja) -> None:
    """`--acknowledgement-seconds`, on the simulator's clock; the Result comes after that and after `--out-seconds`."""
    daraja = funded(start_daraja(acknowledgement_seconds=0.2, out_seconds=0.1))
    began = time.monotonic()
    assert b2c(daraja).status == 200
    assert time.monotonic() - began >= 0.2
    assert result(daraja, seconds=0)["ResultCode"] == 0
    (payout,), (request,) = daraja.journal["payouts"], daraja.requests(B2C_PATH)
    assert seconds_between(request["at"], payout["at"]) >= 0.3


def test_what_is_kept_is_bounded(start_daraja: StartDaraja) -> None:
    """With `--most-records` the oldest request that has ended is forgotten, and its id is free again."""
    daraja = funded(start_daraja(most_records=3))
    for number in range(4):
        b2c(daraja, OriginatorConversationID=f"id-{number}")
        result(daraja, count=number + 1)
    assert len(daraja.journal["payouts"]) == 3
    assert b2c(daraja, OriginatorConversationID="id-3").status == 500
    assert b2c(daraja, OriginatorConversationID="id-0").status == 200
