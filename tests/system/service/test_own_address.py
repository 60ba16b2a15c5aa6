"""What arrives at a payment's own callback address, in whatever form: kept, acknowledged, and Daraja is asked."""

import gzip
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import update

from pokea.operations.evidence import CLAIM_BYTES_KEPT
from pokea.operations.tokens import callback_digest
from pokea.storage.tables import payments
from tests.system.service.conftest import StartWorld
from tests.system.service.running import call, eventually
from tests.system.service.wire import chunks, post_raw
from tests.system.service.world import (
    ACCEPTED,
    Pushed,
    World,
    callback_name,
    callback_token,
    failure,
    next_receipt,
    success,
)

COMPRESSED = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
UNREADABLE = {
    "Brotli": (b"\x8b\x02\x80{}\x03", {"Content-Encoding": "br"}),
    "XML": (b"<a>1</a>", {"Content-Type": "text/xml"}),
    "half of it": (b'{"Body": {"stkCallback": {"Check', {}),
    "a JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", {"Content-Type": "image/jpeg"}),
    "a NUL": (b"\0", {}),
    "nothing": (b"", {}),
    "too much": (b"x" * 200_000, {"Content-Type": "application/octet-stream"}),
}


def own_url(world: World, payment: Pushed) -> str:
    """The payment's own callback address."""
    return f"{world.service.url}/api/v1/payments/mpesa/callback/{callback_name(payment.id)}"


def is_kept_and_asked(world: World, payment: Pushed, body: bytes) -> bool:
    """Whether the beginning of the body is the payment's evidence, and Daraja is asked; the payment is open still."""
    assert world.bodies(payment.id) == [body[:CLAIM_BYTES_KEPT]]
    eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked")
    return world.untouched(payment)


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_kept_and_makes_us_ask(world: World, what: str) -> None:
    """Given a payment's token and bytes that say nothing, the answer is the acknowledgement and Daraja is asked."""
    payment = world.push()
    body, headers = UNREADABLE[what]
    answer = call("POST", own_url(world, payment), body, headers)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert is_kept_and_asked(world, payment, body)
    world.finish(payment)


@pytest.mark.parametrize("body", [b"<a>1</a>", None])
def test_the_address_of_before_an_upgrade_is_still_the_payments_own(world: World, body: bytes | None) -> None:
    """Given a payment that an earlier version pushed, whose address had its token alone, a success there completes it,
    and what cannot be read is kept and makes us ask."""
    payment = world.push()
    token = callback_token(payment.id)
    made_before = update(payments).where(payments.c.id == payment.id).values(callback_digest=callback_digest(token))
    world.query(lambda connection: connection.execute(made_before))
    if body is not None:
        answer = call("POST", f"{world.service.url}/api/v1/payments/mpesa/callback/{token}", body)
        assert (answer.status, answer.body) == (200, ACCEPTED)
        assert is_kept_and_asked(world, payment, body)
    receipt = next_receipt()
    assert world.post_callback(success(payment.checkout, payment.amount, receipt), token).status == 200
    assert world.service.until(payment.id, "completed")["mpesaReceiptNumber"] == receipt
    assert world.row(payment.id).completed_by == "callback"


def test_a_compressed_callback_completes_its_payment(world: World) -> None:
    """Given a success in gzip at the payment's own address, it completes by the callback, without a question."""
    payment = world.push()
    receipt = next_receipt()
    body = gzip.compress(json.dumps(success(payment.checkout, payment.amount, receipt)).encode())
    answer = call("POST", own_url(world, payment), body, COMPRESSED)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.service.until(payment.id, "completed")["mpesaReceiptNumber"] == receipt
    assert world.row(payment.id).completed_by == "callback"


def test_a_callback_in_a_form_proves_nothing_and_daraja_confirms_it(world: World) -> None:
    """Given a paid prompt whose callback is lost and comes in a form, the payment completes by the question."""
    payment = world.push()
    world.simulator.fault("callback_lost", msisdn=payment.phone, count=1)
    world.simulator.answer(payment.phone, "pay")
    text = json.dumps(success(payment.checkout, payment.amount, next_receipt()))
    body = urlencode({"data": text}).encode()
    answer = call("POST", own_url(world, payment), body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status, answer.body) == (200, ACCEPTED)
    world.service.until(payment.id, "completed")
    assert world.row(payment.id).completed_by == "query"


def test_unreadable_bytes_after_a_failure_make_us_ask(world: World) -> None:
    """Given a payment that failed, bytes at its own address that say nothing bring the question forward."""
    payment = world.push()
    world.finish(payment)
    attempts = world.row(payment.id).inquiries
    assert call("POST", own_url(world, payment), b"\x00\x01").body == ACCEPTED
    eventually(lambda: world.row(payment.id).inquiries > attempts, "Daraja is asked again")
    assert world.service.status(payment.id)["status"] == "failed"


@pytest.mark.parametrize("path", ["/{token}/", "//{token}", "/{token}///", "/{token}?utm=1", "//{token}//?"])
def test_slashes_too_many_reach_the_payment(world: World, path: str) -> None:
    """A callback whose address was joined badly is as good as any other."""
    payment = world.push()
    for start in ("/api/v1/payments/mpesa/callback", "//api//v1/payments/stk/callback"):
        url = world.service.url + start + path.format(token=callback_name(payment.id))
        answer = call("POST", url, failure(payment.checkout, 1032))
        assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.service.status(payment.id)["status"] == "failed"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_method_loses_nothing(world: World, method: str) -> None:
    """What is sent to the payment's own address by PUT or PATCH counts; at another token's it is a 405."""
    payment = world.push()
    body = failure(payment.checkout, 1032)
    assert call(method, own_url(world, payment), body).body == ACCEPTED
    assert world.service.status(payment.id)["status"] == "failed"
    refused = call(method, f"{world.service.url}/api/v1/payments/mpesa/callback/{callback_name('nobody')}", body)
    assert (refused.status, refused.headers["allow"]) == (405, "POST")


def test_a_body_over_the_bound_is_read_as_far_as_it_comes(world: World) -> None:
    """Given a callback and a byte too many of blanks behind it, at the payment's own address it counts."""
    payment = world.push()
    body = json.dumps(failure(payment.checkout, 1032)).encode()
    answer = call("POST", own_url(world, payment), body + b" " * (65_537 - len(body)))
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.service.until(payment.id, "failed")["failure"]["code"] == "1032"


def test_an_endless_body_leaves_its_beginning(world: World) -> None:
    """A chunked body that never ends is read up to a bound, kept by its beginning and acknowledged."""
    payment = world.push()
    outcome = post_raw(own_url(world, payment), {"Transfer-Encoding": "chunked"}, chunks(b"y" * 65_536, 2_000))
    assert outcome.sent_bytes < 64_000_000
    assert is_kept_and_asked(world, payment, b"y" * CLAIM_BYTES_KEPT)
    world.finish(payment)


def test_a_gigabyte_that_is_only_announced_is_a_claim(world: World) -> None:
    """A sender that waits for permission to send a gigabyte is acknowledged at once, and Daraja is asked."""
    payment = world.push()
    headers = {"Content-Length": str(10**9), "Expect": "100-continue"}
    outcome = post_raw(own_url(world, payment), headers, [])
    assert outcome.answer is not None
    assert (outcome.answer.status, outcome.answer.body) == (200, ACCEPTED)
    assert is_kept_and_asked(world, payment, b"")
    world.finish(payment)


def half_sent() -> Iterator[bytes]:
    """The beginning of a body that is longer than what comes of it."""
    yield b'{"Body": {"stkCall'


def test_a_connection_that_ends_in_the_middle_leaves_its_beginning(world: World) -> None:
    """Given a connection that is cut in the middle of the body, what came is kept and Daraja is asked."""
    payment = world.push()
    parts = urlsplit(own_url(world, payment))
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 900\r\n\r\n".encode()
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as connection:
        connection.sendall(head + b'{"Body": {"stkCall')
    eventually(lambda: world.bodies(payment.id), "the beginning is kept")
    assert is_kept_and_asked(world, payment, b'{"Body": {"stkCall')
    world.finish(payment)


def test_only_a_proved_token_raises_the_alert(start_world: StartWorld) -> None:
    """Given a list of senders, bare bodies and guessed tokens from elsewhere alert nobody; a payment's own does."""
    world = start_world(POKEA_CALLBACK_ALLOWED_IPS="196.201.212.0/24")
    payment = world.push()
    body = success(payment.checkout, payment.amount, next_receipt())
    for token in ("", "f" * 48, callback_name("pay_of_nobody")):
        assert world.post_callback(body, token).body == ACCEPTED
        assert world.post_callback(b"junk", token).status == 400
    assert "CRITICAL" not in world.service.log
    assert world.tell(payment, body).body == ACCEPTED
    eventually(lambda: "CRITICAL" in world.service.log, "the operator is alerted")
    (line,) = [each for each in world.service.log.splitlines() if "CRITICAL" in each]
    assert payment.id in line
    assert "127.0.0.1" in line
