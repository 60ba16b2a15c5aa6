"""The universes that `make test` runs, once for all tests that look at them.

`POKEA_UNIVERSES=20000` runs more of them, a third of that with money out, and `POKEA_FIRST_UNIVERSE=2001` others:

    POKEA_UNIVERSES=20000 .venv/bin/pytest -q tests/system/universe
"""

import os
from typing import Final

import pytest

from pokea.cli.universe import outcomes
from pokea.universe.report import Totals, story_of

_USUAL: Final = 500
_WITH_MONEY_OUT: Final = 3
"""One in so many is run once more with money out, which takes twice the time."""
_MOST_FURTHER: Final = 64
_FURTHER_AT_ONCE: Final = 16


class Ran:
    """A range of universes and what became of them."""

    def __init__(self, seeds: range, *, money_out: bool) -> None:
        self.totals = Totals()
        self._money_out = money_out
        self._run(seeds)
        self._further = range(seeds.stop, seeds.stop + _MOST_FURTHER)

    def has(self, name: str) -> bool:
        """Whether it has happened in them. What is rare may miss all of them by chance: then more of them are run,
        which break no rule either."""
        while not self.totals.counts[name] and self._further:
            at_once, self._further = self._further[:_FURTHER_AT_ONCE], self._further[_FURTHER_AT_ONCE:]
            self._run(at_once)
            stories = ["\n".join(story_of(failure)) for failure in self.totals.failures]
            assert not stories, "\n\n".join(stories[:3])
        return self.totals.counts[name] > 0

    def _run(self, seeds: range) -> None:
        for outcome in outcomes(seeds, os.cpu_count() or 1, money_out=self._money_out):
            self.totals.add(outcome)


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
    return Ran(range(first, first + max(1, count // one_in)), money_out=money_out)
