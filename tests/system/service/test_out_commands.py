"""`pokea refund`, `payout`, `approve` and `out` beside a running service."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests import prepared
from tests.system.service.conftest import StartWorld
from tests.system.service.running import JWT_SECRET, eventually
from tests.system.service.world import World

SECRET: Final = {"POKEA_JWT_SECRET": JWT_SECRET}


@pytest.fixture
def paying(start_world: StartWorld) -> World:
    """A service that moves money out, and an account that holds enough."""
    world = start_world(POKEA_MONEY_OUT="on")
    world.simulator.api("POST", "/accounts", {"utility": 1_000_000})
    return world


def typed(world: World, folder: Path, *arguments: str, says: str = "") -> subprocess.CompletedProcess[str]:
    """The command at its end; `says` is what the person types when asked."""
    environment = {"PATH": os.environ["PATH"], **SECRET}
    return prepared.run([*arguments, "--url", world.service.url], environment, folder, typed=says, timeout_seconds=60)


def test_a_refund_from_the_terminal(paying: World, tmp_path: Path) -> None:
    """Asked for by receipt, refused to who asked, approved by another after all was shown, and seen among what is
    open."""
    payment = paying.push(paying.new_phone("pay"), 500)
    receipt = paying.service.until(payment.id, "completed")["mpesaReceiptNumber"]
    asked = typed(paying, tmp_path, "refund", receipt, "--reason", "late", "--as", "ann")
    assert asked.returncode == 0, asked.stderr
    refund_id = asked.stdout.partition(":")[0]
    assert f"KES 500 to {payment.phone[:5]}****{payment.phone[-3:]} by reversal is requested" in asked.stdout
    listed = typed(paying, tmp_path, "out")
    assert listed.stdout.startswith("Money out is running")
    assert refund_id in listed.stdout
    assert "another person approves it" in listed.stdout
    own = typed(paying, tmp_path, "approve", refund_id, "--as", "ann", says="y\n")
    assert (own.returncode, "another person" in own.stderr) == (2, True)
    unsure = typed(paying, tmp_path, "approve", refund_id, "--as", "ben", says="n\n")
    assert (unsure.returncode, "Not approved" in unsure.stderr) == (2, True)
    done = typed(paying, tmp_path, "approve", refund_id, "--as", "ben", says="y\n")
    assert done.returncode == 0, done.stderr
    for shown in ("KES 500", payment.id, "late", "ann", "digest"):
        assert shown in done.stdout
    path = f"/refunds/{refund_id}"
    eventually(
        lambda: paying.service.call("GET", path, scope="admin").body["refund"]["status"] == "completed", "it is paid"
    )
    assert "Nothing is open." in typed(paying, tmp_path, "out").stdout
    assert payment.phone not in asked.stdout + listed.stdout + done.stdout


def test_what_cannot_be_asked_for_ends_with_two(paying: World, tmp_path: Path) -> None:
    """A receipt that no payment has, a payee that is not there, an id of nothing, and no secret at all."""
    for arguments in (
        ("refund", "SKC82PACB8", "--reason", "late"),
        ("refund", "pay_01m8emqnjgz6hzjhed8a1jtf9n", "--reason", "late"),
        ("payout", "py_01m8g2c4v7q9r3t5w8y0a2c4e8", "100", "--reason", "done"),
        ("approve", "xx_1"),
        ("approve", "rf_01m8g2c4v7q9r3t5w8y0a2c4e6"),
        ("out", "--token", "no.such.token"),
    ):
        done = typed(paying, tmp_path, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), done
        assert done.stderr.startswith("pokea: ")
