"""The last net under every log line: what looks like a secret or a phone number is masked, wherever it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea import redact
from pokea.redact import mask

_SEEDS = st.sampled_from(
    [
        *(
            "ws_CO_24112026065728656708374149",
            "WS_CO_1",
            "+254712345678",
            "254712345678",
            "0112345678",
            "25407",
            "pcs_Ab-1",
        ),
        *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln", "Bearer abcdefghij", "BASIC\tdXNlcjpw", "Invalid Access Token - abc"),
        *(
            '"PIN": "1234"',
            "passKey=abc",
            "access_token : x",
            "SecurityCredential=",
            "Password=\u017f",
            "\u0130",
            "\u212a",
        ),
    ]
)
_TOKEN = "0123456789abcdef" * 3


@pytest.mark.parametrize(
    "line",
    [_TOKEN, f"/callback/{_TOKEN}x", f"{_TOKEN.upper()} ", f"a_{_TOKEN}_b", _TOKEN * 3, f"{_TOKEN}A", f"token{_TOKEN}"],
)
def test_a_token_is_masked_whatever_stands_beside_it(line: str) -> None:
    """A letter too many, capitals or two tokens in a row do not carry a callback token into the log."""
    assert _TOKEN not in mask(line).lower()
    assert "****" in mask(line)


@pytest.mark.parametrize(
    "line", ["pay_01m8adp4ms328zkwp1avnfa3jz", "req_01m85ws7jx4rq8psw3dm9w6m6a", "deadbeef", "500.003.1001"]
)
def test_what_is_no_secret_stays(line: str) -> None:
    """Ids of ours and Daraja's codes are what a log is for."""
    assert mask(line) == line


@pytest.mark.parametrize(
    "line", ["Bearer\u2003abcdefghij", "Ba\u017fic\xa0dXNlcjpw", "p\u0131n = 8642", "pass\u212aey=8642"]
)
def test_letters_and_blanks_beyond_ascii_hide_nothing(line: str) -> None:
    """A long s, a dotless i, a Kelvin sign or an em space do not carry a secret into the log."""
    assert mask(line).endswith("****")


@given(st.lists(_SEEDS | st.text(max_size=5)).map("".join))
def test_what_is_sought_by_its_signs_is_what_its_pattern_finds(line: str) -> None:
    """No text is spared a pattern that would have found something in it."""
    thorough = line
    for _, pattern, replacement in redact._RULES:
        thorough = pattern.sub(replacement, thorough)
    assert mask(line) == thorough


@pytest.mark.parametrize("number", ["254712345678", "+254112345678", "0712345678"])
@pytest.mark.parametrize("before", ["", "x", "+", "p=", "(", "25", "1"])
def test_a_number_is_masked_unless_it_is_part_of_a_longer_one(before: str, number: str) -> None:
    """Whatever stands before a number does not carry it into the log; a longer row of digits is no phone's number."""
    is_longer = before[-1:].isdigit() and number[0] != "+"
    assert (number[-9:] in mask(f"{before}{number} ")) == is_longer
