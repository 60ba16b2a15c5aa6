"""Bodies that Daraja would post about an attempt, as bytes."""

import json
from typing import Any

from pokea.clock import SECOND, Instant
from pokea.disbursements.evidence import OutDelivery, OutEvidence, Purpose, delivered
from tests.disbursements.rows import CONVERSATION, MSISDN, ORIGINATOR

RECEIPT_OUT = "SKQ7OUTAA1"
SENT_AT = 1_000 * SECOND


def b2c_body(**changes: Any) -> bytes:
    """A Result of B2C that says that the money went out; None for a parameter leaves it out."""
    parameters = {
        "TransactionAmount": changes.pop("amount", 500),
        "TransactionReceipt": changes.get("TransactionID", RECEIPT_OUT),
        "ReceiverPartyPublicName": changes.pop("receiver", f"{MSISDN} - JANE WANJIKU DOE"),
        "B2CUtilityAccountAvailableFunds": 7000.5,
    }
    return _result(parameters, changes)


def reversal_body(**changes: Any) -> bytes:
    """A Result of a reversal that says that the money went back."""
    parameters = {
        "Amount": changes.pop("amount", 500),
        "OriginalTransactionID": changes.pop("original", "SKR4ABCDEF"),
        "DebitAccountBalance": "Utility Account|KES|7722179.62|7722179.62|0.00|0.00",
        "Charge": 0,
    }
    if "party" in changes:
        parameters["CreditPartyPublicName"] = changes.pop("party")
    return _result(parameters, changes)


def status_body(status: str | None = "Completed", **changes: Any) -> bytes:
    """The answer to a status question, whose own ResultCode says only that the question worked."""
    parameters = {
        "TransactionStatus": status,
        "Amount": changes.pop("amount", "500"),
        "ReceiptNo": changes.pop("receipt", RECEIPT_OUT),
        "OriginatorConversationID": changes.pop("asked_originator", ORIGINATOR),
        "ConversationID": changes.pop("asked_conversation", CONVERSATION),
    }
    return _result(parameters, {"TransactionID": "SKQ0000000", "ConversationID": "AG_question"} | changes)


def _result(parameters: dict[str, Any], changes: dict[str, Any]) -> bytes:
    named = [{"Key": key, "Value": value} for key, value in parameters.items() if value is not None]
    usual = {
        "ResultType": 0,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "OriginatorConversationID": ORIGINATOR,
        "ConversationID": CONVERSATION,
        "TransactionID": RECEIPT_OUT,
        "ResultParameters": {"ResultParameter": named},
    }
    return json.dumps({"Result": usual | changes}).encode()


def at(seconds: float) -> Instant:
    """So many seconds after the sending began."""
    return SENT_AT + round(seconds * SECOND)


def came(
    body: bytes, purpose: Purpose = Purpose.RESULT, seconds: float = 10, question: int = 0, stranger: str = ""
) -> OutEvidence:
    """The body as evidence of attempt 1, at an address of this purpose."""
    delivery = OutDelivery("0" * 48, body, at(seconds), stranger)
    return delivered("at_1", delivery, purpose, question)
