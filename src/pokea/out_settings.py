"""The settings of money out: the API operator with Safaricom, who may pay how much, and what waits (law: who may).

They are a part of `Settings`, in a file of their own. What they must be like is in `out_rules`.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from pydantic import BaseModel, Field, SecretStr, field_validator

from pokea.money import MAXIMUM_SHILLINGS

PASSWORD_DAYS: Final = 90
"""How long the password of an API operator is good for (daraja: SecurityCredential)."""
PASSWORD_WARNS_DAYS: Final = 75
PASSWORD_ALERTS_DAYS: Final = 85
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HUNDREDTHS: Final = 100
_LARGEST_SUM: Final = 1_000_000_000
_DAILY_LIMIT: Final = 500_000
"""What one phone may take a day (daraja: limits and charges)."""


class OutSettings(BaseModel):
    """The settings of refunds and payouts; a part of `Settings`. Amounts are whole shillings."""

    mpesa_initiator_name: str = Field(
        "", max_length=60, description="API operator that refunds, pays out, and asks for status and balance."
    )
    mpesa_initiator_password: SecretStr = Field(
        SecretStr(""), description="Password of the API operator; it is good for 90 days."
    )
    mpesa_initiator_password_set_on: date | None = Field(
        None,
        description="Day on which that password was set, as 2026-01-31: a warning after 75 days, an alert after 85, "
        "and money out stops after 90.",
    )
    mpesa_certificate: str = Field(
        "",
        description="File with Safaricom's certificate or its public key, PEM or DER, by which the password is sealed; "
        "the simulator's is fetched from it.",
    )
    mpesa_security_credential: SecretStr = Field(
        SecretStr(""), description="The sealed password from the Daraja portal, instead of password and certificate."
    )
    mpesa_b2c_shortcode: str = Field(
        "", description="Shortcode that pays out, where B2C has one of its own; by default MPESA_SHORTCODE."
    )

    pokea_money_out: Literal["off", "on"] = Field(
        "off", description="Whether refunds and payouts are made (docs/law/money-out.md)."
    )
    pokea_out_limit_one: int = Field(
        10_000, ge=1, le=MAXIMUM_SHILLINGS, description="Most shillings of one refund or payout without an admin."
    )
    pokea_out_limit_day: int = Field(
        50_000, ge=1, le=_LARGEST_SUM, description="Most shillings of all refunds and payouts in 24 hours."
    )
    pokea_out_limit_payee_day: int = Field(
        10_000, ge=1, le=_DAILY_LIMIT, description="Most shillings to one recipient in 24 hours."
    )
    pokea_out_limit_hourly: int = Field(
        20, ge=1, le=_LARGEST_SUM, description="Most refunds and payouts in an hour, by number."
    )
    pokea_out_second_person_from: int = Field(
        0,
        ge=0,
        le=MAXIMUM_SHILLINGS,
        description="From this many shillings upward a second person approves; 0 for always. What is below waits "
        "POKEA_OUT_DELAY_SECONDS.",
    )
    pokea_out_delay_seconds: int = Field(
        900,
        ge=0,
        le=7 * 24 * 3600,
        description="Seconds that a refund or payout without a second person waits, and can be withdrawn in.",
    )
    pokea_out_float: int = Field(
        0, ge=0, le=_LARGEST_SUM, description="Money out stops when fewer shillings than these would be left."
    )
    pokea_reversal_days: int = Field(
        7, ge=0, le=90, description="Days for which a whole payment is refunded by reversal; later by B2C."
    )
    pokea_status_rate: int = Field(
        20, ge=1, le=600, description="Questions a minute about refunds and payouts, of all processes together."
    )
    pokea_payee_wait_hours: int = Field(
        24, ge=0, le=720, description="Hours between the confirmation of a payee and the first payout."
    )
    pokea_commission_percent: Decimal = Field(
        Decimal(0), ge=0, le=100, decimal_places=2, description="Part of a released fee that the business keeps."
    )
    pokea_release_after_hours: int | None = Field(
        None, ge=1, le=8760, description="Hours after `done` when a fee is released by itself; not set for never."
    )

    @field_validator("mpesa_initiator_password_set_on", mode="before")
    @classmethod
    def _day(cls, value: object) -> object:
        # pydantic would take a number of seconds, or a day with an hour, as well.
        if isinstance(value, str):
            try:
                return date.fromisoformat(value if _DAY.fullmatch(value) else "")
            except ValueError:
                raise ValueError("must be a day, as 2026-01-31") from None
        return value

    @property
    def pays_out(self) -> bool:
        """Whether money goes out at all (law: who may)."""
        return self.pokea_money_out == "on"

    @property
    def commission_hundredths(self) -> int:
        """The commission in hundredths of a percent, so that no share is ever computed from a fraction."""
        return int(self.pokea_commission_percent * _HUNDREDTHS)


def password_age_days(set_on: date | None, today: date) -> int | None:
    """How many days ago the API operator's password was set; None when the day is not known."""
    return None if set_on is None else (today - set_on).days
