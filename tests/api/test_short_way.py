"""The way past the general stack: what takes it, and that whoever takes it is answered as on the long way."""

from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from pokea.api.answers import json_answer
from pokea.api.application import new_application
from pokea.api.metrics import Metrics
from pokea.api.openapi import Application
from pokea.api.short_way import Shortcut
from pokea.errors import Refusal, Unavailable
from pokea.ids import Ids
from tests.api.serving import CALLBACK, CALLBACK_TOKEN, INVALID_CALLBACK, Client, SetClock, against

FAILURES = [
    (Unavailable("gone"), 503, "unavailable"),
    (Refusal("too_large", "No."), 413, None),
    (ValueError("secret"), 500, "internal_error"),
]


def application(failure: Exception | None = None, metrics: Metrics | None = None) -> Application:
    """Answers a POST to a callback address shortly with its body's size, and a route on the long way there as well."""

    async def take(_scope: Scope, named: str, body: bytes) -> Response:
        if failure is not None:
            raise failure
        return json_answer({"short": True, "named": named, "bytes": len(body)})

    def find(path: str) -> Shortcut | None:
        named = path.removeprefix(f"{CALLBACK}/")
        return Shortcut(take, named, f"{CALLBACK}/{{token}}") if named == CALLBACK_TOKEN else None

    async def route(request: Request) -> Response:
        body = await request.body()
        if failure is not None:
            raise failure
        return json_answer({"short": False, "named": request.path_params["token"], "bytes": len(body)})

    clock = SetClock()
    app = new_application(clock, Ids(clock), metrics or Metrics(), shortcuts={"POST": find})
    app.add_route(f"{CALLBACK}/{{token}}", route, methods=["POST"])
    return app


def test_only_a_post_that_is_known_takes_the_short_way() -> None:
    """A known path is answered shortly whole; another path and another method go the long way."""

    async def talk(client: Client) -> None:
        short = await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=b"hello")
        assert short.body == {"short": True, "named": CALLBACK_TOKEN, "bytes": 5}
        long = await client.post(f"{CALLBACK}/other", data=b"hello")
        assert long.body == {"short": False, "named": "other", "bytes": 5}
        assert (await client.get(f"{CALLBACK}/{CALLBACK_TOKEN}")).status == 405

    against(application(), talk)


@pytest.mark.parametrize("body", [b"", b"x" * 65536])
def test_a_body_of_any_size_in_the_bound_arrives_whole(body: bytes) -> None:
    """From nothing to the bound, however many pieces the network makes of it."""

    async def talk(client: Client) -> None:
        answer = await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=body)
        assert answer.body["bytes"] == len(body)

    against(application(), talk)


def test_the_bound_of_a_body_holds_on_the_short_way() -> None:
    """One byte more is refused before anybody looks at it."""

    async def talk(client: Client) -> None:
        answer = await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=b"x" * 65537)
        assert (answer.status, answer.body) == (413, INVALID_CALLBACK)

    against(application(), talk)


@pytest.mark.parametrize(("failure", "status", "code"), FAILURES, ids=["shed", "refused", "unexpected"])
def test_failures_are_answered_alike_on_both_ways(
    failure: Exception, status: int, code: str | None, log_lines: StringIO
) -> None:
    """Status, body and Retry-After do not tell which way a call took, and nothing of an unexpected failure is told."""

    async def talk(client: Client) -> None:
        answers = [await client.post(f"{CALLBACK}/{named}", data=b"{}") for named in (CALLBACK_TOKEN, "other")]
        told = [
            (
                each.status,
                each.headers.get("Retry-After"),
                {**each.body, "requestId": ""} if "requestId" in each.body else each.body,
            )
            for each in answers
        ]
        assert told[0] == told[1]
        assert (answers[0].status, answers[0].body.get("code")) == (status, code)
        assert "secret" not in str(answers[0].body)

    against(application(failure), talk)
    assert ("ValueError: secret" in log_lines.getvalue()) is isinstance(failure, ValueError)


def test_the_short_way_is_framed_like_the_long_one() -> None:
    """It has a request id, safe headers, and its route's name in the counts."""
    metrics = Metrics()

    async def talk(client: Client) -> None:
        headers = {"X-Request-Id": "theirs"}
        answers = [
            await client.post(f"{CALLBACK}/{named}", data=b"{}", headers=headers) for named in (CALLBACK_TOKEN, "other")
        ]
        assert answers[0].headers["X-Request-Id"] == "theirs"
        assert {*answers[0].headers} == {*answers[1].headers}

    against(application(metrics=metrics), talk)
    assert f'method="POST",route="{CALLBACK}/{{token}}",status="200"}} 2' in metrics.text()
    assert CALLBACK_TOKEN not in metrics.text()


def test_a_shortcut_is_for_its_method_alone() -> None:
    """What is known for GET is answered shortly to a GET, with no body, and to nothing else."""

    async def talk(client: Client) -> None:
        answer = await client.get("/things/7")
        assert answer.body == {"named": "7", "bytes": 0}
        assert (await client.post("/things/7", data=b"{}")).status == 404
        assert (await client.get("/things/")).status == 404

    async def take(_scope: Scope, named: str, body: bytes) -> Response:
        return json_answer({"named": named, "bytes": len(body)})

    def find(path: str) -> Shortcut | None:
        named = path.removeprefix("/things/")
        return Shortcut(take, named, "/things/{id}") if named not in ("", path) else None

    clock = SetClock()
    against(new_application(clock, Ids(clock), Metrics(), shortcuts={"GET": find}), talk)
