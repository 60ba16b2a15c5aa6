"""B2C on the wire: money from the shortcode's utility account to a phone (daraja: B2C request)."""

from typing import Final

from msgspec import Struct

B2C_PATH: Final = "/mpesa/b2c/v3/paymentrequest"
"""The only version that Pokea sends to, since the others take no id of the caller's (law: sending)."""
B2C_V1_PATH: Final = "/mpesa/b2c/v1/paymentrequest"
"""Still reachable, and never used: Daraja makes the OriginatorConversationID there (daraja: additions)."""
BUSINESS_PAYMENT: Final = "BusinessPayment"
MINIMUM_SHILLINGS: Final = 10
"""The least that B2C sends (daraja: B2C request)."""


class B2CRequest(Struct, omit_defaults=True):
    """B2C, as the client sends it. It says `InitiatorName` where the others say `Initiator`, and `Occassion` with two
    s (daraja: B2C request)."""

    OriginatorConversationID: str
    InitiatorName: str
    SecurityCredential: str
    CommandID: str
    Amount: str
    PartyA: str
    PartyB: str
    Remarks: str
    QueueTimeOutURL: str
    ResultURL: str
    Occassion: str = ""
