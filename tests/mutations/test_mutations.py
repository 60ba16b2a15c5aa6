"""The short form of `make mutations`: every mutation fits the code, and the universes catch some in a moment."""

from pathlib import Path

import pytest

from tests.mutations.catalogue import MUTATIONS
from tests.mutations.mutation import Edit, Mutation
from tests.mutations.run import Stale, break_copy, hunt

_QUICK = ("retry_an_unknown_push", "let_failure_overwrite_success", "believe_a_bare_callback", "order_by_time")
_MOST_UNIVERSES = 25


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mutation_fits_the_code(mutation: Mutation, tmp_path: Path) -> None:
    """Each edit finds its text, and what it leaves is still Python."""
    tree = break_copy(mutation, tmp_path)
    for edit in mutation.edits:
        compile((tree / "pokea" / edit.file).read_text(encoding="utf-8"), edit.file, "exec")


def test_a_stale_mutation_fails_loudly(tmp_path: Path) -> None:
    """An edit whose text is gone is no mutation that was caught."""
    stale = Mutation("stale", "Nothing.", [Edit("operations/settle.py", "no such text", "")])
    with pytest.raises(Stale, match="stale"):
        break_copy(stale, tmp_path)


def test_code_that_does_not_run_is_no_mutation() -> None:
    """A broken import is an error of the script, not a defect that a universe has caught."""
    broken = Mutation("broken", "Nothing.", [Edit("bookings/rules.py", "from pokea.money import CENTS", "1 / 0")])
    with pytest.raises(RuntimeError, match="broken does not run"):
        hunt(broken, 1, 1)


@pytest.mark.parametrize("name", _QUICK)
def test_universes_catch_a_defect(name: str) -> None:
    """A few universes are enough to notice that money is in danger."""
    mutation = next(each for each in MUTATIONS if each.name == name)
    found = hunt(mutation, 1, _MOST_UNIVERSES)
    assert found.seed is not None, f"{name} survived {found.universes} universes"


def test_sound_code_breaks_no_rule() -> None:
    """Without a mutation the same universes find nothing, so what they find is the mutation."""
    found = hunt(Mutation("none", "None.", []), 1, 2)
    assert (found.seed, found.universes) == (None, 2)
