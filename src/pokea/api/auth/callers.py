"""Who calls, what they may do, and from which address."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

from starlette.requests import Request

from pokea.api.auth.keys import IssuerKeys, Keys, SharedSecret, unauthenticated
from pokea.api.auth.tokens import LEEWAY, Expected, Verifier
from pokea.clock import SECOND, Clock, Instant
from pokea.errors import ApiError
from pokea.redact import Secret
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.settings import Network, Settings
from pokea.transport import Transport

ADMIN = "admin"
PAYMENTS_READ = "payments:read"
PAYMENTS_WRITE = "payments:write"
BOOKINGS_WRITE = "bookings:write"
REFUNDS_WRITE = "refunds:write"
PAYOUTS_WRITE = "payouts:write"
OUT_APPROVE = "out:approve"
SIGNED_IN_WITHIN: Instant = 300 * SECOND
"""How long ago the sign-in of a person may be who approves what moves money out (law: who may)."""

_WITH_PORT = re.compile(r"\[(?P<six>[0-9A-Fa-f:.]+)\](?::\d{1,5})?|(?P<four>\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a verified token speaks for, until when, and when they signed in if the token says so."""

    subject: str
    scopes: frozenset[str]
    expires_at: Instant = 0
    scope: Scope = DEFAULT_SCOPE
    signed_in_at: Instant | None = None

    @property
    def is_admin(self) -> bool:
        """Whether everything may be seen and done."""
        return ADMIN in self.scopes

    def may(self, scope: str) -> bool:
        """Whether the caller has the scope; an admin has all of them."""
        return self.is_admin or scope in self.scopes

    def check_sign_in(self, now: Instant) -> None:
        """Raises ApiError `sign_in_again` unless the token says that the person signed in within five minutes."""
        age = None if self.signed_in_at is None else now - self.signed_in_at
        # The issuer's clock may be a little ahead of ours; a sign-in that is far ahead says nothing.
        if age is None or not -LEEWAY <= age <= SIGNED_IN_WITHIN:
            message = "Sign in again: the token must have an `auth_time` of the last 5 minutes."
            raise ApiError("sign_in_again", message)

    def may_see(self, owner: str, merchant_id: int) -> bool:
        """Whether an object of this owner, at this merchant, exists for the caller."""
        return self.scope.merchant_id == merchant_id and (self.is_admin or self.subject == owner)


class Passes(Protocol):
    """Bearers that are no tokens: each lets its holder do one thing, and nothing else."""

    def is_pass(self, bearer: str) -> bool:
        """Whether the bearer has the form of a pass."""

    async def admit(self, bearer: str, address: str, *, path: str, writes: bool) -> Caller:
        """The caller that the pass makes of its holder, who calls this path from this address.

        Raises ApiError `unauthenticated`, `forbidden`, or why the pass may not write at the moment.
        """


class Authenticator:
    """Lets callers in by their bearer tokens, and knows behind which proxies they may stand."""

    def __init__(
        self, verifier: Verifier, trusted_proxies: Sequence[Network] = (), passes: Passes | None = None
    ) -> None:
        self._verifier = verifier
        self._passes = passes
        self._trusted_proxies = tuple(trusted_proxies)

    async def caller(self, request: Request) -> Caller:
        """Who calls; raises ApiError `unauthenticated` with a sentence."""
        bearer = bearer_token(request)
        if self._passes is not None and self._passes.is_pass(bearer):
            return await self._passes.admit(
                bearer, self.address(request), path=request.url.path, writes=request.method != "GET"
            )
        claims = await self._verifier.verify(bearer)
        return Caller(claims.subject, claims.scopes, claims.expires_at, signed_in_at=claims.signed_in_at)

    async def require(self, request: Request, scope: str, *others: str) -> Caller:
        """Who calls, given that they have one of the scopes.

        Raises ApiError `unauthenticated`, or `forbidden` naming what is missing, before anything is looked up.
        """
        caller = await self.caller(request)
        if not any(caller.may(name) for name in (scope, *others)):
            wanted = " or ".join(f"`{name}`" for name in (scope, *others))
            raise ApiError("forbidden", f"This call needs a token with the scope {wanted}.")
        return caller

    def address(self, request: Request) -> str:
        """The client's address; empty when the connection has none."""
        peer = request.client.host if request.client else ""
        return client_address(peer, request.headers.getlist("x-forwarded-for"), self._trusted_proxies)


def new_authenticator(
    settings: Settings, transport: Transport, clock: Clock, passes: Passes | None = None
) -> Authenticator:
    """The gate that the settings describe: an issuer's keys by their address, else the shared secret."""
    keys: Keys = (
        IssuerKeys(settings.pokea_jwks_url, transport, clock)
        if settings.pokea_jwks_url
        else SharedSecret(Secret(settings.pokea_jwt_secret.get_secret_value()))
    )
    return Authenticator(Verifier(keys, expected_origin(settings), clock), settings.proxy_networks, passes)


def expected_origin(settings: Settings) -> Expected:
    """The issuer and the audience that tokens must name under these settings."""
    return Expected(settings.pokea_jwt_issuer or None, settings.pokea_jwt_audience or None)


def bearer_token(request: Request) -> str:
    """The token of the Authorization header; raises ApiError `unauthenticated` when there is none."""
    headers = request.headers.getlist("authorization")
    if not headers:
        raise unauthenticated("This call needs a token: send `Authorization: Bearer …`.")
    scheme, _, token = headers[0].strip().partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or " " in token:
        raise unauthenticated("The Authorization header must be `Bearer`, a space, and one token.")
    return token


def client_address(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of the client behind the trusted proxies.

    `forwarded` holds the X-Forwarded-For headers. It is read from the right for as long as the address that
    reported an entry is a trusted proxy, because only those entries were not written by the client.
    """
    believed = _parse(peer)
    if believed is None:
        return peer
    # Some proxies leave an empty entry at the end, and some write an address with quotes, as in `Forwarded`.
    entries = [entry.strip().strip('"') for header in forwarded for entry in header.rstrip(", ").split(",")]
    while entries and any(believed in network for network in trusted):
        reported = _parse(entries.pop())
        if reported is None:
            break
        believed = reported
    return str(believed)


def stranger_at(sender: str, allowed: Sequence[Network]) -> str:
    """What names the sender of a notice if its address is not in one of the networks; empty where it is, or where there
    are none. A stranger's notice is kept and asked about, not dropped."""
    if not allowed:
        return ""
    try:
        address = ip_address(sender)
    except ValueError:
        return sender or "an unknown address"
    return "" if any(address in network for network in allowed) else sender


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((with_port["six"] or with_port["four"]) if with_port else text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
