"""The checks that go out to Daraja and to our own callback address. No customer is prompted by any of them."""

from typing import Final

from pokea.addresses import join_address
from pokea.api.auth.keys import NoKeys, fetch_keys
from pokea.checkup.findings import Finding, check_clock, fail, ok, warn
from pokea.clock import Clock, Instant, seconds
from pokea.daraja.access_token import LEASE, TOKEN_PATH
from pokea.daraja.client import DarajaClient
from pokea.daraja.codes.error_codes import MERCHANT_UNKNOWN, MIXED_ERROR
from pokea.daraja.credentials import Credentials
from pokea.daraja.outcomes import Answered, SubmissionRefused
from pokea.daraja.responses import read_token_answer
from pokea.daraja.tokens import StoredToken, TokenStore
from pokea.redact import Secret, mask
from pokea.transport import NoAnswer, NotSent, Transport

NOBODY: Final = "ws_CO_010120000000000000000000000"
"""An id that Daraja cannot know."""
_TIMEOUT_SECONDS: Final = 10.0
_NOT_ALLOWED: Final = 405
_FIRST_REDIRECT, _FIRST_ERROR, _FIRST_FAULT = 300, 400, 500


class DateHeader:
    """The Date header of the last answer, kept for the check of the clock."""

    def __init__(self) -> None:
        self.date = ""

    def __call__(self, date: str) -> None:
        """Keep it."""
        self.date = date


class InMemoryTokens:
    """Tokens of this process alone, where there is no database to share them by."""

    def __init__(self) -> None:
        self._token: StoredToken | None = None

    async def current(self) -> StoredToken | None:
        """The last one stored."""
        return self._token

    async def claim(self, _seen_generation: int, _now: Instant, _lease_until: Instant) -> bool:
        """No other process shares it."""
        return True

    async def store(self, seen_generation: int, token: Secret, expires_at: Instant) -> bool:
        """Keep it."""
        self._token = StoredToken(seen_generation + 1, token, expires_at)
        return True

    async def release(self, _seen_generation: int) -> None:
        """No caller waits."""


async def check_credentials(
    credentials: Credentials, transport: Transport, tokens: TokenStore, clock: Clock, heard: DateHeader
) -> list[Finding]:
    """Fetch a token, and compare clocks on the way.

    A new token may void the one before (daraja: Token behaviour), so it becomes everybody's, in the row that all share.
    """
    now = clock.now()
    current = await tokens.current()
    generation = current.generation if current is not None else 0
    is_ours = await tokens.claim(generation, now, now + LEASE)
    headers = {"Authorization": credentials.basic_authorization().reveal()}
    try:
        reply = await transport.send(
            "GET", join_address(credentials.base_url, TOKEN_PATH), headers, None, _TIMEOUT_SECONDS
        )
    except (NotSent, NoAnswer) as failure:
        await tokens.release(generation)
        says = (
            f"{credentials.base_url} does not answer ({failure}): check MPESA_BASE_URL, the network and the firewall."
        )
        return [fail("credentials", says)]
    clocks = check_clock(heard.date, clock.now())
    answer = read_token_answer(*reply, mask)
    if not isinstance(answer, SubmissionRefused):
        if is_ours:
            await tokens.store(generation, answer.token, now + seconds(answer.lifetime_seconds))
        return [ok("credentials", "Daraja gave an access token for the consumer key and secret."), clocks]
    await tokens.release(generation)
    advice = "Try again in a few minutes."
    if answer.reason == "access_refused":
        advice = "Check MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET and MPESA_ENVIRONMENT."
    return [fail("credentials", f"{answer.message} {advice}"), clocks]


async def check_passkey(daraja: DarajaClient) -> Finding:
    """Ask about an id that cannot exist (daraja: push errors): what Daraja complains of first tells what it has
    accepted."""
    outcome = await daraja.query(NOBODY)
    name = "shortcode and passkey"
    if isinstance(outcome, Answered):
        return warn(name, "Daraja answered about a payment that does not exist: nothing follows from that.")
    if outcome.wrong_credentials:
        return fail(
            name, "Daraja says: wrong credentials. Check MPESA_PASSKEY, and that it belongs to MPESA_SHORTCODE."
        )
    if MERCHANT_UNKNOWN.lower() in outcome.why.lower():
        return fail(name, "Daraja does not know the shortcode: for a till MPESA_SHORTCODE is its store number.")
    if MIXED_ERROR in outcome.why and "not exist" in outcome.why.lower():
        return ok(name, "Daraja took them, and says only that the payment asked about does not exist.")
    if outcome.limited:
        return warn(name, "Not found out, since Daraja is asked too often at the moment: try again in a minute.")
    return warn(name, f"Not found out ({outcome.why}): the first payment will tell.")


async def check_issuer(jwks_url: str, transport: Transport) -> Finding:
    """Whether tokens can be verified: the issuer's keys are read as the service reads them."""
    try:
        keys = await fetch_keys(jwks_url, transport)
    except NoKeys as failure:
        return fail("issuer's keys", f"No keys were read from POKEA_JWKS_URL: {failure}. Every call is answered 503.")
    return ok("issuer's keys", f"POKEA_JWKS_URL publishes {len({key.jwk for key in keys})} usable.")


async def check_reachable(callback_url: str, transport: Transport) -> Finding:
    """A GET of the callback address is answered 405 at once, by a proxy before the service too.

    `callback_url` is one as it is sent to Daraja, a token at its end.
    """
    name = "callback reachable"
    try:
        reply = await transport.send("GET", callback_url, {}, None, _TIMEOUT_SECONDS)
    except (NotSent, NoAnswer) as failure:
        says = (
            f"MPESA_CALLBACK_URL does not answer from here ({failure}): start the service, check DNS, tunnel, firewall."
        )
        return fail(name, says)
    if reply.status == _NOT_ALLOWED:
        return ok(name, "MPESA_CALLBACK_URL answers a GET with 405 at once, as it should.")
    if _FIRST_REDIRECT <= reply.status < _FIRST_ERROR:
        return fail(name, f"MPESA_CALLBACK_URL answers with a redirect ({reply.status}), which Daraja does not follow.")
    if reply.status >= _FIRST_FAULT:
        return fail(
            name, f"MPESA_CALLBACK_URL answers {reply.status}: what stands before the service does not reach it."
        )
    return warn(name, f"MPESA_CALLBACK_URL answers {reply.status} and not 405: is it this service, and its path whole?")
