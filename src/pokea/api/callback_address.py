"""The addresses that Daraja posts the outcome of a push to, however a proxy or a setting has joined their parts.

The same calls stand under an address without the word that Daraja is reported to refuse in production (daraja: push
validation errors).

At a payment's own address the last part names it: its id and its token, `01-jd-8x-….b36a2a…`. The id is written in
pairs of characters, because chance writes the words that production refuses into one id of a thousand. A payment that
was made by a version before 3.3 has its token alone there.
"""

import re
from typing import Final, NamedTuple

from pokea import setting_rules

CALLBACK_PATHS: Final = setting_rules.CALLBACK_PATHS
_PREFIX: Final = "pay_"
_NAME: Final = re.compile(r"(?:(?:[0-9a-z_]{2}-){0,19}[0-9a-z_]{1,2}\.)?[0-9a-f]{48}")
_OWN: Final = re.compile(rf"({'|'.join(CALLBACK_PATHS)})/({_NAME.pattern})")
"""A payment's own address as it is sent, to which nothing was added on its way."""
_SLASHES: Final = re.compile("/{2,}")
_LONGEST_PATH: Final = 500


class CallbackAddress(NamedTuple):
    """One of CALLBACK_PATHS, and the name behind it; `name` is empty where nothing there has a name's form."""

    path: str
    name: str


class OwnName(NamedTuple):
    """What names a payment at its own address. `payment_id` is None where the token stands alone."""

    payment_id: str | None
    token: str


def own_name(payment_id: str, token: str) -> str:
    """The last part of the payment's own address."""
    characters = payment_id.removeprefix(_PREFIX)
    pairs = "-".join(characters[at : at + 2] for at in range(0, len(characters), 2))
    return f"{pairs}.{token}"


def read_own_name(name: str) -> OwnName:
    """What the last part of an own address says; `name` is that of a CallbackAddress."""
    pairs, _, token = name.rpartition(".")
    return OwnName(_PREFIX + pairs.replace("-", "") if pairs else None, token)


def callback_address(path: str) -> CallbackAddress | None:
    """The callback address that a request's path means; None when it means another one.

    Doubled slashes and slashes at the end are read as one and as none: a redirect or a 404 would lose the callback.
    """
    # Every request asks, and nearly none of the others has the word in it.
    if "callback" not in path or len(path) > _LONGEST_PATH:
        return None
    own = _OWN.fullmatch(path)
    if own is not None:
        return CallbackAddress(*own.groups())
    plain = _SLASHES.sub("/", path).rstrip("/")
    for base in CALLBACK_PATHS:
        if plain == base:
            return CallbackAddress(base, "")
        if plain.startswith(f"{base}/") and "/" not in (last := plain[len(base) + 1 :]):
            return CallbackAddress(base, last if _NAME.fullmatch(last) else "")
    return None


def name_in(path: str) -> str:
    """What names the payment when the path is one payment's own callback address; empty for every other path."""
    address = callback_address(path)
    return address.name if address is not None else ""
