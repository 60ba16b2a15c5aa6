"""Secrets and phone numbers as types that mask themselves, and a last net under every log line.

Printing, formatting or logging one of these shows a mask; reading it takes an explicit `reveal()`.
"""

import logging
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_VISIBLE_HEAD = 5
_VISIBLE_TAIL = 3


class Secret:
    """A credential. Never printed, never compared by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the wire and for cryptography only."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(****)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def mask_msisdn(msisdn: str) -> str:
    """`254712345678` as `25471****678`, the way M-PESA's own statements mask it (texts 1.3)."""
    return f"{msisdn[:_VISIBLE_HEAD]}****{msisdn[-_VISIBLE_TAIL:]}"


class _Rule(NamedTuple):
    """What is masked. A text in ASCII without one of the `signs`, in small letters, has nothing of the kind: looking
    for them takes a hundredth of the pattern's time, and most lines have none."""

    signs: Sequence[str]
    pattern: re.Pattern[str]
    replacement: str


_KEYS: Final = ("password", "passkey", "secret", "pin", "access_token", "securitycredential")
_ALWAYS: Final = ("",)
_RULES: Final = (
    # A CheckoutRequestID ends in the payer's number (reference 9.2), so it is personal data as a whole.
    _Rule(("ws_co_",), re.compile(r"ws_CO_[A-Za-z0-9_]*?(\d{3})\b"), r"ws_CO_****\1"),
    _Rule(
        _ALWAYS,
        # It begins with letters of its own, not with a look behind, since then C looks for where it may begin.
        re.compile(r"(?:\+254|254(?<!\d254)|0(?<!\d0))([17]\d)\d{5}(\d{2})(?!\d)"),
        r"254\1*****\2",
    ),
    _Rule(_ALWAYS, re.compile(r"[0-9a-fA-F]{40,}"), "****"),
    _Rule(("pcs_",), re.compile(r"\bpcs_[A-Za-z0-9_-]+"), "pcs_****"),
    _Rule(("eyj",), re.compile(r"\beyJ[\w-]*\.[\w-]*(?:\.[\w-]*)?"), "****"),
    _Rule(("bearer", "basic"), re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}"), r"\1 ****"),
    _Rule(("invalid access token",), re.compile(r"(Invalid Access Token\s*-\s*)\S.*"), r"\1****"),
    _Rule(_KEYS, re.compile(rf'(?i)((?:{"|".join(_KEYS)})"?\s*[:=]\s*)"?[^",}}\s]+"?'), r"\1****"),
)


def mask(text: str) -> str:
    """The text with whatever looks like a phone number, a token, a key or a PIN masked."""
    lowered = text.lower()
    # Beyond ASCII other letters pass for ours where case is ignored (K for k), and other blanks for a blank.
    is_plain = text.isascii()
    for signs, pattern, replacement in _RULES:
        if not is_plain or any(sign in lowered for sign in signs):
            text = pattern.sub(replacement, text)
    return text


class MaskingFormatter(logging.Formatter):
    """Formats a record, then masks the whole line, the traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))
