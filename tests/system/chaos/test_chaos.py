"""The short form of `make chaos`: every happening once on PostgreSQL, and a file's service killed in a loop."""

from pathlib import Path

import pytest

from tests.system.chaos.run import Outcome, Plan, chaos_on_postgres, chaos_on_sqlite

pytestmark = pytest.mark.timeout(0)
"""A busy machine takes longer for as much as is to be lost; each wait has a limit of its own."""

_SEED = 4


def silent(_line: str) -> None:
    """Nothing is printed while the tests run; a failure says what is broken."""


def was_worth_it(outcome: Outcome) -> bool:
    """Whether there was anything to lose: money that moved, callbacks that were acknowledged, processes that died."""
    counts = outcome.counts
    return min(counts["completed"], counts["callbacks acknowledged"], counts["processes started again"]) > 0


def test_no_promise_is_broken_on_postgresql(tmp_path: Path) -> None:
    """Processes are killed, the database restarts, crashes and fails over: nothing that was acknowledged is lost."""
    outcome = chaos_on_postgres(tmp_path, Plan(_SEED, seconds=12, customers=10), silent)
    assert outcome.broken == []
    assert was_worth_it(outcome)
    assert outcome.counts["failed over to the standby"] == 1


def test_no_promise_is_broken_on_sqlite(tmp_path: Path) -> None:
    """A service on a file is killed in a loop under load: nothing that was acknowledged is lost."""
    outcome = chaos_on_sqlite(tmp_path, Plan(_SEED, seconds=8, customers=6), silent)
    assert outcome.broken == []
    assert was_worth_it(outcome)
