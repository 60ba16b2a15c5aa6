"""The bounds of a request: how much of a body is read, for how long, and what ends a broken answer."""

import asyncio
import io
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pokea.api.metrics import HTTP_REQUESTS, Metrics
from pokea.api.middleware import (
    BODY_TIMEOUT_SECONDS,
    LARGEST_BODY_BYTES,
    LONGEST_DISCARD_BYTES,
    BodyBound,
    ErrorBoundary,
    RequestContext,
    RequestContextMiddleware,
)
from pokea.api.responses import json_answer
from pokea.ids import Ids
from tests.api.serving import (
    CALLBACK,
    CALLBACK_TOKEN,
    INVALID_CALLBACK,
    Client,
    SetClock,
    against,
    converse,
    echoing,
    new_test_application,
)


@pytest.mark.parametrize("size", [0, 1, LARGEST_BODY_BYTES])
def test_a_body_within_the_bound_arrives_whole(size: int) -> None:
    """Up to 64 KiB pass, with and without a declared length."""

    async def in_parts() -> AsyncIterator[bytes]:
        yield b"x" * (size // 2)
        yield b"x" * (size - size // 2)

    async def talk(client: Client) -> None:
        assert (await client.post("/echo", data=b"x" * size)).body == {"bytes": size}
        assert (await client.post("/echo", data=in_parts())).body == {"bytes": size}

    against(echoing(), talk)


@pytest.mark.parametrize("size", [LARGEST_BODY_BYTES + 1, 10_000_000])
def test_a_larger_body_is_refused_before_it_reaches_anything(size: int) -> None:
    """A declared length above the bound is 413, and the connection is not used again."""
    app = echoing()

    async def talk(client: Client) -> None:
        answer = await client.post("/echo", data=io.BytesIO(b"x" * size))
        assert (answer.status, answer.body["code"]) == (413, "too_large")
        assert "65536 bytes" in answer.body["message"]
        assert answer.headers["Connection"] == "close"
        assert app.state.reached == 0

    against(app, talk)


def test_a_larger_body_of_undeclared_length_is_refused() -> None:
    """Chunks are counted as they come."""
    app = echoing()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    async def talk(client: Client) -> None:
        answer = await client.post("/echo", data=chunks())
        assert (answer.status, answer.body["code"]) == (413, "too_large")
        assert app.state.reached == 0

    against(app, talk)


def test_an_endless_body_is_cut_off() -> None:
    """After the refusal a bounded rest is read and thrown away; then the connection is closed."""
    app = echoing()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65536
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def talk(client: Client) -> None:
        answer = await client.post("/echo", data=endless())
        assert (answer.status, answer.body["code"]) == (413, "too_large")
        assert app.state.reached == 0
        assert sent < 4 * LONGEST_DISCARD_BYTES
        assert (await client.get("/healthz")).status == 200

    against(app, talk)


@pytest.mark.parametrize("path", [CALLBACK, f"{CALLBACK}/", f"{CALLBACK}/{CALLBACK_TOKEN}0"])
def test_a_callback_that_is_too_large_is_answered_as_the_guide_says(path: str) -> None:
    """Daraja would get its own form of refusal, not our envelope."""

    async def talk(client: Client) -> None:
        answer = await client.post(path, data=io.BytesIO(b"x" * 10_000_000))
        assert (answer.status, answer.body) == (413, INVALID_CALLBACK)

    against(echoing(), talk)


def test_of_a_large_body_at_a_payments_own_address_the_beginning_is_passed_on() -> None:
    """The application gets the first 64 KiB, and what the body would be refused with elsewhere."""

    async def talk(client: Client) -> None:
        answer = await client.post(f"{CALLBACK}/{CALLBACK_TOKEN}", data=io.BytesIO(b"x" * 10_000_000))
        assert (answer.status, answer.body) == (200, {"bytes": 65536})

    against(echoing(), talk)


def test_whoever_asks_first_is_refused_without_sending() -> None:
    """A client that waits for `100 Continue` gets the 413 at once, and is not invited to send."""

    async def talk(client: Client) -> None:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n"
        answer = await converse(client, head)
        assert (answer.status, answer.closed) == (413, True)
        assert "100 Continue" not in answer.text

    against(echoing(), talk)


def test_whoever_asks_first_may_send_what_fits() -> None:
    """A client that waits for `100 Continue` is invited when its body is within the bound."""

    async def talk(client: Client) -> None:
        head = (
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        answer = await converse(client, head, b"hello", pause_seconds=0.1)
        assert answer.text.startswith("HTTP/1.1 100 Continue")
        assert '{"bytes":5}' in answer.text

    against(echoing(), talk)


async def answering_size(scope: Scope, receive: Receive, send: Send) -> None:
    """An application below the bound: answers with the size of the body."""
    response = json_answer({"bytes": len(await Request(scope, receive).body())})
    await response(scope, receive, send)


def framed(app: ASGIApp) -> RequestContextMiddleware:
    """The application with an id and a log line for each request."""
    clock = SetClock()
    requests = Metrics().counter(HTTP_REQUESTS)
    return RequestContextMiddleware(app, RequestContext(clock, Ids(clock), requests))


def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    """A body that trickles is 408, and the connection is closed; the default is twenty seconds."""
    assert BODY_TIMEOUT_SECONDS == 20

    async def talk(client: Client) -> None:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        answer = await converse(client, head, b"x", b"x", pause_seconds=0.05)
        assert (answer.status, answer.closed) == (408, True)
        assert '"code":"request_timeout"' in answer.text
        callback = head.replace(b"/echo", CALLBACK.encode())
        assert '{"ResultCode":1,"ResultDesc":"Invalid callback"}' in (await converse(client, callback)).text

    against(framed(BodyBound(answering_size, timeout_seconds=0.2)), talk)


def test_a_body_that_is_broken_off_reaches_nothing(log_lines: StringIO) -> None:
    """A client that goes away in the middle of its body leaves nothing but a line in the log."""
    app = echoing()

    async def talk(client: Client) -> None:
        await converse(client, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc", wait_seconds=0.05)
        await asyncio.sleep(0.05)
        assert app.state.reached == 0
        assert (await client.get("/healthz")).status == 200

    against(app, talk)
    assert "Traceback" not in log_lines.getvalue()


def test_a_rest_that_never_comes_is_not_waited_for_longer_than_a_body() -> None:
    """After a 413 the rest of the body is read for as long as a body may take, not longer."""

    async def talk(client: Client) -> None:
        head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        answer = await converse(client, head, b"x")
        assert (answer.status, answer.closed) == (413, True)

    against(framed(BodyBound(answering_size, largest_bytes=10, timeout_seconds=0.2)), talk)


def test_an_open_stream_hears_that_its_reader_left() -> None:
    """The bound hands on what comes after the body, so that a stream ends with its connection."""
    app = new_test_application()
    app.state.ended = asyncio.Event()

    async def stream(_request: Request) -> Response:
        async def events() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"data: 1\n\n"
                    await asyncio.sleep(0.01)
            finally:
                app.state.ended.set()

        return StreamingResponse(events())

    app.add_route("/stream", stream, methods=["POST"])

    async def talk(client: Client) -> None:
        async with client.session.post(f"{client.base_url}/stream", data=b"{}") as response:
            assert await response.content.readline() == b"data: 1\n"
            response.close()
        async with asyncio.timeout(5):
            await app.state.ended.wait()

    against(app, talk)


def test_a_failure_in_the_middle_of_an_answer_cuts_it() -> None:
    """Half an answer cannot become a problem any more; the connection says that it is not whole."""

    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError("half way")

    async def talk(client: Client) -> None:
        answer = await converse(client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (answer.status, answer.closed) == (200, True)
        assert answer.text.endswith("half")

    against(framed(ErrorBoundary(half)), talk)


def test_other_events_of_the_server_pass_through() -> None:
    """Start and stop are the application's business."""
    passed: list[str] = []

    async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])
        raise ValueError("no lifespan here")

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    async def ignored(message: Message) -> None:
        passed.append(message["type"])

    app = framed(ErrorBoundary(BodyBound(lifespan)))
    with pytest.raises(ValueError, match="no lifespan"):
        asyncio.run(app({"type": "lifespan"}, nothing, ignored))
    assert passed == ["lifespan"]
