"""Prompting a customer (law: push): insert the row, then call Daraja, in a task that survives the caller's disconnect.

The transaction that makes the row also reserves the idempotency key and locks the booking and the phone, so a crash
right after it leaves a payment that recovery resolves. Concurrent requests share one transaction. The request goes out
once; whatever Daraja answers becomes evidence. An outcome that is unknown is never a reason to send again.

A push is sent within 15 s of its request or not at all (docs/decisions/0019). The row may be made late, because the
database, a lock or a place in a queue was waited for; so the deadline is looked at again after each wait, here and in
`DarajaClient`. A payment whose push is too late ends as refused, with the reason `not_sent`.
"""

import asyncio
import logging
import math
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct

from pokea.addresses import join_address
from pokea.clock import SECOND, Clock, Deadline, Instant
from pokea.daraja.client import DarajaClient
from pokea.daraja.outcomes import PushOrder, PushOutcome, Unknown
from pokea.daraja.outcomes import SubmissionRefused as PushRefused
from pokea.daraja.refused_fields import ADVICE, refused_field
from pokea.daraja.responses import too_late
from pokea.errors import ApiError, OutcomeUnknown, Unavailable
from pokea.ids import Ids
from pokea.money import whole_shillings
from pokea.operations import store
from pokea.operations.decision import Status, decide
from pokea.operations.evidence import Evidence, from_push
from pokea.operations.rules import STK_PUSH
from pokea.operations.schedule import next_action_at
from pokea.operations.settler import PaymentSettler
from pokea.operations.store import Payment
from pokea.operations.tokens import PaymentTokens
from pokea.payments.reserve import Answer, Limits, PaymentRequest, Rejected, Replayed, Reserved, reserve
from pokea.scope import Scope
from pokea.storage.batching import BatchedReads, GroupCommit
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey

SENT_WITHIN: Instant = 15 * SECOND
"""From the request to the push; what is later is not sent (law: push)."""
LEASE: Instant = 60 * SECOND
PROMPT: Instant = 120 * SECOND
"""From the push to `expiresAt` (law: time)."""
CALLER_WAITS_SECONDS = 50.0
_KEEP_TRYING_SECONDS = 1.0
LET_GO_SECONDS = 20.0
"""A process that is told to stop waits so long for Daraja's answers. What is out then is unknown, as it is when a
process was killed: recovery finds it out, and nothing is sent again."""
_KEPT_WHILE_STOPPING_SECONDS = 2.0

_NOTHING_SENT = "The database does not answer, so nothing was sent to the phone; try again shortly."

_log = logging.getLogger("pokea.push")

T = TypeVar("T")


class PushCommand(Struct, frozen=True):
    """What a caller asks for: prompt this phone for this booking's fee."""

    scope: Scope
    owner: str
    is_admin: bool
    booking_id: str
    msisdn: str
    amount_cents: int
    type: str
    idempotency_key: IdempotencyKey | None = None


class _PushRequest(NamedTuple):
    """A payment that is wanted, and until when its push may be sent."""

    wanted: PaymentRequest
    deadline: Deadline


class PushResult(NamedTuple):
    """The payment as it stands when the caller is answered."""

    payment: Payment
    replayed: bool


class PushService:
    """Sends pushes, each in a task of its own."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        tokens: PaymentTokens,
        daraja: DarajaClient,
        settler: PaymentSettler,
        callback_url: str,
        limits: Limits,
        confirm_from_cents: int | None,
    ) -> None:
        self._database = database
        self._reads = BatchedReads(database, store.find_all)
        self._rows = GroupCommit(self._reserve)
        self._clock = clock
        self._ids = ids
        self._tokens = tokens
        self._daraja = daraja
        self._settler = settler
        self._callback_url = callback_url
        self._limits = limits
        self._confirm_from_cents = confirm_from_cents
        self._tasks: dict[tuple[str, str], asyncio.Task[Any]] = {}
        self._stop_trying_at = math.inf
        self._let_go_at: float | None = None
        self._patience: dict[str, asyncio.Timeout] = {}

    def deadline(self) -> Deadline:
        """Until when the push of a request that arrives now may be sent."""
        return Deadline(asyncio.get_running_loop().time() + SENT_WITHIN / SECOND, self._clock.now() + SENT_WITHIN)

    async def prompt(self, command: PushCommand, deadline: Deadline | None = None) -> PushResult | Rejected:
        """Ask for the money once, by the `deadline` of the request, which is SENT_WITHIN from now if it is not given.

        Raises Unavailable when nothing was sent and nothing will be; ApiError for an unfit key or booking.
        """
        asked = _PushRequest(self._wanted(command, self._clock.now()), deadline or self.deadline())
        # From the first a task of its own: a caller who goes away leaves no row without its push.
        answer = await asyncio.shield(self._start("making", asked.wanted.payment.id, self._make(asked)))
        if isinstance(answer, ApiError):
            raise answer
        if isinstance(answer, Rejected):
            return answer
        if isinstance(answer, Replayed):
            return PushResult(answer.payment, replayed=True)
        return PushResult(await self._sent(answer.payment), replayed=False)

    def hurry(self) -> None:
        """The process is told to stop: Daraja's answers are waited for no longer than LET_GO_SECONDS from now, and so
        are their callers kept no longer."""
        if self._let_go_at is None:
            self._let_go_at = at = asyncio.get_running_loop().time() + LET_GO_SECONDS
            for patience in self._patience.values():
                patience.reschedule(at)

    async def stop(self) -> None:
        """Wait for the pushes that are out, as long as `hurry` allows: their answers carry the ids.

        Where the database is away, what cannot be kept within a few seconds more is left to recovery.
        """
        self.hurry()
        self._stop_trying_at = asyncio.get_running_loop().time() + _KEPT_WHILE_STOPPING_SECONDS
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def _sent(self, made: Payment) -> Payment:
        """The payment once Daraja's answer is in it, or as it stands when its caller has waited long enough."""
        sending = self._tasks.get(("sending", made.id))
        if sending is not None:
            await asyncio.wait([sending], timeout=CALLER_WAITS_SECONDS)
            sent: Payment | None = sending.result() if sending.done() and sending.exception() is None else None
            if sent is not None:
                return sent
        try:
            return await self._reads.find(made.id) or made
        except Unavailable:
            # A prompt may be on the phone, so this is no failure: the payment is being checked.
            return made

    def _start(self, what: str, payment_id: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks[what, payment_id] = task
        task.add_done_callback(lambda _done: self._tasks.pop((what, payment_id), None))
        return task

    async def _reserve(self, requests: Sequence[PaymentRequest]) -> Sequence[Answer]:
        return await self._database.write(reserve, requests, self._limits, self._clock.now())

    async def _make(self, asked: _PushRequest) -> Answer:
        payment = asked.wanted.payment
        try:
            answer = await self._rows.make(asked.wanted)
        except Unavailable as failure:
            raise Unavailable(str(failure), _NOTHING_SENT) from failure
        except OutcomeUnknown as failure:
            # The row may be there, or come; that nothing was sent for it is known here alone.
            self._start("disowning", payment.id, self._keep(payment, from_push(payment.id, too_late(), self._now())))
            raise Unavailable(str(failure), _NOTHING_SENT) from failure
        if isinstance(answer, Reserved):
            self._start("sending", answer.payment.id, self._send(answer.payment, asked.deadline))
        return answer

    def _is_late(self, deadline: Deadline) -> bool:
        return deadline.left_seconds(asyncio.get_running_loop().time(), self._clock.now()) <= 0

    def _wanted(self, command: PushCommand, now: Instant) -> PaymentRequest:
        payment_id = self._ids.new("pay")
        expires_at = now + PROMPT
        limit = self._confirm_from_cents
        payment = Payment(
            id=payment_id,
            merchant_id=command.scope.merchant_id,
            booking_id=command.booking_id,
            owner=command.owner,
            msisdn=command.msisdn,
            amount_cents=command.amount_cents,
            type=command.type,
            account_reference="",
            requires_query=limit is not None and command.amount_cents >= limit,
            callback_digest=None,
            created_at=now,
            lease_until=now + LEASE,
            expires_at=expires_at,
            version=1,
            status=Status.INITIATED.value,
            is_locking=True,
            locked_until=expires_at + STK_PUSH.lock_grace,
            next_action_at=now + LEASE,
            inquiries=0,
            flags="",
            request_id=None,
            originator_id=None,
            completed_at=None,
            completed_by=None,
            receipt=None,
            provider_time=None,
            failure_code=None,
            failure_reason=None,
            failed_at=None,
            disposition=None,
            last_inquiry_at=None,
            inquiry_requested_at=None,
            is_open=True,
        )
        return PaymentRequest(payment, command.is_admin, command.idempotency_key)

    async def _send(self, payment: Payment, deadline: Deadline) -> Payment | None:
        """The payment as Daraja's answer leaves it, also where the answer cannot be kept yet."""
        outcome = await self._outcome(payment, deadline)
        piece = from_push(payment.id, outcome, self._now())
        try:
            return await self._settler.submit(piece)
        except (OutcomeUnknown, Unavailable):
            self._start("keeping", payment.id, self._keep(payment, piece))
        row = decide(payment.terms, STK_PUSH, [piece])
        due_at = next_action_at(STK_PUSH, row, [piece], payment.inquiry_state)
        return store.with_decision(payment, row, due_at, self._now())

    async def _outcome(self, payment: Payment, deadline: Deadline) -> PushOutcome:
        if self._is_late(deadline):
            _log.warning("payment %s: its row was made after its deadline, so nothing was sent", payment.id)
            return too_late()
        order = PushOrder(
            msisdn=payment.msisdn,
            amount_shillings=whole_shillings(payment.amount_cents),
            callback_url=join_address(self._callback_url, self._tokens.callback_name(payment.id)),
            account_reference=payment.account_reference,
            description="Booking fee",
        )
        outcome = await self._answer(payment.id, order, deadline)
        if isinstance(outcome, PushRefused):
            _log.warning("%s", _said_of_refusal(payment.id, outcome))
        return outcome

    async def _answer(self, payment_id: str, order: PushOrder, deadline: Deadline) -> PushOutcome:
        """Daraja's answer, or that it is not known when the process must end."""
        try:
            async with asyncio.timeout_at(self._let_go_at) as patience:
                self._patience[payment_id] = patience
                return await self._daraja.push(order, deadline)
        except TimeoutError:
            _log.warning("payment %s: the process stops before Daraja has answered; recovery takes it over", payment_id)
            return Unknown("the process was told to stop before an answer came")
        finally:
            del self._patience[payment_id]

    async def _keep(self, payment: Payment, piece: Evidence) -> None:
        """This process alone knows the answer: try until it is in the row, however long the database is away.

        Where the database answers and there is no row once the lease has ended, the row was never made.
        """
        loop = asyncio.get_running_loop()
        while loop.time() < self._stop_trying_at:
            try:
                if await self._settler.submit(piece) is not None:
                    return
                if self._now() > payment.lease_until:
                    break
            except (OutcomeUnknown, Unavailable) as failure:
                _log.warning("the answer to the push of payment %s is not kept yet: %s", payment.id, failure)
            await asyncio.sleep(_KEEP_TRYING_SECONDS)
        _log.error("the answer to the push of payment %s could not be kept; recovery takes it over", payment.id)

    def _now(self) -> Instant:
        return self._clock.now()


def _said_of_refusal(payment_id: str, refused: PushRefused) -> str:
    """What a refused push says in the log: Daraja's words, which are masked, and what to do about them."""
    code = f" with {refused.code}" if refused.code else ""
    said = f"The push of payment {payment_id} was refused{code} ({refused.reason}): {refused.message}"
    field = refused_field(refused.message)
    if field is not None:
        return f"{said} -- {field}: {ADVICE[field]}"
    return f"{said} -- `pokea explain {refused.code}` says what to do" if code else said
