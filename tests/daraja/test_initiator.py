"""The API operator's password is sealed as Safaricom opens it, and the simulator's certificate is fetched anew."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import SecretStr

from pokea.certificates import UnusableCertificate
from pokea.daraja.initiator import CERTIFICATE_PATH, Initiator, NoCredential, fetched, from_file, initiator_of, seal
from pokea.redact import Secret
from pokea.settings import Settings
from pokea.transport import HttpTransport
from tests.daraja.server import Act, DarajaServer
from tests.ground.sealing import bare_key, certificate, ec_key, private_key

PASSWORD = Secret("Duka#2026 & co %")


def opened(credential: Secret) -> str:
    """The password in it."""
    return private_key().decrypt(base64.b64decode(credential.reveal(), validate=True), PKCS1v15()).decode()


@pytest.mark.parametrize("content", [certificate(), certificate(Encoding.DER), bare_key(), bare_key(Encoding.DER)])
def test_password_is_sealed_by_rsa_with_pkcs1(content: bytes) -> None:
    """344 characters of base64 that open to the plain password, and never the same twice (daraja:
    SecurityCredential)."""
    first, second = seal(PASSWORD, content), seal(PASSWORD, content)
    assert (len(first.reveal()), opened(first)) == (344, PASSWORD.reveal())
    assert first != second


def test_password_that_is_too_long_is_not_sealed() -> None:
    """RSA seals no more than its key has room for."""
    with pytest.raises(UnusableCertificate, match="too short a key"):
        seal(Secret("x" * 246), certificate())


def test_sealed_password_from_the_portal_goes_out_as_it_is() -> None:
    """One that is ready needs neither password nor certificate."""
    ready = Initiator("apiop37", Secret(""), None, Secret("c2VhbGVk"))
    assert asyncio.run(ready.security_credential()) == Secret("c2VhbGVk")


@pytest.mark.parametrize(
    ("path", "words"), [("/no/such", "cannot be read"), (None, "is not set"), ("ec.pem", "not RSA")]
)
def test_without_a_key_there_is_no_credential(tmp_path: Path, path: str | None, words: str) -> None:
    """The reason names the setting and what is wrong with it, and nothing of the password."""
    (tmp_path / "ec.pem").write_bytes(ec_key())
    source = from_file(str(tmp_path / path)) if path is not None else None
    with pytest.raises(NoCredential, match=words) as failure:
        asyncio.run(Initiator("apiop37", PASSWORD, source).security_credential())
    assert PASSWORD.reveal() not in str(failure.value)
    assert "MPESA_CERTIFICATE" in str(failure.value)


def test_certificate_is_fetched_from_the_simulator_each_time() -> None:
    """A simulator that starts anew has another key, so its certificate is never kept."""

    async def run() -> None:
        transport = HttpTransport()
        async with DarajaServer() as simulator:
            source = fetched(simulator.address + CERTIFICATE_PATH, transport)
            simulator.plan(CERTIFICATE_PATH, Act(200, certificate(), "text/plain"), Act(404, b""))
            assert await source() == certificate()
            with pytest.raises(UnusableCertificate, match="HTTP 404"):
                await source()
        with pytest.raises(UnusableCertificate, match="could not be fetched"):
            await source()
        await transport.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("settings", "is_named"),
    [
        ({"mpesa_environment": "simulator"}, True),
        ({"mpesa_environment": "sandbox"}, False),
        ({"mpesa_initiator_name": "a", "mpesa_initiator_password": SecretStr("b")}, False),
        ({"mpesa_initiator_name": "a", "mpesa_certificate": "c.cer"}, False),
        ({"mpesa_initiator_name": "a", "mpesa_initiator_password": SecretStr("b"), "mpesa_certificate": "c"}, True),
        ({"mpesa_initiator_name": "a", "mpesa_security_credential": SecretStr("c2VhbGVk")}, True),
        ({"mpesa_security_credential": SecretStr("c2VhbGVk")}, False),
    ],
)
def test_settings_name_an_operator_or_none(settings: dict[str, Any], is_named: bool) -> None:
    """Without name, or without a way to seal the password, there is no operator and no money out."""
    found = initiator_of(Settings(**settings), HttpTransport())
    assert (found is not None) == is_named


def test_operator_prints_nothing_secret() -> None:
    """Neither the password nor a sealed one is in its printed form."""
    printed = repr(Initiator("apiop37", PASSWORD, None, Secret("c2VhbGVk")))
    assert PASSWORD.reveal() not in printed
    assert "c2VhbGVk" not in printed
