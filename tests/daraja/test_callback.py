"""Callbacks one by one: Daraja's own form, what deviates from it, and what is none at all."""

import json
from typing import Any

import pytest

from pokea.daraja.callback import CallbackReading, read_callback
from pokea.daraja.codes.lookup import Finality
from pokea.daraja.codes.result_codes import RESULT_CODES
from tests.daraja.verdicts import Verdict, verdict

CHECKOUT_ID = "ws_CO_191220191020363925"
PAID = CallbackReading("0", CHECKOUT_ID, "29115-34620561-1", 100, "NLJ7RT61SV", "20191219102115", "254708374149", True)


def item(name: str, value: Any) -> dict[str, Any]:
    """One named value."""
    return {"Name": name, "Value": value}


def items(**changes: Any) -> list[dict[str, Any]]:
    """The four named values of a success, changed; None takes one away."""
    values = {
        "Amount": 1,
        "MpesaReceiptNumber": "NLJ7RT61SV",
        "TransactionDate": 20191219102115,
        "PhoneNumber": 254708374149,
    } | changes
    return [item(name, value) for name, value in values.items() if value is not None]


def callback(**changes: Any) -> dict[str, Any]:
    """The inside of a documented success, changed; ... takes a field away."""
    fields = {
        "MerchantRequestID": "29115-34620561-1",
        "CheckoutRequestID": CHECKOUT_ID,
        "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.",
        "CallbackMetadata": {"Item": items()},
    } | changes
    return {name: value for name, value in fields.items() if value is not ...}


def wrapped(inside: Any) -> bytes:
    """A callback in Daraja's own form."""
    return json.dumps({"Body": {"stkCallback": inside}}).encode()


def read(**changes: Any) -> CallbackReading:
    """The reading of a documented success with changes."""
    reading = read_callback(wrapped(callback(**changes)))
    assert reading is not None
    return reading


def test_documented_success_is_read_whole() -> None:
    """The documented success gives every field and proves that it was paid (daraja: STK callback success)."""
    assert read_callback(wrapped(callback())) == PAID
    assert verdict(PAID) is Verdict.PAID


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        ("1", 100),
        ("1.00", 100),
        ("1.0", 100),
        ("250000", 25_000_000),
        ("1234.56", 123_456),
        ("0.01", 1),
        ("1e2", 10_000),
        ('"100"', 10_000),
        ('" 100.00 "', 10_000),
        ("1.005", None),
        ("0.1e-3", None),
        ("0", None),
        ("-5", None),
        ("null", None),
        ("true", None),
        ("[1]", None),
        ('{"v": 1}', None),
        ('"a hundred"', None),
        ('""', None),
        ('"1,000"', None),
        ("1" + "0" * 40, None),
        ("1E400", None),
        ("0." + "1" * 300, None),
    ],
)
def test_amount_is_read_from_its_own_digits(amount: str, cents: int | None) -> None:
    """An amount becomes exact cents from the text of the body, or nothing; it is never a float on the way."""
    body = wrapped(callback(CallbackMetadata={"Item": items(Amount="HERE")})).replace(b'"HERE"', amount.encode())
    reading = read_callback(body)
    assert reading is not None
    assert reading.amount_cents == cents


@pytest.mark.parametrize("cents", [None, 1, 99, 101, 123_456])
def test_success_without_whole_shillings_is_a_claim(cents: int | None) -> None:
    """A push asks for whole shillings, so a success with another amount has to be asked about (law: proof)."""
    reading = CallbackReading("0", CHECKOUT_ID, None, cents, "NLJ7RT61SV", None, None, True)
    assert verdict(reading) is Verdict.CLAIM


@pytest.mark.parametrize(
    ("value", "receipt"),
    [
        ("NLJ7RT61SV", "NLJ7RT61SV"),
        ("nlj7rt61sv", "NLJ7RT61SV"),
        (" NLJ7RT61SV ", "NLJ7RT61SV"),
        ("A" * 32, "A" * 32),
        ("A" * 33, None),
        ("", None),
        ("NLJ7-RT61", None),
        ("NLJ7RT61SV\n\x00", None),
        ("straße", None),
        (12345, None),
        (True, None),
        (["NLJ7RT61SV"], None),
    ],
)
def test_receipt_is_text_of_letters_and_digits(value: Any, receipt: str | None) -> None:
    """A receipt is upper-cased and bounded; a number or anything else is none, and then nothing is proved."""
    reading = read(CallbackMetadata={"Item": items(MpesaReceiptNumber=value)})
    assert reading.receipt == receipt
    assert verdict(reading) is (Verdict.PAID if receipt else Verdict.CLAIM)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0, "0"),
        ("0", "0"),
        (" 0 ", "0"),
        (1032, "1032"),
        ("SFC_IC0003", "SFC_IC0003"),
        (None, None),
        ("", None),
        (True, None),
        (0.0, None),
        (1.5, None),
        ([], None),
        ({}, None),
        ("x" * 33, None),
        ("0\x00", None),
        (10**40, None),
    ],
)
def test_code_is_text_or_an_integer(value: Any, code: str | None) -> None:
    """A code is read as text; what is neither text nor an integer is no code."""
    assert read(ResultCode=value).code == code


@pytest.mark.parametrize("name", ["CheckoutRequestID", "MerchantRequestID"])
@pytest.mark.parametrize("value", [None, "", " ", "a b", "x" * 101, "\x00", "ws_CO_\n", "\ud800", "ſ", 5, [], ...])
def test_id_that_could_not_be_one_is_none(name: str, value: Any) -> None:
    """An id is at most a hundred visible ASCII characters; without the checkout id nothing is proved."""
    reading = read(**{name: value})
    found = reading.checkout_request_id if name == "CheckoutRequestID" else reading.merchant_request_id
    assert found is None
    assert verdict(reading) is (Verdict.CLAIM if name == "CheckoutRequestID" else Verdict.PAID)


def test_longest_id_is_kept() -> None:
    """An id of exactly a hundred characters is an id."""
    assert read(CheckoutRequestID="x" * 100).checkout_request_id == "x" * 100


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("TransactionDate", "20191219102115", "transaction_date"),
        ("TransactionDate", "2019-12-19 10:21", None),
        ("TransactionDate", 2019, None),
        ("PhoneNumber", "254708374149", "msisdn"),
        ("PhoneNumber", "2547****149", None),
        ("PhoneNumber", 254708374149.5, None),
    ],
)
def test_date_and_phone_are_digits_or_nothing(name: str, value: Any, field: str | None) -> None:
    """Date and phone may be numbers or text of digits, and do not matter to what is proved."""
    reading = read(CallbackMetadata={"Item": items(**{name: value})})
    if field:
        assert getattr(reading, field) == value
    else:
        assert None in (reading.transaction_date, reading.msisdn)
    assert verdict(reading) is Verdict.PAID


@pytest.mark.parametrize(
    "extra",
    [
        [item("Amount", 2)],
        [item("MpesaReceiptNumber", "OTHER12345")],
        [{"Name": "Amount"}],
        [item("MpesaReceiptNumber", 5)],
    ],
)
def test_two_values_that_differ_are_none(extra: list[dict[str, Any]]) -> None:
    """A success that names two amounts or two receipts proves nothing."""
    reading = read(CallbackMetadata={"Item": items() + extra})
    assert verdict(reading) is Verdict.CLAIM


def test_value_that_is_said_twice_is_one() -> None:
    """The same amount and receipt named twice are no contradiction."""
    assert read(CallbackMetadata={"Item": items() + items()}) == PAID


@pytest.mark.parametrize(
    "more", [[{"Name": "Balance"}], [item("Balance", "{Amount={BasicAmount=50.5}}")], [item("New", None)]]
)
def test_other_items_do_not_matter(more: list[dict[str, Any]]) -> None:
    """Items with other names, with or without values, change nothing, wherever they stand (daraja: STK callback
    success)."""
    assert read(CallbackMetadata={"Item": more + items()}) == PAID


@pytest.mark.parametrize("code", RESULT_CODES)
def test_verdict_follows_the_finality_of_the_code(code: str) -> None:
    """In Daraja's own form a code proves what it is final about, and everything else is a claim."""
    expected = {Finality.PAID: Verdict.PAID, Finality.UNPAID: Verdict.NOT_PAID}
    assert verdict(read(ResultCode=code)) is expected.get(RESULT_CODES[code].finality, Verdict.CLAIM)


@pytest.mark.parametrize("code", ["77777", "00", "1032.0", None])
def test_unknown_code_is_a_claim(code: str | None) -> None:
    """A code that nobody knows, or none, proves nothing."""
    assert verdict(read(ResultCode=code)) is Verdict.CLAIM


def test_reading_prints_nothing_private() -> None:
    """A reading in a log shows neither phone, id nor receipt."""
    printed = f"{PAID!r} {PAID}"
    assert not any(private in printed for private in ("254708374149", CHECKOUT_ID, "NLJ7RT61SV"))


@pytest.mark.parametrize("number", ["254718600107", "123456789", "123456789012345"])
def test_a_number_in_the_code_s_place_is_not_printed(number: str) -> None:
    """Whoever posts a phone number as the code does not have it printed with the reading."""
    reading = CallbackReading(code=f"X{number}", msisdn=number)
    assert number not in repr(reading)
    assert "'1032'" in repr(CallbackReading(code="1032"))
    assert "'500.003.1001'" in repr(CallbackReading(code="500.003.1001"))


DIGITS = (
    "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
    "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
)


@pytest.mark.parametrize("digits", DIGITS, ids=["Arabic", "full width"])
@pytest.mark.parametrize("name", ["Amount", "TransactionDate", "PhoneNumber"])
def test_digits_of_another_script_are_no_number(name: str, digits: str) -> None:
    """An amount, a date or a number in other digits than ours is absent, so that it proves nothing."""
    text = {"Amount": "500", "TransactionDate": "20191219102115", "PhoneNumber": "254708374149"}[name]
    other = text.translate({48 + number: digit for number, digit in enumerate(digits)})
    listed = [item(name, other) if each["Name"] == name else each for each in items()]
    reading = read_callback(wrapped(callback(CallbackMetadata={"Item": listed})))
    assert reading is not None
    field = {"Amount": "amount_cents", "TransactionDate": "transaction_date", "PhoneNumber": "msisdn"}[name]
    assert getattr(reading, field) is None
    if name == "Amount":
        assert verdict(reading) is Verdict.CLAIM
