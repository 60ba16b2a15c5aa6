"""The single values of a callback: each is fit and bounded, or None. Nothing of a float ever touches them."""

import re
from typing import Final

from pokea.daraja.wire import code_text
from pokea.money import cents_from_decimal

LONGEST_ID = 100

# Visible ASCII alone: no blank, no control character, nothing that a database would refuse to store as text.
_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_ID}}}")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_INTEGER: Final = re.compile(r"-?[0-9]{1,32}")
_RECEIPT: Final = re.compile(r"[A-Z0-9]{1,32}")
_DATE: Final = re.compile(r"[0-9]{14}")
_MSISDN: Final = re.compile(r"[0-9]{9,15}")


class JsonNumber(str):
    """The text of a JSON number, digit for digit as it stood in the body."""

    __slots__ = ()


def clean_code(value: object) -> str | None:
    """A result code as text: of a JSON string, or of a JSON number without a fraction (daraja: STK callback
    failure)."""
    if isinstance(value, JsonNumber):
        value = int(value) if _INTEGER.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    code = code_text(value)
    return code if code is not None and _CODE.fullmatch(code) else None


def clean_id(value: object) -> str | None:
    """An identifier, which is opaque and a JSON string (daraja: identifiers)."""
    is_text = isinstance(value, str) and not isinstance(value, JsonNumber)
    return str(value) if is_text and _ID.fullmatch(str(value)) else None


def clean_cents(value: object) -> int | None:
    """The cents of an amount of shillings, which may be a number or text (daraja: STK callback success); None below one
    cent."""
    cents = cents_from_decimal(value.strip()) if isinstance(value, str) else None
    return cents if cents is not None and cents > 0 else None


def clean_receipt(value: object) -> str | None:
    """A receipt in upper case; a JSON number is none, since a receipt is text (daraja: STK callback success)."""
    if not isinstance(value, str) or isinstance(value, JsonNumber) or not value.isascii():
        return None
    receipt = value.strip().upper()
    return receipt if _RECEIPT.fullmatch(receipt) else None


def clean_date(value: object) -> str | None:
    """M-PESA's own fourteen digits in East Africa Time, from a number or from text (daraja: STK callback success)."""
    return str(value) if isinstance(value, str) and _DATE.fullmatch(value) else None


def clean_msisdn(value: object) -> str | None:
    """A phone number of digits only, from a number or from text (daraja: STK callback success)."""
    return str(value) if isinstance(value, str) and _MSISDN.fullmatch(value) else None
