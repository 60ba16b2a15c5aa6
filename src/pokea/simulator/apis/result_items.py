"""The named values of Results, in the forms of the reference (daraja: B2C result; daraja: reversal; daraja: account
balance)."""

from typing import Final

from pokea.clock import Instant, daraja_timestamp, nairobi
from pokea.daraja.results import ResultItem, result_item
from pokea.money import CENTS
from pokea.simulator.journal import OrganisationAccount, Party

ACCOUNT_NAMES: Final = {
    OrganisationAccount.UTILITY: "Utility Account",
    OrganisationAccount.MERCHANT: "Merchant Account",
    OrganisationAccount.WORKING: "Working Account",
    OrganisationAccount.SETTLEMENT: "Organization Settlement Account",
    OrganisationAccount.CHARGES: "Charges Paid Account",
}


def money(cents: int) -> str:
    """Shillings with two decimals, below zero too."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // CENTS}.{abs(cents) % CENTS:02d}"


def money_item(key: str, cents: int) -> ResultItem:
    """An amount as a JSON number with two decimals."""
    return result_item(key, decimal=money(cents))


def amount_item(key: str, cents: int) -> ResultItem:
    """An amount as a JSON number, whole where it is."""
    return result_item(key, cents // CENTS) if cents % CENTS == 0 else money_item(key, cents)


def account_text(name: str, cents: int) -> str:
    """An account with its current, available, reserved and uncleared balance (daraja: account balance)."""
    return f"{name}|KES|{money(cents)}|{money(cents)}|0.00|0.00"


def dotted_time(at: Instant) -> str:
    """`06.07.2024 22:48:52`, as B2C prints it."""
    return f"{nairobi(at):%d.%m.%Y %H:%M:%S}"


def digits_item(key: str, at: Instant) -> ResultItem:
    """A time as the number of its fourteen digits."""
    return result_item(key, int(daraja_timestamp(at)))


def party_text(party: Party) -> str:
    """A customer's number and registered name, neither masked."""
    return f"{party.msisdn} - {party.name}"


def queue_item(api: str) -> ResultItem:
    """The ReferenceItem that Results carry, which is no address of ours."""
    return result_item("QueueTimeoutURL", f"https://internalsandbox.safaricom.co.ke/mpesa/{api}/v1/submit")
