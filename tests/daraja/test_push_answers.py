"""What each answer to a push means, cell by cell (law: push)."""

import json
import time
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.daraja.codes.error_codes import ERROR_CODES, TOKEN_ERRORS
from pokea.daraja.outcomes import Accepted, PushOutcome, Silent, SubmissionRefused, Unknown
from pokea.daraja.responses import TokenRefused, read_push_answer, read_query_answer
from pokea.errors import Fault
from tests.daraja.server import ACCEPTED, FIREWALL_PAGE, HTML, JSON

STATUSES = (100, 200, 201, 202, 204, 301, 302, 308, 400, 401, 403, 404, 405, 408, 409, 422, 429, 500, 502, 503, 504)
REFUSING = (400, 404, 405)
LOCKED = "Unable to lock subscriber, a transaction is already in process for the current subscriber"


def in_darajas_form(code: str, message: str = "said") -> bytes:
    """An error of Daraja's (daraja: error envelope)."""
    return json.dumps({"requestId": "1-2-3", "errorCode": code, "errorMessage": message}).encode()


def in_the_gateways_form(code: str = "policies.ratelimit.SpikeArrestViolation", text: str = "said") -> bytes:
    """A fault of the gateway's (daraja: rate limit fault)."""
    return json.dumps({"fault": {"faultstring": text, "detail": {"errorcode": code}}}).encode()


def read(status: int, body: bytes, content_type: str = JSON) -> PushOutcome | TokenRefused:
    """The outcome of a push that was answered so."""
    return read_push_answer(status, content_type, body)


def accepted(**changes: object) -> bytes:
    """The documented answer to an accepted push, changed; None takes a field away."""
    return json.dumps({name: value for name, value in (ACCEPTED | changes).items() if value is not None}).encode()


def test_documented_answer_is_accepted() -> None:
    """200 with ResponseCode "0" and an id is accepted (daraja: STK push accepted)."""
    outcome = read(200, accepted())
    assert outcome == Accepted(
        ACCEPTED["CheckoutRequestID"], ACCEPTED["MerchantRequestID"], ACCEPTED["CustomerMessage"]
    )


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 200])
def test_accepting_body_counts_with_200_alone(status: int) -> None:
    """The body of an accepted push under any other status leaves the outcome unknown."""
    assert isinstance(read(status, accepted()), Unknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"CheckoutRequestID": None},
        {"CheckoutRequestID": ""},
        {"CheckoutRequestID": 5},
        {"CheckoutRequestID": "with a blank"},
        {"CheckoutRequestID": "x" * 101},
        {"ResponseCode": None},
        {"ResponseCode": "1"},
        {"ResponseCode": "00"},
        {"ResponseCode": True},
        {"ResponseCode": 0.0},
        {"errorCode": "500.001.1001"},
        {"fault": {"faultstring": "and yet"}},
    ],
)
def test_answer_without_code_zero_or_without_an_id_is_unknown(changes: dict[str, object]) -> None:
    """200 alone does not accept: a missing id, another code, or an error beside it leave the outcome unknown."""
    assert isinstance(read(200, accepted(**changes)), Unknown)


@pytest.mark.parametrize(
    "changes",
    [{"MerchantRequestID": None}, {"CustomerMessage": None}, {"ResponseCode": 0}, {"ResponseCode": " 0 "}, {"new": 1}],
)
def test_id_is_not_thrown_away_for_a_trifle(changes: dict[str, object]) -> None:
    """An accepted push keeps its id when a lesser field is missing, new, or of another type."""
    outcome = read(200, accepted(**changes))
    assert isinstance(outcome, Accepted)
    assert outcome.checkout_request_id == ACCEPTED["CheckoutRequestID"]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json;charset=UTF-8", HTML])
def test_content_type_decides_nothing(content_type: str) -> None:
    """Daraja's headers are not known, so what the body is decides alone (daraja: not verified)."""
    assert isinstance(read(200, accepted(), content_type), Accepted)


@pytest.mark.parametrize(
    ("status", "body"),
    [*product(REFUSING, [in_darajas_form("400.002.02"), in_the_gateways_form("a.b"), in_darajas_form("9")])],
)
def test_refusing_status_in_a_known_form_is_a_refusal(status: int, body: bytes) -> None:
    """400, 404 and 405 in Daraja's or the gateway's form mean that nothing happened, for good."""
    outcome = read(status, body)
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.reason, outcome.fault, outcome.temporary) == ("daraja_refused", Fault.OURS, False)


@pytest.mark.parametrize("body", [in_darajas_form("429.001"), in_the_gateways_form(), in_the_gateways_form("", "slow")])
def test_too_many_requests_is_a_temporary_refusal(body: bytes) -> None:
    """429 in a known form means that nothing happened, and that it may go better later."""
    outcome = read(429, body)
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.reason, outcome.fault, outcome.temporary) == ("daraja_unavailable", Fault.DARAJA, True)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *product(
            STATUSES,
            [
                b"",
                b" ",
                b"null",
                b"[]",
                b"{}",
                b'"OK"',
                b"<html>",
                FIREWALL_PAGE,
                b'{"errorCode": null}',
                b'{"errorCode": ""}',
                b'{"fault": {}}',
                b'{"fault": "text"}',
                b'{"errorcode": "400.002.02"}',
                b'{"message": "error"}',
                b"\xff\xfe",
                b"[" * 100_000,
            ],
        )
    ],
)
def test_other_form_is_unknown_under_every_status(status: int, body: bytes) -> None:
    """A body that is neither Daraja's nor its gateway's proves nothing, whatever status stands over it."""
    assert isinstance(read(status, body), Unknown)


@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.parametrize("code", TOKEN_ERRORS)
def test_refused_token_is_told_apart(status: int, code: str) -> None:
    """A refusal of the token may be mended with a fresh one, and is a refusal of access if it may not."""
    outcome = read(status, in_darajas_form(code))
    assert isinstance(outcome, TokenRefused)
    assert (outcome.refusal.code, outcome.refusal.reason) == (code, "access_refused")


@pytest.mark.parametrize(
    "body", [in_darajas_form("401.009.09"), in_the_gateways_form("keys.invalid"), in_darajas_form("x")]
)
def test_every_401_in_a_known_form_is_about_the_token(body: bytes) -> None:
    """401 is the gateway's word about the token, under whatever code (law: push)."""
    assert isinstance(read(401, body), TokenRefused)


@pytest.mark.parametrize(
    ("text", "reason", "fault", "temporary"),
    [
        (LOCKED, "subscriber_locked", Fault.CUSTOMER, True),
        ("Merchant does not exist", "merchant_unknown", Fault.OURS, False),
        ("Wrong credentials", "wrong_credentials", Fault.OURS, False),
        ("[MerchantValidate] - Wrong credentials", "wrong_credentials", Fault.OURS, False),
    ],
)
@pytest.mark.parametrize("status", [400, 500, 503])
def test_three_known_texts_are_refusals(status: int, text: str, reason: str, fault: Fault, temporary: bool) -> None:
    """500.001.1001 with one of the three known texts refuses the push with that reason (law: push)."""
    outcome = read(status, in_darajas_form("500.001.1001", text))
    assert outcome == SubmissionRefused("500.001.1001", text, reason, fault, temporary)


@pytest.mark.parametrize(
    "text",
    [
        "",
        LOCKED + ".",
        LOCKED.lower(),
        " Wrong credentials",
        "Wrong credentials ",
        "wrong credentials",
        "[MerchantValidate] -  Wrong credentials",
        "Merchant does not exist.",
        "The transaction is being processed",
        "The transaction does not Exist",
        "Internal Server Error",
    ],
)
@pytest.mark.parametrize("status", STATUSES)
def test_every_other_text_of_the_same_code_is_unknown(status: int, text: str) -> None:
    """The known texts count letter by letter: any other text of 500.001.1001 leaves the outcome open."""
    assert isinstance(read(status, in_darajas_form("500.001.1001", text)), Unknown)


@pytest.mark.parametrize("code", ["500.003.02", "500.003.03"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_and_quota_are_temporary_refusals(status: int, code: str) -> None:
    """500.003.02 and 500.003.03 mean that nothing happened (law: push)."""
    outcome = read(status, in_darajas_form(code, "Error Occurred: Spike Arrest Violation"))
    assert isinstance(outcome, SubmissionRefused)
    assert (outcome.code, outcome.reason, outcome.temporary) == (code, "daraja_unavailable", True)


@pytest.mark.parametrize(
    "code", ["500.003.1001", "500.002.1001", "00.002.1001", "403.002.1001", "steps.x", "never.seen"]
)
@pytest.mark.parametrize("status", [403, 409, 500, 502, 503, 504])
def test_every_other_error_is_unknown(status: int, code: str) -> None:
    """5xx and 403 leave the outcome open, in whatever form they come (law: push)."""
    assert isinstance(read(status, in_darajas_form(code)), Unknown)
    assert isinstance(read(status, in_the_gateways_form(code)), Unknown)


@pytest.mark.parametrize("status", [400, 404, 405])
def test_code_that_contradicts_its_status_proves_nothing(status: int) -> None:
    """A code of the 500 family under a status of the 400 family leaves the outcome open."""
    assert isinstance(read(status, in_darajas_form("500.003.1001")), Unknown)


@pytest.mark.parametrize("code", ERROR_CODES)
@pytest.mark.parametrize("status", STATUSES)
def test_table_of_codes_and_the_reader_agree(status: int, code: str) -> None:
    """What the table of codes calls open is never read as a refusal under a status that does not refuse by itself."""
    outcome = read(status, in_darajas_form(code))
    if not ERROR_CODES[code].final and status not in (*REFUSING, 401, 429):
        assert isinstance(outcome, Unknown)
    if status < 400:
        assert isinstance(outcome, Unknown)


def test_refusal_is_told_without_the_token() -> None:
    """Daraja's habit of repeating the token in its error does not reach the outcome (daraja: Token behaviour)."""
    body = in_darajas_form("401.002.01", "Error Occurred - Invalid Access Token - c9SQxWWhmdVRlyh0zh8gZDTkubVF")
    outcome = read(401, body)
    assert isinstance(outcome, TokenRefused)
    assert "c9SQxWWhmdVRlyh0zh8gZDTkubVF" not in repr(outcome)


def test_long_message_is_cut() -> None:
    """However long Daraja's words are, two hundred characters of them are told."""
    outcome = read(400, in_darajas_form("400.002.02", "x" * 5000))
    assert isinstance(outcome, SubmissionRefused)
    assert len(outcome.message) == 200


@given(st.sampled_from(STATUSES) | st.integers(100, 599), st.binary(max_size=300), st.text(max_size=30))
def test_anything_at_all_is_read(status: int, body: bytes, content_type: str) -> None:
    """No status, body or content type raises, and bytes at random never accept or refuse a push."""
    assert isinstance(read_push_answer(status, content_type, body), Unknown)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*ACCEPTED, "errorCode", "errorMessage", "requestId", "fault"])


@given(st.sampled_from(STATUSES), st.dictionaries(NAMES, JSON_VALUES | st.sampled_from(["0", "ws_CO_1"]), max_size=6))
def test_fields_of_any_type_are_read(status: int, message: dict[str, object]) -> None:
    """Daraja's fields with values of any type never raise, and accept only with a code of zero and an id."""
    outcome = read(status, json.dumps(message).encode())
    if isinstance(outcome, Accepted):
        assert status == 200
        assert str(message["ResponseCode"]).strip() == "0"
        assert message["CheckoutRequestID"] == outcome.checkout_request_id


BROKEN_TEXTS = {
    "broken UTF-8": b"Success \xff\xc3 accepted",
    "Latin-1": "Ombi limefanikiwa \u00e9".encode("latin-1"),
    "a newline": b"Success.\n Request accepted",
    "a NUL": b"Success \0 accepted",
    "half of a pair": b"Success \\ud83d accepted",
}


@pytest.mark.parametrize("what", BROKEN_TEXTS)
def test_a_broken_text_does_not_cost_the_id(what: str) -> None:
    """Given an accepting answer whose sentence for the customer is broken, the push is accepted with its id."""
    body = accepted(CustomerMessage="SENTENCE").replace(b"SENTENCE", BROKEN_TEXTS[what])
    outcome = read(200, body)
    assert isinstance(outcome, Accepted)
    assert outcome.checkout_request_id == ACCEPTED["CheckoutRequestID"]
    outcome.customer_message.encode()
    assert read(200, b"\xef\xbb\xbf" + accepted()) == read(200, accepted())


@pytest.mark.parametrize("broken", [b"\xff", b"\n", b"\\ud83d", b"\0"])
def test_a_broken_id_is_no_id(broken: bytes) -> None:
    """An id that came with a broken character is not guessed: the outcome is unknown."""
    body = accepted(CheckoutRequestID="ws_CO_1ID2").replace(b"ID", broken)
    assert isinstance(read(200, body), Unknown)


@pytest.mark.parametrize("seed", ["ws_CO_", "eyJ-", "0 7", "bearer "])
@pytest.mark.parametrize("in_form", [in_darajas_form, in_the_gateways_form])
def test_a_long_answer_stops_nothing(seed: str, in_form: Callable[[str, str], bytes]) -> None:
    """Given an error whose text is as long as Daraja may send, a push and a question are read at once."""
    body = in_form("400.002.02", seed * (240_000 // len(seed)))
    began = time.process_time()
    assert isinstance(read(400, body), SubmissionRefused)
    assert isinstance(read_query_answer("ws_CO_1", 500, JSON, body), Silent)
    assert time.process_time() - began < 0.5
