"""Reading a request's body within a bound."""

from typing import Final

from starlette.requests import Request

LONGEST_BODY_BYTES: Final = 64 * 1024


async def read_body(request: Request) -> bytes | None:
    """The whole body; None as soon as it is longer than LONGEST_BODY_BYTES."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            return None
    return bytes(body)
