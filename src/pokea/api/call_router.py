"""Calls that read their request by themselves: routes below one path, and what the API's document says of them.

One way to write a route, for every call (docs/decisions/0046).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pokea.api.openapi import Application

Handler = Callable[[Request], Awaitable[Response]]


class CallRouter:
    """The calls below `prefix`. `tag` is the heading under which the document lists them."""

    def __init__(self, prefix: str, tag: str) -> None:
        self._prefix = prefix
        self._tag = tag
        self._routes: list[BaseRoute] = []
        self._described: list[tuple[str, str, Mapping[str, Any]]] = []

    def add(
        self,
        path: str,
        handler: Handler,
        *,
        method: str,
        summary: str,
        responses: Mapping[int | str, Mapping[str, Any]],
        description: str = "",
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Add one call. `more` is what an OpenAPI operation has besides, such as `parameters` and `requestBody`."""
        whole = self._prefix + path
        self._routes.append(Route(whole, handler, methods=[method]))
        operation = {
            "tags": [self._tag],
            "summary": summary,
            "operationId": _operation_id(method, whole),
            "responses": {str(status): answer for status, answer in responses.items()},
            **({"description": description} if description else {}),
            **more,
        }
        self._described.append((whole, method, operation))

    def add_to(self, application: Application) -> None:
        """Let the application answer them, and its document describe them."""
        application.router.routes.extend(self._routes)
        for path, method, operation in self._described:
            application.describe(path, method, operation)


def _operation_id(method: str, path: str) -> str:
    """Such as `postRefundsIdApprove`, for those who make a client from the document."""
    words = re.findall(r"[A-Za-z0-9]+", path.removeprefix("/api/v1"))
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words)
