"""Finding out what became of payments that have gone quiet: the worker that carries out the policy of `schedule`.

It sleeps until the next row is due or until it is woken, claims what is due, asks Daraja outside any transaction, and
hands every answer to the settler. A crash loses nothing: a claimed row falls due again by itself.
"""

import asyncio
import logging

from sqlalchemy import Connection

from pokea.alerts.alert import Alert, AlertCode
from pokea.alerts.dispatch import Alerts
from pokea.clock import SECOND, Clock, Instant
from pokea.daraja.client import DarajaClient
from pokea.daraja.outcomes import Answered, QueryOutcome
from pokea.errors import OutcomeUnknown, Unavailable
from pokea.operations import store
from pokea.operations.evidence import Evidence, from_query, push_lost, silence
from pokea.operations.inquiry_queue import (
    Due,
    Inquiry,
    OpenPayment,
    claim_due,
    make_due_again,
    requeue_rate_limited,
    speed_up,
)
from pokea.operations.settler import REVISIT_AT_ONCE, PaymentSettler
from pokea.storage.database import Database
from pokea.storage.worker import Worker

_log = logging.getLogger("pokea.inquiries")
_JUMP: Instant = 2 * SECOND
"""A clock that is so far from where it should be was set."""
_DISTRUSTED_SECONDS = 240.0
"""How long after that no payment is given up: longer than a push is out and its booking locked."""
_BREATH: Instant = SECOND // 20
"""The shortest sleep after a look that found nothing: what is due may be locked by another transaction."""
_DISTRUSTING_BREATH: Instant = 2 * SECOND
"""The same while the clock is not trusted: what is due then may be due to be given up, and stays."""


class InquiryWorker:
    """Asks Daraja about quiet payments, within the budget that all processes share.

    `longest_sleep_seconds` bounds how late it notices rows that other processes have made due.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settler: PaymentSettler,
        daraja: DarajaClient,
        app: str,
        rate: float,
        alerts: Alerts,
        longest_sleep_seconds: float = 2.0,
    ) -> None:
        self._alerts = alerts
        self._database = database
        self._clock = clock
        self._settler = settler
        self._daraja = daraja
        self._app = app
        self._rate = rate
        self._longest_sleep = round(longest_sleep_seconds * SECOND)
        self._clock_ahead: Instant | None = None
        self._trusts_at = 0.0
        self._woken = asyncio.Event()
        self._wake_at: Instant | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._work = Worker(self._step, _log, name="recovery", waits="quiet payments wait")

    async def start(self) -> None:
        """Begin to work."""
        await self._work.start()

    async def stop(self) -> None:
        """Stop asking; what is unanswered falls due again by itself."""
        await self._work.stop()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            await asyncio.wait([task])

    @property
    def is_asking(self) -> bool:
        """Whether a question of this process is unanswered."""
        return bool(self._tasks)

    def wake(self, at: Instant) -> None:
        """A row falls due at this time."""
        if self._wake_at is None or at < self._wake_at:
            self._wake_at = at
            self._woken.set()

    async def _step(self) -> None:
        # A caller of `wake` from here on may know of rows that the claim does not see.
        self._wake_at = None
        await self._watch_clock()
        closes = asyncio.get_running_loop().time() >= self._trusts_at
        due, unapplied = await self._database.write(claim_work, self._app, self._rate, self._clock.now(), closes=closes)
        await self._close(due)
        self._ask_all(due)
        self._settler.revisit(unapplied)
        await self._sleep(due, _BREATH if closes else _DISTRUSTING_BREATH)

    async def _watch_clock(self) -> None:
        """Compare the clock with the event loop's, which never jumps. One that was set back made plans for a time that
        is far ahead now, also in a process before this one."""
        ahead = self._clock.now() - round(asyncio.get_running_loop().time() * SECOND)
        before = self._clock_ahead
        jump = 0 if before is None else ahead - before
        if abs(jump) > _JUMP:
            self._trusts_at = asyncio.get_running_loop().time() + _DISTRUSTED_SECONDS
            _log.warning(
                "The clock jumped by %.0f s: no payment is given up for %.0f s.", jump / SECOND, _DISTRUSTED_SECONDS
            )
        if before is None or jump < -_JUMP:
            await self._database.write(make_due_again, self._clock.now())
        self._clock_ahead = ahead

    async def _sleep(self, due: Due, breath: Instant) -> None:
        now = self._clock.now()
        latest = now + self._longest_sleep
        moment = min(due.look_again_at or latest, self._wake_at or latest, latest)
        found_something = due.to_ask or due.to_close
        self._wake_at = moment if found_something else max(moment, now + breath)
        # The event loop's time bounds the sleep: by a clock that is set back it would be as long as the step back.
        latest_seconds = asyncio.get_running_loop().time() + (self._wake_at - now) / SECOND
        while (left := self._wake_at - self._clock.now()) > 0:
            self._woken.clear()
            try:
                async with asyncio.timeout_at(min(latest_seconds, asyncio.get_running_loop().time() + left / SECOND)):
                    await self._woken.wait()
            except TimeoutError:
                return

    async def _close(self, due: Due) -> None:
        now = self._clock.now()
        await asyncio.gather(*(self._settler.submit(closing_evidence(payment, now)) for payment in due.to_close))

    def _ask_all(self, due: Due) -> None:
        for question in due.to_ask:
            name = f"{question.payment_id}/{question.attempt}"
            self._tasks[name] = asyncio.create_task(self._ask(question, due.rate), name=name)
            self._tasks[name].add_done_callback(lambda done: self._tasks.pop(done.get_name(), None))

    async def _ask(self, question: Inquiry, rate: float) -> None:
        outcome = await self._daraja.query(question.request_id)
        try:
            if isinstance(outcome, Answered):
                piece = from_query(question.payment_id, question.attempt, outcome, self._clock.now())
                await self._settler.submit(piece)
            await self._mind_the_rate(question, outcome, rate)
        except (OutcomeUnknown, Unavailable):
            _log.warning("an answer about payment %s could not be kept; it will be asked again", question.payment_id)

    async def _mind_the_rate(self, question: Inquiry, outcome: QueryOutcome, rate: float) -> None:
        if isinstance(outcome, Answered):
            if rate < self._rate:
                await self._database.write(speed_up, self._app, self._rate)
            return
        if outcome.limited:
            now = self._clock.now()
            await self._database.write(requeue_rate_limited, self._app, rate, question, now)
            self.wake(now)
        if outcome.wrong_credentials:
            await self._alerts.report(
                Alert(
                    AlertCode.PASSKEY_WRONG,
                    self._app,
                    "Daraja says that our passkey is wrong: no prompt reaches a phone. "
                    "Check MPESA_PASSKEY and MPESA_SHORTCODE.",
                )
            )


def claim_work(
    connection: Connection, app: str, rate: float, now: Instant, *, closes: bool = True
) -> tuple[Due, list[str]]:
    """Take what is due; also answers which payments have evidence that some process stored and did not apply."""
    return claim_due(connection, app, rate, now, closes=closes), store.unapplied(connection, REVISIT_AT_ONCE)


def closing_evidence(payment: OpenPayment, now: Instant) -> Evidence:
    """What is known of a payment whose time is over: its push was lost, or its outcome cannot be found out.

    However late it is, a push without an answer is first recorded as lost, so that the callbacks which wait for
    its answer are judged before the payment is given up.
    """
    waits_for_its_push = payment.request_id is None and payment.lease_until > 0
    return push_lost(payment.id, now) if waits_for_its_push else silence(payment.id, now)
