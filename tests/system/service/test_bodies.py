"""Whatever else is posted to a callback address: refused with the guide's body, in bounded time."""

import json
import time

import pytest

from pokea.operations.evidence import CLAIM_BYTES_KEPT
from tests.system.service.running import call, eventually
from tests.system.service.wire import chunks, post_raw
from tests.system.service.world import ACCEPTED, INVALID, Family, World, callback_name, callback_token

DEEP = 60_000
NO_CALLBACKS = {
    "nothing": b"",
    "not JSON": b"ResultCode=0&CheckoutRequestID=ws_CO_1",
    "half of a callback": b'{"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_1", "ResultC',
    "a number": b"0",
    "a text": b'"stkCallback"',
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "an empty callback": b'{"Body": {"stkCallback": {}}}',
    "another API's result": b'{"Result": {"ResultCode": 0, "TransactionID": "UKO1FFKA8C"}}',
    "XML": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bb'>]><a>&b;</a>",
    "no text at all": bytes(range(256)),
    "NaN": b'{"Body": {"stkCallback": {"ResultCode": NaN}}}',
    "a thousand levels": b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
    "lists without end": b"[" * DEEP,
    "objects without end": b'{"Body":' * (DEEP // 8),
    "lists to the bound": b"[" * (DEEP // 2) + b"]" * (DEEP // 2),
    "a callback too deep to be one": b'{"a":' * 100 + b'{"stkCallback": {"ResultCode": 0}}' + b"}" * 100,
    "a phone number and a PIN": b'{"phone": "254712345678", "pin": "4321", "msisdn": "0712345678"}',
}


@pytest.mark.parametrize("name", NO_CALLBACKS)
def test_what_is_no_callback_is_refused(world: World, name: str) -> None:
    """A body that is no STK callback gets 400 with the guide's body where no payment's token is; nothing is kept."""
    kept = world.claims()
    families: tuple[Family, Family] = ("mpesa", "stk")
    for family in families:
        for token in ("", "f" * 48, callback_name("pay_of_nobody")):
            answer = world.post_callback(NO_CALLBACKS[name], token, family)
            assert (answer.status, answer.body) == (400, INVALID)
    assert world.claims() == kept


@pytest.mark.parametrize("name", NO_CALLBACKS)
def test_what_comes_to_a_payments_own_address_is_kept(world: World, name: str) -> None:
    """A body that says nothing is a claim where its sender knows the payment's token: kept, acknowledged, no proof."""
    payment = world.push()
    kept = world.claims()
    answer = world.tell(payment, NO_CALLBACKS[name])
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.bodies(payment.id) == [NO_CALLBACKS[name][:CLAIM_BYTES_KEPT]]
    assert world.untouched(payment)
    assert world.claims() == kept
    eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked")
    world.finish(payment)


def test_what_is_refused_is_logged_and_masked(world: World) -> None:
    """The log shows the beginning of a refused body, without the phone number, the PIN or the token in it."""
    name, token = callback_name("pay_of_no_booking"), callback_token("pay_of_no_booking")
    filler = "x" * 130
    bodies = [
        {"who": "the log", "phone": "254712345678", "pin": "4321", "password": "a-password-of-theirs"},
        {"who": "the log", "filler": filler, "token": name},
        {"who": "the log", "filler": filler, "phone": "0712345678 0712345678 0712345678 0712345678"},
    ]
    before = len(world.service.log)
    for body in bodies:
        assert world.post_callback(body, name).status == 400
    written = world.service.log[before:]
    assert written.count("the log") == 3
    assert "254712345678" not in written
    assert "0712345678" not in written
    assert "4321" not in written
    assert "a-password-of-theirs" not in written
    assert token[:12] not in written
    assert "/callback/of-_n-o_-bo-ok-in-g.**** 400" in written


@pytest.mark.parametrize("token", ["", "f" * 48])
def test_ten_megabytes_are_refused(world: World, token: str) -> None:
    """A body of ten megabytes is a 413 with the guide's body, also when a callback stands at its beginning."""
    callback = {"Body": {"stkCallback": {"CheckoutRequestID": "ws_CO_large", "ResultCode": 1032}}}
    kept = world.claims()
    for body in (b"x" * 10_000_000, json.dumps(callback | {"filler": "x" * 10_000_000}).encode()):
        answer = world.post_callback(body, token)
        assert (answer.status, answer.body) == (413, INVALID)
    assert world.claims() == kept


def test_a_body_that_only_claims_to_be_large_is_refused_at_once(world: World) -> None:
    """A gigabyte that is announced is refused before any of it has come."""
    headers = {"Content-Length": str(10**9), "Expect": "100-continue"}
    outcome = post_raw(f"{world.service.url}/api/v1/payments/mpesa/callback", headers, [])
    assert outcome.answer is not None
    assert (outcome.answer.status, outcome.answer.body) == (413, INVALID)
    assert outcome.seconds < 5


@pytest.mark.parametrize("path", ["/payments/mpesa/callback", "/payments/stk/callback/" + "0" * 48])
def test_an_endless_body_is_cut_off(world: World, path: str) -> None:
    """A chunked body that never ends is answered 413 and cut off after a bounded amount."""
    headers = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    outcome = post_raw(f"{world.service.url}/api/v1{path}", headers, chunks(b" " * 65_536, 2_000))
    assert outcome.sent_bytes < 64_000_000
    assert outcome.seconds < 15
    assert outcome.answer is None or (outcome.answer.status, outcome.answer.body) == (413, INVALID)
    assert world.service.call("GET", "/payments/mpesa/history").status == 200


def test_a_body_a_byte_over_the_bound_is_refused_and_one_at_the_bound_is_read(world: World) -> None:
    """The bound is 64 KiB: a callback of that size counts, and one byte more does not."""
    for size, status in ((65_536, 200), (65_537, 413)):
        callback = {"Body": {"stkCallback": {"CheckoutRequestID": f"ws_CO_{size}", "ResultCode": 1032}}}
        body = json.dumps(callback).encode()
        assert world.post_callback(body + b" " * (size - len(body))).status == status
    assert b"ws_CO_65536" in world.claims()[-1]


@pytest.mark.parametrize("family", ["mpesa", "stk"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_a_post_is_a_callback(world: World, method: str, family: str) -> None:
    """A GET, as the guide's check of the address sends it, is answered 405 at once, and says what is taken."""
    for suffix in ("", "/" + "0" * 48):
        began = time.monotonic()
        answer = call(method, f"{world.service.url}/api/v1/payments/{family}/callback{suffix}")
        assert time.monotonic() - began < 2
        assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_no_redirect_answers_a_callback_path(world: World) -> None:
    """A slash too many is no redirect, which Daraja would not follow; another address is a 404."""
    for path in ("/payments/mpesa/callback/", "/payments/mpesa//callback", "//payments/stk///callback//"):
        answer = call("POST", f"{world.service.url}/api/v1{path}", {})
        assert (answer.status, answer.body) == (400, INVALID)
    for path in ("/payments/mpesa/callback/a/b", "/payments/mpesa/callbackX", "/payments/mpesa/callbacks/" + "0" * 48):
        answer = call("POST", f"{world.service.url}/api/v1{path}", {})
        assert (answer.status, answer.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("body", [b"", b"not JSON", b"[]", b"null", b"[" * DEEP, b'"text"'])
def test_a_push_that_is_no_object_is_refused(world: World, body: bytes) -> None:
    """A body that is no JSON object is a 400 that says what to send."""
    answer = world.service.call("POST", "/payments/mpesa/stkpush", body)
    assert (answer.status, answer.body["code"]) == (400, "malformed_body")


def test_a_push_of_ten_megabytes_is_refused(world: World) -> None:
    """People's calls are bounded as well: ten megabytes are a 413 with the envelope of a problem."""
    answer = world.service.call("POST", "/payments/mpesa/stkpush", b"x" * 10_000_000)
    assert (answer.status, answer.body["code"]) == (413, "too_large")
