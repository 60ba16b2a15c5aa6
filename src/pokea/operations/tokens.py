"""The two secrets of a payment, both made from its id: its callback address, and what its customer reads it with.

The rules are those of `law: proof` and `law: keys and tokens`.
Neither is stored. The callback token stands in an address that also names the payment, so that a callback finds it
before Daraja has named it.
"""

import hashlib
import hmac

from pokea.api.callback_address import own_name
from pokea.clock import HOUR, Instant
from pokea.redact import Secret

_CLIENT_PREFIX = "pcs_"
CLIENT_SECRET_LIFETIME: Instant = 24 * HOUR


class PaymentTokens:
    """Makes and verifies the secrets of payments. The previous key is accepted while one is set."""

    def __init__(self, key: Secret, previous: Secret | None = None) -> None:
        self._keys = [key.reveal().encode()] + ([previous.reveal().encode()] if previous else [])

    def callback_token(self, payment_id: str) -> str:
        """48 lower-case hexadecimal digits: HMAC-SHA256 of the payment's id."""
        return _sign(self._keys[0], payment_id)

    def callback_name(self, payment_id: str) -> str:
        """The last part of the payment's own callback address: its id and its token."""
        return own_name(payment_id, self.callback_token(payment_id))

    def proves(self, token: str, payment_id: str) -> bool:
        """Whether the token is the payment's, compared in constant time."""
        return sum(hmac.compare_digest(_sign(key, payment_id), token) for key in self._keys) > 0

    def sign(self, purpose: str, subject: str) -> str:
        """48 hexadecimal digits that say: this service meant the subject for this purpose."""
        return _sign(self._keys[0], f"{purpose}:{subject}")

    def verifies(self, signature: str, purpose: str, subject: str) -> bool:
        """Whether `sign` made the signature, compared in constant time."""
        if not signature.isascii():
            return False
        expected = [_sign(key, f"{purpose}:{subject}") for key in self._keys]
        return sum(hmac.compare_digest(each, signature) for each in expected) > 0

    def client_secret(self, payment_id: str) -> str:
        """What the customer's page reads this one payment with."""
        return _CLIENT_PREFIX + self.sign("client", payment_id)

    def opens(self, secret: str, payment_id: str, created_at: Instant, now: Instant) -> bool:
        """Whether a client secret reads this payment at this time."""
        if now > created_at + CLIENT_SECRET_LIFETIME or not is_client_secret(secret):
            return False
        return self.verifies(secret.removeprefix(_CLIENT_PREFIX), "client", payment_id)


def is_client_secret(bearer: str) -> bool:
    """Whether a bearer token has the form of a client secret."""
    return bearer.startswith(_CLIENT_PREFIX)


def callback_digest(token: str) -> bytes:
    """What is stored to find by its token what an address names by a token alone; the token cannot be computed from
    it."""
    return hashlib.sha256(token.encode()).digest()[:16]


def originator_id(key: Secret, attempt_id: str) -> str:
    """The OriginatorConversationID of one attempt of money out: a UUID in small letters, made by HMAC of the attempt's
    id, so that no other attempt has it (law: sending, 2).

    It is stored with the attempt, since another key makes another one.
    """
    # No token is of a message with a line break, so that Daraja's echo of this id repeats no piece of one.
    digits = hmac.digest(key.reveal().encode(), f"originator\n{attempt_id}".encode(), "sha256").hex()[:32]
    # The version and the variant of a random UUID (RFC 9562), since what else Daraja takes is not known.
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def _sign(key: bytes, message: str) -> str:
    return hmac.digest(key, message.encode(), "sha256").hex()[:48]
