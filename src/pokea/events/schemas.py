"""What the call of the list of events takes and answers."""

from typing import Any, Final, Literal

from pydantic import Field, field_validator

from pokea.api.bodies import Incoming, Outgoing
from pokea.events.types import PATTERNS

MOST_LISTED: Final = 100


def known_pattern(name: str, pattern: str) -> str:
    """The pattern, if it chooses types of this version. Raises ValueError that lists those that do."""
    if pattern not in PATTERNS:
        raise ValueError(f"`{name}` must be one of {', '.join(PATTERNS)}.")
    return pattern


class EventsQuery(Incoming):
    """Which events are asked for."""

    after: int = Field(0, ge=0, le=2**53 - 1, description="Only events whose `sequence` is larger.")
    type: str | None = Field(
        None,
        description="Only events of this type, such as `payment.completed`, or of one object's types: `payment.*`.",
        json_schema_extra={"enum": list(PATTERNS)},
    )
    object: str | None = Field(
        None, pattern="^[A-Za-z0-9_-]{1,64}$", description="Only events of the object of this id."
    )
    limit: int = Field(20, ge=1, le=MOST_LISTED, description="How many are shown at most.")

    @field_validator("type")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else known_pattern("type", value)


class EventBody(Outgoing):
    """An event with its place in the list."""

    sequence: int = Field(description="Its place in the list of all events; the numbers have no gap.")
    id: str = Field(description="The same for ever: the key against duplicates.")
    type: str
    timestamp: str
    data: dict[str, Any] = Field(description="The object as it was at this version: see docs/events.md.")
    livemode: bool = Field(description="Whether real money moves: true in production only.")


class EventsAnswer(Outgoing):
    """A page of events, in the order of their numbers."""

    success: Literal[True] = True
    events: list[EventBody]
    next: int = Field(description="What to send as `after` for the next page; the list is read when it is `latest`.")
    latest: int = Field(description="The last number that was given.")
    environment: str = Field(description="With which Daraja it happened: `simulator`, `sandbox` or `production`.")


EVENTS_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "events": [
        {
            "sequence": 41,
            "id": "evt_pay_01m8emqmy4c4d2q0mmaz7hwc6r_3",
            "type": "payment.completed",
            "timestamp": "2026-11-27T13:57:20.101Z",
            "data": {
                "object": "payment",
                "id": "pay_01m8emqmy4c4d2q0mmaz7hwc6r",
                "version": 3,
                "bookingId": "bk_01m8emqm5vvnpb1k2m2nmc2k34",
                "reference": "BK-EPTTESY",
                "status": "completed",
                "amount": 500,
                "currency": "KES",
                "receipt": "UKR7A1B2C3",
                "review": [],
            },
            "livemode": False,
        }
    ],
    "next": 41,
    "latest": 41,
    "environment": "sandbox",
}
