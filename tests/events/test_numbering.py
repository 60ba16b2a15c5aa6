"""The order in which events get their numbers."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from pokea.events.numbering import in_order, numbered
from pokea.events.outbox import Event
from tests.events.happened import AT, event

_VERSIONS = st.dictionaries(st.sampled_from(["pay_1", "pay_2", "bk_1"]), st.integers(1, 4), max_size=3)


@st.composite
def committed(draw: st.DrawFn) -> list[Event]:
    """Versions of some objects in any order, each with the time of a process whose clock may be behind or ahead."""
    versions = draw(_VERSIONS)
    found = [event(name, version, at=draw(st.integers(0, 5))) for name in versions for version in range(versions[name])]
    return draw(st.permutations(found))


@given(committed(), st.integers(0, 100))
def test_numbers_have_no_gap_and_versions_are_in_order(taken: list[Event], last: int) -> None:
    """Whatever the clocks say, an object's versions follow each other, and each event has the next number."""
    given_numbers = numbered(taken, last)
    assert [each.sequence for each in given_numbers] == list(range(last + 1, last + 1 + len(taken)))
    seen: dict[str, list[int]] = defaultdict(list)
    for each in given_numbers:
        seen[each.object_id].append(each.version)
    assert all(versions == sorted(versions) for versions in seen.values())
    assert sum(map(len, seen.values())) == len(taken)


def test_events_of_different_objects_are_in_the_order_of_their_times() -> None:
    """Between objects the times decide, and of one time their ids."""
    first, second, third = event("pay_2", at=AT), event("bk_1", at=AT), event("pay_1", at=AT - 1)
    assert in_order([first, second, third]) == [third, second, first]
