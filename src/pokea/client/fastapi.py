"""FastAPI: one client for the application, and webhooks that arrive as proved events.

pokea = PokeaDependencies("https://pay.example.com", token, "whsec_…")
app = FastAPI(lifespan=pokea.lifespan)

@app.post("/pokea/webhook", status_code=204)
async def webhook(event: Annotated[WebhookEvent, Depends(pokea.event)]) -> None: ...

@app.post("/orders")
async def order(client: Annotated[AsyncPokea, Depends(pokea.client)]) -> ...: ...
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, HTTPException, Request

from pokea.client import AsyncPokea, WebhookEvent, WebhookRefused, verify_webhook

LONGEST_BODY_BYTES: Final = 64 * 1024
"""An event has 4 kB at most."""


class PokeaDependencies:
    """What a FastAPI application needs of one service. `webhook_secrets` are one or, while it is rotated, several."""

    def __init__(self, url: str, token: str | Callable[[], str], webhook_secrets: str | Sequence[str]) -> None:
        self._client = AsyncPokea(url, token)
        self._webhook_secrets = webhook_secrets

    @asynccontextmanager
    async def lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        """Close the client's connections with the application."""
        yield
        await self._client.close()

    def client(self) -> AsyncPokea:
        """The client, as a dependency."""
        return self._client

    async def event(self, request: Request) -> WebhookEvent:
        """The event of a webhook, as a dependency. Raises HTTPException 400 for what is not proved, 413 for too much.

        The same event may come twice: `event.id` is the same then.
        """
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY_BYTES:
                raise HTTPException(413, "An event is not that long.")
        try:
            return verify_webhook(request.headers, body, self._webhook_secrets)
        except WebhookRefused as refusal:
            raise HTTPException(400, str(refusal)) from None
