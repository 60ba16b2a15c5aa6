"""What stops all money out, and what does not."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import EAST_AFRICA_TIME, HOUR, SECOND, Instant, from_datetime, to_datetime
from pokea.disbursements.brake import (
    REFUSED_WITHIN,
    SENTENCES,
    BrakeFact,
    BrakeFacts,
    FactKind,
    StopReason,
    reason_to_stop,
)

NOW: Instant = 500_000 * HOUR
NO_FACTS = BrakeFacts((), (), 0, None)


def fact(kind: FactKind, subject: str = "at_1", at: Instant = NOW) -> BrakeFact:
    """Something that was found."""
    return BrakeFact(kind, subject, at)


def stopped_by(*found: BrakeFact, unknown: tuple[str, ...] = (), started_at: Instant = 0) -> StopReason | None:
    """Why these facts stop money out."""
    return reason_to_stop(BrakeFacts(found, unknown, started_at, None), NOW)


def test_without_facts_money_goes_out() -> None:
    """Nothing was found, so nothing stops."""
    assert reason_to_stop(NO_FACTS, NOW) is None


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FactKind.PAID_OUT_TWICE, StopReason.PAID_OUT_TWICE),
        (FactKind.RULE_BROKEN, StopReason.RULE_BROKEN),
        (FactKind.RECIPIENT_DIFFERS, StopReason.RECIPIENT_DIFFERS),
        (FactKind.AMOUNT_DIFFERS, StopReason.AMOUNT_DIFFERS),
        (FactKind.FUNDS_LOW, StopReason.FUNDS_LOW),
    ],
)
def test_one_of_these_is_enough(kind: FactKind, reason: StopReason) -> None:
    """A second payout, a broken rule, another recipient or amount, and low funds each stop money out at once."""
    assert stopped_by(fact(kind)) is reason
    assert stopped_by(fact(kind), started_at=NOW) is None, "the admin who started knew of it"


@pytest.mark.parametrize(
    ("between", "reason"), [(REFUSED_WITHIN, StopReason.INITIATOR_REFUSED), (REFUSED_WITHIN + 1, None)]
)
def test_two_refusals_of_the_initiator_within_ten_minutes(between: Instant, reason: StopReason | None) -> None:
    """One refusal may be a slip; a second one soon after is not."""
    first, second = (fact(FactKind.INITIATOR_REFUSED, name, at) for name, at in (("a", NOW - between), ("b", NOW)))
    assert stopped_by(first) is None
    assert stopped_by(second, first) is reason
    assert stopped_by(second, first, started_at=first.happened_at) is None


def test_refusals_that_lie_between_others_count() -> None:
    """Any two that follow each other closely stop money out, however long ago the first of all was."""
    times = (NOW - 5 * HOUR, NOW - 3 * HOUR, NOW - 3 * HOUR + SECOND, NOW)
    refused = [fact(FactKind.INITIATOR_REFUSED, str(number), at) for number, at in enumerate(times)]
    for order in itertools.permutations(refused):
        assert stopped_by(*order) is StopReason.INITIATOR_REFUSED
    assert stopped_by(refused[0], refused[1], refused[3]) is None


def test_three_unknown_at_once() -> None:
    """Three sendings whose outcome is unknown now stop it; those that were found out meanwhile do not count."""
    found = [fact(FactKind.UNKNOWN, name) for name in "abc"]
    assert stopped_by(*found, unknown=("a", "b", "c")) is StopReason.UNKNOWN_AT_ONCE
    assert stopped_by(*found, unknown=("a", "b")) is None
    assert stopped_by(*found, *found, unknown=("a", "b")) is None, "one attempt is one, however often it is found"


def test_only_new_unknowns_count_after_a_start() -> None:
    """An admin starts while some are still unknown; three more stop it again."""
    old = [fact(FactKind.UNKNOWN, name, NOW - HOUR) for name in "abc"]
    new = [fact(FactKind.UNKNOWN, name, NOW) for name in "def"]
    start = NOW - SECOND
    assert stopped_by(*old, unknown=tuple("abc"), started_at=start) is None
    assert stopped_by(*old, *new[:2], unknown=tuple("abcde"), started_at=start) is None
    assert stopped_by(*old, *new, unknown=tuple("abcdef"), started_at=start) is StopReason.UNKNOWN_AT_ONCE


def test_a_password_of_ninety_days_stops_whatever_was_started() -> None:
    """The day turns at midnight of East Africa Time, and a start does not make a password younger."""
    set_on = date(2026, 1, 1)
    last_moment = from_datetime(to_datetime(0).replace(year=2026, month=3, day=31, hour=20, minute=59, second=59))
    assert to_datetime(last_moment + SECOND).astimezone(EAST_AFRICA_TIME).date() == date(2026, 4, 1)
    facts = NO_FACTS._replace(password_set_on=set_on, started_at=last_moment + 2 * SECOND)
    assert reason_to_stop(facts, last_moment) is None
    assert reason_to_stop(facts, last_moment + SECOND) is StopReason.PASSWORD_OLD


facts_found = st.lists(
    st.builds(BrakeFact, st.sampled_from(list(FactKind)), st.sampled_from(list("abcde")), st.integers(NOW - HOUR, NOW)),
    max_size=8,
)


@given(facts_found, st.sets(st.sampled_from(list("abcde"))), st.integers(NOW - HOUR, NOW))
def test_a_later_start_never_finds_more_to_stop_for(
    found: list[BrakeFact], unknown: set[str], started_at: Instant
) -> None:
    """What a later start leaves to count is a part of what an earlier one does, and more facts never let money go."""
    later = reason_to_stop(BrakeFacts(found, unknown, started_at, None), NOW)
    earlier = reason_to_stop(BrakeFacts(found, unknown, 0, None), NOW)
    assert later is None or earlier is not None
    for number in range(len(found)):
        fewer = [*found[:number], *found[number + 1 :]]
        if reason_to_stop(BrakeFacts(fewer, unknown, 0, None), NOW) is not None:
            assert earlier is not None


def test_every_reason_has_a_sentence() -> None:
    """A person reads why money out is stopped."""
    assert set(SENTENCES) == set(StopReason)
