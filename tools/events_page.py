"""The page of events, made from the list of their types."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pokea.events.body import body_of, event_id
from pokea.events.outbox import Event, encode_state
from pokea.events.states import BookingState, DisbursementEventState, EndpointState, PaymentState, PingState
from pokea.events.types import EVENT_TYPES, PATTERNS, EventType, object_of, schema_of
from tools.markdown import page, table

_AT: Final = 1_795_787_840_101_000
_PAYMENT: Final = "pay_01m8emqmy4c4d2q0mmaz7hwc6r"
_BOOKING: Final = "bk_01m8emqm5vvnpb1k2m2nmc2k34"
_ENDPOINT: Final = "we_01m8emqnjgz6hzjhed8a1jtf9n"
_REFERENCE: Final = "BK-EPTTESY"
EXAMPLES: Final = (
    Event(
        _PAYMENT,
        3,
        1,
        "payment.completed",
        _AT,
        encode_state(
            PaymentState(
                booking_id=_BOOKING,
                reference=_REFERENCE,
                status="completed",
                amount=500,
                receipt="UKR7A1B2C3",
                review=[],
            )
        ),
    ),
    Event(
        _BOOKING,
        2,
        1,
        "booking.held",
        _AT,
        encode_state(
            BookingState(reference=_REFERENCE, status="matching", fee_status="held", amount=500, payment_id=_PAYMENT)
        ),
    ),
    Event(
        "rf_01m8emr2b1q9v7c3n5k8x0w4ze",
        3,
        1,
        "refund.completed",
        _AT,
        encode_state(
            DisbursementEventState(
                status="completed",
                amount=500,
                way="reversal",
                payment_id=_PAYMENT,
                payee_id=None,
                booking_id=_BOOKING,
                receipt="UKR7D4E5F6",
                review=[],
            )
        ),
    ),
    Event(
        _ENDPOINT,
        1,
        1,
        "endpoint.disabled",
        _AT,
        encode_state(EndpointState(url="https://shop.example.co.ke/hooks", reason="gone")),
    ),
    Event("ping_01m8emqnjgz6hzjhed8a1jtf9p", 1, 1, "webhook.ping", _AT, encode_state(PingState(endpoint_id=_ENDPOINT))),
)
"""An event of each kind of object."""


def events_page() -> str:
    """Every type of event: when it happens, what its body holds, and its JSON Schema."""
    parts = [
        "# Events",
        "What happened, one event for each version of an object: the first is `….created` at version 1. An event is "
        "written in the transaction of the change, and has its number soon after the commit. Read them in order with "
        "`GET /api/v1/events` ([API](api.md)), or have them sent to an address of your own.",
        "## Types",
        table(
            ("Type", "When", "Body"),
            ((f"`{each.name}`", each.when, f"[JSON Schema]({schema_name(each)})") for each in EVENT_TYPES),
        ),
        f"Chosen by themselves, or by a pattern: {', '.join(f'`{each}`' for each in PATTERNS if '*' in each)}.",
        "## What holds of each",
        "- Its id is `evt_`, the object's id, `_` and the version, such as "
        f"`{event_id(_PAYMENT, 3)}`: the same for ever, however often it is sent. Keep the ids that you have handled.\n"
        "- `data` is the object as it was at that version. An object's events come in the order of their versions; "
        "between objects there is no order to rely on.\n"
        "- A type can come more than once for one object: `payment.completed` again when a receipt that was missing "
        "is known. Act on what `data` says of the object, and count nothing.\n"
        "- `payment.failed` is not the last word: proof that the money came makes it `payment.completed` later.\n"
        "- No phone number, no name, no customer and no text of Daraja's is in a body. It is compact JSON of at most "
        "4 kB, and gains fields with time: ignore those that you do not know.\n"
        "- `livemode` is true in production only.",
    ]
    for example in EXAMPLES:
        kind = object_of(example.type)
        types = [each for each in EVENT_TYPES if each.object == kind]
        title = "Refund and payout" if kind == "refund" else kind.capitalize()
        parts += [f"## {title}", table(("Field of `data`", "Type", "What it is"), _fields(types[0]))]
        body = json.loads(body_of(example, livemode=False))
        parts.append(f"```json\n{json.dumps(body, indent=2)}\n```")
    return page(parts)


def schema_page(event_type: EventType) -> str:
    """The JSON Schema of one type, as a file."""
    return json.dumps(schema_of(event_type), indent=2, ensure_ascii=False) + "\n"


def schema_name(event_type: EventType) -> str:
    """The file of a type's schema, in docs/."""
    return f"schemas/{event_type.name}.json"


def _fields(event_type: EventType) -> list[tuple[str, ...]]:
    fields: Mapping[str, Any] = schema_of(event_type)["properties"]["data"]["properties"]
    return [(f"`{name}`", _kind(field), field.get("description", "")) for name, field in fields.items()]


def _kind(field: Mapping[str, Any]) -> str:
    if "const" in field or "enum" in field:
        return f"`{field.get('const') or field['enum'][0]}`"
    kinds = [each.get("type", "") for each in field.get("anyOf", [field])]
    return " or ".join(kinds)
