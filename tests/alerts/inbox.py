"""A person's inbox, and clocks and alerts for the tests of alerts."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from pokea.alerts.alert import Alert, AlertCode
from pokea.clock import SECOND, Instant
from tests.ports import free_port

ADDRESS = AlertCode.CALLBACK_ADDRESS
BOOKS = AlertCode.BOOKS_WRONG


class SetClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.instant: Instant = 1_800_000_000 * SECOND

    def now(self) -> Instant:
        """The present instant."""
        return self.instant


class Inbox:
    """Takes what Apprise posts as JSON, while it is open."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.port = free_port()
        self.address = f"json://127.0.0.1:{self.port}"

    @property
    def bodies(self) -> list[str]:
        """What the messages say."""
        return [message["message"] for message in self.messages]

    @contextmanager
    def open(self) -> Iterator["Inbox"]:
        """Take messages until it is left."""
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                inbox.messages.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", self.port), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def from_address(number: int) -> Alert:
    """An alert of an address of its own."""
    return Alert(ADDRESS, f"10.0.{number // 256}.{number % 256}", f"a callback came from address {number}")


def of_rule(rule: str) -> Alert:
    """An alert of a rule of the books."""
    return Alert(BOOKS, rule, f"the rule {rule} is broken")
