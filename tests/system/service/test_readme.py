"""The README's first payment, run as it is written."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.service.running import Program, eventually

README = Path(__file__).parents[3] / "README.md"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    """A running demo, with its printed token in the log."""
    port = free_port()
    arguments = ["demo", "--no-browser", "--port", str(port), "--sim-port", str(free_port())]
    program = Program(arguments, {}, tmp_path / "demo.log", f"http://127.0.0.1:{port}").start()
    yield program
    program.close()


def snippets(heading: str) -> list[str]:
    """What stands in the shell blocks under a heading of the README."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


def run(script: str, url: str, **variables: str) -> str:
    """What a shell prints that is given the README's own words, with the address of the test's demo."""
    shell = ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", url)]
    done = subprocess.run(shell, env=os.environ | variables, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def test_the_first_payment_of_the_readme_goes_as_it_says(demo: Program) -> None:
    """The steps are typed as they stand, each sets what the next one needs: completed, and the fee held."""
    book, push, look = snippets("A first payment")
    token = eventually(lambda: re.search(r"eyJ\S+", demo.log), "a token is printed").group()
    said = run(f"{book}{push}echo $BOOKING $TRANSACTION", demo.url, TOKEN=token).split()
    assert [name.partition("_")[0] for name in said] == ["bk", "pay"]
    variables = {"TOKEN": token, "BOOKING": said[0], "TRANSACTION": said[1]}
    eventually(lambda: '"status":"completed"' in run(look, demo.url, **variables), "the payment is completed")
    status, booking = (json.loads(run(line, demo.url, **variables)) for line in look.splitlines())
    assert status["transaction"]["mpesaReceiptNumber"]
    assert booking["booking"]["bookingFee"]["status"] == "held"


def test_what_the_readme_points_to_is_there() -> None:
    """Every file that it links to or shows is in the repository, and its picture is small."""
    named = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert "docs/demo.png" in named
    assert [name for name in named if not (README.parent / name).exists()] == []
    assert (README.parent / "docs/demo.png").stat().st_size < 150_000
