"""What is posted to an address of money out is read without being believed (law: proof of money out)."""

import gzip
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pokea.daraja.codes.out_codes import out_finality
from pokea.daraja.codes.types import OutFinality
from pokea.daraja.result_reading import LONGEST_TEXT, ResultReading, read_result, without_credential
from pokea.money import cents_from_decimal
from tests.daraja.test_callback_laws import ANYTHING
from tests.daraja.test_payloads import FIXTURES, PAYLOADS

VERDICTS: dict[str, dict[str, str]] = json.loads((FIXTURES / "out_payload_verdicts.json").read_bytes())
OF_MONEY_OUT = ("b2b_", "b2c_", "reversal_", "txstatus_", "balance_")
READ = {name: json.loads(PAYLOADS[name], parse_float=str, parse_int=str) for name in VERDICTS}


def verdict(name: str, reading: ResultReading) -> str:
    """What a body proves at its address if token, ids, amount and recipient are the attempt's."""
    at = VERDICTS[name]["at"]
    if at == "balance":
        return "funds" if reading.utility_cents is not None else "no_answer"
    if at != "result":
        return "completed" if reading.code == "0" and reading.transaction_status == "Completed" else "no_answer"
    whole = reading.transaction_id is not None and reading.amount_cents is not None
    named = reading.receiver_msisdn is not None or reading.original_transaction_id is not None
    finality = out_finality(reading.code) if reading.result_type == "0" else OutFinality.NEVER
    if finality is OutFinality.SUCCESS:
        return "completed" if whole and named else "open"
    return "failed" if finality is OutFinality.FAILED else "open"


def body(result: Any) -> bytes:
    """A Result in Daraja's wrapping."""
    return json.dumps({"Result": result}).encode()


def with_items(*pairs: tuple[str, Any], **fields: Any) -> bytes:
    """A success with these named values."""
    items = [{"Key": name, "Value": value} for name, value in pairs]
    return body({"ResultType": 0, "ResultCode": 0, "ResultParameters": {"ResultParameter": items}, **fields})


def test_every_payload_of_money_out_has_a_verdict() -> None:
    """The file of verdicts is about exactly the bodies that belong to money out."""
    assert set(VERDICTS) == {name for name in PAYLOADS if name.startswith(OF_MONEY_OUT)}
    assert Counter(each["verdict"] for each in VERDICTS.values()) == {
        "completed": 8,
        "failed": 8,
        "open": 7,
        "no_answer": 6,
        "funds": 3,
    }


@pytest.mark.parametrize("name", VERDICTS)
def test_payload_of_money_out_gets_its_verdict(name: str) -> None:
    """Each body of the four APIs proves what was agreed (law: proof of money out)."""
    assert verdict(name, read_result(PAYLOADS[name])) == VERDICTS[name]["verdict"]


@pytest.mark.parametrize("name", [name for name in VERDICTS if name != "b2c_queuetimeout_echo_121platform.json"])
def test_result_says_what_its_json_says(name: str) -> None:
    """Type, code, ids, amount and receipt are read as they stand, whatever their order and type."""
    result, reading = READ[name]["Result"], read_result(PAYLOADS[name])
    holder = result.get("ResultParameters", {}).get("ResultParameter", [])
    listed = holder if isinstance(holder, list) else [holder]
    values = {item["Key"]: item.get("Value") for item in listed}
    assert reading.is_result
    assert reading.is_canonical == ("object_params" not in name)
    assert (reading.result_type, reading.code) == (result["ResultType"], result["ResultCode"])
    assert reading.originator_conversation_id == result["OriginatorConversationID"]
    assert reading.conversation_id == result["ConversationID"]
    own = result.get("TransactionID")
    assert reading.transaction_id == (None if not own or own.endswith("0000000") else own)
    amount = values.get("TransactionAmount", values.get("Amount"))
    assert reading.amount_cents == (cents_from_decimal(amount) if amount else None)
    assert reading.receipt == values.get("ReceiptNo", values.get("TransactionReceipt"))
    assert reading.original_transaction_id == values.get("OriginalTransactionID")
    assert reading.transaction_status == values.get("TransactionStatus")


def test_b2c_success_names_recipient_and_funds() -> None:
    """The number and the name that M-PESA returns, and what each account can spend, below 0 for what it owes."""
    reading = read_result(PAYLOADS["b2c_0_docs_v3.json"])
    assert (reading.receiver_msisdn, reading.receiver_name) == ("254705600111", "JANE WANJIKU DOE")
    assert reading.receiver == "254705600111 - JANE WANJIKU DOE"
    assert (reading.utility_cents, reading.working_cents) == (895_926_960, 119_937_100)
    assert reading.funds["Charges Paid Account"] == -198_000
    assert reading.funds_named_by == "B2CUtilityAccountAvailableFunds"


def test_reversal_names_the_payment_it_undid() -> None:
    """The receipt of the payment, the payer, the charge, and what is left in the utility account."""
    reading = read_result(PAYLOADS["reversal_0_docs_v3.json"])
    assert (reading.transaction_id, reading.original_transaction_id) == ("SKE52PAWR9", "SKC82PACB8")
    assert (reading.receiver_msisdn, reading.charge_cents) == ("254705600111", 0)
    assert (reading.utility_cents, reading.funds_named_by) == (772_217_962, "DebitAccountBalance")


@pytest.mark.parametrize("name", ["docs_v3", "iankumu", "old_keys_ghost"])
def test_status_answer_has_two_sets_of_ids(name: str) -> None:
    """What was asked about stands inside; the ids above belong to the question (daraja: transaction status)."""
    reading = read_result(PAYLOADS[f"txstatus_0_{name}.json"])
    assert reading.asked_originator_id not in (None, reading.originator_conversation_id)
    assert reading.asked_conversation_id not in (None, reading.conversation_id)
    assert reading.transaction_id is None
    assert reading.receipt is not None
    assert (reading.receiver_msisdn, reading.receiver_name) == ("254708374149", "John Doe")
    assert reading.charge_cents in (2240, 3300)


def test_balance_has_what_can_be_spent() -> None:
    """The second of the four amounts is what can be spent (daraja: account balance)."""
    reading = read_result(PAYLOADS["balance_0_docs_v3.json"])
    assert (reading.utility_cents, reading.working_cents) == (22_803_700, 70_000_000)
    text = "Utility Account|KES|346568.83|6186.83|340382.00|0.00&Dollars|USD|1|1|0|0&Odd|KES&|KES|1"
    assert read_result(with_items(("AccountBalance", text))).funds == {"Utility Account": 618_683}
    assert read_result(with_items(("AccountBalance", "Utility Account|KES|5.00"))).utility_cents == 500


def test_our_own_request_is_recognised_and_loses_its_credential() -> None:
    """What a timeout address may bring is our request, which says nothing, and its credential is taken out."""
    echo = PAYLOADS["b2c_queuetimeout_echo_121platform.json"]
    reading = read_result(echo)
    assert (reading.is_request, reading.is_result) == (True, False)
    assert reading.originator_conversation_id == "4c5b6a7d-0000-4000-8000-000000000001"
    kept = without_credential(echo)
    assert b"c2VjcmV0" not in kept
    assert json.loads(kept)["SecurityCredential"] == "****"
    assert read_result(kept) == reading
    assert b"ab" not in without_credential(rb'{"securitycredential" : "ab\"ab\\"}')


@pytest.mark.parametrize(
    "value",
    ["SIK0000000", "0000000000000000", "", " ", None, 12345678, "NLJ0000000", "nlj0000000", "x y", "x" * 33],
)
def test_placeholder_is_no_receipt(value: object) -> None:
    """What ends in seven zeros, is empty, or is no text names no transaction (daraja: B2C result)."""
    assert read_result(with_items(("ReceiptNo", value), TransactionID=value)).transaction_id is None
    if isinstance(value, str):
        assert read_result(with_items(("ReceiptNo", value), TransactionID=value)).receipt is None


def test_receipts_that_differ_are_none() -> None:
    """A Result whose parameter names another receipt has none of its own."""
    one = with_items(("TransactionReceipt", "SG632NMUAB"), TransactionID="SG632NMUAB")
    other = with_items(("TransactionReceipt", "SG632NMUAC"), TransactionID="SG632NMUAB")
    assert read_result(one).transaction_id == "SG632NMUAB"
    assert read_result(other).transaction_id is None


@pytest.mark.parametrize(
    ("value", "cents"),
    [(10, 1000), ("10", 1000), (10.5, 1050), ("10.00", 1000), (" 10 ", 1000), (0, 0), (-5, -500), (True, None)],
)
@pytest.mark.parametrize("name", ["Amount", "TransactionAmount", "amount", "Transaction Amount"])
def test_amount_may_be_a_number_or_text(name: str, value: object, cents: int | None) -> None:
    """Amounts are exact cents, whatever their type (daraja: B2C result)."""
    assert read_result(with_items((name, value))).amount_cents == cents


def test_amounts_that_differ_are_none() -> None:
    """Two amounts that agree are one, and two that differ are none."""
    assert read_result(with_items(("Amount", 10), ("TransactionAmount", "10.00"))).amount_cents == 1000
    assert read_result(with_items(("Amount", 10), ("TransactionAmount", 11))).amount_cents is None
    assert read_result(with_items(("Amount", 10), ("Amount", 11))).amount_cents is None


ITEM = {"Key": "Amount", "Value": 10}


@pytest.mark.parametrize(
    ("parameters", "cents", "is_canonical"),
    [
        ({"ResultParameter": [ITEM]}, 1000, True),
        ({"ResultParameter": ITEM}, 1000, True),
        ({"ResultParameter": []}, None, True),
        ({}, None, True),
        (None, None, True),
        ({"ResultParameter": None}, None, True),
        ({"ResultParameter": [ITEM, "odd"]}, 1000, False),
        ([ITEM], 1000, False),
        (ITEM, 1000, False),
        ("odd", None, False),
        ({"ResultParameters": [ITEM]}, 1000, False),
        ({"resultParameter": [ITEM]}, 1000, False),
    ],
)
def test_parameters_come_in_many_shapes(parameters: Any, cents: int | None, is_canonical: bool) -> None:
    """A list, one alone, none: all are Daraja's; what has another shape is read and is a claim."""
    reading = read_result(body({"ResultType": 0, "ResultCode": 0, "ResultParameters": parameters}))
    assert (reading.amount_cents, reading.is_canonical) == (cents, is_canonical)


def test_parameters_are_bounded() -> None:
    """However many values come and however long they are, a bounded part is kept; what comes twice has a number."""
    long = [(f"Key{number}", "x" * 1000) for number in range(100)]
    reading = read_result(
        with_items(("DebitPartyName", "a"), ("DebitPartyName", "b"), *long, ("", "y"), ("k" * 65, "z"))
    )
    assert len(reading.parameters) <= 40
    assert (reading.parameters["DebitPartyName"], reading.parameters["DebitPartyName#2"]) == ("a", "b")
    assert max(map(len, reading.parameters.values())) == LONGEST_TEXT


@pytest.mark.parametrize(
    ("code", "read"),
    [(0, "0"), ("0", "0"), (" 0 ", "0"), (0.0, None), ("R000002", "R000002"), (True, None), (None, None), ([], None)],
)
def test_code_is_text(code: object, read: str | None) -> None:
    """Codes are compared as text, and a fraction is none (daraja: ground rules)."""
    assert read_result(body({"ResultCode": code, "ConversationID": "AG_1"})).code == read


def test_another_spelling_is_a_claim() -> None:
    """What is relayed in small letters or without its wrapping is understood and proves nothing by itself."""
    whole = json.loads(PAYLOADS["b2c_0_docs_v3.json"])
    for odd in (
        json.dumps(whole["Result"]),
        json.dumps(whole).replace("Result", "result"),
        json.dumps({"data": json.dumps(whole)}),
        f"payload={json.dumps(whole)}",
    ):
        reading = read_result(odd.encode())
        assert (reading.is_result, reading.is_canonical, reading.code) == (True, False, "0")


def test_compressed_body_keeps_its_worth() -> None:
    """What was only compressed on the way is the sender's own."""
    plain = PAYLOADS["b2c_0_docs_v3.json"]
    assert read_result(gzip.compress(plain), "gzip") == read_result(plain)
    assert read_result(plain.decode().encode("utf-16")) == read_result(plain)


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name not in VERDICTS])
def test_bodies_of_other_apis_are_no_results(name: str) -> None:
    """A callback of STK, a C2B confirmation or an error at an address of money out is nothing, or a mere claim."""
    assert not read_result(PAYLOADS[name]).is_canonical


def test_printed_reading_has_no_personal_data() -> None:
    """Neither the number nor the name of the recipient is in its printed form."""
    printed = repr(read_result(PAYLOADS["b2c_0_docs_v3.json"]))
    assert "JANE" not in printed
    assert "705600111" not in printed


def test_description_is_masked() -> None:
    """A number in Daraja's own sentence is masked."""
    reading = read_result(body({"ResultCode": 1, "ResultDesc": "No account for 254712345678"}))
    assert "712345678" not in reading.description


@given(st.binary(max_size=300) | ANYTHING.map(lambda tree: json.dumps(tree).encode()))
def test_any_body_is_read(raw: bytes) -> None:
    """No bytes make the reader fail."""
    assert isinstance(read_result(raw), ResultReading)
    assert len(without_credential(raw)) <= len(raw) + 4


# Three trees at once take long to draw on a busy machine, which says nothing about the reader.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANYTHING, ANYTHING, ANYTHING)
def test_any_result_is_read(code: Any, parameters: Any, identifier: Any) -> None:
    """Whatever stands in a Result's fields, what is read is fit and bounded."""
    fields = {"ResultCode": code, "ResultParameters": parameters, "TransactionID": identifier}
    reading = read_result(body(fields | {"ConversationID": identifier, "OriginatorConversationID": identifier}))
    for text in (reading.code, reading.conversation_id, reading.originator_conversation_id, reading.transaction_id):
        assert text is None or (text.isascii() and 0 < len(text) <= 100)
    assert reading.transaction_id is None or not reading.transaction_id.endswith("0000000")
