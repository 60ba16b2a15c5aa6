"""The one door to the network: an HTTP exchange as a value, and whether a request that failed was ever sent."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import NamedTuple, Protocol

import aiohttp

LONGEST_REPLY_BYTES = 256 * 1024
_NEVER_ROUNDED_SECONDS = 3600.0


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
    ) -> Reply:
        """Raises NotSent or NoAnswer; any HTTP status is a Reply.

        Raises NotSent when there is no connection to send on within `connect_seconds`; None leaves that bound to the
        transport.
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


class HttpTransport:
    """The transport of the real world. Every request gets a connection of its own, so that a connection the
    other side has silently closed is found out before the request is sent, not after.

    A request counts as sent from the moment in which its connection stands, TLS included. All that fails before it,
    an address that no request can be made of as well, is NotSent.

    `hear_date` gets the Date header of each answer, empty where there is none."""

    def __init__(self, connect_timeout_seconds: float = 10.0, hear_date: Callable[[str], None] | None = None) -> None:
        self._connect_timeout_seconds = connect_timeout_seconds
        self._hear_date = hear_date
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=True, trace_configs=[_watching_connections()]
            )
            # aiohttp repeats a GET whose connection broke, and a second OAuth token may void the first (daraja: Token
            # behaviour).
            self._session._retry_connection = False
        return self._session

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout_seconds: float,
        *,
        connect_seconds: float | None = None,
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
            async with self._open().request(
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
        if self._session is not None:
            await self._session.close()
            self._session = None
