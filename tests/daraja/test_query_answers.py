"""What each answer to a query means: an answer about the payment, or nothing at all (law: inquiries)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pokea.daraja.codes.lookup import Finality
from pokea.daraja.codes.result_codes import RESULT_CODES
from pokea.daraja.outcomes import Answered, QueryOutcome, Silent
from pokea.daraja.responses import TokenRefused, read_query_answer
from tests.daraja.merchant import CHECKOUT_ID
from tests.daraja.server import FIREWALL_PAGE, HTML, JSON, query_answer
from tests.daraja.test_push_answers import STATUSES, in_darajas_form, in_the_gateways_form
from tests.daraja.verdicts import Verdict, query_verdict

CODES = [code for code in RESULT_CODES if code != "4999"]


def read(status: int, body: bytes, content_type: str = JSON) -> QueryOutcome | TokenRefused:
    """What a question about CHECKOUT_ID brought."""
    return read_query_answer(CHECKOUT_ID, status, content_type, body)


def answered(**changes: object) -> bytes:
    """The documented answer, changed; None takes a field away."""
    whole = query_answer(CHECKOUT_ID) | changes
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


@pytest.mark.parametrize("code", [*CODES, "77777"])
def test_every_code_but_4999_is_an_answer(code: str) -> None:
    """200 with a result code answers, be it paid, unpaid, ambiguous, or unheard of."""
    assert read(200, answered(ResultCode=code)) == Answered(code, "done", CHECKOUT_ID)


def test_code_may_be_a_number() -> None:
    """A result code that comes as a number is the same code (daraja: ground rules)."""
    assert read(200, answered(ResultCode=1032)) == read(200, answered(ResultCode="1032"))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("code", ["4999", 4999])
def test_4999_is_no_answer_however_it_comes(status: int, code: str | int) -> None:
    """4999 says nothing about the payment, as text or number and under any status."""
    outcome = read(status, answered(ResultCode=code, ResultDesc="The transaction is still under processing"))
    assert isinstance(outcome, Silent)
    assert not outcome.wrong_credentials


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("text", ["Wrong credentials", "[MerchantValidate] - Wrong credentials", "wrong Credentials."])
def test_4999_with_wrong_credentials_means_our_passkey(status: int, text: str) -> None:
    """4999 with these words is still no answer, and tells that our passkey is wrong (daraja: push errors)."""
    outcome = read(status, answered(ResultCode=4999, ResultDesc=text))
    assert isinstance(outcome, Silent)
    assert outcome.wrong_credentials


@pytest.mark.parametrize("text", ["Wrong credentials", "[MerchantValidate] - Wrong credentials"])
def test_refused_password_means_our_passkey(text: str) -> None:
    """A query that is refused for its password tells the same."""
    outcome = read(500, in_darajas_form("500.001.1001", text))
    assert isinstance(outcome, Silent)
    assert outcome.wrong_credentials


@pytest.mark.parametrize("other", ["ws_CO_2", "", None, CHECKOUT_ID.lower(), CHECKOUT_ID + " "])
@pytest.mark.parametrize("code", ["0", "1032"])
def test_answer_about_another_payment_is_none(code: str, other: str | None) -> None:
    """An answer that does not name the payment asked about says nothing about it."""
    assert isinstance(read(200, answered(ResultCode=code, CheckoutRequestID=other)), Silent)


@pytest.mark.parametrize("code", [None, "", " ", True, 0.0, [], "a b", "x" * 33])
def test_answer_without_a_code_is_none(code: object) -> None:
    """Without a result code that can be one there is no answer."""
    assert isinstance(read(200, answered(ResultCode=code)), Silent)


@pytest.mark.parametrize("response_code", ["1", 1, "error"])
def test_query_that_was_not_accepted_is_no_answer(response_code: object) -> None:
    """A ResponseCode that says that the query itself failed makes its result code worthless."""
    assert isinstance(read(200, answered(ResponseCode=response_code)), Silent)


@pytest.mark.parametrize("status", [status for status in STATUSES if status != 200])
def test_result_counts_with_200_alone(status: int) -> None:
    """A result under any other status is no answer, and 429 slows us down."""
    outcome = read(status, answered())
    assert isinstance(outcome, Silent)
    assert outcome.limited == (status == 429)


@pytest.mark.parametrize(
    ("status", "body", "limited"),
    [
        (429, in_the_gateways_form(), True),
        (500, in_the_gateways_form(), True),
        (500, in_darajas_form("500.003.02", "Error Occurred: Spike Arrest Violation"), True),
        (500, in_darajas_form("500.003.03", "Quota Violation"), True),
        (429, FIREWALL_PAGE, True),
        (500, in_darajas_form("500.001.1001", "The transaction is being processed"), False),
        (500, in_darajas_form("500.001.1001", "The transaction does not Exist"), False),
        (400, in_darajas_form("400.002.02", "Bad Request - Invalid CheckoutRequestID"), False),
        (403, FIREWALL_PAGE, False),
        (503, b"", False),
        (500, in_darajas_form("500.003.1001"), False),
        (200, b"", False),
    ],
)
def test_error_is_no_answer_and_says_whether_to_slow_down(status: int, body: bytes, limited: bool) -> None:
    """No error is an answer, and those that mean too many questions are told apart."""
    outcome = read(status, body, HTML if body == FIREWALL_PAGE else JSON)
    assert isinstance(outcome, Silent)
    assert outcome.limited == limited
    assert not outcome.wrong_credentials


@pytest.mark.parametrize(("status", "code"), [(404, "404.001.03"), (401, "401.002.01"), (400, "400.003.01")])
def test_refused_token_may_be_mended(status: int, code: str) -> None:
    """A query that was stopped for its token is told apart, so that a fresh one may be tried."""
    assert isinstance(read(status, in_darajas_form(code)), TokenRefused)


@pytest.mark.parametrize("code", CODES)
def test_verdict_of_an_answer_follows_its_finality(code: str) -> None:
    """A query's answer proves what its code is final about, and is a claim otherwise."""
    expected = {Finality.PAID: Verdict.PAID, Finality.UNPAID: Verdict.NOT_PAID}
    finality = RESULT_CODES[code].finality
    assert query_verdict(Answered(code, "", CHECKOUT_ID)) is expected.get(finality, Verdict.CLAIM)


def test_verdict_of_silence_and_of_an_unknown_code() -> None:
    """Silence is no answer, and a code that nobody knows is a claim."""
    assert query_verdict(Silent("")) is Verdict.NO_ANSWER
    assert query_verdict(Answered("77777", "", CHECKOUT_ID)) is Verdict.CLAIM


@given(st.integers(100, 599), st.binary(max_size=300), st.text(max_size=30))
def test_anything_at_all_is_read(status: int, body: bytes, content_type: str) -> None:
    """No status, body or content type raises, and bytes at random are no answer."""
    assert isinstance(read_query_answer(CHECKOUT_ID, status, content_type, body), Silent)


@given(
    st.sampled_from(STATUSES),
    st.dictionaries(
        st.sampled_from([*query_answer(""), "errorCode", "fault"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["0", CHECKOUT_ID]),
    ),
)
def test_answer_is_always_about_the_payment_asked_about(status: int, message: dict[str, object]) -> None:
    """Whatever the fields hold, an answer names the payment, has status 200, and never says 4999."""
    outcome = read(status, json.dumps(message).encode())
    if isinstance(outcome, Answered):
        assert status == 200
        assert message["CheckoutRequestID"] == CHECKOUT_ID
        assert outcome.code == str(message["ResultCode"]).strip() != "4999"
