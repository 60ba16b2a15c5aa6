"""What must hold of each parser, whatever it is fed: it ends, in its own words, within its bounds."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import jwt
from hypothesis import strategies as st
from starlette.requests import Request

from pokea.api.auth.callers import Caller, bearer_token, client_address
from pokea.api.auth.keys import SharedSecret, read_keys
from pokea.api.auth.tokens import FROM_ANYBODY, Claims, Verifier, issue_token, read_claims
from pokea.api.bodies import read_query
from pokea.api.callback_address import CALLBACK_PATHS, name_in
from pokea.api.idempotency import LONGEST_KEY, idempotency_key
from pokea.api.languages import language_of
from pokea.clock import HOUR, SystemClock
from pokea.daraja.callback import read_callback
from pokea.daraja.fields import LONGEST_ID
from pokea.daraja.outcomes import Accepted, Answered, Silent, SubmissionRefused, Unknown
from pokea.daraja.responses import TokenGranted, TokenRefused, read_push_answer, read_query_answer, read_token_answer
from pokea.errors import ApiError, PokeaError, SettingsError
from pokea.operations.tokens import PaymentTokens
from pokea.payments.history.pages import Cursor, decode_cursor, encode_cursor
from pokea.payments.schemas import HistoryQuery
from pokea.phone import InvalidPhone, parse_phone
from pokea.reconciliation.compare import KnownHere, OurAccounts, compare
from pokea.reconciliation.receiving import ReceivingAccount
from pokea.reconciliation.report import report_of, sentences
from pokea.reconciliation.statement import NotAStatement, read_statement
from pokea.redact import Secret, mask
from pokea.settings import Settings, given_settings
from pokea.simulator.http.orders import AnswerOrder, ClockOrder, FaultOrder, SubscriberOrder, read_order
from pokea.simulator.options import SimulatorOptions
from pokea.simulator.validation import read_push
from pokea.simulator.validation import read_query as read_asked
from tests.daraja.verdicts import Verdict, verdict
from tests.fuzz.inputs import CHECKOUT, FIXTURES, Target, bodies, junk, messages, mutated_bytes, replies
from tests.fuzz.out_targets import OUT_TARGETS

_MSISDN: Final = re.compile(r"254[17]\d{8}")
_NOW: Final = 1_767_225_600_000_000
_KEY: Final = "a-key-for-tests-only-of-32-characters"
_CALLER: Final = Caller("amina", frozenset())
_LONGEST_SENTENCE: Final = 2_000


def _request(headers: list[tuple[str, str]] = [], query: str = "", body: bytes = b"") -> Request:  # noqa: B006 - read only
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": raw, "query_string": query.encode()}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _is_a_sentence(refused: Exception) -> None:
    assert 0 < len(str(refused)) < _LONGEST_SENTENCE
    assert "\n" not in str(refused)
    assert _KEY not in str(refused)


def _is_refusal(refused: ApiError, code: str) -> None:
    assert refused.code == code
    assert 0 < len(refused.message) < _LONGEST_SENTENCE
    assert all(len(error.message) < _LONGEST_SENTENCE for error in refused.errors)


def _callback(body: bytes) -> None:
    reading = read_callback(body)
    assert read_callback(body) == reading
    if reading is None:
        assert verdict(reading) is Verdict.NOT_A_CALLBACK
        return
    texts = (reading.code, reading.checkout_request_id, reading.merchant_request_id, reading.receipt)
    assert all(text is None or (text.isascii() and 0 < len(text) <= LONGEST_ID) for text in texts)
    assert reading.amount_cents is None or 0 < reading.amount_cents < 10**15
    assert reading.msisdn is None or reading.msisdn not in repr(reading)
    if verdict(reading) is Verdict.PAID:
        assert reading.canonical
        assert reading.code == "0"
        assert reading.receipt is not None
        assert reading.checkout_request_id is not None
        assert reading.amount_cents is not None
        assert reading.amount_cents % 100 == 0


def _push_answer(given: tuple[int, str, bytes]) -> None:
    outcome = read_push_answer(*given)
    if isinstance(outcome, Accepted):
        assert given[0] == 200
        assert 0 < len(outcome.checkout_request_id) <= LONGEST_ID
    elif isinstance(outcome, TokenRefused | SubmissionRefused):
        refusal = outcome.refusal if isinstance(outcome, TokenRefused) else outcome
        assert given[0] >= 400
        assert len(refusal.message) <= _LONGEST_SENTENCE
    else:
        assert isinstance(outcome, Unknown)
        assert len(outcome.why) <= _LONGEST_SENTENCE


def _query_answer(given: tuple[int, str, bytes]) -> None:
    outcome = read_query_answer(CHECKOUT, *given)
    if isinstance(outcome, Answered):
        assert given[0] == 200
        assert outcome.code != "4999"
        assert CHECKOUT.encode() in given[2]
    elif isinstance(outcome, Silent):
        assert len(outcome.why) <= _LONGEST_SENTENCE
    else:
        assert isinstance(outcome, TokenRefused)


def _token_answer(given: tuple[int, str, bytes]) -> None:
    outcome = read_token_answer(*given)
    if isinstance(outcome, TokenGranted):
        assert given[0] == 200
        assert 0 <= outcome.lifetime_seconds < 10**9
        assert repr(outcome) == repr(replace(outcome, token=Secret("another")))
    else:
        assert isinstance(outcome, SubmissionRefused)


def _phone(text: str) -> None:
    try:
        phone = parse_phone(text)
    except InvalidPhone as refused:
        _is_a_sentence(refused)
        return
    assert _MSISDN.fullmatch(phone.msisdn)
    assert parse_phone(phone.msisdn) == phone
    assert parse_phone("+" + phone.msisdn) == phone
    assert parse_phone("0" + phone.msisdn[3:]) == phone


_TRUE_TOKEN: Final = issue_token(Secret(_KEY), "amina", ["admin"], _NOW, 10**9)
_VERIFIER: Final = Verifier(SharedSecret(Secret(_KEY)), FROM_ANYBODY, SystemClock())


def _jwt(token: str) -> None:
    try:
        claims = asyncio.run(_VERIFIER.verify(token))
    except ApiError as refused:
        _is_refusal(refused, "unauthenticated")
        return
    assert isinstance(claims, Claims)
    # Whatever is let in is signed with our key, as another library sees it too.
    jwt.decode(token, _KEY, algorithms=["HS256"], options={"verify_aud": False})


def _claims(payload: bytes) -> None:
    try:
        claims = read_claims(payload, FROM_ANYBODY, _NOW)
    except ApiError as refused:
        _is_refusal(refused, "unauthenticated")
        return
    assert 0 < len(claims.subject) <= 255


def _jwks(body: bytes) -> None:
    try:
        keys = read_keys(body)
    except (ValueError, PokeaError):
        return
    assert len(keys) <= 1_000


_TOKENS: Final = PaymentTokens(Secret(_KEY))
_SECRET: Final = _TOKENS.client_secret("pay_1")
_CALLBACK_TOKEN: Final = _TOKENS.callback_token("pay_1")


def _secrets(text: str) -> None:
    opens = _TOKENS.opens(text, "pay_1", _NOW, _NOW)
    assert opens == (text == _SECRET)
    assert not _TOKENS.opens(text, "pay_2", _NOW, _NOW)
    assert not _TOKENS.opens(text, "pay_1", _NOW, _NOW + 25 * HOUR)
    if text and name_in(f"{CALLBACK_PATHS[0]}/{text}") == text:
        assert _TOKENS.proves(text, "pay_1") == (text == _CALLBACK_TOKEN)


def _cursor(text: str) -> None:
    try:
        cursor = decode_cursor(text)
    except ValueError:
        return
    again = encode_cursor(cursor)
    assert again is not None
    assert decode_cursor(again) == cursor


def _history(query: str) -> None:
    try:
        wanted = read_query(_request(query=query), HistoryQuery)
    except ApiError as refused:
        _is_refusal(refused, "invalid_request")
        return
    assert 1 <= wanted.limit <= 100
    assert 1 <= wanted.page <= 10_000_000


def _headers(values: tuple[str, list[str]]) -> None:
    text, several = values
    request = _request([("idempotency-key", text), ("accept-language", text), ("authorization", text)])
    try:
        key = idempotency_key(request, _CALLER, "/route", b"{}")
        assert key is not None
        assert 0 < len(key.key) <= LONGEST_KEY
    except ApiError as refused:
        _is_refusal(refused, "invalid_request")
    assert language_of(request) in ("en", "sw")
    try:
        token = bearer_token(request)
        assert token
        assert " " not in token
    except ApiError as refused:
        _is_refusal(refused, "unauthenticated")
    assert client_address("8.8.8.8", several, []) == "8.8.8.8"


def _mask(text: str) -> None:
    told = mask(text)
    assert len(told) <= 4 * len(text) + 40
    assert re.search(r"(?<![\w.])(?:254|0)[17]\d{8}(?![\w.])", told) is None
    assert re.search(r"(?<![0-9a-f])[0-9a-f]{48}(?![0-9a-f])", told) is None


_GIVEN: Final = {
    "mpesa_environment": "simulator",
    "pokea_secret_key": _KEY,
    "pokea_jwt_secret": _KEY,
    "mpesa_callback_url": "http://127.0.0.1:8000/api/v1/payments/mpesa/callback",
}
_NAMES: Final = sorted(Settings.model_fields)


def _settings(values: dict[str, str]) -> None:
    try:
        settings = given_settings(**_GIVEN | values)
    except SettingsError as refused:
        _is_a_sentence(refused)
        return
    assert settings.query_rate > 0
    assert _KEY not in repr(settings)
    assert settings.push_limit_phone >= 0


def _orders(body: bytes) -> None:
    def read(order: Callable[[Request], Awaitable[Any]]) -> None:
        with suppress(ApiError):
            asyncio.run(_awaited(order(_request(body=body))))

    read(lambda request: read_order(request, SubscriberOrder))
    read(lambda request: read_order(request, AnswerOrder))
    read(lambda request: read_order(request, FaultOrder))
    read(lambda request: read_order(request, ClockOrder))


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


def _asked(body: bytes) -> None:
    options = SimulatorOptions()
    read_push("application/json", body, options)
    read_asked("application/json", body, options)


def _mutated(text: str) -> st.SearchStrategy[str]:
    """The text with a piece of it lost, doubled or exchanged."""
    cut = st.tuples(st.integers(0, len(text)), st.integers(0, 6), st.text(max_size=6))
    changed = cut.map(lambda c: text[: c[0]] + c[2] + text[c[0] + c[1] :])
    return st.one_of(st.just(text), changed, st.text(max_size=60), st.just(text.upper()))


_ERROR: Final = {"requestId": "1", "errorCode": "500.001.1001", "errorMessage": "Wrong credentials"}
_PUSHED: Final = {"MerchantRequestID": "1-1-1", "CheckoutRequestID": CHECKOUT, "ResponseCode": "0"}
_QUERIED: Final = {**_PUSHED, "ResultCode": "0", "ResultDesc": "The service request is processed successfully."}
_latin: Final = st.text(st.characters(codec="latin-1"), max_size=300)
_digits: Final = st.text("0123456789+-() .٠١٢٣٤٥٦٧٨٩", max_size=45)
_cursors: Final = st.builds(Cursor, st.integers(0, 2**62), st.from_regex(r"[a-z0-9_]{1,40}", fullmatch=True))
_queries: Final = st.lists(
    st.tuples(
        st.sampled_from(["page", "limit", "status", "from", "to", "bookingId", "q", "cursor", "x"]),
        st.text(max_size=50),
    ),
    max_size=5,
)


def _statement(content: bytes) -> None:
    try:
        statement = read_statement(content, read_at=_NOW)
    except NotAStatement as refused:
        _is_a_sentence(refused)
        return
    assert all(line.paid_in_cents >= 0 and line.withdrawn_cents >= 0 for line in statement.lines)
    for each in statement.unreadable:
        _is_a_sentence(PokeaError(each.why))
    found = compare(
        statement, KnownHere([], []), OurAccounts(ReceivingAccount(frozenset({"600001"}), "utility"), None, True)
    )
    assert not found.payments.matched
    assert not found.out.matched
    assert json.dumps(report_of(statement, found))
    assert sentences(report_of(statement, found))


_STATEMENTS: Final = [file.read_bytes() for file in sorted((FIXTURES.parent / "statements").glob("*.csv"))]

TARGETS: Final = (
    Target("callback bodies", bodies, _callback),
    Target("answers to a push", replies(**_PUSHED, **_ERROR, CustomerMessage="Success."), _push_answer),
    Target("answers to a query", replies(**_QUERIED, **_ERROR), _query_answer),
    Target("answers with a token", replies(access_token="a" * 28, expires_in="3599", **_ERROR), _token_answer),
    Target("phone numbers", st.one_of(st.text(max_size=60), _digits, _mutated("+254712345678")), _phone),
    Target("bearer tokens", st.one_of(_mutated(_TRUE_TOKEN), _latin), _jwt),
    Target("claims", messages(sub="amina", exp=_NOW // 10**6 + 60, scope="admin", iss="x", aud="y"), _claims),
    Target(
        "an issuer's keys",
        st.one_of(messages(keys=[{"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"}]), junk),
        _jwks,
    ),
    Target("payments' secrets", st.one_of(_mutated(_SECRET), _mutated(_CALLBACK_TOKEN), st.text()), _secrets),
    Target("statements", st.one_of(mutated_bytes(_STATEMENTS), junk), _statement),
    Target("cursors", st.one_of(_cursors.map(encode_cursor), st.text(max_size=200), _latin), _cursor),
    Target("history queries", _queries.map(lambda pairs: "&".join(f"{k}={v}" for k, v in pairs)), _history),
    Target("headers", st.tuples(_latin, st.lists(_latin, max_size=3)), _headers),
    Target("log lines", st.one_of(st.text(max_size=200), _mutated("0712345678 " + _CALLBACK_TOKEN), _digits), _mask),
    Target("settings", st.dictionaries(st.sampled_from(_NAMES), st.text(max_size=60), max_size=3), _settings),
    Target("the simulator's orders", messages(msisdn="254712345678", kind="slow", seconds=1, action="pay"), _orders),
    Target("pushes to the simulator", messages(Amount="1", PhoneNumber="254712345678", PartyA="1"), _asked),
    *OUT_TARGETS,
)
"""Every parser of what comes from outside."""
