"""Money out in a universe: what officers find out when faults and crashes are over, and whether the books agree with
what M-PESA paid.

What may stay unknown at the end is a sending of which neither Daraja nor a statement says enough: a line of its amount
that no one explains lies beside it, or the statement cannot be complete (law: statements).
"""

import asyncio
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pokea.api.auth.tokens import issue_token
from pokea.audit.rule import Violation
from pokea.clock import HOUR, SECOND
from pokea.disbursements.model import DisbursementStatus
from pokea.redact import Secret
from pokea.simulator.server import Simulator
from pokea.transport import Reply
from pokea.universe import out_oracle
from pokea.universe.chronicle import Chronicle
from pokea.universe.disk import Store
from pokea.universe.fleet import JWT_SECRET, Fleet, settings_of
from pokea.universe.loop import VirtualLoop
from pokea.universe.network import Network, Sent
from pokea.universe.officers import OFFICER_SCOPES, OFFICERS, OWNER, Officers, OfficersCounter
from pokea.universe.out_oracle import OutBooks, PaidOut
from pokea.universe.plan import Plan
from pokea.universe.process import LifeClock
from pokea.universe.recorder import OutSend

_A_DAY_LATER_SECONDS: Final = 25 * HOUR / SECOND
_SETTLES_WITHIN_SECONDS: Final = 400.0
_LOOKED_AT_WITHIN_SECONDS: Final = 130.0
_ROUNDS: Final = 2
_INVALID: Final = 400
_PATIENCE_SECONDS: Final = 20.0
_TOKEN_SECONDS: Final = 3600.0
SERVICE: Final = "http://pokea.test"
CUSTOMER_SCOPES: Final = ("payments:write", "payments:read", "bookings:write")


class Treasury:
    """The officers and the truth. `counter` is where they stand, `network` carries what they send to `fleet`."""

    def __init__(
        self,
        loop: VirtualLoop,
        plan: Plan,
        store: Store,
        fleet: Fleet,
        counter: OfficersCounter,
        network: Network,
        simulator: Simulator,
        chronicle: Chronicle,
        chance: random.Random,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._store = store
        self._fleet = fleet
        self._network = network
        self._officers = Officers(counter, self._post, store, chance)
        self._simulator = simulator
        self._chronicle = chronicle
        self._clock = LifeClock(loop, plan.epoch + plan.skew)
        self._excused: set[str] = set()
        self._is_finished = False
        self.tokens: dict[str, str] = {}
        """The last one of each person."""

    async def live(self) -> None:
        """Let officers have their turns, while faults and crashes come."""
        if not self._plan.officers_at_seconds:
            return
        await self._officers.prepare(tops_up=self._plan.tops_up)
        turns = [asyncio.create_task(self._turn(at)) for at in self._plan.officers_at_seconds]
        for turn in turns:
            await turn

    async def _turn(self, at_seconds: float) -> None:
        await asyncio.sleep(at_seconds - self._loop.time())
        await self._officers.turn()

    async def _post(self, who: str, path: str, body: Mapping[str, Any], key: str) -> Reply:
        """By the service's own clock they have just signed in. Raises NotSent or NoAnswer."""
        scopes = ("admin",) if who == OWNER else OFFICER_SCOPES if who in OFFICERS else CUSTOMER_SCOPES
        token = issue_token(Secret(JWT_SECRET), who, scopes, self._clock.now(), _TOKEN_SECONDS)
        self.tokens[who] = token
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "idempotency-key": key}
        url = f"{SERVICE}/api/v1{path}"
        sent = Sent("POST", url, headers, json.dumps(body).encode(), "41.90.0.2")
        return await self._network.carry(who, sent, self._fleet, _PATIENCE_SECONDS)

    async def calm(self) -> None:
        """Faults have ceased: let out what waits for a start or for funds, or take it back, since it would be looked at
        each minute of the hours to come."""
        if not self._plan.officers_at_seconds:
            return
        if self._officers.look().is_stopped:
            await self._officers.start_again()
        if self._plan.tops_up:
            await self._officers.top_up()
        await asyncio.sleep(_LOOKED_AT_WITHIN_SECONDS)
        for row in self._officers.look().with_status(DisbursementStatus.APPROVED):
            await self._officers.end(row, "withdraw")

    async def finish(self) -> None:
        """Decide about everything that is open, once faults have ceased: a day later, with a statement in hand."""
        if not self._plan.officers_at_seconds:
            return
        for _ in range(_ROUNDS):
            await self._decide_all()
            await asyncio.sleep(_SETTLES_WITHIN_SECONDS)
        if self._officers.look().unproved:
            self._loop.oversleep(_A_DAY_LATER_SECONDS)
            await asyncio.sleep(_SETTLES_WITHIN_SECONDS)
            await self._find_out()
            await asyncio.sleep(_SETTLES_WITHIN_SECONDS)
        self._is_finished = True

    async def _decide_all(self) -> None:
        view = self._officers.look()
        if view.is_stopped:
            await self._officers.start_again()
        for row in view.with_status(DisbursementStatus.FAILED):
            await self._officers.retry(row)
        for row in self._officers.look().with_status(DisbursementStatus.REQUESTED):
            await self._officers.approve(row)

    async def _find_out(self) -> None:
        """Two people look in the statement for each sending that nothing proves: what was paid first."""
        _, paid = self._read()
        receipts = {each.attempt_id: each.receipt for each in paid}
        view = self._officers.look()
        for attempt in sorted(view.unproved, key=lambda each: each.id not in receipts):
            row, receipt = view.of(attempt), receipts.get(attempt.id)
            self._chronicle.count("out.found by people")
            if receipt is not None:
                await self._officers.affirm(row, attempt, receipt)
                continue
            reply = await self._officers.deny(row, attempt)
            if reply is not None and reply.status == _INVALID:
                self._chronicle.count("out.left unknown")
                self._excused.add(attempt.id)

    def _read(self) -> tuple[OutBooks, list[PaidOut]]:
        with self._store.engine.connect() as connection:
            books = out_oracle.read_out_books(connection)
        return books, out_oracle.paid_out(self._simulator.journal, self._simulator.conversations(), books)

    def violations(self, sends: Sequence[OutSend]) -> Iterator[Violation]:
        """What is wrong with money out, whenever it is looked at."""
        if not self._plan.officers_at_seconds:
            return
        settings = settings_of(self._plan)
        books, paid = self._read()
        journal = self._simulator.journal
        with self._store.engine.connect() as connection:
            yield from out_oracle.paid_once(books, paid)
            excused = out_oracle.misnamed(connection, books, paid)
            yield from out_oracle.books_agree(books, paid, excused)
            yield from out_oracle.never_announced_as_failed(connection, books, paid)
            yield from out_oracle.by_two_people(books, paid, settings)
            yield from out_oracle.sent_once(books, sends)
            yield from out_oracle.within_caps(books, paid, settings)
            yield from out_oracle.refunds_within_payments(connection, books, paid, excused)
            yield from out_oracle.charges_once(connection, paid)
            yield from out_oracle.acknowledged_result_is_kept(connection, journal.results)
            yield from out_oracle.true_result_completes(books, paid, journal.results)
            if self._is_finished:
                charged = sum(each.amount_cents for each in journal.charges)
                yield from out_oracle.clearing_is_the_truth(connection, books, paid, charged)
                yield from out_oracle.nothing_stays_unknown(books, self._excused)
        for row in books.rows.values():
            self._chronicle.counts[f"{row.kind}s.{row.status}"] += self._is_finished
        self._chronicle.counts["paid out"] += self._is_finished and len(paid)
