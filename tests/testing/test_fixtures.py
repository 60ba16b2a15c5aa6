"""The fixtures in a suite that is not ours: a folder with a conftest of one line."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

_CONFTEST: Final = 'pytest_plugins = ["pokea.testing.fixtures"]\n'
_SUITE: Final = """
import pytest
from pokea.client import Pokea
from pokea.testing import eventually

def test_an_order_is_paid(pokea):
    phone = pokea.new_phone("pay")
    booking = pokea.client.bookings.create("Plumbing", amount=500)
    pushed = pokea.client.payments.push(booking, phone)
    assert pokea.client.payments.wait(pushed.transaction_id).status == "completed"

def test_a_customer_cancels(pokea):
    phone = pokea.new_phone()
    booking = pokea.client.bookings.create("Plumbing", amount=500)
    pushed = pokea.client.payments.push(booking, phone)
    pokea.simulator.answer(phone, "cancel")
    assert pokea.client.payments.wait(pushed.transaction_id).failure.reason == "cancelled"
    pokea.simulator.fault("query_limit")

def test_the_faults_of_the_test_before_are_off(pokea):
    assert pokea.simulator.api("GET", "/faults") == {"faults": []}
    assert pokea.new_phone() != pokea.new_phone()
    print(f"The log is {pokea.program.log_file}, the process {pokea.program.started.pid}.")
"""


def test_a_suite_of_others_pays_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its tests share one service, see none of each other's faults, and the process ends with the session."""
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_shop.py").write_text(_SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-c", "pytest.ini", "."]
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    found = re.search(r"The log is (\S+), the process (\d+)\.", done.stdout)
    assert found
    assert not Path(f"/proc/{found[2]}").exists()
    assert "ERROR" not in Path(found[1]).read_text()
