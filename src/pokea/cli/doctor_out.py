"""`pokea doctor --out`: whether money could go out, found out without any that moves."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pokea.checkup.findings import Finding
    from pokea.checkup.out_questions import OutAccount
    from pokea.settings import Examined, Settings
    from pokea.storage.database import Database

_NEEDED = (
    "MPESA_ENVIRONMENT",
    "MPESA_BASE_URL",
    "MPESA_CONSUMER_KEY",
    "MPESA_CONSUMER_SECRET",
    "MPESA_SHORTCODE",
    "MPESA_CALLBACK_URL",
    "MPESA_INITIATOR_NAME",
    "MPESA_INITIATOR_PASSWORD",
    "MPESA_CERTIFICATE",
    "MPESA_SECURITY_CREDENTIAL",
    "MPESA_B2C_SHORTCODE",
    "POKEA_DATABASE_URL",
    "POKEA_SECRET_KEY",
)
_CHECK = "money out"


async def money_out(examined: "Examined", wait_seconds: float) -> "AsyncIterator[Finding]":
    """The findings about money out. The answers come to the running service and are read from its database."""
    from pokea.checkup.findings import fail
    from pokea.cli.doctor import usable_database

    settings = examined.settings
    if not examined.are_sound(*_NEEDED):
        yield fail(_CHECK, "Not tried, since a setting that it needs is wrong: see the lines above.")
        return
    database = usable_database(settings)
    if database is None:
        yield fail(_CHECK, "Not tried, since answers are kept in the database, and it cannot be used as it is.")
        return
    try:
        async for finding in _asked(settings, database, wait_seconds):
            yield finding
    finally:
        database.close()


async def _asked(settings: "Settings", database: "Database", wait_seconds: float) -> "AsyncIterator[Finding]":
    import secrets

    from pokea.checkup.findings import fail
    from pokea.checkup.out_questions import OutQuestions
    from pokea.clock import SystemClock
    from pokea.daraja.calls import Calls
    from pokea.daraja.credentials import credentials_of
    from pokea.daraja.initiator import initiator_of
    from pokea.daraja.out_client import OutClient
    from pokea.disbursements.addresses import AddressBook
    from pokea.ids import Ids
    from pokea.links.routes import site_of
    from pokea.money import CENTS
    from pokea.operations.tokens import PaymentTokens
    from pokea.redact import Secret
    from pokea.storage.oauth_tokens import DatabaseTokens
    from pokea.transport import HttpTransport

    transport, clock = HttpTransport(), SystemClock()
    try:
        initiator = initiator_of(settings, transport)
        if initiator is None:
            says = "No API operator is set: MPESA_INITIATOR_NAME, and its password with Safaricom's certificate."
            yield fail(_CHECK, says)
            return
        key, credentials = Secret(settings.pokea_secret_key.get_secret_value()), credentials_of(settings)
        oauth = DatabaseTokens(database, credentials.app_name(), key, secrets.token_bytes)
        client = OutClient(Calls(credentials, transport, oauth, clock), initiator, settings.mpesa_b2c_shortcode)
        book = AddressBook(site_of(settings.mpesa_callback_url), PaymentTokens(key).sign)
        questions = OutQuestions(client, database, book, clock, Ids(clock, secrets.token_bytes), wait_seconds)
        async for finding in questions.findings(_accounts(settings), settings.pokea_out_float * CENTS):
            yield finding
    finally:
        await transport.close()


def _accounts(settings: "Settings") -> "list[OutAccount]":
    """Each shortcode that money goes out from."""
    from pokea.checkup.out_questions import OutAccount

    own = settings.mpesa_b2c_shortcode
    payouts = [OutAccount(own, "b2c")] if own and own != settings.mpesa_shortcode else []
    return [OutAccount(settings.mpesa_shortcode, "reversal"), *payouts]
