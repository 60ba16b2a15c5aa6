"""Bodies that do not have Daraja's form: understood as far as possible, and never more than a claim."""

import json
from typing import Any

import msgspec
import pytest

from pokea.daraja.callback import read_callback
from pokea.daraja.lenient import DEEPEST
from tests.daraja.test_callback import CHECKOUT_ID, PAID, callback, item, items, wrapped
from tests.daraja.verdicts import Verdict, verdict

UNWRAPPED = {
    "ResponseCode": "0",
    "MerchantRequestID": "27379-162309945-1",
    "CheckoutRequestID": CHECKOUT_ID,
    "ResultCode": "0",
}


def renamed(value: Any, change: Any) -> Any:
    """The same JSON with every key changed."""
    if isinstance(value, dict):
        return {change(key): renamed(inner, change) for key, inner in value.items()}
    return [renamed(inner, change) for inner in value] if isinstance(value, list) else value


def snake(key: str) -> str:
    """CheckoutRequestID as checkout_request_id."""
    return "".join(
        f"_{letter}" if letter.isupper() and index and not key[index - 1].isupper() else letter
        for index, letter in enumerate(key)
    ).lower()


def nested(depth: int) -> Any:
    """A list in a list, so deep."""
    value: Any = []
    for _ in range(depth - 1):
        value = [value]
    return value


WHOLE = json.loads(wrapped(callback()))
UNDERSTOOD = {
    "lower case": renamed(WHOLE, str.lower),
    "upper case": renamed(WHOLE, str.upper),
    "snake case": renamed(WHOLE, snake),
    "inside out": {"stkCallback": {"Body": callback()}},
    "without Body": {"stkCallback": callback()},
    "without stkCallback": {"Body": callback()},
    "bare": callback(),
    "in a list": [WHOLE],
    "in an envelope": {"event": "payment", "data": WHOLE},
    "one field in lower case": {"Body": {"stkCallback": renamed(callback(), str.lower)}},
    "metadata without Item": wrapped(callback(CallbackMetadata=items())),
    "null among the items": wrapped(callback(CallbackMetadata={"Item": [None, *items()]})),
    "items in lower case": wrapped(callback(CallbackMetadata={"Item": [renamed(i, str.lower) for i in items()]})),
    "names in lower case": wrapped(
        callback(CallbackMetadata={"Item": [None, *({**i, "Name": i["Name"].lower()} for i in items())]})
    ),
}


@pytest.mark.parametrize("what", UNDERSTOOD)
def test_body_in_another_form_is_understood_and_is_a_claim(what: str) -> None:
    """A success that was re-spelt, unwrapped or turned inside out says the same, and proves nothing."""
    body = UNDERSTOOD[what]
    reading = read_callback(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert reading is not None
    assert not reading.canonical
    assert reading == msgspec.structs.replace(PAID, canonical=False)
    assert verdict(reading) is Verdict.CLAIM


def test_single_item_that_is_no_list_is_read() -> None:
    """Metadata with one bare item gives that item's value, as a claim."""
    reading = read_callback(wrapped(callback(CallbackMetadata={"Item": item("Amount", 5)})))
    assert reading is not None
    assert (reading.amount_cents, reading.canonical) == (500, False)


def test_answer_to_a_query_at_a_callback_address_is_a_claim() -> None:
    """An aggregator that posts the flat answer of a query makes us ask, and proves nothing."""
    reading = read_callback(json.dumps(UNWRAPPED).encode())
    assert reading is not None
    assert (reading.code, reading.checkout_request_id, reading.canonical) == ("0", CHECKOUT_ID, False)


@pytest.mark.parametrize(
    "inside",
    [
        {"ResultCode": 1032},
        {"ResultCode": 0, "Amount": 1000},
        {"ResultDesc": "Request cancelled"},
        {"MerchantRequestID": "a-1"},
        {"CallbackMetadata": {"Item": items()}},
        {"Amount": 1000},
        {"checkout_request_id": "a"},
    ],
)
def test_fragment_of_a_callback_is_a_claim(inside: dict[str, Any]) -> None:
    """A body with anything of a payment in it is a claim, however little it is."""
    assert verdict(read_callback(wrapped(inside))) is Verdict.CLAIM


@pytest.mark.parametrize(
    "odd",
    [
        {"ResultDesc": 5},
        {"ResultDesc": None},
        {"MerchantRequestID": 5},
        {"CallbackMetadata": {"Item": items(), "More": nested(5)}},
        {"Unheard": nested(30)},
    ],
)
def test_odd_value_beside_the_point_does_not_cost_the_proof(odd: dict[str, Any]) -> None:
    """In Daraja's form a lesser field of another type, or a new field, leaves a success proved."""
    assert verdict(read_callback(wrapped(callback(**odd)))) is Verdict.PAID


@pytest.mark.parametrize(
    "body",
    [
        wrapped(callback()).replace(b"successfully", b"success\xff\xfefully"),
        b"\xef\xbb\xbf" + wrapped(callback()),
        b" \r\n\t" + wrapped(callback()) + b"\n",
        wrapped(callback()).replace(b"successfully", "mafanikio \u2014 \U0001f600".encode()),
    ],
)
def test_broken_or_foreign_characters_do_not_cost_the_proof(body: bytes) -> None:
    """A mark at the beginning or a broken character in a description is no reason to lose the only delivery."""
    assert read_callback(body) == PAID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"0",
        b"true",
        b"[]",
        b"{}",
        b'"stkCallback"',
        b"not json",
        b"<xml/>",
        b"a=1&b=2",
        b'{"Body": {}}',
        b'{"Body": {"stkCallback": {}}}',
        b'{"Body": {"stkCallback": null}}',
        b'{"Body": {"stkCallback": []}}',
        b'{"Body": {"stkCallback": "paid"}}',
        b'{"Body": {"stkCallback": 0}}',
        b'{"Body": {"stkCallback": {"ResultCode": null, "CheckoutRequestID": "", "CallbackMetadata": {}}}}',
        b'{"Body": {"stkCallback": {"Unheard": 1}}}',
        b'{"Result": {"ResultCode": 0, "ResultDesc": "done", "TransactionID": "NLJ7RT61SV"}}',
        b'{"ResultCode": 0, "ResultDesc": "Accepted"}',
        b'{"TransactionType": "Pay Bill", "TransID": "RKL51ZDR4F", "TransAmount": "5.00"}',
        b'{"requestId": "ws_CO_1", "errorCode": "500.001.1001", "errorMessage": "x"}',
        b'{"Body": {"stkCallback": {"ResultCode": NaN}}}',
        b'{"Body": {"stkCallback": {"ResultCode": 0}}',
        '{"Body": {"stkCallback": {"ResultCode": 0}}}'.encode("utf-16"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"Body":' * 3000 + b"0" + b"}" * 3000,
        json.dumps(nested(DEEPEST + 1)).encode(),
        b'"' * 9999,
        b"\\" * 9999,
        b'{"ResultCode": ' + b"9" * 100_000 + b"}",
    ],
)
def test_what_has_nothing_of_a_payment_is_no_callback(body: bytes) -> None:
    """Not JSON, too deep, empty, or of another API: no callback at all, and no exception."""
    assert read_callback(body) is None
    assert verdict(None) is Verdict.NOT_A_CALLBACK


def test_nesting_is_bounded() -> None:
    """A body in another form is read up to a fixed depth, and one level more is no callback."""
    for extra, is_read in ((0, True), (1, False)):
        body = json.dumps(callback() | {"More": nested(DEEPEST - 1 + extra)}).encode()
        assert (read_callback(body) is not None) is is_read


def test_search_is_bounded() -> None:
    """A callback that hides behind thousands of other objects is not searched for without end."""
    crowd: list[Any] = [{"x": {}} for _ in range(5000)]
    assert read_callback(json.dumps([*crowd, WHOLE]).encode()) is None


def test_exact_spelling_wins() -> None:
    """Where a field stands twice, in Daraja's spelling and in another, Daraja's counts."""
    body = json.dumps({"stkCallback": {"resultcode": 1032} | callback()}).encode()
    reading = read_callback(body)
    assert reading is not None
    assert reading.code == "0"
