"""Keys that an issuer publishes: which count, when they are fetched, and what happens while they cannot be."""

import asyncio
import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from pokea.api.auth.keys import IssuerKeys, NoKeys, SharedSecret, fetch_keys, read_keys
from pokea.api.auth.tokens import Verifier
from pokea.redact import Secret
from pokea.transport import HttpTransport
from tests.api.issuer import ISSUER, Issuer, Signer, refusal_of, signer, with_issuer
from tests.api.serving import SECRET, SetClock, serving


def base64url(content: bytes) -> str:
    """Base64 as tokens use it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_token_signed_by_the_issuer_is_verified(algorithm: str) -> None:
    """RS, ES and EdDSA tokens are verified with the key that they name."""
    signing = signer(algorithm)

    async def talk(verifier: Verifier) -> None:
        assert (await verifier.verify(signing.token())).subject == "alice"

    with_issuer(Issuer(signer("RS256", "other"), signing), talk)


def test_a_token_signed_by_somebody_else_under_the_same_name_is_refused() -> None:
    """The signature decides, not the name of the key."""
    published, forged = signer("ES256"), Signer("ES256", ec.generate_private_key(ec.SECP256R1()), signer("ES256").jwk)

    async def talk(verifier: Verifier) -> None:
        assert "another key" in (await refusal_of(verifier, forged.token())).message

    with_issuer(Issuer(published), talk)


def test_a_shared_secret_does_not_count_beside_an_issuer() -> None:
    """A token signed HS256 is refused, also when its secret is the issuer's public key."""
    genuine = jwt.encode({"sub": "mallory"}, SECRET.reveal(), algorithm="HS256", headers={"kid": "one"})
    signed = genuine.rpartition(".")[0]
    public_key = signer("RS256").private_key.public_key()
    public = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # Made by hand, because PyJWT refuses to sign with what is a public key.
    forged = f"{signed}.{base64url(hmac.digest(public, signed.encode(), 'sha256'))}"

    async def talk(verifier: Verifier) -> None:
        for token in (genuine, forged):
            assert "not accepted" in (await refusal_of(verifier, token)).message

    with_issuer(Issuer(signer("RS256")), talk)


def test_pss_signatures_do_not_count() -> None:
    """Only RS, ES and EdDSA are accepted, although the key could do more."""
    signing = Signer("PS256", signer("RS256").private_key, signer("RS256").jwk)

    async def talk(verifier: Verifier) -> None:
        assert "not accepted" in (await refusal_of(verifier, signing.token())).message

    with_issuer(Issuer(signer("RS256")), talk)


def test_a_token_that_names_no_key_is_verified_when_only_one_can_be_meant() -> None:
    """Without a `kid` the only key of the algorithm is taken; of two, none is."""
    signing = signer("ES256")

    async def sure(verifier: Verifier) -> None:
        assert (await verifier.verify(signing.token(kid=None))).subject == "alice"

    async def in_doubt(verifier: Verifier) -> None:
        assert "does not publish" in (await refusal_of(verifier, signing.token(kid=None))).message

    with_issuer(Issuer(signing, signer("EdDSA")), sure)
    with_issuer(Issuer(signing, signer("ES256", "two")), in_doubt)


def test_keys_are_fetched_once_for_many_callers_at_once() -> None:
    """A hundred requests that arrive together cause one fetch."""
    issuer = Issuer(signer("ES256"))

    async def talk(verifier: Verifier) -> None:
        await asyncio.gather(*(verifier.verify(signer("ES256").token(n=number)) for number in range(100)))
        assert issuer.asked == 1

    with_issuer(issuer, talk)


def test_an_unknown_key_makes_us_look_again_once_a_minute() -> None:
    """A rotated key is found, and tokens with invented names of keys do not make us a nuisance to the issuer."""
    issuer, clock = Issuer(signer("ES256")), SetClock()

    async def talk(verifier: Verifier) -> None:
        await verifier.verify(signer("ES256").token())
        issuer.document = {"keys": [signer("ES256", "two").jwk]}
        clock.pass_seconds(59)
        for number in range(20):
            assert "does not publish" in (await refusal_of(verifier, signer("ES256", "two").token(n=number))).message
        assert issuer.asked == 1
        clock.pass_seconds(1)
        assert (await verifier.verify(signer("ES256", "two").token())).subject == "alice"
        assert issuer.asked == 2

    with_issuer(issuer, talk, clock)


@pytest.mark.parametrize(
    ("document", "status", "words"),
    [
        ({"issuer": "https://i.example", "jwks_uri": "https://i.example/keys"}, 200, "`jwks_uri`"),
        ({"keys": []}, 200, "no public key"),
        ("<html>", 200, "no public key"),
        ({}, 404, "it answers 404"),
        ({}, 302, "it answers 302"),
    ],
)
def test_what_stands_at_the_address_instead_of_keys_is_said(document: object, status: int, words: str) -> None:
    """The reading that `doctor` shares with the service names what is there, for each thing that may be."""
    issuer = Issuer()
    issuer.document, issuer.status = document, status

    async def talk() -> None:
        async with serving(issuer.app) as client:
            transport = HttpTransport()
            with pytest.raises(NoKeys, match=words):
                await fetch_keys(f"{client.base_url}/keys", transport)
            await transport.close()

    asyncio.run(talk())


def test_known_keys_stay_while_the_issuer_is_away() -> None:
    """An issuer that fails for a while locks nobody out."""
    issuer, clock = Issuer(signer("ES256")), SetClock()

    async def talk(verifier: Verifier) -> None:
        await verifier.verify(signer("ES256").token())
        issuer.status = 500
        clock.pass_seconds(3600)
        assert (await verifier.verify(signer("ES256").token(n=1))).subject == "alice"
        issuer.document, issuer.status = {"keys": []}, 200
        clock.pass_seconds(300)
        assert (await verifier.verify(signer("ES256").token(n=2))).subject == "alice"
        assert issuer.asked == 3

    with_issuer(issuer, talk, clock)


@pytest.mark.parametrize("document", [{"keys": []}, {}, [], "keys", {"keys": {}}, {"keys": [7, {}]}])
def test_without_any_key_the_caller_is_asked_to_try_again(document: object) -> None:
    """Not knowing the issuer's keys is our failure, 503 and not 401, and is tried again after five seconds."""
    issuer, clock = Issuer(), SetClock()
    issuer.document = document

    async def talk(verifier: Verifier) -> None:
        refusal = await refusal_of(verifier, signer("ES256").token())
        assert (refusal.code, refusal.retry_after_seconds) == ("unavailable", 5)
        await refusal_of(verifier, signer("ES256").token())
        assert issuer.asked == 1
        issuer.document = {"keys": [signer("ES256").jwk]}
        clock.pass_seconds(5)
        assert (await verifier.verify(signer("ES256").token())).subject == "alice"

    with_issuer(issuer, talk, clock)


def test_an_issuer_that_cannot_be_reached_is_no_fault_of_the_caller() -> None:
    """A refused connection is answered with 503 as well."""

    async def talk() -> None:
        transport = HttpTransport()
        verifier = Verifier(IssuerKeys("http://127.0.0.1:1/keys", transport, SetClock()), ISSUER, SetClock())
        assert (await refusal_of(verifier, signer("ES256").token())).code == "unavailable"
        await transport.close()

    asyncio.run(talk())


def algorithms_of(jwk: dict[str, Any]) -> list[str]:
    """The algorithms for which a published key is usable."""
    return [key.algorithm for key in read_keys(json.dumps({"keys": [jwk]}).encode())]


def test_a_key_counts_for_its_own_kind_of_signature_only() -> None:
    """An RSA key without `alg` serves all of RS, one with `alg` only that; a curve has one algorithm."""
    assert algorithms_of(signer("RS256").jwk) == ["RS256", "RS384", "RS512"]
    assert algorithms_of(signer("RS256").jwk | {"alg": "RS512"}) == ["RS512"]
    assert algorithms_of(signer("ES384").jwk) == ["ES384"]
    assert algorithms_of(signer("ES384").jwk | {"alg": "ES256"}) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"use": "enc"}, id="for encryption"),
        pytest.param({"kty": "oct", "k": "c2VjcmV0"}, id="a secret"),
        pytest.param({"crv": "secp256k1"}, id="another curve"),
        pytest.param({"x": "AA"}, id="no point on the curve"),
        pytest.param({"x": 7}, id="a number as coordinate"),
        pytest.param({"kid": 7}, id="a number as name"),
        pytest.param({"d": "AA"}, id="a private key"),
        pytest.param({"kty": 7}, id="no type"),
    ],
)
def test_a_key_that_cannot_be_meant_for_tokens_is_passed_over(change: dict[str, Any]) -> None:
    """One unusable key does not spoil the others of the document."""
    good = signer("EdDSA").jwk
    document = {"keys": [signer("ES256").jwk | change, good]}
    assert [key.algorithm for key in read_keys(json.dumps(document).encode())] == ["EdDSA"]


anything = st.recursive(
    st.text() | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(st.binary(max_size=300) | anything.map(lambda keys: json.dumps({"keys": keys}).encode()))
def test_any_document_is_read(body: bytes) -> None:
    """Whatever the issuer answers, reading it does not fail."""
    assert read_keys(body) == ()


def test_a_short_secret_is_no_key() -> None:
    """HS256 needs 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        SharedSecret(Secret("x" * 31))
    assert SharedSecret(Secret("x" * 32)).algorithms == ("HS256",)
