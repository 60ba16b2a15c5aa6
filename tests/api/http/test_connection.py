"""Which bytes of a connection are a request: where it ends, and that each is answered once and in its order."""

import asyncio
import json
import re
from io import StringIO
from typing import Any

import pytest

from tests.api.http.answering import LONG, SHORT, saying_what_came
from tests.api.serving import Client, RawAnswer, against, converse

SECRET = b"GET /secret HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mine\r\n\r\n"
"""A request that an attacker declares to be a body."""
OFFERS = {
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n",
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n",
    "anything": "Upgrade: foo\r\nConnection: upgrade\r\n",
    "among others": "Connection: keep-alive, upgrade\r\nUpgrade: foo, bar\r\n",
    "to a proxy": "Proxy-Connection: upgrade\r\nUpgrade: foo\r\n",
    "twice": "Connection: upgrade\r\nUpgrade: foo\r\nUpgrade: bar\r\nConnection: upgrade\r\n",
    "asking first": "Connection: upgrade\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n",
}
CUTS = ("whole", "head and body", "three parts", "bytes")


def offering(path: str, offer: str, body: bytes, *, chunked: bool = False) -> bytes:
    """A POST that offers an upgrade."""
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{offer}{framing}\r\n\r\n".encode()
    return head + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body)


def cut(request: bytes, how: str) -> list[bytes]:
    """The request as a network may bring it."""
    head = request.index(b"\r\n\r\n") + 4
    match how:
        case "whole":
            return [request]
        case "head and body":
            return [request[:head], request[head:]]
        case "three parts":
            return [request[:head], request[head : head + 9], request[head + 9 :]]
        case _:
            return [bytes((byte,)) for byte in request]


def bodies(answer: RawAnswer) -> list[Any]:
    """The JSON bodies of all answers."""
    return [json.loads(body) for body in re.findall(r"\r\n\r\n(\{.*?\})(?=HTTP/1\.1|$)", answer.text, re.DOTALL)]


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
def test_an_offer_to_upgrade_costs_no_body(offer: str, chunked: bool, how: str) -> None:
    """A request with an offer that is not taken is answered once, with its whole body, and the next one as usual."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        for path in (SHORT, LONG):
            first = cut(offering(path, OFFERS[offer], SECRET, chunked=chunked), how)
            last = f"GET {LONG} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
            answer = await converse(client, *first, last, pause_seconds=0 if how == "bytes" else 0.01)
            assert answer.text.count("HTTP/1.1 200 ") == 2, answer.text
            told = bodies(answer)
            assert [each["body"] for each in told] == [SECRET.decode(), ""]
            assert "upgrade" not in told[0]["headers"]
            assert answer.closed
        assert app.state.reached == 4

    against(app, talk)


@pytest.mark.parametrize("how", CUTS)
def test_offers_behind_each_other_are_answered_in_their_order(how: str) -> None:
    """Each request of a connection may offer an upgrade."""

    async def talk(client: Client) -> None:
        offers = [offering(LONG, OFFERS["h2c"], body) for body in (b"one", b"two", b"three")]
        parts = [part for each in offers for part in cut(each, how)] if how != "whole" else [b"".join(offers)]
        closing = f"GET {SHORT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = await converse(client, *parts, closing)
        assert [each["body"] for each in bodies(answer)] == ["one", "two", "three", ""]

    against(saying_what_came(), talk)


@pytest.mark.parametrize("how", ["whole", "head and body", "bytes"])
def test_a_tunnel_is_refused_and_nothing_is_read_after_it(how: str) -> None:
    """CONNECT is answered once, and what would go through the tunnel is no request."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        tunnel = b"CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\nContent-Length: 5\r\n\r\n"
        request = tunnel + f"GET {LONG} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        parts = cut(request, how) if how != "bytes" else cut(tunnel, how)
        answer = await converse(client, *parts)
        assert answer.text.count("HTTP/1.1") == 1
        assert (answer.status, answer.closed) == (405, True)
        assert app.state.reached == 0

    against(app, talk)


AMBIGUOUS = {
    "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunks and length": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n",
    "one length twice": "Content-Length: 5\r\nContent-Length: 5\r\n",
    "a list of lengths": "Content-Length: 5, 5\r\n",
    "a signed length": "Content-Length: +5\r\n",
    "a hexadecimal length": "Content-Length: 0x5\r\n",
    "no length": "Content-Length: \r\n",
    "a length beyond 64 bits": "Content-Length: 18446744073709551621\r\n",
    "a blank before the colon": "Content-Length : 5\r\n",
    "another coding": "Transfer-Encoding: xchunked\r\n",
    "chunks inside": "Transfer-Encoding: chunked, identity\r\n",
    "chunks twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "a control character": "Transfer-Encoding: \x0bchunked\r\n",
    "a folded value": "X-A: b\r\n Content-Length: 5\r\n",
    "a folded length": "Content-Length:\r\n 5\r\n",
    "a bare line feed": "X-A: b\nContent-Length: 5\r\n",
    "a bare carriage return": "X-A: b\rContent-Length: 5\r\n",
    "a zero byte": "X-A: b\x00c\r\nContent-Length: 5\r\n",
    "a blank at the front": " Content-Length: 5\r\n",
}


@pytest.mark.parametrize("offer", ["", OFFERS["anything"]], ids=["plain", "with an offer"])
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_request_that_two_servers_may_read_differently_is_refused(kind: str, offer: str, log_lines: StringIO) -> None:
    """It is answered with 400 alone, the connection is closed, nothing reaches the application, nothing is dumped."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        for path in (SHORT, LONG):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\n{offer}{AMBIGUOUS[kind]}\r\n".encode("latin-1")
            answer = await converse(client, head + b"0\r\n\r\n" + SECRET)
            assert answer.text.count("HTTP/1.1") == 1
            assert (answer.status, answer.closed) == (400, True)
        assert app.state.reached == 0

    against(app, talk)
    assert "Traceback" not in log_lines.getvalue()


CHUNKS = {
    "a bare line feed": b"5\nhello\r\n0\r\n\r\n",
    "a bare line feed after an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "a blank": b"5 \r\nhello\r\n0\r\n\r\n",
    "a sign": b"-5\r\nhello\r\n0\r\n\r\n",
    "a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "too long": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "no end": b"5\r\nhelloX\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("kind", CHUNKS)
def test_a_body_whose_chunks_may_be_read_differently_is_refused(kind: str, log_lines: StringIO) -> None:
    """The call never has its body, and is answered with 400 alone."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        head = f"POST {LONG} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        answer = await converse(client, head + CHUNKS[kind] + SECRET)
        assert answer.text.count("HTTP/1.1") == 1
        assert (answer.status, answer.closed) == (400, True)
        assert app.state.reached == 0

    against(app, talk)
    assert "Traceback" not in log_lines.getvalue()


def test_an_address_with_a_host_is_taken_for_its_path() -> None:
    """The absolute form, which a proxy may send, names the same resource."""

    async def talk(client: Client) -> None:
        request = f"GET http://other.example{LONG}?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = await converse(client, request.encode())
        assert (answer.status, bodies(answer)[0]["way"]) == (200, "long")

    against(saying_what_came(), talk)


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9"])
def test_another_version_of_http_is_refused(version: str) -> None:
    """What is not HTTP/1 has other rules for where a request ends."""

    async def talk(client: Client) -> None:
        answer = await converse(client, f"GET {LONG} {version}\r\nHost: x\r\n\r\n".encode())
        assert (answer.status, answer.closed) == (505, True)

    against(saying_what_came(), talk)


def test_what_is_no_request_is_answered_after_the_answers_before_it(log_lines: StringIO) -> None:
    """Garbage behind a request that is still being answered cuts no answer and leaves no traceback."""

    async def talk(client: Client) -> None:
        for path in (SHORT, LONG):
            good = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            answer = await converse(client, good * 3 + b"\x16\x03\x01 garbage\r\n\r\n" + good)
            assert re.findall(r"HTTP/1\.1 (\d+)", answer.text) == ["200", "200", "200", "400"]
            assert answer.closed

    against(saying_what_came(), talk)
    assert "Traceback" not in log_lines.getvalue()


def test_nothing_is_read_after_a_request_that_closes_its_connection() -> None:
    """`Connection: close` makes it the last one."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        last = f"GET {SHORT} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        answer = await converse(client, last + f"GET {LONG} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (len(bodies(answer)), answer.closed) == (1, True)
        await asyncio.sleep(0)
        assert app.state.reached == 1

    against(app, talk)


FROM_THE_CLIENT = ("X-Forwarded-For", "Authorization", "Idempotency-Key", "Origin", "X-Request-Id", "Content-Type")


@pytest.mark.parametrize("name", FROM_THE_CLIENT)
def test_a_trailer_is_no_header(name: str) -> None:
    """What stands behind a chunked body has passed no proxy: the application does not see it."""

    async def talk(client: Client) -> None:
        head = f"POST {LONG} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        whole = f"{head}5\r\nhello\r\n0\r\n{name}: 196.201.214.200\r\n\r\n".encode()
        for at in (0, -20, whole.index(b"\r\n0\r\n") + 2):
            answer = await converse(client, whole[:at], whole[at:], pause_seconds=0.02)
            (told,) = bodies(answer)
            assert (told["body"], name.lower() in told["headers"]) == ("hello", False)

    against(saying_what_came(), talk)
