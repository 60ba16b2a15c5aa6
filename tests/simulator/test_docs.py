"""docs/simulator.md says what there is, and its commands run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pokea.simulator.faults import DEFAULT_SECONDS, FaultKind
from pokea.simulator.handset import Behaviour
from pokea.simulator.options import Switch, switches
from tests.simulator.running import Daraja

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def _row(switch: Switch) -> str:
    default = "off" if switch.kind is bool else f"`{switch.default}`"
    choices = ", ".join(f"`{choice}`" for choice in switch.choices)
    also = f" One of {choices}." if choices else ""
    return f"| `--{switch.name.replace('_', '-')}` | {default} | {switch.help}{also} |"


@pytest.mark.parametrize("switch", switches(), ids=lambda switch: switch.name)
def test_every_switch_is_described(switch: Switch) -> None:
    """The page has the switch with its default, its sentence and its choices."""
    assert _row(switch) in PAGE


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_is_described(kind: FaultKind) -> None:
    """The page has the fault, with its default seconds where it takes any."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{kind}`" in line.split("|")[1]]
    assert len(rows) == 1
    if kind in DEFAULT_SECONDS:
        assert f"({DEFAULT_SECONDS[kind]:g})" in rows[0] or f"`seconds` ({DEFAULT_SECONDS[kind]:g}" in rows[0]


@pytest.mark.parametrize("behaviour", Behaviour)
def test_every_behaviour_is_described(behaviour: Behaviour) -> None:
    """The page has a row for it."""
    assert f"| `{behaviour}` |" in PAGE


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "openssl"))), reason="the page's commands use curl and openssl")
def test_the_commands_of_the_page_run(daraja: Daraja) -> None:
    """Typed one after another, they take a payment on a phone, pay another one, and leave both in the journal."""
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    script = "set -eu\n" + commands.replace("http://127.0.0.1:8001", daraja.address)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert "token of 28 characters" in done.stdout
    assert '"resultCode":0' in done.stdout
    (charge,) = daraja.journal["charges"]
    assert (charge["msisdn"], charge["amount"]) == ("254722000000", 10)
    assert [fault["kind"] for fault in daraja.call("GET", "/sim/api/faults").json["faults"]] == ["callback_lost"]
    assert daraja.call("GET", "/sim/api/clock").json["advancedSeconds"] == 60
    (payout,) = daraja.journal["payouts"]
    assert (payout["msisdn"], payout["amount"]) == ("254722000001", 500)
    assert [entry["url"][-7:] for entry in daraja.journal["results"]] == ["/answer", "/result"]


def test_the_python_of_the_page_runs() -> None:
    """The example makes an application."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102  # it is our own page
    assert callable(names["application"])
