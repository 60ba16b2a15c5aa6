"""A hundred payments at once, through a Daraja that loses every third callback and sends every second one twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tests.system.service.running import eventually
from tests.system.service.world import Pushed, World

HUNDRED = 100
WITHIN_SECONDS = 90
HABITS = ("pay", "pay", "pay", "cancel", "pay", "insufficient", "pay", "pay", "ignore", "pay")
"""What the phones' owners do in turn; with every third and every second callback amiss, each habit meets each."""
CODES = {"cancel": "1032", "insufficient": "1", "ignore": "1037"}


class Customer(NamedTuple):
    """Somebody who is asked to pay."""

    habit: str
    phone: str
    booking: dict[str, Any]


class Told(NamedTuple):
    """What became of a payment, and what really happened."""

    customer: Customer
    transaction: dict[str, Any]
    charge: dict[str, Any] | None

    @property
    def is_true(self) -> bool:
        """Whether the service says what the journal says."""
        status, receipt = self.transaction["status"], self.transaction["mpesaReceiptNumber"]
        if self.charge is not None:
            return status == "completed" and receipt in (self.charge["receipt"], None)
        failure = self.transaction["failure"]
        return status == "failed" and receipt is None and failure["code"] == CODES[self.customer.habit]


class Result(NamedTuple):
    """How the hundred went."""

    told: list[Told]
    pushes: int
    push_seconds: float
    seconds: float


def run(world: World) -> Result:
    """Push them all at once, and wait until every payment has ended; fails when one takes too long."""
    customers = [_customer(world, number) for number in range(HUNDRED)]
    before, began = world.simulator.pushes(), time.monotonic()
    with ThreadPoolExecutor(HUNDRED) as pool:
        payments = list(pool.map(lambda each: world.push_again(each.booking, each.phone), customers))
    push_seconds = time.monotonic() - began
    # Who ignores the prompt does so for a minute of the simulator's.
    world.simulator.advance(60)
    eventually(lambda: _are_over(world, payments), "every payment has ended", WITHIN_SECONDS - push_seconds)
    seconds = time.monotonic() - began
    journal = world.simulator.journal()
    charges = {each["checkoutRequestId"]: each for each in journal["charges"]}
    statuses = _statuses(world)
    told = [
        Told(customer, statuses[payment.id], charges.get(payment.checkout))
        for customer, payment in zip(customers, payments, strict=True)
    ]
    return Result(told, world.simulator.pushes() - before, push_seconds, seconds)


def _customer(world: World, number: int) -> Customer:
    habit = HABITS[number % len(HABITS)]
    phone = world.new_phone(habit)
    if number % 3 == 0:
        world.simulator.fault("callback_lost", msisdn=phone)
    elif number % 2 == 0:
        world.simulator.fault("callback_twice", msisdn=phone)
    return Customer(habit, phone, world.service.book())


def _statuses(world: World) -> dict[str, dict[str, Any]]:
    """The newest hundred payments by their ids."""
    path = f"/payments/mpesa/history?limit={HUNDRED}"
    found = world.service.call("GET", path, scope="admin").body["transactions"]
    return {each["id"]: each for each in found}


def _are_over(world: World, payments: list[Pushed]) -> bool:
    statuses = _statuses(world)
    return all(statuses[payment.id]["status"] in ("completed", "failed") for payment in payments)
