"""A way past the general stack, for what arrives thousands of times a second (docs/decisions/0004).

A callback needs nothing of what is made for people's calls: no dependencies, no models, no search for a route. Passing
through all of it costs more than settling the callback, so callbacks leave here. Ids, log lines, counts, headers and
bounds are those of any other call, because they stand outside.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pokea.api.problems import failure_response

Take = Callable[[Scope, str, bytes], Awaitable[Response]]
"""Answers a call from its scope, what its path names, and its body. May raise whatever a route may raise."""


class Shortcut(NamedTuple):
    """Who answers a call, what its path names (empty for nothing), and the route's name in metrics."""

    take: Take
    named: str
    template: str


Find = Callable[[str], Shortcut | None]
"""The shortcut for a POST to this path, if there is one."""


def no_shortcut(_path: str) -> Shortcut | None:
    """Every call takes the long way."""
    return None


class ShortWay:
    """Answers the POSTs that `find` knows, and passes everything else to `app`. The body has been read before."""

    def __init__(self, app: ASGIApp, find: Find) -> None:
        self._app = app
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        shortcut = self._find(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if shortcut is None:
            await self._app(scope, receive, send)
            return
        scope["template"] = shortcut.template
        body = (await receive()).get("body", b"")
        try:
            response = await shortcut.take(scope, shortcut.named, body)
        except Exception as failure:
            response = failure_response(failure, scope)
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body})
