"""Those who come to pay, as a checkout lets them: impatient, clicking twice, closing the page, sharing a phone.

They know nothing but what the API tells them, and they remember it: what was told as paid is never taken back.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from pokea.transport import NoAnswer, NotSent, Reply
from pokea.universe.plan import Try, Visit
from pokea.universe.service_calls import ServiceCalls
from pokea.universe.stream_reader import StreamReader

_PAUSE_SECONDS = 3.0
_ATTEMPTS = 12
_LOOKS_SECONDS = (2.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0, 90.0)
_BY_SECRET_SECONDS = 10.0
"""So long a page reads with its client secret, and afterwards with the customer's token."""
_LISTENS_SECONDS = 40.0
"""So long a page listens before it asks: while it does, its process looks at the payment once a second."""
PIN = "4821"
_CLOCKS_DIFFER_SECONDS = 1.5
_ANSWERED = 200
_NOTHING_MORE = 204
_MADE = 201
_CONFLICT = 409
_TOO_MANY = 429


class ServiceApi(ServiceCalls, Protocol):
    """Where a customer stands: the calls to the service and to the phone, and what is noted."""

    async def phone(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use the phone."""
        ...

    def count(self, name: str) -> None:
        """Count something for the report."""
        ...

    async def watch(
        self, who: str, path: str, secret: str, last_seen: int, patience_seconds: float, hear: Callable[[bytes], None]
    ) -> Reply:
        """Watch events. Raises NotSent or NoAnswer."""
        ...

    def is_committed(self, transaction_id: str, version: int) -> bool:
        """Whether the payment has reached this version in the database."""
        ...

    def complain(self, what: str) -> None:
        """The service has told something that cannot be."""
        ...

    def new_key(self) -> str:
        """A fresh idempotency key."""
        ...

    async def forge(self, who: str, booking: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Tell the service that the payment is paid, which it is not."""
        ...


class Customer:
    """One visit."""

    def __init__(self, visit: Visit, counter: ServiceApi) -> None:
        self._visit = visit
        self._counter = counter
        self._seen: dict[str, Mapping[str, Any]] = {}
        self._free_since: dict[str, float] = {}

    async def come(self) -> None:
        """From the booking to the last try."""
        await asyncio.sleep(self._visit.at_seconds)
        booking = await self._book()
        if booking is None:
            return
        for number, trial in enumerate(self._visit.tries):
            await self._take_phone(trial)
            answer = await self._push(booking, trial)
            if answer is None:
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if self._visit.forges and number == 0:
                await self._counter.forge(self._visit.name, booking, answer)
            if await self._watch(answer["transactionId"], answer.get("clientSecret"), trial.watches_seconds):
                return

    async def _book(self) -> Mapping[str, Any] | None:
        visit = self._visit
        wanted: dict[str, Any] = {"service": "Plumbing", "customerId": visit.name}
        if visit.shillings is not None:
            wanted["amount"] = visit.shillings
        key = self._counter.new_key()

        def once() -> Awaitable[Reply]:
            return self._counter.call("admin", "POST", "/bookings", wanted, key, patience_seconds=20)

        reply = await self._until_answered(once)
        if reply is None or reply.status != _MADE:
            self._counter.note(visit.name, "customer", "gives up: no booking could be made")
            return None
        booking: Mapping[str, Any] = json.loads(reply.body)["booking"]
        return booking

    async def _take_phone(self, trial: Try) -> None:
        visit = self._visit
        phone = {"msisdn": visit.msisdn, "behaviour": trial.behaviour, "delaySeconds": trial.delay_seconds}
        await self._counter.phone("POST", "/subscribers", {**phone, "pin": PIN})
        if visit.unheard and trial is visit.tries[0]:
            self._counter.note(visit.name, "customer", "Daraja will not say what becomes of their first push")
            for fault in ({"kind": "connection_dropped", "when": "after"}, {"kind": "callback_lost"}):
                await self._counter.phone("POST", "/faults", {**fault, "msisdn": visit.msisdn, "count": 1})

    async def _push(self, booking: Mapping[str, Any], trial: Try) -> Mapping[str, Any] | None:
        """Press the button, once or twice; what the page then watches, if anything."""
        visit = self._visit
        amount = booking["bookingFee"]["amount"]
        wanted = {"phoneNumber": visit.typed, "bookingId": booking["id"], "amount": amount, "type": "booking_fee"}
        key = self._counter.new_key() if visit.keyed else None
        self._counter.note(
            visit.name, "customer", f"asks to pay {amount} with {visit.msisdn}, and will {trial.behaviour}"
        )

        def once(patience_seconds: float = 60.0) -> Awaitable[Reply]:
            return self._counter.call(
                visit.name, "POST", "/payments/mpesa/stkpush", wanted, key, patience_seconds=patience_seconds
            )

        by_hand = asyncio.create_task(self._answer_by_hand(trial)) if trial.behaviour == "manual" else None
        if visit.leaves_after_seconds is not None:
            await self._leave(once, visit.leaves_after_seconds)
        if visit.double_clicks:
            self._counter.count("customer.clicked twice")
            both = await asyncio.gather(self._until_answered(once), self._until_answered(once))
            replies = [reply for reply in both if reply is not None]
            self._compare(replies, same=key is not None)
        else:
            one = await self._until_answered(once)
            replies = [one] if one is not None else []
        if by_hand is not None:
            await by_hand
        for reply in replies:
            self._mind_the_lock(reply)
        watched = [found for found in (_to_watch(reply) for reply in replies) if found is not None]
        return watched[0] if watched else None

    async def _leave(self, once: Callable[[float], Awaitable[Reply]], after_seconds: float) -> None:
        try:
            await once(after_seconds)
        except (NotSent, NoAnswer):
            self._counter.note(self._visit.name, "customer", "closed the page, and opens it again")
            self._counter.count("customer.left")

    async def _until_answered(self, once: Callable[[], Awaitable[Reply]]) -> Reply | None:
        """The first answer that says more than to wait."""
        for _ in range(_ATTEMPTS):
            try:
                reply = await once()
            except (NotSent, NoAnswer):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            code = _code(reply)
            if code == "internal_error":
                self._counter.note(self._visit.name, "customer", "meets an internal error")
            if code not in ("unavailable", "idempotency_in_flight", "internal_error"):
                return reply
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    async def _answer_by_hand(self, trial: Try) -> None:
        """Look for the prompt and answer it: now and then with a wrong PIN, now and then too late."""
        await asyncio.sleep(trial.delay_seconds)
        prompts = (await self._counter.phone("GET", f"/prompts?msisdn={self._visit.msisdn}"))["prompts"]
        if prompts:
            pin = "0000" if trial.mistypes else PIN
            await self._counter.phone("POST", f"/prompts/{prompts[0]['id']}/answer", {"action": "pay", "pin": pin})

    async def _watch(self, transaction_id: str, secret: str | None, patience_seconds: float) -> bool:
        """Look at the payment until it is paid, has failed, or patience ends; whether it was paid."""
        path = f"/payments/mpesa/status/{transaction_id}"
        if self._visit.streams and secret is not None:
            ended_as = await self._listen(transaction_id, path, secret, min(patience_seconds, _LISTENS_SECONDS))
            if ended_as is not None:
                return ended_as == "completed"
        watched = 0.0
        for pause in _LOOKS_SECONDS:
            await asyncio.sleep(pause)
            watched += pause
            try:
                reply = await self._counter.call(
                    self._visit.name,
                    "GET",
                    path,
                    patience_seconds=10,
                    token=secret if watched < _BY_SECRET_SECONDS else None,
                )
            except (NotSent, NoAnswer):
                continue
            if reply.status == _ANSWERED:
                seen = json.loads(reply.body)["transaction"]
                self._check(transaction_id, seen)
                if seen["status"] in ("completed", "failed"):
                    self._counter.note(self._visit.name, "customer", f"reads: {seen['status']}")
                    return bool(seen["status"] == "completed")
            if watched >= patience_seconds:
                break
        self._counter.note(self._visit.name, "customer", "has watched long enough")
        return False

    async def _listen(self, transaction_id: str, path: str, secret: str, patience_seconds: float) -> str | None:
        """Watch the events until they end, coming back when they break off; how they ended, None if they have not."""
        loop = asyncio.get_running_loop()
        ear = StreamReader(transaction_id, lambda told: self._take(transaction_id, told), self._counter.complain)
        until = loop.time() + patience_seconds
        connections = 0
        while not ear.is_over and (left := until - loop.time()) > 0:
            connections += 1
            try:
                reply = await self._counter.watch(
                    self._visit.name, f"{path}/events", secret, ear.version, left, ear.hear
                )
            except (NotSent, NoAnswer):
                reply = None
            if reply is not None and reply.status == _NOTHING_MORE:
                break
            if not ear.is_over:
                await asyncio.sleep(_PAUSE_SECONDS)
        self._counter.count("streams.ended" if ear.is_over else "streams.left")
        if connections > 1 and ear.version:
            self._counter.count("streams.come back to")
        return ear.status if ear.is_over else None

    def _take(self, transaction_id: str, told: Mapping[str, Any]) -> None:
        self._counter.count("streams.told")
        self._counter.note(self._visit.name, "customer", f"is told: {told['status']}, version {told['version']}")
        if not self._counter.is_committed(transaction_id, told["version"]):
            self._counter.complain(f"{transaction_id} was told as {told['status']} before that was committed")
        self._check(transaction_id, told)

    def _check(self, transaction_id: str, seen: Mapping[str, Any]) -> None:
        before = self._seen.get(transaction_id)
        if before is not None and seen["version"] < before["version"]:
            self._counter.complain(f"{transaction_id} went back from version {before['version']} to {seen['version']}")
        if before is not None and before["status"] == "completed" and seen["status"] != "completed":
            self._counter.complain(f"{transaction_id} was told as completed, and then as {seen['status']}")
        self._seen[transaction_id] = seen
        if (seen["failure"] or {}).get("retryable"):
            self._free_since.setdefault(transaction_id, asyncio.get_running_loop().time())

    def _compare(self, replies: Sequence[Reply], same: bool) -> None:
        """Two clicks with one key make one payment, and neither is told that the other is in its way."""
        made = {data["transactionId"] for reply in replies if reply.status == _MADE and (data := _to_watch(reply))}
        if same and len(made) > 1:
            self._counter.complain(f"two clicks made the payments {' and '.join(sorted(made))}")
        in_the_way = [reply for reply in replies if _code(reply) == "payment_in_progress"]
        refused = {data["transactionId"] for reply in in_the_way if (data := _to_watch(reply))}
        if same and made & refused:
            self._counter.complain(f"{made & refused} is in the way of the very call that made it")

    def _mind_the_lock(self, reply: Reply) -> None:
        """A payment of which it was told that one may pay again must not be in the way of doing so."""
        data = _to_watch(reply) if reply.status == _CONFLICT else None
        now = asyncio.get_running_loop().time()
        if data is not None and now - self._free_since.get(data["transactionId"], now) > _CLOCKS_DIFFER_SECONDS:
            self._counter.complain(f"{data['transactionId']} has failed for good, and is still in the way")


def _to_watch(reply: Reply) -> Mapping[str, Any] | None:
    body = json.loads(reply.body)
    if reply.status == _MADE:
        data: Mapping[str, Any] = body["data"]
        return data
    if reply.status == _CONFLICT and "transactionId" in body:
        return {"transactionId": body["transactionId"]}
    return None


def _code(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body).get("code", ""))
    except (ValueError, AttributeError):
        return ""
