"""Answers to older clients, and to those that have gone."""

import asyncio
from collections.abc import AsyncIterator
from io import StringIO

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from pokea.api.metrics import Metrics
from pokea.api.openapi import Application
from tests.api.serving import Client, against, converse, new_test_application


def streaming(metrics: Metrics | None = None) -> Application:
    """An application that answers with a stream of events, and with one answer of a known length."""
    app = new_test_application(metrics=metrics)

    async def events(_request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"data: %d\n\n" % number
                await asyncio.sleep(0)

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def whole(_request: Request) -> Response:
        return Response("whole")

    async def empty(_request: Request) -> Response:
        return Response(status_code=204)

    app.add_route("/events", events)
    app.add_route("/whole", whole)
    app.add_route("/empty", empty)
    return app


@pytest.mark.parametrize("kept", ["", "Connection: keep-alive\r\n"])
def test_an_older_client_gets_a_stream_without_chunks(kept: str) -> None:
    """HTTP/1.0 knows no chunks: the events come as they are, and the end of the connection is their end."""

    async def talk(client: Client) -> None:
        answer = await converse(client, f"GET /events HTTP/1.0\r\n{kept}\r\n".encode())
        head, _, body = answer.text.partition("\r\n\r\n")
        assert "transfer-encoding" not in head.lower()
        assert "connection: close" in head.lower()
        assert (body, answer.closed) == ("data: 0\n\ndata: 1\n\ndata: 2\n\n", True)

    against(streaming(), talk)


def test_an_older_client_gets_other_answers_as_they_are() -> None:
    """With a length, without a body, and to HEAD."""

    async def talk(client: Client) -> None:
        whole = await converse(client, b"GET /whole HTTP/1.0\r\n\r\n")
        assert ("content-length: 5" in whole.text, whole.text[-5:], whole.closed) == (True, "whole", True)
        for request in (b"GET /empty HTTP/1.0\r\n\r\n", b"HEAD /events HTTP/1.0\r\n\r\n"):
            answer = await converse(client, request)
            assert answer.text.endswith("\r\n\r\n")
            assert answer.closed

    against(streaming(), talk)


def test_a_newer_client_gets_a_stream_in_chunks() -> None:
    """As before: the connection is kept for the next call."""

    async def talk(client: Client) -> None:
        answer = await converse(
            client, b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n", wait_seconds=0.1, until=b"0\r\n\r\n"
        )
        assert "transfer-encoding: chunked" in answer.text
        assert (answer.text.endswith("0\r\n\r\n"), answer.closed) == (True, False)

    against(streaming(), talk)


def test_a_call_without_an_answer_is_logged_as_aborted(log_lines: StringIO) -> None:
    """No status is made up for a call whose client has gone before its body came."""
    metrics = Metrics()

    async def talk(client: Client) -> None:
        await converse(client, b"POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx", wait_seconds=0.05)
        while "aborted" not in log_lines.getvalue():
            await asyncio.sleep(0.01)

    against(streaming(metrics), talk)
    assert "POST /whole aborted" in log_lines.getvalue()
    assert 'status="aborted"' in metrics.text()
    assert 'status="0"' not in metrics.text()
