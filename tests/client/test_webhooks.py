"""The proof of a webhook (law: signing), against the public library and against what is nearly right."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from pokea.client import WebhookRefused, sign_webhook, verify_webhook
from pokea.client.webhooks import TOLERANCE_SECONDS

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
NOW = 1_764_000_000
EVENT: dict[str, Any] = {
    "type": "payment.completed",
    "timestamp": "2025-11-24T16:00:00Z",
    "data": {
        "object": "payment", "id": "pay_01", "version": 3, "bookingId": "bk_01", "reference": "BK-1001",
        "status": "completed", "amount": 500, "currency": "KES", "receipt": "UE4JS31RBV", "review": [],
    },
    "livemode": False,
}  # fmt: skip
BODY = json.dumps(EVENT, separators=(",", ":")).encode()


def signed(body: bytes = BODY, *secrets: str, sent_at: int = NOW) -> dict[str, str]:
    """The headers of a message that is right."""
    signature = sign_webhook("evt_pay_01_3", sent_at, body, secrets or (SECRET,))
    return {"webhook-id": "evt_pay_01_3", "webhook-timestamp": str(sent_at), "webhook-signature": signature}


def test_a_webhook_is_read() -> None:
    """What is signed with the endpoint's secret becomes an event, with all that its body says."""
    event = verify_webhook(signed(), BODY, SECRET, NOW)
    assert (event.id, event.type, event.livemode) == ("evt_pay_01_3", "payment.completed", False)
    assert event.timestamp == datetime(2025, 11, 24, 16, tzinfo=UTC)
    assert (event.data.object, event.data.id, event.data.version) == ("payment", "pay_01", 3)
    assert (event.data.booking_id, event.data.amount, event.data.receipt) == ("bk_01", 500, "UE4JS31RBV")
    assert event.raw == EVENT


def test_fields_that_are_not_known_yet_stay_in_raw() -> None:
    """An event of a newer service is read: what this client has no name for is in `raw`."""
    body = json.dumps(EVENT | {"data": EVENT["data"] | {"colour": "blue"}, "more": 1}).encode()
    event = verify_webhook(signed(body), body, SECRET, NOW)
    assert event.raw["more"] == 1
    assert event.data.status == "completed"


def test_the_public_library_signs_alike() -> None:
    """What the library of Standard Webhooks signs is taken, and it takes what we sign."""
    library, moment = Webhook(SECRET), datetime.fromtimestamp(NOW, UTC)
    assert signed()["webhook-signature"] == library.sign("evt_pay_01_3", moment, BODY.decode())
    now = int(datetime.now(UTC).timestamp())
    assert library.verify(BODY, signed(sent_at=now)) == EVENT
    assert verify_webhook(signed(sent_at=now), BODY, SECRET).data.id == "pay_01"


@pytest.mark.parametrize("known", [(SECRET,), (OTHER,), (OTHER, SECRET), (SECRET, OTHER)])
def test_a_rotation_fails_no_message(known: tuple[str, ...]) -> None:
    """While both secrets sign, a receiver that knows the old one, the new one, or both, takes every message."""
    assert verify_webhook(signed(BODY, OTHER, SECRET), BODY, known, NOW).id == "evt_pay_01_3"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "evt_pay_02_3"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": f" {NOW}"},
        {"webhook-timestamp": f"+{NOW}"},
        {"webhook-timestamp": f"{NOW}.0"},
        {"webhook-timestamp": "1_764_000_000"},
        {"webhook-timestamp": "١٧٦٤٠٠٠٠٠٠"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v2," + signed()["webhook-signature"].partition(",")[2]},
        {"webhook-signature": "v1,not base64 at all"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-signature": signed(BODY, OTHER)["webhook-signature"]},
        {"webhook-signature": " ".join(["v1,AAAA"] * 100) + " " + signed()["webhook-signature"]},
    ],
)
def test_a_header_that_is_not_right_is_refused(changes: dict[str, str]) -> None:
    """Each header is part of the proof, and no form of it raises anything but the refusal."""
    with pytest.raises(WebhookRefused):
        verify_webhook(signed() | changes, BODY, SECRET, NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_refused(name: str) -> None:
    """Without one of the three there is no proof."""
    headers = {key: value for key, value in signed().items() if key != name}
    with pytest.raises(WebhookRefused, match=name):
        verify_webhook(headers, BODY, SECRET, NOW)


def test_names_of_headers_have_no_case() -> None:
    """Frameworks write them in capitals of their own."""
    assert verify_webhook({name.title(): text for name, text in signed().items()}, BODY, SECRET, NOW).data.version == 3


@pytest.mark.parametrize("offset", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_an_old_message_is_refused(offset: int) -> None:
    """What was recorded cannot be sent again later, and nothing comes from the future."""
    with pytest.raises(WebhookRefused, match="clock"):
        verify_webhook(signed(sent_at=NOW + offset), BODY, SECRET, NOW)
    assert verify_webhook(signed(sent_at=NOW + offset), BODY, SECRET, NOW, tolerance_seconds=400).id == "evt_pay_01_3"


@given(st.integers(min_value=0, max_value=len(BODY) - 1), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_refused(place: int, change: int) -> None:
    """Each byte of the body is signed."""
    changed = bytearray(BODY)
    changed[place] ^= change
    with pytest.raises(WebhookRefused):
        verify_webhook(signed(), bytes(changed), SECRET, NOW)


@given(
    st.text(max_size=60), st.text(max_size=40), st.binary(max_size=200),
    st.one_of(st.just(str(NOW)), st.text(max_size=20)),
)  # fmt: skip
def test_nothing_but_the_refusal_is_raised(signature: str, message_id: str, body: bytes, sent_at: str) -> None:
    """Whatever a stranger sends is refused in one way."""
    headers = {"webhook-id": message_id, "webhook-timestamp": sent_at, "webhook-signature": f"v1,{signature}"}
    with pytest.raises(WebhookRefused):
        verify_webhook(headers, body, SECRET, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type": "payment.completed"}', b"\xff"])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    """Also what is signed must have the form of an event."""
    with pytest.raises(WebhookRefused, match="no event"):
        verify_webhook(signed(body), body, SECRET, NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "not base64"])
def test_a_secret_that_is_none_is_a_mistake_of_the_program(secret: str) -> None:
    """An empty or cut secret would prove every message, or none: the program is to be mended."""
    with pytest.raises(ValueError, match="whsec_"):
        verify_webhook(signed(), BODY, secret, NOW)
