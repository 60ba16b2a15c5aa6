"""A Daraja that accepts every push, in a process of its own: it costs the machine little, and notes what it was asked.

It speaks plain HTTP, or TLS with a certificate of its own, over connections that it keeps open. No simulated customer
answers: each payment waits until its callback is sent.
"""

import asyncio
import datetime
import ipaddress
import re
import ssl
import sys
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from bench.piped import PipedServer

_PHONE: Final = re.compile(rb'"PhoneNumber": ?"(\d+)"')
_CALLBACK: Final = re.compile(rb'"CallBackURL": ?"([^"]+)"')
_LENGTH: Final = re.compile(rb"\r\ncontent-length: ?(\d+)", re.IGNORECASE)
_TOKEN: Final = b'{"access_token": "a-token-for-benchmarks-only", "expires_in": "3599"}'


class Noted(Struct):
    """Of each push the phone and the address of its callback; and how many connections were opened."""

    callbacks: list[tuple[str, str]]
    connections: int


class Acceptor(PipedServer):
    """A running one. `folder` gets the certificate, which whoever calls has to trust, where it speaks TLS."""

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        self._certificate = folder / "daraja.pem" if tls else None
        if self._certificate is not None:
            make_certificate(self._certificate)
        given = [str(self._certificate)] if self._certificate else []
        super().__init__("bench.acceptor", *given, scheme="https" if tls else "http")

    @property
    def trust(self) -> dict[str, str]:
        """The environment of a process that trusts its certificate."""
        return {"SSL_CERT_FILE": str(self._certificate)} if self._certificate else {}

    def noted(self) -> Noted:
        """What came since this was asked last."""
        return msgspec.json.decode(self.ask(b"noted"), type=Noted)


def make_certificate(file: Path) -> None:
    """Write a certificate for 127.0.0.1, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a Daraja for benchmarks")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    unlocked = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + written)


class _Talk(asyncio.Protocol):
    """A connection from a service."""

    def __init__(self, noted: Noted) -> None:
        self._noted = noted
        self._asked = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._noted.connections += 1

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while self._transport is not None:
            end = self._asked.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._asked, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._asked) < whole:
                return
            asked, self._asked = self._asked[:whole], self._asked[whole:]
            self._transport.write(self._answer(asked))

    def _answer(self, asked: bytes) -> bytes:
        phone, callback = _PHONE.search(asked), _CALLBACK.search(asked)
        body = _TOKEN
        if phone is not None and callback is not None:
            self._noted.callbacks.append((phone[1].decode(), callback[1].decode()))
            body = (
                b'{"MerchantRequestID": "29115-34620561-1", "CheckoutRequestID": "' + checkout_id(phone[1].decode())
                + b'", "ResponseCode": "0", "ResponseDescription": "Success. Request accepted for processing", '
                b'"CustomerMessage": "Success. Request accepted for processing"}'
            )  # fmt: skip
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        return head + body


def checkout_id(phone: str) -> bytes:
    """The id that the push to a phone gets, which is prompted once."""
    return b"ws_CO_" + phone.encode()


async def _serve(certificate: str | None) -> None:
    noted = Noted([], 0)
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Talk(noted), "127.0.0.1", 0, backlog=2048, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    closed = asyncio.Event()

    def asked() -> None:
        if not sys.stdin.readline():
            closed.set()
            return
        print(msgspec.json.encode(noted).decode(), flush=True)
        noted.callbacks.clear()
        noted.connections = 0

    loop.add_reader(sys.stdin.fileno(), asked)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1] if len(sys.argv) > 1 else None))
