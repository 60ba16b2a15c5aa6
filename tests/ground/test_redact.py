"""The last net under every log line: what looks like a secret or a phone number is masked, wherever it stands."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea import redact
from pokea.redact import mask, masked_beginning

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


SPACED = (
    "+254 712 345 678",
    "0712-345-678",
    "(0712) 345 678",
    "+254 (0)712 345678",
    "00254 712 345 678",
    "+254(0) 712345678",
    "254.712.345.678",
    "0 712 345 678",
    "\u2068+254\u00a0712\u2011345\u2011678\u2069",
    "tel:+254-712-345-678",
    "0712\u200b345\u200b678",
)


@pytest.mark.parametrize("number", SPACED)
@pytest.mark.parametrize("before", ["", "called ", '{"phone":"', "p="])
def test_a_number_with_gaps_is_masked(before: str, number: str) -> None:
    """Blanks, dashes, dots, brackets and characters that are not seen do not carry a number into the log."""
    masked = mask(f"{before}{number}, again")
    assert "25471*****78" in masked
    assert not set("3456") & set(masked.partition("254")[2].partition(",")[0])
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "line",
    [
        "took 0.112345678 s",
        "0.0 ms",
        "2026-11-24T04:24:48.991Z 07",
        "page 10 712345678",
        "25471*****78",
        "ws_CO_****678",
        "amount 1,071,234,567",
        "0 of 12 payments",
    ],
)
def test_other_numbers_stay(line: str) -> None:
    """Times, amounts, counts and what is masked already are no phone's number."""
    assert mask(line) == line


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("ws_CO_24112026065728656708374149 is paid", "ws_CO_****149 is paid"),
        ("WS_CO_24112026065728656708374149", "WS_CO_****149"),
        ("ws_CO_abc", "ws_CO_****"),
        ("ws_CO_1ws_CO_708374149", "ws_CO_****149"),
        ("eyJhbGciOiJIUzI1NiJ9", "****"),
    ],
)
def test_an_id_is_masked_as_a_whole(line: str, masked: str) -> None:
    """Of a CheckoutRequestID the last three digits are shown, as of the number in it; half a JWT is none to show."""
    assert mask(line) == masked


SEEDS = (
    *("ws_CO_", "ws_CO_1", "eyJ-", "eyJ", "eyJa.", "bearer ", "bearer", "basic\t", "pin=", "pin ", 'pin"', "password"),
    *("Invalid Access Token ", "Invalid Access Token -", "0", "07", "0 7", "+254 ", "+", "2540", "0(0) ", "254 7", "("),
    *("- ", "a", "f", "pcs_", "pcs_-", "\u2003", "\u200b", "0\u200b7\u200b", " ", "00254", "+254(0)7 1", "1 ", "0 1 "),
)


@pytest.mark.parametrize("before", ["", "\u00e9", "bearer", "pin"])
@pytest.mark.parametrize("seed", SEEDS)
def test_masking_takes_time_in_proportion_to_the_text(seed: str, before: str) -> None:
    """Ten times the text takes nowhere near a hundred times the time, whatever the text repeats."""

    def seconds(size: int) -> float:
        text = before + seed * (size // len(seed))
        began = time.process_time()
        mask(text)
        return time.process_time() - began

    seconds(1_000)
    short = min(seconds(20_000) for _ in range(3))
    assert seconds(200_000) < max(40 * short, 0.3)


@given(st.text(max_size=50), st.sampled_from(["+254712345678", "0712 345 678", "ws_CO_24112026708374149", _TOKEN]))
def test_half_a_secret_at_the_cut_is_not_shown(before: str, secret: str) -> None:
    """Wherever a long text is cut, what stands there is masked or left out."""
    for length in range(960, 1_002):
        text = f"{before}{'x ' * 500}"[:length] + f" {secret} and more{' of it' * 50}"
        shown = masked_beginning(text, 1_000)
        assert secret[:6] not in shown.replace("ws_CO_****", "").replace("254712*", "").replace("25471*****78", "")
