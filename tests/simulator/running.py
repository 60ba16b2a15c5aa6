"""A real simulator on a loopback port, a tiny receiver of its callbacks, and a client that speaks to it."""

import asyncio
import base64
import contextlib
import http.client
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from pokea.clock import SystemClock
from pokea.daraja.wire import push_password
from pokea.simulator import Simulator, SimulatorOptions
from pokea.simulator.faults import OAUTH_PATH, PUSH_PATH, QUERY_PATH
from pokea.transport import HttpTransport

TIMESTAMP = "20261124120000"
PHONE = "254722000001"
_PATIENCE_SECONDS = 8.0


class Reply:
    """An HTTP answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of Daraja's error envelope."""
        return self.status, self.json["errorCode"], self.json["errorMessage"]


def eventually(found: Callable[[], Any], what: str = "it") -> Any:
    """The first truthy answer of `found`; fails when it takes too long."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        answer = found()
        if answer:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen within {_PATIENCE_SECONDS} s")


def seconds_between(earlier: str, later: str) -> float:
    """The seconds from one printed instant to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


@dataclass
class Received:
    """One callback as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def result(self) -> Any:
        """What is inside `stkCallback`."""
        return json.loads(self.body)["Body"]["stkCallback"]


@dataclass
class Receiver:
    """A merchant's server: it keeps what comes and answers with `status`."""

    url: str
    status: int = 200
    location: str = ""
    before_answer: Callable[[], None] = lambda: None
    received: list[Received] = field(default_factory=list)

    def results(self, checkout_request_id: str) -> list[Any]:
        """The callbacks of one payment, in the order in which they came."""
        return [r.result for r in list(self.received) if r.result["CheckoutRequestID"] == checkout_request_id]


@contextlib.contextmanager
def running_receiver() -> Iterator[Receiver]:
    """A receiver on a free loopback port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/callbacks/one")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.before_answer()
            receiver.received.append(Received(self.path, dict(self.headers.items()), body))
            answer = b"" if receiver.status == 204 else b'{"ResultCode":0,"ResultDesc":"Accepted"}'
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep the tests' output clean."""

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_NOTED_APART_SECONDS = 0.05
"""A push is noted a moment after the time from which its callback is reckoned."""


class Daraja:
    """A running simulator and how to call it."""

    def __init__(self, address: str, receiver: Receiver, options: SimulatorOptions, stop: Callable[[], None]) -> None:
        self.address = address
        self.stop = stop
        self.receiver = receiver
        self.options = options
        self._token = ""

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = _PATIENCE_SECONDS,
    ) -> Reply:
        """One request; a body that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Connection": "close"} | ({} if body is None else {"Content-Type": "application/json"})
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=timeout_seconds)
        try:
            connection.request(method, path, data, sent | dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def generate(self, key: str = "", secret: str = "", path: str = "") -> Reply:
        """A token request."""
        pair = f"{key or self.options.consumer_key}:{secret or self.options.consumer_secret}"
        basic = base64.b64encode(pair.encode()).decode()
        path = path or f"{OAUTH_PATH}?grant_type=client_credentials"
        return self.call("GET", path, headers={"Authorization": f"Basic {basic}"})

    def new_token(self) -> str:
        """A fresh token."""
        self._token = self.generate().json["access_token"]
        return self._token

    @property
    def token(self) -> str:
        """The token in use."""
        return self._token or self.new_token()

    def push_body(self, **changes: Any) -> dict[str, Any]:
        """A push that is right but for the changes; a field of None is left out."""
        shortcode = str(changes.get("BusinessShortCode", self.options.shortcode))
        body = {
            "BusinessShortCode": shortcode,
            "Password": push_password(shortcode, self.options.passkey, TIMESTAMP),
            "Timestamp": TIMESTAMP,
            "TransactionType": "CustomerPayBillOnline",
            "Amount": "10",
            "PartyA": PHONE,
            "PartyB": self.options.shortcode,
            "PhoneNumber": changes.get("PartyA", PHONE),
            "CallBackURL": self.receiver.url,
            "AccountReference": "BK-1001",
            "TransactionDesc": "Booking fee",
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def push(self, *, token: str | None = None, timeout_seconds: float = _PATIENCE_SECONDS, **changes: Any) -> Reply:
        """An STK push."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return self.call("POST", PUSH_PATH, self.push_body(**changes), headers, timeout_seconds)

    def pushed(self, msisdn: str = PHONE, amount: int = 10, **changes: Any) -> str:
        """The CheckoutRequestID of a push that is accepted."""
        reply = self.push(PartyA=msisdn, Amount=str(amount), **changes)
        assert reply.status == 200, reply.body
        checkout: str = reply.json["CheckoutRequestID"]
        return checkout

    def query(self, checkout_request_id: str, *, token: str | None = None, **changes: Any) -> Reply:
        """An STK query."""
        shortcode = str(changes.get("BusinessShortCode", self.options.shortcode))
        body = {
            "BusinessShortCode": shortcode,
            "Password": push_password(shortcode, self.options.passkey, TIMESTAMP),
            "Timestamp": TIMESTAMP,
            "CheckoutRequestID": checkout_request_id,
        }
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        changed = {name: value for name, value in (body | changes).items() if value is not None}
        return self.call("POST", QUERY_PATH, changed, headers)

    def subscriber(self, msisdn: str = PHONE, **fields: Any) -> Any:
        """A phone as the test wants it."""
        reply = self.call("POST", "/sim/api/subscribers", {"msisdn": msisdn, **fields})
        assert reply.status == 201, reply.body
        return reply.json

    def phone(self, msisdn: str = PHONE) -> Any:
        """A phone as it is."""
        phones = self.call("GET", "/sim/api/subscribers").json["subscribers"]
        return next(phone for phone in phones if phone["msisdn"] == msisdn)

    def prompts(self, msisdn: str = PHONE) -> list[Any]:
        """What is on a phone."""
        prompts: list[Any] = self.call("GET", f"/sim/api/prompts?msisdn={msisdn}").json["prompts"]
        return prompts

    def answer(self, msisdn: str = PHONE, action: str = "pay", pin: str | None = "1234") -> Reply:
        """Answer the one prompt on a phone."""
        (prompt,) = self.prompts(msisdn)
        order = {"action": action} | ({"pin": pin} if action == "pay" and pin else {})
        return self.call("POST", f"/sim/api/prompts/{prompt['id']}/answer", order)

    def fault(self, kind: str, **fields: Any) -> Any:
        """Switch a fault on."""
        reply = self.call("POST", "/sim/api/faults", {"kind": kind, **fields})
        assert reply.status == 201, reply.body
        return reply.json

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock on."""
        assert self.call("POST", "/sim/api/clock", {"advanceSeconds": seconds}).status == 200

    @property
    def journal(self) -> Any:
        """The truth."""
        return self.call("GET", "/sim/api/journal").json

    def requests(self, path: str) -> list[Any]:
        """The journal's requests to one path."""
        return [request for request in self.journal["requests"] if request["path"] == path]

    def sent_after(self, checkout_request_id: str) -> list[int]:
        """How many whole seconds after the first push each of its callbacks was sent, on the simulator's clock.

        That clock also runs by itself, while a slow machine sends.
        """
        pushed_at = self.requests(PUSH_PATH)[0]["at"]
        sent = [c for c in self.journal["callbacks"] if c["checkoutRequestId"] == checkout_request_id]
        return [int(seconds_between(pushed_at, callback["sentAt"]) + _NOTED_APART_SECONDS) for callback in sent]

    def callback(self, checkout_request_id: str, count: int = 1) -> Any:
        """The latest callback of a payment, once `count` have come."""
        results = eventually(
            lambda: len(found := self.receiver.results(checkout_request_id)) >= count and found, f"callback {count}"
        )
        return results[-1]


class _QuickServer(uvicorn.Server):
    """A server that notices at once that it should stop."""

    async def main_loop(self) -> None:
        """Wait for the end."""
        while not self.should_exit:
            await asyncio.sleep(0.005)


@contextlib.contextmanager
def running_simulator(receiver: Receiver, ending: list[threading.Thread], **switches: Any) -> Iterator[Daraja]:
    """A simulator of its own on a free loopback port, in a thread with an event loop.

    The server takes a tenth of a second to end; the thread goes to `ending`, to be joined after all tests.
    """
    options = SimulatorOptions(**switches)
    listener = socket.create_server(("127.0.0.1", 0))
    simulator = Simulator(options, HttpTransport(), SystemClock(), random.Random(options.seed or 7))
    server = _QuickServer(
        uvicorn.Config(simulator.app, log_config=None, access_log=False, timeout_graceful_shutdown=2, ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    ending.append(thread)

    def stop() -> None:
        server.servers[0].get_loop().call_soon_threadsafe(simulator.release)
        server.should_exit = True

    try:
        eventually(lambda: server.started, "the simulator's start")
        yield Daraja(f"http://127.0.0.1:{listener.getsockname()[1]}", receiver, options, stop)
    finally:
        stop()
        listener.close()
