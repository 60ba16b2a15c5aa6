"""Whatever is posted to a callback address is read without an exception and within bounds."""

import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pokea.daraja.callback import CallbackReading, read_callback
from pokea.daraja.codes.lookup import Finality, meaning
from pokea.money import cents_from_decimal
from tests.daraja.test_callback import items
from tests.daraja.test_payloads import PAYLOADS
from tests.daraja.verdicts import Verdict, verdict

FIELDS = ["MerchantRequestID", "CheckoutRequestID", "ResultCode", "ResultDesc", "CallbackMetadata"]
KEYS = ["Body", "stkCallback", *FIELDS, "Item", "Name", "Value", "Amount", "MpesaReceiptNumber", "PhoneNumber"]
IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=100)
RECEIPTS = st.from_regex(r"[A-Z0-9]{1,32}", fullmatch=True)
SPELLINGS: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [str, str.lower, str.upper, str.swapcase, str.title]
)


@st.composite
def keys(draw: st.DrawFn) -> str:
    """A key of a callback in some spelling, or any other."""
    return draw(SPELLINGS)(draw(st.sampled_from(KEYS))) if draw(st.booleans()) else draw(st.text(max_size=6))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["0", 0, "1032", 1032, "NLJ7RT61SV", "ws_CO_1", 100, "100", 1.5, 254708374149])
)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys(), inner, max_size=5))


@st.composite
def mutated_payloads(draw: st.DrawFn) -> bytes:
    """A real body with some of its bytes changed, lost, repeated or moved."""
    body = bytearray(draw(st.sampled_from(sorted(PAYLOADS.values()))))
    for _ in range(draw(st.integers(1, 8))):
        at, until = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        piece = draw(st.sampled_from([b"", b"0", b'"', b"}", b"{", b"[", b",", b":", b"\\", b"\x00", b"\xff", b"null"]))
        cut = bytes(body[at:until]) if draw(st.booleans()) else b""
        body[at : min(until, at + 3)] = piece + cut[:200]
    return bytes(body)


def check(reading: CallbackReading | None) -> None:
    """Every field of a reading is fit and bounded, and its verdict is what its fields allow."""
    if reading is None:
        return
    for identifier in (reading.checkout_request_id, reading.merchant_request_id):
        assert identifier is None or re.fullmatch(r"[\x21-\x7e]{1,100}", identifier)
    assert reading.code is None or re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", reading.code)
    assert reading.receipt is None or re.fullmatch(r"[A-Z0-9]{1,32}", reading.receipt)
    assert reading.transaction_date is None or re.fullmatch(r"[0-9]{14}", reading.transaction_date)
    assert reading.msisdn is None or re.fullmatch(r"[0-9]{9,15}", reading.msisdn)
    assert reading.amount_cents is None or (type(reading.amount_cents) is int and 0 < reading.amount_cents < 10**15)
    proved = verdict(reading)
    if proved in (Verdict.PAID, Verdict.NOT_PAID):
        assert reading.canonical
        assert reading.checkout_request_id
        known = meaning(reading.code or "")
        assert known is not None
        assert known.finality is (Finality.PAID if proved is Verdict.PAID else Finality.UNPAID)
    if proved is Verdict.PAID:
        assert reading.receipt
        assert reading.amount_cents is not None
        assert reading.amount_cents % 100 == 0
    assert proved is not Verdict.NO_ANSWER


@settings(max_examples=400)
@given(st.binary(max_size=400))
@example(b'{"Body":{"stkCallback":{"ResultCode":-0}}}')
def test_any_bytes_are_read(body: bytes) -> None:
    """Bytes at random never raise."""
    check(read_callback(body))


@settings(max_examples=600)
@given(ANYTHING)
def test_any_json_is_read(value: Any) -> None:
    """Any JSON, with a callback's own words strewn into it, never raises and stays within bounds."""
    check(read_callback(json.dumps(value).encode()))


@settings(max_examples=800)
@given(mutated_payloads())
def test_any_damaged_payload_is_read(body: bytes) -> None:
    """A real body, damaged at random, never raises and stays within bounds."""
    check(read_callback(body))


@settings(max_examples=300)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ANYTHING)))
def test_any_values_in_darajas_form_are_read(fields: dict[str, Any]) -> None:
    """Daraja's form with values of any type never raises and stays within bounds."""
    check(read_callback(json.dumps({"Body": {"stkCallback": fields}}).encode()))


@given(IDS, IDS, RECEIPTS, st.integers(1, 250_000), st.sampled_from(["{}", "{}.0", "{}.00", '"{}"', '"{}.00"']))
def test_every_success_in_darajas_form_is_proved(
    checkout: str, merchant: str, receipt: str, shillings: int, form: str
) -> None:
    """Any ids, receipt and whole amount in Daraja's form are read back exactly, and prove the payment."""
    metadata = {"Item": items(Amount="HERE", MpesaReceiptNumber=receipt)}
    inside = {
        "MerchantRequestID": merchant,
        "CheckoutRequestID": checkout,
        "ResultCode": 0,
        "CallbackMetadata": metadata,
    }
    body = json.dumps({"Body": {"stkCallback": inside}}).replace('"HERE"', form.format(shillings))
    reading = read_callback(body.encode())
    assert reading is not None
    assert (reading.checkout_request_id, reading.merchant_request_id) == (checkout, merchant)
    assert (reading.receipt, reading.amount_cents) == (receipt, shillings * 100)
    assert verdict(reading) is Verdict.PAID


@given(st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False))
def test_amount_is_exact_or_nothing(amount: Any) -> None:
    """A decimal amount becomes exactly its cents, or nothing when it has a fraction of one."""
    text = f"{amount:f}"
    body = json.dumps({"Body": {"stkCallback": {"ResultCode": 0, "CallbackMetadata": {"Item": items(Amount="HERE")}}}})
    reading = read_callback(body.replace('"HERE"', text).encode())
    assert reading is not None
    assert reading.amount_cents == (cents_from_decimal(text) or None)
    if reading.amount_cents is not None:
        assert reading.amount_cents == amount * 100


@settings(max_examples=400)
@given(
    st.fixed_dictionaries(
        {"CheckoutRequestID": IDS},
        optional={
            "MerchantRequestID": IDS | st.none(),
            "ResultCode": st.integers(-(10**9), 10**9) | st.text(max_size=8) | st.none(),
            "ResultDesc": st.text(max_size=20) | st.none(),
            "CallbackMetadata": st.none()
            | st.just({})
            | st.fixed_dictionaries(
                {
                    "Item": st.lists(
                        st.fixed_dictionaries(
                            {"Name": st.sampled_from(["Amount", "MpesaReceiptNumber", "Balance", "PhoneNumber", "X"])},
                            optional={"Value": SCALARS},
                        ),
                        max_size=5,
                    )
                }
            ),
        },
    )
)
def test_both_ways_read_darajas_form_alike(fields: dict[str, Any]) -> None:
    """The fast way and the tolerant way say the same about a body in Daraja's own form."""
    body = json.dumps({"Body": {"stkCallback": fields}}).encode()
    # A mark of byte order is nothing that the fast way takes.
    assert read_callback(body) == read_callback(b"\xef\xbb\xbf" + body)


@given(st.sampled_from(sorted(PAYLOADS)), SPELLINGS, st.integers(0, 3))
def test_wrapping_and_respelling_never_prove_more(name: str, spell: Any, depth: int) -> None:
    """A body that is re-spelt or wrapped again is never more than a claim, if it has changed at all."""
    value = _respelt(json.loads(PAYLOADS[name]), spell)
    for _ in range(depth):
        value = {"data": value}
    changed = value != json.loads(PAYLOADS[name])
    found = verdict(read_callback(json.dumps(value).encode()))
    assert not changed or found in (Verdict.CLAIM, Verdict.NOT_A_CALLBACK)


def _respelt(value: Any, spell: Any) -> Any:
    if isinstance(value, dict):
        return {spell(key): _respelt(inner, spell) for key, inner in value.items()}
    return [_respelt(inner, spell) for inner in value] if isinstance(value, list) else value
