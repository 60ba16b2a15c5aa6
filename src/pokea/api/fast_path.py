"""A way past the general stack, for what arrives thousands of times a second (docs/decisions/0004).

A callback needs nothing of what is made for people's calls: no layers, no search for a route. Passing through all of it
costs more than settling the callback, so callbacks leave here. So do Results of money out, pushes, reads of a status
(which every page that waits may repeat every two seconds), history, analytics and bookings, each answered by the
handler of its ordinary route. What arrives whole does not even come as far as this: it is answered by the same function
where the server reads it (`protocol.py`). Ids, log lines, counts, headers and bounds are those of any other call.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pokea.api.errors import failure_response

Take = Callable[[Scope, str, bytes], Awaitable[Response]]
"""Answers a call from its scope, what its path names, and its body. May raise whatever a route may raise."""


class FastRoute(NamedTuple):
    """Who answers a call, what its path names (empty for nothing), and the route's name in metrics.

    `quiet`: it comes so often that a line in the log for each that went well would cost more than the answer.
    """

    take: Take
    named: str
    template: str
    quiet: bool = False

    async def answer(self, scope: Scope, body: bytes) -> Response:
        """The answer to a call, also where it is refused or fails."""
        scope["template"] = self.template
        scope["quiet"] = self.quiet
        try:
            return await self.take(scope, self.named, body)
        except Exception as failure:
            return failure_response(failure, scope)


Find = Callable[[str], FastRoute | None]
"""The shortcut for a call to this path, if there is one."""
FastRoutes = Mapping[str, Find]
"""By method; a call of any other method takes the long way."""


def taking(handle: Callable[[Request], Awaitable[Response]], parameter: str = "") -> Take:
    """Answers by what answers on the long way; what the path names becomes the parameter of this name."""

    async def take(scope: Scope, named: str, body: bytes) -> Response:
        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        if parameter:
            scope["path_params"] = {parameter: named}
        return await handle(Request(scope, receive))

    return take


def first_of(*finds: Find) -> Find:
    """The first shortcut that one of them knows."""

    def find(path: str) -> FastRoute | None:
        return next((found for each in finds if (found := each(path)) is not None), None)

    return find


class FastPath:
    """Answers what `shortcuts` know, and passes everything else to `app`. The body has been read before."""

    def __init__(self, app: ASGIApp, shortcuts: FastRoutes) -> None:
        self._app = app
        self._shortcuts = shortcuts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        find = self._shortcuts.get(scope["method"]) if scope["type"] == "http" else None
        shortcut = find(scope["path"]) if find is not None else None
        if shortcut is None:
            await self._app(scope, receive, send)
            return
        response = await shortcut.answer(scope, (await receive()).get("body", b""))
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body})
