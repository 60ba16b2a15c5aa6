"""What a bearer token must be, and the sentence that answers each one that is not."""

import asyncio
import base64
import contextlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt import PyJWS

from pokea.api.auth.keys import SharedSecret
from pokea.api.auth.tokens import (
    FROM_ANYBODY,
    LEEWAY,
    LONGEST_TOKEN,
    Claims,
    Expected,
    Verifier,
    issue_token,
    read_claims,
)
from pokea.clock import SECOND, Instant
from pokea.errors import ApiError
from pokea.redact import Secret
from tests.api.serving import NOON, SECRET, SetClock

NOON_SECONDS = NOON // SECOND
HOUR_SECONDS = 3600


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that hold at noon, with changes; a change to None leaves the claim out."""
    whole = {"sub": "alice", "scope": "payments:read", "exp": NOON_SECONDS + HOUR_SECONDS} | changes
    return {name: value for name, value in whole.items() if value is not None}


def refusal_of(payload: bytes | Mapping[str, Any], expected: Expected = FROM_ANYBODY, now: Instant = NOON) -> str:
    """The sentence with which these claims are refused."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    with pytest.raises(ApiError) as refused:
        read_claims(body, expected, now)
    assert refused.value.code == "unauthenticated"
    return refused.value.message


def accepted(payload: Mapping[str, Any], expected: Expected = FROM_ANYBODY, now: Instant = NOON) -> Claims:
    """The claims as they are read."""
    return read_claims(json.dumps(payload).encode(), expected, now)


def verify(token: str, clock: SetClock | None = None, expected: Expected = FROM_ANYBODY) -> Claims:
    """The token's claims, verified with the tests' secret."""
    return asyncio.run(Verifier(SharedSecret(SECRET), expected, clock or SetClock()).verify(token))


def refused_token(token: str) -> str:
    """The sentence with which a token is refused."""
    with pytest.raises(ApiError) as refused:
        verify(token)
    assert refused.value.code == "unauthenticated"
    return refused.value.message


def test_an_issued_token_says_who_may_do_what_and_until_when() -> None:
    """A token of issue_token is verified to its subject, its scopes and its end."""
    token = issue_token(SECRET, "alice", ["payments:read", "bookings:write"], NOON, HOUR_SECONDS)
    assert verify(token) == Claims(
        "alice", frozenset({"payments:read", "bookings:write"}), NOON + HOUR_SECONDS * SECOND, signed_in_at=NOON
    )


def test_an_issued_token_names_the_issuer_and_the_audience_that_are_asked_for() -> None:
    """With an issuer and an audience set, `pokea token` makes tokens that this service accepts."""
    expected = Expected("https://issuer.example", "pokea")
    token = issue_token(SECRET, "alice", [], NOON, HOUR_SECONDS, expected)
    assert verify(token, expected=expected).subject == "alice"


@pytest.mark.parametrize("subject", ["", "x" * 129, "a\nb", "a\x00"])
def test_no_token_is_issued_that_would_be_refused(subject: str) -> None:
    """issue_token refuses a subject that the service would not accept."""
    with pytest.raises(ValueError, match="subject"):
        issue_token(SECRET, subject, [], NOON, HOUR_SECONDS)


def test_a_token_holds_for_thirty_seconds_after_its_end_and_no_longer() -> None:
    """The leeway is thirty seconds by the passed clock, to the microsecond."""
    end = (NOON_SECONDS + HOUR_SECONDS) * SECOND
    assert accepted(claims(), now=end + LEEWAY - 1).subject == "alice"
    assert "expired" in refusal_of(claims(), now=end + LEEWAY)


def test_the_machines_clock_has_no_say() -> None:
    """A token of an hour in the year 2000 is verified when the passed clock stands in that hour."""
    then: Instant = 946_684_800 * SECOND
    token = issue_token(SECRET, "alice", [], then, HOUR_SECONDS)
    assert verify(token, SetClock(then)).subject == "alice"


def test_a_token_that_never_expires_is_refused() -> None:
    """`exp` is required."""
    assert "`exp`" in refusal_of(claims(exp=None))


@pytest.mark.parametrize("exp", ["tomorrow", True, [], {}])
def test_an_end_that_is_no_number_is_refused(exp: object) -> None:
    """`exp` must be a number of seconds."""
    assert "`exp` is not a number" in refusal_of(claims(exp=exp))


@pytest.mark.parametrize(
    "exp", [NOON // 1000, -(10**12), 1e300, 10**400, -(10**400)], ids=lambda exp: f"{str(exp)[:9]}"
)
def test_an_end_in_milliseconds_is_refused(exp: float) -> None:
    """An `exp` in milliseconds, which would be valid for fifty thousand years, is out of range."""
    assert "seconds since 1970" in refusal_of(claims(exp=exp))


def test_an_end_with_a_fraction_is_taken() -> None:
    """NumericDate may have a fraction (RFC 7519 section 2)."""
    assert accepted(claims(exp=NOON_SECONDS + 0.5)).expires_at == NOON + SECOND // 2


def test_a_token_may_begin_later() -> None:
    """`nbf` is honoured with the leeway."""
    assert "not valid yet" in refusal_of(claims(nbf=NOON_SECONDS + 31))
    assert accepted(claims(nbf=NOON_SECONDS + 30)).subject == "alice"


@pytest.mark.parametrize("subject", ["x", "x" * 128, "auth0|5f7c8ec7c33c6c004bbafe82", "Wanjikũ ☂"])
def test_a_subject_is_any_printable_text(subject: str) -> None:
    """`sub` may be 1 to 128 printable characters of any script."""
    assert accepted(claims(sub=subject)).subject == subject


@pytest.mark.parametrize("subject", [None, "", "x" * 129, 7, ["alice"], "a\tb", "a\x00b", "\u202eecila"])
def test_a_subject_that_cannot_name_a_caller_is_refused(subject: object) -> None:
    """A missing, empty, long, unprintable or non-text `sub` is refused."""
    assert "`sub`" in refusal_of(claims(sub=subject))


@pytest.mark.parametrize("scope", ["a b", " a  b ", ["a", "b"], ["b", "a", "a"]])
def test_scopes_are_text_with_spaces_or_a_list(scope: object) -> None:
    """Both ways in which issuers write scopes mean the same."""
    assert accepted(claims(scope=scope)).scopes == {"a", "b"}


def test_a_token_without_scopes_may_do_nothing() -> None:
    """A missing `scope` is no error, and no permission."""
    assert accepted(claims(scope=None)).scopes == frozenset()


@pytest.mark.parametrize("scope", [7, {"a": 1}, ["a", 7], None])
def test_scopes_of_another_form_are_refused(scope: object) -> None:
    """A `scope` that is neither text nor a list of texts is refused."""
    payload = claims() | {"scope": scope}
    assert "`scope`" in refusal_of(payload)


def test_the_issuer_must_be_the_one_that_is_set() -> None:
    """With an issuer set, tokens of others and of nobody are refused."""
    expected = Expected(issuer="https://issuer.example")
    assert accepted(claims(iss="https://issuer.example"), expected).subject == "alice"
    assert "issuer" in refusal_of(claims(iss="https://other.example"), expected)
    assert "issuer" in refusal_of(claims(), expected)


@pytest.mark.parametrize("audience", ["pokea", ["other", "pokea"]])
def test_the_audience_may_be_one_of_several(audience: object) -> None:
    """`aud` is text or a list, and must name this service."""
    assert accepted(claims(aud=audience), Expected(audience="pokea")).subject == "alice"


@pytest.mark.parametrize("audience", [None, "other", ["other"], [], 7])
def test_a_token_for_another_audience_is_refused(audience: object) -> None:
    """With an audience set, tokens for others and for nobody are refused."""
    assert "audience" in refusal_of(claims(aud=audience), Expected(audience="pokea"))


def test_a_token_for_an_audience_is_refused_where_none_is_set() -> None:
    """A token that was made for another service of the same issuer does not work here."""
    assert "audience" in refusal_of(claims(aud="billing"))


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"null", b"{", b"\xff", b"[" * 5000, b'{"exp": NaN}'])
def test_claims_that_are_no_json_object_are_refused(payload: bytes) -> None:
    """Whatever was signed, only a JSON object can be claims."""
    assert "JSON object" in refusal_of(payload)


@given(st.binary(max_size=200) | st.from_regex(rb'\{"exp": ?[0-9.eE+-]{1,40}\}', fullmatch=True))
def test_any_claims_are_read_or_refused(payload: bytes) -> None:
    """No payload makes the reader fail in another way."""
    with contextlib.suppress(ApiError):
        assert read_claims(payload, FROM_ANYBODY, NOON).subject


def segment(content: object) -> str:
    """One part of a compact token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None])
def test_an_unsigned_token_is_refused(algorithm: str | None) -> None:
    """A token without a signature is refused however it says so."""
    token = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{segment(claims())}."
    assert "not signed" in refused_token(token)


def test_a_token_whose_header_names_no_algorithm_is_refused() -> None:
    """The algorithm cannot be guessed."""
    assert "not signed" in refused_token(f"{segment({'typ': 'JWT'})}.{segment(claims())}.eHg")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256", "PS256", "x" * 50])
def test_a_token_with_another_algorithm_is_refused(algorithm: str) -> None:
    """With a shared secret only HS256 counts, whatever the token says of itself."""
    signed = jwt.encode(claims(), SECRET.reveal() * 2, algorithm="HS512")
    token = ".".join((segment({"alg": algorithm}), *signed.split(".")[1:]))
    assert "HS256" in refused_token(token)


def test_a_token_signed_with_another_key_is_refused() -> None:
    """The signature decides."""
    token = issue_token(Secret("another-secret-that-has-32-bytes-too"), "alice", [], NOON, HOUR_SECONDS)
    assert refused_token(token) == "The token was signed with another key; ask for a new one."


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    """The signature covers the claims."""
    head, _, signature = issue_token(SECRET, "alice", [], NOON, HOUR_SECONDS).split(".")
    assert "another key" in refused_token(f"{head}.{segment(claims(scope='admin'))}.{signature}")


@pytest.mark.parametrize("auth_time", [True, "yesterday", [1], 10**12, -(10**12)])
def test_a_sign_in_is_a_number_of_seconds(auth_time: object) -> None:
    """A token whose `auth_time` is no time is malformed, and none at all is no sign-in."""
    assert "auth_time" in refusal_of(claims(auth_time=auth_time))
    assert accepted(claims()).signed_in_at is None
    assert accepted(claims(auth_time=1_700_000_000.5)).signed_in_at == 1_700_000_000_500_000


@pytest.mark.parametrize("name", ["exp", "nbf", "iat", "auth_time"])
@pytest.mark.parametrize("digits", [400, 4_000, 5_900])
def test_numbers_of_any_length_in_a_signed_token_are_answered(name: str, digits: int) -> None:
    """A signed token with thousands of digits is refused, or taken where the claim is not read: never a 500."""
    payload = json.dumps(claims()).encode()[:-1] + f', "{name}": {"9" * digits}}}'.encode()
    token = PyJWS().encode(payload, SECRET.reveal(), algorithm="HS256")
    with contextlib.suppress(ApiError):
        assert verify(token).subject == "alice"


@pytest.mark.parametrize("depth", [100, 1_000, 5_000])
@pytest.mark.parametrize("part", ["header", "claims"])
def test_a_deep_nesting_is_refused(depth: int, part: str) -> None:
    """Brackets in brackets without end, in either part, are no token."""
    nested = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    parts = {"header": b'{"alg":"HS256"}', "claims": json.dumps(claims()).encode()} | {part: nested}
    signed = b".".join(base64.urlsafe_b64encode(parts[each]).rstrip(b"=") for each in ("header", "claims"))
    signature = hmac.digest(SECRET.reveal().encode(), signed, "sha256")
    refused_token((signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode())


def test_a_token_that_asks_for_unknown_extensions_is_refused() -> None:
    """What a token marks as critical must be understood (RFC 7515 section 4.1.11)."""
    token = jwt.encode(claims(), SECRET.reveal(), algorithm="HS256", headers={"crit": ["exp"]})
    assert "JSON Web Token" in refused_token(token)


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "..", "{}.{}.{}", "\u00e9.\u00e9.\u00e9", "a.b.c.d.e"])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Text that is no compact token gets its own sentence."""
    assert "JSON Web Token" in refused_token(token)


def test_a_token_that_is_too_long_is_not_even_read() -> None:
    """A token is bounded before any work is done for it."""
    assert "too long" in refused_token("x" * (LONGEST_TOKEN + 1))


@given(st.text(st.characters(codec="latin-1"), max_size=300))
def test_any_text_is_verified_or_refused(token: str) -> None:
    """No header value makes the verifier fail in another way."""
    with pytest.raises(ApiError):
        verify(token)


class CountingSecret(SharedSecret):
    """A shared secret that knows how often it was needed."""

    def __init__(self) -> None:
        super().__init__(SECRET)
        self.needed = 0

    async def find(self, algorithm: str, key_id: str | None) -> Any:
        """The secret."""
        self.needed += 1
        return await super().find(algorithm, key_id)


def tokens(count: int) -> list[str]:
    """So many different tokens."""
    return [issue_token(SECRET, f"caller-{number}", [], NOON, HOUR_SECONDS) for number in range(count)]


def test_a_verified_token_is_not_verified_again() -> None:
    """The second use of a token costs no signature check, and says the same."""
    keys = CountingSecret()
    verifier = Verifier(keys, FROM_ANYBODY, SetClock())
    (token,) = tokens(1)

    async def twice() -> tuple[Claims, Claims]:
        return await verifier.verify(token), await verifier.verify(token)

    first, second = asyncio.run(twice())
    assert first == second
    assert keys.needed == 1


def test_a_remembered_token_expires_like_any_other() -> None:
    """Remembering a token does not prolong it."""
    clock = SetClock()
    verifier = Verifier(SharedSecret(SECRET), FROM_ANYBODY, clock)
    (token,) = tokens(1)
    asyncio.run(verifier.verify(token))
    clock.pass_seconds(HOUR_SECONDS + 30)
    with pytest.raises(ApiError, match="expired"):
        asyncio.run(verifier.verify(token))


def test_a_refused_token_is_not_remembered() -> None:
    """A token that was not valid yet is looked at again when it comes again."""
    clock = SetClock()
    verifier = Verifier(SharedSecret(SECRET), FROM_ANYBODY, clock)
    token = jwt.encode(claims(nbf=NOON_SECONDS + 60), SECRET.reveal(), algorithm="HS256")
    with pytest.raises(ApiError, match="not valid yet"):
        asyncio.run(verifier.verify(token))
    clock.pass_seconds(60)
    assert asyncio.run(verifier.verify(token)).subject == "alice"


def test_only_the_tokens_used_last_are_remembered() -> None:
    """The memory is bounded, and the token that was not used for longest is forgotten first."""
    keys = CountingSecret()
    verifier = Verifier(keys, FROM_ANYBODY, SetClock(), remembered=2)
    first, second, third = tokens(3)

    async def conversation() -> None:
        for token in (first, second, first, third, first, second):
            await verifier.verify(token)

    asyncio.run(conversation())
    assert keys.needed == 4
