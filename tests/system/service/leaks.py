"""What must never stand in a log: looked for in the text that was really written."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from pokea.setting_rules import SANDBOX_PASSKEY
from tests.system.service.running import JWT_SECRET, SECRET_KEY, Program
from tests.system.service.world import used_phones

P = TypeVar("P", bound=Program)

_PATTERNS = {
    "a phone number": r"(?<![0-9A-Za-z])(?:\+?254|0)[17]\d{8}(?!\d)",
    "a CheckoutRequestID, which ends in a phone number": r"ws_CO_[0-9A-Za-z]{10,}",
    "a key or a callback token": r"(?<![0-9A-Za-z])[0-9a-f]{32,}",
    "a bearer token": r"eyJ[\w-]{8,}",
    "a client secret": r"pcs_[0-9a-f]+",
    "credentials": r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{6,}",
    "an access token": r"(?<!\w)(?=\w*[A-Z])(?=\w*[a-z])(?=\w*\d)[A-Za-z0-9]{24,}(?!\w)",
    "a PIN": r"(?i)\bpin\W{1,6}\d{4}",
}
_SECRETS = {
    "the passkey": SANDBOX_PASSKEY,
    "the service's key": SECRET_KEY,
    "the shared secret": JWT_SECRET,
    "the consumer secret": "simulator-secret",
}


def leaks(log: str, phones: Iterable[str] = ()) -> list[str]:
    """What stands in the log in full and should not, each with the line it stands in."""
    found = []
    for what, pattern in _PATTERNS.items():
        found += [f"{what}: {line}" for line in log.splitlines() if re.search(pattern, line)]
    for what, secret in _SECRETS.items():
        found += [f"{what}: {line}" for line in log.splitlines() if secret in line]
    subscribers = "|".join(phone[-9:] for phone in phones)
    if subscribers:
        found += [f"a phone number: {line}" for line in log.splitlines() if re.search(subscribers, line)]
    return found


@contextlib.contextmanager
def kept_running(program: P) -> Iterator[P]:
    """Ends the program at the end in any case, and looks through what it has logged."""
    try:
        yield program
    finally:
        program.close()
    assert leaks(program.log, used_phones()) == []
