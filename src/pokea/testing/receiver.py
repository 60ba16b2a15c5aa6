"""Webhooks for the test of a receiver: messages as the service signs them, and a small server that collects them."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from pokea.client import sign_webhook
from pokea.testing.asking import eventually


class SignedMessage(NamedTuple):
    """A webhook as it is sent: its headers and its body."""

    headers: dict[str, str]
    body: bytes


def webhook_message(event: Mapping[str, Any], secret: str, *, sent_at: int | None = None) -> SignedMessage:
    """A webhook about an event (law: event types), signed with this secret now or at another Unix second."""
    body = json.dumps(event, separators=(",", ":")).encode()
    message_id, moment = f"evt_{event['data']['id']}_{event['data']['version']}", int(sent_at or time.time())
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": sign_webhook(message_id, moment, body, [secret]),
    }
    return SignedMessage(headers, body)


class Receiver:
    """What has come to a small server at `url`; it answers `status`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 204
        self.received: list[SignedMessage] = []

    def message(self, number: int = 1) -> SignedMessage:
        """The first message that came, or a later one, once it has come."""
        eventually(lambda: len(self.received) >= number, f"{number} webhooks have come")
        return self.received[number - 1]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server on a free loopback port that keeps all that is posted to it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/webhook")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.received.append(SignedMessage({name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the output of the tests clean."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
