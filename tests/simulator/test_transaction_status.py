"""Transaction status: by receipt or by an id, about payments, payouts and reversals (daraja: transaction status)."""

import re
from typing import Any

import pytest

from pokea.daraja.transaction_status import STATUS_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import (
    answered,
    answers,
    ask,
    b2c,
    credential,
    funded,
    post,
    question_body,
    result,
    reverse,
    values,
)
from tests.simulator.running import PHONE, Daraja, seconds_between
from tests.simulator.statements import pay_till, take_payment

ORIGINATOR = "0a1b2c3d-0000-4000-8000-000000000001"
UNKNOWN = "The transaction receipt number does not exist."


def paid_out(daraja: Daraja, **changes: Any) -> tuple[Any, Any]:
    """The acknowledgement and the Result of a payout that was made."""
    funded(daraja)
    acknowledged = b2c(daraja, **changes).json
    return acknowledged, result(daraja)


def status_of(daraja: Daraja, count: int = 1, **named: Any) -> Any:
    """What the parameters of the answer say."""
    ask(daraja, **named)
    return values(answered(daraja, count=count))


def test_a_question_is_acknowledged(daraja: Daraja) -> None:
    """With ids of its own, which are not those of the transaction."""
    acknowledged, told = paid_out(daraja)
    reply = ask(daraja, TransactionID=told["TransactionID"])
    assert (reply.status, reply.json["ResponseCode"]) == (200, "0")
    assert reply.json["ResponseDescription"] == "Accept the service request successfully."
    for name in ("OriginatorConversationID", "ConversationID"):
        assert reply.json[name] not in (acknowledged[name], "")


def test_the_answer_echoes_the_id_of_the_transaction(daraja: Daraja) -> None:
    """Only its ConversationID is the question's own; the transaction's stands among the parameters."""
    acknowledged, _ = paid_out(daraja)
    question = ask(daraja, OriginalConversationID=ORIGINATOR).json
    told = answered(daraja)
    assert told["OriginatorConversationID"] == ORIGINATOR
    assert told["ConversationID"] == question["ConversationID"]
    assert values(told)["ConversationID"] == acknowledged["ConversationID"]
    assert re.fullmatch(r"[A-Z]{2}[0-9A-V]0000000", told["TransactionID"])


@pytest.mark.parametrize("how", ["receipt", "originator", "conversation", "both", "receipt and nothing"])
def test_a_payout_is_found_by_each_of_its_ids(daraja: Daraja, how: str) -> None:
    """By receipt, OriginatorConversationID or ConversationID, and by two that agree."""
    acknowledged, told = paid_out(daraja)
    receipt = told["TransactionID"]
    named = {
        "receipt": {"TransactionID": receipt},
        "originator": {"OriginalConversationID": ORIGINATOR},
        "conversation": {"OriginalConversationID": acknowledged["ConversationID"]},
        "both": {"TransactionID": receipt, "OriginalConversationID": ORIGINATOR},
        "receipt and nothing": {"TransactionID": receipt, "OriginalConversationID": ""},
    }[how]
    found = status_of(daraja, **named)
    assert (found["TransactionStatus"], found["ReceiptNo"], found["Amount"]) == ("Completed", receipt, 100)


def test_the_answer_has_the_form_of_a_captured_one(daraja: Daraja) -> None:
    """Numbers, both parties by their names, keys without a Value, and the reference's Occasion."""
    daraja.subscriber(name="JOHN DOE")
    acknowledged, paid = paid_out(daraja)
    ask(daraja, TransactionID=paid["TransactionID"], Occasion="Friday")
    told = answered(daraja)
    assert told["ReferenceData"] == {"ReferenceItem": {"Key": "Occasion", "Value": "Friday"}}
    keys = [item["Key"] for item in told["ResultParameters"]["ResultParameter"]]
    assert len(keys) == len(set(keys)) == 13
    found = values(told)
    assert seconds_between(*(_iso(found.pop(name)) for name in ("InitiatedTime", "FinalisedTime"))) in (2, 3)
    assert found == {
        "DebitPartyName": "174379 - POKEA DEMO",
        "CreditPartyName": f"{PHONE} - JOHN DOE",
        "OriginatorConversationID": ORIGINATOR,
        "DebitAccountType": "Utility Account",
        "DebitPartyCharges": None,
        "TransactionReason": None,
        "ReasonType": "Business Payment to Customer via API",
        "TransactionStatus": "Completed",
        "Amount": 100,
        "ConversationID": acknowledged["ConversationID"],
        "ReceiptNo": paid["TransactionID"],
    }


def _iso(digits: int) -> str:
    text = str(digits)
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"


def test_the_answer_has_the_form_of_the_portal_s_page(start_daraja: StartDaraja) -> None:
    """With `--wording second`: text, and both parties under one key."""
    daraja = start_daraja(wording="second")
    _, paid = paid_out(daraja)
    ask(daraja, TransactionID=paid["TransactionID"])
    told = answered(daraja)
    items = told["ResultParameters"]["ResultParameter"]
    assert [item["Key"] for item in items].count("DebitPartyName") == 2
    assert all(isinstance(item.get("Value", ""), str) for item in items)
    assert values(told)["Amount"] == "100"
    assert told["ResultCode"] == 0
    assert told["ReferenceData"] == {"ReferenceItem": {"Key": "Occasion"}}


def test_a_charge_is_seen(start_daraja: StartDaraja) -> None:
    """Under the tariff, with its name and currency; without one the key has no Value."""
    daraja = start_daraja(b2c_tariff="registered")
    _, paid = paid_out(daraja)
    assert status_of(daraja, TransactionID=paid["TransactionID"])["DebitPartyCharges"] is None
    b2c(daraja, Amount="1500", OriginatorConversationID="dearer")
    result(daraja, count=2)
    dearer = status_of(daraja, count=2, OriginalConversationID="dearer")
    assert dearer["DebitPartyCharges"] == "Fee For B2C Payment|KES|5.00"


@pytest.mark.parametrize("named", [{"TransactionID": "UE4JS31RBV"}, {"OriginalConversationID": "never-sent"}])
def test_what_does_not_exist(daraja: Daraja, named: dict[str, str]) -> None:
    """2032 as a number, without parameters, and with the question's own ids."""
    question = ask(daraja, **named).json
    told = answered(daraja)
    assert (told["ResultType"], told["ResultCode"], told["ResultDesc"]) == (0, 2032, UNKNOWN)
    assert "ResultParameters" not in told
    assert told["OriginatorConversationID"] == question["OriginatorConversationID"]


def test_a_question_about_nothing(daraja: Daraja) -> None:
    """Neither id: acknowledged, and 25 (daraja: additions)."""
    assert ask(daraja, TransactionID="", OriginalConversationID=None).status == 200
    assert answered(daraja)["ResultCode"] == 25


def test_a_question_of_another_organisation(daraja: Daraja) -> None:
    """A shortcode that is not here ends with SFC_IC0003, as text."""
    _, paid = paid_out(daraja)
    ask(daraja, TransactionID=paid["TransactionID"], PartyA="600000")
    assert answered(daraja)["ResultCode"] == "SFC_IC0003"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"Initiator": None, "InitiatorName": "testapi"}, "Initiator"),
        ({"SecurityCredential": None}, "SecurityCredential"),
        ({"CommandID": "AccountBalance"}, "CommandID"),
        ({"CommandID": None, "Command ID": "TransactionStatusQuery"}, "CommandID"),
        ({"TransactionID": "has a blank"}, "TransactionID"),
        ({"PartyA": "shop"}, "PartyA"),
        ({"IdentifierType": "11"}, "IdentifierType"),
        ({"ResultURL": None}, "ResultURL"),
        ({"QueueTimeOutURL": ""}, "QueueTimeOutURL"),
        ({"Remarks": "x" * 101}, "Remarks"),
    ],
)
def test_a_wrong_field_is_named(daraja: Daraja, changes: dict[str, Any], named: str) -> None:
    """With this API's own code, 400.003.02."""
    body = question_body(daraja, TransactionID="UE4JS31RBV") | changes
    reply = post(daraja, STATUS_PATH, {name: value for name, value in body.items() if value is not None})
    assert reply.error == (400, "400.003.02", f"Bad Request - Invalid {named}")


@pytest.mark.parametrize(
    "changes",
    [
        {"PartyA": 174379, "IdentifierType": 4},
        {"Remarks": None, "Occasion": None},
        {"Remarks": "", "Occasion": "", "Occassion": "both"},
    ],
)
def test_the_forms_of_published_clients_are_taken(daraja: Daraja, changes: dict[str, Any]) -> None:
    """Numbers or text; an optional field absent, empty or null."""
    body = question_body(daraja, TransactionID="UE4JS31RBV") | changes
    assert post(daraja, STATUS_PATH, body).status == 200


def test_a_token_that_opens_nothing(daraja: Daraja) -> None:
    """400.003.01 (daraja: Token behaviour)."""
    refused = post(daraja, STATUS_PATH, question_body(daraja), token="opens-nothing")
    assert refused.error == (400, "400.003.01", "Invalid Access Token")


def test_a_wrong_initiator_learns_nothing(daraja: Daraja) -> None:
    """2001, with the question's own ids."""
    _, paid = paid_out(daraja)
    question = ask(daraja, TransactionID=paid["TransactionID"], SecurityCredential=credential(daraja, "wrong")).json
    told = answered(daraja)
    assert (told["ResultCode"], told["OriginatorConversationID"]) == (2001, question["OriginatorConversationID"])


def test_a_payout_on_its_way_is_initiated(daraja: Daraja) -> None:
    """Until the money moves there is neither receipt nor end."""
    funded(daraja)
    b2c(daraja)
    found = status_of(daraja, OriginalConversationID=ORIGINATOR)
    assert found["TransactionStatus"] == "Initiated"
    assert not {"ReceiptNo", "FinalisedTime"} & set(found)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("no_funds", "Declined"),
        ("timeout_notice", "Expired"),
        ("duplicate_late", "Completed"),
        ("result_lost", "Completed"),
    ],
)
def test_the_status_is_the_truth(daraja: Daraja, fault: str, status: str) -> None:
    """Whatever the Result said, and whether one came."""
    funded(daraja)
    daraja.fault(fault, count=1)
    b2c(daraja)
    daraja.advance(10)
    found = status_of(daraja, OriginalConversationID=ORIGINATOR)
    assert found["TransactionStatus"] == status
    assert len(daraja.journal["payouts"]) == (status == "Completed")


@pytest.mark.parametrize("fault", ["initiator_locked", "initiator_silent"])
def test_what_the_initiator_stopped_is_no_transaction(daraja: Daraja, fault: str) -> None:
    """M-PESA made none of it: 2032."""
    funded(daraja)
    daraja.fault(fault, count=1)
    b2c(daraja)
    daraja.advance(10)
    ask(daraja, OriginalConversationID=ORIGINATOR)
    assert answered(daraja)["ResultCode"] == 2032


def test_a_declined_payout_is_found_by_its_transaction(daraja: Daraja) -> None:
    """The TransactionID of a Result that declines is real."""
    funded(daraja, utility=0)
    b2c(daraja)
    declined = result(daraja)["TransactionID"]
    found = status_of(daraja, TransactionID=declined)
    assert (found["TransactionStatus"], found["ReceiptNo"]) == ("Declined", declined)


def test_a_payment_by_push_is_known_by_its_receipt(daraja: Daraja) -> None:
    """The customer is the debit party, and the ids are those of the push."""
    receipt = take_payment(daraja, 100)
    found = status_of(daraja, TransactionID=receipt)
    assert found["DebitPartyName"].startswith(f"{PHONE} - ")
    assert (found["CreditPartyName"], found["ReceiptNo"]) == ("174379 - POKEA DEMO", receipt)
    assert (found["TransactionStatus"], found["ReasonType"]) == ("Completed", "Pay Utility")
    again = status_of(daraja, count=2, TransactionID=receipt)
    assert again["ConversationID"] == found["ConversationID"]
    till = status_of(daraja, count=3, TransactionID=pay_till(daraja, 50))
    assert (till["CreditPartyName"], till["ReasonType"]) == ("174380 - POKEA DEMO", "Pay Merchant")


@pytest.mark.parametrize(("switch", "status"), [("completed", "Completed"), ("reversed", "Reversed")])
def test_a_payment_that_was_reversed(start_daraja: StartDaraja, switch: str, status: str) -> None:
    """Its status is what `--reversed-status` says; the reversal is a transaction of its own, known by each id."""
    daraja = start_daraja(reversed_status=switch)
    receipt = take_payment(daraja, 100)
    acknowledged = reverse(daraja, receipt).json
    reversal = result(daraja)["TransactionID"]
    assert status_of(daraja, TransactionID=receipt)["TransactionStatus"] == status
    for count, named in (
        (2, {"TransactionID": reversal}),
        (3, {"OriginalConversationID": acknowledged["ConversationID"]}),
        (4, {"OriginalConversationID": acknowledged["OriginatorConversationID"]}),
    ):
        found = status_of(daraja, count=count, **named)
        assert (found["TransactionStatus"], found["ReceiptNo"]) == ("Completed", reversal)
        assert found["CreditPartyName"].startswith(PHONE)


def test_a_reversal_by_an_operator_is_known_by_its_receipt(daraja: Daraja) -> None:
    """Of one that no request asked for there is the receipt alone."""
    receipt = take_payment(daraja, 100)
    made = daraja.call("POST", "/sim/api/reversals", {"receipt": receipt}).json["receipt"]
    found = status_of(daraja, TransactionID=made)
    assert (found["TransactionStatus"], found["Amount"]) == ("Completed", 100)
    assert found["CreditPartyName"].startswith(PHONE)


def test_a_question_is_no_transaction(daraja: Daraja) -> None:
    """Asked about by its ConversationID it does not exist."""
    question = ask(daraja, TransactionID="UE4JS31RBV").json
    answered(daraja)
    ask(daraja, OriginalConversationID=question["ConversationID"])
    assert answered(daraja, count=2)["ResultCode"] == 2032


def test_unknown_for_a_while(daraja: Daraja) -> None:
    """`status_unknown`: 2032 until `seconds` after the money moved, and then the truth; another phone is known."""
    daraja.fault("status_unknown", seconds=100, msisdn=PHONE)
    _, paid = paid_out(daraja)
    ask(daraja, TransactionID=paid["TransactionID"])
    assert answered(daraja)["ResultCode"] == 2032
    ask(daraja, TransactionID=take_payment(daraja, 10, "254722000009"))
    assert answered(daraja, count=2)["ResultCode"] == 0
    daraja.advance(100)
    ask(daraja, TransactionID=paid["TransactionID"])
    assert answered(daraja, count=3)["ResultCode"] == 0


def test_an_answer_that_never_comes(daraja: Daraja) -> None:
    """`status_lost`: acknowledged, and silence; once."""
    _, paid = paid_out(daraja)
    daraja.fault("status_lost", count=1)
    assert ask(daraja, TransactionID=paid["TransactionID"]).status == 200
    daraja.advance(600)
    assert answers(daraja) == []
    ask(daraja, TransactionID=paid["TransactionID"])
    assert answered(daraja)["ResultCode"] == 0


def test_a_slow_answer(daraja: Daraja) -> None:
    """`status_slow`: the answer is the truth of the question's time, `seconds` later."""
    _, paid = paid_out(daraja)
    daraja.fault("status_slow", seconds=30)
    ask(daraja, TransactionID=paid["TransactionID"])
    daraja.advance(20)
    assert answers(daraja) == []
    assert answered(daraja, seconds=11)["ResultCode"] == 0


def test_the_faults_of_results_spare_questions(daraja: Daraja) -> None:
    """`result_lost` is of money alone, and a lost status of the status alone."""
    _, paid = paid_out(daraja)
    daraja.fault("result_lost")
    daraja.fault("timeout_notice")
    ask(daraja, TransactionID=paid["TransactionID"])
    assert answered(daraja)["ResultCode"] == 0
