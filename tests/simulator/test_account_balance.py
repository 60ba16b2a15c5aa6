"""Account balance: every account of the shortcode, as it is (daraja: account balance)."""

import re
from typing import Any

import pytest

from pokea.daraja.account_balance import BALANCE_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import answered, answers, ask_balance, b2c, funded, post, question_body, result, values
from tests.simulator.running import Daraja

HELD = {"utility": 228_037, "working": 700_000.5, "merchant": 12, "settlement": 3, "charges": -1_540}


def test_a_question_is_acknowledged(daraja: Daraja) -> None:
    """Without the full stop that the other three have, as on the portal's page."""
    reply = ask_balance(daraja)
    assert reply.status == 200
    assert (reply.json["ResponseCode"], reply.json["ResponseDescription"]) == (
        "0",
        "Accept the service request successfully",
    )
    told = answered(daraja)
    for name in ("OriginatorConversationID", "ConversationID"):
        assert told[name] == reply.json[name] != ""


def test_the_answer_names_every_account(daraja: Daraja) -> None:
    """With its four amounts, in the portal's order; charges stand below zero."""
    funded(daraja, **HELD)
    ask_balance(daraja)
    told = answered(daraja)
    assert (told["ResultType"], told["ResultCode"]) == (0, 0)
    assert re.fullmatch(r"[A-Z]{2}[0-9A-V]0000000", told["TransactionID"])
    found = values(told)
    assert found["ActionType"] == "AccountBalance"
    assert re.fullmatch(r"\d{14}", str(found["BOCompletedTime"]))
    assert found["AccountBalance"] == (
        "Working Account|KES|700000.50|700000.50|0.00|0.00&Float Account|KES|0.00|0.00|0.00|0.00&"
        "Utility Account|KES|228037.00|228037.00|0.00|0.00&Charges Paid Account|KES|-1540.00|-1540.00|0.00|0.00&"
        "Organization Settlement Account|KES|3.00|3.00|0.00|0.00"
    )


def test_a_till_has_a_merchant_account(daraja: Daraja) -> None:
    """In place of the utility account."""
    funded(daraja, **HELD)
    ask_balance(daraja, PartyA=daraja.options.till)
    found = values(answered(daraja))["AccountBalance"]
    assert "Merchant Account|KES|12.00|12.00|0.00|0.00" in found
    assert "Utility" not in found


def test_the_answer_has_the_form_of_the_portal_s_page(start_daraja: StartDaraja) -> None:
    """With `--wording second`: codes and time as text, and no ActionType."""
    daraja = start_daraja(wording="second")
    ask_balance(daraja)
    told = answered(daraja)
    assert (told["ResultType"], told["ResultCode"]) == ("0", "0")
    found = values(told)
    assert "ActionType" not in found
    assert isinstance(found["BOCompletedTime"], str)


def test_the_balance_follows_a_payout(daraja: Daraja) -> None:
    """At once."""
    funded(daraja)
    b2c(daraja)
    result(daraja)
    ask_balance(daraja)
    assert "Utility Account|KES|9900.00|" in values(answered(daraja))["AccountBalance"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Initiator": None, "InitiatorName": "testapi"}, "Initiator"),
        ({"SecurityCredential": None}, "SecurityCredential"),
        ({"CommandID": "TransactionStatusQuery"}, "CommandID"),
        ({"PartyA": "shop"}, "PartyA"),
        ({"IdentifierType": "9"}, "IdentifierType"),
        ({"ResultURL": None}, "ResultURL"),
        ({"QueueTimeOutURL": None}, "QueueTimeOutURL"),
    ],
)
def test_a_wrong_field_is_named(daraja: Daraja, changes: dict[str, Any], named: str) -> None:
    """400.002.02; InitiatorName, which is B2C's, is no Initiator."""
    body = question_body(daraja, CommandID="AccountBalance") | changes
    reply = post(daraja, BALANCE_PATH, {name: value for name, value in body.items() if value is not None})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {named}")


@pytest.mark.parametrize("changes", [{"PartyA": 174379, "IdentifierType": 4}, {"Remarks": None}, {"Remarks": ""}])
def test_the_forms_of_published_clients_are_taken(daraja: Daraja, changes: dict[str, Any]) -> None:
    """Numbers or text; an optional field absent, empty or null."""
    body = question_body(daraja, CommandID="AccountBalance") | changes
    assert post(daraja, BALANCE_PATH, body).status == 200
    assert answered(daraja)["ResultCode"] == 0


def test_a_token_that_opens_nothing_is_echoed(daraja: Daraja) -> None:
    """401.002.01 (daraja: Token behaviour)."""
    refused = post(daraja, BALANCE_PATH, question_body(daraja), token="opens-nothing")
    assert refused.error == (401, "401.002.01", "Error Occurred - Invalid Access Token - opens-nothing")


def test_another_organisation_s_balance(daraja: Daraja) -> None:
    """SFC_IC0003."""
    ask_balance(daraja, PartyA="600000")
    assert answered(daraja)["ResultCode"] == "SFC_IC0003"


def test_a_locked_initiator_is_told_why(daraja: Daraja) -> None:
    """8006 with parameters, which no other failure has (daraja: additions)."""
    daraja.fault("initiator_locked", path="balance", count=1)
    ask_balance(daraja)
    told = answered(daraja)
    found = values(told)
    assert told["ResultCode"] == 8006
    assert (found["ActionType"], found["ErrorMsg"]) == ("AccountBalance", "API Password is locked. ")
    assert "BOCompletedTime" in found


def test_a_silent_initiator_gets_no_balance(daraja: Daraja) -> None:
    """The question is acknowledged, and that is all."""
    daraja.fault("initiator_silent", count=1)
    assert ask_balance(daraja).status == 200
    daraja.advance(600)
    assert answers(daraja) == []
    assert daraja.journal["results"] == []


def test_a_fault_of_one_phone_spares_a_balance(daraja: Daraja) -> None:
    """No customer is concerned."""
    daraja.fault("initiator_locked", msisdn="254722000001")
    ask_balance(daraja)
    assert answered(daraja)["ResultCode"] == 0
