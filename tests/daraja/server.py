"""A tiny real Daraja on a loopback port: it does as it is told, counts, and can break off in the middle of a word."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pokea.daraja.access_token import TOKEN_PATH
from pokea.daraja.account_balance import BALANCE_PATH
from pokea.daraja.b2c import B2C_PATH
from pokea.daraja.client import PUSH_PATH, QUERY_PATH
from pokea.daraja.reversal import REVERSAL_PATH
from pokea.daraja.transaction_status import STATUS_PATH

JSON = "application/json"
HTML = "text/html"
FIREWALL_PAGE = (
    b'<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>'
    b"<body>Request unsuccessful. Incapsula incident ID: 1</body></html>"
)
ACCEPTED = {
    "MerchantRequestID": "2654-4b64-97ff-b827b542881d3130",
    "CheckoutRequestID": "ws_CO_100720240915261712345678901",
    "ResponseCode": "0",
    "ResponseDescription": "Success. Request accepted for processing",
    "CustomerMessage": "Success. Request accepted for processing",
}

ACKNOWLEDGED = {
    "ConversationID": "AG_20240706_20106e9209f64bebd05b",
    "OriginatorConversationID": "f1e2-4b95-a71d-b30d3cdbb7a7735297",
    "ResponseCode": "0",
    "ResponseDescription": "Accept the service request successfully.",
}
OUT_PATHS = (B2C_PATH, REVERSAL_PATH, STATUS_PATH, BALANCE_PATH)


@dataclass(frozen=True)
class Act:
    """What the server does with one request: answers, breaks off half-way, or says nothing until it is closed."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    wait_seconds: float = 0
    cut: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def answer(message: Any, status: int = 200, **more: Any) -> Act:
    """An answer in JSON."""
    return Act(status, json.dumps(message).encode(), **more)


def error(status: int, code: str, message: str, **more: Any) -> Act:
    """An answer in Daraja's form of an error."""
    return answer({"requestId": "1c5b-4ba8-815c-1", "errorCode": code, "errorMessage": message}, status, **more)


def granted(number: int, expires_in: str = "3599") -> Act:
    """OAuth's answer with the token of that number."""
    return answer({"access_token": token(number), "expires_in": expires_in})


def token(number: int) -> str:
    """A token of 28 characters, as Daraja's are (daraja: identifiers)."""
    return f"token{number:023d}"


class DarajaServer:
    """Used as `async with DarajaServer() as daraja`. Unless planned otherwise everything succeeds.

    With `strict_tokens` a new token voids the one before, and a void token is refused (daraja: Token behaviour).
    """

    def __init__(self, strict_tokens: bool = False) -> None:
        self.requests: list[Received] = []
        self.strict_tokens = strict_tokens
        self.tokens_granted = 0
        self._plans: dict[str, list[Act]] = {}
        self._closing = asyncio.Event()
        self._serving: list[asyncio.Task[None]] = []
        self._server: asyncio.Server | None = None

    def plan(self, path: str, *acts: Act) -> None:
        """What happens to the next requests at `path`; afterwards it is as usual again."""
        self._plans.setdefault(path, []).extend(acts)

    def count(self, path: str) -> int:
        """How many requests have arrived at `path`."""
        return Counter(request.path for request in self.requests)[path]

    def received(self, path: str) -> list[Received]:
        """The requests that have arrived at `path`."""
        return [request for request in self.requests if request.path == path]

    @property
    def address(self) -> str:
        """The server's address, without a slash at its end."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._closing.set()
        self._server.close()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.append(task)
        try:
            request = await _read_request(reader)
            self.requests.append(request)
            act = self._act(request)
            if act.silent:
                await self._closing.wait()
                return
            await asyncio.sleep(act.wait_seconds)
            whole = _response(act)
            writer.write(whole[: len(whole) // 2] if act.cut else whole)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _act(self, request: Received) -> Act:
        planned = self._plans.get(request.path)
        if planned:
            return planned.pop(0)
        if request.path == TOKEN_PATH:
            self.tokens_granted += 1
            return granted(self.tokens_granted)
        if self.strict_tokens and request.headers["authorization"] != f"Bearer {token(self.tokens_granted)}":
            return error(404, "404.001.03", "Invalid Access Token")
        if request.path == QUERY_PATH:
            return answer(query_answer(request.message["CheckoutRequestID"]))
        if request.path in OUT_PATHS:
            named = request.message.get("OriginatorConversationID", ACKNOWLEDGED["OriginatorConversationID"])
            return answer(ACKNOWLEDGED | {"OriginatorConversationID": named})
        return answer(ACCEPTED) if request.path == PUSH_PATH else error(404, "404.001.01", "Resource not found")


def query_answer(checkout_request_id: str, code: str = "0", description: str = "done") -> dict[str, str]:
    """A query's answer in Daraja's form (daraja: STK query request and answer)."""
    return {
        "ResponseCode": "0",
        "ResponseDescription": "The service request has been accepted successfully",
        "MerchantRequestID": "22205-34066-1",
        "CheckoutRequestID": checkout_request_id,
        "ResultCode": code,
        "ResultDesc": description,
    }


async def _read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, path, headers, body)


def _response(act: Act) -> bytes:
    head = f"HTTP/1.1 {act.status} Said\r\nContent-Length: {len(act.body)}\r\nConnection: close\r\n"
    kind = f"Content-Type: {act.content_type}\r\n" if act.content_type else ""
    return (head + kind + "\r\n").encode() + act.body
