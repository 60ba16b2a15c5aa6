"""Callbacks that Daraja did not send: nothing changes, and Daraja is asked what is true."""

import json
import time
from collections.abc import Callable

import pytest

from tests.system.service.conftest import StartWorld
from tests.system.service.running import eventually
from tests.system.service.world import (
    ACCEPTED,
    SHORTEST_GAP_SECONDS,
    Family,
    Pushed,
    World,
    callback_name,
    failure,
    next_receipt,
    success,
)


def push_put_off(world: World, phone: str | None = None) -> Pushed:
    """A payment whose own turn is an hour away, so that it is asked about only where something is claimed."""
    payment = world.push(phone)
    world.put_off(payment)
    return payment


def is_asked(world: World, payment: Pushed) -> bool:
    """Whether Daraja is asked about the payment."""
    return bool(eventually(lambda: world.row(payment.id).inquiries, "Daraja is asked"))


def test_a_forged_success_at_the_bare_address_changes_nothing(world: World) -> None:
    """A success with the right id at the bare address is acknowledged, makes us ask Daraja, and settles nothing."""
    payment = push_put_off(world)
    questions = world.simulator.queries()
    forged = success(payment.checkout, payment.amount, next_receipt())
    answer = world.post_callback(forged)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert is_asked(world, payment)
    eventually(lambda: world.simulator.queries() > questions, "the question reaches Daraja")
    assert world.untouched(payment)
    assert world.postings(payment.id) == {}
    assert world.bodies(payment.id) == []
    world.simulator.answer(payment.phone, "pay")
    (charge,) = eventually(lambda: world.simulator.charges(payment.checkout), "the phone pays")
    assert world.service.until(payment.id, "completed")["mpesaReceiptNumber"] == charge["receipt"]


WRONG_TOKENS: dict[str, Callable[[str], str]] = {
    "of nobody": lambda other: "0123456789abcdef" * 3,
    "of another payment": callback_name,
    "too short": lambda other: callback_name(other)[:-1],
    "of capital letters": lambda other: callback_name(other).upper(),
    "with blanks": lambda other: "%20" * 48,
    "no hexadecimal digits": lambda other: "g" * 48,
}


@pytest.mark.parametrize("family", ["mpesa", "stk"])
@pytest.mark.parametrize("whose", WRONG_TOKENS)
def test_a_wrong_token_proves_nothing(world: World, whose: str, family: Family) -> None:
    """A success under any token but the payment's own changes neither payment, and Daraja is asked."""
    payment, other = push_put_off(world), world.push()
    forged = success(payment.checkout, payment.amount, next_receipt())
    answer = world.post_callback(forged, WRONG_TOKENS[whose](other.id), family)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert is_asked(world, payment)
    assert world.untouched(payment)
    assert world.untouched(other)
    world.finish(payment)
    world.finish(other)


def test_a_forged_failure_changes_nothing(world: World) -> None:
    """A cancellation at the bare address does not fail a payment that the customer then pays."""
    payment = push_put_off(world)
    assert world.post_callback(failure(payment.checkout, 1032)).body == ACCEPTED
    assert is_asked(world, payment)
    assert world.untouched(payment)
    world.simulator.answer(payment.phone, "pay")
    world.service.until(payment.id, "completed")
    assert world.is_held(payment.booking_id)


def test_the_payments_own_token_with_another_id_proves_nothing(world: World) -> None:
    """The token proves only together with the id that Daraja gave: another's id, or none, is a claim."""
    payment, other = push_put_off(world), world.push()
    for checkout in (other.checkout, "ws_CO_24112026065728656799999999", None):
        told = success(checkout, payment.amount, next_receipt())
        assert world.tell(payment, told).body == ACCEPTED
    assert is_asked(world, payment)
    assert world.untouched(payment)
    assert world.untouched(other)
    world.finish(payment)
    world.finish(other)


def test_a_truth_told_at_the_bare_address_is_found_out(world: World) -> None:
    """When the customer has paid and only a bare callback says so, the question it causes completes the payment."""
    phone = world.new_phone()
    world.simulator.fault("callback_lost", msisdn=phone)
    payment = push_put_off(world, phone)
    world.simulator.answer(phone, "pay")
    (charge,) = eventually(lambda: world.simulator.charges(payment.checkout), "the phone pays")
    world.post_callback(success(payment.checkout, payment.amount, charge["receipt"]))
    transaction = world.service.until(payment.id, "completed")
    assert transaction["mpesaReceiptNumber"] is None
    assert world.is_held(payment.booking_id)
    assert world.tell(payment, success(payment.checkout, payment.amount, charge["receipt"])).body == ACCEPTED
    assert world.service.status(payment.id)["mpesaReceiptNumber"] == charge["receipt"]


def test_a_flood_of_forgeries_is_one_question(world: World) -> None:
    """Fifty different forged callbacks about one payment make Daraja hear one question, not fifty."""
    began = time.monotonic()
    payment = push_put_off(world)
    for number in range(50):
        forged = success(payment.checkout, payment.amount, f"FLOOD{number}")
        assert world.post_callback(forged).body == ACCEPTED
    assert is_asked(world, payment)
    row = world.row(payment.id)
    # Every forgery has been settled when it is acknowledged: what is not asked by now and not requested never will be.
    questions = row.inquiries + (row.inquiry_requested_at is not None)
    assert 1 <= questions <= 1 + (time.monotonic() - began) // SHORTEST_GAP_SECONDS
    assert world.untouched(payment)
    world.finish(payment)


def test_a_callback_about_nothing_of_ours_is_kept(world: World) -> None:
    """A bare callback with an id that no payment has is kept and acknowledged, and that is all."""
    before = world.claims()
    body = success("ws_CO_01012026000000000700000000", 500, "NOBODYS001")
    answer = world.post_callback(body)
    assert (answer.status, answer.body) == (200, ACCEPTED)
    assert world.claims()[-2:] == [*before[-1:], json.dumps(body).encode()]


def test_a_forgery_after_the_end_changes_nothing(world: World) -> None:
    """What is completed stays so, and what has failed stays so, whatever the bare address is told."""
    paid, cancelled = world.push(), world.push()
    world.simulator.answer(paid.phone, "pay")
    world.simulator.answer(cancelled.phone, "cancel")
    ended = [world.service.until(paid.id, "completed"), world.service.until(cancelled.id, "failed")]
    world.post_callback(failure(paid.checkout, 1032))
    world.post_callback(success(cancelled.checkout, cancelled.amount, next_receipt()))
    eventually(lambda: world.answers(cancelled.id), "Daraja's answer about the failed one is settled")
    assert [world.service.status(payment.id) for payment in (paid, cancelled)] == ended
    assert world.is_unpaid(cancelled.booking_id)


def test_a_callback_from_a_strange_address_is_a_claim(start_world: StartWorld) -> None:
    """From an address that is not on the list even the right token only makes us ask, and the operator is alerted."""
    world = start_world(POKEA_CALLBACK_ALLOWED_IPS="196.201.212.0/24")
    phone = world.new_phone("pay")
    payment = world.push(phone)
    transaction = world.service.until(payment.id, "completed")
    (callback,) = world.simulator.callbacks(payment.checkout)
    assert callback["status"] == 200
    assert world.row(payment.id).completed_by == "query"
    assert world.is_held(payment.booking_id)
    assert transaction["review"] == []
    assert "CRITICAL" in world.service.log
    assert "POKEA_CALLBACK_ALLOWED_IPS" in world.service.log
