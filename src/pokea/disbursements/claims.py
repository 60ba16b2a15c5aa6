"""What the worker of money out takes in hand: sendings that begin, questions that are due, leases that are over.

A sending begins inside the transaction that looks again at everything that may forbid it: the attempt's row, its
`send_began` and its addresses are durable before the first byte leaves (law: sending, 1). An attempt that was begun is
sent by no other process.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection, Select, bindparam, func, select, update

from pokea.clock import SECOND, Instant
from pokea.disbursements import store
from pokea.disbursements.addresses import AddressBook, AddressPair
from pokea.disbursements.approving import Case
from pokea.disbursements.effects import OutEffects, event_of
from pokea.disbursements.evidence import OutEvidence, send_began
from pokea.disbursements.life import state_of
from pokea.disbursements.model import (
    ATTEMPT_ID,
    LEASE,
    AttemptStatus,
    Disbursement,
    DisbursementStatus,
    OutAttempt,
    Waiting,
    Way,
)
from pokea.disbursements.rules import MONEY_OUT
from pokea.disbursements.settle import write_followed
from pokea.ids import Ids
from pokea.operations.inquiry_queue import take_budget
from pokea.operations.settle import Change
from pokea.storage.sql import execute_many, fetch_all, fetch_one
from pokea.storage.tables import attempts, disbursements, payments

AT_ONCE: Final = 64
LOOK_AGAIN: Final[Instant] = 30 * SECOND
"""How soon a disbursement that waits for funds, a cap or the brake is looked at again."""

_DUE: Final[Select[tuple[str]]] = (
    select(disbursements.c.id)
    .where(disbursements.c.next_action_at <= bindparam("now"))
    .order_by(disbursements.c.next_action_at, disbursements.c.id)
    .limit(bindparam("count"))
)
_RECEIPT: Final = select(payments.c.receipt).where(payments.c.id == bindparam("of_id"))
_OVER: Final = (
    select(attempts.c.id)
    .where(attempts.c.next_action_at <= bindparam("now"), attempts.c.status == AttemptStatus.SENDING.value)
    .order_by(attempts.c.id)
    .limit(bindparam("count"))
)
_TO_ASK: Final = (
    select(attempts)
    .where(
        attempts.c.next_action_at <= bindparam("now"),
        attempts.c.status.in_([AttemptStatus.ACCEPTED.value, AttemptStatus.UNKNOWN.value]),
    )
    .order_by(attempts.c.created_at.desc(), attempts.c.id.desc())
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_ASKED: Final = (
    update(attempts)
    .where(attempts.c.id == bindparam("of_id"))
    .values(
        inquiries=bindparam("new_inquiries"),
        last_inquiry_at=bindparam("new_last"),
        next_action_at=bindparam("new_next"),
    )
)
_EARLIEST: Final = tuple(
    select(func.min(table.c.next_action_at)).where(table.c.next_action_at.is_not(None))
    for table in (disbursements, attempts)
)


class SendVerdict(NamedTuple):
    """Whether an approved disbursement may be sent now: what it waits for, and until when if that is known.

    `has_lapsed`: its approval is too old to be acted on. `is_covered`: the account covers all that is judged with it,
    so what is judged next does not count its attempt.
    """

    waiting: Waiting | None = None
    until: Instant | None = None
    has_lapsed: bool = False
    is_covered: bool = False


class Approvals(Protocol):
    """What people's approvals allow, looked at again when they are about to be acted on."""

    def take_turn(self, connection: Connection, merchant_id: int) -> None:
        """Wait until no other transaction requests, approves or sends money of this merchant out."""

    def judge(
        self, connection: Connection, rows: Sequence[Disbursement], now: Instant
    ) -> Iterator[tuple[Case, SendVerdict]]:
        """Look at everything that may forbid a sending: brake, caps, funds, the payee's wait, the sum of refunds.

        One after another: what one is allowed is written before the next is looked at, unless it `is_covered`.
        """

    def lapse(self, connection: Connection, row: Disbursement, now: Instant) -> Change:
        """End an approval that was not acted on, and write what follows."""


class Sending(NamedTuple):
    """An attempt whose sending has begun, durable, and the addresses that its request names."""

    attempt: OutAttempt
    disbursement: Disbursement
    addresses: AddressPair


class Asking(NamedTuple):
    """A question about an attempt that is taken from the budget, and the addresses that it names."""

    attempt: OutAttempt
    addresses: AddressPair


class OutWork(NamedTuple):
    """What is to be done now, and when to look again."""

    sendings: Sequence[Sending]
    questions: Sequence[Asking]
    leases_over: Sequence[str]
    changes: Sequence[Change]
    look_again_at: Instant | None
    wants_balance: frozenset[tuple[int, str]] = frozenset()
    """Merchants and ways for which the balance is asked: a disbursement waits for it, or nothing is answered."""
    unapplied: Sequence[str] = ()
    """Attempts with evidence that some process stored and did not apply."""


class Making(NamedTuple):
    """What makes an attempt: ids, our ids for B2C, and addresses."""

    ids: Ids
    originator_id: Callable[[str], str]
    book: AddressBook


def claim_out(
    connection: Connection,
    approvals: Approvals,
    making: Making,
    budget: tuple[str, float],
    now: Instant,
    room: int = AT_ONCE,
) -> OutWork:
    """Take what is due: so many sendings at most as there is `room` for. `budget` names the questions' budget and its
    rate a second."""
    over = [row[0] for row in fetch_all(connection, _OVER, {"now": now, "count": AT_ONCE})]
    followed: list[tuple[Disbursement, OutEffects]] = []
    sendings: list[Sending] = []
    unwritten: list[OutAttempt] = []
    lapsed: list[Change] = []
    approved = []
    for row in _lock_due(connection, approvals, now, min(room, AT_ONCE)):
        if row.status == DisbursementStatus.APPROVED:
            approved.append(row)
        else:
            followed.append((row, _quiet(row._replace(next_action_at=None))))
    for case, verdict in approvals.judge(connection, approved, now):
        row = case.row
        if verdict.has_lapsed:
            lapsed.append(approvals.lapse(connection, row, now))
        elif verdict.waiting is not None:
            until = verdict.until or now + LOOK_AGAIN
            followed.append((row, _quiet(row._replace(waiting=verdict.waiting.value, next_action_at=until))))
        else:
            begun, effects = _begin(connection, case, making, now)
            if verdict.is_covered:
                unwritten.append(begun.attempt)
            else:
                store.insert_attempts(connection, [begun.attempt])
            followed.append((row, effects))
            sendings.append(begun)
    store.insert_attempts(connection, unwritten)
    _keep_begun(connection, sendings, now)
    changes = [*lapsed, *write_followed(connection, followed, now)]
    questions = _questions(connection, making.book, budget, now)
    poor = store.waiting_for_funds(connection)
    unapplied = store.unapplied_attempts(connection, AT_ONCE)
    return OutWork(sendings, questions, over, changes, _look_again(connection), poor, unapplied)


def _lock_due(connection: Connection, approvals: Approvals, now: Instant, most: int) -> list[Disbursement]:
    ids = [row[0] for row in fetch_all(connection, _DUE, {"now": now, "count": most})] if most > 0 else []
    if not ids:
        return []
    # Payments before disbursements: the sum of a payment's refunds is judged under the payment's lock.
    found = store.find_disbursements(connection, ids)
    for merchant_id in sorted({each.merchant_id for each in found}):
        approvals.take_turn(connection, merchant_id)
    store.lock_payments(connection, [each.payment_id for each in found if each.payment_id])
    locked = store.lock_disbursements(connection, ids)
    # Another process may have taken one of them between the two looks.
    return [row for row in locked.values() if row.next_action_at is not None and row.next_action_at <= now]


def _begin(connection: Connection, case: Case, making: Making, now: Instant) -> tuple[Sending, OutEffects]:
    """The attempt of the last approval, and what it makes of the disbursement; both are written with this transaction.

    Raises ValueError if another attempt is not proved failed: then nothing of this transaction may stand.
    """
    row = case.row
    if any(each.is_live for each in case.attempts):
        raise ValueError(f"{row.id} has an attempt that is not proved failed")
    attempt_id = making.ids.new(ATTEMPT_ID)
    way = Way(row.way)
    receipt = fetch_one(connection, _RECEIPT, {"of_id": row.payment_id}) if way is Way.REVERSAL else None
    attempt = OutAttempt(
        id=attempt_id,
        merchant_id=row.merchant_id,
        disbursement_id=row.id,
        number=case.approvals,
        way=way.value,
        amount_cents=row.amount_cents,
        recipient=row.recipient,
        original_receipt=receipt[0] if receipt else None,
        originator_id=making.originator_id(attempt_id) if way is Way.B2C else None,
        digest=row.digest,
        created_at=now,
        version=1,
        status=AttemptStatus.SENDING.value,
        is_live=True,
        lease_until=now + LEASE,
        request_id=None,
        receipt=None,
        receiver_name=None,
        charge_cents=None,
        completed_at=None,
        failure_code=None,
        failure_reason=None,
        flags="",
        inquiries=0,
        last_inquiry_at=None,
        next_action_at=now + LEASE,
    )
    addresses = making.book.of_attempt(attempt_id, now)
    state = state_of(case.steps, [*case.attempts, attempt])
    after = row._replace(status=state.status.value, waiting=None, next_action_at=None)
    return Sending(attempt, after, addresses), OutEffects(after, event_of(row, after), [], [])


def _keep_begun(connection: Connection, sendings: Sequence[Sending], now: Instant) -> None:
    """Write that these have begun, and the addresses that their requests name."""
    store.add_addresses(connection, [row for each in sendings for row in each.addresses.rows])
    began: list[OutEvidence] = [send_began(each.attempt.id, each.attempt.digest, now) for each in sendings]
    store.add_evidence(connection, began, applied=True)


def _questions(connection: Connection, book: AddressBook, budget: tuple[str, float], now: Instant) -> list[Asking]:
    found = [OutAttempt._make(row) for row in fetch_all(connection, _TO_ASK, {"now": now, "count": AT_ONCE})]
    if not found:
        return []
    name, rate = budget
    chosen = found[: take_budget(connection, name, rate, len(found), now)]
    asked, taken = [], []
    for attempt in chosen:
        number = attempt.inquiries + 1
        upcoming = MONEY_OUT.next_question(attempt.created_at, now)
        taken.append({"of_id": attempt.id, "new_inquiries": number, "new_last": now, "new_next": upcoming})
        asked.append(Asking(attempt._replace(inquiries=number), book.of_question(attempt.id, number, now)))
    execute_many(connection, _ASKED, taken)
    store.add_addresses(connection, [row for each in asked for row in each.addresses.rows])
    return asked


def _look_again(connection: Connection) -> Instant | None:
    found = [fetch_one(connection, statement)[0] for statement in _EARLIEST]
    return min((at for at in found if at is not None), default=None)


def _quiet(after: Disbursement) -> OutEffects:
    """A change that only the worker and the API's `waiting` see."""
    return OutEffects(after, None, [], [])
