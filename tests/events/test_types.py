"""The types of events, the patterns that choose some, and the bodies that they describe."""

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.bookings.events import created
from pokea.events.body import body_of, event_id
from pokea.events.outbox import LONGEST_DATA_BYTES, Event, encode_state
from pokea.events.states import BookingState, DisbursementEventState, EndpointState, PaymentState, PingState
from pokea.events.types import EVENT_TYPES, PATTERNS, TYPE_NAMES, is_chosen, schema_of
from pokea.operations.decision import Flag, Status
from pokea.operations.payment_events import event_of
from tests.events.happened import AT
from tests.payment_rows import new_booking, new_payment


def valid(event: Event) -> dict[str, object]:
    """The body of an event, which fits the schema of its type."""
    body: dict[str, object] = json.loads(body_of(event, livemode=True))
    schema = next(schema_of(each) for each in EVENT_TYPES if each.name == event.type)
    jsonschema_rs.validator_for(dict(schema)).validate(body)
    return body


def test_the_body_of_a_completed_payment_is_that_of_the_law() -> None:
    """Its fields, their order and their values are those of the law's example."""
    row = new_payment("pay_1", version=7, status="completed", receipt="UE4JS31RBV", account_reference="BK-7Q2M4XN")
    assert body_of(event_of(row, "payment.completed", AT), livemode=True) == (
        b'{"type":"payment.completed","timestamp":"2025-01-27T17:46:40.000Z","data":{"object":"payment","id":"pay_1",'
        b'"version":7,"bookingId":"bk_1","reference":"BK-7Q2M4XN","status":"completed","amount":500,"currency":"KES",'
        b'"receipt":"UE4JS31RBV","review":[]},"livemode":true}'
    )
    assert event_id("pay_1", 7) == "evt_pay_1_7"


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("flags", ["", ",".join(Flag)])
def test_a_payments_events_fit_their_schema_and_name_no_customer(status: Status, flags: str) -> None:
    """Whatever its status and its flags, phone, owner and Daraja's words are not in the body."""
    event_type = "payment.created" if status is Status.INITIATED else f"payment.{status}"
    row = new_payment("pay_1", status=status.value, flags=flags, failure_reason="cancelled", failure_code="1032")
    body = valid(event_of(row, event_type, AT))
    text = json.dumps(body)
    assert not any(each in text for each in (row.msisdn, row.owner, "1032"))
    assert ("reason" in text) == (status is Status.FAILED)
    assert len(body_of(event_of(row, event_type, AT), livemode=False)) <= 4096


def test_a_bookings_events_fit_their_schema_and_name_no_customer() -> None:
    """Neither the customer nor what is booked is in the body."""
    text = json.dumps(valid(created(new_booking())))
    assert "customer" not in text
    assert "Plumbing" not in text


def test_a_state_that_is_too_long_is_refused() -> None:
    """A body has at most 4 kB."""
    with pytest.raises(ValueError, match="are allowed"):
        encode_state(PingState(endpoint_id="x" * LONGEST_DATA_BYTES))


def test_every_type_has_a_schema_and_a_state() -> None:
    """Each name is an object and what happened to it, once, and its schema requires what identifies the version."""
    assert len(set(TYPE_NAMES)) == len(TYPE_NAMES)
    states = {PaymentState, BookingState, DisbursementEventState, EndpointState, PingState}
    assert {each.state for each in EVENT_TYPES} == states
    for each in EVENT_TYPES:
        assert each.name.count(".") == 1
        assert set(schema_of(each)["properties"]["data"]["required"]) >= {"object", "id", "version"}


@given(st.sampled_from(TYPE_NAMES), st.lists(st.sampled_from(PATTERNS)))
def test_a_type_is_chosen_by_itself_its_object_or_all(event_type: str, patterns: list[str]) -> None:
    """Nothing else chooses it."""
    wanted = event_type in patterns or event_type.split(".", maxsplit=1)[0] + ".*" in patterns or "*" in patterns
    assert is_chosen(event_type, patterns) == wanted


def test_what_chooses_nothing_is_no_pattern() -> None:
    """Near as it may be to what does: an endpoint that names it is refused."""
    assert {"payment.*", "*"} <= set(PATTERNS)
    assert set(PATTERNS).isdisjoint({"payment", "payment.done", "*.completed"})
