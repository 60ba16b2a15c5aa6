"""Behind real proxies: what an attacker sends is never another request, and the client's address is the proxy's word.

Where a proxy is not on this machine, the bytes that it sends are what is tested; these are tested in any case.
"""

import asyncio
import re
from pathlib import Path

import pytest

from tests.api.http.answering import LONG, SHORT, saying_what_came
from tests.api.http.proxies import NAMES, documented, program_of, proxying
from tests.api.serving import Client, against, converse

ATTACKS = 20
HERE = [name for name in NAMES if program_of(name)]
INNER = b"GET /secret HTTP/1.1\r\nHost: x\r\n\r\n"
OFFER = (
    f"POST {SHORT} HTTP/1.1\r\nHost: pay.example\r\nUpgrade: foo\r\nConnection: upgrade\r\n"
    f"X-Forwarded-For: 6.6.6.6\r\nContent-Length: {len(INNER)}\r\n\r\n"
).encode()
H2C = OFFER.replace(b"Upgrade: foo\r\nConnection: upgrade", b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings")
CHUNKED = (
    f"POST {LONG} HTTP/1.1\r\nHost: pay.example\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\nX-Forwarded-For: 196.201.214.200\r\nIdempotency-Key: theirs\r\n\r\n"
).encode()


@pytest.mark.parametrize("as_documented", [False, True], ids=["as most have it", "as documented"])
@pytest.mark.parametrize("name", HERE)
def test_strangers_get_their_own_answers(name: str, as_documented: bool, tmp_path: Path) -> None:
    """Attacks and strangers share the proxy's connections: each stranger is answered with what was asked for."""
    app = saying_what_came()

    async def talk(client: Client) -> None:
        upstream = int(client.base_url.rpartition(":")[2])
        with proxying(name, tmp_path, upstream, as_documented=as_documented) as port:
            proxied = Client(client.session, f"http://127.0.0.1:{port}")
            for number in range(ATTACKS):
                offer = (OFFER, H2C)[number % 2]
                parts = [offer + INNER] if number % 3 else [offer, INNER[:9], INNER[9:]]
                answer = await converse(proxied, *parts, pause_seconds=0.01, wait_seconds=0.05, until=b'"way"')
                assert re.findall(r"HTTP/1\.1 (\d+)", answer.text) == ["200"], answer.text
                assert '"body":"GET /secret' in answer.text
                stranger = await proxied.get("/healthz")
                assert (stranger.status, stranger.body) == (200, {"status": "ok"})
            trailing = await converse(proxied, CHUNKED, wait_seconds=0.05, until=b'"way"')
            assert '"body":"hello"' in trailing.text
            assert "idempotency-key" not in trailing.text
            inside = await proxied.get("/readyz")
            assert inside.status == (404 if as_documented else 200)

    against(app, talk)


AS_PROXIES_SEND = {
    "nginx with the snippet for websockets": (
        "POST {path} HTTP/1.1\r\nUpgrade: foo\r\nConnection: upgrade\r\nX-Forwarded-For: 127.0.0.1\r\nHost: pokea\r\n"
        "Content-Length: {length}\r\n\r\n"
    ),
    "nginx as documented": (
        "POST {path} HTTP/1.1\r\nHost: pay.example\r\nX-Forwarded-For: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
    ),
    "caddy": (
        "POST {path} HTTP/1.1\r\nHost: pay.example\r\nContent-Length: {length}\r\nConnection: Upgrade\r\n"
        "Upgrade: foo\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: pay.example\r\nX-Forwarded-Proto: http\r\n\r\n"
    ),
    "haproxy": (
        "POST {path} HTTP/1.1\r\nhost: pay.example\r\nconnection: upgrade\r\nx-forwarded-for: 6.6.6.6\r\n"
        "content-length: {length}\r\nx-forwarded-for: 127.0.0.1\r\n\r\n"
    ),
    "haproxy with a tunnel": (
        "POST {path} HTTP/1.1\r\nhost: pay.example\r\nupgrade: foo\r\nconnection: Upgrade\r\n"
        "content-length: {length}\r\nx-forwarded-for: 127.0.0.1\r\n\r\n"
    ),
}


@pytest.mark.parametrize("cut", [0, 1], ids=["together", "head and body apart"])
@pytest.mark.parametrize("kind", AS_PROXIES_SEND)
def test_what_a_proxy_sends_is_one_request_for_each_of_its_own(kind: str, cut: int) -> None:
    """On one connection of the proxy: an attack, then a stranger's call, and so on; each has one answer, in order."""

    async def talk(client: Client) -> None:
        parts: list[bytes] = []
        for number in range(ATTACKS):
            head = AS_PROXIES_SEND[kind].format(path=(SHORT, LONG)[number % 2], length=len(INNER)).encode()
            stranger = f"GET {LONG}?{number} HTTP/1.1\r\nHost: pay.example\r\n\r\n".encode()
            parts += [head, INNER, stranger] if cut else [head + INNER, stranger]
        last = b"GET /healthz HTTP/1.1\r\nHost: pay.example\r\nConnection: close\r\n\r\n"
        answer = await converse(client, *parts, last, pause_seconds=0.002)
        assert re.findall(r"HTTP/1\.1 (\d+)", answer.text) == ["200"] * (2 * ATTACKS + 1)
        assert answer.text.count('"body":"GET /secret') == ATTACKS
        await asyncio.sleep(0)

    against(saying_what_came(), talk)


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_has_an_example_for_each(name: str) -> None:
    """Each forwards to Pokea and bounds what a client may send."""
    example = documented(name)
    assert "127.0.0.1:8000" in example
    assert "10s" in example
