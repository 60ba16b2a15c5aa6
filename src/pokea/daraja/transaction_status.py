"""Transaction status on the wire: the question what became of money that moved, or may have (daraja: transaction
status)."""

from typing import Final

from msgspec import Struct

STATUS_PATH: Final = "/mpesa/transactionstatus/v1/query"
TRANSACTION_STATUS_QUERY: Final = "TransactionStatusQuery"
SHORTCODE_IDENTIFIER: Final = "4"
"""The IdentifierType of an organisation's shortcode (daraja: transaction status; daraja: account balance)."""


class StatusRequest(Struct, omit_defaults=True):
    """Transaction status, as the client sends it: either the receipt, or the id of the earlier request as
    OriginalConversationID (daraja: transaction status)."""

    Initiator: str
    SecurityCredential: str
    CommandID: str
    PartyA: str
    IdentifierType: str
    ResultURL: str
    QueueTimeOutURL: str
    Remarks: str
    TransactionID: str = ""
    OriginalConversationID: str = ""
    Occasion: str = ""
