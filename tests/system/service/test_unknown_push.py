"""A push of which Daraja's answer is lost: one request went out, never two, and the phone's owner decides."""

from typing import Any, NamedTuple

import pytest

from tests.system.service.conftest import StartWorld
from tests.system.service.world import CHECKING, Pushed, World

LOCK_SECONDS = 180


class Loss(NamedTuple):
    """A fault that keeps Daraja's answer, before or after the prompt has reached the phone."""

    name: str
    kind: str
    is_prompted: bool
    rest: dict[str, Any]


LOSSES = [
    Loss("500 before", "push_500_before", False, {}),
    Loss("500 after", "push_500_after", True, {}),
    Loss("HTML before", "http_html", False, {"when": "before"}),
    Loss("HTML after", "http_html", True, {"when": "after"}),
    Loss("cut before", "connection_dropped", False, {"when": "before"}),
    Loss("cut after", "connection_dropped", True, {"when": "after"}),
    Loss("silent for a while, then cut", "push_timeout_before", False, {"seconds": 1}),
]
PROMPTED = [loss for loss in LOSSES if loss.is_prompted]
LOST = [loss for loss in LOSSES if not loss.is_prompted]


def name_of(loss: Any) -> str:
    """How a test names its loss."""
    return str(loss.name)


def pushed_into(world: World, loss: Loss) -> Pushed:
    """A payment whose push met the loss: the caller hears that it is being checked, and one request went out."""
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault(loss.kind, msisdn=phone, count=1, **loss.rest)
    before = world.simulator.pushes()
    answer = world.service.push(booking, phone)
    assert answer.status == 201
    assert answer.body["message"].startswith(CHECKING)
    assert answer.body["data"]["checkoutRequestId"] is None
    assert world.simulator.pushes() == before + 1
    payment = world.pushed(answer, booking, phone)
    transaction = world.service.status(payment.id)
    assert (transaction["status"], transaction["failure"]) == ("initiated", None)
    return payment


def is_in_the_way(world: World, payment: Pushed) -> bool:
    """Whether another push for the booking is refused with this payment as the live one."""
    before = world.simulator.pushes()
    answer = world.service.push(world.service.booking(payment.booking_id), payment.phone)
    told = (answer.status, answer.body["code"], answer.body["transactionId"])
    return told == (409, "payment_in_progress", payment.id) and world.simulator.pushes() == before


@pytest.mark.parametrize("loss", PROMPTED, ids=name_of)
def test_it_completes_when_the_customer_pays(world: World, loss: Loss) -> None:
    """The prompt is on the phone though the answer was lost: it is not repeated, and paying completes the payment."""
    payment = pushed_into(world, loss)
    assert is_in_the_way(world, payment)
    assert len(world.simulator.prompts(payment.phone)) == 1
    world.simulator.answer(payment.phone, "pay")
    transaction = world.service.until(payment.id, "completed")
    (charge,) = [each for each in world.simulator.journal()["charges"] if each["msisdn"] == payment.phone]
    assert transaction["mpesaReceiptNumber"] == charge["receipt"]
    assert world.row(payment.id).request_id == charge["checkoutRequestId"]
    assert world.is_held(payment.booking_id)


@pytest.mark.parametrize("loss", PROMPTED, ids=name_of)
def test_it_fails_when_the_customer_cancels(world: World, loss: Loss) -> None:
    """When the phone's owner cancels the prompt of a lost answer, the payment fails, and may be tried again."""
    payment = pushed_into(world, loss)
    world.simulator.answer(payment.phone, "cancel")
    assert world.service.until(payment.id, "failed")["failure"]["code"] == "1032"
    assert world.is_unpaid(payment.booking_id)
    world.finish(world.push_again(world.service.booking(payment.booking_id), payment.phone))


@pytest.mark.parametrize("loss", LOST, ids=name_of)
def test_it_ends_without_money_when_no_prompt_came(world: World, loss: Loss) -> None:
    """No prompt reached the phone: after the lock the payment fails as unanswered, and a new push is let through."""
    payment = pushed_into(world, loss)
    assert world.simulator.prompts(payment.phone) == []
    assert is_in_the_way(world, payment)
    world.age(LOCK_SECONDS - 5, payment.id)
    assert is_in_the_way(world, payment)
    assert world.service.status(payment.id)["status"] == "initiated"
    world.age(5, payment.id)
    failure = world.service.until(payment.id, "failed")["failure"]
    assert (failure["code"], failure["reason"]) == (None, "no_answer")
    assert world.is_unpaid(payment.booking_id)
    again = world.push_again(world.service.booking(payment.booking_id), payment.phone)
    world.simulator.answer(payment.phone, "pay")
    world.service.until(again.id, "completed")
    assert world.is_held(payment.booking_id)


def test_a_late_payment_of_a_lost_prompt_still_counts(world: World) -> None:
    """A prompt that nobody knew of is paid after the lock: the payment turns from failed to completed."""
    payment = pushed_into(world, PROMPTED[0])
    world.age(LOCK_SECONDS, payment.id)
    world.service.until(payment.id, "failed")
    world.simulator.answer(payment.phone, "pay")
    transaction = world.service.until(payment.id, "completed")
    assert transaction["failure"] is None
    assert world.is_held(payment.booking_id)


def test_a_503_page_is_no_refusal(start_world: StartWorld) -> None:
    """A firewall's page with status 503 says nothing of the push: one request, and the phone's owner decides."""
    world = start_world(switches=["--firewall-status", "503"])
    lost = pushed_into(world, Loss("503 before", "http_html", False, {"when": "before"}))
    prompted = pushed_into(world, Loss("503 after", "http_html", True, {"when": "after"}))
    pushes = [each for each in world.simulator.journal()["requests"] if "processrequest" in each["path"]]
    assert [each["status"] for each in pushes] == [503, 503]
    world.simulator.answer(prompted.phone, "pay")
    world.service.until(prompted.id, "completed")
    world.age(LOCK_SECONDS, lost.id)
    assert world.service.until(lost.id, "failed")["failure"]["reason"] == "no_answer"
    assert world.is_held(prompted.booking_id)
    assert world.is_unpaid(lost.booking_id)


def test_a_rate_limit_that_comes_too_late_is_found_out(world: World) -> None:
    """A refusal for too many requests that followed the prompt is told as one, and paying completes it all the same."""
    booking, phone = world.service.book(), world.new_phone()
    world.simulator.fault("spike_arrest", msisdn=phone, count=1, when="after")
    answer = world.service.push(booking, phone)
    assert (answer.status, answer.body["code"]) == (503, "daraja_unavailable")
    transaction_id = answer.body["transactionId"]
    assert world.service.status(transaction_id)["status"] == "failed"
    world.simulator.answer(phone, "pay")
    assert world.service.until(transaction_id, "completed")["failure"] is None
    assert world.is_held(booking["id"])
