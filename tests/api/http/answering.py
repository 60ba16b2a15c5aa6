"""An application that says what reached it, on the short way and on the long one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from pokea.api.fast_path import FastRoute
from pokea.api.metrics import Metrics
from pokea.api.openapi import Application
from pokea.api.responses import json_answer
from tests.api.serving import new_test_application

SHORT = "/short"
LONG = "/long"


def saying_what_came(metrics: Metrics | None = None) -> Application:
    """Answers a POST or a GET with the way that it took, its body and the headers that a proxy may write."""

    def told(way: str, scope: Scope, body: bytes) -> Response:
        app.state.reached += 1
        names = {name.decode("latin-1") for name, _ in scope["headers"]}
        return json_answer({"way": way, "body": body.decode("latin-1"), "headers": sorted(names)})

    async def take(scope: Scope, _named: str, body: bytes) -> Response:
        return told("short", scope, body)

    async def route(request: Request) -> Response:
        return told("long", request.scope, await request.body())

    find = {SHORT: FastRoute(take, "", SHORT)}.get
    app = new_test_application(metrics=metrics, shortcuts={"POST": find, "GET": find})
    app.state.reached = 0
    for path in (SHORT, LONG):
        app.add_route(path, route, methods=["GET", "POST"])
    return app
