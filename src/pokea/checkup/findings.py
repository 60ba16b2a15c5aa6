"""What a check came to: a name, whether it is well, and a sentence that says what to do next.

Here are the checks that need nothing but values; those of Daraja are in `outside`, those of the database in `inside`.
"""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pokea.clock import SECOND, Instant, from_datetime
from pokea.settings import Settings, complaints

_REFUSED_WORDS: Final = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
"""Words that production is reported to refuse in a callback address (reference 2.5)."""
_OWN_HOSTS: Final = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - it is compared, not listened on
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
    """It works, and somebody should look at it."""
    return Finding(check, Level.WARN, says)


def fail(check: str, says: str) -> Finding:
    """Payments suffer, or will."""
    return Finding(check, Level.FAIL, says)


def check_settings(settings: Settings) -> list[Finding]:
    """Whether the service would start with these settings; each complaint is a line."""
    found = [fail("settings", complaint) for complaint in complaints(settings)]
    return found or [ok("settings", f"Complete for the environment `{settings.mpesa_environment}`.")]


def check_callback_address(settings: Settings) -> list[Finding]:
    """Whether Daraja would take the address and could find it (reference 2.5), as far as its form tells."""
    url = settings.mpesa_callback_url
    parts = urlsplit(url)
    if not parts.hostname:
        return [fail("callback address", "MPESA_CALLBACK_URL is no whole address: set one such as https://…/callback.")]
    if settings.mpesa_environment == "simulator":
        return [ok("callback address", "The simulator takes any address.")]
    found = []
    if parts.hostname in _OWN_HOSTS:
        found.append(
            fail("callback address", "It names this machine: Daraja needs a public host; for trying out use a tunnel.")
        )
    if parts.scheme != "https":
        careful = fail if settings.mpesa_environment == "production" else warn
        found.append(
            careful("callback address", "It is not HTTPS, which production needs: put TLS before the service.")
        )
    if url != url.lower():
        found.append(warn("callback address", "It has capital letters, which Daraja is reported to refuse."))
    words = [word for word in _REFUSED_WORDS if word in url.lower()]
    if words:
        says = f"Daraja is reported to refuse addresses with `{words[0]}` in production: use …/payments/stk/callback."
        found.append(warn("callback address", says))
    return found or [ok("callback address", f"HTTPS, public, and free of words that Daraja refuses: {parts.hostname}.")]


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


def check_watchfulness(settings: Settings) -> list[Finding]:
    """What production should not be without: alerts, known senders, limits."""
    is_production = settings.mpesa_environment == "production"
    careful = warn if is_production else ok
    alerts = (
        ok("alerts", f"They go to {len(settings.pokea_alerts)} address(es).")
        if settings.pokea_alerts
        else careful("alerts", "Nobody is told: set POKEA_ALERTS, so that critical lines reach a person.")
    )
    ips = (
        ok("allowed IPs", f"Callbacks are believed from {len(settings.pokea_callback_allowed_ips)} network(s).")
        if settings.pokea_callback_allowed_ips
        else careful(
            "allowed IPs", "Callbacks count from anywhere, by their tokens: POKEA_CALLBACK_ALLOWED_IPS adds to it."
        )
    )
    limits = (settings.push_limit_phone, settings.push_limit_customer, settings.push_limit_overall)
    limited = (
        ok(
            "rate limits",
            f"{limits[0]} prompts a phone and {limits[1]} a customer in 10 minutes, {limits[2]} a minute.",
        )
        if all(limits)
        else careful("rate limits", "A limit of prompts is off: anybody with a token may pester a phone.")
    )
    return [alerts, ips, limited]


def worst(findings: Sequence[Finding]) -> Level:
    """The worst level among them."""
    levels = [finding.level for finding in findings]
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)
