"""What a check came to: a name, whether it is well, and a sentence that says what to do next.

The checks of settings are in `settings_checks`, those of Daraja in `outside`, those of the database in `inside`.
"""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import SECOND, Instant, from_datetime

_CLOCK_WARNS: Final[Instant] = 5 * SECOND
_CLOCK_FAILS: Final[Instant] = 60 * SECOND


class Level(StrEnum):
    """How well it is. Only `fail` means that payments suffer."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One check's result; `says` tells what was found and what to do next."""

    check: str
    level: Level
    says: str


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, says)


def warn(check: str, says: str) -> Finding:
    """It works, and a person should look at it."""
    return Finding(check, Level.WARN, says)


def fail(check: str, says: str) -> Finding:
    """Payments suffer, or will."""
    return Finding(check, Level.FAIL, says)


def check_clock(date_header: str, now: Instant) -> Finding:
    """Our clock against the Date of Daraja's answer, which has whole seconds. Tokens and timestamps hang on it."""
    try:
        theirs = from_datetime(parsedate_to_datetime(date_header))
    except (ValueError, TypeError):
        return warn("clock", "Daraja's answer has no date to compare with: see that the machine keeps time (NTP).")
    apart = abs(now - theirs)
    says = f"{apart / SECOND:.0f} s from Daraja's clock."
    if apart <= _CLOCK_WARNS:
        return ok("clock", says)
    level = Level.FAIL if apart > _CLOCK_FAILS else Level.WARN
    return Finding("clock", level, f"{says} Let the machine keep time by NTP.")


def worst(findings: Sequence[Finding]) -> Level:
    """The worst level among them."""
    levels = [finding.level for finding in findings]
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)
