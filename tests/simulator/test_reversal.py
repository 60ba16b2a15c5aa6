"""Reversal: a payment goes back to the phone that made it, or is declined (daraja: reversal)."""

import re
from typing import Any

import pytest

from pokea.daraja.reversal import REVERSAL_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.money_out import (
    came_to,
    credential,
    funded,
    post,
    result,
    result_of,
    results,
    reversal_body,
    reverse,
    values,
)
from tests.simulator.running import PHONE, Daraja
from tests.simulator.statements import chains, pay_till, statement, take_payment

DONE = "The service request is processed successfully."


def test_a_reversal_is_acknowledged(daraja: Daraja) -> None:
    """Daraja makes both ids, whatever the caller sends; nothing has moved by then."""
    receipt = take_payment(daraja, 100)
    reply = reverse(daraja, receipt, OriginatorConversationID="mine")
    made = reply.json["OriginatorConversationID"]
    assert reply.json == {
        "OriginatorConversationID": made,
        "ConversationID": reply.json["ConversationID"],
        "ResponseCode": "0",
        "ResponseDescription": "Accept the service request successfully.",
    }
    assert re.fullmatch(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d+", made)
    assert daraja.journal["reversals"] == []


def test_the_customer_has_the_money_again(daraja: Daraja) -> None:
    """With M-PESA's message; the organisation no longer has it, and the journal has the reversal's own receipt."""
    receipt = take_payment(daraja, 100)
    before = daraja.phone()["balance"]
    reverse(daraja, receipt)
    told = result(daraja)
    (reversal,) = daraja.journal["reversals"]
    assert reversal == {
        "originalReceipt": receipt,
        "receipt": told["TransactionID"],
        "amount": 100,
        "at": reversal["at"],
    }
    phone = daraja.phone()
    assert (phone["balance"], daraja.journal["accounts"]["utility"]) == (before + 100, 0)
    text = phone["messages"][-1]["text"]
    assert text.startswith(
        f"{told['TransactionID']} confirmed. Reversal of transaction {receipt} has been successfully reversed  on "
    )


def test_the_result_has_the_form_of_the_reference(daraja: Daraja) -> None:
    """The acknowledgement's ids, numbers with two decimals, the payment that was undone, and both parties' names."""
    funded(daraja, utility=7_000.5)
    receipt = take_payment(daraja, 100)
    daraja.subscriber(name="JOHN DOE")
    reply = reverse(daraja, receipt).json
    told = result(daraja)
    found = values(told)
    del told["ResultParameters"]
    assert told == {
        "ResultType": 0,
        "ResultCode": 0,
        "ResultDesc": DONE,
        "OriginatorConversationID": reply["OriginatorConversationID"],
        "ConversationID": reply["ConversationID"],
        "TransactionID": daraja.journal["reversals"][0]["receipt"],
        "ReferenceData": {
            "ReferenceItem": {
                "Key": "QueueTimeoutURL",
                "Value": "https://internalsandbox.safaricom.co.ke/mpesa/reversalresults/v1/submit",
            }
        },
    }
    assert re.fullmatch(r"\d{14}", str(found.pop("TransCompletedTime")))
    assert found == {
        "DebitAccountBalance": "Utility Account|KES|7000.50|7000.50|0.00|0.00",
        "Amount": 100.0,
        "OriginalTransactionID": receipt,
        "Charge": 0.0,
        "CreditPartyPublicName": f"{PHONE} - JOHN DOE",
        "DebitPartyPublicName": "174379 - POKEA DEMO",
    }
    assert b'"Amount","Value":100.00}' in daraja.receiver.received[-1].body


def test_a_payment_to_a_till_goes_back_too(daraja: Daraja) -> None:
    """From the merchant account, asked for by the till or by its head office; by another shortcode it is no payment."""
    for party in (daraja.options.till, daraja.options.shortcode):
        told = result_of(daraja, reverse(daraja, pay_till(daraja, 100), ReceiverParty=party))
        assert values(told)["DebitAccountBalance"] == "Merchant Account|KES|0.00|0.00|0.00|0.00"
    reverse(daraja, take_payment(daraja, 100), ReceiverParty=daraja.options.till)
    assert result(daraja, count=3)["ResultCode"] == "R000002"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"RecieverIdentifierType": "4"}, "RecieverIdentifierType"),
        ({"RecieverIdentifierType": None}, "RecieverIdentifierType"),
        ({"RecieverIdentifierType": None, "ReceiverIdentifierType": "11"}, "RecieverIdentifierType"),
        ({"Initiator": None, "InitiatorName": "testapi"}, "Initiator"),
        ({"SecurityCredential": ""}, "SecurityCredential"),
        ({"CommandID": "Reversal"}, "CommandID"),
        ({"TransactionID": None}, "TransactionID"),
        ({"TransactionID": "has a blank"}, "TransactionID"),
        ({"Amount": "0"}, "Amount"),
        ({"Amount": None}, "Amount"),
        ({"ReceiverParty": "shop"}, "ReceiverParty"),
        ({"ReceiverParty": None, "RecieverParty": "174379"}, "ReceiverParty"),
        ({"Remarks": ""}, "Remarks"),
        ({"QueueTimeOutURL": "ftp://shop.example"}, "QueueTimeOutURL"),
        ({"ResultURL": None}, "ResultURL"),
    ],
)
def test_a_wrong_field_is_named(daraja: Daraja, changes: dict[str, Any], named: str) -> None:
    """400.002.02 names the first field that is wrong or spelt otherwise, and nothing happens."""
    body = reversal_body(daraja, "UE4JS31RBV") | changes
    reply = post(daraja, REVERSAL_PATH, {name: value for name, value in body.items() if value is not None})
    assert reply.error == (400, "400.002.02", f"Bad Request - Invalid {named}")
    daraja.advance(10)
    assert daraja.journal["results"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Amount": 100, "ReceiverParty": 174379, "RecieverIdentifierType": 11},
        {"Amount": 100.0},
        {"Amount": "100.00"},
        {"Occasion": ""},
        {"Occasion": None, "Occassion": "Not home"},
        {"Extra": [1]},
    ],
)
def test_the_forms_of_published_clients_are_taken(daraja: Daraja, changes: dict[str, Any]) -> None:
    """Numbers or text, an optional field absent, empty or null, fields of no meaning."""
    body = reversal_body(daraja, take_payment(daraja, 100)) | changes
    assert post(daraja, REVERSAL_PATH, body).status == 200
    assert result(daraja)["ResultCode"] == 0


def test_a_payment_is_reversed_once(daraja: Daraja) -> None:
    """A second time the Result is R000001, whether the first was asked for or made by an operator."""
    first, second = take_payment(daraja, 100), take_payment(daraja, 100)
    reverse(daraja, first)
    told = result_of(daraja, reverse(daraja, first))
    assert (told["ResultCode"], told["ResultDesc"]) == ("R000001", "The transaction has already been reversed.")
    daraja.call("POST", "/sim/api/reversals", {"receipt": second})
    reverse(daraja, second)
    assert result(daraja, count=3)["ResultCode"] == "R000001"
    assert [each["originalReceipt"] for each in daraja.journal["reversals"]] == [first, second]


def test_what_is_no_payment_is_not_reversed(daraja: Daraja) -> None:
    """An unknown receipt, and that of a payout: R000002 as text, with no parameters."""
    reverse(daraja, "UE4JS31RBV")
    told = result(daraja)
    assert (told["ResultCode"], told["ResultDesc"]) == ("R000002", "The OriginalTransactionID is invalid.")
    assert "ResultParameters" not in told
    assert daraja.journal["reversals"] == []


@pytest.mark.parametrize(("switch", "amount", "code", "back"), [
    ("refuse", "40", 2006, 0),
    ("refuse", "101", 2006, 0),
    ("do", "40", 0, 40),
    ("do", "101", 2006, 0),
])  # fmt: skip
def test_a_part_of_a_payment(start_daraja: StartDaraja, switch: str, amount: str, code: int, back: int) -> None:
    """It is refused, or done with `--partial-reversal do`; more than was paid never goes back."""
    daraja = funded(start_daraja(partial_reversal=switch))
    receipt = take_payment(daraja, 100)
    before = daraja.phone()["balance"]
    reverse(daraja, receipt, Amount=amount)
    assert result(daraja)["ResultCode"] == code
    assert daraja.phone()["balance"] == before + back
    assert sum(each["amount"] for each in daraja.journal["reversals"]) == back


def test_a_reversal_after_the_sweep_finds_no_money(daraja: Daraja) -> None:
    """The utility account was emptied for the night: the Result says 1, until there is money again."""
    receipt = take_payment(daraja, 100)
    daraja.call("POST", "/sim/api/accounts/sweep", {})
    reverse(daraja, receipt)
    assert result(daraja)["ResultCode"] == 1
    funded(daraja, utility=100)
    reverse(daraja, receipt)
    assert result(daraja, count=2)["ResultCode"] == 0


def test_a_wrong_initiator_reverses_nothing(daraja: Daraja) -> None:
    """Acknowledged, and a Result with 2001."""
    reverse(daraja, take_payment(daraja, 100), SecurityCredential=credential(daraja, "wrong"))
    assert result(daraja)["ResultCode"] == 2001
    assert daraja.journal["reversals"] == []


def test_a_token_that_opens_nothing(daraja: Daraja) -> None:
    """404.001.03, which is a push's refusal (daraja: reversal)."""
    refused = post(daraja, REVERSAL_PATH, reversal_body(daraja, "UE4JS31RBV"), token="opens-nothing")
    assert refused.error == (404, "404.001.03", "Invalid Access Token")


def test_the_statement_has_the_reversal(daraja: Daraja) -> None:
    """A later row with a receipt of its own, linked to the payment, and the chain of balances holds."""
    receipt = take_payment(daraja, 100)
    reverse(daraja, receipt)
    told = result(daraja)
    sheet = statement(daraja)
    back, paid = sheet.rows
    assert (back["Receipt No."], back["Linked Transaction ID"]) == (told["TransactionID"], receipt)
    assert (back["Withdrawn"], back["Balance"], paid["Receipt No."]) == ("-100.00", "0.00", receipt)
    assert chains(sheet)


def test_reversed_by_an_operator_meanwhile(daraja: Daraja) -> None:
    """`reversed_elsewhere`: the customer has the money by another hand, and the Result says R000001."""
    receipt = take_payment(daraja, 100)
    before = daraja.phone()["balance"]
    daraja.fault("reversed_elsewhere", count=1)
    reverse(daraja, receipt)
    told = result(daraja)
    (reversal,) = daraja.journal["reversals"]
    assert (told["ResultCode"], reversal["originalReceipt"]) == ("R000001", receipt)
    assert told["TransactionID"] != reversal["receipt"]
    assert daraja.phone()["balance"] == before + 100


def test_an_operator_cannot_reverse_without_money(daraja: Daraja) -> None:
    """`reversed_elsewhere` on an empty account moves nothing."""
    receipt = take_payment(daraja, 100)
    funded(daraja, utility=0)
    daraja.fault("reversed_elsewhere", count=1)
    reverse(daraja, receipt)
    assert result(daraja)["ResultCode"] == "R000001"
    assert daraja.journal["reversals"] == []


@pytest.mark.parametrize(
    ("kind", "came", "notices", "moved"),
    [
        ("result_lost", [], 0, 1),
        ("result_twice", [0, 0], 0, 1),
        ("timeout_notice", [], 1, 0),
        ("timeout_then_success", [0], 1, 1),
        ("waiting_to_resend", [100000000, 0], 0, 1),
        ("no_funds", [1], 0, 0),
        ("initiator_locked", [8006], 0, 0),
        ("initiator_silent", [], 0, 0),
    ],
)
def test_the_faults_of_money_out_meet_reversals(
    daraja: Daraja, kind: str, came: list[int], notices: int, moved: int
) -> None:
    """With the customer's phone as the one that they are meant for, and another's not."""
    receipt = take_payment(daraja, 100)
    daraja.fault(kind, count=1, msisdn="254722000009")
    daraja.fault(kind, count=1, msisdn=PHONE)
    reverse(daraja, receipt)
    daraja.advance(60)
    assert [each["ResultCode"] for each in results(daraja)] == came
    assert len(came_to(daraja, "/out/timeout/one")) == notices
    assert len(daraja.journal["reversals"]) == moved
    assert daraja.call("GET", "/sim/api/faults").json["faults"][0]["msisdn"] == "254722000009"


@pytest.mark.parametrize("kind", ["duplicate_late", "recipient_limit", "recipient_unknown", "v3_forbidden"])
def test_what_belongs_to_b2c_meets_no_reversal(daraja: Daraja, kind: str) -> None:
    """The fault stays on, and the reversal is done."""
    receipt = take_payment(daraja, 100)
    daraja.fault(kind, count=1)
    reverse(daraja, receipt)
    assert result(daraja)["ResultCode"] == 0
    assert len(daraja.call("GET", "/sim/api/faults").json["faults"]) == 1


def test_a_result_about_another_payment(daraja: Daraja) -> None:
    """`result_recipient` names another phone and another OriginalTransactionID; `result_amount` a shilling more."""
    receipt = take_payment(daraja, 100)
    daraja.fault("result_recipient", count=1)
    reverse(daraja, receipt)
    found = values(result(daraja))
    assert found["OriginalTransactionID"] != receipt
    assert not found["CreditPartyPublicName"].startswith(PHONE)
    daraja.fault("result_amount", count=1)
    reverse(daraja, take_payment(daraja, 100))
    assert values(result(daraja, count=2))["Amount"] == 101.0


@pytest.mark.parametrize(("kind", "moved"), [("out_500_before", 0), ("out_500_after", 1), ("out_text_after", 1)])
def test_an_answer_that_says_nothing(daraja: Daraja, kind: str, moved: int) -> None:
    """The reversal was made before the answer, or not at all; made twice it never is."""
    receipt = take_payment(daraja, 100)
    daraja.fault(kind, count=1)
    assert reverse(daraja, receipt).status in (500, 503)
    assert len(daraja.journal["reversals"]) == moved
    told = result_of(daraja, reverse(daraja, receipt))
    assert told["ResultCode"] == ("R000001" if moved else 0)
    assert len(daraja.journal["reversals"]) == 1
