"""Reversal on the wire: a customer's payment back to the phone that paid it (daraja: reversal)."""

from typing import Final

from msgspec import Struct

REVERSAL_PATH: Final = "/mpesa/reversal/v1/request"
TRANSACTION_REVERSAL: Final = "TransactionReversal"
RECEIVER_IDENTIFIER: Final = "11"
"""The only RecieverIdentifierType that a reversal takes (daraja: reversal)."""


class ReversalRequest(Struct):
    """Reversal, as the client sends it: `RecieverIdentifierType` is Daraja's spelling, and so is `ReceiverParty`
    (daraja: reversal). Daraja takes no id of the caller's for it."""

    Initiator: str
    SecurityCredential: str
    CommandID: str
    TransactionID: str
    Amount: str
    ReceiverParty: str
    RecieverIdentifierType: str
    ResultURL: str
    QueueTimeOutURL: str
    Remarks: str
