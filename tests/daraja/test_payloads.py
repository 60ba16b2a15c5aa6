"""The 112 bodies of tests/fixtures/payloads, each with the verdict that was agreed for it (law: proof)."""

import json
from collections import Counter
from pathlib import Path

import pytest

from pokea.daraja.callback import read_callback
from pokea.daraja.outcomes import SubmissionRefused, Unknown
from pokea.daraja.responses import TokenRefused, read_push_answer, read_query_answer
from pokea.money import cents_from_decimal
from tests.daraja.verdicts import Verdict, query_verdict, verdict

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYLOADS = {file.name: file.read_bytes() for file in sorted((FIXTURES / "payloads").glob("*.json"))}
VERDICTS: dict[str, str] = json.loads((FIXTURES / "payload_verdicts.json").read_bytes())
TO_QUERIES = [name for name in PAYLOADS if name.startswith(("stkquery_", "error_"))]
TO_CALLBACKS = [name for name in PAYLOADS if name not in TO_QUERIES]
CANONICAL = [name for name in PAYLOADS if name.startswith("stk_") and VERDICTS[name] in ("paid", "not_paid")]


def test_every_payload_has_a_verdict_and_every_verdict_a_payload() -> None:
    """The file of verdicts is about exactly the bodies that are there, 112 of them."""
    assert set(VERDICTS) == set(PAYLOADS)
    assert len(PAYLOADS) == 112
    assert set(VERDICTS.values()) == set(Verdict)


@pytest.mark.parametrize("name", TO_CALLBACKS)
def test_body_posted_to_a_callback_address_gets_its_verdict(name: str) -> None:
    """Posted to its own token's address, with its id and its amount as asked, a body proves what was agreed."""
    assert verdict(read_callback(PAYLOADS[name])) == VERDICTS[name]


@pytest.mark.parametrize("name", TO_QUERIES)
def test_body_that_answers_a_query_gets_its_verdict(name: str) -> None:
    """As the answer to a question about its own payment, a body proves what was agreed."""
    asked = json.loads(PAYLOADS[name]).get("CheckoutRequestID", "ws_CO_asked")
    for status in (200, 500) if name.startswith("error_") or "pending_lnm13" in name else (200,):
        outcome = read_query_answer(asked, status, "application/json", PAYLOADS[name])
        assert not isinstance(outcome, TokenRefused)
        assert query_verdict(outcome) == VERDICTS[name]


@pytest.mark.parametrize("name", CANONICAL)
def test_understood_callback_says_what_its_json_says(name: str) -> None:
    """Code, ids, amount, receipt, date and phone of a genuine callback are read as they stand, whatever their order."""
    callback = json.loads(PAYLOADS[name], parse_float=str, parse_int=str)["Body"]["stkCallback"]
    items = {item["Name"]: item.get("Value") for item in (callback.get("CallbackMetadata") or {}).get("Item", [])}
    reading = read_callback(PAYLOADS[name])
    assert reading is not None
    assert reading.canonical
    assert reading.code == callback["ResultCode"]
    assert reading.checkout_request_id == callback["CheckoutRequestID"]
    assert reading.merchant_request_id == callback.get("MerchantRequestID")
    assert reading.receipt == items.get("MpesaReceiptNumber")
    assert reading.transaction_date == items.get("TransactionDate")
    assert reading.msisdn == items.get("PhoneNumber")
    assert reading.amount_cents == (cents_from_decimal(items["Amount"]) if "Amount" in items else None)


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name.startswith("error_4")])
def test_captured_refusal_of_a_push_is_a_refusal(name: str) -> None:
    """The captured errors of the 400 family refuse a push, or its token."""
    status = int(name.split("_")[1])
    assert isinstance(read_push_answer(status, "application/json", PAYLOADS[name]), SubmissionRefused | TokenRefused)


@pytest.mark.parametrize("status", [200, 400, 409, 500, 503])
def test_gateway_that_failed_itself_leaves_the_outcome_open(status: int) -> None:
    """The gateway's SOAP fault in JSON is in no known form, so it proves nothing under any status."""
    outcome = read_push_answer(status, "application/json", PAYLOADS["error_apigee_fault.json"])
    assert isinstance(outcome, Unknown)


def test_wrong_credentials_as_captured_refuse_a_push() -> None:
    """The captured error about credentials carries one of the three known texts."""
    outcome = read_push_answer(500, "application/json", PAYLOADS["error_500_001_1001_credentials.json"])
    assert isinstance(outcome, SubmissionRefused)
    assert outcome.reason == "wrong_credentials"


def test_verdicts_are_spread_as_agreed() -> None:
    """How many bodies prove what: a change here is a change of `law: proof` and needs a reason."""
    assert Counter(VERDICTS.values()) == {
        "not_a_callback": 47,
        "not_paid": 22,
        "claim": 19,
        "paid": 13,
        "no_answer": 11,
    }
