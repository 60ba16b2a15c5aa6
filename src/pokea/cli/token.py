"""`pokea token`: a JWT signed with the shared secret."""

import typer

from pokea.errors import SettingsError

CUSTOMER_SCOPES = "payments:write payments:read bookings:write"


def token(
    subject: str = typer.Option(..., help="Who the token speaks for: your customer's id."),
    scope: str = typer.Option(CUSTOMER_SCOPES, help='Space-separated scopes; "admin" for everything.'),
    hours: float = typer.Option(1.0, min=0.01, max=24 * 366, help="How long it is good for."),
) -> None:
    """Print a bearer token signed with POKEA_JWT_SECRET, for trying things out and for your own back end."""
    from pokea.api.tokens import issue_token
    from pokea.clock import SystemClock
    from pokea.redact import Secret
    from pokea.settings import Settings

    secret = Settings().pokea_jwt_secret.get_secret_value()
    if not secret:
        raise SettingsError("POKEA_JWT_SECRET is not set: a token is signed with it.")
    print(issue_token(Secret(secret), subject, scope.split(), SystemClock().now(), round(hours * 3600)))
