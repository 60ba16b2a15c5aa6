"""Requests for money out and questions about it, as a client makes them, and the Results that come."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH
from tests.simulator.running import PHONE, Daraja, Reply, eventually

PASSWORD = "Safaricom999!*!"


def credential(daraja: Daraja, hidden: str = PASSWORD) -> str:
    """A SecurityCredential, made with the certificate that the simulator gives out."""
    key = load_pem_x509_certificate(daraja.call("GET", "/sim/api/certificate").body).public_key()
    assert isinstance(key, RSAPublicKey)
    return base64.b64encode(key.encrypt(hidden.encode(), PKCS1v15())).decode()


def b2c_body(daraja: Daraja, **changes: Any) -> dict[str, Any]:
    """A payout that is right but for the changes; a field of None is left out."""
    body = {
        "OriginatorConversationID": "0a1b2c3d-0000-4000-8000-000000000001",
        "InitiatorName": "testapi",
        "SecurityCredential": changes.get("SecurityCredential") or credential(daraja),
        "CommandID": "BusinessPayment",
        "Amount": "100",
        "PartyA": daraja.options.shortcode,
        "PartyB": PHONE,
        "Remarks": "Work done",
        "QueueTimeOutURL": timeout_url(daraja),
        "ResultURL": result_url(daraja),
        "Occassion": "",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def post(daraja: Daraja, path: str, body: Any, *, token: str | None = None, **headers: str) -> Reply:
    """A request with a token."""
    sent = {"Authorization": f"Bearer {daraja.token if token is None else token}", **headers}
    return daraja.call("POST", path, body, sent)


def b2c(daraja: Daraja, *, path: str = B2C_PATH, **changes: Any) -> Reply:
    """A payout."""
    return post(daraja, path, b2c_body(daraja, **changes))


def funded(daraja: Daraja, **accounts: float) -> Daraja:
    """The simulator with money in its accounts: 10,000 in the utility account unless said."""
    assert daraja.call("POST", "/sim/api/accounts", {"utility": 10_000, **accounts}).status == 200
    return daraja


def result_url(daraja: Daraja) -> str:
    """Where Results come."""
    return daraja.receiver.url.replace("/callbacks/one", "/out/result/one")


def timeout_url(daraja: Daraja) -> str:
    """Where timeout notices come."""
    return daraja.receiver.url.replace("/callbacks/one", "/out/timeout/one")


def came_to(daraja: Daraja, path: str) -> list[Any]:
    """The bodies that came to one of the addresses, oldest first."""
    return [json.loads(each.body) for each in list(daraja.receiver.received) if each.path == path]


def results(daraja: Daraja) -> list[Any]:
    """The Results that came, oldest first."""
    return [body["Result"] for body in came_to(daraja, "/out/result/one")]


def result(daraja: Daraja, count: int = 1, seconds: float = 2) -> Any:
    """The latest Result, once `count` have come; the simulator's clock is moved on first."""
    if seconds:
        daraja.advance(seconds)
    return eventually(lambda: len(found := results(daraja)) >= count and found, f"Result {count}")[-1]


def result_of(daraja: Daraja, acknowledged: Reply, seconds: float = 2) -> Any:
    """The first Result of a request that was acknowledged; of several that are due together either may come first."""
    conversation = acknowledged.json["ConversationID"]
    daraja.advance(seconds)
    return eventually(
        lambda: next((each for each in results(daraja) if each["ConversationID"] == conversation), None), "its Result"
    )


def values(result: Any) -> dict[str, Any]:
    """The Result's parameters by their keys; of a key that comes twice the last."""
    return {item["Key"]: item.get("Value") for item in result["ResultParameters"]["ResultParameter"]}


def reversal_body(daraja: Daraja, receipt: str, **changes: Any) -> dict[str, Any]:
    """A reversal of KES 100 that is right but for the changes; a field of None is left out."""
    body = {
        "Initiator": "testapi",
        "SecurityCredential": changes.get("SecurityCredential") or credential(daraja),
        "CommandID": "TransactionReversal",
        "TransactionID": receipt,
        "Amount": "100",
        "ReceiverParty": daraja.options.shortcode,
        "RecieverIdentifierType": "11",
        "ResultURL": result_url(daraja),
        "QueueTimeOutURL": timeout_url(daraja),
        "Remarks": "Not home",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def reverse(daraja: Daraja, receipt: str, **changes: Any) -> Reply:
    """A reversal."""
    return post(daraja, REVERSAL_PATH, reversal_body(daraja, receipt, **changes))


def question_body(daraja: Daraja, **changes: Any) -> dict[str, Any]:
    """A status question that is right but for the changes, and that names nothing; a field of None is left out."""
    body = {
        "Initiator": "testapi",
        "SecurityCredential": changes.get("SecurityCredential") or credential(daraja),
        "CommandID": "TransactionStatusQuery",
        "PartyA": daraja.options.shortcode,
        "IdentifierType": "4",
        "ResultURL": question_url(daraja),
        "QueueTimeOutURL": timeout_url(daraja),
        "Remarks": "OK",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def question_url(daraja: Daraja) -> str:
    """Where the Results of questions come."""
    return daraja.receiver.url.replace("/callbacks/one", "/out/question/one")


def ask(daraja: Daraja, **changes: Any) -> Reply:
    """A status question."""
    return post(daraja, STATUS_PATH, question_body(daraja, **changes))


def ask_balance(daraja: Daraja, **changes: Any) -> Reply:
    """A balance question."""
    return post(daraja, BALANCE_PATH, question_body(daraja, **{"CommandID": "AccountBalance", **changes}))


def answers(daraja: Daraja) -> list[Any]:
    """The Results of questions that came, oldest first."""
    return [body["Result"] for body in came_to(daraja, "/out/question/one")]


def answered(daraja: Daraja, count: int = 1, seconds: float = 1) -> Any:
    """The latest Result of a question, once `count` have come; the simulator's clock is moved on first."""
    daraja.advance(seconds)
    return eventually(lambda: len(found := answers(daraja)) >= count and found, f"answer {count}")[-1]
