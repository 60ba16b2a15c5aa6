"""The rules of what people decide about held money, and of what is owed to payees (law: invariants of money out)."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select

from pokea.audit.rule import Rule, RuleScope, sql_check
from pokea.bookings.rules import FeeStatus
from pokea.disbursements.life import RESERVED
from pokea.disbursements.model import MOST_CENTS, DisbursementKind, DisbursementStatus
from pokea.disbursements.refund_source import REFUND_DECIDED, REFUND_DECISION
from pokea.escrow.deciding import BY_TIME, DecisionKind
from pokea.ledger.entries import Account
from pokea.storage.tables import bookings, decisions, disbursements, postings

_DECISION, _DISBURSEMENT = decisions.c, disbursements.c
_IS_RELEASE: Final = _DECISION.kind == DecisionKind.RELEASE.value
_COMMISSION: Final = func.coalesce(_DECISION.commission_cents, 0)


def _posted_by(account: Account) -> ColumnElement[int]:
    """What a decision has posted to an account, debits positive."""
    total = select(func.coalesce(func.sum(postings.c.amount_cents), 0)).where(
        postings.c.source_id == _DECISION.id, postings.c.account == account.value
    )
    return total.correlate(decisions).scalar_subquery()


_HELD, _PAYABLE = _posted_by(Account.FEES_HELD), _posted_by(Account.PROVIDER_PAYABLE)
_SPLIT_WRONGLY = select(_DECISION.id, _DECISION.object_id, _DECISION.amount_cents).where(
    _IS_RELEASE,
    or_(
        _DECISION.amount_cents != _HELD,
        -_posted_by(Account.COMMISSION) != _COMMISSION,
        _DECISION.amount_cents - _COMMISSION != -_PAYABLE,
    ),
)
_RELEASED_TWICE = (
    select(_DECISION.object_id, func.count().label("times"))
    .where(_IS_RELEASE)
    .group_by(_DECISION.object_id)
    .having(func.count() > 1)
)
_DUE: Final = (
    select(func.coalesce(-func.sum(postings.c.amount_cents), 0))
    .where(
        postings.c.source_id == _DECISION.id,
        postings.c.kind == REFUND_DECIDED,
        postings.c.account == Account.REFUNDS_DUE.value,
    )
    .correlate(decisions)
    .scalar_subquery()
)
# A refund that no person has approved so far has posted nothing.
_REFUND_DIFFERS = select(_DECISION.id, _DECISION.object_id, _DUE.label("due")).where(
    _DECISION.kind == REFUND_DECISION, _DUE.not_in([0, _DECISION.amount_cents])
)

_DISPUTED = decisions.alias("disputed")
_WAS_DISPUTED = exists(
    select(_DISPUTED.c.id)
    .where(_DISPUTED.c.object_id == _DECISION.object_id, _DISPUTED.c.kind == DecisionKind.DISPUTE.value)
    .correlate(decisions)
)
_IS_DISPUTED = exists(
    select(bookings.c.id)
    .where(bookings.c.id == _DECISION.object_id, bookings.c.fee_status == FeeStatus.DISPUTED.value)
    .correlate(decisions)
)
_RELEASED_DISPUTED = select(_DECISION.object_id).where(
    _IS_RELEASE, or_(_IS_DISPUTED, and_(_WAS_DISPUTED, _DECISION.subject == BY_TIME))
)

_GONE: Final = [each.value for each in RESERVED | {DisbursementStatus.COMPLETED}]
_TAKEN: Final = (
    select(func.coalesce(func.sum(postings.c.amount_cents), 0))
    .where(
        postings.c.source_id == _DISBURSEMENT.id,
        postings.c.account == Account.PROVIDER_PAYABLE.value,
        postings.c.party_id == _DISBURSEMENT.payee_id,
    )
    .correlate(disbursements)
    .scalar_subquery()
)
_SHOULD_TAKE: Final = case((_DISBURSEMENT.status.in_(_GONE), _DISBURSEMENT.amount_cents), else_=0)
_TAKES_WRONGLY = select(_DISBURSEMENT.id, _DISBURSEMENT.status, _TAKEN.label("taken")).where(
    _DISBURSEMENT.kind == DisbursementKind.PAYOUT.value, _TAKEN != _SHOULD_TAKE
)
_ABOVE_ALL = select(_DISBURSEMENT.id, _DISBURSEMENT.status).where(
    _DISBURSEMENT.status.in_(_GONE),
    or_(
        _DISBURSEMENT.amount_cents > MOST_CENTS,
        and_(_DISBURSEMENT.is_over_cap, _DISBURSEMENT.approved_by.is_(None)),
    ),
)


def _along(key: ColumnElement[str], statement: Select[Any], sentence: str) -> tuple[Any, ...]:
    scope = RuleScope.DISBURSEMENTS if key.table is disbursements else RuleScope.BOOKINGS
    return (sql_check(scope, key, statement, sentence),)


DECISION_RULES: Final = (
    Rule(
        "within_caps",
        "Nothing is approved above what M-PESA pays out at once, nor above a cap but by a person who means it "
        "(law: who may).",
        _along(_DISBURSEMENT.id, _ABOVE_ALL, "{id} is {status} above a cap"),
    ),
    Rule(
        "release_splits_whole",
        "The parts of a release and its commission sum to what is released (law: escrow).",
        _along(_DECISION.object_id, _SPLIT_WRONGLY, "the release {id} of {object_id} does not divide {amount_cents}"),
    ),
    Rule(
        "payable_is_releases_less_payouts",
        "A payout takes its amount from its payee's payable while it is reserved or paid, and else nothing.",
        _along(_DISBURSEMENT.id, _TAKES_WRONGLY, "{id} is {status}, and takes {taken} cents from the payable"),
    ),
    Rule(
        "decision_spends_once",
        "A fee is released once, and a decision to refund moves its amount once (law: escrow).",
        (
            *_along(_DECISION.object_id, _RELEASED_TWICE, "the fee of {object_id} is released {times} times"),
            *_along(_DECISION.object_id, _REFUND_DIFFERS, "the decision {id} about {object_id} has moved {due} cents"),
        ),
    ),
    Rule(
        "disputed_not_released",
        "No fee is released while it is disputed, and none that was disputed is released by the time (law: escrow).",
        _along(_DECISION.object_id, _RELEASED_DISPUTED, "the fee of {object_id} is disputed, and was released"),
    ),
)
"""The rules of decisions and payables."""
