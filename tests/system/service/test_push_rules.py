"""Which pushes are refused, and how the caller hears of it."""

import pytest

from tests.system.service.running import Answer, eventually
from tests.system.service.world import World, next_number

ACCEPTED_FORMS = [
    "{0}",
    "0{1}",
    "+{0}",
    "254 {2} {3} {4}",
    "0{2}-{3}-{4}",
    "+254 {2} {3}{4}",
    " 0{2} {3} {4} ",
    "00{0}",
]
REFUSED = [
    ("712345678", "Put a 0 or 254 in front"),
    ("71234567", "not a Kenyan number"),
    ("+255712345678", "not a Kenyan number"),
    ("+447700900123", "not a Kenyan number"),
    ("07123", "too short"),
    ("2547123456789", "too long"),
    ("0202222222", "not a mobile number"),
    ("254202222222", "not a mobile number"),
    ("0712 34S 678", "digits only"),
    ("", "Enter the M-PESA phone number"),
    ("   ", "Enter the M-PESA phone number"),
]


def problem(answer: Answer) -> tuple[int, str]:
    """The status and the code of a refusal, whose envelope must be whole."""
    body = answer.body
    assert body["success"] is False
    assert body["message"]
    assert body["requestId"] == answer.headers["x-request-id"]
    return answer.status, body["code"]


@pytest.mark.parametrize("form", ACCEPTED_FORMS)
def test_a_phone_may_be_written_in_every_form_of_the_guide(world: World, form: str) -> None:
    """A number with 254, +254, 00254 or 0 in front, with spaces or dashes, reaches the phone that is meant."""
    phone = next_number()
    written = form.format(phone, phone[3:], phone[3:6], phone[6:9], phone[9:])
    answer = world.service.push(booking := world.service.book(), written)
    assert answer.status == 201
    assert answer.body["data"]["phoneNumber"] == f"{phone[:5]}****{phone[-3:]}"
    world.finish(world.pushed(answer, booking, phone))


def test_a_phone_may_begin_with_01(world: World) -> None:
    """The newer numbers that begin with 01 are mobile numbers too."""
    answer = world.service.push(booking := world.service.book(), "0110000001")
    assert answer.status == 201
    assert answer.body["data"]["hint"] is None
    world.finish(world.pushed(answer, booking, "254110000001"))


@pytest.mark.parametrize(("written", "complaint"), REFUSED)
def test_a_phone_that_is_none_is_refused_with_what_to_type(world: World, written: str, complaint: str) -> None:
    """What is no Kenyan mobile number gets a 400 that names the field, says what is wrong and what to type."""
    before = world.simulator.pushes()
    answer = world.service.push(world.service.book(), written)
    assert problem(answer) == (400, "invalid_request")
    (error,) = answer.body["errors"]
    assert error["field"] == "phoneNumber"
    assert complaint in error["message"]
    assert "0712345678" in error["message"]
    assert world.simulator.pushes() == before


def test_another_operators_prefix_is_let_through_with_a_hint(world: World) -> None:
    """Numbers move between operators: one of Airtel's is prompted, and the answer says whose prefix it is."""
    answer = world.service.push(booking := world.service.book(), "0733123456")
    assert answer.status == 201
    assert "Airtel" in answer.body["data"]["hint"]
    world.finish(world.pushed(answer, booking, "254733123456"))


@pytest.mark.parametrize("amount", [499, 501, 1])
def test_the_amount_must_be_the_fee(world: World, amount: int) -> None:
    """Another amount than the booking's fee is refused with `Amount mismatch`, and the fee is said."""
    booking = world.service.book(500)
    asked = booking | {"bookingFee": {"amount": amount}}
    answer = world.service.push(asked, world.new_phone())
    assert problem(answer) == (400, "amount_mismatch")
    assert answer.body["message"] == "Amount mismatch"
    assert answer.body["errors"] == [{"field": "amount", "message": "The fee of this booking is KES 500."}]


@pytest.mark.parametrize("amount", [0, -5, 1.5, "many", None, 250_001, 10**30])
def test_an_amount_that_cannot_be_asked_for_is_refused(world: World, amount: object) -> None:
    """An amount that is no whole number of shillings within M-PESA's bounds names the field."""
    answer = world.service.push(world.service.book() | {"bookingFee": {"amount": amount}}, world.new_phone())
    assert problem(answer) == (400, "invalid_request")
    assert [error["field"] for error in answer.body["errors"]] == ["amount"]


def test_only_a_booking_fee_can_be_paid(world: World) -> None:
    """Another `type` than the guide's is refused by its name."""
    body = {"phoneNumber": "0712345678", "bookingId": "bk_1", "amount": 500, "type": "tip"}
    answer = world.service.call("POST", "/payments/mpesa/stkpush", body)
    assert problem(answer) == (400, "invalid_request")
    assert [error["field"] for error in answer.body["errors"]] == ["type"]


def test_a_booking_that_is_not_there_cannot_be_paid(world: World) -> None:
    """An unknown booking is a 404 that names the field."""
    answer = world.service.push({"id": "bk_nowhere", "bookingFee": {"amount": 500}}, world.new_phone())
    assert problem(answer) == (404, "not_found")
    assert [error["field"] for error in answer.body["errors"]] == ["bookingId"]


def test_a_second_push_meets_the_live_one(world: World) -> None:
    """While one prompt is open another for its booking is refused with the live id, and Daraja is asked at once."""
    live = world.push()
    before = world.simulator.pushes()
    answer = world.service.push(world.service.booking(live.booking_id), world.new_phone())
    assert problem(answer) == (409, "payment_in_progress")
    assert answer.body["transactionId"] == live.id
    assert world.simulator.pushes() == before
    eventually(lambda: world.row(live.id).inquiries, "the live payment is asked about", 8)
    world.finish(live)


def test_a_phone_is_locked_across_bookings(world: World) -> None:
    """One phone holds one open prompt: another booking's is refused, and only its owner hears which is open."""
    live = world.push(subject="amina")
    own = world.service.push(world.service.book(subject="amina"), live.phone, subject="amina")
    assert problem(own) == (409, "payment_in_progress")
    assert own.body["transactionId"] == live.id
    foreign = world.service.push(world.service.book(subject="juma"), live.phone, subject="juma")
    assert problem(foreign) == (409, "payment_in_progress")
    assert "transactionId" not in foreign.body
    world.finish(live)
    later = world.push(live.phone, subject="juma")
    world.finish(later)


def test_a_paid_fee_is_not_paid_again(world: World) -> None:
    """Once the fee is held another push is refused with `already_paid`, and nothing is sent."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    before = world.simulator.pushes()
    answer = world.service.push(world.service.booking(payment.booking_id), world.new_phone())
    assert problem(answer) == (409, "already_paid")
    assert world.simulator.pushes() == before


def test_a_phone_that_is_busy_at_mpesa_is_said_to_be(world: World) -> None:
    """Where M-PESA holds another prompt open the push is refused with what to do, and may be tried again at once."""
    phone, booking = world.new_phone(), world.service.book()
    world.simulator.fault("subscriber_locked", msisdn=phone, count=1)
    answer = world.service.push(booking, phone)
    assert problem(answer) == (409, "subscriber_locked")
    assert int(answer.headers["retry-after"]) > 0
    assert world.service.status(answer.body["transactionId"])["failure"]["reason"] == "subscriber_locked"
    assert world.is_unpaid(booking["id"])
    world.finish(world.push_again(booking, phone))


def test_a_gateway_that_is_too_busy_refuses(world: World) -> None:
    """A rate limit stops the push before M-PESA sees it: 503, one request, and it may be tried again."""
    phone, booking = world.new_phone(), world.service.book()
    world.simulator.fault("spike_arrest", msisdn=phone, count=1)
    before = world.simulator.pushes()
    answer = world.service.push(booking, phone)
    assert problem(answer) == (503, "daraja_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert world.simulator.pushes() == before + 1
    assert world.service.status(answer.body["transactionId"])["status"] == "failed"
    world.finish(world.push_again(booking, phone))


def test_the_prompt_shows_the_bookings_reference(world: World) -> None:
    """The reference fits Daraja's twelve characters, and the phone shows it with the amount."""
    payment = world.push(amount=750)
    reference = world.service.booking(payment.booking_id)["reference"]
    prompt = world.simulator.prompt(payment.phone)
    assert len(reference) <= 12
    assert (prompt["accountReference"], prompt["amount"]) == (reference, 750)
    assert prompt["checkoutRequestId"] == payment.checkout
    world.finish(payment)
