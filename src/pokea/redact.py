"""Secrets and phone numbers as types that mask themselves, and a last net under every log line.

Printing, formatting or logging one of these shows a mask; reading it takes an explicit `reveal()`.
"""

import logging
import re
from collections.abc import Callable, Sequence
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
    """`254712345678` as `25471****678`, the way M-PESA's own statements mask it (texts: columns)."""
    return f"{msisdn[:_VISIBLE_HEAD]}****{msisdn[-_VISIBLE_TAIL:]}"


class _Rule(NamedTuple):
    """What is masked. A text in ASCII without one of the `signs`, in small letters, has nothing of the kind: looking
    for them takes a hundredth of the pattern's time, and most lines have none."""

    signs: Sequence[str]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


def _masked_id(found: re.Match[str]) -> str:
    """A CheckoutRequestID ends in the payer's number (daraja: identifiers): of it as much is shown as of the number."""
    tail = found[2][-_VISIBLE_TAIL:]
    return f"{found[1]}****{tail if tail.isdigit() else ''}"


_KEYS: Final = ("password", "passkey", "secret", "pin", "access_token", "securitycredential")
_ALWAYS: Final = ("",)
_GAP: Final = r"[ \t().\u00a0\u00ad\u200b-\u2015\u202a-\u202f\u2060-\u2069\u2212\ufeff-]{0,3}"
"""What people and chat programs put between the digits of a phone number."""

# No pattern may look at a character again for each place where it might begin: what it has begun to read it either
# takes, or it gives up after a bounded number of characters. Daraja's answers are long enough to stop us otherwise.
_RULES: Final = (
    _Rule(("ws_co_",), re.compile(r"(?i)(ws_CO_)([A-Za-z0-9_]+)"), _masked_id),
    _Rule(
        _ALWAYS,
        # It starts with literals and not with a look-behind, so that the engine can use its prefix search.
        re.compile(
            rf"(?:\+{_GAP}254|00254(?<!\d00254)|254(?<!\d254)|0(?<!\d0)(?=[17 -]))(?:{_GAP}0(?=[) 17]))?"
            rf"{_GAP}([17]){_GAP}(\d)(?:{_GAP}\d){{5}}{_GAP}(\d){_GAP}(\d)(?!\d)"
        ),
        r"254\1\2*****\3\4",
    ),
    _Rule(_ALWAYS, re.compile(r"[0-9a-fA-F]{40,}"), "****"),
    _Rule(("pcs_",), re.compile(r"\bpcs_[A-Za-z0-9_-]+"), "pcs_****"),
    _Rule(("eyj",), re.compile(r"\beyJ[\w-]+(?:\.[\w-]*){0,2}"), "****"),
    _Rule(("bearer", "basic"), re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}"), r"\1 ****"),
    _Rule(("invalid access token",), re.compile(r"(Invalid Access Token\s*-\s*)\S.*"), r"\1****"),
    _Rule(_KEYS, re.compile(rf'(?i)((?:{"|".join(_KEYS)})"?\s*[:=]\s*)"?[^",}}\s]+"?'), r"\1****"),
)
_LOOKED_AT: Final = 1_000
_TORN: Final = re.compile(r"[\d\s().+-]{0,40}[\w+/=.-]{0,60}")
"""From the end of a text backwards: what may be half of something. What is longer is masked also without its end."""


def mask(text: str) -> str:
    """The text with whatever looks like a phone number, a token, a key or a PIN masked."""
    lowered = text.lower()
    # Beyond ASCII other letters pass for ours where case is ignored (K for k), and other blanks for a blank.
    is_plain = text.isascii()
    for signs, pattern, replacement in _RULES:
        if not is_plain or any(sign in lowered for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def masked_beginning(text: str, longest: int, hide: Callable[[str], str] = mask) -> str:
    """The first `longest` characters of a text that may be of any length, after `hide` has masked them.

    A word or a number that was cut is left out before, since half a secret no longer matches its pattern.
    """
    head = text[:_LOOKED_AT]
    if len(text) > _LOOKED_AT:
        torn = _TORN.match(head[::-1])
        head = head[: len(head) - len(torn[0])] if torn is not None else head
    return hide(head)[:longest]


class MaskingFormatter(logging.Formatter):
    """Formats a record, then masks the whole line, the traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))
