"""A released fee divided: nothing is lost, nothing is made, and nothing is a fraction of a shilling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.errors import ApiError
from pokea.escrow.shares import WantedShare, commission_of, divide
from pokea.money import CENTS

_FEES = st.integers(1, 250_000).map(lambda shillings: shillings * CENTS)
_HUNDREDTHS = st.integers(0, 9_999)


@given(_FEES, _HUNDREDTHS)
def test_one_payee_gets_all_but_the_commission(fee_cents: int, hundredths: int) -> None:
    """The commission is whole shillings, never more than its percentage, and the rest is the payee's."""
    division = divide(fee_cents, [WantedShare("py_1", None)], hundredths)
    assert division.commission_cents % CENTS == 0
    assert division.commission_cents * 10_000 <= fee_cents * hundredths
    assert division.commission_cents + sum(share.amount_cents for share in division.shares) == fee_cents


@given(_FEES, _HUNDREDTHS, st.lists(st.integers(1, 100_000), max_size=4))
def test_parts_are_taken_only_if_they_sum_to_what_is_left(fee_cents: int, hundredths: int, parts: list[int]) -> None:
    """Whatever parts are given with one open, they sum to the whole with the commission, or are refused."""
    wanted = [WantedShare(f"py_{number}", part * CENTS) for number, part in enumerate(parts)]
    left = fee_cents - commission_of(fee_cents, hundredths)
    if sum(parts) * CENTS >= left:
        with pytest.raises(ApiError):
            divide(fee_cents, [*wanted, WantedShare("py_rest", None)], hundredths)
        return
    division = divide(fee_cents, [*wanted, WantedShare("py_rest", None)], hundredths)
    assert all(share.amount_cents > 0 for share in division.shares)
    assert division.commission_cents + sum(share.amount_cents for share in division.shares) == fee_cents


@pytest.mark.parametrize("amounts", [[100, 399], [100, 401], [500, 1], [None, None], [600, None], [500, None]])
def test_parts_that_do_not_fit_are_refused_by_name(amounts: list[int | None]) -> None:
    """Too little, too much, two that are the rest, and a rest of nothing are refused with the field's name."""
    wanted = [
        WantedShare(f"py_{number}", None if part is None else part * CENTS) for number, part in enumerate(amounts)
    ]
    with pytest.raises(ApiError) as refused:
        divide(500 * CENTS, wanted, 0)
    assert refused.value.errors[0].field == "split"


def test_a_payee_gets_one_part() -> None:
    """A payee who is named twice is a mistake."""
    with pytest.raises(ApiError):
        divide(500 * CENTS, [WantedShare("py_1", 100 * CENTS), WantedShare("py_1", 400 * CENTS)], 0)
