"""The age of a standby: all that was committed before `as_of` is shown, and nothing old is called new."""

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import SECOND, Instant
from pokea.storage.standby_age import (
    MOST_MARKS,
    Marks,
    PrimaryMark,
    StandbyFault,
    StandbyLook,
    age_seconds,
    as_of,
    fault_of,
    is_ahead,
    primary_now,
    with_mark,
)

SYSTEM = 7
NOON: Instant = 1_700_000_000 * SECOND


class Commit(NamedTuple):
    """A commit of the primary's: stamped, written up to a position, and then seen by all."""

    stamped_at: Instant
    position: int
    seen_at: Instant


def mark(at: float, position: int, system: int = SYSTEM) -> PrimaryMark:
    """A mark of a primary whose clock shows noon when the event loop's shows 0."""
    return PrimaryMark(at, NOON + round(at * SECOND), position, system)


def look(position: int, last_commit_at: Instant = 0, system: int = SYSTEM) -> StandbyLook:
    """A standby that has replayed so much."""
    return StandbyLook(True, position, last_commit_at, system)


def history(steps: Sequence[tuple[int, int, int, bool]]) -> tuple[list[Commit], Marks, Instant]:
    """Commits and marks of a primary, from steps: time that passes before the stamp and after it, bytes, and whether a
    mark is made then."""
    commits: list[Commit] = []
    marks: Marks = ()
    now, position = NOON, 1
    for before, after, size, is_marked in steps:
        stamped_at = now + before
        position += size
        now = stamped_at + after
        commits.append(Commit(stamped_at, position, now))
        if is_marked:
            marks = with_mark(marks, PrimaryMark((now - NOON) / SECOND, now, position, SYSTEM))
    return commits, marks, now


_STEPS = st.lists(
    st.tuples(st.integers(0, 2 * SECOND), st.integers(0, SECOND), st.integers(1, 500), st.booleans()), min_size=1
)


@given(_STEPS, st.data())
def test_what_was_committed_before_is_shown(steps: Sequence[tuple[int, int, int, bool]], data: st.DataObject) -> None:
    """A standby that has replayed the log up to anywhere lacks no commit that was seen before `as_of`."""
    commits, marks, now = history(steps)
    replayed = data.draw(st.integers(0, commits[-1].position))
    stamps = [each.stamped_at for each in commits if each.position <= replayed]
    shown = look(replayed, stamps[-1] if stamps else 0)
    complete_to = as_of(shown, marks)
    assert [each for each in commits if each.position > replayed and each.seen_at < complete_to] == []
    if marks:
        later = (now - NOON) / SECOND + 1
        assert NOON + age_seconds(shown, marks, later) * SECOND >= NOON + later * SECOND + NOON - complete_to - 1


def test_a_standby_of_a_primary_at_which_nothing_happens_is_not_old() -> None:
    """An hour after the last commit a standby that has replayed it is as new as the last mark."""
    marks = with_mark(with_mark((), mark(0, 100)), mark(3600, 100))
    assert len(marks) == 1
    assert age_seconds(look(100, NOON), marks, 3600.5) < 1
    assert age_seconds(look(99, NOON), marks, 3600.5) > 3600


def test_behind_all_marks_it_is_as_old_as_its_last_commit() -> None:
    """However many marks were made since, no more than MOST_MARKS are kept, and the age of the standby is right."""
    marks: Marks = ()
    for second in range(2 * MOST_MARKS):
        marks = with_mark(marks, mark(second, 100 + second))
    assert len(marks) == MOST_MARKS
    last = 2 * MOST_MARKS - 1
    assert round(age_seconds(look(50, NOON - 5 * SECOND), marks, last)) == last + 5
    assert round(age_seconds(look(100 + last - 10), marks, last)) == 10


def test_a_primary_that_was_replaced_has_no_marks_of_the_one_before() -> None:
    """A shorter log, or another cluster's, begins anew."""
    marks = with_mark((), mark(0, 100))
    assert with_mark(marks, mark(1, 90)) == (mark(1, 90),)
    assert with_mark(marks, mark(1, 110, system=8)) == (mark(1, 110, system=8),)
    assert with_mark(marks, mark(1, 110)) == (mark(0, 100), mark(1, 110))


def test_what_is_wrong_is_named() -> None:
    """Promoted, another cluster's, late, ahead of its primary, not looked at; and nothing."""
    marks = with_mark((), mark(0, 100))
    assert fault_of(look(100), marks, 5, 10) is None
    assert fault_of(look(100), marks, 11, 10) is StandbyFault.LATE
    assert fault_of(look(99), marks, 1, 10) is StandbyFault.LATE
    assert fault_of(look(100, system=8), marks, 5, 10) is StandbyFault.STRANGE
    assert fault_of(look(100)._replace(is_in_recovery=False), marks, 5, 10) is StandbyFault.PROMOTED
    assert fault_of(look(100), (), 5, 10) is StandbyFault.UNKNOWN
    assert is_ahead(look(101), mark(1, 100))
    assert not is_ahead(look(100), mark(1, 100))


def test_the_primary_s_clock_is_never_reckoned_too_early() -> None:
    """An instant that is reckoned is not before the true one, though the answer with the mark took its time."""
    asked = PrimaryMark(0.0, NOON + SECOND, 100, SYSTEM)  # the clock was read a second after it was asked for
    assert primary_now((asked,), 1.0) >= NOON + SECOND
    assert primary_now((asked,), 3.0) >= NOON + 3 * SECOND
