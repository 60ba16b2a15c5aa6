"""The caps of money out, by example and for any sums."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import HOUR, SECOND, Instant
from pokea.disbursements.caps import DAY, Cap, CapReservation, CapUse, OutCaps, caps_above, is_within, use_of
from pokea.disbursements.model import MOST_CENTS

CAPS = OutCaps(one_cents=1_000_000, day_cents=5_000_000, payee_day_cents=1_000_000, hourly_count=20)
NOW: Instant = 1_000 * HOUR

amounts = st.integers(1, 60_000_000)
uses = st.builds(CapUse, st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 100))
limits = st.builds(OutCaps, amounts, amounts, amounts, st.integers(1, 100))
reservations = st.lists(
    st.builds(
        CapReservation,
        st.text("abc", min_size=1, max_size=3),
        st.sampled_from(["254700000001", "254700000002"]),
        amounts,
        st.integers(NOW - 2 * DAY, NOW),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("amount_cents", "used", "above"),
    [
        (1_000_000, CapUse(), ()),
        (1_000_100, CapUse(), (Cap.ONE, Cap.PAYEE_DAY)),
        (100, CapUse(day_cents=4_999_900), ()),
        (200, CapUse(day_cents=4_999_900), (Cap.DAY,)),
        (100, CapUse(payee_day_cents=999_900), ()),
        (200, CapUse(payee_day_cents=999_900), (Cap.PAYEE_DAY,)),
        (100, CapUse(hourly_count=19), ()),
        (100, CapUse(hourly_count=20), (Cap.HOURLY,)),
        (MOST_CENTS + 100, CapUse(), (Cap.MOST, Cap.ONE, Cap.DAY, Cap.PAYEE_DAY)),
    ],
)
def test_each_cap_holds_to_the_shilling(amount_cents: int, used: CapUse, above: tuple[Cap, ...]) -> None:
    """What reaches a cap is within it, and a shilling more is above it."""
    assert caps_above(CAPS, used, amount_cents) == above


def test_an_admin_goes_above_every_cap_but_that_of_m_pesa() -> None:
    """Above a cap only what an admin has approved knowingly goes out, and never more than 250,000 shillings at once."""
    used = CapUse(day_cents=50_000_000, payee_day_cents=50_000_000, hourly_count=1_000)
    assert not is_within(CAPS, used, MOST_CENTS, over_cap=False)
    assert is_within(CAPS, used, MOST_CENTS, over_cap=True)
    assert not is_within(CAPS, used, MOST_CENTS + 1, over_cap=True)


def test_what_was_approved_a_day_ago_is_free_again() -> None:
    """A day and an hour end to the microsecond after the approval."""
    first = CapReservation("a", "254700000001", 100, NOW)
    assert use_of([first], "254700000001", NOW + HOUR - 1) == CapUse(100, 100, 1)
    assert use_of([first], "254700000001", NOW + HOUR) == CapUse(100, 100, 0)
    assert use_of([first], "254700000002", NOW + DAY - 1) == CapUse(100, 0, 0)
    assert use_of([first], "254700000001", NOW + DAY) == CapUse()


def test_an_approval_of_a_clock_that_is_ahead_counts() -> None:
    """Two processes' clocks differ; what another one has approved a moment from now counts as well."""
    assert use_of([CapReservation("a", "254700000001", 100, NOW + SECOND)], "254700000001", NOW) == CapUse(100, 100, 1)


@given(limits, uses, amounts, amounts)
def test_more_is_never_within_where_less_is_not(caps: OutCaps, used: CapUse, amount: int, more: int) -> None:
    """What is above a cap stays above it when the amount grows, and when more is used."""
    above = set(caps_above(caps, used, amount))
    assert above <= set(caps_above(caps, used, amount + more))
    fuller = CapUse(used.day_cents + more, used.payee_day_cents + more, used.hourly_count + 1)
    assert above <= set(caps_above(caps, fuller, amount))


@given(limits, st.lists(st.tuples(st.sampled_from("xy"), amounts, st.integers(0, 4 * HOUR)), max_size=30))
def test_no_day_and_no_hour_ever_sees_more_than_the_caps(
    caps: OutCaps, wanted: Sequence[tuple[str, int, Instant]]
) -> None:
    """However requests come, what the caps let through stays below them in every window of time."""
    passed: list[CapReservation] = []
    now = NOW
    for number, (recipient, amount, pause) in enumerate(wanted):
        now += pause
        if is_within(caps, use_of(passed, recipient, now), amount, over_cap=False):
            passed.append(CapReservation(str(number), recipient, amount, now))
    for end in (each.approved_at for each in passed):
        today = [each for each in passed if end - DAY < each.approved_at <= end]
        assert sum(each.amount_cents for each in today) <= caps.day_cents
        for recipient in "xy":
            assert sum(each.amount_cents for each in today if each.recipient == recipient) <= caps.payee_day_cents
        assert sum(end - HOUR < each.approved_at <= end for each in passed) <= caps.hourly_count
    assert all(each.amount_cents <= caps.one_cents for each in passed)
    assert all(earlier.approved_at <= later.approved_at for earlier, later in pairwise(passed))


@given(reservations, st.sampled_from(["254700000001", "254700000002"]))
def test_the_use_is_the_sum_of_what_lies_within_each_window(found: list[CapReservation], recipient: str) -> None:
    """A recipient's use is a part of the day's, and what is a day old is in neither."""
    used = use_of(found, recipient, NOW)
    assert used.day_cents == sum(each.amount_cents for each in found if NOW - each.approved_at < DAY)
    assert used.payee_day_cents <= used.day_cents
    both = [use_of(found, each, NOW).payee_day_cents for each in ("254700000001", "254700000002")]
    assert sum(both) == used.day_cents
