"""Tokens: how they are asked for, how long they live, and what a bad one meets (daraja: Token request; daraja: Token
behaviour)."""

import base64

import pytest

from pokea.simulator.faults import OAUTH_PATH, PUSH_PATH
from tests.simulator.conftest import StartDaraja
from tests.simulator.running import Daraja

_GENERATE = f"{OAUTH_PATH}?grant_type=client_credentials"


def _basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_a_token_is_28_characters_and_lasts_3599_seconds_as_text(daraja: Daraja) -> None:
    """OAuth answers an opaque token of 28 characters and `expires_in` as the text 3599."""
    answer = daraja.generate()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"access_token", "expires_in"}
    assert len(answer.json["access_token"]) == 28
    assert answer.json["expires_in"] == "3599"


def test_expires_in_can_be_a_number(start_daraja: StartDaraja) -> None:
    """The variant of the current portal page prints a number."""
    assert start_daraja(expires_in="number").generate().json["expires_in"] == 3599


def test_two_tokens_differ(daraja: Daraja) -> None:
    """Each request makes a token of its own."""
    assert daraja.new_token() != daraja.new_token()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer abc"}, {"Authorization": "abc"}])
def test_another_scheme_than_basic_is_refused(daraja: Daraja, headers: dict[str, str]) -> None:
    """A missing or different Authorization scheme gets 400.008.01."""
    answer = daraja.call("GET", _GENERATE, headers=headers)
    assert answer.error == (400, "400.008.01", "Invalid Authentication passed")


@pytest.mark.parametrize("parameters", ["", "?grant_type=password", "?grant_type="])
def test_another_grant_type_is_refused(daraja: Daraja, parameters: str) -> None:
    """A missing or different grant type gets 400.008.02."""
    answer = daraja.generate(path=OAUTH_PATH + parameters)
    assert answer.error == (400, "400.008.02", "Invalid grant type passed")


@pytest.mark.parametrize(
    "credentials", ["wrong:simulator-secret", "simulator-key:wrong", "simulator-key", "", "simulator-key:"]
)
def test_wrong_credentials_get_an_empty_400(daraja: Daraja, credentials: str) -> None:
    """A wrong key or secret is answered with 400 and no body at all."""
    answer = daraja.call("GET", _GENERATE, headers=_basic(credentials))
    assert (answer.status, answer.body) == (400, b"")


def test_credentials_that_are_no_base64_get_an_empty_400(daraja: Daraja) -> None:
    """What cannot be decoded is a wrong key like any other."""
    assert daraja.call("GET", _GENERATE, headers={"Authorization": "Basic %%%"}).status == 400


def test_wrong_credentials_can_get_a_coded_400(start_daraja: StartDaraja) -> None:
    """The variant of the older mocks says 400.008.01, in either wording."""
    plain = start_daraja(bad_credentials="400.008.01").generate(secret="wrong")
    other = start_daraja(bad_credentials="400.008.01", wording="second").generate(secret="wrong")
    assert plain.error == (400, "400.008.01", "Invalid Authentication passed")
    assert other.error == (400, "400.008.01", "Invalid authentication type passed")


def test_the_credentials_are_options(start_daraja: StartDaraja) -> None:
    """The simulator answers to the key and secret that it was given, and to no others."""
    daraja = start_daraja(consumer_key="my-key", consumer_secret="my-secret")
    assert daraja.generate().status == 200
    assert daraja.generate("simulator-key", "simulator-secret").status == 400


def test_a_token_request_by_post_is_refused(daraja: Daraja) -> None:
    """OAuth is the one call that is a GET."""
    answer = daraja.call("POST", _GENERATE, headers=_basic("simulator-key:simulator-secret"))
    assert answer.error == (404, "404.001.04", "Invalid Authentication Header")


def test_a_push_without_a_bearer_token_is_refused(daraja: Daraja) -> None:
    """A missing Authorization header, or another scheme, gets 404.001.04."""
    for headers in ({}, _basic("simulator-key:simulator-secret"), {"Authorization": "Bearer "}):
        answer = daraja.call("POST", PUSH_PATH, daraja.push_body(), headers)
        assert answer.error == (404, "404.001.04", "Invalid Authentication Header")


def test_an_unknown_token_is_404_on_the_push_and_400_on_the_query(daraja: Daraja) -> None:
    """The two calls word the same refusal with different statuses and codes."""
    assert daraja.push(token="nobody-gave-out-this-token00").error == (404, "404.001.03", "Invalid Access Token")
    assert daraja.query("ws_CO_1", token="nobody").error == (400, "400.003.01", "Invalid Access Token")


def test_a_bad_token_can_be_echoed(start_daraja: StartDaraja) -> None:
    """The variant with 401 prints the token in its message, as B2C does."""
    answer = start_daraja(bad_token="401.002.01").push(token="SecretToken123")
    assert answer.error == (401, "401.002.01", "Error Occurred - Invalid Access Token - SecretToken123")


def test_a_token_dies_after_an_hour(daraja: Daraja) -> None:
    """A token opens Daraja for 3600 s and not longer."""
    token = daraja.new_token()
    daraja.advance(3590)
    assert daraja.push(token=token).status == 200
    daraja.advance(15)
    assert daraja.push(token=token).error == (404, "404.001.03", "Invalid Access Token")


def test_an_old_token_stays_valid_by_default(daraja: Daraja) -> None:
    """A new token does not kill the old one unless the switch says so."""
    old = daraja.new_token()
    daraja.new_token()
    assert daraja.push(token=old).status == 200


def test_a_new_token_can_kill_the_old_one(start_daraja: StartDaraja) -> None:
    """The strict reading of Safaricom's FAQ: each request invalidates the previous token."""
    daraja = start_daraja(old_token="invalidated")
    old = daraja.new_token()
    new = daraja.new_token()
    assert daraja.push(token=old).error == (404, "404.001.03", "Invalid Access Token")
    assert daraja.push(token=new).status == 200


def test_tokens_are_kept_within_a_bound(start_daraja: StartDaraja) -> None:
    """The oldest of more than a thousand tokens is forgotten; the newest opens."""
    daraja = start_daraja()
    first = daraja.new_token()
    for _ in range(1000):
        last = daraja.new_token()
    assert daraja.query("ws_CO_1", token=first).status == 400
    assert daraja.query("ws_CO_1", token=last).status == 500
