"""Daraja's own paths over HTTP: each request through the gateway, its answer held, cut or sent as the verdict says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from pokea.clock import seconds
from pokea.simulator.apis.calls import GatewayVerdict, ParsedRequest
from pokea.simulator.event_log import EventLog, LoggedBody
from pokea.simulator.faults import FaultKind
from pokea.simulator.gateway import Gateway
from pokea.simulator.http.bodies import read_body
from pokea.simulator.journal import Journal, RequestEntry
from pokea.simulator.sender import CallbackSender
from pokea.simulator.timekeeping import SimulatedTime, Wake

_ANY_METHOD: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_LIKE_DARAJA: Final = ("/oauth/", "/mpesa/")
_MOST_LEFTOVERS: Final = 1_000
"""Pieces of a body that may still come after it was read as far as it counts."""


class DarajaApi:
    """The handler of every path that is Daraja's."""

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        feed: EventLog,
        time: SimulatedTime,
        courier: CallbackSender,
        changed: Callable[[], None],
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._feed = feed
        self._time = time
        self._courier = courier
        self._changed = changed
        self._held: dict[int, Callable[[], None]] = {}
        self._holds = 0
        self._stopping = False

    def routes(self) -> list[Route]:
        """Daraja's paths, with every method: which one is right is Daraja's to say."""
        return [Route(path, self.answer, methods=_ANY_METHOD) for path in self._gateway.paths]

    async def unknown(self, request: Request) -> Response:
        """Any other path; it is journalled where it looks like one of Daraja's, for whoever mistyped it."""
        if request.url.path.startswith(_LIKE_DARAJA):
            return await self.answer(request)
        verdict = self._gateway.verdict(await _asked(request), None, self._time.now())
        assert verdict.answer is not None  # noqa: S101  # without a fault there is always an answer
        return Response(verdict.answer.body, verdict.answer.status, media_type=verdict.answer.content_type)

    async def answer(self, request: Request) -> Response:
        """Daraja's answer, or the end of the connection."""
        entry = self._journal.request(self._time.now(), request.url.path)
        asked = await _asked(request)
        self._show_request(asked, entry)
        rule = self._gateway.fault(asked, self._time.now())
        if rule is not None and rule.kind is FaultKind.SLOW and rule.when == "before":
            await self._hold(request, rule.seconds)
        verdict = self._gateway.verdict(asked, rule, self._time.now())
        entry.fault = verdict.fault
        callback_sent = self._courier.expect(verdict.after_callback_of) if verdict.after_callback_of else None
        self._changed()
        if callback_sent is not None:
            async with self._holding(request, callback_sent.set):
                await callback_sent.wait()
        if verdict.hold_seconds:
            await self._hold(request, verdict.hold_seconds)
        return self._finish(entry, verdict)

    def release(self) -> None:
        """End every hold now, and each that would begin, because the simulator stops."""
        self._stopping = True
        for let_go in list(self._held.values()):
            let_go()

    async def _hold(self, request: Request, hold_seconds: float) -> None:
        """Wait on the simulator's clock, at most until the client has gone."""
        wake = Wake()
        async with self._holding(request, wake.up):
            await self._time.sleep(self._time.now() + seconds(hold_seconds), wake)

    @asynccontextmanager
    async def _holding(self, request: Request, let_go: Callable[[], None]) -> AsyncIterator[None]:
        """While a request is held: `let_go` is called when its client has gone, and when the simulator stops."""
        self._holds += 1
        number = self._holds
        self._held[number] = let_go
        if self._stopping:
            let_go()
        watch = asyncio.get_running_loop().create_task(_gone(request, let_go))
        try:
            yield
        finally:
            watch.cancel()
            del self._held[number]

    def _show_request(self, asked: ParsedRequest, entry: RequestEntry) -> None:
        self._feed.add(
            "request",
            entry.at,
            method=asked.method,
            path=asked.path,
            authorization="****" if asked.authorization else None,
            body=LoggedBody(asked.body),
        )

    def _finish(self, entry: RequestEntry, verdict: GatewayVerdict) -> Response:
        answer = verdict.answer
        entry.status = answer.status if answer else None
        self._feed.add(
            "response",
            self._time.now(),
            path=entry.path,
            status=entry.status,
            fault=entry.fault,
            body=LoggedBody(answer.body) if answer else None,
        )
        self._changed()
        if answer is None:
            return CutConnection()
        return Response(answer.body, answer.status, media_type=answer.content_type)


async def _asked(request: Request) -> ParsedRequest:
    try:
        body = await read_body(request)
    except ClientDisconnect:
        body = None
    return ParsedRequest(
        request.method,
        request.url.path,
        request.headers.get("authorization", ""),
        request.headers.get("content-type", ""),
        dict(request.query_params),
        body if body is not None else b"",
    )


async def _gone(request: Request, let_go: Callable[[], None]) -> None:
    """Let go once the client has closed its connection."""
    if await _closed(request.receive):
        let_go()


async def _closed(receive: Receive) -> bool:
    """Wait for the end of the connection; False for a client that keeps on sending instead."""
    for _ in range(_MOST_LEFTOVERS):
        if (await receive())["type"] == "http.disconnect":
            return True
    return False


class CutConnection(Response):
    """The end of the connection without an answer.

    ASGI has no word for it: the server's own socket is closed where it can be reached (uvicorn), and elsewhere the
    answer begins and never ends, which a client must take for no answer as well.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket: Any = getattr(getattr(receive, "__self__", None), "transport", None)
        if socket is not None:
            socket.abort()
            await _closed(receive)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
