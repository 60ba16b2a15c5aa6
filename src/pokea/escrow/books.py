"""The rules that the books obey, each with a name: checked by tests, universes, the running service and `pokea doctor`.

A rule reads one connection and answers what breaks it, a sentence for each, nothing when it holds. It holds after every
transaction, whatever was killed and in whatever order things arrived. The rules of payments are in `payments.promises`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, case, func, or_, select

from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.clock import Instant
from pokea.escrow.ledger import CREDITED, Account, Money
from pokea.storage.tables import bookings, payments, postings

MOST_NAMED: Final = 20
"""So many violations of one rule are told; a broken book has more of them than anybody reads."""
NOW: Final = bindparam("now", type_=BigInteger)
"""The instant at which a rule is checked, as its statements name it."""

Check = Callable[[Connection, Instant], Iterator[str]]


class Violation(NamedTuple):
    """A rule that does not hold, and where."""

    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.where}"


class Rule(NamedTuple):
    """Something that is always true. `check` answers where it is not."""

    name: str
    says: str
    check: Check


def violations(connection: Connection, now: Instant, rules: Sequence[Rule]) -> list[Violation]:
    """Where the rules do not hold at `now`, at most MOST_NAMED places for each."""
    found = []
    for rule in rules:
        for count, where in enumerate(rule.check(connection, now)):
            if count == MOST_NAMED:
                found.append(Violation(rule.name, "and more"))
                break
            found.append(Violation(rule.name, where))
    return found


def found_by(*searches: tuple[Select[Any], str]) -> Check:
    """A check made of statements, each of which finds what breaks the rule, and a sentence that names its columns."""

    def check(connection: Connection, now: Instant) -> Iterator[str]:
        for statement, sentence in searches:
            for row in connection.execute(statement.limit(MOST_NAMED + 1), {"now": now}):
                yield sentence.format(**row._mapping)

    return check


_SUM = func.sum(postings.c.amount_cents)
_UNBALANCED = (
    select(postings.c.payment_id, _SUM.label("total"))
    .group_by(postings.c.payment_id)
    .having(_SUM != 0)
    .order_by(postings.c.payment_id)
)

_IN_ESCROW = select(func.coalesce(-_SUM, 0)).where(postings.c.account == Account.FEES_HELD.value).scalar_subquery()
_FEES = (
    select(func.coalesce(func.sum(bookings.c.fee_cents), 0))
    .where(bookings.c.fee_status == FeeStatus.HELD.value)
    .scalar_subquery()
)
_ESCROW_DIFFERS = select(_IN_ESCROW.label("balance"), _FEES.label("fees")).where(_IN_ESCROW != _FEES)

_IS_HELD = payments.c.money == Money.HELD.value
_OF_BOOKING = bookings.join(payments, payments.c.booking_id == bookings.c.id)
_HOLDER = payments.alias("holder")
_HELD_TWICE = (
    select(payments.c.booking_id, func.count().label("times"))
    .where(_IS_HELD)
    .group_by(payments.c.booking_id)
    .having(func.count() > 1)
    .order_by(payments.c.booking_id)
)
_HELD_BY_NOBODY = (
    select(bookings.c.id)
    .select_from(bookings.outerjoin(_HOLDER, _HOLDER.c.id == bookings.c.fee_payment_id))
    .where(bookings.c.fee_status == FeeStatus.HELD.value)
    .where(or_(_HOLDER.c.id.is_(None), _HOLDER.c.money != Money.HELD.value, _HOLDER.c.booking_id != bookings.c.id))
    .order_by(bookings.c.id)
)
_HELD_UNKNOWN = (
    select(payments.c.id)
    .select_from(_OF_BOOKING)
    .where(_IS_HELD, or_(bookings.c.fee_payment_id.is_(None), bookings.c.fee_payment_id != payments.c.id))
    .order_by(payments.c.id)
)

_EXPECTED = case(*[(bookings.c.fee_status == fee.value, status.value) for fee, status in STATUS_OF_FEE.items()])
_IS_PAID = bookings.c.fee_status != FeeStatus.UNPAID.value
_NOT_NOTED = or_(bookings.c.paid_at.is_(None), bookings.c.fee_payment_id.is_(None))
_NOTED = or_(bookings.c.paid_at.is_not(None), bookings.c.fee_payment_id.is_not(None))
_OUT_OF_STEP = (
    select(bookings.c.id, bookings.c.status, bookings.c.fee_status)
    .where(
        or_(
            _EXPECTED.is_(None),
            bookings.c.status != _EXPECTED,
            and_(_IS_PAID, _NOT_NOTED),
            and_(~_IS_PAID, _NOTED),
        )
    )
    .order_by(bookings.c.id)
)
_UNPAID_THOUGH_PAID = (
    select(bookings.c.id)
    .distinct()
    .select_from(_OF_BOOKING)
    .where(~_IS_PAID, payments.c.money.in_([Money.HELD.value, Money.REFUND_DUE.value]))
    .order_by(bookings.c.id)
)

_KIND, _CENTS = postings.c.kind, postings.c.amount_cents
_CREDITED = case(*[(payments.c.money == money.value, account.value) for money, account in CREDITED.items()])
_DEBIT = and_(
    _KIND == "received", postings.c.account == Account.MPESA_CLEARING.value, payments.c.amount_cents == _CENTS
)
_CREDIT = and_(payments.c.money == _KIND, postings.c.account == _CREDITED, -payments.c.amount_cents == _CENTS)
_OF_ARRIVAL = _KIND.in_(["received", *(money.value for money in Money)])
_WANTED = case((payments.c.status == "completed", 1), else_=0)
_POSTED_WRONGLY = (
    select(payments.c.id, payments.c.status, func.count(_KIND).label("times"))
    .select_from(payments.outerjoin(postings, and_(postings.c.payment_id == payments.c.id, _OF_ARRIVAL)))
    .group_by(payments.c.id, payments.c.status)
    .having(
        or_(
            func.sum(case((_DEBIT, 1), else_=0)) != _WANTED,
            func.sum(case((_CREDIT, 1), else_=0)) != _WANTED,
            func.count(_KIND) != 2 * _WANTED,
        )
    )
    .order_by(payments.c.id)
)
_POSTED_FOR_NOBODY = (
    select(postings.c.payment_id)
    .distinct()
    .select_from(postings.outerjoin(payments, payments.c.id == postings.c.payment_id))
    .where(payments.c.id.is_(None))
    .order_by(postings.c.payment_id)
)

BOOKS: Final = (
    Rule(
        "ledger_balances",
        "The postings of each payment, and so of all, sum to nothing.",
        found_by((_UNBALANCED, "the postings of {payment_id} sum to {total} cents, not to nothing")),
    ),
    Rule(
        "escrow_equals_fees",
        "The escrow account stands at the sum of the fees held.",
        found_by((_ESCROW_DIFFERS, "the escrow account stands at {balance} cents, and the fees held come to {fees}")),
    ),
    Rule(
        "fee_held_once",
        "A held fee is held by exactly one payment, and both say so.",
        found_by(
            (_HELD_TWICE, "the fee of {booking_id} is held {times} times"),
            (_HELD_BY_NOBODY, "the fee of {id} is held by no payment that holds it"),
            (_HELD_UNKNOWN, "{id} holds a fee of which its booking does not know"),
        ),
    ),
    Rule(
        "booking_follows_fee",
        "A booking's status follows its fee, and money that came is noted.",
        found_by(
            (_OUT_OF_STEP, "{id} is {status} with its fee {fee_status}"),
            (_UNPAID_THOUGH_PAID, "money for {id} has come, and its fee is unpaid"),
        ),
    ),
    Rule(
        "completed_is_posted_once",
        "Every completed payment has exactly one pair of postings, and no other payment has any.",
        found_by(
            (_POSTED_WRONGLY, "{id} is {status} with {times} postings"),
            (_POSTED_FOR_NOBODY, "postings name {payment_id}, which is no payment"),
        ),
    ),
)
"""The rules of the ledger and of the fees."""
