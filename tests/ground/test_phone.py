"""Phone numbers as people type, copy and paste them: the table that the page's own reading is held against, too."""

import json
import unicodedata
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import carrier

from pokea.phone import InvalidPhone, parse_phone

CASES = json.loads((Path(__file__).parents[2] / "web/tests/core/phone-cases.json").read_text())


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: ascii(case["text"]))
def test_a_number_is_accepted_as_on_the_page(case: dict[str, str]) -> None:
    """Every form of the shared table means its twelve digits."""
    assert parse_phone(case["text"]).msisdn == case["msisdn"]


@pytest.mark.parametrize("text", CASES["refused"], ids=ascii)
def test_what_the_page_refuses_is_refused(text: str) -> None:
    """Every other text of the shared table is refused with a sentence that says what to type."""
    with pytest.raises(InvalidPhone, match="0712345678"):
        parse_phone(text)


UNSEEN = [
    chr(point)
    for point in range(0x110000)
    if unicodedata.category(chr(point)) in ("Cf", "Pd", "Zs", "Zl", "Zp")
    and len(unicodedata.normalize("NFKC", chr(point))) == 1
]


@given(st.lists(st.sampled_from(UNSEEN), min_size=1, max_size=8), st.integers(0, 12))
def test_no_format_character_dash_or_blank_matters(unseen: list[str], where: int) -> None:
    """Whatever character of these categories stands in a number, wherever it stands, changes nothing."""
    number = "254712345678"
    assert parse_phone(number[:where] + "".join(unseen) + number[where:]).msisdn == number


@given(st.text(max_size=45))
def test_any_text_is_a_number_or_is_refused(text: str) -> None:
    """A text either means twelve digits of Kenya, or is refused; nothing else comes of it."""
    try:
        found = parse_phone(text).msisdn
    except InvalidPhone:
        return
    assert found.isascii()
    assert parse_phone(found).msisdn == found


def test_the_operators_prefixes_are_those_of_the_library() -> None:
    """For each beginning of four digits, the hint names the operator that Google's data name, and Safaricom's have
    none; the data of the whole world would take 10 MB of every process."""
    for national in (*range(1000, 2000), *range(7000, 8000)):
        number = f"254{national}00000"
        named = carrier.name_for_valid_number(phonenumbers.PhoneNumber(254, int(number[3:])), "en")
        hint = parse_phone(number).hint
        if named in ("", "Safaricom"):
            assert hint is None, number
        else:
            assert hint is not None, number
            assert f" belongs to {named}. " in hint
