"""The commands that call a service, where what answers is no Pokea, or does not say what was done."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_broken_settings import Run, is_one_line, run
from tests.system.conformance.scripted import scripted

__all__ = ["run"]
COMMANDS = (
    ["pay", "0722000000", "5"],
    ["pay", "0722000000", "5", "--booking", "bk_1"],
    ["link", "Deposit", "5"],
    ["trigger", "payment.completed"],
    ["listen", "--forward-to", "http://127.0.0.1:1"],
    ["refund", "TK5AA00001", "--reason", "x"],
    ["refund", "pay_1", "--reason", "x"],
    ["payout", "pe_1", "50", "--reason", "x"],
    ["approve", "rf_1"],
    ["out"],
)
LISTED = ("booking", "data", "events", "transactions", "refund", "payout", "moneyOut")
BODIES: dict[str, Any] = {
    "a list": [],
    "an empty object": {},
    "empty parts": dict.fromkeys(LISTED) | {"environment": "simulator", "latest": 0},
    "parts of another form": {name: [5] for name in LISTED} | {"environment": "simulator", "latest": 1},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_service_that_is_no_pokea_is_one_line(run: Run, arguments: list[str], body: Any) -> None:
    """It may answer JSON with any status of success, as whatever else listens on the port does."""
    with scripted([{"status": 200, "document": body}] * 3) as other:
        ended = run([*arguments, "--url", other.url, "--token", "t"], {})
    assert ended.code == 2
    assert is_one_line(ended._replace(out=""))


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 504, "text": "<html>504 Gateway Time-out</html>"},
        {"status": 502, "text": ""},
        {"status": 500, "code": "internal_error"},
        {"status": 503, "code": "outcome_unknown"},
        {"status": 503, "document": []},
        {"status": 520, "text": "error code: 520"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "arguments",
    [["pay", "0722000000", "5", "--booking", "bk_1"], ["refund", "pay_1", "--reason", "x"]],
    ids=["pay", "refund"],
)
def test_an_answer_that_does_not_say_what_was_done_ends_with_three(
    run: Run, arguments: list[str], answer: dict[str, Any]
) -> None:
    """A proxy that waited no longer knows nothing of the prompt, and who reads another code pays again."""
    with scripted([answer]) as service:
        ended = run([*arguments, "--url", service.url, "--token", "t"], {})
    assert ended.code == 3
    assert is_one_line(ended)


@pytest.mark.parametrize("code", ["unavailable", "daraja_unavailable", "daraja_refused"])
def test_a_failure_that_did_nothing_ends_with_one(run: Run, code: str) -> None:
    """The service has said that no prompt was sent."""
    with scripted([{"status": 503, "code": code}]) as service:
        ended = run(["pay", "0722000000", "5", "--booking", "bk_1", "--url", service.url, "--token", "t"], {})
    assert ended.code == 1
    assert is_one_line(ended)


@pytest.mark.parametrize("wanted", ["rf_1/../../bookings", "rf_\udcff", "rf_", "po_1?x=1"])
def test_what_is_no_id_is_not_asked_for(run: Run, wanted: str) -> None:
    """It would be another address of the service."""
    with scripted([]) as service:
        ended = run(["approve", wanted, "--url", service.url, "--token", "t"], {})
        assert service.asked == []
    assert (ended.code, "There is no refund or payout" in ended.err) == (2, True)


def test_a_receipt_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    """No payment has it."""
    with scripted([{"status": 200, "transactions": []}]) as service:
        options = ["--reason", "x", "--url", service.url, "--token", "t"]
        command = [sys.executable, "-m", "pokea", "refund", os.fsdecode(b"TK5\xff"), *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "pokea: There is no payment with the receipt TK5\\udcff.\n"
