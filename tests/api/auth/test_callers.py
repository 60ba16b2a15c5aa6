"""Who is let in over HTTP, with what permission, and from which address they are taken to come."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.auth.callers import Authenticator, Caller, client_address, expected_origin, new_authenticator
from pokea.api.auth.keys import SharedSecret
from pokea.api.auth.tokens import Expected, Verifier, issue_token
from pokea.api.openapi import Application
from pokea.api.responses import json_answer
from pokea.clock import SECOND
from pokea.errors import ApiError
from pokea.redact import Secret
from pokea.settings import Settings
from pokea.transport import HttpTransport
from tests.api.serving import (
    NOON,
    SECRET,
    Client,
    SetClock,
    against,
    bearer,
    new_test_application,
    new_test_gate,
)

PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


def guarded(gate: Authenticator, *scopes: str) -> Application:
    """An application whose one page says who calls, and counts how often its object was looked up."""
    app = new_test_application()
    app.state.looked_up = 0

    async def page(request: Request) -> Response:
        caller = await gate.require(request, *scopes) if scopes else await gate.caller(request)
        request.app.state.looked_up += 1
        return json_answer({"subject": caller.subject, "admin": caller.is_admin, "address": gate.address(request)})

    app.add_route("/page", page)
    return app


@pytest.mark.parametrize("seconds_ago", [-30, 0, 1, 300])
def test_a_sign_in_of_the_last_five_minutes_is_enough(seconds_ago: int) -> None:
    """The issuer's clock may be half a minute ahead of ours."""
    signed_in = Caller("ben", frozenset(), signed_in_at=NOON - seconds_ago * SECOND)
    assert signed_in.check_sign_in(NOON) is None  # type: ignore[func-returns-value]  # it raises, or does nothing


@pytest.mark.parametrize("seconds_ago", [None, 301, 3600, -31, -3600])
def test_a_sign_in_that_is_old_or_ahead_or_not_known_is_not(seconds_ago: int | None) -> None:
    """Who approves signs in again."""
    at = None if seconds_ago is None else NOON - seconds_ago * SECOND
    with pytest.raises(ApiError, check=lambda failure: failure.code == "sign_in_again"):
        Caller("ben", frozenset(), signed_in_at=at).check_sign_in(NOON)


def test_a_caller_with_a_token_is_known_by_its_subject() -> None:
    """A bearer token lets its subject in; the scheme's case does not matter."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers=bearer("alice"))
        assert (answer.status, answer.body["subject"], answer.body["admin"]) == (200, "alice", False)
        lower = {"Authorization": bearer("alice")["Authorization"].replace("Bearer", "bEARER  ")}
        assert (await client.get("/page", headers=lower)).status == 200

    against(guarded(new_test_gate(SetClock())), talk)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({}, "This call needs a token: send `Authorization: Bearer …`."),
        ({"Authorization": ""}, "The Authorization header must be `Bearer`, a space, and one token."),
        ({"Authorization": "Bearer"}, "The Authorization header must be `Bearer`, a space, and one token."),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "The Authorization header must be `Bearer`, a space, and one token."),
        ({"Authorization": "Bearer a b"}, "The Authorization header must be `Bearer`, a space, and one token."),
        ({"Authorization": "Bearer nonsense"}, "The bearer token is no JSON Web Token; send one, whole."),
        ({"Authorization": "Bearer pcs_abcdef"}, "The bearer token is no JSON Web Token; send one, whole."),
        (bearer("alice", now=NOON - 7200 * 1_000_000), "The token has expired; ask for a new one."),
    ],
)
def test_whoever_has_no_valid_token_hears_why(headers: dict[str, str], sentence: str) -> None:
    """Every way of not being known is 401 with its own sentence and the scheme to use."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers=headers)
        assert (answer.status, answer.body["code"], answer.body["message"]) == (401, "unauthenticated", sentence)
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    against(guarded(new_test_gate(SetClock())), talk)


def test_two_authorization_headers_are_refused() -> None:
    """Which of two tokens counts is not guessed."""

    async def talk(client: Client) -> None:
        token = bearer("alice")["Authorization"]
        answer = await client.get("/page", headers=[("Authorization", token), ("Authorization", token)])
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated")

    against(guarded(new_test_gate(SetClock())), talk)


def test_a_missing_scope_is_refused_before_anything_is_looked_up() -> None:
    """Without the scope the call ends with 403 and the scope's name, and its object was never touched."""
    app = guarded(new_test_gate(SetClock()), "payments:write")

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers=bearer("alice", "payments:read", "bookings:write"))
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
        assert answer.body["message"] == "This call needs a token with the scope `payments:write`."
        assert app.state.looked_up == 0
        assert (await client.get("/page", headers=bearer("alice", "payments:write"))).status == 200

    against(app, talk)


def test_one_of_several_scopes_is_enough() -> None:
    """A call that several scopes open names them all when none is there."""
    app = guarded(new_test_gate(SetClock()), "payments:read", "bookings:write")

    async def talk(client: Client) -> None:
        for scope in ("payments:read", "bookings:write"):
            assert (await client.get("/page", headers=bearer("alice", scope))).status == 200
        refused = await client.get("/page", headers=bearer("alice", "payments:write"))
        assert "`payments:read` or `bookings:write`" in refused.body["message"]

    against(app, talk)


def test_an_admin_has_every_scope() -> None:
    """The scope `admin` stands for all others."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers=bearer("root", "admin"))
        assert (answer.status, answer.body["admin"]) == (200, True)

    against(guarded(new_test_gate(SetClock()), "payments:write"), talk)


@pytest.mark.parametrize(
    ("subject", "scopes", "owner", "sees"),
    [
        ("alice", (), "alice", True),
        ("alice", ("payments:read",), "bob", False),
        ("alice", ("payments:read",), "Alice", False),
        ("root", ("admin",), "bob", True),
    ],
)
def test_a_caller_sees_their_own_and_an_admin_everybodys(
    subject: str, scopes: tuple[str, ...], owner: str, sees: bool
) -> None:
    """An object exists for its owner and for admins."""
    assert Caller(subject, frozenset(scopes)).may_see(owner, 1) is sees


def test_the_gate_of_the_settings_uses_the_shared_secret() -> None:
    """With POKEA_JWT_SECRET, and an issuer and an audience if they are set, tokens of `pokea token` are let in."""
    settings = Settings(
        pokea_jwt_secret=SECRET.reveal(),
        pokea_jwt_issuer="https://issuer.example",
        pokea_jwt_audience="pokea",
        pokea_trusted_proxies="127.0.0.1",
    )
    gate = new_authenticator(settings, HttpTransport(), SetClock())
    token = issue_token(SECRET, "alice", [], NOON, 60, expected_origin(settings))

    async def talk(client: Client) -> None:
        assert (await client.get("/page", headers=bearer("alice"))).status == 401
        sent = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "196.201.214.200"}
        assert (await client.get("/page", headers=sent)).body["address"] == "196.201.214.200"

    against(guarded(gate), talk)


def test_the_gate_of_the_settings_prefers_an_issuers_keys() -> None:
    """With POKEA_JWKS_URL the shared secret does not count."""
    settings = Settings(
        pokea_jwt_secret=SECRET.reveal(),
        pokea_jwks_url="http://127.0.0.1:1/keys",
        pokea_jwt_issuer="https://issuer.example",
        pokea_jwt_audience="pokea",
    )

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers=bearer("alice"))
        assert (answer.status, "not accepted" in answer.body["message"]) == (401, True)

    against(guarded(new_authenticator(settings, HttpTransport(), SetClock())), talk)


def gate_behind(*proxies: Any) -> Authenticator:
    """A gate that trusts these proxies."""
    return Authenticator(Verifier(SharedSecret(Secret(SECRET.reveal())), Expected(), SetClock()), proxies)


def test_a_forwarded_address_is_not_believed_without_a_trusted_proxy() -> None:
    """Anybody can write X-Forwarded-For; without trusted proxies the connection's own address counts."""

    async def talk(client: Client) -> None:
        headers = bearer("alice") | {"X-Forwarded-For": "196.201.214.200"}
        assert (await client.get("/page", headers=headers)).body["address"] == "127.0.0.1"

    against(guarded(gate_behind()), talk)


def test_a_trusted_proxy_is_believed_over_http() -> None:
    """Several X-Forwarded-For headers are read as one list, from its end."""

    async def talk(client: Client) -> None:
        headers = [
            *bearer("alice").items(),
            ("X-Forwarded-For", "1.2.3.4, 196.201.214.200"),
            ("X-Forwarded-For", "127.0.0.9"),
        ]
        assert (await client.get("/page", headers=headers)).body["address"] == "196.201.214.200"

    against(guarded(gate_behind(ip_network("127.0.0.0/8"))), talk)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("8.8.8.8", ["1.1.1.1"], "8.8.8.8", id="the peer is no proxy"),
        pytest.param("10.0.0.1", [], "10.0.0.1", id="the proxy says nothing"),
        pytest.param("10.0.0.1", ["1.1.1.1"], "1.1.1.1", id="one hop"),
        pytest.param("10.0.0.1", ["6.6.6.6, 1.1.1.1"], "1.1.1.1", id="the client's own entry is not reached"),
        pytest.param("10.0.0.1", ["6.6.6.6, 1.1.1.1, 10.9.9.9"], "1.1.1.1", id="two trusted hops"),
        pytest.param("10.0.0.1", ["10.0.0.3,10.0.0.2"], "10.0.0.3", id="everybody is trusted"),
        pytest.param("10.0.0.1", ["1.1.1.1", "10.0.0.2"], "1.1.1.1", id="two headers"),
        pytest.param("10.0.0.1", ["unknown"], "10.0.0.1", id="no address"),
        pytest.param("10.0.0.1", ["1.1.1.1, , 10.0.0.2"], "10.0.0.2", id="a hole in the list"),
        pytest.param("10.0.0.1", ["6.6.6.6, 1.1.1.1,"], "1.1.1.1", id="a comma at the end"),
        pytest.param("10.0.0.1", ["1.1.1.1, ,", "10.0.0.2 , "], "1.1.1.1", id="commas and blanks at the ends"),
        pytest.param("10.0.0.1", ['6.6.6.6, "1.1.1.1"'], "1.1.1.1", id="in quotes"),
        pytest.param("10.0.0.1", ['"[2001:470::1]:443"'], "2001:470::1", id="version 6 with a port in quotes"),
        pytest.param("10.0.0.1", ["1.1.1.1:55312"], "1.1.1.1", id="with a port"),
        pytest.param("10.0.0.1", ["[2001:470::1]:443"], "2001:470::1", id="version 6 with a port"),
        pytest.param("::ffff:10.0.0.1", ["::ffff:1.1.1.1"], "1.1.1.1", id="version 4 inside version 6"),
        pytest.param("2001:db8::1", ["2001:470::1"], "2001:470::1", id="version 6"),
        pytest.param("", ["1.1.1.1"], "", id="a socket file"),
    ],
)
def test_the_client_is_found_behind_trusted_proxies(peer: str, forwarded: list[str], address: str) -> None:
    """X-Forwarded-For is walked from the right, for as long as the reporting address is trusted."""
    assert client_address(peer, forwarded, PROXIES) == address


outsiders = st.ip_addresses(v=4).filter(lambda address: address not in PROXIES[0]).map(str)
insiders = st.integers(0, 2**24 - 1).map(lambda number: str(ip_address("10.0.0.0") + number))


@given(outsiders, st.lists(insiders, max_size=4), st.text(st.characters(codec="latin-1"), max_size=60))
def test_nobody_can_pretend_another_address(client: str, hops: list[str], invented: str) -> None:
    """Whatever a client writes itself, the proxies' entries decide."""
    forwarded = ", ".join([invented, client, *hops])
    assert client_address("10.255.255.255", [forwarded], PROXIES) == client


@given(st.text(max_size=40), st.lists(st.text(max_size=60), max_size=3))
def test_any_header_leads_to_some_address(peer: str, forwarded: list[str]) -> None:
    """No header makes the walk fail."""
    assert isinstance(client_address(peer, forwarded, PROXIES), str)
