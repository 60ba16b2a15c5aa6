"""The one door to the network: an HTTP exchange as a value, and whether a request that failed was ever sent."""

import asyncio
import select
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

import aiohttp

LONGEST_REPLY_BYTES = 256 * 1024
_NEVER_ROUNDED_SECONDS = 3600.0
_KEPT_SECONDS = 3.0
"""How long a connection that has carried a request may carry another: less than any gateway is known to keep it."""


class Reply(NamedTuple):
    """A whole answer. `body` is bounded by LONGEST_REPLY_BYTES; what is longer counts as no answer."""

    status: int
    content_type: str
    body: bytes


class NotSent(Exception):
    """The connection failed before any byte of the request left: nothing can have happened."""


class NoAnswer(Exception):
    """The request left, or may have, and no whole answer came: what it did is unknown."""


class Transport(Protocol):
    """Sends one request and waits for one answer. Follows no redirect and retries nothing."""

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a Reply.

        Raises NotSent when there is no connection to send on within `connect_seconds`; None leaves that bound to the
        transport. `may_reuse`: a connection that carried a request moments ago will do, which saves the making of
        another; if the other side closes it in that very moment, there is no answer.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...


class _Sending:
    """How far one request has come."""

    def __init__(self) -> None:
        self.is_connected = False


def _watching_connections() -> aiohttp.TraceConfig:
    async def connected(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.is_connected = True

    watching = aiohttp.TraceConfig()
    watching.on_connection_create_end.append(connected)
    watching.on_connection_reuseconn.append(connected)
    return watching


class _QuietConnector(aiohttp.TCPConnector):
    """Keeps connections for a few seconds, and uses one again only while nothing has come on it, not even its end."""

    async def _get(self, key: Any, traces: Any) -> Any:
        while (kept := await super()._get(key, [])) is not None:
            if _is_quiet(kept.transport):
                for trace in traces:
                    await trace.send_connection_reuseconn()
                return kept
            kept.close()
        return None


def _is_quiet(transport: asyncio.BaseTransport | None) -> bool:
    """Whether the connection stands and holds nothing unread: what the event loop has not seen yet is asked of the
    system."""
    connected = transport.get_extra_info("socket") if transport is not None and not transport.is_closing() else None
    if connected is None:
        return False
    watch = select.poll()
    watch.register(connected.fileno(), select.POLLIN)
    return not watch.poll(0)


class HttpTransport:
    """The transport of the real world. A request gets a connection of its own, so that a connection the other side has
    silently closed is found out before the request is sent, not after; unless it `may_reuse` one.

    A request counts as sent from the moment in which its connection stands, TLS included. All that fails before it,
    an address that no request can be made of as well, is NotSent.

    `hear_date` gets the Date header of each answer, empty where there is none."""

    def __init__(self, connect_timeout_seconds: float = 10.0, hear_date: Callable[[str], None] | None = None) -> None:
        self._connect_timeout_seconds = connect_timeout_seconds
        self._hear_date = hear_date
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    def _open(self, may_reuse: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(may_reuse)
        if session is None:
            connector = (
                _QuietConnector(keepalive_timeout=_KEPT_SECONDS, limit=0)
                if may_reuse
                else aiohttp.TCPConnector(force_close=True, limit=0)
            )
            session = self._sessions[may_reuse] = aiohttp.ClientSession(
                connector=connector, auto_decompress=True, trace_configs=[_watching_connections()]
            )
            # aiohttp repeats a GET whose connection broke, and a second OAuth token may void the first (daraja: Token
            # behaviour).
            session._retry_connection = False
        return session

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
        may_reuse: bool = False,
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a Reply."""
        within = min(self._connect_timeout_seconds, timeout_seconds)
        # `connect` covers the name, the connection and TLS. Without a threshold of its own aiohttp waits up to a second
        # longer than its limit, and a push may not be sent a second late.
        timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, connect=connect_seconds, sock_connect=within, ceil_threshold=_NEVER_ROUNDED_SECONDS
        )
        sending = _Sending()
        try:
            async with self._open(may_reuse).request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=timeout,
                allow_redirects=False,
                trace_request_ctx=sending,
            ) as response:
                if self._hear_date is not None:
                    self._hear_date(response.headers.get("Date", ""))
                content = await response.content.read(LONGEST_REPLY_BYTES + 1)
                while not response.content.at_eof() and len(content) <= LONGEST_REPLY_BYTES:
                    content += await response.content.read(LONGEST_REPLY_BYTES + 1 - len(content))
                if len(content) > LONGEST_REPLY_BYTES:
                    raise NoAnswer("the answer is too long to be read")
                return Reply(response.status, response.content_type, content)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            kind = NoAnswer if sending.is_connected else NotSent
            raise kind(type(failure).__name__) from failure

    async def close(self) -> None:
        """Let go of every connection."""
        while self._sessions:
            _, session = self._sessions.popitem()
            await session.close()
