"""The transport over real sockets: one request out, one answer back, and the truth about whether anything left."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from pokea.transport import LONGEST_REPLY_BYTES, HttpTransport, NoAnswer, NotSent, Reply
from tests.daraja.server import FIREWALL_PAGE, HTML, Act, DarajaServer

T = TypeVar("T")
PATH = "/anything"


def over_the_wire(run: Callable[[DarajaServer, HttpTransport], Awaitable[T]]) -> T:
    """What `run` returns, given a server and a transport."""

    async def main() -> T:
        async with DarajaServer() as server:
            transport = HttpTransport(connect_timeout_seconds=1.0)
            try:
                return await run(server, transport)
            finally:
                await transport.close()

    return asyncio.run(main())


def answered(act: Act, method: str = "POST", timeout_seconds: float = 5.0) -> tuple[Reply, int]:
    """The reply to one request, and how many arrived."""

    async def run(server: DarajaServer, transport: HttpTransport) -> tuple[Reply, int]:
        server.plan(PATH, act)
        reply = await transport.send(method, server.address + PATH, {"X-Said": "once"}, b"{}", timeout_seconds)
        assert server.requests[0].headers["x-said"] == "once"
        return reply, server.count(PATH)

    return over_the_wire(run)


@pytest.mark.parametrize("status", [200, 201, 204, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_status_is_a_reply(method: str, status: int) -> None:
    """Whatever its status an answer is a value, redirects are not followed, and nothing is repeated."""
    body = b"" if status == 204 else FIREWALL_PAGE
    assert answered(Act(status, body, HTML), method) == (Reply(status, HTML, body), 1)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("act", [Act(200, b"x" * 100, cut=True), Act(silent=True)], ids=["cut", "silent"])
def test_request_without_a_whole_answer_went_out_once(method: str, act: Act) -> None:
    """After a cut or a silence the outcome is unknown, and no second request was made behind our back."""

    async def run(server: DarajaServer, transport: HttpTransport) -> None:
        server.plan(PATH, act, Act(200))
        with pytest.raises(NoAnswer):
            await transport.send(method, server.address + PATH, {}, None, 2.5)
        assert server.count(PATH) == 1

    over_the_wire(run)


@pytest.mark.parametrize(("length", "is_read"), [(LONGEST_REPLY_BYTES, True), (LONGEST_REPLY_BYTES + 1, False)])
def test_answer_is_bounded(length: int, is_read: bool) -> None:
    """An answer of the longest length is read, and a byte more is no answer."""
    if is_read:
        assert len(answered(Act(200, b"x" * length))[0].body) == length
    else:
        with pytest.raises(NoAnswer):
            answered(Act(200, b"x" * length))


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "http://nowhere.invalid", "not an address"])
def test_nobody_there_means_not_sent(address: str) -> None:
    """A refused connection, an unknown host and an impossible address are told apart from silence."""

    async def run(_server: DarajaServer, transport: HttpTransport) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(NotSent):
                await transport.send("POST", address.format(port=taken.getsockname()[1]), {}, b"{}", 5.0)

    over_the_wire(run)


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("127.0.0.1:1/x", {}),
        ("daraja.test/x", {}),
        ("ftp://127.0.0.1/x", {}),
        ("file:///etc/passwd", {}),
        ("", {}),
        ("/path", {}),
        ("http://", {}),
        ("http://127.0.0.1:port/x", {}),
        ("http://[::1/x", {}),
        ("http://a..b/x", {}),
        ("http://127.0.0.1:1/x", {"Authorization": "Bearer a\nb"}),
    ],
)
def test_what_no_request_can_be_made_of_was_not_sent(url: str, headers: dict[str, str]) -> None:
    """An address or a header that no request can be made of is a request that never left."""

    async def run(_server: DarajaServer, transport: HttpTransport) -> None:
        with pytest.raises(NotSent):
            await transport.send("POST", url, headers, b"{}", 5.0)

    over_the_wire(run)


def test_failure_tells_no_address() -> None:
    """What a failure says names its kind and not the address, which may carry a secret."""

    async def run(_server: DarajaServer, transport: HttpTransport) -> str:
        with pytest.raises(NotSent) as failure:
            await transport.send("POST", "http://nowhere.invalid/secret", {}, b"{}", 5.0)
        return str(failure.value)

    assert "secret" not in over_the_wire(run)


def test_each_request_has_a_connection_of_its_own() -> None:
    """No connection is used again, so none can have been closed by the other side unnoticed."""

    async def run(server: DarajaServer, transport: HttpTransport) -> None:
        for _ in range(3):
            await transport.send("POST", server.address + PATH, {}, b"{}", 5.0)
        assert [request.headers["connection"] for request in server.requests] == ["close"] * 3

    over_the_wire(run)


def test_transport_can_be_closed_unused_and_twice() -> None:
    """Letting go of nothing is no error."""

    async def run(_server: DarajaServer, transport: HttpTransport) -> None:
        await transport.close()
        await transport.close()

    over_the_wire(run)


@pytest.mark.parametrize("connect_seconds", [0.3, 5.5])
def test_a_connection_that_comes_too_late_carries_nothing(connect_seconds: float) -> None:
    """Without a connection within its time the request is not sent, whatever time the answer is given; to the second,
    also beyond the five seconds from which aiohttp rounds up."""

    async def run(_server: DarajaServer, _transport: HttpTransport) -> float:
        transport = HttpTransport(connect_timeout_seconds=20.0)
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            host, port = full.getsockname()
            # The queue of the one that listens is full: who knocks now is not answered.
            knocks = [socket.socket() for _ in range(3)]
            for knock in knocks:
                knock.setblocking(False)
                knock.connect_ex((host, port))
            began = asyncio.get_running_loop().time()
            with pytest.raises(NotSent):
                await transport.send("POST", f"http://{host}:{port}/", {}, b"{}", 30, connect_seconds=connect_seconds)
            for knock in knocks:
                knock.close()
        await transport.close()
        return asyncio.get_running_loop().time() - began

    assert over_the_wire(run) < connect_seconds + 0.4
