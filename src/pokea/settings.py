"""Every setting, read from the environment and `.env`, and the rules that stop a start on a wrong one.

The guide's names stand as they are (`MPESA_…`); Pokea's own begin with `POKEA_`. Where settings are written is in
`setting_sources`, what they must be like in `setting_rules`; here is what they are. `load_settings` is the only way in
which a command gets them, and `examine_settings` reads the worst of them for `pokea doctor`.
"""

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from pokea import setting_rules as rules
from pokea.certificates import file_or_fault
from pokea.clock import EAST_AFRICA_TIME, Instant, SystemClock, to_datetime
from pokea.edge_settings import EdgeSettings
from pokea.errors import SettingsError
from pokea.event_settings import EventSettings
from pokea.limit_settings import LimitSettings
from pokea.out_rules import SANDBOX_INITIATOR, SANDBOX_INITIATOR_PASSWORD, check_money_out
from pokea.out_settings import OutSettings
from pokea.public_addresses import read_network
from pokea.setting_rules import SANDBOX_PASSKEY, SANDBOX_SHORTCODE, SIMULATOR, Complaint, Severity
from pokea.setting_sources import read_sources, what_is_taken
from pokea.storage_settings import StorageSettings

_BASE_URLS: Final = {
    SIMULATOR: "http://127.0.0.1:8001",
    **{environment: f"https://{host}" for environment, host in rules.DARAJA_HOSTS.items()},
}
_QUERY_RATES: Final = {"sandbox": 5 / 60, "production": 1.0, "simulator": 20.0}
_SIMULATOR_DEFAULTS: Final = {
    "mpesa_consumer_key": "simulator-key",
    "mpesa_consumer_secret": "simulator-secret",
    "mpesa_passkey": SANDBOX_PASSKEY,
    "mpesa_shortcode": SANDBOX_SHORTCODE,
    "mpesa_initiator_name": SANDBOX_INITIATOR,
    "mpesa_initiator_password": SANDBOX_INITIATOR_PASSWORD,
    "mpesa_callback_url": "http://127.0.0.1:8000/api/v1/payments/mpesa/callback",
}
_NEXT_ADDRESS: Final = re.compile(r"[\s]+|,(?=[\s,]|$|[A-Za-z][A-Za-z0-9+.-]*://)")
"""Between two addresses of a list. A comma inside of one, as mail to several people has it, is a part of it."""

Network = IPv4Network | IPv6Network
Listed = tuple[str, ...]


class Settings(OutSettings, EdgeSettings, EventSettings, LimitSettings, StorageSettings):
    """The settings of one service. Built by `load_settings`, which turns a wrong one into a sentence."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    mpesa_environment: Literal["sandbox", "production", "simulator"] = Field(
        "sandbox", description="Which Daraja: `sandbox`, `production`, or the `simulator` that Pokea brings."
    )
    mpesa_consumer_key: SecretStr = Field(SecretStr(""), description="Consumer key of your app on the Daraja portal.")
    mpesa_consumer_secret: SecretStr = Field(
        SecretStr(""), description="Consumer secret of your app on the Daraja portal."
    )
    mpesa_passkey: SecretStr = Field(SecretStr(""), description="Passkey for STK push, mailed by Safaricom at go-live.")
    mpesa_shortcode: str = Field("", description="Paybill, or for a till its head-office (store) number.")
    mpesa_callback_url: str = Field(
        "",
        description="Public address at which Daraja reaches this service, path included; "
        "each payment's own id and token are added to it.",
    )
    mpesa_base_url: str = Field("", description="Daraja's address; by default the one of the environment.")
    mpesa_transaction_type: Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"] = Field(
        "CustomerPayBillOnline", description="`CustomerBuyGoodsOnline` for a till."
    )
    mpesa_till: str = Field("", description="Till number that receives the money, with `CustomerBuyGoodsOnline`.")

    pokea_secret_key: SecretStr = Field(
        SecretStr(""),
        description="At least 32 characters; signs callback addresses and seals what is stored.",
    )
    pokea_previous_secret_key: SecretStr = Field(
        SecretStr(""),
        description="Another key that is accepted while keys rotate (docs/operating.md): the next, then the last.",
    )
    pokea_jwt_secret: SecretStr = Field(SecretStr(""), description="At least 32 bytes; verifies HS256 tokens.")
    pokea_jwks_url: str = Field("", description="Address of an issuer's keys, instead of a shared secret.")
    pokea_jwt_issuer: str = Field("", description="Required `iss` of tokens; needed with POKEA_JWKS_URL.")
    pokea_jwt_audience: str = Field("", description="Required `aud` of tokens; needed with POKEA_JWKS_URL.")
    pokea_callback_allowed_ips: Listed = Field(
        (), description="Addresses from which callbacks are believed; empty for any."
    )
    pokea_trusted_proxies: Listed = Field((), description="Proxies whose X-Forwarded-For is believed.")
    pokea_allowed_origins: Listed = Field((), description="Sites on which the checkout works, besides our own.")
    pokea_query_rate: float | None = Field(
        None,
        gt=0,
        le=100,
        description="Questions a second to Daraja; by default 20 (simulator), 5 a minute (sandbox), 1 (production).",
    )
    pokea_confirm_from: int | None = Field(
        None, ge=1, description="From this many shillings upward a query must agree with the callback."
    )
    pokea_booking_fee: int = Field(500, ge=1, le=250_000, description="Fee of a booking in whole shillings.")
    pokea_business_name: str = Field(
        "",
        max_length=60,
        description="Name of the business as M-PESA shows it in the prompt; the checkout says it before the payment.",
    )
    pokea_alerts: Listed = Field((), description="Where alerts go (Apprise addresses).")
    pokea_metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token that /metrics asks for; without one it is open."
    )
    pokea_api_docs: bool = Field(True, description="Whether /docs and /openapi.json are served.")

    @model_validator(mode="before")
    @classmethod
    def _tidied(cls, values: Any) -> Any:
        """Without white space at both ends, since files of secrets end with a newline, and without what is empty."""
        if not isinstance(values, dict):
            return values
        tidied = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        given = {name: value for name, value in tidied.items() if value != ""}
        return (_SIMULATOR_DEFAULTS | given) if given.get("mpesa_environment") == SIMULATOR else given

    @field_validator("pokea_callback_allowed_ips", "pokea_trusted_proxies", "pokea_allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part for part in re.split(r"[\s,]+", value) if part) if isinstance(value, str) else value

    @field_validator("pokea_alerts", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(part for part in _NEXT_ADDRESS.split(value) if part) if isinstance(value, str) else value

    @field_validator("pokea_callback_allowed_ips", "pokea_trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            try:
                read_network(part)
            except ValueError:
                raise ValueError(
                    f"holds {part!r}, which is no IP address or network such as 196.201.212.0/24"
                ) from None
        return value

    @property
    def base_url(self) -> str:
        """Daraja's address without a slash at its end."""
        return (self.mpesa_base_url or _BASE_URLS[self.mpesa_environment]).rstrip("/")

    @property
    def query_rate(self) -> float:
        """Questions a second that Daraja may be asked (law: inquiries)."""
        return self.pokea_query_rate or _QUERY_RATES[self.mpesa_environment]

    @property
    def party_b(self) -> str:
        """Who receives the money: the till, or the paybill itself (daraja: paybill and till)."""
        return self.mpesa_till if self.buys_goods else self.mpesa_shortcode

    @property
    def buys_goods(self) -> bool:
        """Whether customers pay to a till, and not to a paybill."""
        return self.mpesa_transaction_type == "CustomerBuyGoodsOnline"

    @property
    def push_limit_phone(self) -> int:
        """Prompts a phone may get in ten minutes; 0 for no limit (law: keys and tokens)."""
        return self._limit(self.pokea_push_limit_phone, 5)

    @property
    def push_limit_customer(self) -> int:
        """Prompts a customer may ask for in ten minutes; 0 for no limit (law: keys and tokens)."""
        return self._limit(self.pokea_push_limit_customer, 10)

    @property
    def push_limit_overall(self) -> int:
        """Prompts that all customers together may cause in a minute; 0 for no limit (law: keys and tokens)."""
        return self._limit(self.pokea_push_limit_overall, 600)

    @property
    def booking_limit_customer(self) -> int:
        """Bookings a customer may make in ten minutes; 0 for no limit."""
        return self._limit(self.pokea_booking_limit_customer, 60)

    def _limit(self, chosen: int | None, default: int) -> int:
        if chosen is not None:
            return chosen
        return 0 if self.mpesa_environment == "simulator" else default

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return self.mpesa_environment == rules.PRODUCTION

    @property
    def callback_networks(self) -> tuple[Network, ...]:
        """Addresses from which callbacks are believed; empty for any."""
        return tuple(read_network(part) for part in self.pokea_callback_allowed_ips)

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """Proxies whose X-Forwarded-For is believed."""
        return tuple(read_network(part) for part in self.pokea_trusted_proxies)


class Examined(NamedTuple):
    """Settings as far as they can be read, and everything that is wrong with them.

    `unread` are the names of those that were written and could not be read: they have their defaults here.
    """

    settings: Settings
    complaints: tuple[Complaint, ...]
    unread: frozenset[str]

    def are_sound(self, *names: str) -> bool:
        """Whether nothing that would stop the start is wrong with the settings of these names."""
        return not any(each.severity is Severity.STOPS and each.setting in names for each in self.complaints)


def load_settings(
    *,
    needs: Collection[str] | None = None,
    hear: Callable[[Complaint], None] | None = None,
    _env_file: str | Path | None = ".env",
    **overrides: Any,
) -> Settings:
    """The settings of the environment and the file, overridden by name.

    Raises SettingsError with one line for what stops the start. A command that uses only some settings names them in
    `needs`, and is not stopped by what is wrong with the others. `hear` is told what is only odd.
    """
    return _sound(examine_settings(os.environ, _env_file, **overrides), needs, hear)


def examine_own_settings() -> Examined:
    """The settings of this process's environment and `.env`, however much is wrong with them."""
    return examine_settings(os.environ, ".env")


def given_settings(**values: Any) -> Settings:
    """Settings made of these values alone, whatever the environment says; raises SettingsError with one line."""
    return _sound(examine_settings({}, None, **values))


def examine_settings(environment: Mapping[str, str], file: str | Path | None, **overrides: Any) -> Examined:
    """The settings of this environment and file, overridden by name, however much is wrong with them."""
    known = [name.upper() for name in Settings.model_fields]
    sources = read_sources(environment, Path(file) if file is not None else None, known)
    values = {**sources.values, **overrides}
    broken: dict[str, Complaint] = {}
    for name, complaint in _unreadable(values):
        broken.setdefault(name, complaint)
    is_odd = "MPESA_ENVIRONMENT" in broken
    readable = {name: value for name, value in values.items() if name.upper() not in broken}
    # Nothing is asked of the others that only an environment that cannot be read would ask.
    settings = Settings(**readable | ({"mpesa_environment": SIMULATOR} if is_odd else {}))
    found = [*sources.complaints, *broken.values(), *complaints(settings, is_whole=sources.is_whole)]
    named = [each for each in found if each.setting not in broken or each is broken[each.setting]]
    return Examined(settings, tuple(dict.fromkeys(named)), frozenset(broken))


def _sound(
    examined: Examined, needs: Collection[str] | None = None, hear: Callable[[Complaint], None] | None = None
) -> Settings:
    needed = None if needs is None else {name.upper() for name in needs}
    for complaint in examined.complaints:
        is_other = complaint.setting in _NAMES and complaint.setting not in examined.unread
        if complaint.severity is Severity.STOPS and not (
            is_other and needed is not None and complaint.setting not in needed
        ):
            raise SettingsError(complaint.sentence)
        if complaint.severity is Severity.WARNS and hear is not None:
            hear(complaint)
    return examined.settings


def _unreadable(values: Mapping[str, Any]) -> Iterator[tuple[str, Complaint]]:
    """The settings whose text is not of their type, or holds what no setting holds."""
    for name, value in values.items():
        listed = Settings.model_fields[name].annotation == Listed if name in Settings.model_fields else False
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str):
            for complaint in rules.check_text(name.upper(), text.strip(), is_list=listed):
                yield name.upper(), complaint
    try:
        Settings(**values)
    except ValidationError as failure:
        for error in failure.errors():
            field = str(error["loc"][0]) if error["loc"] else "settings"
            words = error["msg"].removeprefix("Value error, ")
            says = what_is_taken(Settings.model_fields[field], values.get(field), words)
            yield field.upper(), rules.stops(field.upper(), says)


def complaints(settings: Settings, *, is_whole: bool = True, now: Instant | None = None) -> list[Complaint]:
    """Everything that is wrong or odd about the settings, now or at another time.

    What is missing is named only if all sources were read.
    """
    environment = settings.mpesa_environment
    secrets = {
        "POKEA_SECRET_KEY": settings.pokea_secret_key.get_secret_value(),
        "POKEA_PREVIOUS_SECRET_KEY": settings.pokea_previous_secret_key.get_secret_value(),
        "POKEA_JWT_SECRET": settings.pokea_jwt_secret.get_secret_value(),
    }
    found = list(_missing(settings)) if is_whole else []
    found += rules.check_merchant(
        environment=environment,
        key=settings.mpesa_consumer_key.get_secret_value(),
        secret=settings.mpesa_consumer_secret.get_secret_value(),
        passkey=settings.mpesa_passkey.get_secret_value(),
        shortcode=settings.mpesa_shortcode,
        till=settings.mpesa_till,
        buys_goods=settings.buys_goods,
    )
    if settings.mpesa_callback_url:
        found += rules.check_callback_address(environment, settings.mpesa_callback_url)
    if settings.mpesa_base_url:
        found += rules.check_daraja_address(environment, settings.mpesa_base_url)
    found += rules.check_secrets(environment, secrets)
    found += rules.check_metrics_token(environment, settings.pokea_metrics_token.get_secret_value(), secrets)
    found += rules.check_tokens(
        environment=environment,
        jwks_url=settings.pokea_jwks_url,
        issuer=settings.pokea_jwt_issuer,
        audience=settings.pokea_jwt_audience,
    )
    found += rules.check_sites(environment, settings.pokea_allowed_origins)
    found += rules.check_networks(environment, "POKEA_TRUSTED_PROXIES", settings.proxy_networks)
    found += rules.check_networks(environment, "POKEA_CALLBACK_ALLOWED_IPS", settings.callback_networks)
    found += rules.check_database_address(settings.pokea_database_url)
    if settings.pokea_notices_url:
        found += rules.check_notices_address(settings.pokea_notices_url, settings.pokea_database_url)
    if settings.pokea_read_url:
        found += rules.check_read_address(settings.pokea_read_url, settings.pokea_database_url)
    found += check_money_out(
        settings,
        environment=environment,
        shortcode=settings.mpesa_shortcode,
        certificate=file_or_fault(settings.mpesa_certificate),
        # A universe, which has no machine's clock, names no such day.
        today=_today(now) if settings.mpesa_initiator_password_set_on else None,
    )
    return found


def _today(now: Instant | None) -> date:
    return to_datetime(SystemClock().now() if now is None else now).astimezone(EAST_AFRICA_TIME).date()


def _missing(settings: Settings) -> Iterator[Complaint]:
    needed = {
        "MPESA_CONSUMER_KEY": settings.mpesa_consumer_key.get_secret_value(),
        "MPESA_CONSUMER_SECRET": settings.mpesa_consumer_secret.get_secret_value(),
        "MPESA_PASSKEY": settings.mpesa_passkey.get_secret_value(),
        "MPESA_SHORTCODE": settings.mpesa_shortcode,
        "MPESA_CALLBACK_URL": settings.mpesa_callback_url,
        "POKEA_SECRET_KEY": settings.pokea_secret_key.get_secret_value(),
    }
    for name, value in needed.items():
        if not value:
            yield rules.stops(name, "is not set: put it in the environment or in .env (docs/settings.md).")
    if not settings.pokea_jwt_secret.get_secret_value() and not settings.pokea_jwks_url:
        says = "is not set: set it (32 bytes or more), or POKEA_JWKS_URL for an issuer's keys."
        yield rules.stops("POKEA_JWT_SECRET", says)


_NAMES: Final = frozenset(name.upper() for name in Settings.model_fields)
