"""The FastAPI dependencies, in an application of one file, asked over ASGI."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI

from pokea.client import AsyncPokea, WebhookEvent
from pokea.client.fastapi import LONGEST_BODY_BYTES, PokeaDependencies
from pokea.testing import webhook_message
from tests.client.test_webhooks import EVENT, OTHER, SECRET


def application(secrets: str | list[str] = SECRET) -> tuple[FastAPI, list[WebhookEvent], list[AsyncPokea]]:
    """An application, the events that come to it, and the clients that it is given."""
    pokea = PokeaDependencies("https://pay.example.com", "token", secrets)
    app, events, clients = FastAPI(lifespan=pokea.lifespan), [], []

    @app.post("/webhook", status_code=204)
    async def webhook(
        event: Annotated[WebhookEvent, Depends(pokea.event)], client: Annotated[AsyncPokea, Depends(pokea.client)]
    ) -> None:
        events.append(event)
        clients.append(client)

    return app, events, clients


def posted(app: FastAPI, headers: Mapping[str, str], *parts: bytes) -> int:
    """The status with which a POST of a body in parts is answered."""
    answers: list[Any] = []
    left = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    left.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        return left.pop(0)

    async def send(message: Any) -> None:
        answers.append(message)

    named = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/webhook", "query_string": b"", "headers": named}
    asyncio.run(app({**scope, "http_version": "1.1", "scheme": "http", "server": ("shop", 80)}, receive, send))
    return int(answers[0]["status"])


def test_a_webhook_arrives_as_an_event() -> None:
    """What is proved is the argument of the route, also when its body comes in parts."""
    app, events, clients = application()
    message = webhook_message(EVENT, SECRET)
    assert posted(app, message.headers, message.body[:50], message.body[50:]) == 204
    (event,) = events
    assert (event.type, event.data.booking_id, event.id) == ("payment.completed", "bk_01", "evt_pay_01_3")
    assert clients[0].url == "https://pay.example.com"


def test_all_routes_share_one_client() -> None:
    """Its connections are closed with the application."""
    app, _, clients = application()
    for version in (1, 2):
        message = webhook_message(EVENT | {"data": EVENT["data"] | {"version": version}}, SECRET)
        assert posted(app, message.headers, message.body) == 204
    assert clients[0] is clients[1]

    async def lived() -> None:
        async with app.router.lifespan_context(app):
            pass

    asyncio.run(lived())


@pytest.mark.parametrize("secrets", [[OTHER, SECRET], [SECRET, OTHER]])
def test_a_rotation_is_a_list(secrets: list[str]) -> None:
    """While both secrets are given, messages of either are taken."""
    app, events, _ = application(secrets)
    for version, secret in enumerate((SECRET, OTHER), start=1):
        message = webhook_message(EVENT | {"data": EVENT["data"] | {"version": version}}, secret)
        assert posted(app, message.headers, message.body) == 204
    assert len(events) == 2


def test_what_is_not_proved_is_refused() -> None:
    """With 400 where the proof is missing, and with 413, before it is read to its end, where it is too long."""
    app, events, _ = application()
    message = webhook_message(EVENT, OTHER)
    assert posted(app, message.headers, message.body) == 400
    assert posted(app, {}, message.body) == 400
    assert posted(app, message.headers, *[b"x" * 1024] * (LONGEST_BODY_BYTES // 1024 + 1)) == 413
    assert events == []
