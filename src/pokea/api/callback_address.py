"""The addresses that Daraja posts the outcome of a push to, however a proxy or a setting has joined their parts.

The same calls stand under an address without the word that Daraja is reported to refuse in production (daraja: push
validation errors).
"""

import re
from typing import Final, NamedTuple

from pokea import setting_rules

CALLBACK_PATHS: Final = setting_rules.CALLBACK_PATHS
_TOKEN: Final = re.compile(r"[0-9a-f]{48}")
_SLASHES: Final = re.compile("/{2,}")
_LONGEST_PATH: Final = 500


class CallbackAddress(NamedTuple):
    """One of CALLBACK_PATHS, and the token behind it; `token` is empty where nothing there has a token's form."""

    path: str
    token: str


def is_callback_token(text: str) -> bool:
    """Whether the text has the form of a callback token."""
    return _TOKEN.fullmatch(text) is not None


def callback_address(path: str) -> CallbackAddress | None:
    """The callback address that a request's path means; None when it means another one.

    Doubled slashes and slashes at the end are read as one and as none: a redirect or a 404 would lose the callback.
    """
    # Every request asks, and nearly none of the others has the word in it.
    if "callback" not in path or len(path) > _LONGEST_PATH:
        return None
    plain = _SLASHES.sub("/", path).rstrip("/")
    for base in CALLBACK_PATHS:
        if plain == base:
            return CallbackAddress(base, "")
        if plain.startswith(f"{base}/") and "/" not in (named := plain[len(base) + 1 :]):
            return CallbackAddress(base, named if is_callback_token(named) else "")
    return None


def own_token(path: str) -> str:
    """The callback token in the path when it is one payment's own callback address; empty for every other path."""
    address = callback_address(path)
    return address.token if address is not None else ""
