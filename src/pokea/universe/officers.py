"""Officers of the merchant: one asks for money to go out, another approves, and both find out what became of it.

Now and then they do what the service must refuse: approve what they asked for themselves, approve what they have not
read, begin anew what may have paid, conclude from a statement that ends too early.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, Protocol

from pokea.disbursements.model import Disbursement, DisbursementStatus, OutAttempt
from pokea.money import CENTS
from pokea.transport import NoAnswer, NotSent, Reply
from pokea.universe.disk import Store
from pokea.universe.out_view import OutView, look_at_money_out

OFFICERS: Final = ("officer asha", "officer baraka", "officer cherop")
OWNER: Final = "the owner"
"""An admin, who requests and approves as well."""
OFFICER_SCOPES: Final = ("refunds:write", "payouts:write", "out:approve")
_TECHNICIANS: Final = (("FUNDI MOJA", "254708374101"), ("FUNDI MBILI", "254112345602"))
_TRIES: Final = 8
_PAUSE_SECONDS: Final = 4.0
_OK: Final = 200
_MADE: Final = 201
_LEAST_PAYOUT_SHILLINGS: Final = 10
_AGAIN: Final = frozenset({"unavailable", "idempotency_in_flight", "internal_error", "outcome_unknown"})
_READS_IT_AFTER_SECONDS: Final = (1.0, 45.0)

Act = Callable[[], Awaitable[None]]


PostSignedIn = Callable[[str, str, Mapping[str, Any], str], Awaitable[Reply]]
"""POSTs to the service, with a key, as a person who has just signed in. Raises NotSent or NoAnswer."""


class OfficersCounter(Protocol):
    """Where officers stand: the portal, and what is noted."""

    async def download(self, path: str) -> tuple[int, bytes]:
        """Status and body of the portal's answer."""
        ...

    async def phone(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use the portal's other parts."""
        ...

    def count(self, name: str) -> None:
        """Count something for the report."""
        ...

    def complain(self, what: str) -> None:
        """The service has done something that cannot be."""
        ...


class Officers:
    """What they do, drawn from the generator of money out."""

    def __init__(self, counter: OfficersCounter, post: PostSignedIn, store: Store, chance: random.Random) -> None:
        self._counter = counter
        self._post = post
        self._store = store
        self._chance = chance

    def look(self) -> OutView:
        """Everything as it stands now."""
        with self._store.engine.connect() as connection:
            return look_at_money_out(connection)

    async def prepare(self, *, tops_up: bool) -> None:
        """Put funds into the account that pays out, and make the payees, whom another person confirms."""
        if tops_up:
            await self.top_up()
        for name, number in _TECHNICIANS:
            maker = self._chance.choice(OFFICERS)
            await self.ask(maker, "/payees", {"name": name, "phoneNumber": number})
        for each in self.look().payees:
            await self._confirm(each.id)

    async def top_up(self) -> None:
        """Move money from the bank to the account that pays out, or back, until it holds this."""
        await self._counter.phone("POST", "/accounts", {"utility": 30_000})

    async def turn(self) -> None:
        """Do one thing of all that can be done."""
        view = self.look()
        acts = [
            *self._about_payees(view),
            *self._about_requests(view),
            *self._about_sendings(view),
            *self._requests(view),
            *self._decisions(view),
            (1, self._stop),
        ]
        if view.is_stopped:
            acts.append((20, self.start_again))
        weights = [weight for weight, _ in acts]
        await self._chance.choices([act for _, act in acts], weights)[0]()

    # What there may be to do, each with its weight

    def _about_payees(self, view: OutView) -> list[tuple[int, Act]]:
        return [(20, partial(self._confirm, each.id)) for each in view.payees if not each.is_confirmed]

    def _about_requests(self, view: OutView) -> list[tuple[int, Act]]:
        waiting = view.with_status(DisbursementStatus.REQUESTED)
        approved = view.with_status(DisbursementStatus.APPROVED)
        acts: list[tuple[int, Act]] = [(12, partial(self.approve, row)) for row in waiting]
        acts += [(1, partial(self.end, row, "reject")) for row in waiting]
        acts += [(1, partial(self.end, row, "withdraw")) for row in (*waiting, *approved)]
        return acts

    def _about_sendings(self, view: OutView) -> list[tuple[int, Act]]:
        ended = view.with_status(DisbursementStatus.FAILED, DisbursementStatus.LAPSED)
        acts: list[tuple[int, Act]] = [(6, partial(self.retry, row)) for row in ended]
        for attempt in view.unproved:
            row = view.of(attempt)
            acts.append((3, partial(self.retry, row)))
            acts.append((4, partial(self._deny_early, row, attempt)))
        return acts

    def _requests(self, view: OutView) -> list[tuple[int, Act]]:
        acts: list[tuple[int, Act]] = []
        if view.paid:
            acts.append((8, partial(self._refund, view)))
        owed = [each for each in view.payees if each.payable_cents >= _LEAST_PAYOUT_SHILLINGS * CENTS]
        acts += [(10, partial(self._pay, each.id, each.payable_cents // CENTS)) for each in owed]
        return acts

    def _decisions(self, view: OutView) -> list[tuple[int, Act]]:
        acts: list[tuple[int, Act]] = []
        if view.held and view.payees:
            acts.append((8, partial(self._release, view)))
            acts.append((2, partial(self._dispute, view)))
            acts.append((3, partial(self._refund_fee, view)))
        if view.raised:
            acts.append((6, partial(self._resolve, view)))
        return acts

    # Asking

    async def _refund(self, view: OutView) -> None:
        payment = self._chance.choice(view.paid)
        body: dict[str, Any] = {"paymentId": payment.id, "reason": "Asked for by phone"}
        shillings = payment.amount_cents // CENTS
        if self._is_one_in(2) and shillings > 1:
            body["amount"] = self._chance.randrange(1, shillings)
        if self._is_one_in(4):
            body["way"] = self._chance.choice(("reversal", "b2c"))
        if self._is_one_in(2):
            body["confirmRepeat"] = True
        await self._request("/refunds", body)

    async def _pay(self, payee_id: str, most_shillings: int) -> None:
        amount = self._chance.choice((most_shillings, self._chance.randint(_LEAST_PAYOUT_SHILLINGS, most_shillings)))
        body = {"payeeId": payee_id, "amount": amount, "reason": "Work done", "confirmRepeat": self._is_one_in(2)}
        await self._request("/payouts", body)

    async def _request(self, path: str, body: Mapping[str, Any]) -> None:
        """Ask; most often another officer reads it soon."""
        reply = await self.ask(self._any(), path, body)
        if reply is None or reply.status != _MADE or self._is_one_in(5):
            return
        made = json.loads(reply.body)[path.strip("/")[:-1]]["id"]
        await asyncio.sleep(self._chance.uniform(*_READS_IT_AFTER_SECONDS))
        for row in self.look().with_status(DisbursementStatus.REQUESTED):
            if row.id == made:
                await self.approve(row)

    async def _refund_fee(self, view: OutView) -> None:
        fee = self._chance.choice(view.held)
        body: dict[str, Any] = {"reason": "No one came"}
        if self._is_one_in(3) and fee.fee_cents > CENTS:
            body["amount"] = self._chance.randrange(1, fee.fee_cents // CENTS)
        await self.ask(OWNER, f"/bookings/{fee.booking_id}/refund", body)

    async def _release(self, view: OutView) -> None:
        fee = self._chance.choice(view.held)
        names = [each.id for each in view.payees]
        body: dict[str, Any] = {"payeeId": self._chance.choice(names)}
        if self._is_one_in(2) and len(names) > 1 and fee.fee_cents > 2 * CENTS:
            part = self._chance.randint(1, fee.fee_cents // CENTS // 2)
            body = {"split": [{"payeeId": names[0], "amount": part}, {"payeeId": names[1]}]}
        act = self._chance.choice(("release", "release", "done"))
        await self.ask(self._chance.choice((OWNER, fee.customer)), f"/bookings/{fee.booking_id}/{act}", body)

    async def _dispute(self, view: OutView) -> None:
        fee = self._chance.choice(view.held)
        await self.ask(fee.customer, f"/bookings/{fee.booking_id}/dispute", {"reason": "Never came"})

    async def _resolve(self, view: OutView) -> None:
        raised = self._chance.choice(view.raised)
        where = self._chance.choice(("fees_held", "refunds_due", "other_income", "keep"))
        body = {"flag": raised.flag.value, "decision": where, "reason": "Looked at"}
        await self.ask(OWNER, f"/payments/mpesa/{raised.payment_id}/review", body)

    async def _confirm(self, payee_id: str) -> None:
        await self.ask(self._any(), f"/payees/{payee_id}/confirm", {})

    async def _stop(self) -> None:
        await self.ask(self._any(), "/money-out/stop", {"reason": "Looking at something"})

    async def start_again(self) -> None:
        """An admin lets money out again."""
        await self.ask(OWNER, "/money-out/start", {"reason": "Looked at"})

    # Deciding

    async def approve(self, row: Disbursement) -> None:
        """Approve a request: often as it is meant, now and then as it must not be."""
        others = [each for each in (*OFFICERS, OWNER) if each not in (row.requested_by, row.retried_by)]
        approver = self._any() if self._is_one_in(6) else self._chance.choice(others)
        seen = self._chance.randbytes(32).hex() if self._is_one_in(10) else row.digest
        body = {"digest": seen, "overCap": self._is_one_in(3)}
        path = f"/{row.kind}s/{row.id}/approve"
        approvers = [approver, self._any()] if self._is_one_in(6) else [approver]
        replies = await asyncio.gather(*(self.ask(each, path, body) for each in approvers))
        for who, reply in zip(approvers, replies, strict=True):
            is_taken = reply is not None and reply.status == _OK
            if is_taken and who in (row.requested_by, row.retried_by):
                self._counter.complain(f"{row.id} was approved by {who}, who had asked for it")
            if is_taken and seen != row.digest:
                self._counter.complain(f"{row.id} was approved by a digest that is not its own")

    async def end(self, row: Disbursement, act: str) -> None:
        """Reject or withdraw it."""
        await self.ask(self._any(), f"/{row.kind}s/{row.id}/{act}", {"reason": "Asked for by mistake"})

    async def retry(self, row: Disbursement, way: str | None = None) -> None:
        """Begin it anew; refused while an attempt may have paid."""
        body = {"reason": "Once more"} | ({"way": way} if way else {})
        await self.ask(self._any(), f"/{row.kind}s/{row.id}/retry", body)

    async def _deny_early(self, row: Disbursement, attempt: OutAttempt) -> None:
        reply = await self.deny(row, attempt)
        if reply is not None and reply.status == _MADE:
            self._counter.complain(f"{attempt.id} was found not to be paid by a statement that ends too early")

    async def deny(self, row: Disbursement, attempt: OutAttempt) -> Reply | None:
        """Two people find in the statement of this moment that nothing was paid; the last answer."""
        _, content = await self._counter.download("/statement")
        return await self._find(row, attempt, {"paid": False, "statement": content.decode()})

    async def affirm(self, row: Disbursement, attempt: OutAttempt, receipt: str) -> Reply | None:
        """Two people find in the statement that it was paid, by this receipt; the last answer."""
        return await self._find(row, attempt, {"paid": True, "receipt": receipt})

    async def _find(self, row: Disbursement, attempt: OutAttempt, what: Mapping[str, Any]) -> Reply | None:
        first, second = self._chance.sample(OFFICERS, 2)
        path = f"/{row.kind}s/{row.id}/findings"
        reply = await self.ask(first, path, what)
        if reply is None or reply.status != _MADE:
            return reply
        mine = [each for each in json.loads(reply.body)[row.kind]["findings"] if each["attemptId"] == attempt.id]
        return await self.ask(second, path, {**what, "confirms": mine[-1]["id"]})

    async def ask(self, who: str, path: str, body: Mapping[str, Any]) -> Reply | None:
        """POST until there is an answer that says more than to wait; the key stays the same."""
        key = self._chance.randbytes(8).hex()
        for _ in range(_TRIES):
            try:
                reply = await self._post(who, path, body, key)
            except (NotSent, NoAnswer):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if _code_of(reply) not in _AGAIN:
                self._counter.count(f"out.{path.rpartition('/')[2]} {_code_of(reply) or 'done'}")
                return reply
            await asyncio.sleep(_PAUSE_SECONDS)
        return None

    def _any(self) -> str:
        return self._chance.choice((*OFFICERS, *OFFICERS, OWNER))

    def _is_one_in(self, count: int) -> bool:
        return self._chance.randrange(count) == 0


def _code_of(reply: Reply) -> str | None:
    try:
        code: str | None = json.loads(reply.body).get("code")
    except (ValueError, AttributeError):
        return None
    return code
