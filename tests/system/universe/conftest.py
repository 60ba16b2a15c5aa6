"""The universes that `make test` runs, once for all tests that look at them.

`POKEA_UNIVERSES=20000` runs more of them, a third of that with money out, and `POKEA_FIRST_UNIVERSE=2001` others:

    POKEA_UNIVERSES=20000 .venv/bin/pytest -q tests/system/universe
"""

import os
from typing import Final, NamedTuple

import pytest

from pokea.cli.universe import outcomes
from pokea.universe.report import Totals

_USUAL: Final = 500
_WITH_MONEY_OUT: Final = 3
"""One in so many is run once more with money out, which takes twice the time."""


class Ran(NamedTuple):
    """A range of universes and what became of them."""

    first_seed: int
    totals: Totals


@pytest.fixture(scope="session")
def ran() -> Ran:
    """The sum of the universes of this session, run on every core through the command's own pool."""
    return _ran(1, money_out=False)


@pytest.fixture(scope="session")
def ran_with_money_out() -> Ran:
    """The same with officers who refund and pay out."""
    return _ran(_WITH_MONEY_OUT, money_out=True)


def _ran(one_in: int, *, money_out: bool) -> Ran:
    first, count = int(os.environ.get("POKEA_FIRST_UNIVERSE", "1")), int(os.environ.get("POKEA_UNIVERSES", str(_USUAL)))
    totals = Totals()
    for outcome in outcomes(range(first, first + max(1, count // one_in)), os.cpu_count() or 1, money_out=money_out):
        totals.add(outcome)
    return Ran(first, totals)
