"""The rules of money out (law: invariants of money out): what holds after every transaction, whatever was killed."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, or_, select

from pokea.audit.event_rules import GAP, gaps_in
from pokea.audit.rule import AFTER, UPTO, Breach, Check, IdRange, Rule, RuleScope, sql_check
from pokea.clock import Instant
from pokea.disbursements import store as out
from pokea.disbursements.decision import classify_attempt, decide_classified_attempt
from pokea.disbursements.life import RESERVED, state_of
from pokea.disbursements.model import AttemptStatus, DisbursementStatus, OutAttempt, StepKind
from pokea.disbursements.rules import MONEY_OUT
from pokea.ledger.entries import Account
from pokea.storage.sql import fetch_all
from pokea.storage.statements import select_in
from pokea.storage.tables import (
    attempts,
    disbursement_steps,
    disbursements,
    payments,
    postings,
    receipts,
)

_AT_ONCE: Final = 200
_DISBURSEMENT, _ATTEMPT = disbursements.c, attempts.c
_PAID: Final = (AttemptStatus.COMPLETED.value, AttemptStatus.RETURNED.value)
_NOT_GIVEN_UP: Final = (
    DisbursementStatus.REJECTED.value,
    DisbursementStatus.WITHDRAWN.value,
    DisbursementStatus.LAPSED.value,
    DisbursementStatus.FAILED.value,
    # Its money is back, and may go out anew by another refund.
    DisbursementStatus.RETURNED.value,
)

_LIVE_TWICE = (
    select(_ATTEMPT.disbursement_id, func.count().label("times"))
    .where(_ATTEMPT.is_live)
    .group_by(_ATTEMPT.disbursement_id)
    .having(func.count() > 1)
)
_APPROVALS = (
    select(func.count())
    .select_from(disbursement_steps)
    .where(
        disbursement_steps.c.disbursement_id == _ATTEMPT.disbursement_id,
        disbursement_steps.c.kind == StepKind.APPROVED.value,
        disbursement_steps.c.digest == _ATTEMPT.digest,
    )
    .correlate(attempts)
    .scalar_subquery()
)
_SENT_UNAPPROVED = select(_ATTEMPT.id).where(_APPROVALS == 0)
_STEP_OF = (
    disbursement_steps.c.disbursement_id == _DISBURSEMENT.id,
    disbursement_steps.c.kind.in_([StepKind.REQUESTED.value, StepKind.RETRIED.value]),
)
_OWN_APPROVAL = select(_DISBURSEMENT.id, _DISBURSEMENT.approved_by).where(
    _DISBURSEMENT.approved_by.is_not(None),
    exists(
        select(disbursement_steps.c.number).where(*_STEP_OF, disbursement_steps.c.subject == _DISBURSEMENT.approved_by)
    ),
)
_ALONE = select(_DISBURSEMENT.id).where(
    _DISBURSEMENT.needs_second_person,
    _DISBURSEMENT.approved_by.is_(None),
    _DISBURSEMENT.status.in_([each.value for each in RESERVED | {DisbursementStatus.COMPLETED}]),
)

_PENDING = (
    select(func.coalesce(func.sum(-postings.c.amount_cents), 0))
    .where(postings.c.source_id == _DISBURSEMENT.id, postings.c.account == Account.OUT_PENDING.value)
    .correlate(disbursements)
    .scalar_subquery()
)
_SHOULD_PEND = case((_DISBURSEMENT.status.in_([each.value for each in RESERVED]), _DISBURSEMENT.amount_cents), else_=0)
_PENDS_WRONGLY = select(
    _DISBURSEMENT.id, _DISBURSEMENT.status, _PENDING.label("pending"), _SHOULD_PEND.label("wanted")
).where(_PENDING != _SHOULD_PEND)

_CLEARED = (
    select(func.count())
    .where(postings.c.source_id == _DISBURSEMENT.id, postings.c.kind == "clear", postings.c.line == 0)
    .correlate(disbursements)
    .scalar_subquery()
)
_HAS_PAID = _DISBURSEMENT.status.in_([DisbursementStatus.COMPLETED.value, DisbursementStatus.RETURNED.value])
_CLEARED_WRONGLY = select(_DISBURSEMENT.id, _DISBURSEMENT.status, _CLEARED.label("times")).where(
    case((_HAS_PAID, 1), else_=0) != _CLEARED
)

_REFUNDED = (
    select(func.coalesce(func.sum(_DISBURSEMENT.amount_cents), 0))
    .where(_DISBURSEMENT.payment_id == payments.c.id, _DISBURSEMENT.status.not_in(_NOT_GIVEN_UP))
    .correlate(payments)
    .scalar_subquery()
)
_IS_REFUNDED = exists(select(_DISBURSEMENT.id).where(_DISBURSEMENT.payment_id == payments.c.id))
# A statement may have named less than what was asked for: what it brought is what was posted to the clearing account.
_BROUGHT = (
    select(func.coalesce(func.sum(postings.c.amount_cents), 0))
    .where(postings.c.source_id == payments.c.id, postings.c.account == Account.MPESA_CLEARING.value)
    .correlate(payments)
    .scalar_subquery()
)
_REFUNDED_TOO_MUCH = select(payments.c.id, _REFUNDED.label("refunded"), _BROUGHT.label("brought")).where(
    _IS_REFUNDED, _REFUNDED > _BROUGHT
)
_REFUND_TO_ANOTHER = (
    select(_DISBURSEMENT.id)
    .select_from(disbursements.join(payments, payments.c.id == _DISBURSEMENT.payment_id))
    .where(_DISBURSEMENT.recipient != payments.c.msisdn)
)

_OWNER = (
    select(receipts.c.operation_id)
    .where(receipts.c.receipt == _ATTEMPT.receipt, receipts.c.merchant_id == _ATTEMPT.merchant_id)
    .correlate(attempts)
    .scalar_subquery()
)
_RECEIPT_OF_ANOTHER = select(_ATTEMPT.id).where(
    _ATTEMPT.receipt.is_not(None), or_(_OWNER.is_(None), _ATTEMPT.id != _OWNER)
)
_WITHOUT_RECEIPT = select(_ATTEMPT.id, _ATTEMPT.status).where(
    _ATTEMPT.status.in_(_PAID), or_(_ATTEMPT.receipt.is_(None), _ATTEMPT.completed_at.is_(None))
)
_UNKNOWN_UNDUE = select(_ATTEMPT.id, _ATTEMPT.status).where(
    _ATTEMPT.status.in_([AttemptStatus.SENDING.value, AttemptStatus.UNKNOWN.value, AttemptStatus.ACCEPTED.value]),
    _ATTEMPT.next_action_at.is_(None),
    # After a week of questions it is a person's.
    _ATTEMPT.inquiries == 0,
)


def _attempts_follow_evidence(connection: Connection, _now: Instant, part: IdRange) -> Iterator[Breach]:
    after = part.after
    page_of = select(attempts).where(_ATTEMPT.id > AFTER, _ATTEMPT.id <= UPTO).order_by(_ATTEMPT.id).limit(_AT_ONCE)
    while page := [
        OutAttempt._make(row) for row in fetch_all(connection, page_of, {"after": after, "upto": part.upto})
    ]:
        after = page[-1].id
        known = out.evidence_of_attempts(connection, [each.id for each in page])
        waiting = {operation_id for operation_id, _ in known.unapplied}
        for row in page:
            if row.id in waiting:
                continue
            wrong = _differences(connection, row, known.items[row.id])
            if wrong:
                yield Breach(row.id, f"{row.id} differs from what its evidence makes of it: {', '.join(wrong)}")


def _differences(connection: Connection, row: OutAttempt, items: Any) -> list[str]:
    wanted = classify_attempt(row.terms, MONEY_OUT, items).wanted_receipts
    rows = select_in(connection, receipts, receipts.c.receipt, wanted)
    owners = {each.receipt: each.operation_id for each in rows if each.merchant_id == row.merchant_id}
    foreign = {receipt for receipt in wanted if owners.get(receipt) != row.id}
    decision = decide_classified_attempt(MONEY_OUT, classify_attempt(row.terms, MONEY_OUT, items, foreign))
    names = ("status", "request_id", "receipt", "completed_at", "failure_code", "failure_reason")
    return [name for name in names if getattr(row, name) != getattr(decision, name)]


def _disbursements_follow_attempts(connection: Connection, _now: Instant, part: IdRange) -> Iterator[Breach]:
    after = part.after
    page_of = (
        select(_DISBURSEMENT.id)
        .where(_DISBURSEMENT.id > AFTER, _DISBURSEMENT.id <= UPTO)
        .order_by(_DISBURSEMENT.id)
        .limit(_AT_ONCE)
    )
    while ids := [row[0] for row in fetch_all(connection, page_of, {"after": after, "upto": part.upto})]:
        after = ids[-1]
        steps, sent = out.steps_of(connection, ids), out.attempts_of(connection, ids)
        for disbursement_id in ids:
            row = out.find_disbursement(connection, disbursement_id)
            state = state_of(steps[disbursement_id], sent[disbursement_id])
            if row is not None and (row.status, row.receipt) != (state.status, state.receipt):
                yield Breach(row.id, f"{row.id} is {row.status}, and its steps and attempts make it {state.status}")


def _along(key: ColumnElement[str], statement: Select[Any], sentence: str) -> Check:
    scope = RuleScope.ATTEMPTS if key.table is attempts else RuleScope.DISBURSEMENTS
    return sql_check(scope, key, statement, sentence)


OUT_RULES: Final = (
    Rule(
        "one_live_attempt",
        "At most one attempt of a disbursement is not proved failed (law: attempts and their status).",
        (
            sql_check(
                RuleScope.DISBURSEMENTS,
                _ATTEMPT.disbursement_id,
                _LIVE_TWICE,
                "{disbursement_id} has {times} attempts that may pay",
            ),
        ),
    ),
    Rule(
        "never_sent_unapproved",
        "What was sent is what was approved, to the digest (law: who may).",
        (_along(_ATTEMPT.id, _SENT_UNAPPROVED, "{id} was sent, and nobody approved what it sends"),),
    ),
    Rule(
        "two_people",
        "Nobody approves what they requested, and what needs a second person has one (law: who may).",
        (
            _along(_DISBURSEMENT.id, _OWN_APPROVAL, "{id} was approved by {approved_by}, who requested it"),
            _along(_DISBURSEMENT.id, _ALONE, "{id} goes out without a second person"),
        ),
    ),
    Rule(
        "out_pending_is_open",
        "What is pending is, for each disbursement, its amount while it is approved and open, and else nothing.",
        (_along(_DISBURSEMENT.id, _PENDS_WRONGLY, "{id} is {status}, and {pending} cents are pending, not {wanted}"),),
    ),
    Rule(
        "cleared_once",
        "A disbursement that has paid is cleared once, and no other is.",
        (_along(_DISBURSEMENT.id, _CLEARED_WRONGLY, "{id} is {status}, and was cleared {times} times"),),
    ),
    Rule(
        "refund_within_payment",
        "The refunds of a payment that are not given up never exceed what it brought (law: which way).",
        (
            sql_check(
                RuleScope.PAYMENTS,
                payments.c.id,
                _REFUNDED_TOO_MUCH,
                "{refunded} cents of {id} are refunded, and it brought {brought}",
            ),
        ),
    ),
    Rule(
        "refund_to_payer",
        "A refund goes to the number that paid (law: which way).",
        (_along(_DISBURSEMENT.id, _REFUND_TO_ANOTHER, "{id} goes to another number than the one that paid"),),
    ),
    Rule(
        "out_receipt_once",
        "The receipt of an attempt belongs to it alone.",
        (_along(_ATTEMPT.id, _RECEIPT_OF_ANOTHER, "{id} shows a receipt that is not its own"),),
    ),
    Rule(
        "completed_has_receipt_amount_recipient",
        "A completed attempt has a receipt and a time; its amount and recipient are proved (law: proof of money out).",
        (_along(_ATTEMPT.id, _WITHOUT_RECEIPT, "{id} is {status} without a receipt"),),
    ),
    Rule(
        "out_row_is_its_evidence",
        "Attempts are what their evidence makes them, and disbursements what their steps and attempts do.",
        (
            Check(RuleScope.ATTEMPTS, _attempts_follow_evidence),
            Check(RuleScope.DISBURSEMENTS, _disbursements_follow_attempts),
        ),
    ),
    Rule(
        "unknown_has_due_time",
        "An attempt whose outcome is not proved is looked at again (law: finding out).",
        (_along(_ATTEMPT.id, _UNKNOWN_UNDUE, "{id} is {status}, and nothing will ask about it"),),
    ),
    Rule(
        "out_told",
        "Every version of a disbursement has its event.",
        (_along(_DISBURSEMENT.id, gaps_in(disbursements), GAP),),
    ),
)
"""The rules of disbursements and attempts."""
