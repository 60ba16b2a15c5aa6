"""The page of what `pokea doctor` says of settings that people have had wrong, made by asking its checks."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pokea.checkup.findings import Finding, Level
from pokea.checkup.settings_checks import check_callback_address, check_settings
from pokea.settings import examine_settings
from tools.markdown import page, table

_CALLBACK_URL: Final = "https://pay.duka.co.ke/api/v1/payments/stk/callback"
SOUND: Final[Mapping[str, str]] = {
    "MPESA_ENVIRONMENT": "production",
    "MPESA_CONSUMER_KEY": "Xk3Vb9",
    "MPESA_CONSUMER_SECRET": "q8Rt2W",
    "MPESA_PASSKEY": "3f6b0a1c9d8e7f2045" + "ab" * 23,
    "MPESA_SHORTCODE": "600001",
    "MPESA_CALLBACK_URL": _CALLBACK_URL,
    "POKEA_DATABASE_URL": "postgresql://pokea:secret@db/pokea",
    "POKEA_SECRET_KEY": "a-key-for-this-page-only-of-40-characters",
    "POKEA_JWT_SECRET": "a-secret-for-this-page-only-of-40-bytes!!",
}
"""Settings of which nothing is said; none of their secrets is one."""


class Misconfigured(NamedTuple):
    """A setting as people have had it wrong, and what happened where it was not noticed."""

    setting: str
    value: str
    unnoticed: str


MISCONFIGURED: Final = (
    Misconfigured("MPESA_ENVIRONMENT", "live", "a traceback"),
    Misconfigured("POKEA_BOOKING_FEE", "1,500", "a traceback"),
    Misconfigured("MPESA_CALLBACK_URL", "https://[your-domain]/x", "a traceback"),
    Misconfigured("MPESA_CALLBACK_URL", f"{_CALLBACK_URL}/{'0a' * 24}", "no callback is believed"),
    Misconfigured("MPESA_PASSKEY", "your_passkey", "every push is refused"),
    Misconfigured("MPESA_TILL", "174380", "result 2028 for every customer"),
    Misconfigured("POKEA_JWT_SECRET", "short", "tokens that can be guessed"),
    Misconfigured("POKEA_DATABASE_URL", "postgresql://pokea:p@ss@db/pokea", "a piece of the password in the log"),
    Misconfigured("POKEA_DATABASE_URL", "sqlite:///:memory:", "a start that ends with a traceback"),
    Misconfigured("POKEA_JWKS_URL", "https://id.duka.co.ke/keys", "every call answered with 503"),
    Misconfigured("POKEA_ALLOWED_ORIGINS", "https://shop.duka.co.ke/checkout", "a checkout that waits for nothing"),
    Misconfigured("POKEA_BOOKINGFEE", "500", "another fee than the one that was set"),
)


def said_of(wrong: Mapping[str, str]) -> Sequence[Finding]:
    """What is not well with the sound settings, changed so."""
    examined = examine_settings({**SOUND, **wrong}, None)
    found = [*check_settings(examined), *check_callback_address(examined)]
    return [each for each in found if each.level is not Level.OK]


def doctor_rows() -> list[tuple[str, ...]]:
    """Each wrong setting, what is said of it, and what happened before anything was said."""
    return [
        (f"`{each.setting}={each.value}`", f"{finding.level.value}: {finding.says}".replace("|", "\\|"), each.unnoticed)
        for each in MISCONFIGURED
        for finding in said_of({each.setting: each.value})
    ]


def doctor_page() -> str:
    """Twelve settings that were wrong."""
    return page(
        [
            "# What the doctor says",
            "`pokea doctor` names each setting that is wrong, and nothing else. `pokea serve` refuses to start with "
            "the same sentence; a warning lets it start. These are settings as people have had them, each beside "
            "sound ones of production. What else the doctor looks at is in [operating](operating.md).",
            table(("Setting", "The doctor", "Unnoticed, it was"), doctor_rows()),
        ]
    )
