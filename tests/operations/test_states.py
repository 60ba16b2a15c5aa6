"""The table of states in docs/states.md: every cell, and that its arrows are those of all sets of evidence."""

import itertools

import pytest

from pokea.operations.decision import Flag, Status, decide
from pokea.operations.rules import STK_PUSH
from tests.properties.evidence_sets import FACTS, small_world
from tools.states_page import HAPPENINGS, STATES, arrows, cell

CELLS = [*itertools.product(STATES, HAPPENINGS)]


@pytest.mark.parametrize(("state", "happening"), CELLS)
def test_every_cell_keeps_the_order_of_proof(state: str, happening: str) -> None:
    """Proof of payment completes from anywhere, nothing leaves `completed`, and only queries are overruled."""
    after = cell(state, happening).status
    waits_for_the_push = state == "`initiated`"
    is_proof = happening in ("query: paid", "a statement names it") or (
        happening == "callback: paid" and not waits_for_the_push
    )
    assert (after is Status.COMPLETED) == (is_proof or state == "`completed`")
    if "failed" in state and not is_proof:
        overruled = state == "`failed` by queries" and happening == "callback: paid another amount"
        assert after is (Status.PENDING if overruled else Status.FAILED)


def test_another_amount_is_flagged_wherever_it_is_proved() -> None:
    """In every state in which a callback can be proved, one of another amount raises its flag."""
    flagged = {state for state in STATES if Flag.AMOUNT_DIFFERS in cell(state, "callback: paid another amount").flags}
    assert flagged == set(STATES) - {"`initiated`"}


def test_the_diagram_has_the_arrows_of_all_sets() -> None:
    """One piece more leads from any subset of the small world along an arrow of the diagram; each arrow is taken."""
    world = small_world()
    taken = set()
    for size in range(len(world)):
        for known in itertools.combinations(world, size):
            before = decide(FACTS, STK_PUSH, known).status
            taken |= {
                (before, decide(FACTS, STK_PUSH, [*known, piece]).status) for piece in world if piece not in known
            }
    assert {(before, after) for before, after in taken if before is not after} == arrows()
