"""What a merchant has from Safaricom, and what is sent in its place on the wire."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from pokea.daraja.wire import push_password
from pokea.redact import Secret
from pokea.settings import Settings

_NAME_CHARACTERS: Final = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """One Daraja app and the shortcode it asks for. `party_b` receives the money: the paybill itself, or the till,
    whose store number is then the shortcode (daraja: paybill and till)."""

    consumer_key: Secret
    consumer_secret: Secret
    passkey: Secret
    shortcode: str
    party_b: str
    transaction_type: str
    base_url: str

    def app_name(self) -> str:
        """Names what all processes share about this app, its key untold: another key or another Daraja is another."""
        named = f"{self.base_url}\n{self.consumer_key.reveal()}"
        return hashlib.sha256(named.encode()).hexdigest()[:_NAME_CHARACTERS]

    def basic_authorization(self) -> Secret:
        """The Authorization header of a request for a token (daraja: Token request)."""
        pair = f"{self.consumer_key.reveal()}:{self.consumer_secret.reveal()}"
        return Secret("Basic " + base64.b64encode(pair.encode()).decode())

    def password(self, timestamp: str) -> Secret:
        """The Password that belongs to `timestamp` (daraja: STK push request)."""
        return Secret(push_password(self.shortcode, self.passkey.reveal(), timestamp))


def credentials_of(settings: Settings) -> Credentials:
    """The credentials that the settings name."""
    return Credentials(
        consumer_key=Secret(settings.mpesa_consumer_key.get_secret_value()),
        consumer_secret=Secret(settings.mpesa_consumer_secret.get_secret_value()),
        passkey=Secret(settings.mpesa_passkey.get_secret_value()),
        shortcode=settings.mpesa_shortcode,
        party_b=settings.party_b,
        transaction_type=settings.mpesa_transaction_type,
        base_url=settings.base_url,
    )
