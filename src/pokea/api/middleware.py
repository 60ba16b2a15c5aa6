"""What surrounds every request: its id, its log line, safe headers, a bounded body, and no failure that leaks.

Plain ASGI, because a callback passes through all of it thousands of times a second.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pokea.api.callback_address import name_in
from pokea.api.errors import failure_response, is_callback, problem_response
from pokea.api.logs import RunningRequest, running_request
from pokea.api.metrics import CounterSeries
from pokea.clock import Clock, Instant
from pokea.errors import ApiError
from pokea.ids import Ids

LARGEST_BODY_BYTES = 64 * 1024
BODY_TIMEOUT_SECONDS = 20.0
LONGEST_DISCARD_BYTES = 16 * 1024 * 1024
"""So much of a body that is too large is still read, because many clients look for the answer only after sending."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# Most of a token is as secret as the whole. It is masked here, since the log's own net would first take ten of its
# digits for a phone number, and leave the rest.
_CALLBACK_TOKEN = re.compile(r"(?<=[/.])[0-9a-fA-F]{32,}(?=/|$)")
_LONGEST_LOGGED_PATH = 300
_SHEDS_SAID_EVERY_SECONDS = 1.0
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)

_BY_HTTPS_ALONE = (b"strict-transport-security", b"max-age=31536000")
_ABORTED = "aborted"

Afterwards = Callable[[Receive, Send], Awaitable[None]]
"""What an answer that lasts goes on with after its head, as `state["afterwards"]` of its request's scope.

It is run by the outermost layer alone, so that an open stream keeps none of the layers below in memory.
"""

_access = logging.getLogger("pokea.access")
_logger = logging.getLogger(__name__)


class RequestContext:
    """What every request is given, whichever way it takes: an id, a line in the log, and its part in the counts."""

    def __init__(self, clock: Clock, ids: Ids, requests: CounterSeries, *, https: bool = False) -> None:
        self.safe_headers = (*_SAFE_HEADERS, _BY_HTTPS_ALONE) if https else _SAFE_HEADERS
        self._clock = clock
        self._ids = ids
        self._requests = requests
        self._sheds = ShedLog()

    def begin(self, scope: Scope) -> Instant:
        """Name the request, in its scope's state and for the log lines of its task; answers when it began."""
        request_id = _sane_request_id(scope) or self._ids.new("req")
        scope.setdefault("state", {})["request_id"] = request_id
        running_request.set(RunningRequest(request_id))
        return self._clock.now()

    def note(self, scope: Scope, status: int, began_at: Instant) -> None:
        """Count the request, log it, and let go of its name, when it has been answered.

        A status of 0 means that it was not: its client has gone, or the service stopped.
        """
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        outcome = str(status) if status else _ABORTED
        self._requests.add(method, scope.get("template") or route_template(scope), outcome)
        state = scope["state"]
        shed = state.get("shed")
        if shed is not None:
            self._sheds.count(shed)
        # Callbacks that went well are in the database; a line for each would cost more than settling it, and so would
        # one for each read of a page that waits. What was shed is logged in one line for all.
        often = scope.get("quiet") or is_callback(scope["path"])
        quiet = shed is not None or (status < HTTPStatus.BAD_REQUEST and often)
        level = logging.DEBUG if quiet else logging.INFO
        if _access.isEnabledFor(level):
            said = " ".join([outcome, *(state[name] for name in ("code", "about") if name in state)])
            took = self._clock.now() - began_at
            _access.log(level, "%s %s %s %.1f ms", method, logged_path(scope), said, took / 1000)
        running = running_request.get()
        if running is not None:
            running.end()


class ShedLog:
    """Says how many requests were shed: the first at once, and those of each second that follows in one line."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._saying: asyncio.TimerHandle | None = None

    def count(self, reason: str) -> None:
        """One more was shed."""
        self._counts[reason] += 1
        if self._saying is None:
            self._say()

    def _say(self) -> None:
        for reason, count in self._counts.items():
            _logger.warning("shed %d requests with 503: %s", count, reason)
        more = bool(self._counts)
        self._counts.clear()
        self._saying = asyncio.get_running_loop().call_later(_SHEDS_SAID_EVERY_SECONDS, self._say) if more else None


class RequestContextMiddleware:
    """Frames every request of the general stack, and adds the headers that an answer lacks."""

    def __init__(self, app: ASGIApp, framing: RequestContext) -> None:
        self._app = app
        self._framing = framing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; other events of the server pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at = self._framing.begin(scope)
        state: MutableMapping[str, Any] = scope["state"]
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = with_safe_headers(message.get("headers", ()), self._framing.safe_headers)
                message["headers"] = [*headers, (b"x-request-id", state["request_id"].encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
            afterwards: Afterwards | None = state.pop("afterwards", None)
            if afterwards is not None:
                await afterwards(receive, send)
        finally:
            self._framing.note(scope, status, began_at)


def _sane_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value.decode() if _REQUEST_ID.fullmatch(value) else None
    return None


def with_safe_headers(
    headers: Iterable[tuple[bytes, bytes]], safe_headers: Iterable[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, and those that keep it safe in a browser where it brings none of its own."""
    given = list(headers)
    present = {name.lower() for name, _ in given}
    return [*given, *(header for header in safe_headers if header[0] not in present)]


def route_template(scope: Mapping[str, Any]) -> str:
    """The route that was taken, with names in place of what varies; what matched no route is one kind."""
    if "endpoint" not in scope:
        return "unmatched"
    segments = scope["path"].split("/")
    # From the right, because what varies mostly stands at the end and may read like a word before it.
    for name, value in reversed(list(scope.get("path_params", {}).items())):
        positions = [position for position, segment in enumerate(segments) if segment == value]
        if not positions:
            return "many segments"
        segments[positions[-1]] = f"{{{name}}}"
    return "/".join(segments)


def logged_path(scope: Mapping[str, Any]) -> str:
    """The path as it may be logged: no query, no callback token, nothing that could begin a new line."""
    path = quote(_CALLBACK_TOKEN.sub("****", scope["path"]), safe="/*:@-._~")
    return path if len(path) <= _LONGEST_LOGGED_PATH else f"{path[:_LONGEST_LOGGED_PATH]}..."


class ErrorBoundary:
    """Turns an unhandled exception into `internal_error`: logged here, and nothing of it shown to the caller."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. A failure after the answer began is raised, which cuts the connection."""
        began = False

        async def send_noting(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception as failure:
            if scope["type"] != "http" or began:
                raise
            await failure_response(failure, scope)(scope, receive, send)


class BodyBound:
    """Reads a request's body before anything else does: all of it, within a size and a time."""

    def __init__(
        self,
        app: ASGIApp,
        largest_bytes: int = LARGEST_BODY_BYTES,
        timeout_seconds: float = BODY_TIMEOUT_SECONDS,
    ) -> None:
        self._app = app
        self._largest_bytes = largest_bytes
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its whole body, or answer 413 or 408.

        At a payment's own callback address nothing is refused: the beginning of the body is passed on, as much as came.
        """
        declared_bytes = _declared_bytes(scope) if scope["type"] == "http" else 0
        if not declared_bytes and not _is_chunked(scope):
            await self._app(scope, receive, send)
            return
        if name_in(scope["path"]):
            await self._pass_beginning(declared_bytes, scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._read(declared_bytes, receive)
        except TimeoutError:
            await problem_response(self._too_slow(), scope, {"Connection": "close"})(scope, receive, send)
            return
        if body is None:
            await self._refuse_size(scope, receive, send)
        elif not body.gone:
            await self._app(scope, body.replay(receive), send)

    async def _read(self, declared_bytes: int, receive: Receive) -> "_Body | None":
        if declared_bytes > self._largest_bytes:
            return None
        body = _Body()
        while not body.complete and not body.gone:
            body.take(await receive())
            if body.size > self._largest_bytes:
                return None
        return body

    def _too_slow(self) -> ApiError:
        sentence = f"The body did not arrive within {self._timeout_seconds:g} seconds; send it at once."
        return ApiError("request_timeout", sentence)

    def _too_large(self) -> ApiError:
        return ApiError("too_large", f"The body is larger than {self._largest_bytes} bytes; send less.")

    async def _pass_beginning(self, declared_bytes: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes of the body within the bounds, with what would be refused as `state["cut"]`."""
        body = _Body()
        if declared_bytes <= self._largest_bytes or not _waits_for_permission(scope):
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    while not body.complete and not body.gone and body.size <= LONGEST_DISCARD_BYTES:
                        body.take(await receive(), self._largest_bytes)
            except TimeoutError:
                scope["state"]["cut"] = self._too_slow()
        if max(body.size, declared_bytes) > self._largest_bytes:
            scope["state"]["cut"] = self._too_large()

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and not body.complete:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, body.replay(receive), send_closing)

    async def _refuse_size(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(self._too_large(), scope, {"Connection": "close"})
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": True})
        if not _waits_for_permission(scope):
            await self._discard(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _discard(self, receive: Receive) -> None:
        read = 0
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while read <= LONGEST_DISCARD_BYTES:
                    message = await receive()
                    read += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return


class _Body:
    """A body as it arrives."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self.size = 0
        self.complete = False
        self.gone = False

    def take(self, message: Message, kept_bytes: int | None = None) -> None:
        """Take what came; of a body that is longer than `kept_bytes` only its beginning is kept."""
        if message["type"] != "http.request":
            self.gone = True
            return
        chunk = message.get("body", b"")
        if kept_bytes is None or self.size < kept_bytes:
            self._chunks.append(chunk if kept_bytes is None else chunk[: kept_bytes - self.size])
        self.size += len(chunk)
        self.complete = not message.get("more_body", False)

    def replay(self, receive: Receive) -> Receive:
        whole: Message = {"type": "http.request", "body": b"".join(self._chunks), "more_body": False}
        pending = [whole]

        async def replayed() -> Message:
            return pending.pop() if pending else await receive()

        return replayed


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            return bytes(value)
    return None


def _is_chunked(scope: Scope) -> bool:
    return scope["type"] == "http" and _header(scope, b"transfer-encoding") is not None


def _declared_bytes(scope: Scope) -> int:
    declared = _header(scope, b"content-length") or b""
    # The server has refused what is no number; more digits than these are too many bytes in any case.
    return int(declared[:18]) if declared.isdigit() else 0


def _waits_for_permission(scope: Scope) -> bool:
    return (_header(scope, b"expect") or b"").lower() == b"100-continue"
