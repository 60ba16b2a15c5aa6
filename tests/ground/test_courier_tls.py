"""TLS of the courier: the certificate has to be for the name of the endpoint."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from pokea.courier import GuardedCourier, Place
from pokea.public_addresses import read_allowance
from tests.ground.test_courier import LETTER, NAMED, refused, resolver, talk
from tests.webhooks.certificates import certificate_for
from tests.webhooks.scene import receiving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.internal, with its key, in one file."""
    return certificate_for("hooks.internal", tmp_path_factory.mktemp("tls"))


def _tls_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_tls_proves_the_name_and_not_the_address(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate has to be for the endpoint's name, and from a trusted authority; the address proves nothing."""
    got: list[Any] = []

    async def conversation() -> None:
        async with receiving(tls=_tls_server(certificate)) as receiver:
            monkeypatch.delenv("SSL_CERT_FILE", raising=False)
            got.clear()
            stranger = GuardedCourier(resolver(["127.0.0.1"]))
            got.append((await refused(stranger, Place(True, "hooks.internal", receiver.port), NAMED)).why)
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            courier = GuardedCourier(resolver(["127.0.0.1"]))
            got.append((await courier.post(Place(True, "hooks.internal", receiver.port), LETTER, NAMED)).status)
            other = Place(True, "other.internal", receiver.port)
            got.append((await refused(courier, other, read_allowance(["other.internal"]))).why)
            await courier.close()

    talk(conversation)
    assert got[1] == 204
    assert all("TLS failed" in each for each in (got[0], got[2]))
