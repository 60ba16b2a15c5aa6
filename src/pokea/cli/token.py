"""`pokea token`: a JWT signed with the shared secret."""

import re

import typer

from pokea.errors import SettingsError

CUSTOMER_SCOPES = "payments:write payments:read bookings:write"
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""Of what a scope is made (RFC 6749, 3.3)."""


def token(
    subject: str = typer.Option(..., help="Who the token speaks for: your customer's id."),
    scope: str = typer.Option(CUSTOMER_SCOPES, help='Space-separated scopes; "admin" for everything.'),
    hours: float = typer.Option(1.0, min=0.01, max=24 * 366, help="How long it is good for."),
) -> None:
    """Print a bearer token signed with POKEA_JWT_SECRET, for trying things out and for your own back end."""
    scopes = scope.split()
    if not all(map(_SCOPE.fullmatch, scopes)):
        raise SettingsError("--scope holds a character that no scope has: write them in ASCII, with blanks between.")
    print(own_token(subject, scopes, round(hours * 3600)))


def own_token(subject: str, scopes: list[str], lifetime_seconds: int) -> str:
    """A token that the service of these settings accepts.

    Raises SettingsError when it accepts none that is signed here, or none for this subject.
    """
    from pokea.api.auth.callers import expected_origin
    from pokea.api.auth.tokens import LONGEST_SUBJECT, is_subject, issue_token
    from pokea.clock import SystemClock
    from pokea.redact import Secret
    from pokea.settings import load_settings

    if not is_subject(subject):
        raise SettingsError(f"--subject must be text of 1 to {LONGEST_SUBJECT} printable characters.")
    settings = load_settings(needs=["pokea_jwt_secret", "pokea_jwks_url", "pokea_jwt_issuer", "pokea_jwt_audience"])
    if settings.pokea_jwks_url:
        raise SettingsError(
            "POKEA_JWKS_URL is set, so the service accepts the tokens of that issuer alone, and none signed with "
            "POKEA_JWT_SECRET: get one from the issuer."
        )
    secret = Secret(settings.pokea_jwt_secret.get_secret_value())
    return issue_token(secret, subject, scopes, SystemClock().now(), lifetime_seconds, expected_origin(settings))
