"""The API operator that moves money out, and its sealed password, which goes with each request (daraja:
SecurityCredential)."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from pokea.addresses import join_address
from pokea.certificates import UnusableCertificate, file_or_fault, read_key
from pokea.redact import Secret
from pokea.setting_rules import SIMULATOR
from pokea.settings import Settings
from pokea.transport import NoAnswer, NotSent, Transport

CERTIFICATE_PATH: Final = "/sim/api/certificate"
"""Where the simulator has its certificate, in PEM (law: simulator of money out)."""
_FETCH_SECONDS: Final = 5.0
_OK: Final = 200

CertificateSource: TypeAlias = Callable[[], Awaitable[bytes]]
"""Brings the certificate; raises UnusableCertificate when it cannot be had."""


class NoCredential(Exception):
    """The password could not be sealed, so that nothing was sent. The text names what to look at."""


@dataclass(frozen=True, slots=True)
class Initiator:
    """An API operator. `ready` is its password as it was sealed elsewhere; without one it is sealed anew for each
    sending, by the key of the certificate (law: who may)."""

    name: str
    password: Secret
    certificate: CertificateSource | None
    ready: Secret | None = None

    async def security_credential(self) -> Secret:
        """The sealed password for one sending; raises NoCredential."""
        if self.ready is not None:
            return self.ready
        if self.certificate is None:
            raise NoCredential("MPESA_CERTIFICATE is not set")
        try:
            return seal(self.password, await self.certificate())
        except UnusableCertificate as failure:
            raise NoCredential(f"MPESA_CERTIFICATE {failure}") from None


def seal(password: Secret, certificate: bytes) -> Secret:
    """The SecurityCredential: base64 of the password under RSA and PKCS#1 v1.5, another one each time (daraja:
    SecurityCredential). Raises UnusableCertificate."""
    key = read_key(certificate)
    try:
        sealed = key.encrypt(password.reveal().encode(), PKCS1v15())
    except ValueError:
        raise UnusableCertificate("has too short a key for the password") from None
    return Secret(base64.b64encode(sealed).decode())


def initiator_of(settings: Settings, transport: Transport) -> Initiator | None:
    """The API operator that the settings name; None where they name none, or none that can seal its password."""
    name = settings.mpesa_initiator_name
    password = Secret(settings.mpesa_initiator_password.get_secret_value())
    ready = settings.mpesa_security_credential.get_secret_value()
    source: CertificateSource | None = None
    if settings.mpesa_certificate:
        source = from_file(settings.mpesa_certificate)
    elif settings.mpesa_environment == SIMULATOR:
        source = fetched(join_address(settings.base_url, CERTIFICATE_PATH), transport)
    if not name or not (ready or (password.reveal() and source)):
        return None
    return Initiator(name, password, source, Secret(ready) if ready else None)


def from_file(path: str) -> CertificateSource:
    """The certificate of a file, read once: it is changed with a restart, as every setting is."""
    content = file_or_fault(path)

    async def read() -> bytes:
        if isinstance(content, UnusableCertificate):
            raise content
        return content

    return read


def fetched(url: str, transport: Transport) -> CertificateSource:
    """The certificate of a simulator, fetched each time, since it makes another when it starts; those who want it at
    the same time wait for one answer."""
    on_its_way: list[asyncio.Task[bytes]] = []

    async def fetch() -> bytes:
        if not on_its_way:
            task = asyncio.create_task(ask())
            on_its_way.append(task)
            task.add_done_callback(lambda _task: on_its_way.clear())
        # Of several who wait one may give up.
        return await asyncio.shield(on_its_way[0])

    async def ask() -> bytes:
        try:
            reply = await transport.send("GET", url, {}, None, _FETCH_SECONDS)
        except (NotSent, NoAnswer):
            raise UnusableCertificate("could not be fetched from the simulator") from None
        if reply.status != _OK:
            raise UnusableCertificate(f"could not be fetched from the simulator (HTTP {reply.status})")
        return reply.body

    return fetch
