"""The settings of events and webhooks; `pokea.settings` has them with all others."""

import re

from pydantic import BaseModel, Field, field_validator

from pokea.public_addresses import Allowance, read_allowance


class EventSettings(BaseModel):
    """What is kept of events, and where webhooks may go."""

    pokea_events_days: int = Field(
        90, ge=1, le=3650, description="Days for which events are kept, in the list and for webhooks."
    )
    pokea_webhook_allow: tuple[str, ...] = Field(
        (),
        description="Hosts and networks that webhooks may be sent to although they are private (docs/webhooks.md).",
    )

    @field_validator("pokea_webhook_allow", mode="before")
    @classmethod
    def _split_places(cls, value: object) -> object:
        return tuple(part for part in re.split(r"[\s,]+", value) if part) if isinstance(value, str) else value

    @field_validator("pokea_webhook_allow")
    @classmethod
    def _places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        read_allowance(value)
        return value

    @property
    def webhook_allowance(self) -> Allowance:
        """What may be private of the places that webhooks are sent to (law: addresses)."""
        return read_allowance(self.pokea_webhook_allow)
