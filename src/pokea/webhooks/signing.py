"""Signatures as Standard Webhooks has them: HMAC-SHA256 over id, time and body (law: signing). Pure."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from pokea.clock import SECOND, Instant
from pokea.redact import Secret

SECRET_BYTES: Final = 32
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"


def secret_of(random_bytes: bytes) -> Secret:
    """Random bytes as a secret in the form that libraries take."""
    return Secret(_PREFIX + base64.b64encode(random_bytes).decode())


def key_of(secret: Secret) -> bytes:
    """The key that a secret stands for."""
    return base64.b64decode(secret.reveal().removeprefix(_PREFIX), validate=True)


def signed_headers(message_id: str, now: Instant, body: bytes, keys: Sequence[bytes]) -> list[tuple[str, str]]:
    """The three headers of an attempt at this time: one signature for each key, in their order."""
    sent_at = now // SECOND
    signed = f"{message_id}.{sent_at}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", str(sent_at)),
        ("webhook-signature", " ".join(f"{_VERSION},{each}" for each in signatures)),
    ]
