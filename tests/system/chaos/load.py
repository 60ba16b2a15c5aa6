"""Customers who book, pay, cancel, forget and try again through whatever is up, and a forger among them."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pokea.universe.forger import forgeries
from pokea.universe.recorder import Acknowledged
from tests.system.service.running import Answer, ServiceProgram, SimulatorProgram, call

LONGEST_DELAY_SECONDS = 3.0
_BEHAVIOURS = {"pay": 12, "cancel": 3, "ignore": 2, "wrong_pin": 1, "insufficient": 1, "unreachable": 1}
_TRIES = 40
_TRIES_IN_FLIGHT = 5
_PAUSE_SECONDS = 0.4
_PATIENCE_SECONDS = 8.0
_LOOKS = 6
_FIRST_PHONE = 254_790_000_000


@dataclass
class Told:
    """What the service has told anybody: each of it must be true at the end."""

    bookings: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


class Load:
    """So many customers at a time, one after another, until it is stopped."""

    def __init__(self, url: str, simulator: SimulatorProgram, seed: int, customers: int) -> None:
        self.told = Told()
        self._door = ServiceProgram([], {}, simulator.log_file, url)
        self._simulator = simulator
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._guarded, args=[random.Random(f"{seed}/{number}")], name=f"customer {number}")
            for number in range(customers)
        ]

    def start(self) -> None:
        """Let them come."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nobody comes any more; whoever is there finishes."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _guarded(self, chance: random.Random) -> None:
        while not self._stopping.is_set():
            try:
                self._come(chance)
            except Exception as failure:
                self.told.complaints.append(f"a customer met {type(failure).__name__}: {failure}")
                return

    def _come(self, chance: random.Random) -> None:
        phone = self._new_phone(chance)
        customer = f"customer-{phone}"
        body = {"service": "Plumbing"}
        answer = self._persist("/bookings", body, customer, chance)
        if answer is None or answer.status != HTTPStatus.CREATED:
            return
        booking = answer.body["booking"]
        self.told.bookings.append(booking["id"])
        for _ in range(2):
            payment_id = self._pay(booking, phone, customer, chance)
            status = self._watch(payment_id, chance) if payment_id else ""
            if status != "failed" or self._stopping.is_set():
                return

    def _new_phone(self, chance: random.Random) -> str:
        with self._lock:
            phone = str(_FIRST_PHONE + len(self.told.phones))
            self.told.phones.append(phone)
        behaviour = chance.choices(list(_BEHAVIOURS), list(_BEHAVIOURS.values()))[0]
        self._simulator.subscriber(phone, behaviour, delaySeconds=chance.uniform(0, LONGEST_DELAY_SECONDS))
        return phone

    def _pay(self, booking: Mapping[str, Any], phone: str, customer: str, chance: random.Random) -> str | None:
        amount = booking["bookingFee"]["amount"]
        body = {"phoneNumber": phone, "bookingId": booking["id"], "amount": amount, "type": "booking_fee"}
        answer = self._persist("/payments/mpesa/stkpush", body, customer, chance)
        if answer is None:
            return None
        self._count(f"push {answer.status} {answer.body.get('code', '')}".strip())
        if answer.status != HTTPStatus.CREATED:
            return None
        data: dict[str, Any] = answer.body["data"]
        self.told.payments.append(data["transactionId"])
        if chance.random() < 0.2:
            self._forge(data, amount, phone, chance)
        payment_id: str = data["transactionId"]
        return payment_id

    def _persist(self, path: str, body: Any, customer: str, chance: random.Random) -> Answer | None:
        """Call with one idempotency key until there is an answer that says what became of it."""
        key = chance.randbytes(8).hex()
        in_flight = 0
        for _ in range(_TRIES):
            answer = self._try(lambda: self._door.call("POST", path, body, subject=customer, Idempotency_Key=key))
            if answer is not None and not _is_passing(answer):
                return answer
            # Of a push whose process was killed nothing can be said for a minute (law: push): few people wait so long.
            in_flight += answer is not None and answer.body["code"] == "idempotency_in_flight"
            if in_flight > _TRIES_IN_FLIGHT or self._stopping.is_set():
                break
            self._count("tries again")
            time.sleep(chance.uniform(0, 2 * _PAUSE_SECONDS))
        self._count("gives up")
        return None

    def _watch(self, payment_id: str, chance: random.Random) -> str:
        status = ""
        path = f"/payments/mpesa/status/{payment_id}"
        for _ in range(_LOOKS):
            time.sleep(chance.uniform(0.3, 1.0))
            answer = self._try(lambda: self._door.call("GET", path, scope="admin"))
            if answer is None or answer.status != HTTPStatus.OK:
                if answer is not None and answer.status == HTTPStatus.NOT_FOUND:
                    self.told.complaints.append(f"{payment_id} was told, and is not found")
                continue
            status = answer.body["transaction"]["status"]
            if status == "completed":
                self.told.completed.append(payment_id)
                return "completed"
            if status == "failed":
                return "failed"
        return status

    def _forge(self, data: Mapping[str, Any], amount: int, phone: str, chance: random.Random) -> None:
        for forgery in forgeries(data, amount, phone, (), chance):
            url = f"{self._door.url}/api/v1/payments/stk/callback{forgery.path}"
            answer = self._try(lambda: call("POST", url, forgery.body, timeout_seconds=_PATIENCE_SECONDS))  # noqa: B023 - called at once
            self._count("forgeries")
            if answer is not None and answer.status == HTTPStatus.OK:
                self.told.acknowledged.append(Acknowledged(forgery.path.removeprefix("/"), forgery.body))

    def _try(self, what: Callable[[], Answer]) -> Answer | None:
        try:
            return what()
        except (OSError, http.client.HTTPException):
            return None

    def _count(self, what: str) -> None:
        with self._lock:
            self.told.counts[what] += 1


def _is_passing(answer: Answer) -> bool:
    """Whether the answer is one after which a client with a key asks again."""
    code = answer.body.get("code")
    return code in ("idempotency_in_flight", "unavailable", "internal_error") and "transactionId" not in answer.body
