"""Requests that no well-behaved client sends, byte by byte, and streams read as they come."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.system.service.running import Answer

_LONGEST_ANSWER_BYTES = 1_000_000


class Outcome(NamedTuple):
    """How a raw exchange ended: the answer, if one came, how much was sent, and how long it took."""

    answer: Answer | None
    sent_bytes: int
    seconds: float


def post_raw(url: str, headers: Mapping[str, str], pieces: Iterable[bytes], patience_seconds: float = 60) -> Outcome:
    """Send a POST whose body comes piece by piece, until it is whole or the server has had enough."""
    parts = urlsplit(url)
    began = time.monotonic()
    sent = 0
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=patience_seconds) as connection:
        head = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", *(f"{k}: {v}" for k, v in headers.items())]
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        try:
            for piece in pieces:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
        return Outcome(_answer(connection), sent, time.monotonic() - began)


def _answer(connection: socket.socket) -> Answer | None:
    response = http.client.HTTPResponse(connection, method="POST")
    try:
        response.begin()
        content = response.read(_LONGEST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, json.loads(content))


def chunks(piece: bytes, count: int, pause_seconds: float = 0) -> Iterator[bytes]:
    """A chunked body that never says that it has ended."""
    for _ in range(count):
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
        time.sleep(pause_seconds)


class Event(NamedTuple):
    """One server-sent event, and when it came."""

    id: str
    name: str
    data: Any
    at: float


class Stream:
    """A stream of events, read in a thread as they come."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.events: list[Event] = []
        self.is_over = False
        self._response = response
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for raw in self._response:
                line = raw.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if line and name:
                    fields[name] = value
                elif "event" in fields:
                    data = json.loads(fields.get("data", "null"))
                    self.events.append(Event(fields.get("id", ""), fields["event"], data, time.monotonic()))
                if not line:
                    fields = {}
        except (OSError, ValueError, http.client.HTTPException):
            pass
        finally:
            self.is_over = True

    def join(self) -> None:
        """Wait until nothing more is read."""
        self._thread.join()
        self._response.close()

    @property
    def statuses(self) -> list[str]:
        """The statuses that were told, in order; `end` for the end."""
        return [
            each.data["transaction"]["status"] if each.name == "status" else each.name for each in list(self.events)
        ]


@contextmanager
def watching(url: str, bearer: str, last_event_id: str = "") -> Iterator[Stream]:
    """The events at this address."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    headers = {"Authorization": f"Bearer {bearer}"} | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    connection.request("GET", parts.path, headers=headers)
    # The response may take the socket over, so it is remembered: shutting it down ends the thread that reads.
    opened = connection.sock
    stream = Stream(connection.getresponse())
    try:
        yield stream
    finally:
        with suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)
        stream.join()
        connection.close()
