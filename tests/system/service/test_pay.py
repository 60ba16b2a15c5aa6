"""`pokea pay` beside a running service: it prompts, watches, and its exit code says what became of the money."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import select

from pokea.storage.tables import payments
from tests.ports import free_port
from tests.system.service.conftest import StartWorld
from tests.system.service.running import JWT_SECRET, command, eventually
from tests.system.service.world import World


def paid(world: World, folder: Path, phone: str, amount: str = "70", *options: str) -> CompletedProcess[str]:
    """The command at its end."""
    secret = {"POKEA_JWT_SECRET": JWT_SECRET}
    return command(folder, secret, "pay", phone, amount, "--url", world.service.url, *options)


def test_a_phone_that_pays_ends_with_nought(world: World, tmp_path: Path) -> None:
    """It makes a booking of its own, and says the receipt."""
    phone = world.new_phone("pay")
    done = paid(world, tmp_path, f"0{phone[3:]}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Paid. Receipt ")
    assert "completed" in done.stderr
    assert phone not in done.stdout + done.stderr


@pytest.mark.parametrize("behaviour", ["cancel", "insufficient"])
def test_a_phone_that_does_not_pay_ends_with_one(world: World, tmp_path: Path, behaviour: str) -> None:
    """It says why, in the customer's words."""
    done = paid(world, tmp_path, world.new_phone(behaviour))
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("Not paid: ")


def test_wrong_input_ends_with_two(world: World, tmp_path: Path) -> None:
    """A number that is none, an amount out of bounds, a service that is away, another booking's fee, a bad token."""
    booking = world.service.book(500)["id"]
    phone = world.new_phone("pay")
    nowhere = f"http://127.0.0.1:{free_port()}"
    for done in (
        paid(world, tmp_path, "12345"),
        paid(world, tmp_path, phone, "0"),
        paid(world, tmp_path, phone, "70", "--booking", booking),
        paid(world, tmp_path, phone, "70", "--token", "no.such.token"),
        command(tmp_path, {"POKEA_JWT_SECRET": JWT_SECRET}, "pay", phone, "70", "--url", nowhere),
        command(tmp_path, {}, "pay", phone, "70", "--url", world.service.url),
    ):
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr
    assert world.simulator.prompts(phone) == []


def test_a_booking_of_the_shop_is_paid_and_printed_as_json(world: World, tmp_path: Path) -> None:
    """With --booking the fee of an existing booking is held; --json prints the payment."""
    booking = world.service.book(500)
    done = paid(world, tmp_path, world.new_phone("pay"), "500", "--booking", booking["id"], "--json")
    assert done.returncode == 0, done.stderr
    transaction = json.loads(done.stdout)
    assert (transaction["status"], transaction["bookingId"]) == ("completed", booking["id"])
    assert world.is_held(booking["id"])


def test_a_push_that_daraja_refuses_ends_with_one(start_world: StartWorld, tmp_path: Path) -> None:
    """Daraja is away: nothing was sent, and it says so."""
    world = start_world(MPESA_BASE_URL=f"http://127.0.0.1:{free_port()}")
    done = paid(world, tmp_path, world.new_phone())
    assert done.returncode == 1
    assert done.stderr


def test_an_outcome_that_nobody_knows_ends_with_three(start_world: StartWorld, tmp_path: Path) -> None:
    """The push's answer was lost, and its time is over: do not pay again."""
    world = start_world()
    phone = world.new_phone("ignore")
    world.simulator.fault("push_500_after", msisdn=phone)
    world.simulator.fault("callback_lost", msisdn=phone)
    made = select(payments.c.id).where(payments.c.msisdn == phone)
    with ThreadPoolExecutor() as pool:
        paying = pool.submit(paid, world, tmp_path, phone)
        payment_id = eventually(lambda: world.query(lambda it: it.execute(made).scalar()), "the payment is made")
        eventually(
            lambda: world.service.status(payment_id)["version"] > 1 or world.simulator.prompts(phone), "it is out"
        )
        world.age(600, payment_id)
        done = paying.result()
    assert done.returncode == 3, done
    assert "Do not pay again" in done.stdout
