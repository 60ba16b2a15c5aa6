"""The settings of events and webhooks; `pokea.settings` has them with all others."""

from pydantic import BaseModel, Field


class EventSettings(BaseModel):
    """What is kept of events."""

    pokea_events_days: int = Field(
        90, ge=1, le=3650, description="Days for which events are kept, in the list and for webhooks."
    )
