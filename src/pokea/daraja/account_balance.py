"""Account balance on the wire: the question what the shortcode's accounts hold (daraja: account balance)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from pokea.money import cents_from_decimal

BALANCE_PATH: Final = "/mpesa/accountbalance/v1/query"
ACCOUNT_BALANCE: Final = "AccountBalance"
UTILITY: Final = "Utility Account"
WORKING: Final = "Working Account"
CHARGES_PAID: Final = "Charges Paid Account"
_CURRENCY: Final = "KES"
_MOST_ACCOUNTS: Final = 20
_LONGEST_NAME: Final = 60


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


class AccountFunds(NamedTuple):
    """What one account of the shortcode holds and can spend; below 0 for what it owes."""

    account: str
    available_cents: int


def read_funds(text: str) -> Iterator[AccountFunds]:
    """The accounts in M-PESA's text about them: `Name|KES|current|available|reserved|uncleared`, joined by `&`
    (daraja: account balance).

    What is not in shillings, or has no amount, is left out. Of a single amount there is only that one.
    """
    for part in text.split("&")[:_MOST_ACCOUNTS]:
        name, *fields = (field.strip() for field in part.split("|"))
        amounts = [cents_from_decimal(field) for field in fields[1:]]
        available = amounts[1] if len(amounts) > 1 else next(iter(amounts), None)
        if fields[:1] == [_CURRENCY] and available is not None and 0 < len(name) <= _LONGEST_NAME:
            yield AccountFunds(name, available)
