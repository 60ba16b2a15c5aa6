"""The keys that tokens are verified with: one shared secret, or those that an issuer publishes (JWKS, RFC 7517)."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import msgspec
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from pokea.clock import HOUR, SECOND, Clock, Instant
from pokea.errors import Refusal
from pokea.redact import Secret
from pokea.transport import NoAnswer, NotSent, Transport

SHORTEST_SECRET_BYTES = 32
REFETCH_AT_MOST_EVERY: Instant = 60 * SECOND
_RETRY_AFTER: Instant = 5 * SECOND
"""How soon the issuer is asked again while we have no key of its at all."""
_KEPT_FOR: Instant = HOUR
"""A key that the issuer withdrew is forgotten after this long."""
_FETCH_TIMEOUT_SECONDS = 10.0

_FAMILIES = {
    ("RSA", None): ("RS256", "RS384", "RS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}

_logger = logging.getLogger(__name__)


def unauthenticated(message: str) -> Refusal:
    """A 401 with this sentence."""
    return Refusal("unauthenticated", message)


class Keys(Protocol):
    """Finds the key of a token. `algorithms` are the only ones that count."""

    @property
    def algorithms(self) -> Sequence[str]:
        """The accepted signature algorithms."""
        ...

    async def find(self, algorithm: str, key_id: str | None) -> PyJWK | bytes:
        """The key for the algorithm; raises Refusal `unauthenticated` when there is none."""
        ...


class SharedSecret:
    """One secret for HS256. Raises ValueError when it is shorter than 32 bytes."""

    algorithms = ("HS256",)

    def __init__(self, secret: Secret) -> None:
        self._secret = secret.reveal().encode()
        if len(self._secret) < SHORTEST_SECRET_BYTES:
            raise ValueError(f"a shared secret has {SHORTEST_SECRET_BYTES} bytes or more")

    async def find(self, algorithm: str, key_id: str | None) -> PyJWK | bytes:
        """The secret, whatever key the token names."""
        return self._secret


class IssuerKey(NamedTuple):
    """One published key, for one algorithm."""

    key_id: str | None
    algorithm: str
    key: PyJWK


class IssuerKeys:
    """The keys at an issuer's JWKS address, fetched when first needed, kept for an hour, and fetched again at most
    once a minute for a key that is not among them."""

    algorithms = tuple(name for names in _FAMILIES.values() for name in names)

    def __init__(self, url: str, transport: Transport, clock: Clock) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._keys: tuple[IssuerKey, ...] = ()
        self._read_at: Instant = 0
        self._asked_at: Instant | None = None
        self._fetching = asyncio.Lock()

    async def find(self, algorithm: str, key_id: str | None) -> PyJWK | bytes:
        """The issuer's key of this id; raises Refusal `unauthenticated`, or `unavailable` when no keys can be read."""
        found = _pick(self._keys, algorithm, key_id)
        if found is None or self._clock.now() - self._read_at >= _KEPT_FOR:
            await self._refetch()
            found = _pick(self._keys, algorithm, key_id)
        if not self._keys:
            raise Refusal(
                "unavailable",
                "The keys of the token's issuer cannot be read at the moment; try again shortly.",
                retry_after_seconds=_RETRY_AFTER // SECOND,
            )
        if found is None:
            raise unauthenticated("The token is signed with a key that its issuer does not publish.")
        return found

    async def _refetch(self) -> None:
        async with self._fetching:
            pause = REFETCH_AT_MOST_EVERY if self._keys else _RETRY_AFTER
            if self._asked_at is not None and self._clock.now() - self._asked_at < pause:
                return
            try:
                reply = await self._transport.send(
                    "GET", self._url, {"Accept": "application/json"}, None, _FETCH_TIMEOUT_SECONDS
                )
                keys = read_keys(reply.body) if reply.status == HTTPStatus.OK else ()
            except (NotSent, NoAnswer):
                keys = ()
            self._asked_at = self._clock.now()
            if keys:
                self._keys, self._read_at = keys, self._asked_at
            else:
                _logger.warning("the issuer's keys could not be read from POKEA_JWKS_URL; the known ones stay")


def read_keys(body: bytes) -> tuple[IssuerKey, ...]:
    """The usable signature keys of a JWKS document; whatever is wrong with the rest is passed over."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ()
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return ()
    return tuple(key for jwk in listed if isinstance(jwk, dict) for key in _usable(jwk))


def _usable(jwk: dict[str, Any]) -> Iterator[IssuerKey]:
    key_id, key_type, curve = jwk.get("kid"), jwk.get("kty"), jwk.get("crv")
    published_for_signatures = jwk.get("use") in (None, "sig") and "d" not in jwk
    if not published_for_signatures or not isinstance(key_id, str | None) or not isinstance(key_type, str):
        return
    curve = curve if isinstance(curve, str) and key_type != "RSA" else None
    for algorithm in _FAMILIES.get((key_type, curve), ()):
        if jwk.get("alg") in (None, algorithm):
            try:
                yield IssuerKey(key_id, algorithm, PyJWK(jwk, algorithm))
            except (PyJWTError, ValueError, TypeError, AttributeError):
                return


def _pick(keys: Sequence[IssuerKey], algorithm: str, key_id: str | None) -> PyJWK | None:
    fitting = [key for key in keys if key.algorithm == algorithm and key_id in (None, key.key_id)]
    # A token that names no key is verified only if there can be no doubt which key is meant.
    return fitting[0].key if fitting and (key_id is not None or len(fitting) == 1) else None
