"""The door to addresses that a merchant chose: each is resolved and judged before each request (law: addresses).

A request goes to the very address that was judged, so that a name which resolves to something else a moment later
reaches nothing new. No redirect is followed, no proxy of the environment is asked, no cookie is kept.

A connection is used again for a short while, when the name still resolves to where it leads: a receiver that closes
what is idle does so after seconds.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import Final, NamedTuple, Protocol, cast

import httptools

from pokea.public_addresses import Allowance, NetworkAddress, read_address

CONNECT_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 15.0
MOST_READ_BYTES: Final = 64 * 1024
KEPT_BYTES: Final = 1024
_MOST_RECEIVED_BYTES: Final = 2 * MOST_READ_BYTES
"""Of an answer with all its headers and marks of chunks."""
_IDLE_SECONDS: Final = 2.0
_MOST_IDLE: Final = 8
_SAYS_ITS_END: Final = (b"content-length", b"transfer-encoding")
_FINAL_STATUS: Final = 200
_SWITCHED: Final = 101

Resolve = Callable[[str, int], Awaitable[Sequence[NetworkAddress]]]
"""The addresses of a host's name. Raises OSError when there are none."""


class Place(NamedTuple):
    """A server: how to speak to it, by which name, and at which port."""

    is_tls: bool
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The Host header: the port where it is not the usual one, brackets around an IPv6 address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"


class Letter(NamedTuple):
    """What is posted: to which path and query, with which headers, and the body."""

    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class Receipted(NamedTuple):
    """What a receiver answered: its status, when it wants to be asked again, and the beginning of its answer."""

    status: int
    retry_after: str
    beginning: bytes


class NotDelivered(Exception):
    """No whole answer came. `why` is a sentence for the merchant; `is_slow` says that a time was over."""

    def __init__(self, why: str, *, is_slow: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_slow = is_slow


class Courier(Protocol):
    """Posts to addresses that a merchant chose."""

    async def resolve(self, host: str, port: int) -> Sequence[NetworkAddress]:
        """The addresses of a host; empty where its name does not resolve."""
        ...

    async def post(self, place: Place, letter: Letter, allowance: Allowance) -> Receipted:
        """The answer of any status. Raises NotDelivered, also for a host at an address that is not allowed."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...


class NoCourier:
    """The courier of a process that sends nothing."""

    async def resolve(self, _host: str, _port: int) -> Sequence[NetworkAddress]:
        """No address."""
        return []

    async def post(self, _place: Place, _letter: Letter, _allowance: Allowance) -> Receipted:
        """Raises NotDelivered."""
        raise NotDelivered("Nothing is sent from here.")

    async def close(self) -> None:
        """Nothing is open."""


async def system_resolve(host: str, port: int) -> Sequence[NetworkAddress]:
    """What the machine's resolver answers. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]


class GuardedCourier:
    """The courier of the real world."""

    def __init__(
        self,
        resolve: Resolve = system_resolve,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._resolve = resolve
        self._connect_seconds = connect_seconds
        self._whole_seconds = whole_seconds
        self._idle: dict[tuple[Place, NetworkAddress], list[_Exchange]] = {}
        self._open: set[_Exchange] = set()

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    async def resolve(self, host: str, port: int) -> Sequence[NetworkAddress]:
        """The addresses of a host; empty where its name does not resolve in time."""
        literal = read_address(host)
        if literal is not None:
            return [literal]
        try:
            async with asyncio.timeout(self._connect_seconds):
                return await self._resolve(host, port)
        except (OSError, UnicodeError, ValueError):
            return []

    async def post(self, place: Place, letter: Letter, allowance: Allowance) -> Receipted:
        """The answer of any status. Raises NotDelivered, also for a host at an address that is not allowed."""
        request = _request(place, letter)
        try:
            async with asyncio.timeout(self._whole_seconds):
                return await self._posted(place, request, allowance)
        except TimeoutError:
            raise NotDelivered(f"No whole answer came within {self._whole_seconds:g} s.", is_slow=True) from None

    async def _posted(self, place: Place, request: bytes, allowance: Allowance) -> Receipted:
        addresses = await self._judged(place, allowance)
        kept = self._kept(place, addresses)
        if kept is not None:
            try:
                return await self._exchanged(kept, request)
            except _Stale:
                # It was closed while it was idle: this request has not been read.
                pass
        exchange = await self._connected(place, addresses)
        try:
            return await self._exchanged(exchange, request)
        except _Stale:
            raise NotDelivered("The connection was closed before an answer came.") from None

    async def _judged(self, place: Place, allowance: Allowance) -> Sequence[NetworkAddress]:
        addresses = await self.resolve(place.host, place.port)
        if not addresses:
            raise NotDelivered("The name of the host does not resolve to an address.")
        if allowance.refused(place.host, addresses):
            raise NotDelivered("The host resolves to an address that is not public; nothing was sent.")
        return addresses

    async def _connected(self, place: Place, addresses: Sequence[NetworkAddress]) -> "_Exchange":
        """A new connection to the first of these addresses that takes one."""
        loop = asyncio.get_running_loop()
        context, name = (self._tls, place.host.removesuffix(".")) if place.is_tls else (None, None)
        why = ""
        try:
            async with asyncio.timeout(self._connect_seconds):
                for address in dict.fromkeys(addresses):
                    try:
                        _, exchange = await loop.create_connection(
                            lambda address=address: _Exchange(place, address),
                            str(address),
                            place.port,
                            ssl=context,
                            server_hostname=name,
                        )
                    except ssl.SSLError as failure:
                        why = f"TLS failed: {failure.reason or 'it was broken off'}."
                    except OSError as failure:
                        why = f"No connection: {failure.strerror or type(failure).__name__}."
                    else:
                        self._open.add(exchange)
                        return exchange
        except TimeoutError:
            raise NotDelivered(f"No connection within {self._connect_seconds:g} s.", is_slow=True) from None
        raise NotDelivered(why)

    async def _exchanged(self, exchange: "_Exchange", request: bytes) -> Receipted:
        try:
            answer = await exchange.ask(request)
        finally:
            if not exchange.may_go_on:
                exchange.end()
                self._open.discard(exchange)
        if exchange.may_go_on:
            self._keep(exchange)
        return answer

    def _keep(self, exchange: "_Exchange") -> None:
        idle = self._idle.setdefault((exchange.place, exchange.address), [])
        exchange.idle_since = asyncio.get_running_loop().time()
        idle.append(exchange)
        for each in idle[:-_MOST_IDLE]:
            self._drop(each)
        self._drop_old()

    def _kept(self, place: Place, addresses: Sequence[NetworkAddress]) -> "_Exchange | None":
        self._drop_old()
        for address in addresses:
            idle = self._idle.get((place, address), [])
            while idle:
                exchange = idle.pop()
                if exchange.may_go_on:
                    return exchange
                self._open.discard(exchange)
        return None

    def _drop_old(self) -> None:
        """End what has been idle for long; what was used last stands last."""
        oldest = asyncio.get_running_loop().time() - _IDLE_SECONDS
        for key, idle in list(self._idle.items()):
            while idle and (idle[0].idle_since < oldest or not idle[0].may_go_on):
                self._drop(idle[0])
            if not idle:
                del self._idle[key]

    def _drop(self, exchange: "_Exchange") -> None:
        self._idle[exchange.place, exchange.address].remove(exchange)
        self._open.discard(exchange)
        exchange.end()

    async def close(self) -> None:
        """Let go of every connection."""
        for exchange in list(self._open):
            exchange.end()
        self._open.clear()
        self._idle.clear()
        await asyncio.sleep(0)


class _Stale(Exception):
    """The connection was closed, and nothing of an answer had come."""


class _Exchange(asyncio.Protocol):
    """One connection: a request at a time, and the answer to it."""

    def __init__(self, place: Place, address: NetworkAddress) -> None:
        self.place = place
        self.address = address
        self.idle_since = 0.0
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Receipted] | None = None
        self._begin()
        self.may_go_on = False

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._length = 0
        self._received = 0
        self._retry_after = ""
        self._has_begun = False
        self._says_its_end = False
        self._has_head = False

    async def ask(self, request: bytes) -> Receipted:
        """Send a request and wait for its answer. Raises NotDelivered, or _Stale."""
        if self._transport is None or self._transport.is_closing():
            raise _Stale
        self._begin()
        self.may_go_on = False
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def end(self) -> None:
        """Close the connection."""
        self.may_go_on = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        # A loop of another make has transports of its own classes.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has closed it, or it broke. An answer that ends with its connection ends here."""
        self.may_go_on = False
        if self._has_head and not self._says_its_end:
            self._answered()
        torn = NotDelivered("The connection was closed in the middle of the answer.")
        self._fail(torn if self._has_begun else _Stale())

    def data_received(self, data: bytes) -> None:
        """A part of the answer."""
        if not self._is_waiting:
            # What was not asked for belongs to no request.
            self.end()
            return
        self._has_begun = True
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail(NotDelivered("What came is no answer in HTTP."))
        if self._received > _MOST_RECEIVED_BYTES:
            self._fail(NotDelivered("The answer's headers are too long."))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header of the answer."""
        named = name.lower()
        if named == b"retry-after":
            self._retry_after = value.decode("latin-1").strip()
        elif named in _SAYS_ITS_END:
            self._says_its_end = True

    def on_headers_complete(self) -> None:
        """All headers have come."""
        self._has_head = self._parser.get_status_code() >= _FINAL_STATUS

    def on_body(self, body: bytes) -> None:
        """A part of the body: its beginning is kept, and more than is read ends the connection."""
        self._length += len(body)
        self._body += body[: KEPT_BYTES - len(self._body)]
        if self._length > MOST_READ_BYTES:
            self._answered()

    def on_message_complete(self) -> None:
        """The answer is whole; one that only announces another (1xx) is passed over."""
        status = self._parser.get_status_code()
        if status < _FINAL_STATUS and status != _SWITCHED:
            return
        self.may_go_on = self._parser.should_keep_alive() and status != _SWITCHED
        self._answered()

    @property
    def _is_waiting(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _answered(self) -> None:
        if self._answer is not None and not self._answer.done():
            status = self._parser.get_status_code()
            self._answer.set_result(Receipted(status, self._retry_after, bytes(self._body)))

    def _fail(self, failure: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(failure)


def _request(place: Place, letter: Letter) -> bytes:
    lines = [f"POST {letter.target} HTTP/1.1", f"Host: {place.authority}", f"Content-Length: {len(letter.body)}"]
    lines += [f"{name}: {value}" for name, value in letter.headers]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + letter.body
