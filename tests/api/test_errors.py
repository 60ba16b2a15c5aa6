"""Every failure is answered with one envelope, from one catalogue, and tells nothing that it should not."""

from io import StringIO

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pokea.api.bodies import Incoming, read_body
from pokea.api.errors import problem_body
from pokea.api.openapi import Application
from pokea.api.responses import json_answer
from pokea.errors import CATALOGUE, ApiError, FieldError, PokeaError, Unavailable, invalid
from tests.api.serving import INVALID_CALLBACK, Client, against, new_test_application

CALLBACKS = ("/api/v1/payments/mpesa/callback", "/api/v1/payments/stk/callback")


def failing(failure: Exception, path: str = "/page") -> Application:
    """An application whose one page fails."""
    app = new_test_application()

    async def page(_request: Request) -> Response:
        raise failure

    app.add_route(path, page, methods=["GET", "POST"])
    return app


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_problem_of_the_catalogue_has_its_status_and_the_envelope(code: str) -> None:
    """A refusal is answered with its status, its code, its message, and the id of the request."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers={"X-Request-Id": "my-request"})
        assert answer.status == CATALOGUE[code].status
        assert answer.body == {
            "success": False,
            "message": "A sentence.",
            "code": code,
            "errors": [],
            "requestId": "my-request",
        }

    against(failing(ApiError(code, "A sentence.")), talk)


def test_wrong_fields_are_listed_and_what_is_extra_stands_at_the_top() -> None:
    """`errors` names fields, `extra` joins the envelope, and the wait is a header."""
    refusal = ApiError(
        "payment_in_progress",
        "A payment is open.",
        (FieldError("phoneNumber", "It is in use."),),
        {"transactionId": "pay_1"},
        retry_after_seconds=7,
    )

    async def talk(client: Client) -> None:
        answer = await client.post("/page")
        assert answer.body["errors"] == [{"field": "phoneNumber", "message": "It is in use."}]
        assert answer.body["transactionId"] == "pay_1"
        assert answer.headers["Retry-After"] == "7"

    against(failing(refusal), talk)


def test_without_a_wait_there_is_no_header_for_it() -> None:
    """Retry-After is sent only where it says something."""

    async def talk(client: Client) -> None:
        assert "Retry-After" not in (await client.get("/page")).headers

    against(failing(invalid("amount", "Wrong.")), talk)


def test_a_database_that_is_away_is_503_with_a_wait() -> None:
    """Unavailable says nothing of the reason to the caller."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page")
        assert (answer.status, answer.body["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
        assert "db.internal" not in str(answer.body)

    against(failing(Unavailable("connection to db.internal refused")), talk)


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("secret 0712345678"),
        PokeaError("secret 0712345678"),
        KeyError("secret"),
        HTTPException(418, "secret"),
        RecursionError("secret"),
        TimeoutError("secret"),
        AssertionError("secret"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_what_nobody_expected_is_500_and_tells_nothing(failure: Exception, log_lines: StringIO) -> None:
    """The caller gets an id, and the log has the rest under the same id, masked."""

    async def talk(client: Client) -> None:
        answer = await client.get("/page", headers={"X-Request-Id": "find-me"})
        assert (answer.status, answer.body["code"], answer.body["requestId"]) == (500, "internal_error", "find-me")
        assert "secret" not in str(answer.body)
        assert type(failure).__name__ not in str(answer.body)

    against(failing(failure), talk)
    logged = [line for line in log_lines.getvalue().splitlines() if "Traceback" in line]
    assert len(logged) == 1
    assert "[find-me]" in logged[0]
    assert "0712345678" not in logged[0]


def test_the_server_lives_on_after_an_unexpected_failure() -> None:
    """A failure ends its own request, not the connection of the next."""

    async def talk(client: Client) -> None:
        assert [(await client.get("/page")).status for _ in range(3)] == [500, 500, 500]
        assert (await client.get("/healthz")).status == 200

    against(failing(ValueError()), talk)


def test_an_unknown_address_is_404_in_our_envelope() -> None:
    """What is not there is `not_found`, also with a slash too many: nothing is redirected."""

    async def talk(client: Client) -> None:
        for path in ("/nowhere", "/page/", "//page", "/PAGE", "/healthz/"):
            answer = await client.get(path)
            assert (answer.status, answer.body["code"]) == (404, "not_found"), path

    against(failing(ValueError()), talk)


def test_a_wrong_method_is_405_and_names_the_right_ones() -> None:
    """`Allow` lists the methods of every route at the address, in one order."""
    app = new_test_application()

    async def page(_request: Request) -> Response:
        return Response()

    app.add_route("/page", page, methods=["POST"])
    app.add_route("/page", page, methods=["GET"])

    async def talk(client: Client) -> None:
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "REPORT"):
            answer = await client.send(method, "/page")
            assert (answer.status, answer.body["code"]) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == "GET, HEAD, POST"

    against(app, talk)


class Order(Incoming):
    """A body with two fields."""

    amount: int
    parts: tuple[int, ...] = ()


def with_model() -> Application:
    """An application with a call that takes a model."""
    app = new_test_application()

    async def page(request: Request) -> Response:
        return json_answer({"amount": (await read_body(request, Order)).amount})

    app.add_route("/orders", page, methods=["POST"])
    return app


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["amount"]),
        ({"amount": 1, "parts": {}}, ["parts"]),
        ({"amount": "x", "parts": [1, "y"]}, ["amount", "parts.1"]),
    ],
)
def test_what_a_model_finds_wrong_is_answered_in_our_words(body: object, fields: list[str]) -> None:
    """A body that its model refuses is answered 400 with the fields' paths, never 422."""

    async def talk(client: Client) -> None:
        answer = await client.post("/orders", json=body)
        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert [error["field"] for error in answer.body["errors"]] == fields

    against(with_model(), talk)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b'"text"', b"\xff", b"[" * 60_000, b"9" * 5000])
def test_what_cannot_be_read_is_a_malformed_body(body: bytes) -> None:
    """A body that is no JSON object is 400 `malformed_body`, however deep or long."""

    async def talk(client: Client) -> None:
        answer = await client.post("/orders", data=body, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.body["code"]) == (400, "malformed_body")

    against(with_model(), talk)


@pytest.mark.parametrize("path", CALLBACKS)
@pytest.mark.parametrize("code", ["invalid_request", "malformed_body", "request_timeout", "too_large"])
def test_a_refused_callback_is_answered_as_the_guide_says(path: str, code: str) -> None:
    """Daraja gets `Invalid callback` with the refusal's status, with and without a token in the path."""

    async def talk(client: Client) -> None:
        answer = await client.post(f"{path}/{'a' * 48}")
        assert (answer.status, answer.body) == (CATALOGUE[code].status, INVALID_CALLBACK)

    against(failing(ApiError(code, "Refused."), f"{path}/{{token}}"), talk)


@pytest.mark.parametrize("path", CALLBACKS)
def test_a_get_of_a_callback_is_405_at_once(path: str) -> None:
    """Whoever tries a callback address with a browser sees that it is there."""

    async def talk(client: Client) -> None:
        answer = await client.get(path)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.body["code"] == "method_not_allowed"

    app = new_test_application()

    async def callback(_request: Request) -> Response:
        return Response()

    app.add_route(path, callback, methods=["POST"])
    against(app, talk)


def test_an_envelope_without_a_request_has_an_empty_id() -> None:
    """The envelope is a function of the refusal and the id alone."""
    assert problem_body(ApiError("not_found", "No."), "") == {
        "success": False,
        "message": "No.",
        "code": "not_found",
        "errors": [],
        "requestId": "",
    }
