"""Account balance on the wire: the question what the shortcode's accounts hold (daraja: account balance)."""

from typing import Final

from msgspec import Struct

BALANCE_PATH: Final = "/mpesa/accountbalance/v1/query"
ACCOUNT_BALANCE: Final = "AccountBalance"


class BalanceRequest(Struct):
    """Account balance, as the client sends it (daraja: account balance)."""

    Initiator: str
    SecurityCredential: str
    CommandID: str
    PartyA: str
    IdentifierType: str
    Remarks: str
    QueueTimeOutURL: str
    ResultURL: str
