"""The settings of how much one customer, phone or link may cause; `pokea.settings` has them with all others."""

from typing import Final

from pydantic import BaseModel, Field

_MOST: Final = 1_000_000_000
"""Far more than anyone prompts, and a number that every database counts to."""


class LimitSettings(BaseModel):
    """Prompts, bookings and payments through links."""

    pokea_push_limit_phone: int | None = Field(
        None,
        ge=0,
        le=_MOST,
        description="Prompts a phone may get in 10 minutes; 0 for no limit. By default 5, none with the simulator.",
    )
    pokea_push_limit_customer: int | None = Field(
        None,
        ge=0,
        le=_MOST,
        description="Prompts a customer may ask for in 10 minutes; 0 for no limit. "
        "By default 10, none with the simulator.",
    )
    pokea_push_limit_overall: int | None = Field(
        None,
        ge=0,
        le=_MOST,
        description="Prompts that all customers together may cause in a minute; 0 for no limit. "
        "By default 600, none with the simulator.",
    )
    pokea_booking_limit_customer: int | None = Field(
        None,
        ge=0,
        le=_MOST,
        description="Bookings a customer may make in 10 minutes, in each process; 0 for no limit. An admin's are not "
        "counted. By default 60, none with the simulator.",
    )
    pokea_link_limit: int = Field(
        60,
        ge=0,
        le=_MOST,
        description="Prompts, and payments begun, through a payment link in 10 minutes; 0 for no limit.",
    )
    pokea_link_limit_address: int = Field(
        20, ge=0, le=_MOST, description="The same from one network address, through any link."
    )
