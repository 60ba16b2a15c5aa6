"""OAuth's tokens: which are alive, and which is the newest (daraja: Token request; daraja: Token behaviour)."""

import base64
import binascii
import hmac
import random
from typing import Final

from pokea.clock import Instant, seconds
from pokea.daraja import wire
from pokea.simulator import canned
from pokea.simulator.canned import Answer, EnvelopeError
from pokea.simulator.identifiers import access_token
from pokea.simulator.options import SimulatorOptions

_LIFETIME: Final = seconds(3600)
_SAID_SECONDS: Final = 3599
"""A token lives 3600 s and says 3599 (daraja: Token request)."""
_KEPT: Final = 1_000


class Tokens:
    """Every token that was given out and has not been revoked, oldest first."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._ends: dict[str, Instant] = {}
        self._newest = ""

    def issue(
        self, authorization: str, grant_type: str | None, now: Instant, chance: random.Random
    ) -> Answer | EnvelopeError:
        """The answer to a token request. The order of the checks is ours."""
        credentials = _basic(authorization)
        if credentials is None:
            return canned.INVALID_AUTHENTICATION
        if grant_type != "client_credentials":
            return canned.INVALID_GRANT_TYPE
        expected = f"{self._options.consumer_key}:{self._options.consumer_secret}"
        if not hmac.compare_digest(credentials, expected.encode()):
            refused = self._options.bad_credentials == "400.008.01"
            return canned.INVALID_AUTHENTICATION if refused else canned.EMPTY_400
        said = str(_SAID_SECONDS) if self._options.expires_in == "string" else _SAID_SECONDS
        return canned.as_json(wire.TokenAnswer(self._new(now, chance), said))

    def _new(self, now: Instant, chance: random.Random) -> str:
        if self._options.old_token == "invalidated":  # noqa: S105  # a switch's value, no password
            self._ends.clear()
        while len(self._ends) >= _KEPT:
            del self._ends[next(iter(self._ends))]
        self._newest = access_token(chance)
        self._ends[self._newest] = now + _LIFETIME
        return self._newest

    def alive(self, token: str, now: Instant) -> bool:
        """Whether the token opens anything."""
        return now < self._ends.get(token, 0)

    def superseded(self, token: str) -> bool:
        """Whether a newer token was given out after this one."""
        return token in self._ends and token != self._newest

    def revoke(self, token: str) -> None:
        """The token opens nothing any more."""
        self._ends.pop(token, None)


def bearer(authorization: str) -> str | None:
    """The token of an Authorization header, None when there is none."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _basic(authorization: str) -> bytes | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
