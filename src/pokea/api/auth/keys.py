"""The keys that tokens are verified with: one shared secret, or those that an issuer publishes (JWKS, RFC 7517)."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import msgspec
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from pokea.clock import SECOND, Clock, Instant
from pokea.errors import ApiError
from pokea.redact import Secret
from pokea.setting_rules import SHORTEST_SECRET_BYTES
from pokea.transport import NoAnswer, NotSent, Transport

REFETCH_AT_MOST_EVERY: Instant = 60 * SECOND
_RETRY_AFTER: Instant = 5 * SECOND
"""How soon the issuer is asked again while we have no key of its at all."""
LOOKED_AT_EVERY: Instant = 300 * SECOND
"""While the issuer cannot be read the known keys stay."""
FORGOTTEN_WITHIN: Instant = 600 * SECOND
"""A key that the issuer withdrew verifies nothing any more after this long, even if one look at the keys failed."""
_FETCH_TIMEOUT_SECONDS = 10.0

_FAMILIES = {
    ("RSA", None): ("RS256", "RS384", "RS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}

_logger = logging.getLogger(__name__)


def unauthenticated(message: str) -> ApiError:
    """A 401 with this sentence."""
    return ApiError("unauthenticated", message)


class Keys(Protocol):
    """Finds the key of a token. `algorithms` are the only ones that count."""

    @property
    def algorithms(self) -> Sequence[str]:
        """The accepted signature algorithms."""
        ...

    async def find(self, algorithm: str, key_id: str | None) -> PyJWK | bytes:
        """The key for the algorithm; raises ApiError `unauthenticated` when there is none."""
        ...

    async def is_current(self, algorithm: str, key_id: str | None, key: PyJWK | bytes) -> bool:
        """Whether `key`, which was found under this name, still is the key of this name."""
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

    async def is_current(self, algorithm: str, key_id: str | None, key: PyJWK | bytes) -> bool:
        """It is, for as long as this process runs."""
        return key == self._secret


class IssuerKey(NamedTuple):
    """One published key, for one algorithm."""

    key_id: str | None
    algorithm: str
    key: PyJWK
    jwk: str

    def identity(self) -> tuple[str | None, str, str]:
        """Tells this key from every other, by what was published of it."""
        return self.key_id, self.algorithm, self.jwk


class IssuerKeys:
    """The keys at an issuer's JWKS address: fetched when first needed, looked at again every five minutes, and at most
    once a minute for a key that is not among them. A key that is published still stays the same object."""

    algorithms = tuple(name for names in _FAMILIES.values() for name in names)

    def __init__(self, url: str, transport: Transport, clock: Clock) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._keys: tuple[IssuerKey, ...] = ()
        self._asked_at: Instant | None = None
        self._fetching = asyncio.Lock()

    async def find(self, algorithm: str, key_id: str | None) -> PyJWK | bytes:
        """The issuer's key of this id; raises ApiError `unauthenticated`, or `unavailable` when no keys can be read."""
        found = _pick(self._keys, algorithm, key_id)
        if found is None:
            await self._refetch(REFETCH_AT_MOST_EVERY)
        elif self._is_due(LOOKED_AT_EVERY) and (not self._fetching.locked() or self._is_due(FORGOTTEN_WITHIN)):
            # One caller waits for the issuer; the others go on with the known keys until they are too old for it.
            await self._refetch(LOOKED_AT_EVERY)
        found = _pick(self._keys, algorithm, key_id)
        if not self._keys:
            raise ApiError(
                "unavailable",
                "The keys of the token's issuer cannot be read at the moment; try again shortly.",
                retry_after_seconds=_RETRY_AFTER // SECOND,
            )
        if found is None:
            raise unauthenticated("The token is signed with a key that its issuer does not publish.")
        return found

    async def is_current(self, algorithm: str, key_id: str | None, key: PyJWK | bytes) -> bool:
        """Whether the issuer publishes this very key under the name still, as far as is known within ten minutes."""
        try:
            return await self.find(algorithm, key_id) is key
        except ApiError:
            return False

    def _is_due(self, pause: Instant) -> bool:
        """Whether the issuer was not asked for so long; a clock that jumped back proves nothing."""
        return self._asked_at is None or not 0 <= self._clock.now() - self._asked_at < pause

    async def _refetch(self, pause: Instant) -> None:
        async with self._fetching:
            # Others have waited for the same fetch.
            if not self._is_due(pause if self._keys else _RETRY_AFTER):
                return
            try:
                keys = await fetch_keys(self._url, self._transport)
            except NoKeys as failure:
                _logger.warning("No keys were read from POKEA_JWKS_URL: %s; the known ones stay.", failure)
            else:
                self._keys = _kept(self._keys, keys)
            self._asked_at = self._clock.now()


class NoKeys(Exception):
    """No usable key stands at the issuer's address; the message says what does, and repeats nothing of it."""


async def fetch_keys(url: str, transport: Transport) -> tuple[IssuerKey, ...]:
    """The usable keys at a JWKS address, one or more. Raises NoKeys."""
    try:
        reply = await transport.send("GET", url, {"Accept": "application/json"}, None, _FETCH_TIMEOUT_SECONDS)
    except (NotSent, NoAnswer) as failure:
        raise NoKeys(f"it does not answer ({failure})") from None
    if reply.status != HTTPStatus.OK:
        raise NoKeys(f"it answers {reply.status}")
    if b"jwks_uri" in reply.body and b'"keys"' not in reply.body:
        raise NoKeys("it is the issuer's configuration: take the address that stands there as `jwks_uri`")
    keys = read_keys(reply.body)
    if not keys:
        raise NoKeys("its answer holds no public key of the kinds RSA, EC or Ed25519")
    return keys


def _kept(known: Sequence[IssuerKey], read: Sequence[IssuerKey]) -> tuple[IssuerKey, ...]:
    """The keys as read now; those that were known before stay the objects that they were."""
    before = {key.identity(): key for key in known}
    return tuple(before.get(key.identity(), key) for key in read)


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
                published = msgspec.json.encode(jwk, order="sorted").decode()
                yield IssuerKey(key_id, algorithm, PyJWK(jwk, algorithm), published)
            except (PyJWTError, ValueError, TypeError, AttributeError, RecursionError):
                return


def _pick(keys: Sequence[IssuerKey], algorithm: str, key_id: str | None) -> PyJWK | None:
    fitting = [key for key in keys if key.algorithm == algorithm and key_id in (None, key.key_id)]
    # A token that names no key is verified only if there can be no doubt which key is meant.
    return fitting[0].key if fitting and (key_id is not None or len(fitting) == 1) else None
