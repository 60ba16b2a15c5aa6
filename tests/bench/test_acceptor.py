"""The Daraja of the benchmarks accepts each push once and notes it, plain or over TLS with a certificate of its own."""

import asyncio
import json
import ssl
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from bench.acceptor import Acceptor, Noted

_PUSH = {"PhoneNumber": "254712345678", "CallBackURL": "https://shop.example/callback/0123"}


def _push(daraja: Acceptor) -> dict[str, str]:
    trusted = ssl.create_default_context(cafile=daraja.trust["SSL_CERT_FILE"]) if daraja.trust else None
    asked = Request(f"{daraja.url}/mpesa/stkpush/v1/processrequest", json.dumps(_PUSH).encode())
    with urlopen(asked, context=trusted, timeout=30) as answer:
        read: dict[str, str] = json.loads(answer.read())
    return read


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_push_is_accepted_and_noted(tls: bool, tmp_path: Path) -> None:
    """Each push gets the id of its phone; phone, callback address and connection are told once."""
    with Acceptor(tmp_path, tls=tls) as daraja:
        assert daraja.url.startswith("https:" if tls else "http:")
        assert _push(daraja)["CheckoutRequestID"] == "ws_CO_254712345678"
        assert daraja.noted() == Noted([(_PUSH["PhoneNumber"], _PUSH["CallBackURL"])], 1)
        assert daraja.noted() == Noted([], 0)


def test_a_connection_carries_several_requests(tmp_path: Path) -> None:
    """Requests that follow each other on one connection are each answered, also where one comes in two pieces."""

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(daraja.url.rsplit(":", 1)[1]))
        first, second = b"GET /oauth/v1/generate HTTP/1.1\r\n", b"Host: x\r\n\r\n"
        writer.write(first)
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(second + first + second)
        found = b""
        while found.count(b"access_token") < 2:
            found += await reader.read(1000)
        writer.close()
        return found

    with Acceptor(tmp_path) as daraja:
        assert asyncio.run(ask()).startswith(b"HTTP/1.1 200 OK")
        assert daraja.noted().connections == 1
