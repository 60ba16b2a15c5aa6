"""The API operator: who may move money and ask about it, and the key that opens a SecurityCredential (daraja:
SecurityCredential).

The key and its certificate are in the package, the same in every copy, so that a client can be given the certificate
once and for all. They protect nothing.
"""

import base64
import binascii
import hmac
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pokea.simulator.options import SimulatorOptions

_PEM: Final = Path(__file__).with_name("initiator.pem")
_CERTIFICATE_BEGINS: Final = "-----BEGIN CERTIFICATE-----"


class SimulatedInitiator:
    """The operator that the options name."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options

    def is_right(self, name: str, credential: str) -> bool:
        """Whether the operator is known and the credential hides the password, as strictly as `--credential` says."""
        hidden = _opened(credential)
        password = self._options.initiator_password.encode()
        if name != self._options.initiator or hidden is None:
            return False
        if self._options.credential == "lenient":
            return password in hidden or base64.b64encode(password) in hidden
        return hmac.compare_digest(hidden, password)


def certificate() -> str:
    """The certificate whose key a SecurityCredential is made with, as PEM."""
    _, begins, rest = _PEM.read_text(encoding="ascii").partition(_CERTIFICATE_BEGINS)
    return begins + rest


@lru_cache(maxsize=256)
def _opened(credential: str) -> bytes | None:
    """What the credential hides; None where it was not made with the certificate's key. One that is sent each time is
    opened once, since that takes a millisecond."""
    try:
        return _key().decrypt(base64.b64decode(credential), PKCS1v15())
    except (binascii.Error, ValueError):
        return None


@cache
def _key() -> RSAPrivateKey:
    key = load_pem_private_key(_PEM.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101  # the file is our own
    return key
