"""What the settings of money out must be like: the form of each, and which contradict each other (law: who may).

As in `setting_rules`: values in, complaints out, and no complaint repeats a secret.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from pokea.certificates import UnusableCertificate, environment_of, read_key
from pokea.out_settings import (
    PASSWORD_ALERTS_DAYS,
    PASSWORD_DAYS,
    PASSWORD_WARNS_DAYS,
    OutSettings,
    password_age_days,
)
from pokea.setting_rules import PRODUCTION, SIMULATOR, Complaint, careful, is_placeholder, is_shortcode, stops, warns

SANDBOX_INITIATOR: Final = "testapi"
SANDBOX_INITIATOR_PASSWORD: Final = "Safaricom999!*!"  # noqa: S105 - it is public
"""Public: both stand in Safaricom's own documentation (daraja: sandbox values)."""
_NAME: Final = "MPESA_INITIATOR_NAME"
_PASSWORD: Final = "MPESA_INITIATOR_PASSWORD"  # noqa: S105 - it is a setting's name
_SET_ON: Final = "MPESA_INITIATOR_PASSWORD_SET_ON"
_CERTIFICATE: Final = "MPESA_CERTIFICATE"
_CREDENTIAL: Final = "MPESA_SECURITY_CREDENTIAL"
_OPERATOR: Final = re.compile(r"[\x21-\x7e]+")
_REFUSED_SIGNS: Final = "@."
"""Signs that a password of an API operator had better not have (daraja: SecurityCredential)."""
_SEALED_BYTES: Final = (128, 256, 384, 512)
"""The lengths of what RSA seals, by its key; Safaricom's keys seal to 256 (daraja: SecurityCredential)."""


def check_money_out(
    settings: OutSettings,
    *,
    environment: str,
    shortcode: str,
    certificate: bytes | UnusableCertificate,
    today: date | None,
) -> Iterator[Complaint]:
    """All that is wrong or odd about the settings of money out.

    `certificate` is what stands in the file of that name, or why it cannot be read; it counts only where one is set,
    and so does `today` where the day is set on which the password was.
    """
    if settings.pays_out and environment != SIMULATOR:
        yield from _missing(settings)
    yield from _check_operator(settings, environment)
    yield from _check_password_age(settings, environment, today)
    if settings.mpesa_certificate:
        yield from _check_certificate(settings, environment, certificate)
    yield from _check_credential(settings)
    if settings.mpesa_b2c_shortcode and not is_shortcode(settings.mpesa_b2c_shortcode):
        yield stops("MPESA_B2C_SHORTCODE", "must be 5 to 7 digits: the shortcode that pays out.")
    elif settings.mpesa_b2c_shortcode and settings.mpesa_b2c_shortcode == shortcode:
        yield warns("MPESA_B2C_SHORTCODE", "is MPESA_SHORTCODE, which pays out anyway: leave it out.")
    yield from _check_limits(settings, environment)


def _missing(settings: OutSettings) -> Iterator[Complaint]:
    says = "is not set, and POKEA_MONEY_OUT is on: set it, or turn money out off (docs/settings.md)."
    if not settings.mpesa_initiator_name:
        yield stops(_NAME, says)
    if settings.mpesa_security_credential.get_secret_value():
        return
    if not settings.mpesa_initiator_password.get_secret_value():
        yield stops(_PASSWORD, says)
    if not settings.mpesa_certificate:
        yield stops(_CERTIFICATE, says)


def _check_operator(settings: OutSettings, environment: str) -> Iterator[Complaint]:
    name, password = settings.mpesa_initiator_name, settings.mpesa_initiator_password.get_secret_value()
    if name and is_placeholder(name):
        yield stops(_NAME, "is a placeholder: put in the API operator's name from the organisation portal.")
    elif name and not _OPERATOR.fullmatch(name):
        yield stops(_NAME, "holds a blank or a character that no operator's name has: copy it anew.")
    elif environment == PRODUCTION and name == SANDBOX_INITIATOR:
        yield warns(_NAME, "is the sandbox's: is there an operator of that name on your own organisation portal?")
    if password and is_placeholder(password):
        yield stops(_PASSWORD, "is a placeholder: put in the API operator's password.")
    elif environment == PRODUCTION and password == SANDBOX_INITIATOR_PASSWORD:
        yield stops(_PASSWORD, "is the sandbox's public one: put in your own API operator's.")
    elif environment == PRODUCTION and any(sign in password for sign in _REFUSED_SIGNS):
        yield warns(_PASSWORD, "has `@` or `.`, which Daraja is reported to refuse: of signs use only # & % $.")


def _check_password_age(settings: OutSettings, environment: str, today: date | None) -> Iterator[Complaint]:
    set_on = settings.mpesa_initiator_password_set_on
    age = password_age_days(set_on, today) if today is not None else None
    if age is None:
        if settings.pays_out and environment == PRODUCTION:
            says = f"is not set: without it nothing warns before the password ends, after {PASSWORD_DAYS} days."
            yield warns(_SET_ON, says)
        return
    if age < 0:
        yield stops(_SET_ON, f"lies {-age} day(s) ahead of today ({today}): put in the day on which it was set.")
    elif age >= PASSWORD_DAYS:
        yield warns(_SET_ON, f"is {age} days ago, and the password is good for {PASSWORD_DAYS}: set a new one now.")
    elif age >= PASSWORD_WARNS_DAYS:
        soon = "within days" if age >= PASSWORD_ALERTS_DAYS else "soon"
        yield warns(_SET_ON, f"is {age} days ago: the password ends after {PASSWORD_DAYS}, so set a new one {soon}.")


def _check_certificate(
    settings: OutSettings, environment: str, certificate: bytes | UnusableCertificate
) -> Iterator[Complaint]:
    try:
        if isinstance(certificate, UnusableCertificate):
            raise certificate
        read_key(certificate)
    except UnusableCertificate as failure:
        # A file that is missing stops no service that does not use it.
        yield (stops if settings.pays_out else warns)(_CERTIFICATE, f"{failure}: put in Safaricom's certificate.")
        return
    theirs = environment_of(certificate)
    if theirs is not None and theirs != environment:
        says = f"is the certificate of Daraja's {theirs}, and MPESA_ENVIRONMENT is {environment}: change one."
        yield careful(environment, _CERTIFICATE, says)


def _check_credential(settings: OutSettings) -> Iterator[Complaint]:
    credential = settings.mpesa_security_credential.get_secret_value()
    if not credential:
        return
    try:
        sealed = base64.b64decode(credential, validate=True)
    except (binascii.Error, ValueError):
        yield stops(_CREDENTIAL, "is not in base64: copy the whole of it from the Daraja portal.")
        return
    if len(sealed) not in _SEALED_BYTES:
        yield stops(_CREDENTIAL, f"seals {len(sealed)} bytes, and an RSA key seals 256: copy the whole of it.")
    elif settings.mpesa_initiator_password.get_secret_value():
        yield warns(_CREDENTIAL, f"is used, and {_PASSWORD} is not: leave one of them out.")


def _check_limits(settings: OutSettings, environment: str) -> Iterator[Complaint]:
    one, day = settings.pokea_out_limit_one, settings.pokea_out_limit_day
    if one > day:
        yield warns("POKEA_OUT_LIMIT_ONE", f"is above POKEA_OUT_LIMIT_DAY ({day}), which it can never reach.")
    if settings.pokea_out_limit_payee_day > day:
        yield warns("POKEA_OUT_LIMIT_PAYEE_DAY", f"is above POKEA_OUT_LIMIT_DAY ({day}), which it can never reach.")
    if settings.pokea_out_second_person_from > 0 and settings.pokea_out_delay_seconds == 0:
        says = "is 0 beside POKEA_OUT_SECOND_PERSON_FROM, so that one person moves money at once: give it some minutes."
        yield careful(environment, "POKEA_OUT_DELAY_SECONDS", says)
    if settings.pays_out and settings.pokea_payee_wait_hours == 0:
        says = "is 0, so that a payee whose account was taken over is paid at once: give it a day."
        yield careful(environment, "POKEA_PAYEE_WAIT_HOURS", says)
