"""Answers, read as values or raised as errors."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pokea.bookings.schemas import BOOKING_EXAMPLE
from pokea.client import Booking, CallRefused, Link, NotPokea, Payment
from pokea.client.answers import Answered, one, page_of, read_answer, refusal_of
from pokea.client.problems import BY_CODE, AmountMismatch, CallerMistake, CustomerMatter, PaymentInProgress
from pokea.errors import CATALOGUE, Fault, Problem
from pokea.links.schemas import LINKS_EXAMPLE
from pokea.payments import examples

PROBLEM = {"success": False, "message": "No.", "code": "not_found", "errors": [], "requestId": "req_1"}


def answered(body: Any, status: int = 200) -> Answered:
    """An answer with this JSON."""
    return Answered(status, {}, json.dumps(body).encode())


def test_the_examples_of_the_documentation_are_read() -> None:
    """Each example that the API's description shows becomes a value of the client."""
    booking = read_answer(answered(BOOKING_EXAMPLE), one(Booking, "booking"))
    assert booking.id == BOOKING_EXAMPLE["booking"]["id"]
    payment = read_answer(answered(examples.STATUS), one(Payment, "transaction"))
    assert payment.created_at.tzinfo is not None
    assert read_answer(answered(examples.HISTORY), page_of(Payment, "transactions")).items[0].id.startswith("pay_")
    links = read_answer(answered(LINKS_EXAMPLE), page_of(Link, "links"))
    assert links.items[0].id == LINKS_EXAMPLE["links"][0]["id"]
    assert links.total is None


def test_instants_are_aware_and_in_utc() -> None:
    """A text with a Z becomes an instant that can be compared with any other."""
    example = {"booking": BOOKING_EXAMPLE["booking"] | {"createdAt": "2026-01-02T03:04:05.678Z"}}
    found = read_answer(answered(example), one(Booking, "booking")).created_at
    assert found == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)


@pytest.mark.parametrize("problem", CATALOGUE.values(), ids=lambda one: one.code)
def test_each_code_is_an_error_of_its_own(problem: Problem) -> None:
    """A refusal is raised as the class of its code, below the class of whose matter it is."""
    body = PROBLEM | {"code": problem.code, "retryAfterSeconds": 30, "transactionId": "pay_1"}
    with pytest.raises(BY_CODE[problem.code]) as raised:
        read_answer(answered(body, problem.status), one(Booking, "booking"))
    refused = raised.value
    assert (refused.code, refused.status, refused.request_id) == (problem.code, problem.status, "req_1")
    assert (refused.retry_after_seconds, refused.extra) == (30, {"transactionId": "pay_1"})
    groups = {Fault.CALLER: CallerMistake, Fault.CUSTOMER: CustomerMatter}
    assert isinstance(refused, groups.get(problem.fault, CallRefused))


def test_an_error_says_what_the_service_said() -> None:
    """Its text names the message, what is wrong with fields, the code, and what finds the call in the log."""
    errors = [{"field": "amount", "message": "The fee is KES 500."}]
    refused = refusal_of(answered(PROBLEM | {"code": "amount_mismatch", "errors": errors}, 400))
    assert isinstance(refused, AmountMismatch)
    assert str(refused) == "No. (amount: The fee is KES 500.) [amount_mismatch, 400, req_1]"
    assert not isinstance(refused, PaymentInProgress)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"<html>", b"\xff", b'{"success": false}',
        json.dumps(PROBLEM | {"success": True}).encode(),
        json.dumps(PROBLEM | {"code": 7}).encode(), json.dumps(PROBLEM | {"errors": [{}]}).encode(),
        json.dumps(PROBLEM | {"errors": 7}).encode(),
    ],
)  # fmt: skip
def test_what_has_not_our_form_is_no_refusal(body: bytes) -> None:
    """A proxy's page and another program's JSON are named as such."""
    assert refusal_of(Answered(502, {}, body)) is None
    with pytest.raises(NotPokea) as raised:
        read_answer(Answered(502, {}, body), one(Booking, "booking"))
    assert raised.value.status == 502


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"booking": {}}', b'{"booking": {"id": 7}}', b"<html>"])
def test_a_success_that_cannot_be_read_is_not_pokeas(body: bytes) -> None:
    """It is never taken for a booking that lacks something."""
    with pytest.raises(NotPokea, match="cannot be read"):
        read_answer(Answered(200, {}, body), one(Booking, "booking"))
