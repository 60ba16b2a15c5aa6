"""A service that pays out beside a simulator of its own, and the people who ask, approve and look."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pokea.api.auth.tokens import issue_token
from pokea.clock import SystemClock
from pokea.redact import Secret
from tests.system.service.leaks import kept_running
from tests.system.service.running import JWT_SECRET, Answer, call, eventually, new_service, new_simulator
from tests.system.service.world import Pushed, World

_SETTINGS = {
    "POKEA_MONEY_OUT": "on",
    "MPESA_INITIATOR_NAME": "testapi",
    "MPESA_INITIATOR_PASSWORD": "Safaricom999!*!",
    "POKEA_OUT_LIMIT_HOURLY": "1000",
    "POKEA_OUT_LIMIT_DAY": "1000000",
    "POKEA_PAYEE_WAIT_HOURS": "0",
    "POKEA_COMMISSION_PERCENT": "10",
}
_SWITCHES = ("--b2c-tariff", "registered", "--tariff", "business", "--out-seconds", "0.3")
"""What M-PESA charges stands in statements, and its Results come soon."""
FUNDS = 200_000
_keys = itertools.count(1)


class Treasury:
    """A service that pays out, beside a simulator of its own, and two people who may do everything."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, method: str, path: str, body: Any = None, who: str = "ann", scope: str = "admin") -> Answer:
        """Call the API as somebody who signed in a moment ago, each time with a key of its own."""
        now = SystemClock().now()
        token = issue_token(Secret(JWT_SECRET), who, scope.split(), now, 3600)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"out-{next(_keys)}"}
        return call(method, f"{self.world.service.url}/api/v1{path}", body, headers)

    def paid(self, amount: int = 500) -> Pushed:
        """A payment that came, which holds its booking's fee."""
        pushed = self.world.push(self.world.new_phone("pay"), amount)
        self.world.service.until(pushed.id, "completed")
        return pushed

    def refund(self, pushed: Pushed, **body: Any) -> str:
        """A refund that ann asked for and ben approved."""
        wanted = {"paymentId": pushed.id, "reason": "never came"} | body
        made = self.ask("POST", "/refunds", wanted)
        assert made.status == 201, made
        refund = made.body["refund"]
        approved = self.ask("POST", f"/refunds/{refund['id']}/approve", {"digest": refund["digest"]}, who="ben")
        assert approved.status == 200, approved
        found: str = refund["id"]
        return found

    def read(self, disbursement_id: str) -> dict[str, Any]:
        """A refund or payout as it stands."""
        kind = "refund" if disbursement_id.startswith("rf_") else "payout"
        found: dict[str, Any] = self.ask("GET", f"/{kind}s/{disbursement_id}").body[kind]
        return found

    def until(self, disbursement_id: str, *statuses: str) -> dict[str, Any]:
        """The refund or payout, once it has one of these statuses."""
        found: dict[str, Any] = eventually(
            lambda: next(iter(row for row in [self.read(disbursement_id)] if row["status"] in statuses), None),
            f"{disbursement_id} is {' or '.join(statuses)}",
        )
        return found

    def payouts_to(self, phone: str) -> list[dict[str, Any]]:
        """What the journal says that this phone was paid out."""
        journal = self.world.simulator.api("GET", "/journal")
        return [each for each in journal["payouts"] if each["msisdn"] == phone]

    def payee(self) -> str:
        """A payee whom ann made and ben confirmed."""
        made = self.ask("POST", "/payees", {"name": "Juma", "phoneNumber": self.world.new_phone()})
        payee_id: str = made.body["payee"]["id"]
        confirmed = self.ask("POST", f"/payees/{payee_id}/confirm", {}, who="ben")
        assert confirmed.status == 200, confirmed
        return payee_id

    def fee(self, pushed: Pushed) -> str:
        """Where the fee of the payment's booking stands."""
        status: str = self.world.service.booking(pushed.booking_id)["bookingFee"]["status"]
        return status

    def start_again(self) -> None:
        """Start money out if the brake has stopped it."""
        if self.ask("GET", "/money-out").body["moneyOut"]["state"] == "stopped":
            assert self.ask("POST", "/money-out/start", {"reason": "looked at"}).status == 200


@contextlib.contextmanager
def new_treasury(folder: Path, database_url: str) -> Iterator[Treasury]:
    """A service on this database that pays out, and a simulator with enough in its account."""
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(kept_running(new_simulator(folder, *_SWITCHES))).start()
        service = stack.enter_context(
            kept_running(new_service(folder, database_url, simulator.url, **_SETTINGS))
        ).start()
        simulator.api("POST", "/accounts", {"utility": FUNDS})
        yield Treasury(World(service, simulator, database_url))
