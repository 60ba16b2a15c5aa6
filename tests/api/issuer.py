"""An issuer of tokens for tests: real keys, a real server that publishes them, and a verifier that reads them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NamedTuple

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.keys import IssuerKeys
from pokea.api.auth.tokens import Expected, Verifier
from pokea.clock import SECOND
from pokea.errors import ApiError
from pokea.transport import HttpTransport
from tests.api.serving import NOON, SetClock, serving

ISSUER = Expected("https://issuer.example", "pokea")


class Signer(NamedTuple):
    """A private key, its algorithm, and its public half as the issuer publishes it."""

    algorithm: str
    private_key: Any
    jwk: dict[str, Any]

    def token(self, exp: int = NOON // SECOND + 86_400, **headers: Any) -> str:
        """A token that holds for a day from noon, or until `exp`, signed by this key."""
        claims = {
            "sub": "alice",
            "scope": "payments:read",
            "iss": ISSUER.issuer,
            "aud": ISSUER.audience,
            "exp": exp,
        }
        named = {"kid": self.jwk["kid"]} | headers
        chosen = {name: value for name, value in named.items() if value is not None}
        return jwt.encode(claims, self.private_key, algorithm=self.algorithm, headers=chosen)


@cache
def signer(algorithm: str, key_id: str = "one") -> Signer:
    """A fresh key for the algorithm."""
    if algorithm.startswith("RS"):
        private_key: Any = rsa.generate_private_key(65537, 2048)
        jwk = RSAAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    elif algorithm.startswith("ES"):
        curve = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[algorithm]
        private_key = ec.generate_private_key(curve)
        jwk = ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    else:
        private_key = ed25519.Ed25519PrivateKey.generate()
        jwk = OKPAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    public = {name: value for name, value in jwk.items() if name != "key_ops"}
    return Signer(algorithm, private_key, public | {"kid": key_id})


class Issuer:
    """An issuer's server: what it publishes, and how often it was asked."""

    def __init__(self, *signers: Signer) -> None:
        self.document: object = {"keys": [one.jwk for one in signers]}
        self.status = 200
        self.asked = 0
        self.was_asked = asyncio.Semaphore(0)
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    @property
    def app(self) -> Starlette:
        """Its one page."""

        async def keys(_request: Request) -> Response:
            self.asked += 1
            self.was_asked.release()
            await asyncio.sleep(0.01)
            await self.goes_on.wait()
            return Response(json.dumps(self.document), self.status, media_type="application/json")

        app = Starlette()
        app.add_route("/keys", keys)
        return app


def with_issuer(issuer: Issuer, talk: Callable[[Verifier], Awaitable[None]], clock: SetClock | None = None) -> None:
    """Talk to a verifier that fetches its keys from the issuer's server over HTTP."""

    async def conversation() -> None:
        async with serving(issuer.app) as client:
            transport = HttpTransport()
            keys = IssuerKeys(f"{client.base_url}/keys", transport, clock or SetClock())
            await talk(Verifier(keys, ISSUER, clock or SetClock()))
            await transport.close()

    asyncio.run(conversation())


async def refusal_of(verifier: Verifier, token: str) -> ApiError:
    """The refusal of a token."""
    with pytest.raises(ApiError) as refused:
        await verifier.verify(token)
    return refused.value
