"""What each answer to a request for a token means (daraja: Token request; daraja: Token errors)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.daraja.outcomes import SubmissionRefused
from pokea.daraja.responses import TokenGranted, read_token_answer
from pokea.errors import Fault
from pokea.redact import Secret
from tests.daraja.server import FIREWALL_PAGE, HTML, JSON
from tests.daraja.test_push_answers import STATUSES, in_darajas_form, in_the_gateways_form

TOKEN = "c9SQxWWhmdVRlyh0zh8gZDTkubVF"


def read(status: int, body: bytes, content_type: str = JSON) -> TokenGranted | SubmissionRefused:
    """What a request for a token brought."""
    return read_token_answer(status, content_type, body)


@pytest.mark.parametrize("expires_in", ["3599", 3599, " 3599 "])
def test_lifetime_may_be_text_or_number(expires_in: object) -> None:
    """The token comes with its lifetime, in either of the forms that the sources have."""
    body = json.dumps({"access_token": TOKEN, "expires_in": expires_in}).encode()
    assert read(200, body) == TokenGranted(Secret(TOKEN), 3599)


@pytest.mark.parametrize("message", [{}, {"expires_in": ""}, {"expires_in": "soon"}, {"expires_in": "-1"}])
def test_lifetime_that_cannot_be_read_is_the_usual_one(message: dict[str, object]) -> None:
    """A token without a lifetime is taken to live as long as every other."""
    assert read(200, json.dumps({"access_token": TOKEN} | message).encode()) == TokenGranted(Secret(TOKEN), 3599)


@pytest.mark.parametrize("token", ["", "with blank", "line\nbreak", "naïve", "x" * 3000, None, 5])
def test_token_that_fits_no_header_is_none(token: object) -> None:
    """What could not be sent in a header is no token."""
    outcome = read(200, json.dumps({"access_token": token, "expires_in": "3599"}).encode())
    assert isinstance(outcome, SubmissionRefused)
    assert outcome.temporary


def test_granted_token_is_not_printed() -> None:
    """A token in a log shows a mask."""
    assert TOKEN not in repr(read(200, json.dumps({"access_token": TOKEN}).encode()))


@pytest.mark.parametrize("body", [b"", b"  ", b"\r\n"])
def test_empty_400_means_wrong_key_or_secret(body: bytes) -> None:
    """An empty 400 is how Daraja refuses a key or secret, and waiting does not help (daraja: Token errors)."""
    outcome = read(400, body, "")
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.reason, outcome.fault, outcome.temporary) == ("access_refused", Fault.OURS, False)


@pytest.mark.parametrize("code", ["400.008.01", "400.008.02", "404.001.04", "401.002.01"])
@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_error_of_darajas_is_for_us_to_mend(status: int, code: str) -> None:
    """A refusal in Daraja's form names its code, and waiting does not help."""
    outcome = read(status, in_darajas_form(code, "Invalid"))
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.code, outcome.reason, outcome.temporary) == (code, "access_refused", False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, in_the_gateways_form()),
        (500, in_darajas_form("500.003.1001")),
        (503, FIREWALL_PAGE),
        (403, FIREWALL_PAGE),
        (400, FIREWALL_PAGE),
        (200, FIREWALL_PAGE),
        (200, b"{}"),
        (302, b""),
    ],
)
def test_everything_else_may_go_better_later(status: int, body: bytes) -> None:
    """Without a token nothing was sent, so whatever else is answered is a temporary refusal."""
    outcome = read(status, body, HTML if body == FIREWALL_PAGE else JSON)
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.reason, outcome.fault, outcome.temporary) == ("daraja_unavailable", Fault.DARAJA, True)


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 200])
def test_token_counts_with_200_alone(status: int) -> None:
    """A token under another status is not taken."""
    assert isinstance(read(status, json.dumps({"access_token": TOKEN, "expires_in": "1"}).encode()), SubmissionRefused)


@given(st.integers(100, 599), st.binary(max_size=200), st.text(max_size=20))
def test_anything_at_all_is_read(status: int, body: bytes, content_type: str) -> None:
    """No status, body or content type raises, and bytes at random are no token."""
    assert isinstance(read_token_answer(status, content_type, body), SubmissionRefused)
