"""The types of events, and the patterns by which some are chosen. Pure.

A type is `object.past_tense`. A room that writes events of a new type adds it here: docs/events.md, the JSON Schemas
and what endpoints may subscribe to are made from this list.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import fields

from pokea.events.states import BookingState, DisbursementEventState, EndpointState, PaymentState, PingState

EVERYTHING: Final = "*"


def object_of(event_type: str) -> str:
    """The kind of object that events of this type are about."""
    return event_type.partition(".")[0]


class EventType(NamedTuple):
    """A type of event: when it happens, and what its `data` says of the object."""

    name: str
    when: str
    state: type[Struct]

    @property
    def object(self) -> str:
        """The kind of the object."""
        return object_of(self.name)


def _money_out(kind: str) -> Sequence[EventType]:
    """The types of refunds or of payouts."""
    happens = {
        "requested": f"A {kind} was asked for; a second person has to approve it.",
        "approved": f"The {kind} was approved, and is sent as soon as nothing stands in its way.",
        "rejected": f"The {kind} was not approved.",
        "withdrawn": f"The {kind} was taken back before it was sent.",
        "lapsed": f"The approval of the {kind} has lapsed; nothing was sent.",
        "completed": f"It is proved that the money of the {kind} went out.",
        "failed": f"It is proved that the money of the {kind} did not go out.",
        "unknown": f"The {kind} was sent, and nothing says yet what became of it; it is found out, and not sent again.",
        "returned": f"The money of the {kind} came back.",
    }
    return [EventType(f"{kind}.{status}", when, DisbursementEventState) for status, when in happens.items()]


PING: Final = "webhook.ping"
ENDPOINT_DISABLED: Final = "endpoint.disabled"
EVENT_TYPES: Final = (
    EventType("payment.created", "A payment was made; its prompt is about to be sent.", PaymentState),
    EventType("payment.pending", "Daraja has accepted the prompt.", PaymentState),
    EventType(
        "payment.completed", "The money came. Once more when a receipt or another detail became known.", PaymentState
    ),
    EventType(
        "payment.failed", "No money came. A `payment.completed` may still follow: proof outranks failure.", PaymentState
    ),
    EventType("payment.flagged", "There is a reason why a person should look at the payment.", PaymentState),
    EventType("payment.resolved", "A person has decided about such a reason.", PaymentState),
    EventType("booking.created", "A booking was made, and awaits its payment.", BookingState),
    EventType("booking.held", "The booking's fee was paid, and is held.", BookingState),
    EventType("booking.done", "The booked work was said to be done.", BookingState),
    EventType("booking.disputed", "The customer disputes the fee that is held.", BookingState),
    EventType("booking.released", "The held fee was released.", BookingState),
    EventType("booking.refunding", "A refund of the held fee was approved, and has not gone out whole.", BookingState),
    EventType("booking.partly_refunded", "A part of the fee has gone back, and the rest is held.", BookingState),
    EventType("booking.refunded", "The fee has gone back whole.", BookingState),
    *_money_out("refund"),
    *_money_out("payout"),
    EventType(ENDPOINT_DISABLED, "Nothing is sent to an endpoint any more.", EndpointState),
    EventType(PING, "An admin asked for it; sent to its one endpoint only, whatever that subscribes to.", PingState),
)
"""Every type that is written, in the order of the page that explains them."""

TYPE_NAMES: Final = tuple(each.name for each in EVENT_TYPES)
PATTERNS: Final = (EVERYTHING, *dict.fromkeys(f"{each.object}.{EVERYTHING}" for each in EVENT_TYPES), *TYPE_NAMES)
"""All that can be subscribed to."""


def is_chosen(event_type: str, patterns: Collection[str]) -> bool:
    """Whether one of the patterns is the type, its object's `payment.*`, or `*`."""
    return not {event_type, f"{object_of(event_type)}.{EVERYTHING}", EVERYTHING}.isdisjoint(patterns)


def schema_of(event_type: EventType) -> Mapping[str, Any]:
    """The JSON Schema of the whole body of an event of this type."""
    (state,), parts = msgspec.json.schema_components([event_type.state], ref_template="#/$defs/{name}")
    own = parts[state["$ref"].rpartition("/")[2]]
    text = {"type": "string"}
    identity = {
        "object": {"const": event_type.object},
        "id": {**text, "description": "The object's id."},
        "version": {"type": "integer", "minimum": 1, "description": "Which change of the object this is, from 1."},
    }
    data = {
        "type": "object",
        "description": own.get("description", ""),
        "properties": identity | own["properties"],
        "required": [*identity, *(each.encode_name for each in fields(event_type.state) if each.default is not UNSET)],
    }
    timestamp = {**text, "format": "date-time", "description": "When it happened, in UTC."}
    livemode = {"type": "boolean", "description": "Whether real money moves: true in production only."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": event_type.name,
        "description": event_type.when,
        "type": "object",
        "properties": {"type": {"const": event_type.name}, "timestamp": timestamp, "data": data, "livemode": livemode},
        "required": ["type", "timestamp", "data", "livemode"],
    }
