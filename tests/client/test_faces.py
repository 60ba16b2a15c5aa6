"""The two faces on the wire: connections, headers, bounds, and what was not sent."""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pokea.client import AsyncPokea, NoReply, NotReached, Pokea, performing
from pokea.testing import free_port
from tests.ground.sealing import certificate, private_key
from tests.system.conformance.scripted import scripted

BOOKING: dict[str, Any] = {"status": 200, "booking": True}


def test_threads_share_a_client() -> None:
    """Ten threads take a hundred bookings, and each gets an answer."""
    with scripted([BOOKING] * 100) as script, Pokea(script.url, "token") as client, ThreadPoolExecutor(10) as pool:
        found = list(pool.map(client.bookings.get, ["bk_1"] * 100))
    assert [each.id for each in found] == ["bk_1"] * 100
    assert len(script.asked) == 100


def test_tasks_share_a_client() -> None:
    """As threads, with asyncio."""

    async def taken(url: str) -> list[str]:
        async with AsyncPokea(url, "token") as client:
            return [each.id for each in await asyncio.gather(*[client.bookings.get("bk_1") for _ in range(50)])]

    with scripted([BOOKING] * 50) as script:
        assert asyncio.run(taken(script.url)) == ["bk_1"] * 50


def test_a_token_may_be_made_for_each_call() -> None:
    """What gives tokens is asked at each call, so that one which expires is replaced."""
    given = iter(["one", "two"])
    with scripted([BOOKING] * 2) as script, Pokea(script.url, lambda: next(given)) as client:
        client.bookings.get("bk_1")
        client.bookings.get("bk_1")
    assert next(given, None) is None


@pytest.mark.parametrize("is_blocking", [True, False])
def test_an_answer_without_end_is_not_read_on(is_blocking: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound an answer counts as none."""
    for module in (performing, "pokea.client.blocking", "pokea.client.asynchronous"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.LONGEST_ANSWER_BYTES", 1_000)

    async def asked(url: str) -> None:
        async with AsyncPokea(url, "token") as client:
            await client.links.delete("ln_1")

    with scripted([{"status": 200, "text": "x" * 1_001}]) as script:
        with pytest.raises(NoReply, match="too long"):
            Pokea(script.url, "token").links.delete("ln_1") if is_blocking else asyncio.run(asked(script.url))
        assert len(script.asked) == 1


@pytest.mark.parametrize("is_blocking", [True, False])
def test_a_certificate_that_is_not_trusted_ends_the_call_before_it_is_sent(is_blocking: bool, tmp_path: Path) -> None:
    """No byte of it, and so no token, goes to a server that cannot prove who it is."""

    async def asked(url: str) -> None:
        async with AsyncPokea(url, "token") as client:
            await client.bookings.get("bk_1")

    with scripted([BOOKING], context=untrusted(tmp_path)) as script:
        url = script.url.replace("http://", "https://")
        with pytest.raises(NotReached, match=r"(?i)certificate"):
            Pokea(url, "token").bookings.get("bk_1") if is_blocking else asyncio.run(asked(url))
        assert script.asked == []


def untrusted(folder: Path) -> ssl.SSLContext:
    """What a server proves itself with that no authority knows."""
    file = folder / "server.pem"
    key = private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(key + certificate())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_port_on_which_nothing_listens_is_not_reached() -> None:
    """The error says that nothing was sent, and where."""
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(NotReached, match=url), Pokea(url, "token") as client:
        client.bookings.create("Plumbing")
