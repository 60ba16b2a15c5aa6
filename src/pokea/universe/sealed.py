"""Inside a universe there is no other clock and no other chance: whoever reaches for the machine's own is stopped."""

import os
import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_FORBIDDEN: Final = (
    (time, "time"),
    (time, "time_ns"),
    (os, "urandom"),
    (uuid, "uuid1"),
    (uuid, "uuid4"),
    (secrets, "token_bytes"),
    (secrets, "token_hex"),
    (secrets, "token_urlsafe"),
    (secrets, "choice"),
    (secrets, "randbelow"),
    (random, "random"),
    (random, "randint"),
    (random, "randrange"),
    (random, "choice"),
    (random, "uniform"),
    (random, "getrandbits"),
)
_LET_THROUGH: Final = frozenset({"logging", "sqlalchemy.sql.selectable"})
"""The one stamps its records and the other tells its aliases apart, with values that nobody ever sees."""


class OutsideReached(BaseException):
    """Something took time or chance from the machine. No `except Exception` hides it."""


@contextmanager
def sealed() -> Iterator[None]:
    """Until it is left, the machine's clock and chance raise OutsideReached in this process."""
    kept = [(module, name, getattr(module, name)) for module, name in _FORBIDDEN]
    for module, name, real in kept:
        setattr(module, name, _guard(f"{module.__name__}.{name}", real))
    try:
        yield
    finally:
        for module, name, real in kept:
            setattr(module, name, real)


def _guard(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") in _LET_THROUGH:
            return real(*args, **kwargs)
        raise OutsideReached(f"{name} was called inside a universe")

    return guarded
