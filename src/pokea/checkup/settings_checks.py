"""The checks that need nothing but settings: the complaints that the start would have, as findings, and what is missing
for a watchful production. The rules themselves are `pokea.setting_rules`, the same for every command."""

from typing import Final

from pokea.addresses import read_web_address
from pokea.alerts.send import sender_to
from pokea.checkup.findings import Finding, Level, fail, ok, warn
from pokea.errors import SettingsError
from pokea.setting_rules import SIMULATOR, Severity
from pokea.settings import Examined, Settings

_CALLBACK: Final = "MPESA_CALLBACK_URL"
_LEVELS: Final = {Severity.STOPS: Level.FAIL, Severity.WARNS: Level.WARN}


def check_settings(examined: Examined) -> list[Finding]:
    """Whether the service would start with these settings; each complaint is a line."""
    found = [
        Finding("settings", _LEVELS[complaint.severity], complaint.sentence)
        for complaint in examined.complaints
        if complaint.setting != _CALLBACK
    ]
    return found or [ok("settings", f"Complete for the environment `{examined.settings.mpesa_environment}`.")]


def check_callback_address(examined: Examined) -> list[Finding]:
    """Whether Daraja would take the address and could find it (daraja: push validation errors), as far as its form
    tells."""
    settings, name = examined.settings, "callback address"
    found = [
        Finding(name, _LEVELS[complaint.severity], complaint.sentence)
        for complaint in examined.complaints
        if complaint.setting == _CALLBACK
    ]
    if found or not settings.mpesa_callback_url or "MPESA_ENVIRONMENT" in examined.unread:
        return found
    if settings.mpesa_environment == SIMULATOR:
        return [ok(name, "The simulator takes any address.")]
    host = read_web_address(settings.mpesa_callback_url).host
    return [ok(name, f"HTTPS, public, and free of words that Daraja refuses: {host}.")]


def check_alert_addresses(settings: Settings) -> Finding:
    """Whether alerts go anywhere, to addresses that `pokea serve` accepts. Nothing is sent."""
    if not settings.pokea_alerts:
        careful = warn if settings.mpesa_environment == "production" else ok
        return careful("alerts", "They go nowhere: set POKEA_ALERTS, so that they reach a person.")
    try:
        sender_to(settings.pokea_alerts)
    except SettingsError as failure:
        return fail("alerts", str(failure))
    return ok("alerts", f"They go to {len(settings.pokea_alerts)} address(es).")


def check_watchfulness(settings: Settings) -> list[Finding]:
    """What production should not be without: known senders, limits."""
    careful = warn if settings.mpesa_environment == "production" else ok
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
        else careful("rate limits", "A limit of prompts is off: any caller with a token may pester a phone.")
    )
    return [ips, limited]
