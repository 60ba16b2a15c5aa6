"""The universes that `make test` runs, once for all tests that look at them.

`POKEA_UNIVERSES=20000` runs more of them, and `POKEA_FIRST_UNIVERSE=2001` others:

    POKEA_UNIVERSES=20000 .venv/bin/pytest -q tests/system/universe
"""

import os
from typing import Final, NamedTuple

import pytest

from pokea.cli.universe import outcomes
from pokea.universe.report import Totals

_USUAL: Final = 500


class Ran(NamedTuple):
    """A range of universes and what became of them."""

    first_seed: int
    totals: Totals


@pytest.fixture(scope="session")
def ran() -> Ran:
    """The sum of the universes of this session, run on every core through the command's own pool."""
    first, count = int(os.environ.get("POKEA_FIRST_UNIVERSE", "1")), int(os.environ.get("POKEA_UNIVERSES", str(_USUAL)))
    totals = Totals()
    for outcome in outcomes(range(first, first + count), os.cpu_count() or 1):
        totals.add(outcome)
    return Ran(first, totals)
