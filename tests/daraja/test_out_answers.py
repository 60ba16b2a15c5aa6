"""What each answer to a request of money out means, cell by cell (law: sending, 3)."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.daraja.codes.error_codes import ERROR_CODES, TOKEN_ERRORS
from pokea.daraja.out_outcomes import (
    REFUSALS,
    Asked,
    NotAsked,
    OutAccepted,
    OutOutcome,
    OutRefused,
    OutUnknown,
)
from pokea.daraja.out_responses import read_ask_answer, read_out_answer, refused_before_sending
from pokea.daraja.responses import TokenRefused, read_push_answer, too_late, unavailable
from tests.daraja.server import ACKNOWLEDGED, FIREWALL_PAGE, HTML, JSON
from tests.daraja.test_push_answers import STATUSES, in_darajas_form, in_the_gateways_form

REFUSING = (400, 404, 405)
DUPLICATE = "Duplicate OriginatorConversationID."
OPEN_ANSWERS = {
    "a page of the firewall": FIREWALL_PAGE,
    "a proxy's text": b"upstream connect error or disconnect/reset before headers. reset reason: overflow",
    "nothing": b"",
    "half of an answer": json.dumps(ACKNOWLEDGED).encode()[:60],
    "JSON of another kind": b'{"message":"accepted"}',
    "a list": b"[]",
    "a fault inside SOAP": b'{"Envelope":{"Body":{"Fault":{"faultstring":"failed"}}}}',
}


def read(status: int, body: bytes, content_type: str = JSON) -> OutOutcome | TokenRefused:
    """What a payment that was answered so came to."""
    return read_out_answer(status, content_type, body)


def acknowledged(**changes: object) -> bytes:
    """The documented acknowledgement, changed; None takes a field away."""
    return json.dumps({name: value for name, value in (ACKNOWLEDGED | changes).items() if value is not None}).encode()


def test_documented_acknowledgement_is_accepted() -> None:
    """200 with ResponseCode "0" and a ConversationID is accepted, with both ids (daraja: B2C acknowledgement)."""
    assert read(200, acknowledged()) == OutAccepted(
        ACKNOWLEDGED["ConversationID"], ACKNOWLEDGED["OriginatorConversationID"]
    )


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 200])
def test_acknowledgement_counts_with_200_alone(status: int) -> None:
    """The body of an acknowledgement under any other status leaves open what happened."""
    assert isinstance(read(status, acknowledged()), OutUnknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"ConversationID": None},
        {"ConversationID": ""},
        {"ConversationID": 5},
        {"ConversationID": "with a blank"},
        {"ConversationID": "x" * 101},
        {"ResponseCode": None},
        {"ResponseCode": "1"},
        {"ResponseCode": "00"},
        {"ResponseCode": True},
        {"ResponseCode": 0.0},
        {"errorCode": "400.002.02"},
        {"fault": {"faultstring": "and yet"}},
    ],
)
def test_200_without_code_or_conversation_is_unknown(changes: dict[str, object]) -> None:
    """200 alone does not accept, and does not refuse either: money may be on its way."""
    assert isinstance(read(200, acknowledged(**changes)), OutUnknown)


@pytest.mark.parametrize(
    "changes",
    [
        {"OriginatorConversationID": None},
        {"OriginatorConversationID": 5},
        {"ResponseDescription": None},
        {"ResponseCode": 0},
        {"ResponseCode": " 0 "},
        {"new": [1]},
    ],
)
def test_conversation_is_not_thrown_away_for_a_trifle(changes: dict[str, object]) -> None:
    """An accepted request keeps its ConversationID whatever else is missing or of another type."""
    outcome = read(200, acknowledged(**changes))
    assert isinstance(outcome, OutAccepted)
    assert outcome.conversation_id == ACKNOWLEDGED["ConversationID"]


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json;charset=UTF-8", HTML])
def test_content_type_decides_nothing(content_type: str) -> None:
    """What the body is decides alone (daraja: not verified)."""
    assert isinstance(read(200, acknowledged(), content_type), OutAccepted)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        *((status, "400.002.02", "field_refused") for status in REFUSING),
        *((status, "404.001.01", "request_refused") for status in REFUSING),
        *((status, "9", "request_refused") for status in REFUSING),
        *((400, code, "access_refused") for code in TOKEN_ERRORS if code != "404.001.03"),
        (403, "403.002.1001", "v3_forbidden"),
    ],
)
def test_refusals_of_the_table(status: int, code: str, reason: str) -> None:
    """400, 404 and 405 in Daraja's form, and 403.002.1001, mean that nothing happened (law: sending)."""
    outcome = read(status, in_darajas_form(code))
    assert isinstance(outcome, OutRefused)
    assert (outcome.code, outcome.reason, outcome.temporary) == (code, reason, False)
    assert reason in REFUSALS


@pytest.mark.parametrize(
    ("status", "code"), [(401, "401.002.01"), (401, "9"), *((status, "404.001.03") for status in (400, 404, 405))]
)
def test_only_these_refuse_the_access_token(status: int, code: str) -> None:
    """401 in Daraja's form, and 404.001.03, may be sent once more with a fresh token, and nothing else (law:
    sending)."""
    outcome = read(status, in_darajas_form(code))
    assert isinstance(outcome, TokenRefused)
    assert refused_before_sending(outcome.refusal).reason == "access_refused"


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize("code", ["oauth.v2.InvalidAccessToken", "401.002.01"])
def test_the_gateways_fault_refuses_with_429_alone(status: int, code: str) -> None:
    """Under any other status the gateway's own form is none of the table's, a token's refusal in it included."""
    assert isinstance(read(status, in_the_gateways_form(code)), OutUnknown)
    limited = read(429, in_the_gateways_form(code))
    assert isinstance(limited, OutRefused)
    assert (limited.reason, limited.temporary) == ("limited", True)


def test_429_in_darajas_form_is_open() -> None:
    """The table has 429 with the gateway's fault, and not with an error of Daraja's (law: sending)."""
    assert isinstance(read(429, in_darajas_form("500.003.02")), OutUnknown)
    assert isinstance(read(429, in_darajas_form("429.001")), OutUnknown)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 599])
@pytest.mark.parametrize("code", [*ERROR_CODES, "500.002.1001", "9"])
def test_no_5xx_refuses(status: int, code: str) -> None:
    """Where a push may be refused by a 5xx, money out may have left (law: sending)."""
    assert isinstance(read(status, in_darajas_form(code)), OutUnknown)


def test_a_push_is_refused_where_money_out_is_unknown() -> None:
    """The three texts that end a push with 500.001.1001 end no payment."""
    body = in_darajas_form("500.001.1001", "Wrong credentials")
    assert not isinstance(read_push_answer(500, JSON, body), OutUnknown)
    assert isinstance(read(500, body), OutUnknown)


@pytest.mark.parametrize(
    ("status", "code", "text", "is_duplicate"),
    [
        (500, "500.002.1001", DUPLICATE, True),
        (500, "500.002.1001", "duplicate originatorconversationid", True),
        (500, "500.002.1001", "System internal error.", False),
        (500, "500.001.1001", DUPLICATE, False),
        (503, "500.002.1001", DUPLICATE, False),
        (400, "500.002.1001", DUPLICATE, False),
    ],
)
def test_duplicate_needs_status_code_and_text(status: int, code: str, text: str, is_duplicate: bool) -> None:
    """Daraja knows the id only where all three say so, and then the outcome is unknown all the more (law: sending)."""
    outcome = read(status, in_darajas_form(code, text))
    assert isinstance(outcome, OutUnknown)
    assert outcome.is_duplicate == is_duplicate


@pytest.mark.parametrize(("status", "name"), [*product(STATUSES, OPEN_ANSWERS)])
def test_what_is_neither_darajas_nor_the_gateways_is_unknown(status: int, name: str) -> None:
    """Text, HTML and other JSON say nothing under any status, also one that refuses (daraja: additions)."""
    outcome = read(status, OPEN_ANSWERS[name], HTML)
    assert isinstance(outcome, OutUnknown)
    assert not outcome.is_duplicate


@pytest.mark.parametrize(("status", "code"), [*product((400, 401, 403, 404, 405), ("500.002.1001", "500.003.02"))])
def test_a_code_that_contradicts_its_status_is_unknown(status: int, code: str) -> None:
    """A 500 code under a 4xx says that something went wrong behind the gateway. With 401 the gateway itself stopped
    it only if the code says so too."""
    assert isinstance(read(status, in_darajas_form(code)), OutUnknown)


@given(st.sampled_from(STATUSES), st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_body_has_an_outcome(status: int, body: bytes) -> None:
    """No bytes make the reader fail, and none of them are accepted by chance."""
    assert isinstance(read(status, body), OutRefused | OutUnknown | TokenRefused)
    assert isinstance(read_ask_answer(status, JSON, body), NotAsked | TokenRefused)


@given(st.sampled_from(STATUSES), st.text(max_size=30), st.text(max_size=60))
def test_any_error_in_darajas_form_is_of_the_table(status: int, code: str, text: str) -> None:
    """Only the statuses of the table refuse, whatever code and text say."""
    outcome = read(status, in_darajas_form(code, text))
    if not isinstance(outcome, OutUnknown):
        assert status in (400, 401, 404, 405) or (status, code.strip()) == (403, "403.002.1001")


def test_question_is_asked_or_not() -> None:
    """A question that was taken has its own ids, by which its Result is known (daraja: transaction status)."""
    assert read_ask_answer(200, JSON, acknowledged()) == Asked(
        ACKNOWLEDGED["ConversationID"], ACKNOWLEDGED["OriginatorConversationID"]
    )


@pytest.mark.parametrize(
    ("status", "body", "limited", "reason"),
    [
        (429, in_the_gateways_form(), True, "limited"),
        (429, b"slow down", True, ""),
        (429, in_darajas_form("9"), True, ""),
        (500, in_darajas_form("500.003.02"), True, ""),
        (500, in_darajas_form("500.003.03"), True, ""),
        (500, in_darajas_form("500.002.1001", "System internal error."), False, ""),
        (500, in_the_gateways_form("policies.ratelimit.QuotaViolation"), True, ""),
        (400, in_darajas_form("400.002.02", "Bad Request - Invalid PartyA"), False, "field_refused"),
        (403, in_darajas_form("403.002.1001"), False, "v3_forbidden"),
        (503, FIREWALL_PAGE, False, ""),
        (200, acknowledged(ConversationID=None), False, ""),
    ],
)
def test_question_that_is_not_taken_says_why(status: int, body: bytes, limited: bool, reason: str) -> None:
    """A limit slows us down, and nothing is concluded from any of it (law: finding out)."""
    outcome = read_ask_answer(status, JSON, body)
    assert isinstance(outcome, NotAsked)
    assert (outcome.limited, outcome.reason) == (limited, reason)


@pytest.mark.parametrize("code", TOKEN_ERRORS)
def test_question_is_asked_again_for_every_refusal_of_the_token(code: str) -> None:
    """A question moves no money, so that each way in which Daraja refuses a token is tried once more."""
    assert isinstance(read_ask_answer(int(code[:3]), JSON, in_darajas_form(code)), TokenRefused)


def test_what_was_not_sent_is_refused() -> None:
    """Without a connection, a token, or time nothing happened, and a later attempt may go better."""
    assert refused_before_sending(unavailable("no way")).reason == "unreachable"
    assert refused_before_sending(too_late()).reason == "not_sent"
    assert refused_before_sending(unavailable("no way")).temporary
