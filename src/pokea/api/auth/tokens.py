"""Bearer tokens as values: what a signed token says, whether it holds now, and how `pokea token` makes one (law: keys
and tokens).

PyJWT checks signatures; the claims are read here, because "now" is the passed clock's and never the machine's.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from jwt import PyJWK, PyJWS
from jwt.exceptions import InvalidSignatureError, PyJWTError

from pokea.api.auth.keys import Keys, unauthenticated
from pokea.clock import SECOND, Clock, Instant, seconds
from pokea.redact import Secret

LEEWAY: Instant = 30 * SECOND
"""How far the issuer's clock may be from ours."""
LONGEST_TOKEN = 8192
"""Characters. A longer token is refused before it is parsed."""
LONGEST_SUBJECT = 128
REMEMBERED_TOKENS = 4096
REMEMBERED_FOR: Instant = 600 * SECOND
"""A token is verified from the beginning again after this long, however often it is used."""

_LATEST_SECOND = 10**11
"""A time claim beyond it is in milliseconds by mistake, and the token would never expire."""

_SIGNATURES = PyJWS(options={"verify_signature": True, "enforce_minimum_key_length": True})


class Claims(NamedTuple):
    """What a verified token says: who calls, what they may do, until when, and when they signed in if it says so."""

    subject: str
    scopes: frozenset[str]
    expires_at: Instant
    signed_in_at: Instant | None = None


class Expected(NamedTuple):
    """The issuer and the audience that a token must name; None asks for neither."""

    issuer: str | None = None
    audience: str | None = None


FROM_ANYBODY = Expected()
"""Neither an issuer nor an audience is asked for: the shared secret is enough."""


class _Verdict(NamedTuple):
    """A token that was right: what it says, the key that it names, the key that verified it, and when."""

    claims: Claims
    algorithm: str
    key_id: str | None
    key: PyJWK | bytes
    at: Instant

    def holds(self, now: Instant) -> bool:
        """Whether neither the token nor what is remembered of it has run out; after a clock's jump back it has."""
        return now < self.claims.expires_at + LEEWAY and 0 <= now - self.at < REMEMBERED_FOR


class Verifier:
    """Verifies tokens, and remembers the last few thousand that were right, for minutes.

    A remembered token is right for as long as the key that verified it is the key of its name: an issuer that withdraws
    a key withdraws every token that was signed with it.
    """

    def __init__(self, keys: Keys, expected: Expected, clock: Clock, remembered: int = REMEMBERED_TOKENS) -> None:
        self._keys = keys
        self._expected = expected
        self._clock = clock
        self._remembered = remembered
        self._known: OrderedDict[bytes, _Verdict] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """The token's claims; raises ApiError `unauthenticated` with a sentence, or `unavailable` without keys."""
        if len(token) > LONGEST_TOKEN:
            raise unauthenticated("The bearer token is too long to be a token of ours.")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if (
            known is not None
            and known.holds(self._clock.now())
            and await self._keys.is_current(known.algorithm, known.key_id, known.key)
        ):
            if digest in self._known:
                self._known.move_to_end(digest)
            return known.claims
        self._known.pop(digest, None)
        verdict = await self._judged(token)
        self._known[digest] = verdict
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return verdict.claims

    async def _judged(self, token: str) -> _Verdict:
        header = _header(token)
        algorithm = header.get("alg")
        accepted = ", ".join(self._keys.algorithms)
        if not isinstance(algorithm, str) or algorithm.lower() in ("none", ""):
            raise unauthenticated(f"The token is not signed; sign it with one of: {accepted}.")
        if algorithm not in self._keys.algorithms:
            raise unauthenticated(f"The token's algorithm is not accepted; sign it with one of: {accepted}.")
        key_id = header.get("kid")
        key = await self._keys.find(algorithm, key_id)
        try:
            payload: bytes = _SIGNATURES.decode(token, key, algorithms=[algorithm])
        except InvalidSignatureError:
            raise unauthenticated("The token was signed with another key; ask for a new one.") from None
        except PyJWTError:
            raise unauthenticated("The bearer token cannot be verified; ask for a new one.") from None
        now = self._clock.now()
        return _Verdict(read_claims(payload, self._expected, now), algorithm, key_id, key, now)


def _header(token: str) -> dict[str, Any]:
    try:
        return _SIGNATURES.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError):
        raise unauthenticated("The bearer token is no JSON Web Token; send one, whole.") from None


def read_claims(payload: bytes, expected: Expected, now: Instant) -> Claims:
    """The claims of a token whose signature is right; raises ApiError `unauthenticated` when they do not hold now."""
    try:
        claims = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise unauthenticated("The token's claims are not a JSON object.") from None
    expires_at = _time(claims, "exp")
    if expires_at is None:
        raise unauthenticated("The token has no `exp`; only tokens that expire are accepted.")
    if expires_at + LEEWAY <= now:
        raise unauthenticated("The token has expired; ask for a new one.")
    begins_at = _time(claims, "nbf")
    if begins_at is not None and begins_at - LEEWAY > now:
        raise unauthenticated("The token is not valid yet; check the clock of its issuer.")
    _check_origin(claims, expected)
    return Claims(_subject(claims), _scopes(claims), expires_at, _time(claims, "auth_time"))


def _time(claims: Mapping[str, Any], name: str) -> Instant | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unauthenticated(f"The token's `{name}` is not a number of seconds.")
    # Compared before anything is reckoned with it: a whole number may have more digits than a float can hold.
    if not -_LATEST_SECOND <= value <= _LATEST_SECOND:
        raise unauthenticated(f"The token's `{name}` is out of range; give it in seconds since 1970.")
    return seconds(value)


def _check_origin(claims: Mapping[str, Any], expected: Expected) -> None:
    if expected.issuer is not None and claims.get("iss") != expected.issuer:
        raise unauthenticated("The token's issuer (`iss`) is not the one that is accepted here.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [] if audience is None else [audience]
    if expected.audience is None and named:
        # RFC 7519 section 4.1.3: who is not among the audiences named must refuse the token.
        raise unauthenticated("The token is meant for an audience (`aud`), and this service has none set.")
    if expected.audience is not None and expected.audience not in named:
        raise unauthenticated("The token's audience (`aud`) is not the one that is accepted here.")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not is_subject(subject):
        raise unauthenticated(f"The token's `sub` must be text of 1 to {LONGEST_SUBJECT} printable characters.")
    return subject


def is_subject(text: str) -> bool:
    """Whether the text can name a caller: 1 to 128 printable characters."""
    return 0 < len(text) <= LONGEST_SUBJECT and text.isprintable()


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    scope = claims.get("scope", "")
    if isinstance(scope, str):
        return frozenset(scope.split())
    if isinstance(scope, list) and all(isinstance(part, str) for part in scope):
        return frozenset(scope)
    raise unauthenticated("The token's `scope` must be text with spaces between the scopes, or a list of texts.")


def issue_token(
    secret: Secret,
    subject: str,
    scopes: Sequence[str],
    now: Instant,
    lifetime_seconds: float,
    expected: Expected = FROM_ANYBODY,
) -> str:
    """A token signed with the shared secret (HS256), valid from `now` for so many seconds; its making is a sign-in.

    `expected` puts in the issuer and the audience that the service asks for. Raises ValueError for a subject
    that the service would not accept.
    """
    if not is_subject(subject):
        raise ValueError(f"a subject is text of 1 to {LONGEST_SUBJECT} printable characters")
    claims: dict[str, Any] = {
        "sub": subject,
        "scope": " ".join(scopes),
        "iat": now // SECOND,
        "auth_time": now // SECOND,
        "exp": (now + seconds(lifetime_seconds)) // SECOND,
    }
    if expected.issuer is not None:
        claims["iss"] = expected.issuer
    if expected.audience is not None:
        claims["aud"] = expected.audience
    return _SIGNATURES.encode(msgspec.json.encode(claims), secret.reveal(), algorithm="HS256")
