"""Calls as values: what is sent, and what of it a program may get wrong."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pokea.client import LEFT, Booking, calls
from pokea.client.address import service_address
from pokea.client.calls import Call
from pokea.client.models import BookingFee

BOOKING = Booking(
    id="bk_1", reference="BK-1", service="Plumbing", customer_id="amina", status="awaiting_payment",
    booking_fee=BookingFee(amount=500, status="unpaid", paid_at=None), created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


def body_of(call: Call[Any]) -> Any:
    """The JSON that a call sends."""
    assert call.body is not None
    return json.loads(call.body)


def test_what_is_left_out_is_not_sent() -> None:
    """The service's own defaults hold for it."""
    assert body_of(calls.make_booking("key", "Plumbing")) == {"service": "Plumbing"}
    assert body_of(calls.make_link("key", "Deposit")) == {"title": "Deposit", "once": False}


def test_a_push_takes_the_fee_from_the_booking() -> None:
    """A booking knows its fee; with an id alone it has to be given."""
    call = calls.push("key", BOOKING, "0712345678", None)
    assert body_of(call) == {"phoneNumber": "0712345678", "bookingId": "bk_1", "amount": 500, "type": "booking_fee"}
    assert body_of(calls.push("key", "bk_1", "0712345678", 300))["amount"] == 300
    with pytest.raises(TypeError, match="amount"):
        calls.push("key", "bk_1", "0712345678", None)


def test_a_links_end_is_left_or_taken_away_or_set() -> None:
    """None takes the end away; what is not given stays."""
    assert body_of(calls.change_link("ln_1", active=False)) == {"active": False}
    assert body_of(calls.change_link("ln_1", expires_at=LEFT, title="Rent")) == {"title": "Rent"}
    assert body_of(calls.change_link("ln_1", expires_at=None)) == {"expiresAt": None}
    assert body_of(calls.change_link("ln_1", expires_at=date(2026, 12, 31))) == {"expiresAt": "2026-12-31"}


def test_a_moment_needs_a_time_zone() -> None:
    """Which instant is meant without one depends on a machine."""
    call = calls.list_payments(since=date(2026, 1, 31), until=datetime(2026, 2, 1, 9, tzinfo=UTC), search="BK 1")
    assert "from=2026-01-31&" in call.path
    assert "to=2026-02-01T09%3A00%3A00%2B00%3A00" in call.path
    assert "q=BK+1" in call.path
    with pytest.raises(ValueError, match="time zone"):
        calls.list_payments(since=datetime(2026, 2, 1, 9))  # noqa: DTZ001 - it is the mistake


@pytest.mark.parametrize("key", ["", "é", "a\nb", "a" * 256])
def test_a_key_that_is_none_is_not_sent(key: str) -> None:
    """It would be refused, or split the header."""
    with pytest.raises(ValueError, match="idempotency key"):
        calls.make_booking(key, "Plumbing")


@pytest.mark.parametrize("make", [calls.read_payment, calls.read_booking, calls.read_link, calls.delete_link])
def test_an_id_stays_within_its_part_of_the_path(make: Callable[[str], Call[Any]]) -> None:
    """Slashes and questions of an id call no other address, and an empty one calls none."""
    assert make("../x?y#z").path.endswith("/..%2Fx%3Fy%23z")
    for nothing in ("", ".", ".."):
        with pytest.raises(ValueError, match="id"):
            make(nothing)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Other: 1", "é"])
def test_a_token_that_no_header_can_carry_is_not_sent(token: str) -> None:
    """A line break in it would write headers of its own."""
    with pytest.raises(ValueError, match="token"):
        calls.read_link("ln_1").headers(token)


@pytest.mark.parametrize(
    "written", ["https://pay.example.com", " https://pay.example.com/ ", "https://pay.example.com/api/v1/"]
)
def test_an_address_may_end_with_the_apis_path(written: str) -> None:
    """As people copy it."""
    assert service_address(written) == "https://pay.example.com"


@pytest.mark.parametrize(
    "written", ["", "pay.example.com", "ftp://pay.example.com", "https://", "https://a:b@pay.example.com"]
)
def test_what_is_no_address_is_refused_at_once(written: str) -> None:
    """And not at the first payment."""
    with pytest.raises(ValueError, match="address"):
        service_address(written)
