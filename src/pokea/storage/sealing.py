"""Secrets as the database keeps them: sealed with AES-GCM, under a key derived from POKEA_SECRET_KEY.

Each is bound to its purpose and to the name of its row: a row that is read without the key, or is copied to another
place, opens nothing. (Fernet would take its own time and chance, which a universe must give.)
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pokea.ids import RandomBytes
from pokea.redact import Secret

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class Seal:
    """Seals secrets of one purpose. What `previous_secret_key` sealed can still be opened."""

    def __init__(
        self, purpose: str, secret_key: Secret, random_bytes: RandomBytes, previous_secret_key: Secret | None = None
    ) -> None:
        self._random_bytes = random_bytes
        keys = [key for key in (secret_key, previous_secret_key) if key is not None and key.reveal()]
        self._ciphers = [_cipher(key, purpose) for key in keys]

    def close(self, name: str, secret: Secret) -> bytes:
        """The secret, sealed and bound to the name of its row."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret.reveal().encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> Secret | None:
        """The secret; None when none of the keys opens it, or it is bound to another name."""
        for cipher in self._ciphers:
            try:
                nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
                return Secret(cipher.decrypt(nonce, content, name.encode()).decode())
            except (InvalidTag, ValueError):
                continue
        return None


def _cipher(secret_key: Secret, purpose: str) -> AESGCM:
    derived = HKDF(hashes.SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(secret_key.reveal().encode())
    return AESGCM(derived)
