"""The way past the general stack: what takes it, and that whoever takes it is answered as on the long way."""

import asyncio
from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from pokea.api.application import new_application
from pokea.api.fast_path import FastRoute
from pokea.api.metrics import Metrics
from pokea.api.openapi import Application
from pokea.api.responses import json_answer
from pokea.errors import ApiError, Unavailable
from pokea.ids import Ids
from tests.api.serving import CALLBACK, CALLBACK_TOKEN, INVALID_CALLBACK, Client, SetClock, against, converse

FAILURES = [
    (Unavailable("gone"), 503, "unavailable"),
    (ApiError("too_large", "No."), 413, None),
    (ValueError("secret"), 500, "internal_error"),
]


def application(failure: Exception | None = None, metrics: Metrics | None = None) -> Application:
    """Answers a POST to a callback address shortly with its body's size, and a route on the long way there as well."""

    async def take(_scope: Scope, named: str, body: bytes) -> Response:
        if failure is not None:
            raise failure
        return json_answer({"short": True, "named": named, "bytes": len(body)})

    def find(path: str) -> FastRoute | None:
        named = path.removeprefix(f"{CALLBACK}/")
        return FastRoute(take, named, f"{CALLBACK}/{{token}}") if named == CALLBACK_TOKEN else None

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
    """Of a body at a payment's own address its first 64 KiB are passed on; at another address it is refused."""

    async def talk(client: Client) -> None:
        answer = await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=b"x" * 65537)
        assert (answer.status, answer.body) == (200, {"short": True, "named": CALLBACK_TOKEN, "bytes": 65536})
        answer = await client.post(f"{CALLBACK}/other", data=b"x" * 65537)
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
    assert f'method="POST",route="{CALLBACK}/{{token}}",status="200"}} 2.0' in metrics.text()
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

    def find(path: str) -> FastRoute | None:
        named = path.removeprefix("/things/")
        return FastRoute(take, named, "/things/{id}") if named not in ("", path) else None

    clock = SetClock()
    against(new_application(clock, Ids(clock), Metrics(), shortcuts={"GET": find}), talk)


def sent_callback(body: bytes = b"{}", *headers: str, version: str = "1.1") -> bytes:
    """A callback as bytes."""
    lines = [
        f"POST {CALLBACK}/{CALLBACK_TOKEN} HTTP/{version}",
        "Host: x",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.mark.parametrize("cut", [1, 60, -7, -1], ids=["line", "address", "head", "body"])
def test_a_call_in_pieces_is_answered_like_a_whole_one(cut: int) -> None:
    """Wherever the network cuts it."""

    async def talk(client: Client) -> None:
        whole = sent_callback(b'{"a":1}', "Connection: close")
        expected = await converse(client, whole)
        assert '"bytes":7' in expected.text
        answer = await converse(client, whole[:cut], whole[cut:], pause_seconds=0.05)
        assert (answer.status, answer.text[-40:], answer.closed) == (200, expected.text[-40:], True)

    against(application(), talk)


def test_calls_behind_each_other_are_answered_in_their_order() -> None:
    """A connection may bring the next call before the answer to the last."""

    async def talk(client: Client) -> None:
        calls = [sent_callback(b"x" * size) for size in (1, 2, 3)]
        answer = await converse(client, b"".join([*calls, sent_callback(b"xxxx", "Connection: close")]))
        assert [answer.text.index(f'"bytes":{size}') for size in (1, 2, 3, 4)] == sorted(
            answer.text.index(f'"bytes":{size}') for size in (1, 2, 3, 4)
        )
        assert answer.closed

    against(application(), talk)


def test_a_connection_lives_as_long_as_its_client_wishes() -> None:
    """It is kept for the next call, and closed where the client says so or speaks an older HTTP."""

    async def talk(client: Client) -> None:
        kept = await converse(client, sent_callback(), sent_callback(b"xxx"), pause_seconds=0.05, wait_seconds=0.2)
        assert kept.text.count("HTTP/1.1 200") == 2
        assert not kept.closed
        for last in (sent_callback(b"{}", "Connection: close"), sent_callback(version="1.0")):
            ended = await converse(client, last)
            assert "\r\nconnection: close\r\n" in ended.text
            assert ended.closed

    against(application(), talk)


def test_who_hangs_up_before_the_answer_harms_nobody(log_lines: StringIO) -> None:
    """The call is carried out, nothing is written to the dead connection, and the next one is answered."""
    taken = []

    async def take(_scope: Scope, named: str, _body: bytes) -> Response:
        await asyncio.sleep(0.05)
        taken.append(named)
        return json_answer({})

    async def talk(client: Client) -> None:
        await converse(client, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", wait_seconds=0.01)
        assert (await client.get("/slow")).status == 200
        assert taken == ["slow", "slow"]

    clock = SetClock()
    find = {"/slow": FastRoute(take, "slow", "/slow")}.get
    against(new_application(clock, Ids(clock), Metrics(), shortcuts={"GET": find}), talk)
    assert "ERROR" not in log_lines.getvalue()


def test_what_is_shed_is_told_in_one_line_a_second(log_lines: StringIO) -> None:
    """The first at once, and those that follow together: a flood that is refused must not cost its log."""

    async def talk(client: Client) -> None:
        for _ in range(5):
            assert (await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=b"{}")).status == 503
        await asyncio.sleep(1.1)

    against(application(Unavailable("too much is waiting")), talk)
    lines = [line for line in log_lines.getvalue().splitlines() if "DEBUG" not in line]
    assert [line.partition("shed ")[2] for line in lines] == [
        "1 requests with 503: too much is waiting",
        "4 requests with 503: too much is waiting",
    ]


def test_what_is_quiet_is_logged_only_where_it_is_refused(log_lines: StringIO) -> None:
    """A page that waits reads every two seconds; its reads are lines for debugging alone, until one goes wrong."""

    async def take(_scope: Scope, named: str, _body: bytes) -> Response:
        if named == "missing":
            raise ApiError("not_found", "No.")
        return json_answer({})

    async def talk(client: Client) -> None:
        for named in ("there", "missing"):
            await client.get(f"/{named}")

    clock = SetClock()
    shortcuts = {"GET": lambda path: FastRoute(take, path[1:], "/{id}", quiet=True)}
    against(new_application(clock, Ids(clock), Metrics(), shortcuts=shortcuts), talk)
    lines = [line for line in log_lines.getvalue().splitlines() if "pokea.access" in line]
    assert [line.split()[1] for line in lines] == ["DEBUG", "INFO"]
