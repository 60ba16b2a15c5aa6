"""Every setting, read from the environment and `.env`, and the rules that stop a start on a wrong one.

The guide's names stand as they are (`MPESA_…`); Pokea's own begin with `POKEA_`.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pokea.errors import SettingsError

SANDBOX_PASSKEY: Final = "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919"
"""Public: it stands in Safaricom's own documentation (reference 8.3)."""
SANDBOX_SHORTCODE: Final = "174379"

_BASE_URLS: Final = {
    "sandbox": "https://sandbox.safaricom.co.ke",
    "production": "https://api.safaricom.co.ke",
    "simulator": "http://127.0.0.1:8001",
}
_QUERY_RATES: Final = {"sandbox": 5 / 60, "production": 1.0, "simulator": 20.0}
_SIMULATOR_DEFAULTS: Final = {
    "mpesa_consumer_key": "simulator-key",
    "mpesa_consumer_secret": "simulator-secret",
    "mpesa_passkey": SANDBOX_PASSKEY,
    "mpesa_shortcode": SANDBOX_SHORTCODE,
    "mpesa_callback_url": "http://127.0.0.1:8000/api/v1/payments/mpesa/callback",
}
_SHORTEST_SECRET = 32

Network = IPv4Network | IPv6Network
Listed = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """The settings of one service. Built by `load_settings`, which turns a wrong one into a sentence."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, hide_input_in_errors=True
    )

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
        "each payment's own token is added to it.",
    )
    mpesa_base_url: str = Field("", description="Daraja's address; by default the one of the environment.")
    mpesa_transaction_type: Literal["CustomerPayBillOnline", "CustomerBuyGoodsOnline"] = Field(
        "CustomerPayBillOnline", description="`CustomerBuyGoodsOnline` for a till."
    )
    mpesa_till: str = Field("", description="Till number that receives the money, with `CustomerBuyGoodsOnline`.")
    mpesa_initiator_name: str = Field("", description="API operator, for refunds and payouts.")
    mpesa_initiator_password: SecretStr = Field(SecretStr(""), description="Password of the API operator.")
    mpesa_certificate: str = Field("", description="File with Safaricom's certificate, for refunds and payouts.")

    pokea_database_url: str = Field(
        "sqlite:///pokea.sqlite3", description="`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."
    )
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
    pokea_push_limit_phone: int | None = Field(
        None,
        ge=0,
        description="Prompts a phone may get in 10 minutes; 0 for no limit. By default 5, none with the simulator.",
    )
    pokea_push_limit_customer: int | None = Field(
        None,
        ge=0,
        description="Prompts a customer may ask for in 10 minutes; 0 for no limit. "
        "By default 10, none with the simulator.",
    )
    pokea_push_limit_overall: int | None = Field(
        None,
        ge=0,
        description="Prompts that all customers together may cause in a minute; 0 for no limit. "
        "By default 600, none with the simulator.",
    )

    @field_validator(
        "pokea_callback_allowed_ips",
        "pokea_trusted_proxies",
        "pokea_allowed_origins",
        "pokea_alerts",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part for part in re.split(r"[\s,]+", value) if part) if isinstance(value, str) else value

    @field_validator("pokea_callback_allowed_ips", "pokea_trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for part in value:
            try:
                ip_network(part, strict=False)
            except ValueError:
                raise ValueError(f"{part} is not an IP address or network such as 196.201.212.0/24") from None
        return value

    @model_validator(mode="before")
    @classmethod
    def _simulator_defaults(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("mpesa_environment") == "simulator":
            present = {name for name, value in values.items() if value}
            return values | {name: value for name, value in _SIMULATOR_DEFAULTS.items() if name not in present}
        return values

    @property
    def base_url(self) -> str:
        """Daraja's address without a slash at its end."""
        return (self.mpesa_base_url or _BASE_URLS[self.mpesa_environment]).rstrip("/")

    @property
    def query_rate(self) -> float:
        """Questions a second that Daraja may be asked (law 5)."""
        return self.pokea_query_rate or _QUERY_RATES[self.mpesa_environment]

    @property
    def party_b(self) -> str:
        """Who receives the money: the till, or the paybill itself (reference 2.2)."""
        return self.mpesa_till or self.mpesa_shortcode

    @property
    def push_limit_phone(self) -> int:
        """Prompts a phone may get in ten minutes; 0 for no limit (law 8)."""
        return self._limit(self.pokea_push_limit_phone, 5)

    @property
    def push_limit_customer(self) -> int:
        """Prompts a customer may ask for in ten minutes; 0 for no limit (law 8)."""
        return self._limit(self.pokea_push_limit_customer, 10)

    @property
    def push_limit_overall(self) -> int:
        """Prompts that all customers together may cause in a minute; 0 for no limit (law 8)."""
        return self._limit(self.pokea_push_limit_overall, 600)

    def _limit(self, chosen: int | None, default: int) -> int:
        if chosen is not None:
            return chosen
        return 0 if self.mpesa_environment == "simulator" else default

    @property
    def callback_networks(self) -> tuple[Network, ...]:
        """Addresses from which callbacks are believed; empty for any."""
        return tuple(ip_network(part, strict=False) for part in self.pokea_callback_allowed_ips)

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """Proxies whose X-Forwarded-For is believed."""
        return tuple(ip_network(part, strict=False) for part in self.pokea_trusted_proxies)


class _GivenSettings(Settings):
    """Settings of which the environment and `.env` know nothing."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: Any,
        **_more: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given, and nothing else."""
        return (init_settings,)


def load_settings(**overrides: Any) -> Settings:
    """The settings of the environment and `.env`, overridden by name; raises SettingsError with one line."""
    return _checked(Settings, overrides)


def given_settings(**values: Any) -> Settings:
    """Settings made of these values alone, whatever the environment says; raises SettingsError with one line."""
    return _checked(_GivenSettings, values)


def _checked(kind: type[Settings], values: dict[str, Any]) -> Settings:
    try:
        settings = kind(**values)
    except ValidationError as failure:
        first = failure.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    for complaint in complaints(settings):
        raise SettingsError(complaint)
    return settings


def complaints(settings: Settings) -> list[str]:
    """Everything that must stop the start, each one line that names the setting and the fix."""
    return [*_missing(settings), *_unfit(settings), *_unfit_for_production(settings)]


def _missing(settings: Settings) -> list[str]:
    needed = {
        "MPESA_CONSUMER_KEY": settings.mpesa_consumer_key.get_secret_value(),
        "MPESA_CONSUMER_SECRET": settings.mpesa_consumer_secret.get_secret_value(),
        "MPESA_PASSKEY": settings.mpesa_passkey.get_secret_value(),
        "MPESA_SHORTCODE": settings.mpesa_shortcode,
        "MPESA_CALLBACK_URL": settings.mpesa_callback_url,
        "POKEA_SECRET_KEY": settings.pokea_secret_key.get_secret_value(),
    }
    found = [
        f"{name} is not set: put it in the environment or in .env (docs/settings.md)."
        for name, value in needed.items()
        if not value
    ]
    if not settings.pokea_jwt_secret.get_secret_value() and not settings.pokea_jwks_url:
        found.append("POKEA_JWT_SECRET is not set: set it (32 bytes or more), or POKEA_JWKS_URL for an issuer's keys.")
    if settings.pokea_jwks_url and not (settings.pokea_jwt_issuer and settings.pokea_jwt_audience):
        found.append("POKEA_JWKS_URL needs POKEA_JWT_ISSUER and POKEA_JWT_AUDIENCE: set both.")
    if settings.mpesa_transaction_type == "CustomerBuyGoodsOnline" and not settings.mpesa_till:
        found.append("MPESA_TILL is not set: CustomerBuyGoodsOnline needs the till number that receives the money.")
    return found


def _unfit(settings: Settings) -> list[str]:
    found = []
    for name, secret in (
        ("POKEA_SECRET_KEY", settings.pokea_secret_key),
        ("POKEA_JWT_SECRET", settings.pokea_jwt_secret),
    ):
        value = secret.get_secret_value()
        if value and len(value.encode()) < _SHORTEST_SECRET:
            found.append(
                f"{name} is too short: use {_SHORTEST_SECRET} characters or more, as `openssl rand -hex 32` makes them."
            )
    if not re.fullmatch(r"\d{5,7}", settings.mpesa_shortcode):
        found.append("MPESA_SHORTCODE must be 5 to 7 digits: the paybill, or the till's store number.")
    parts = urlsplit(settings.mpesa_callback_url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or parts.query
        or parts.fragment
        or " " in settings.mpesa_callback_url
    ):
        found.append(
            "MPESA_CALLBACK_URL must be a whole address such as "
            "https://api.example.com/api/v1/payments/stk/callback, without a query."
        )
    if not settings.pokea_database_url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        found.append("POKEA_DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return found


def _unfit_for_production(settings: Settings) -> list[str]:
    if settings.mpesa_environment != "production":
        return []
    found = []
    if not settings.mpesa_callback_url.startswith("https://"):
        found.append("MPESA_CALLBACK_URL must begin with https:// in production: Daraja calls no plain address there.")
    if settings.mpesa_passkey.get_secret_value() == SANDBOX_PASSKEY:
        found.append("MPESA_PASSKEY is the public sandbox passkey: use the one that Safaricom mailed at go-live.")
    if settings.mpesa_shortcode == SANDBOX_SHORTCODE:
        found.append("MPESA_SHORTCODE is the public sandbox shortcode: use your own paybill or store number.")
    return found
