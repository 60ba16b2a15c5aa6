"""The rules that the books obey, each with a name: checked by tests, universes, the running service and `pokea doctor`.

A rule reads one connection and answers what breaks it, a sentence for each place, nothing when it holds. It holds after
every transaction, whatever was killed and in whatever order things arrived. Each search walks one table by its ids and
looks at the neighbours of each row alone, so that a part of the table can be checked by itself, as the running service
does it (`audit.worker`). The rules here are those of the ledger and of the fees; `audit.every_rule` lists all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.clock import Instant
from pokea.ledger.entries import CREDITED, Account, Money
from pokea.operations.decision import Status
from pokea.storage.sql import fetch_all
from pokea.storage.tables import attempts, bookings, decisions, disbursements, payments, postings

MOST_NAMED: Final = 20
"""At most so many violations of one rule are reported; broken books have more of them than a person reads."""
NOW: Final = bindparam("now", type_=BigInteger)
"""The instant at which a rule is checked, as its statements name it."""
AFTER: Final = bindparam("after", type_=Text)
UPTO: Final = bindparam("upto", type_=Text)
"""The ends of the part that is checked, as the statements name them."""
LAST: Final = "zzzzzzzz"
"""Sorts after every id, in every collation."""


class RuleScope(StrEnum):
    """The table whose ids a search walks along; the counts have none, and are checked as a whole or not at all."""

    PAYMENTS = "payments"
    BOOKINGS = "bookings"
    DISBURSEMENTS = "disbursements"
    ATTEMPTS = "attempts"
    COUNTS = "counts"


class IdRange(NamedTuple):
    """The ids of one table from after `after` up to `upto`, which is in it."""

    ground: RuleScope
    after: str = ""
    upto: str = LAST


EVERYTHING: Final = tuple(IdRange(ground) for ground in RuleScope)
"""The whole books."""
WALKED: Final = (RuleScope.PAYMENTS, RuleScope.BOOKINGS, RuleScope.DISBURSEMENTS, RuleScope.ATTEMPTS)
"""What can be checked part by part."""


class Breach(NamedTuple):
    """Where a rule does not hold: the id at which it was found, and a sentence."""

    id: str
    sentence: str


Find = Callable[[Connection, Instant, IdRange], Iterator[Breach]]


class Check(NamedTuple):
    """One way to find what breaks a rule, along one table."""

    ground: RuleScope
    find: Find


class Violation(NamedTuple):
    """A rule that does not hold, and where; `id` is that of the payment or booking, empty for "and more"."""

    rule: str
    where: str
    id: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


class Rule(NamedTuple):
    """Something that is always true, and the searches that find where it is not."""

    name: str
    says: str
    searches: tuple[Check, ...]

    @property
    def is_walked(self) -> bool:
        """Whether it can be checked part by part."""
        return all(search.ground in WALKED for search in self.searches)


def violations(
    connection: Connection, now: Instant, rules: Sequence[Rule], parts: Sequence[IdRange] = EVERYTHING
) -> list[Violation]:
    """Where the rules do not hold at `now` in these parts of the books, at most MOST_NAMED places for each rule."""
    found = []
    for rule in rules:
        for count, place in enumerate(_places(connection, now, rule, parts)):
            if count == MOST_NAMED:
                found.append(Violation(rule.name, "and more"))
                break
            found.append(Violation(rule.name, place.sentence, place.id))
    return found


def _places(connection: Connection, now: Instant, rule: Rule, parts: Sequence[IdRange]) -> Iterator[Breach]:
    for part in parts:
        for search in rule.searches:
            if search.ground is part.ground:
                yield from search.find(connection, now, part)


def sql_check(ground: RuleScope, key: ColumnElement[str], statement: Select[Any], sentence: str) -> Check:
    """A search made of a statement that finds what breaks the rule, and a sentence that names its columns.

    `key` is the column that holds the ids of the table; the statement is bounded by it and ordered by it.
    """
    bounded = statement.add_columns(key.label("place")).where(key > AFTER, key <= UPTO)
    bounded = bounded.order_by(key).limit(MOST_NAMED + 1)

    def find(connection: Connection, now: Instant, part: IdRange) -> Iterator[Breach]:
        for row in fetch_all(connection, bounded, {"now": now, "after": part.after, "upto": part.upto}):
            yield Breach(row.place, sentence.format(**row._asdict()))

    return Check(ground, find)


_SUM = func.sum(postings.c.amount_cents)
_UNBALANCED = select(postings.c.source_id, _SUM.label("total")).group_by(postings.c.source_id).having(_SUM != 0)

_OF_BOOKING = bookings.join(payments, payments.c.booking_id == bookings.c.id)
# Not `where account = …`: a planner may then walk along the account, once for each booking.
_HELD_CENTS = case((postings.c.account == Account.FEES_HELD.value, -postings.c.amount_cents), else_=0)
_IN_ESCROW = (
    select(func.coalesce(func.sum(_HELD_CENTS), 0))
    .select_from(payments.join(postings, postings.c.source_id == payments.c.id))
    .where(payments.c.booking_id == bookings.c.id)
    .correlate(bookings)
    .scalar_subquery()
)
# A decision about the booking, or about a flag of one of its payments, moves money out of escrow or into it.
_BY_DECISION = (
    select(func.coalesce(func.sum(_HELD_CENTS), 0))
    .select_from(decisions.join(postings, postings.c.source_id == decisions.c.id))
    .where(
        or_(
            decisions.c.object_id == bookings.c.id,
            # Named here too: on its own the inner select would mean the payments of all bookings.
            decisions.c.object_id.in_(
                select(payments.c.id).where(payments.c.booking_id == bookings.c.id).correlate(bookings)
            ),
        )
    )
    .correlate(bookings)
    .scalar_subquery()
)
_BALANCE = _IN_ESCROW + _BY_DECISION
_FEE_STATUS, _FEE_CENTS = bookings.c.fee_status, bookings.c.fee_cents
_WHOLE: Final = (FeeStatus.HELD.value,)
_GONE: Final = (FeeStatus.UNPAID.value, FeeStatus.RELEASED.value, FeeStatus.REFUNDED.value)
_FEE = case((_FEE_STATUS.in_(_WHOLE), _FEE_CENTS), else_=0)
_ESCROW_DIFFERS = select(bookings.c.id, _BALANCE.label("balance"), _FEE.label("fee")).where(
    or_(
        and_(_FEE_STATUS.in_([*_WHOLE, *_GONE]), _BALANCE != _FEE),
        # Of a fee that is refunded in part, or that is disputed, some is held, and never more than the whole.
        and_(_FEE_STATUS.not_in([*_WHOLE, *_GONE]), or_(_BALANCE < 0, _BALANCE > _FEE_CENTS)),
    )
)

_IS_HELD = payments.c.disposition == Money.HELD.value
_HOLDER = payments.alias("holder")
_HELD_TWICE = (
    select(payments.c.booking_id, func.count().label("times"))
    .where(_IS_HELD)
    .group_by(payments.c.booking_id)
    .having(func.count() > 1)
)
# Money that stood elsewhere until a person decided that it is the fee.
_HELD_BY_DECISION = exists(
    select(decisions.c.id)
    .join(postings, postings.c.source_id == decisions.c.id)
    .where(
        decisions.c.object_id == _HOLDER.c.id,
        postings.c.account == Account.FEES_HELD.value,
        postings.c.amount_cents < 0,
    )
    .correlate(_HOLDER)
)
_IS_HOLDER = or_(_HOLDER.c.disposition == Money.HELD.value, _HELD_BY_DECISION)
_HELD_BY_NOBODY = (
    select(bookings.c.id)
    .select_from(bookings.outerjoin(_HOLDER, _HOLDER.c.id == bookings.c.fee_payment_id))
    .where(bookings.c.fee_status == FeeStatus.HELD.value)
    .where(or_(_HOLDER.c.id.is_(None), ~_IS_HOLDER, _HOLDER.c.booking_id != bookings.c.id))
)
_HELD_UNKNOWN = (
    select(payments.c.id)
    .select_from(payments.outerjoin(bookings, bookings.c.id == payments.c.booking_id))
    .where(_IS_HELD, or_(bookings.c.fee_payment_id.is_(None), bookings.c.fee_payment_id != payments.c.id))
)

_EXPECTED = case(*[(bookings.c.fee_status == fee.value, status.value) for fee, status in STATUS_OF_FEE.items()])
_IS_PAID = bookings.c.fee_status != FeeStatus.UNPAID.value
_NOT_NOTED = or_(bookings.c.paid_at.is_(None), bookings.c.fee_payment_id.is_(None))
_NOTED = or_(bookings.c.paid_at.is_not(None), bookings.c.fee_payment_id.is_not(None))
_OUT_OF_STEP = select(bookings.c.id, bookings.c.status, bookings.c.fee_status).where(
    or_(
        _EXPECTED.is_(None),
        bookings.c.status != _EXPECTED,
        and_(_IS_PAID, _NOT_NOTED),
        and_(~_IS_PAID, _NOTED),
    )
)
_UNPAID_THOUGH_PAID = (
    select(bookings.c.id)
    .distinct()
    .select_from(_OF_BOOKING)
    .where(~_IS_PAID, payments.c.disposition.in_([Money.HELD.value, Money.REFUND_DUE.value]))
)

_KIND, _CENTS = postings.c.kind, postings.c.amount_cents
_CREDITED = case(
    *[(payments.c.disposition == disposition.value, account.value) for disposition, account in CREDITED.items()]
)
_DEBIT = and_(
    _KIND == "received", postings.c.account == Account.MPESA_CLEARING.value, payments.c.amount_cents == _CENTS
)
_CREDIT = and_(payments.c.disposition == _KIND, postings.c.account == _CREDITED, -payments.c.amount_cents == _CENTS)
_OF_ARRIVAL = _KIND.in_(["received", *(disposition.value for disposition in Money)])
_WANTED = case((payments.c.status == Status.COMPLETED.value, 1), else_=0)
_POSTED_WRONGLY = (
    select(payments.c.id, payments.c.status, func.count(_KIND).label("times"))
    .select_from(payments.outerjoin(postings, and_(postings.c.source_id == payments.c.id, _OF_ARRIVAL)))
    .group_by(payments.c.id, payments.c.status)
    .having(
        or_(
            func.sum(case((_DEBIT, 1), else_=0)) != _WANTED,
            func.sum(case((_CREDIT, 1), else_=0)) != _WANTED,
            func.count(_KIND) != 2 * _WANTED,
        )
    )
)
_SOURCES: Final = (payments, disbursements, attempts, decisions)
_POSTED_FOR_NOBODY = (
    select(postings.c.source_id)
    .distinct()
    .where(*(~exists(select(table.c.id).where(table.c.id == postings.c.source_id)) for table in _SOURCES))
    # What a statement shows of the account itself has the statement's receipt.
    .where(postings.c.kind.not_in(["transfer", "charge_taken"]))
)

BOOKS: Final = (
    Rule(
        "ledger_balances",
        "The postings of each payment, and so of all, sum to nothing.",
        (
            sql_check(
                RuleScope.PAYMENTS,
                postings.c.source_id,
                _UNBALANCED,
                "the postings of {source_id} sum to {total} cents, not to nothing",
            ),
        ),
    ),
    Rule(
        "escrow_equals_fees",
        "The escrow account stands, for each booking and so for all, at what is held of its fee.",
        (
            sql_check(
                RuleScope.BOOKINGS,
                bookings.c.id,
                _ESCROW_DIFFERS,
                "the escrow account stands at {balance} cents for {id}, whose held fee is {fee}",
            ),
        ),
    ),
    Rule(
        "fee_held_once",
        "A held fee is held by exactly one payment, and both say so.",
        (
            sql_check(
                RuleScope.BOOKINGS, payments.c.booking_id, _HELD_TWICE, "the fee of {booking_id} is held {times} times"
            ),
            sql_check(
                RuleScope.BOOKINGS,
                bookings.c.id,
                _HELD_BY_NOBODY,
                "the fee of {id} is held by no payment that holds it",
            ),
            sql_check(
                RuleScope.PAYMENTS, payments.c.id, _HELD_UNKNOWN, "{id} holds a fee of which its booking does not know"
            ),
        ),
    ),
    Rule(
        "booking_follows_fee",
        "A booking's status follows its fee, and money that came is noted.",
        (
            sql_check(RuleScope.BOOKINGS, bookings.c.id, _OUT_OF_STEP, "{id} is {status} with its fee {fee_status}"),
            sql_check(
                RuleScope.BOOKINGS, bookings.c.id, _UNPAID_THOUGH_PAID, "money for {id} has come, and its fee is unpaid"
            ),
        ),
    ),
    Rule(
        "completed_is_posted_once",
        "Every completed payment has exactly one pair of postings, and no other payment has any.",
        (
            sql_check(RuleScope.PAYMENTS, payments.c.id, _POSTED_WRONGLY, "{id} is {status} with {times} postings"),
            sql_check(
                RuleScope.PAYMENTS,
                postings.c.source_id,
                _POSTED_FOR_NOBODY,
                "postings name {source_id}, which is no payment, disbursement or decision",
            ),
        ),
    ),
)
"""The rules of the ledger and of the fees."""
