"""Kenyan mobile numbers: what people type, and the twelve digits that Daraja wants.

The guide's "Phone Number Format" decides what is accepted; `daraja: number forms` adds forms that people write it in.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

_MSISDN = re.compile(r"254[17][0-9]{8}")
_PROTOCOL = re.compile(r"(?i)^tel:(?://)?")
_BETWEEN_DIGITS = frozenset("\t\n\v\f\r.()\u2212")
"""Besides the categories: white space that is a control character, and the minus, which is no dash to Unicode."""
_BETWEEN_DIGITS_CATEGORIES = frozenset({"Cf", "Pd", "Zl", "Zp", "Zs"})
_VARIATION_SELECTORS = (("\u180b", "\u180f"), ("\ufe00", "\ufe0f"), ("\U000e0100", "\U000e01ef"))
_LONGEST_INPUT = 40
_NATIONAL_DIGITS = 9
_OTHER_OPERATORS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("10", "135", "136", "137", "138", "139", "73", "75", "76", "78"), "Airtel"),
    **dict.fromkeys(("120", "761", "77"), "Telkom"),
    **{"121": "Infura", "124": "Finserve", "130": "NRG Media Limited", "744": "Homeland Media", "747": "JTL"},
}
"""By the first digits after 254, the longest that fits (daraja: number shape)."""
_SAFARICOM_WITHIN: Final = frozenset({"757", "758", "759", "768", "769"})
"""Safaricom's among the first digits of another operator."""
_TYPE_THIS = "type it as 0712345678, 0112345678 or 254712345678"


class InvalidPhone(ValueError):
    """The text is no Kenyan mobile number; the message says what is wrong and what to type."""


class Phone(NamedTuple):
    """A number fit for Daraja, and a hint worth showing to the person who typed it."""

    msisdn: str
    hint: str | None


def parse_phone(text: str) -> Phone:
    """The number meant by `text`.

    Accepts `254…`, `+254…`, `00254…` and `0…`, in the digits of any script, with blanks, dashes, dots, brackets or
    characters that are not seen around and between the digits, a trunk 0 after the country code, and `tel:` before it.
    Raises InvalidPhone with a sentence for a person.
    """
    digits = _digits_of(text)
    if not digits:
        raise InvalidPhone(f"Enter the M-PESA phone number; {_TYPE_THIS}.")
    msisdn = _international(digits)
    if not _MSISDN.fullmatch(msisdn):
        raise InvalidPhone(_complaint(digits, msisdn))
    return Phone(msisdn, _operator_hint(msisdn))


def _digits_of(text: str) -> str:
    if len(text) > _LONGEST_INPUT:
        raise InvalidPhone(f"That is too long for a phone number; {_TYPE_THIS}.")
    folded = unicodedata.normalize("NFKC", text)
    bare = "".join(character for character in folded if not _is_between_digits(character))
    bare = _PROTOCOL.sub("", bare)
    plus, rest = bare[:1] == "+", bare.removeprefix("+")
    if rest and not all(character.isdecimal() for character in rest):
        raise InvalidPhone(f"A phone number has digits only; {_TYPE_THIS}.")
    digits = "".join(str(unicodedata.decimal(character)) for character in rest)
    return f"00{digits}" if plus else digits


def _is_between_digits(character: str) -> bool:
    """Whether people, keyboards and chat programs put it around or between digits: blanks, dashes, what is not seen."""
    return (
        character in _BETWEEN_DIGITS
        or unicodedata.category(character) in _BETWEEN_DIGITS_CATEGORIES
        or any(first <= character <= last for first, last in _VARIATION_SELECTORS)
    )


def _international(digits: str) -> str:
    digits = digits.removeprefix("00") if digits.startswith("00254") else digits
    if digits.startswith("2540"):
        return "254" + digits[4:]
    if digits.startswith("0") and not digits.startswith("00"):
        return "254" + digits[1:]
    return digits


def _complaint(digits: str, msisdn: str) -> str:
    if not msisdn.startswith("254"):
        if re.fullmatch(r"[17][0-9]{8}", digits):
            return f"Put a 0 or 254 in front of the number; {_TYPE_THIS}."
        return f"That is not a Kenyan number (+254), and M-PESA Kenya needs one; {_TYPE_THIS}."
    national = msisdn.removeprefix("254")
    if len(national) != _NATIONAL_DIGITS:
        count = "short" if len(national) < _NATIONAL_DIGITS else "long"
        return f"The number is too {count}; {_TYPE_THIS}."
    return f"That is not a mobile number: after 0 or 254 comes a 7 or a 1; {_TYPE_THIS}."


def _operator_hint(msisdn: str) -> str | None:
    national = msisdn.removeprefix("254")
    three = national[:3]
    operator = _OTHER_OPERATORS.get(three) or _OTHER_OPERATORS.get(national[:2])
    if operator is None or three in _SAFARICOM_WITHIN:
        return None
    return (
        f"The prefix of this number belongs to {operator}. Numbers move between operators: "
        "if it is registered for M-PESA, the prompt will come."
    )
