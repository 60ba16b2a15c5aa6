"""The account that customers pay to, as the settings name it."""

from msgspec import Struct

from pokea.settings import Settings

PAYBILL_ACCOUNT = "utility"
TILL_ACCOUNT = "merchant"


class ReceivingAccount(Struct, frozen=True):
    """The short codes that name it, and the word that its name holds in a statement (texts: envelope)."""

    short_codes: frozenset[str]
    account: str


def receiving_account(settings: Settings) -> ReceivingAccount:
    """A paybill's Utility Account, or the Merchant Account of a till, which its head office's number may name too."""
    if settings.mpesa_transaction_type == "CustomerBuyGoodsOnline":
        return ReceivingAccount(frozenset({settings.mpesa_shortcode, settings.mpesa_till} - {""}), TILL_ACCOUNT)
    return ReceivingAccount(frozenset({settings.mpesa_shortcode} - {""}), PAYBILL_ACCOUNT)
