"""Which field of a request Daraja refused, and which of our settings is behind it (daraja: push validation errors).

Error 400.002.02 names the first field that failed in its text. The text decides only who is told what: that nothing
happened is said by the code and the status.
"""

import re
from collections.abc import Mapping
from typing import Final

_REFUSED: Final = re.compile(r"(?i)\binvalid\s+([A-Za-z]{2,40})\b")
_LOOKED_AT: Final = 200

PHONE_FIELDS: Final = frozenset({"phonenumber", "partya"})
"""Fields that hold the customer's number, in small letters."""

ADVICE: Final[Mapping[str, str]] = {
    "BusinessShortCode": "check MPESA_SHORTCODE; also said of a body that is not JSON",
    "Password": "check that MPESA_PASSKEY and MPESA_SHORTCODE belong together, without a blank or a newline",
    "Timestamp": "check this machine's clock",
    "TransactionType": "check MPESA_TRANSACTION_TYPE: CustomerPayBillOnline, or CustomerBuyGoodsOnline for a till",
    "Amount": "whole shillings from 1 to 250,000 are taken",
    "PartyA": "the customer's number is wrong",
    "PhoneNumber": "the customer's number is wrong",
    "PartyB": "check MPESA_TILL, or MPESA_SHORTCODE where there is no till",
    "CallBackURL": "check MPESA_CALLBACK_URL: a public https address in small letters, without blanks "
    "and without words such as mpesa, safaricom, cmd, sql or query",
    "AccountReference": "at most 12 characters are taken",
    "Remarks": "the description is missing",
}
"""What to do about each field that Daraja is known to name, in the order in which it looks at them."""


def refused_field(text: str) -> str | None:
    """The field that an error's text names, spelt as Daraja's documents spell it; None when it names no known one."""
    found = _REFUSED.search(text[:_LOOKED_AT])
    named = found[1].lower() if found is not None else ""
    return next((field for field in ADVICE if field.lower() == named), None)


def names_the_phone(text: str) -> bool:
    """Whether the customer's number is what Daraja refused."""
    field = refused_field(text)
    return field is not None and field.lower() in PHONE_FIELDS
