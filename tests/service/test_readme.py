"""The README's first payment, run as it is written."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.service.running import Program, call, eventually

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    """A running demo, with its printed token in the log."""
    port = free_port()
    arguments = ["demo", "--no-browser", "--port", str(port), "--sim-port", str(free_port())]
    program = Program(arguments, {}, tmp_path / "demo.log", f"http://127.0.0.1:{port}").start()
    yield program
    program.close()


def commands() -> list[str]:
    """The curl commands of the README, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.startswith("curl")]


def run(command: str, url: str, values: dict[str, str]) -> Any:
    """What a curl command of the README would print: its own words, sent to `url`."""
    for name, text in values.items():
        command = command.replace(f"'${name}'", text).replace(f"${name}", text)
    words = shlex.split(command)[1:]
    options = dict(itertools.pairwise(words))
    headers = dict(text.split(": ", 1) for flag, text in itertools.pairwise(words) if flag == "-H")
    target = next(word for word in words if word.startswith("http")).replace("http://127.0.0.1:8000", url)
    body = json.loads(options["-d"]) if "-d" in options else None
    return call("POST" if body else "GET", target, body, headers).body


def test_the_first_payment_of_the_readme_goes_as_it_says(demo: Program) -> None:
    """Booking, push, status and booking again, in the README's own words: completed, and the fee held."""
    book, push, status, booking = commands()
    token = eventually(lambda: re.search(r"eyJ\S+", demo.log), "a token is printed").group()
    values = {"TOKEN": token}
    values["BOOKING"] = run(book, demo.url, values)["booking"]["id"]
    values["TRANSACTION"] = run(push, demo.url, values)["data"]["transactionId"]
    paid = eventually(
        lambda: run(status, demo.url, values)["transaction"]["status"] == "completed", "the payment is completed"
    )
    assert paid
    assert run(booking, demo.url, values)["booking"]["bookingFee"]["status"] == "held"
