"""The edge of the service and of the simulator, with the bytes that common clients and proxies send."""

import contextlib
import json
import resource
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.system.service.conftest import StartWorld
from tests.system.service.running import Program, call, eventually
from tests.system.service.wire import post_raw
from tests.system.service.world import ACCEPTED, World, callback_name, next_receipt, success

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
    address = f"{world.service.url}/api/v1/payments/mpesa/callback/{callback_name(payment.id)}"
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


MEGABYTE = 1 << 20
CHUNKED = b"POST /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
COSTLY = {
    "a head without end": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (4 * MEGABYTE // 6),
    "a value without end": b"GET / HTTP/1.1\r\nA: " + b"x" * 4 * MEGABYTE,
    "an address without end": b"GET /" + b"x" * 4 * MEGABYTE,
    "trailers without end": CHUNKED + b"a: b\r\n" * (4 * MEGABYTE // 6),
    "calls that are not read": b"GET /openapi.json HTTP/1.1\r\n\r\n" * 12_000,
}


def memory_megabytes(program: Program) -> float:
    """What the process holds in memory."""
    assert program.process is not None
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_hostile_connections_cost_little_and_give_it_back(start_world: StartWorld) -> None:
    """Twenty connections of each kind cost less than 160 MB, others are answered meanwhile, and little stays."""
    service = start_world().service
    call("GET", f"{service.url}/openapi.json")
    before = memory_megabytes(service)
    parts = urlsplit(service.url)
    for kind, sent in COSTLY.items():
        with contextlib.ExitStack() as stack:
            for _ in range(20):
                connection = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60)
                stack.enter_context(connection).settimeout(2)
                # The service may have had enough, or may read nothing more for now.
                with contextlib.suppress(OSError):
                    connection.sendall(sent)
            assert call("GET", f"{service.url}/healthz", timeout_seconds=60).status == 200, kind
            assert memory_megabytes(service) - before < 160, kind
    eventually(lambda: memory_megabytes(service) - before < 80, "the memory is given back", 10)


def test_idle_connections_do_not_use_up_the_files(start_world: StartWorld) -> None:
    """More connections than files are closed for others, it is logged, and payments go on."""
    world = start_world(most_files=64)
    service = world.service
    parts = urlsplit(service.url)
    with contextlib.ExitStack() as stack:
        for _ in range(90):
            stack.enter_context(socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5))
        eventually(lambda: _answers(service.url), "others are answered", 10)
        assert world.push().checkout
    assert "all that the limit of open files leaves room for" in service.log


def _answers(url: str) -> bool:
    try:
        return call("GET", f"{url}/healthz", timeout_seconds=2).status == 200
    except OSError:
        return False


def test_the_limit_of_files_is_raised_as_far_as_the_system_lets_it(start_world: StartWorld) -> None:
    """The usual soft limit is for programs of the last century; the hard one is what the machine's owner allows."""
    service = start_world().service
    assert service.process is not None
    soft, hard = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard
