"""Inside a universe there is no other clock, chance or network: whoever reaches for the machine's own is stopped."""

import os
import random
import secrets
import socket
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
    (socket, "create_connection"),
    (socket, "getaddrinfo"),
)
_LET_THROUGH: Final = frozenset({"logging", "prometheus_client.metrics", "sqlalchemy.sql.selectable"})
"""They stamp records, stamp counters and tell aliases apart, with values that are never shown."""


class OutsideReached(BaseException):
    """Something took time, chance or a connection from the machine. No `except Exception` hides it."""


Report = Callable[[OutsideReached], object]


@contextmanager
def sealed(report: Report) -> Iterator[None]:
    """Until it is left, the machine's clock, chance and network raise OutsideReached in this process.

    `report` is told before: a task or a callback keeps to itself what it raises, and the universe would go on.
    """
    kept = [(module, name, getattr(module, name)) for module, name in _FORBIDDEN]
    for module, name, real in kept:
        setattr(module, name, _guard(f"{module.__name__}.{name}", real, report))
    try:
        yield
    finally:
        for module, name, real in kept:
            setattr(module, name, real)


def _guard(name: str, real: Callable[..., Any], report: Report) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if sys._getframe(1).f_globals.get("__name__") in _LET_THROUGH:
            return real(*args, **kwargs)
        caller = sys._getframe(1)
        place = f"{caller.f_globals.get('__name__')}, line {caller.f_lineno}"
        reached = OutsideReached(f"{name} was called inside a universe, by {place}")
        report(reached)
        raise reached

    return guarded
