"""Real processes for tests: `pokea serve`, `pokea work`, `pokea simulate`, started, asked, stopped and killed."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pokea.api.auth.tokens import issue_token
from pokea.clock import SystemClock
from pokea.redact import Secret
from tests.ports import free_port

JWT_SECRET = "a-secret-for-tests-only-of-32-bytes"
SECRET_KEY = "a-key-for-tests-only-of-32-characters"
_PATIENCE_SECONDS = 20.0
_START_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.004
_LONGEST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Answer:
    """An HTTP answer whose body was JSON, or text where it was not."""

    status: int
    headers: Mapping[str, str]
    body: Any


def call(
    method: str,
    url: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = 60,
) -> Answer:
    """Send one request; any status is an answer. Bytes go as they are, everything else as JSON."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json"} | dict(headers or {}), method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_seconds) as response:
            return _answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _answer(refusal.code, refusal.headers, refusal.read())


def _answer(status: int, headers: Any, content: bytes) -> Answer:
    try:
        body = json.loads(content)
    except ValueError:
        body = content.decode("utf-8", "replace")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def eventually(found: Callable[[], Any], what: str, seconds: float = _PATIENCE_SECONDS) -> Any:
    """The first truthy thing found within so many seconds; fails the test with `what` otherwise."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while time.monotonic() < deadline:
        thing = found()
        if thing:
            return thing
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    raise AssertionError(f"not within {seconds:g} s: {what}")


@dataclass
class Program:
    """One `pokea` process, its log, and the address on which it answers.

    `most_files` bounds the files that it may open; 0 leaves that to the machine. `interpreter` is the Python that runs
    it.
    """

    arguments: list[str]
    environment: dict[str, str]
    log_file: Path
    url: str
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    most_files: int = 0
    interpreter: str = sys.executable

    def start(self) -> Self:
        """Start it, also after it was ended, and wait until it answers."""
        return self.launch().ready()

    def launch(self) -> Self:
        """Start it and go on."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "POKEA_"))}
        with self.log_file.open("ab") as log:
            bounded = ["sh", "-c", f'ulimit -n {self.most_files}; exec "$@"', "sh"] if self.most_files else []
            self.process = subprocess.Popen(
                [*bounded, self.interpreter, "-m", "pokea", *self.arguments],
                env=environment | self.environment,
                stdout=log,
                stderr=log,
                cwd=self.log_file.parent,
            )
        return self

    def ready(self) -> Self:
        """Wait until it answers."""
        if self.url:
            eventually(self._answers, f"{self.arguments[0]} answers; its log:\n{self.log}", _START_SECONDS)
        return self

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.arguments[0]} ended:\n{self.log}"
        try:
            return call("GET", f"{self.url}/healthz", timeout_seconds=1).status in (200, 404)
        except OSError:
            return False

    @property
    def log(self) -> str:
        """Everything it has printed so far."""
        return self.log_file.read_text() if self.log_file.exists() else ""

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Ask it to end, and say how it did."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Make sure that it does not outlive its test."""
        if self.is_running:
            self.kill()


def command(folder: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one `pokea` command to its end, with these settings and no others."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "POKEA_"))}
    return subprocess.run(
        [sys.executable, "-m", "pokea", *arguments],
        env=own | dict(environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class SimulatorProgram(Program):
    """A running simulator and its test API."""

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/sim/api`; the answer must be a success."""
        answer = call(method, f"{self.url}/sim/api{path}", body)
        assert answer.status < 300, answer
        return answer.body

    def subscriber(self, msisdn: str, behaviour: str = "manual", **rest: Any) -> None:
        """Make a phone."""
        self.api("POST", "/subscribers", {"msisdn": msisdn, "behaviour": behaviour} | rest)

    def fault(self, kind: str, **rest: Any) -> None:
        """Switch a fault on."""
        self.api("POST", "/faults", {"kind": kind} | rest)

    def journal(self) -> dict[str, list[dict[str, Any]]]:
        """The truth."""
        found: dict[str, list[dict[str, Any]]] = self.api("GET", "/journal")
        return found

    def pushes(self) -> int:
        """How many pushes reached Daraja."""
        return sum("processrequest" in each["path"] for each in self.journal()["requests"])

    def queries(self) -> int:
        """How many questions reached Daraja."""
        return sum("stkpushquery" in each["path"] for each in self.journal()["requests"])

    def charges(self, checkout_request_id: str) -> list[dict[str, Any]]:
        """What was really charged for this prompt: one charge or none."""
        return [each for each in self.journal()["charges"] if each["checkoutRequestId"] == checkout_request_id]

    def callbacks(self, checkout_request_id: str) -> list[dict[str, Any]]:
        """The callbacks that were sent about this prompt."""
        return [each for each in self.journal()["callbacks"] if each["checkoutRequestId"] == checkout_request_id]

    def prompts(self, msisdn: str) -> list[dict[str, Any]]:
        """What is on this phone at the moment."""
        found: list[dict[str, Any]] = self.api("GET", f"/prompts?msisdn={msisdn}")["prompts"]
        return found

    def prompt(self, msisdn: str) -> dict[str, Any]:
        """The prompt on this phone, once there is one."""
        found: dict[str, Any] = eventually(lambda: next(iter(self.prompts(msisdn)), None), f"a prompt on {msisdn}")
        return found

    def answer(self, msisdn: str, action: str, pin: str = "1234") -> None:
        """Answer the prompt on this phone."""
        body = {"action": action} | ({"pin": pin} if action == "pay" else {})
        self.api("POST", f"/prompts/{self.prompt(msisdn)['id']}/answer", body)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock."""
        self.api("POST", "/clock", {"advanceSeconds": seconds})


class ServiceProgram(Program):
    """A running service and the calls of its customers."""

    def call(
        self, method: str, path: str, body: Any = None, *, subject: str = "amina", scope: str = "", **headers: str
    ) -> Answer:
        """Call the API as a customer, with the usual scopes or with `scope`."""
        token = self.token(subject, scope)
        sent = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): text for name, text in headers.items()}
        return call(method, f"{self.url}/api/v1{path}", body, sent)

    def token(self, subject: str = "amina", scope: str = "") -> str:
        """A token with the usual scopes or with `scope`, good for an hour."""
        scopes = (scope or "payments:write payments:read bookings:write").split()
        return issue_token(Secret(JWT_SECRET), subject, scopes, SystemClock().now(), 3600)

    def book(self, amount: int | None = None, subject: str = "amina") -> dict[str, Any]:
        """A new booking of this customer."""
        wanted: dict[str, Any] = {"service": "Plumbing", "customerId": subject}
        answer = self.call("POST", "/bookings", wanted | ({"amount": amount} if amount else {}), scope="admin")
        assert answer.status == 201, answer
        booking: dict[str, Any] = answer.body["booking"]
        return booking

    def booking(self, booking_id: str) -> dict[str, Any]:
        """A booking as it stands."""
        booking: dict[str, Any] = self.call("GET", f"/bookings/{booking_id}", scope="admin").body["booking"]
        return booking

    def push(self, booking: Mapping[str, Any], phone: str, *, subject: str = "amina", **headers: str) -> Answer:
        """Prompt this phone for the booking's fee."""
        body = {
            "phoneNumber": phone,
            "bookingId": booking["id"],
            "amount": booking["bookingFee"]["amount"],
            "type": "booking_fee",
        }
        return self.call("POST", "/payments/mpesa/stkpush", body, subject=subject, **headers)

    def status(self, transaction_id: str) -> dict[str, Any]:
        """A payment as it stands."""
        answer = self.call("GET", f"/payments/mpesa/status/{transaction_id}", scope="admin")
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body["transaction"]
        return found

    def until(self, transaction_id: str, status: str, seconds: float = _PATIENCE_SECONDS) -> dict[str, Any]:
        """The payment, once it has this status."""
        found: dict[str, Any] = eventually(
            lambda: next(iter(row for row in [self.status(transaction_id)] if row["status"] == status), None),
            f"{transaction_id} is {status}",
            seconds,
        )
        return found


def new_simulator(folder: Path, *options: str) -> SimulatorProgram:
    """A simulator that is not yet started."""
    port = free_port()
    return SimulatorProgram(
        ["simulate", "--port", str(port), *options], {}, folder / "simulator.log", f"http://127.0.0.1:{port}"
    )


def new_service(folder: Path, database_url: str, simulator_url: str, *options: str, **settings: str) -> ServiceProgram:
    """A service that is not yet started."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "MPESA_ENVIRONMENT": "simulator",
        "MPESA_BASE_URL": simulator_url,
        "MPESA_CALLBACK_URL": f"{url}/api/v1/payments/mpesa/callback",
        "POKEA_DATABASE_URL": database_url,
        "POKEA_SECRET_KEY": SECRET_KEY,
        "POKEA_JWT_SECRET": JWT_SECRET,
    }
    return ServiceProgram(["serve", "--port", str(port), *options], environment | settings, folder / "service.log", url)
