"""What the phone prints, and the forms of identifiers, checked against the samples of the sources."""

import random
import re
from collections.abc import Container
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.clock import from_datetime
from pokea.simulator import SimulatorOptions, texts
from pokea.simulator.identifiers import access_token, checkout_request_id, merchant_request_id, receipt

_NAIROBI = timezone(timedelta(hours=3))
_NOBODY: Container[str] = ()


def _at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, minute, second, tzinfo=_NAIROBI))


def test_the_prompt_is_the_photograph_s() -> None:
    """Both forms, letter for letter (texts: prompt)."""
    name = "API Management - Safaricom test 12"
    assert texts.prompt_text(1, name, "ref") == (
        "Do you want to pay Kshs. 1 to API Management - Safaricom test 12 Account no. ref?\nEnter M-PESA PIN:"
    )
    assert texts.prompt_text(1, name, None) == (
        "Do you want to pay Kshs. 1 to API Management - Safaricom test 12.\nEnter M-PESA PIN:"
    )


def test_a_paybill_s_message_is_the_sample_s() -> None:
    """The sample of February 2026, to the space (texts: SMS to the payer)."""
    message = texts.paybill_message("UBG5XXXXXX", 5_000, "SHOP", "REF", _at(2026, 2, 16, 9, 18), 37_044, 49_985_000)
    assert message == (
        "UBG5XXXXXX Confirmed. Ksh50.00 sent to SHOP for account REF on 16/2/26 at 9:18 AM New M-PESA balance is "
        "Ksh370.44. Transaction cost, Ksh0.00.Amount you can transact within the day is 499,850.00. "
        "Save frequent paybills for quick payment on M-PESA app https://bit.ly/mpesalnk"
    )


def test_a_till_s_message_is_the_sample_s() -> None:
    """The sample of March 2026 (texts: SMS to the payer)."""
    message = texts.till_message("UCH1XXXXXX", 4_000, "DUKA", _at(2026, 3, 17, 14, 34), 0, 49_996_000)
    assert message.startswith(
        "UCH1XXXXXX Confirmed. Ksh40.00 paid to DUKA. on 17/3/26 at 2:34 PM.New M-PESA balance is Ksh0.00."
    )


@pytest.mark.parametrize(
    ("hour", "minute", "text"), [(0, 5, "12:05 AM"), (11, 59, "11:59 AM"), (12, 0, "12:00 PM"), (23, 1, "11:01 PM")]
)
def test_times_have_twelve_hours(hour: int, minute: int, text: str) -> None:
    """Midnight is 12 AM and noon 12 PM, without leading zeros."""
    assert f"on 5/1/26 at {text}." in texts.till_message("R", 1, "S", _at(2026, 1, 5, hour, minute), 0, 0)


@pytest.mark.parametrize(
    ("head", "day"),
    [
        ("UE4", (2026, 5, 4)),
        ("UCQ", (2026, 3, 26)),
        ("SG6", (2024, 7, 6)),
        ("RLA", (2023, 12, 10)),
        ("OAT", (2020, 1, 29)),
        ("NLJ", (2019, 12, 19)),
        ("MBN", (2018, 2, 23)),
        ("UAV", (2026, 1, 31)),
    ],
)
def test_receipts_begin_like_those_of_known_date(head: str, day: tuple[int, int, int]) -> None:
    """Year, month and day as in the receipts of `daraja: receipts`."""
    assert receipt(_at(*day, 12), random.Random(1), _NOBODY).startswith(head)


def test_a_receipt_s_day_is_nairobi_s() -> None:
    """A minute before midnight in Nairobi is still that day, though it is the evening before in London."""
    assert receipt(_at(2026, 5, 4, 0, 1), random.Random(1), _NOBODY).startswith("UE4")
    assert receipt(_at(2026, 5, 3, 23, 59), random.Random(1), _NOBODY).startswith("UE3")


def test_a_checkout_id_has_the_form_of_the_real_one() -> None:
    """`ws_CO_`, DDMMYYYYHHMMSS of Nairobi, three digits, nine of the number: 26 digits in all."""
    options = SimulatorOptions()
    found = checkout_request_id("254722943992", _at(2026, 5, 4, 21, 2, 4), random.Random(1), options, _NOBODY)
    assert re.fullmatch(r"ws_CO_04052026210204\d{3}722943992", found)
    assert len(found) == len("ws_CO_040520262104102377688XXXXX")


def test_checkout_ids_of_one_second_and_phone_stay_apart() -> None:
    """Two thousand pushes to one phone in one second get two thousand ids, more than the real form can hold."""
    chance, taken = random.Random(1), dict[str, None]()
    for _ in range(2_000):
        taken[checkout_request_id("254722000001", _at(2026, 5, 4), chance, SimulatorOptions(), taken)] = None
    assert len(taken) == 2_000


@given(st.integers(0, 10**9), st.integers(0, 2**63))
def test_identifiers_have_their_forms_whatever_chance_says(number: int, seed: int) -> None:
    """MerchantRequestID is the tail of a UUID with a counter glued on; a token is 28 characters."""
    chance = random.Random(seed)
    merchant = merchant_request_id(number, chance)
    assert re.fullmatch(r"[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\d+", merchant)
    assert merchant.endswith(str(number))
    assert re.fullmatch(r"[A-Za-z0-9]{28}", access_token(chance))


def test_a_receipt_is_never_given_twice() -> None:
    """A receipt that is taken is drawn again."""
    taken = {receipt(_at(2026, 5, 4), random.Random(5), _NOBODY): None}
    assert receipt(_at(2026, 5, 4), random.Random(5), taken) not in taken
