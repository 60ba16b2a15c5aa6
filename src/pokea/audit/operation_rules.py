"""The rules that payments obey at all times, beside those of the ledger (`audit.rule`), which they complete.

A row is what its evidence makes it; nothing stays open longer than the law allows; every change has its event.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, exists, func, or_, select, union

from pokea.analytics.recount import differences
from pokea.audit.rule import AFTER, NOW, UPTO, Breach, Check, IdRange, Rule, RuleScope, sql_check
from pokea.clock import HOUR, SECOND, Instant
from pokea.daraja.wire import SUCCESS
from pokea.ledger.entries import ADJUSTED, ADJUSTED_SUSPENSE, Account, Money
from pokea.operations import store
from pokea.operations.decision import Decision, Flag, Status, classify, decide
from pokea.operations.evidence import Source
from pokea.operations.rules import STK_PUSH
from pokea.operations.store import SELECT_PAYMENTS, Payment
from pokea.storage.sql import fetch_all
from pokea.storage.statements import select_in
from pokea.storage.tables import evidence, flags, payments, postings, receipts

LATE: Final[Instant] = HOUR
"""How late the end of a payment may be noticed: a service that was down comes back, and the question's gap ends."""
_APPLIED_WITHIN: Final[Instant] = 15 * 60 * SECOND
_SETTLED_WITHIN: Final[Instant] = 30 * SECOND
"""From a moment that a process notes to its commit at the latest, and between the clocks of two processes."""
_AT_ONCE: Final = 500
_FROM_EVIDENCE: Final = (
    *("status", "request_id", "originator_id", "completed_at", "completed_by", "receipt"),
    *("provider_time", "failure_code", "failure_reason", "failed_at"),
)


_COLUMNS = payments.c
_OPEN = _COLUMNS.status.in_([Status.INITIATED.value, Status.PENDING.value])
_DAY_OVER = _COLUMNS.created_at < NOW - (STK_PUSH.give_up + LATE)
_LOCK_OVER = and_(_COLUMNS.request_id.is_(None), _COLUMNS.expires_at < NOW - (STK_PUSH.lock_grace + LATE))
_OPEN_TOO_LONG = select(_COLUMNS.id, _COLUMNS.status, ((NOW - _COLUMNS.created_at) / HOUR).label("hours")).where(
    _OPEN, or_(_DAY_OVER, _LOCK_OVER)
)

_NOT_APPLIED = (
    select(evidence.c.operation_id, func.count().label("pieces"))
    .select_from(evidence.join(payments, _COLUMNS.id == evidence.c.operation_id))
    .where(evidence.c.applied.is_(False), evidence.c.received_at < NOW - _APPLIED_WITHIN)
    # What is stuck has a flag, and an event, already.
    .where(store.IS_UNDERSTOOD, ~store.IS_STUCK)
    .group_by(evidence.c.operation_id)
)

_PAID = and_(evidence.c.operation_id == _COLUMNS.id, evidence.c.code == SUCCESS, evidence.c.proved, evidence.c.applied)
_EXACT = and_(evidence.c.amount_cents == _COLUMNS.amount_cents, evidence.c.receipt.is_not(None))
_CALLED_BACK = and_(evidence.c.source == Source.CALLBACK.value, _EXACT, _COLUMNS.requires_query.is_(False))
_STATED = and_(evidence.c.source == Source.STATEMENT.value, _EXACT)
_ASKED = evidence.c.source == Source.QUERY.value
_PROOF = select(evidence.c.id).where(_PAID, or_(_CALLED_BACK, _STATED, _ASKED))
_UNPROVED = select(_COLUMNS.id).where(_COLUMNS.status == Status.COMPLETED.value, ~exists(_PROOF))

_SAME_ID = evidence.c.request_id == _COLUMNS.request_id
_ITS_OWN = exists(
    select(receipts.c.receipt)
    .where(receipts.c.receipt == evidence.c.receipt, receipts.c.operation_id == _COLUMNS.id)
    .correlate(evidence, payments)
)
_CERTAIN = or_(_ASKED, _STATED, and_(_ITS_OWN, _CALLED_BACK, _SAME_ID))
_DISBELIEVED = select(_COLUMNS.id, _COLUMNS.status).where(
    _COLUMNS.status != Status.COMPLETED.value, exists(select(evidence.c.id).where(_PAID, _CERTAIN))
)

_LATER = payments.alias("later")
_WHILE_LOCKED = and_(
    _LATER.c.id != _COLUMNS.id,
    _LATER.c.created_at >= _COLUMNS.created_at,
    _LATER.c.created_at < _COLUMNS.expires_at + (STK_PUSH.lock_grace - _SETTLED_WITHIN),
)
_PROMPTED_WITHIN = union(
    *(
        select(
            _COLUMNS.id.label("earlier"),
            _COLUMNS.created_at.label("made_at"),
            _LATER.c.id.label("later"),
            _LATER.c.created_at.label("later_made_at"),
        )
        .select_from(payments.join(_LATER, and_(_COLUMNS[shared] == _LATER.c[shared], _WHILE_LOCKED)))
        .where(_COLUMNS.id > AFTER, _COLUMNS.id <= UPTO)
        for shared in ("booking_id", "msisdn")
    )
).order_by("earlier", "later")

_IS_IN_DOUBT = exists(
    select(flags.c.flag).where(flags.c.operation_id == _COLUMNS.id, flags.c.flag == Flag.AMOUNT_DIFFERS.value)
).correlate(payments)
_UNFLAGGED = select(_COLUMNS.id).where(_COLUMNS.disposition == Money.SUSPENSE.value, ~_IS_IN_DOUBT)

_STATES_ANOTHER = and_(
    evidence.c.operation_id == _COLUMNS.id,
    evidence.c.source == Source.STATEMENT.value,
    evidence.c.applied,
    evidence.c.amount_cents != _COLUMNS.amount_cents,
)
_IS_ADJUSTED = and_(postings.c.source_id == _COLUMNS.id, postings.c.kind == ADJUSTED)
_UNADJUSTED = select(_COLUMNS.id).where(
    _COLUMNS.status == Status.COMPLETED.value,
    exists(select(evidence.c.id).where(_STATES_ANOTHER, evidence.c.receipt == _COLUMNS.receipt)),
    ~exists(select(postings.c.kind).where(_IS_ADJUSTED)),
)
_STATED_DIFFERENCE = evidence.c.amount_cents - _COLUMNS.amount_cents
_AS_STATED = or_(
    and_(
        postings.c.kind == ADJUSTED,
        postings.c.account == Account.MPESA_CLEARING.value,
        postings.c.amount_cents == _STATED_DIFFERENCE,
    ),
    and_(
        postings.c.kind == ADJUSTED_SUSPENSE,
        postings.c.account == Account.SUSPENSE.value,
        postings.c.amount_cents == -_STATED_DIFFERENCE,
    ),
)
_ADJUSTED_WRONGLY = (
    select(_COLUMNS.id, postings.c.kind)
    .select_from(payments.join(postings, postings.c.source_id == _COLUMNS.id))
    .where(postings.c.kind.in_([ADJUSTED, ADJUSTED_SUSPENSE]))
    .where(~exists(select(evidence.c.id).where(_STATES_ANOTHER, _AS_STATED).correlate(payments, postings)))
)

_FOREIGN = (
    select(_COLUMNS.id)
    .select_from(payments.outerjoin(receipts, receipts.c.receipt == _COLUMNS.receipt))
    .where(_COLUMNS.receipt.is_not(None))
    .where(or_(receipts.c.operation_id.is_(None), receipts.c.operation_id != _COLUMNS.id))
)

# Looked for at each payment: a list of all that waits to be applied is made by reading all evidence there is.
_UNAPPLIED = exists(
    select(evidence.c.id).where(evidence.c.operation_id == _COLUMNS.id, evidence.c.applied.is_(False))
).correlate(payments)
_PAGE = (
    SELECT_PAYMENTS.where(_COLUMNS.id > AFTER, _COLUMNS.id <= UPTO, ~_UNAPPLIED).order_by(_COLUMNS.id).limit(_AT_ONCE)
)


def _rows_follow_evidence(connection: Connection, _now: Instant, part: IdRange) -> Iterator[Breach]:
    for payment, row in _derived(connection, part):
        wrong = [name for name in _FROM_EVIDENCE if getattr(payment, name) != getattr(row, name)]
        if wrong:
            sentence = f"{payment.id} differs from what its evidence makes of it: {', '.join(wrong)}"
            yield Breach(payment.id, sentence)


def _one_prompt_at_a_time(connection: Connection, _now: Instant, part: IdRange) -> Iterator[Breach]:
    """What was known when the second prompt was made must have ended the first: its evidence up to then says so.

    Of two that were made within a moment, the one whose moment was noted first may have waited for the other's commit.
    """
    bounds = {"after": part.after, "upto": part.upto}
    for earlier, made_at, later, later_made_at in fetch_all(connection, _PROMPTED_WITHIN, bounds):
        if _could_be_paid(connection, earlier, later_made_at) and (
            later_made_at - made_at > _SETTLED_WITHIN or _could_be_paid(connection, later, made_at)
        ):
            yield Breach(earlier, f"{later} was made while {earlier} could still be paid")


def _could_be_paid(connection: Connection, payment_id: str, at: Instant) -> bool:
    payment = store.find(connection, payment_id)
    assert payment is not None  # noqa: S101 - it was found a moment ago, and no payment is deleted
    known = store.evidence_of(connection, [payment_id]).items[payment_id]
    known_at = at + _SETTLED_WITHIN
    row = decide(payment.terms, STK_PUSH, [item for item in known if item.received_at <= known_at])
    return row.locked_until > known_at


def _counts_equal_recount(connection: Connection, _now: Instant, _part: IdRange) -> Iterator[Breach]:
    for sentence in differences(connection):
        yield Breach("", sentence)


def _derived(connection: Connection, part: IdRange) -> Iterator[tuple[Payment, Decision]]:
    """Each payment of the part whose evidence is all applied, and the row that the evidence makes."""
    after = part.after
    while page := [Payment._make(row) for row in fetch_all(connection, _PAGE, {"after": after, "upto": part.upto})]:
        after = page[-1].id
        known = store.evidence_of(connection, [payment.id for payment in page]).items
        wanted = {payment.id: classify(payment.terms, known[payment.id]).wanted_receipts for payment in page}
        named = [receipt for each in wanted.values() for receipt in each]
        rows = select_in(connection, receipts, receipts.c.receipt, named)
        owners = {(row.merchant_id, row.receipt): row.operation_id for row in rows}
        for payment in page:
            receipts_wanted = wanted[payment.id]
            foreign = {each for each in receipts_wanted if owners.get((payment.merchant_id, each)) != payment.id}
            yield payment, decide(payment.terms, STK_PUSH, known[payment.id], foreign)


def _along_payments(statement: Select[Any], sentence: str) -> Check:
    return sql_check(RuleScope.PAYMENTS, _COLUMNS.id, statement, sentence)


OPERATION_RULES: Final = (
    Rule(
        "nothing_open_too_long",
        "A payment ends within a day, and one that Daraja never named when its lock is over (law: time).",
        (_along_payments(_OPEN_TOO_LONG, "{id} is {status} after {hours} hours"),),
    ),
    Rule(
        "everything_applied",
        "What was stored is in its payment's row soon after.",
        (
            sql_check(
                RuleScope.PAYMENTS,
                evidence.c.operation_id,
                _NOT_APPLIED,
                "{pieces} pieces of evidence about {operation_id} are not in its row",
            ),
        ),
    ),
    Rule(
        "rows_follow_evidence",
        "A payment's row is what its evidence makes it (law: evidence).",
        (Check(RuleScope.PAYMENTS, _rows_follow_evidence),),
    ),
    Rule(
        "completed_is_proved",
        "A completed payment has trusted success of its exact amount.",
        (_along_payments(_UNPROVED, "{id} is completed without trusted success"),),
    ),
    Rule(
        "proof_completes",
        "A payment with trusted success of its exact amount is completed, whatever else the evidence says.",
        (_along_payments(_DISBELIEVED, "{id} is {status}, and its evidence proves that it was paid"),),
    ),
    Rule(
        "one_live_prompt",
        "No customer is prompted while an earlier prompt of the same booking or phone may still be paid (law: time).",
        (Check(RuleScope.PAYMENTS, _one_prompt_at_a_time),),
    ),
    Rule(
        "suspense_is_flagged",
        "Money is set aside only where another amount was named.",
        (_along_payments(_UNFLAGGED, "the money of {id} is set aside, and nothing says why"),),
    ),
    Rule(
        "adjusted_as_stated",
        "Where a statement names another amount for a completed payment's receipt, the difference is posted "
        "(law: money).",
        (
            _along_payments(
                _UNADJUSTED, "a statement names another amount for {id}, and no posting has the difference"
            ),
            _along_payments(_ADJUSTED_WRONGLY, "the posting `{kind}` of {id} is not the difference of a statement"),
        ),
    ),
    Rule(
        "receipt_owned",
        "The receipt that a payment shows belongs to it alone.",
        (_along_payments(_FOREIGN, "{id} shows a receipt that is not its own"),),
    ),
    Rule(
        "counts_equal_recount",
        "The counts that are kept as payments settle are what counting all payments again makes (law: counting).",
        (Check(RuleScope.COUNTS, _counts_equal_recount),),
    ),
)
"""The rules of payments."""
