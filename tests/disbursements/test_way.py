"""Which way a refund goes out: the law's table, case by case and as a whole."""

import itertools

import pytest

from pokea.clock import HOUR, Instant
from pokea.disbursements.model import Way
from pokea.disbursements.way import LEAST_B2C_CENTS, SENTENCES, Hindrance, RefundCase, ways_of_refund

NOW: Instant = 10_000 * HOUR
DAYS = 7
WEEK: Instant = DAYS * 24 * HOUR
WHOLE = RefundCase(50_000, 50_000, "SKC82PACB8", NOW - HOUR, is_released=False)


@pytest.mark.parametrize(
    ("case", "way", "hindrance"),
    [
        (WHOLE, Way.REVERSAL, None),
        (WHOLE._replace(amount_cents=20_000), Way.B2C, Hindrance.PART),
        (WHOLE._replace(receipt=None), Way.B2C, Hindrance.NO_RECEIPT),
        (WHOLE._replace(is_receipt_doubtful=True), Way.B2C, Hindrance.DOUBTFUL_RECEIPT),
        (WHOLE._replace(is_released=True), Way.B2C, Hindrance.RELEASED),
        (WHOLE._replace(completed_at=NOW - WEEK), Way.REVERSAL, None),
        (WHOLE._replace(completed_at=NOW - WEEK - 1), Way.B2C, Hindrance.TOO_OLD),
        (WHOLE._replace(amount_cents=60_000), Way.B2C, Hindrance.PART),
        (WHOLE._replace(amount_cents=500, moved_cents=500), Way.REVERSAL, None),
    ],
)
def test_the_table_of_the_law(case: RefundCase, way: Way, hindrance: Hindrance | None) -> None:
    """A whole, young payment with a receipt of its own is reversed; all else goes to the number that paid."""
    ways = ways_of_refund(case, DAYS, NOW)
    assert (ways.usual, ways.reversal) == (way, hindrance)


def test_less_than_ten_shillings_stay_where_no_reversal_is_open() -> None:
    """Under KES 10 only a reversal goes out; without one the money stays due, and the reason is at hand."""
    part = WHOLE._replace(amount_cents=LEAST_B2C_CENTS - 100)
    ways = ways_of_refund(part, DAYS, NOW)
    assert ways.usual is None
    assert (ways.hindrance(Way.REVERSAL), ways.hindrance(Way.B2C)) == (Hindrance.PART, Hindrance.TOO_SMALL)
    assert ways_of_refund(part._replace(amount_cents=LEAST_B2C_CENTS), DAYS, NOW).usual is Way.B2C


def test_with_no_days_nothing_is_reversed_that_is_not_of_this_moment() -> None:
    """POKEA_REVERSAL_DAYS=0 sends every refund by B2C."""
    assert ways_of_refund(WHOLE, 0, NOW).usual is Way.B2C


def test_every_case_has_a_way_or_a_reason_for_both() -> None:
    """Over all kinds of cases the usual way is an open one; where there is none, both are closed with a sentence."""
    amounts = (100, LEAST_B2C_CENTS - 1, LEAST_B2C_CENTS, 50_000)
    ages = (0, WEEK, WEEK + 1, 100 * WEEK)
    cases = itertools.product(amounts, amounts, (None, "SKC82PACB8"), ages, (False, True), (False, True))
    for amount, moved, receipt, age, is_released, is_doubtful in cases:
        ways = ways_of_refund(RefundCase(amount, moved, receipt, NOW - age, is_released, is_doubtful), DAYS, NOW)
        if ways.usual is None:
            assert ways.reversal is not None
            assert ways.b2c is Hindrance.TOO_SMALL
        else:
            assert ways.hindrance(ways.usual) is None
        is_reversed = amount == moved and receipt is not None and age <= WEEK and not (is_released or is_doubtful)
        assert (ways.usual is Way.REVERSAL) == is_reversed
        assert (ways.b2c is None) == (amount >= LEAST_B2C_CENTS)
    assert set(SENTENCES) == set(Hindrance)
