"""Schemathesis against a running service: every call of its OpenAPI document, with fit and unfit values."""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.system.service.world import World

_COUNTED = re.compile(r"(\d+) generated")
_LEFT_OUT = "positive_data_acceptance"
"""What fits the document may still be refused: an amount that is not the fee, a phone that is none."""


class Checked(NamedTuple):
    """What Schemathesis said, whether it found nothing, and how many calls it made."""

    report: str
    is_sound: bool
    calls: int


def check_contract(world: World, folder: Path, options: Sequence[str], seconds: float) -> Checked:
    """Let Schemathesis call everything as an admin, with ids that exist; `folder` is for its own files."""
    payment = world.push(world.new_phone("pay"))
    world.service.until(payment.id, "completed")
    known = {"path.transactionId": payment.id, "path.bookingId": payment.booking_id}
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in known.items()]
    (folder / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines]) + "\n", encoding="utf-8")
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{world.service.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {world.service.token(scope='admin')}"),
            *("--checks", "all", "--exclude-checks", _LEFT_OUT, "--continue-on-failure", "--no-color"),
            *("--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off"),
            *options,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    counted = _COUNTED.search(done.stdout)
    return Checked(done.stdout + done.stderr, done.returncode == 0, int(counted[1]) if counted else 0)
