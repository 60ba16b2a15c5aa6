"""The short form of chaos with money out: a service that is killed while it pays, pays once and says so."""

from pathlib import Path

import pytest

from pokea.storage.migrate import migrate
from tests.system.chaos.payouts import chaos_of_payouts
from tests.system.chaos.test_chaos import silent

pytestmark = pytest.mark.timeout(0)
"""A slow machine takes minutes to start a service four times; each wait has a limit of its own."""

_SEED = 3
_KILLS = 3


def test_what_is_killed_while_it_pays_pays_once(tmp_path: Path) -> None:
    """Each payout is paid at most once; what was paid is completed, what was not is unknown, and none has failed."""
    url = f"sqlite:///{tmp_path}/pokea.sqlite3"
    migrate(url)
    outcome = chaos_of_payouts(tmp_path, url, _SEED, _KILLS, silent)
    assert outcome.broken == []
    assert outcome.counts["kills"] == _KILLS
    assert outcome.counts["paid"] > 0
