"""Real processes for tests: `pokea serve`, `pokea work`, `pokea simulate`, started, asked, stopped and killed."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pokea.api.auth.tokens import issue_token
from pokea.clock import SystemClock
from pokea.redact import Secret
from pokea.testing import programs
from pokea.testing.asking import PATIENCE_SECONDS, HttpAnswer, call, eventually
from pokea.testing.programs import Launcher, Program, SimulatorProgram, free_port, own_environment
from tests import prepared

__all__ = [
    "Answer",
    "Program",
    "ServiceProgram",
    "SimulatorProgram",
    "call",
    "command",
    "eventually",
    "new_service",
    "new_simulator",
]

Answer = HttpAnswer
JWT_SECRET = "a-secret-for-tests-only-of-32-bytes"
SECRET_KEY = "a-key-for-tests-only-of-32-characters"


def command(folder: Path, environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one `pokea` command to its end, with these settings and no others."""
    return prepared.run(arguments, own_environment(environment), folder, timeout_seconds=120)


def new_simulator(folder: Path, *options: str) -> SimulatorProgram:
    """A simulator that is not yet started, and logs into this folder."""
    return replace(programs.new_simulator(folder, *options), launcher=prepared.launch)


@dataclass
class ServiceProgram(Program):
    """A running service and the calls of its customers."""

    launcher: Launcher = prepared.launch

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

    def until(self, transaction_id: str, status: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The payment, once it has this status."""
        found: dict[str, Any] = eventually(
            lambda: next(iter(row for row in [self.status(transaction_id)] if row["status"] == status), None),
            f"{transaction_id} is {status}",
            seconds,
        )
        return found


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
