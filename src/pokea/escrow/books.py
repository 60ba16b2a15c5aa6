"""The rules that the books obey, each with a name: checked by tests, universes, the running service and `pokea doctor`.

A rule reads one connection and answers what breaks it, a sentence for each, nothing when it holds. It holds after every
transaction, whatever was killed and in whatever order things arrived. The rules of payments are in `payments.promises`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from pokea.bookings.rules import STATUS_OF_FEE, FeeStatus
from pokea.clock import Instant
from pokea.escrow.ledger import CREDITED, Account, Money
from pokea.storage.tables import bookings, payments, postings

MOST_NAMED: Final = 20
"""So many violations of one rule are told; a broken book has more of them than anybody reads."""


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
    check: Callable[[Connection, Instant], Iterator[str]]


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


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    yield from connection.execute(statement.limit(MOST_NAMED + 1))


def _ledger_balances(connection: Connection, _now: Instant) -> Iterator[str]:
    total = func.sum(postings.c.amount_cents)
    unbalanced = select(postings.c.payment_id, total.label("total")).group_by(postings.c.payment_id).having(total != 0)
    for row in _rows(connection, unbalanced.order_by(postings.c.payment_id)):
        yield f"the postings of {row.payment_id} sum to {row.total} cents, not to nothing"


def _escrow_equals_fees(connection: Connection, _now: Instant) -> Iterator[str]:
    in_escrow = select(func.coalesce(func.sum(postings.c.amount_cents), 0)).where(
        postings.c.account == Account.FEES_HELD.value
    )
    held = select(func.coalesce(func.sum(bookings.c.fee_cents), 0)).where(bookings.c.fee_status == FeeStatus.HELD.value)
    balance = -int(connection.execute(in_escrow).scalar_one())
    fees = int(connection.execute(held).scalar_one())
    if balance != fees:
        yield f"the escrow account stands at {balance} cents, and the fees held come to {fees} cents"


def _fee_held_once(connection: Connection, _now: Instant) -> Iterator[str]:
    is_held = payments.c.money == Money.HELD.value
    several = select(payments.c.booking_id, func.count().label("count")).where(is_held)
    several = several.group_by(payments.c.booking_id).having(func.count() > 1).order_by(payments.c.booking_id)
    for row in _rows(connection, several):
        yield f"the fee of {row.booking_id} is held {row.count} times"
    holder = payments.alias("holder")
    held_fee = bookings.c.fee_status == FeeStatus.HELD.value
    joined = bookings.outerjoin(holder, holder.c.id == bookings.c.fee_payment_id)
    by_nobody = or_(holder.c.id.is_(None), holder.c.money != Money.HELD.value, holder.c.booking_id != bookings.c.id)
    for row in _rows(connection, select(bookings.c.id).select_from(joined).where(held_fee, by_nobody)):
        yield f"the fee of {row.id} is held by no payment that holds it"
    of_booking = bookings.join(payments, payments.c.booking_id == bookings.c.id)
    not_noted = and_(is_held, or_(bookings.c.fee_payment_id.is_(None), bookings.c.fee_payment_id != payments.c.id))
    for row in _rows(connection, select(payments.c.id).select_from(of_booking).where(not_noted)):
        yield f"{row.id} holds a fee of which its booking does not know"


def _booking_follows_fee(connection: Connection, _now: Instant) -> Iterator[str]:
    expected = case(*[(bookings.c.fee_status == fee.value, status.value) for fee, status in STATUS_OF_FEE.items()])
    paid = bookings.c.fee_status != FeeStatus.UNPAID.value
    unsaid = or_(bookings.c.paid_at.is_(None), bookings.c.fee_payment_id.is_(None))
    too_early = or_(bookings.c.paid_at.is_not(None), bookings.c.fee_payment_id.is_not(None))
    wrong = or_(expected.is_(None), bookings.c.status != expected, and_(paid, unsaid), and_(~paid, too_early))
    columns = bookings.c
    for row in _rows(connection, select(columns.id, columns.status, columns.fee_status).where(wrong)):
        yield f"{row.id} is {row.status} with its fee {row.fee_status}"
    of_booking = bookings.join(payments, payments.c.booking_id == bookings.c.id)
    has_come = payments.c.money.in_([Money.HELD.value, Money.REFUND_DUE.value])
    for row in _rows(connection, select(bookings.c.id).distinct().select_from(of_booking).where(~paid, has_come)):
        yield f"money for {row.id} has come, and its fee is unpaid"


def _completed_is_posted_once(connection: Connection, _now: Instant) -> Iterator[str]:
    credited = case(*[(payments.c.money == money.value, account.value) for money, account in CREDITED.items()])
    kind, account, cents = postings.c.kind, postings.c.account, postings.c.amount_cents
    debit = and_(kind == "received", account == Account.MPESA_CLEARING.value, cents == payments.c.amount_cents)
    credit = and_(kind == payments.c.money, account == credited, cents == -payments.c.amount_cents)
    of_arrival = kind.in_(["received", *(money.value for money in Money)])
    joined = payments.outerjoin(postings, and_(postings.c.payment_id == payments.c.id, of_arrival))
    debits = func.sum(case((debit, 1), else_=0))
    credits = func.sum(case((credit, 1), else_=0))
    wanted = case((payments.c.status == "completed", 1), else_=0)
    found = (
        select(payments.c.id, payments.c.status, func.count(kind).label("count"))
        .select_from(joined)
        .group_by(payments.c.id, payments.c.status)
        .having(or_(debits != wanted, credits != wanted, func.count(kind) != 2 * wanted))
        .order_by(payments.c.id)
    )
    for row in _rows(connection, found):
        yield f"{row.id} is {row.status} with {row.count} postings"
    owner = postings.outerjoin(payments, payments.c.id == postings.c.payment_id)
    orphans = select(postings.c.payment_id).distinct().select_from(owner).where(payments.c.id.is_(None))
    for row in _rows(connection, orphans):
        yield f"postings name {row.payment_id}, which is no payment"


BOOKS: Final = (
    Rule("ledger_balances", "The postings of each payment, and so of all, sum to nothing.", _ledger_balances),
    Rule("escrow_equals_fees", "The escrow account stands at the sum of the fees held.", _escrow_equals_fees),
    Rule("fee_held_once", "A held fee is held by exactly one payment, and both say so.", _fee_held_once),
    Rule(
        "booking_follows_fee", "A booking's status follows its fee, and money that came is noted.", _booking_follows_fee
    ),
    Rule(
        "completed_is_posted_once",
        "Every completed payment has exactly one pair of postings, and no other payment has any.",
        _completed_is_posted_once,
    ),
)
"""The rules of the ledger and of the fees."""
