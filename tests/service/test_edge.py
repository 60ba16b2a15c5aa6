"""The edge of the service and of the simulator, with the bytes that common clients and proxies send."""

import json
import socket
from urllib.parse import urlsplit

from tests.service.running import eventually
from tests.service.wire import post_raw
from tests.service.world import ACCEPTED, World, callback_token, next_receipt, success

H2C = {
    "Connection": "Upgrade, HTTP2-Settings",
    "Upgrade": "h2c",
    "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
}
"""What every stock Java client offers on plain HTTP, and `curl --http2`."""


def test_a_client_that_offers_http2_loses_nothing(world: World) -> None:
    """A booking, a callback and a push to the simulator are taken with their bodies, in one piece and in two."""
    token = world.service.token(scope="bookings:write payments:read payments:write")
    own = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"service":"x"}'
    for pieces in ([body], [body[:3], body[3:]]):
        headers = {**H2C, **own, "Content-Length": str(len(body)), "Idempotency-Key": f"h2c-{len(pieces)}"}
        answer = post_raw(f"{world.service.url}/api/v1/bookings", headers, pieces).answer
        assert answer is not None
        assert (answer.status, answer.body["booking"]["service"]) == (201, "x")
    payment = world.push()
    content = json.dumps(success(payment.checkout, payment.amount, next_receipt())).encode()
    address = f"{world.service.url}/api/v1/payments/mpesa/callback/{callback_token(payment.id)}"
    told = post_raw(address, {**H2C, "Content-Length": str(len(content))}, [content]).answer
    assert told is not None
    assert (told.status, told.body) == (200, ACCEPTED)
    eventually(lambda: world.service.status(payment.id)["status"] == "completed", "the callback settles")
    push = f"{world.simulator.url}/mpesa/stkpush/v1/processrequest"
    content = b'{"PhoneNumber":"none"}'
    with_offer, without = (
        post_raw(push, {**offer, "Content-Length": str(len(content))}, [content]).answer for offer in (H2C, {})
    )
    assert with_offer is not None
    assert without is not None
    assert (with_offer.status, with_offer.body["errorMessage"]) == (without.status, without.body["errorMessage"])


def test_a_declared_body_is_never_a_request(world: World) -> None:
    """An offer to upgrade with a request as its body is answered once, by the service and by the simulator."""
    token = world.service.token(scope="payments:read")
    inner = f"GET /api/v1/payments/mpesa/history HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    for base, path in (
        (world.service.url, "/api/v1/payments/mpesa/callback"),
        (world.simulator.url, "/mpesa/stkpush/v1/processrequest"),
    ):
        offer = f"POST {path} HTTP/1.1\r\nHost: x\r\nUpgrade: foo\r\nConnection: upgrade\r\n"
        head = f"{offer}Content-Length: {len(inner)}\r\n\r\n".encode()
        parts = urlsplit(base)
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10) as connection:
            for piece in (head, inner[:20], inner[20:]):
                connection.sendall(piece)
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert received.count(b"HTTP/1.1 ") == 2
        assert b'"items"' not in received
