"""A key that its issuer withdraws takes every token with it, and no caller waits for an issuer that is slow."""

import asyncio

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from pokea.api.auth.keys import IssuerKeys
from pokea.api.auth.tokens import Verifier
from pokea.transport import HttpTransport
from tests.api.issuer import Issuer, refusal_of, signer, with_issuer
from tests.api.serving import SetClock, serving


def test_a_withdrawn_key_is_forgotten_with_every_token_of_it() -> None:
    """Within ten minutes neither a fresh token nor one that was right before is let in, nor one that lives for ever."""
    issuer, clock = Issuer(signer("ES256"), signer("EdDSA", "other")), SetClock()

    async def talk(verifier: Verifier) -> None:
        remembered = signer("ES256").token()
        forged = signer("ES256").token(n="forged", exp=10**10)
        for token in (remembered, forged, signer("EdDSA", "other").token()):
            await verifier.verify(token)
        issuer.document = {"keys": [signer("EdDSA", "other").jwk]}
        for _ in range(10):
            # Used all the time, so that it is not forgotten as the one that was used longest ago.
            clock.pass_seconds(29)
            assert (await verifier.verify(remembered)).subject == "alice"
        clock.pass_seconds(10)
        for token in (remembered, forged, signer("ES256").token(n=1)):
            assert "does not publish" in (await refusal_of(verifier, token)).message
        assert (await verifier.verify(signer("EdDSA", "other").token())).subject == "alice"

    with_issuer(issuer, talk, clock)


def test_a_key_that_was_exchanged_under_its_name_is_withdrawn_too() -> None:
    """A remembered token of the old key does not hold for the new key of the same name."""
    issuer, clock = Issuer(signer("ES256")), SetClock()

    async def talk(verifier: Verifier) -> None:
        remembered = signer("ES256").token()
        await verifier.verify(remembered)
        fresh = ec.generate_private_key(ec.SECP256R1())
        issuer.document = {"keys": [ECAlgorithm.to_jwk(fresh.public_key(), as_dict=True) | {"kid": "one"}]}
        clock.pass_seconds(600)
        assert "another key" in (await refusal_of(verifier, remembered)).message

    with_issuer(issuer, talk, clock)


def test_a_failed_look_at_the_keys_does_not_prolong_a_withdrawn_one() -> None:
    """The issuer fails once, and ten minutes after the keys were read the withdrawn one counts no more all the same."""
    issuer, clock = Issuer(signer("ES256"), signer("EdDSA", "other")), SetClock()

    async def talk(verifier: Verifier) -> None:
        remembered = signer("ES256").token()
        await verifier.verify(remembered)
        issuer.document, issuer.status = {"keys": [signer("EdDSA", "other").jwk]}, 503
        clock.pass_seconds(300)
        assert (await verifier.verify(remembered)).subject == "alice"
        issuer.status = 200
        clock.pass_seconds(300)
        assert "does not publish" in (await refusal_of(verifier, remembered)).message

    with_issuer(issuer, talk, clock)


def test_keys_that_stay_published_keep_their_tokens_remembered() -> None:
    """Reading the same keys again makes no token be verified anew."""
    issuer, clock = Issuer(signer("ES256")), SetClock()

    async def talk() -> None:
        async with serving(issuer.app) as client:
            transport = HttpTransport()
            keys = IssuerKeys(f"{client.base_url}/keys", transport, clock)
            found = await keys.find("ES256", "one")
            clock.pass_seconds(300)
            assert await keys.is_current("ES256", "one", found)
            assert issuer.asked == 2
            await transport.close()

    asyncio.run(talk())


def test_one_caller_waits_for_a_slow_issuer_and_the_others_go_on() -> None:
    """While the keys are read again those who name a known key are not held up."""
    issuer, clock = Issuer(signer("ES256")), SetClock()

    async def talk(verifier: Verifier) -> None:
        token = signer("ES256").token()
        await verifier.verify(token)
        clock.pass_seconds(300)
        issuer.goes_on.clear()
        waiting = asyncio.create_task(verifier.verify(token))
        await asyncio.wait_for(issuer.was_asked.acquire(), 10)
        await asyncio.wait_for(issuer.was_asked.acquire(), 10)
        assert (await asyncio.wait_for(verifier.verify(token), 10)).subject == "alice"
        assert not waiting.done()
        issuer.goes_on.set()
        assert (await waiting).subject == "alice"

    with_issuer(issuer, talk, clock)
