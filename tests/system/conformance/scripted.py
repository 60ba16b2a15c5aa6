"""A service that answers as a case says, whatever it is asked: also by cutting the connection."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

CUT: Final = "cut"
_BOOKING: Final = {
    "id": "bk_1", "reference": "BK-1", "service": "Plumbing", "customerId": "amina", "status": "awaiting_payment",
    "businessName": None, "createdAt": "2026-01-01T00:00:00.000Z",
    "bookingFee": {"amount": 500, "currency": "KES", "status": "unpaid", "paidAt": None},
}  # fmt: skip


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    key: str | None
    at: float


class Script:
    """A server at `url`, and what it was asked; each answer is given once."""

    def __init__(self, url: str, answers: Sequence[Any]) -> None:
        self.url = url
        self.left = list(answers)
        self.asked: list[Asked] = []


def body_of(answer: Mapping[str, Any]) -> bytes:
    """The body of an answer of a case: a text, a whole document, a booking, or a refusal."""
    if "text" in answer:
        return str(answer["text"]).encode()
    if "document" in answer:
        return json.dumps(answer["document"]).encode()
    if "booking" in answer:
        return json.dumps({"success": True, "booking": _BOOKING | answer.get("changed", {})}).encode()
    rest = {name: value for name, value in answer.items() if name != "status"}
    return json.dumps({"success": False, "message": "No.", "errors": [], "requestId": "req_1"} | rest).encode()


@contextmanager
def scripted(answers: Sequence[Any], context: ssl.SSLContext | None = None) -> Iterator[Script]:
    """A server on a free loopback port, over TLS with a `context`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    script = Script(f"http://127.0.0.1:{server.server_address[1]}", answers)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, self.headers.get("Idempotency-Key"), time.monotonic())
            script.asked.append(asked)
            self.close_connection = True
            answer = script.left.pop(0)
            if answer == CUT:
                return
            body = body_of(answer)
            self.send_response(answer["status"])
            self.send_header("Content-Type", "text/html" if "text" in answer else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the output of the tests clean."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
