"""The worker of money out: it sends what is approved, once, and finds out what became of what is not proved.

It takes what is due in one transaction, and calls Daraja outside any. A crash loses nothing: an attempt that was begun
and has no answer becomes unknown when its lease is over, and is found out; it is never sent again (law: sending).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection

from pokea.clock import SECOND, Clock, Deadline, Instant
from pokea.daraja.out_outcomes import (
    Asked,
    AskOutcome,
    B2COrder,
    BalanceQuestion,
    OutAccepted,
    OutAddresses,
    OutOutcome,
    OutRefused,
    OutWay,
    ReverseOrder,
    StatusQuestion,
)
from pokea.disbursements import store
from pokea.disbursements.addresses import AddressBook, AddressPair
from pokea.disbursements.claims import AT_ONCE, Approvals, Asking, Making, OutWork, Sending, claim_out
from pokea.disbursements.consequences import Shortcodes
from pokea.disbursements.evidence import OutEvidence, accepted, refused, unknown
from pokea.disbursements.inbound import OutSettler
from pokea.disbursements.model import OutAttempt, Way, balance_owner
from pokea.disbursements.silence import look_for_silence
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.money import CENTS
from pokea.operations.settle import Change
from pokea.storage.database import Database
from pokea.storage.worker import Worker

ANSWERED_WITHIN: Final[Instant] = 60 * SECOND
"""How long Daraja has to answer, inside the lease of the sending (law: sending, 1)."""
MOST_UNDER_WAY: Final = 400
"""So many sendings wait for Daraja at once: where it is slow the rest waits approved, and not begun."""
BALANCE_AT_MOST_EVERY: Final[Instant] = 60 * SECOND
_PAUSES_SECONDS: Final = (0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
"""Between tries to store an answer while the database is away; the request itself is never sent again."""
_LEAST_SLEEP_SECONDS: Final = 0.02

_log = logging.getLogger("pokea.out")


class OutApi(Protocol):
    """Daraja's APIs of money out."""

    async def pay_b2c(self, order: B2COrder, sent_by: Deadline | None = None) -> OutOutcome:
        """Send money to a phone; what could not be sent by the deadline is refused."""

    async def reverse(self, order: ReverseOrder, sent_by: Deadline | None = None) -> OutOutcome:
        """Take a payment back; what could not be sent by the deadline is refused."""

    async def ask_status(self, question: StatusQuestion) -> AskOutcome:
        """Ask what became of a sending."""

    async def ask_balance(self, question: BalanceQuestion) -> AskOutcome:
        """Ask what the accounts hold."""


class OutPolicy(NamedTuple):
    """What the worker acts by: what approvals allow, what makes an attempt, who is asked and how often (a minute)."""

    approvals: Approvals
    making: Making
    shortcodes: Shortcodes
    budget_name: str
    status_rate: int


class OutWorker:
    """Sends, asks, and ends leases. `longest_sleep_seconds` bounds how late it notices what other processes left."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settler: OutSettler,
        api: OutApi,
        policy: OutPolicy,
        publish: Callable[[Sequence[Change]], None],
        longest_sleep_seconds: float = 2.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settler = settler
        self._api = api
        self._policy = policy
        self._publish = publish
        self._longest_sleep_seconds = longest_sleep_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._work = Worker(self._step, _log, name="money out", waits="refunds and payouts wait")

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """Begin nothing more; what was begun is sent and answered first, as far as Daraja answers in time."""
        # Not in the middle of a step: what it has begun would never be sent, and nobody would know that.
        await self._work.finish()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def wake(self) -> None:
        """Something may be due now."""
        self._work.wake()

    async def _step(self) -> None:
        work = await self._database.write(self._claim, self._clock.now())
        self._publish(work.changes)
        self._settler.revisit(work.unapplied)
        self._under_way += len(work.sendings)
        for sending in work.sendings:
            self._begin(self._send_one(sending))
        for asking in work.questions:
            self._begin(self._ask(asking))
        now = self._clock.now()
        await asyncio.gather(*(self._keep(unknown(key, "its lease is over", now)) for key in work.leases_over))
        await self._ask_balances(work)
        if not work.sendings:
            until = work.look_again_at
            # Where there is no room, the end of a sending wakes it.
            is_full = self._under_way >= MOST_UNDER_WAY
            left = self._longest_sleep_seconds if until is None or is_full else (until - self._clock.now()) / SECOND
            await self._work.rest(min(max(left, _LEAST_SLEEP_SECONDS), self._longest_sleep_seconds))

    def _claim(self, connection: Connection, now: Instant) -> OutWork:
        policy = self._policy
        budget = (policy.budget_name, policy.status_rate / 60)
        room = MOST_UNDER_WAY - self._under_way
        work = claim_out(connection, policy.approvals, policy.making, budget, now, room)
        silent = look_for_silence(connection, policy.shortcodes.of, now)
        return work._replace(wants_balance=work.wants_balance | silent)

    def _begin(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_one(self, sending: Sending) -> None:
        try:
            await self._send(sending)
        finally:
            self._under_way -= 1
            if self._under_way == MOST_UNDER_WAY - AT_ONCE:
                self._work.wake()

    async def _send(self, sending: Sending) -> None:
        attempt = sending.attempt
        try:
            outcome = await self._call(attempt, sending.addresses)
        except Exception:
            # Whatever it was, the request may have left.
            _log.exception("sending %s failed: whether it paid is unknown, and it is asked about", attempt.id)
            await self._keep(unknown(attempt.id, "the sending failed in Pokea", self._clock.now()))
            return
        now = self._clock.now()
        if isinstance(outcome, OutAccepted):
            originator = outcome.originator_conversation_id or None
            await self._keep(accepted(attempt.id, outcome.conversation_id, originator, now))
        elif isinstance(outcome, OutRefused):
            _log.warning("Daraja refused %s (%s): %s", attempt.id, outcome.code or outcome.reason, outcome.message)
            await self._keep(refused(attempt.id, outcome.code or None, outcome.reason, now))
        else:
            _log.warning("whether %s paid is unknown, and it is asked about: %s", attempt.id, outcome.reason)
            await self._keep(unknown(attempt.id, outcome.reason, now, is_duplicate=outcome.is_duplicate))

    async def _call(self, attempt: OutAttempt, addresses: AddressPair) -> OutOutcome:
        given = OutAddresses(addresses.result_url, addresses.timeout_url)
        shillings = attempt.amount_cents // CENTS
        if attempt.way == Way.B2C:
            order = B2COrder(attempt.originator_id or "", attempt.recipient, shillings, given)
            return await self._api.pay_b2c(order, self._sent_by(attempt))
        reversal = ReverseOrder(attempt.original_receipt or "", shillings, given)
        return await self._api.reverse(reversal, self._sent_by(attempt))

    def _sent_by(self, attempt: OutAttempt) -> Deadline:
        """Until when the request may leave: what comes later could not be answered within the lease."""
        latest = attempt.lease_until - ANSWERED_WITHIN
        left_seconds = (latest - self._clock.now()) / SECOND
        return Deadline(asyncio.get_running_loop().time() + left_seconds, latest)

    async def _keep(self, item: OutEvidence) -> None:
        """Store what is known; while the database is away it is tried again, for as long as it may matter."""
        for pause_seconds in (*_PAUSES_SECONDS, None):
            try:
                await self._settler.submit(item)
            except (OutcomeUnknown, Unavailable) as failure:
                _log.warning("what is known of %s could not be stored (%s)", item.operation_id, failure)
                if pause_seconds is None:
                    return
                await asyncio.sleep(pause_seconds)
            else:
                return

    async def _ask(self, asking: Asking) -> None:
        attempt = asking.attempt
        given = OutAddresses(asking.addresses.result_url, asking.addresses.timeout_url)
        by_id = attempt.originator_id or attempt.request_id or ""
        receipt = "" if by_id else attempt.original_receipt or ""
        outcome = await self._api.ask_status(StatusQuestion(_way(attempt.way), given, by_id, receipt))
        if not isinstance(outcome, Asked):
            _log.warning("question %d about %s was not taken: %s", attempt.inquiries, attempt.id, outcome.why)

    async def _ask_balances(self, work: OutWork) -> None:
        if not work.wants_balance:
            return
        for merchant_id, way in work.wants_balance:
            shortcode = self._policy.shortcodes.of(way)
            pair = await self._database.write(self._claim_balance, merchant_id, shortcode, self._clock.now())
            if pair is not None:
                given = OutAddresses(pair.result_url, pair.timeout_url)
                self._begin(self._balance(BalanceQuestion(_way(way), given)))

    def _claim_balance(
        self, connection: Connection, merchant_id: int, shortcode: str, now: Instant
    ) -> AddressPair | None:
        number = store.claim_balance_question(connection, merchant_id, shortcode, BALANCE_AT_MOST_EVERY, now)
        if number is None:
            return None
        book: AddressBook = self._policy.making.book
        pair = book.of_balance(balance_owner(merchant_id, shortcode), number, now)
        store.add_addresses(connection, pair.rows)
        return pair

    async def _balance(self, question: BalanceQuestion) -> None:
        outcome = await self._api.ask_balance(question)
        if not isinstance(outcome, Asked):
            _log.warning("the question about the balance was not taken: %s", outcome.why)


def _way(way: str) -> OutWay:
    return "b2c" if way == Way.B2C else "reversal"
