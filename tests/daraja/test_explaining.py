"""What `pokea explain` says, for every code that is known and for those that are not."""

import pytest

from pokea.daraja.codes.core_codes import CORE_CODES
from pokea.daraja.codes.error_codes import ERROR_CODES
from pokea.daraja.codes.explain import explain, nearby
from pokea.daraja.codes.out_codes import OUT_CODES
from pokea.daraja.codes.result_codes import RESULT_CODES

EVERY = sorted({*RESULT_CODES, *OUT_CODES, *ERROR_CODES, *CORE_CODES})


@pytest.mark.parametrize("code", EVERY)
def test_every_known_code_is_explained(code: str) -> None:
    """What happened, whose move it is, what to do, and the customer's words in both languages."""
    for found in explain(code):
        assert found.code == code
        assert all((found.title, found.happened, found.move, found.do, found.customer_en, found.customer_sw))
    assert explain(code)


def test_paid_cancelled_and_unknown_say_different_things() -> None:
    """A paid result, a final failure and one that proves nothing are told apart."""
    assert explain("0")[0].happened == "The customer paid."
    assert explain("1032")[0].happened == "No money moved, for certain."
    assert "proves nothing" in explain("17")[0].happened
    assert explain("4999")[0].happened.startswith("It is not over")
    assert "never sent again" in explain("500.001.1001")[0].happened


def test_one_code_means_one_thing_of_a_payment_and_another_of_money_out() -> None:
    """2001 is a payer's PIN in one, and our own operator in the other."""
    paid, sent = explain("2001")
    assert (paid.kind, sent.kind) == ("result", "money out")
    assert (paid.move, sent.move) == ("the customer's", "yours: the settings or the account with Safaricom")
    assert explain("R000001")[0].happened.startswith("It proves nothing")
    assert explain("0")[1].happened.startswith("Money went out, if")


@pytest.mark.parametrize(("code", "expected"), [("1031x", "1031"), ("500.001", "500.001.1001"), ("103", "1032")])
def test_codes_that_are_alike_are_named(code: str, expected: str) -> None:
    """A slip of the finger, or half a code, leads to the code that was meant."""
    assert explain(code) == []
    assert expected in nearby(code)


def test_nothing_is_like_nonsense() -> None:
    """What resembles no code has no neighbours, and an empty one neither."""
    assert nearby("hello") == []
    assert nearby("") == []
