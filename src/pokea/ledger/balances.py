"""The ledger's SQL: each statement a function with one sentence."""

from typing import NamedTuple

from sqlalchemy import Connection, func, literal, select, text, tuple_

from pokea.clock import Instant
from pokea.ledger.entries import Account, Posting
from pokea.scope import Scope
from pokea.storage.tables import ASIDE, postings

_KEY = (postings.c.posted_at, postings.c.source_id, postings.c.kind, postings.c.line)


_OF_EACH_PAYMENT = frozenset({Account.MPESA_CLEARING, Account.FEES_HELD})


class Balance(NamedTuple):
    """What stands on an account, or on one party's part of it, in cents; debits are positive."""

    account: str
    party_id: str | None
    cents: int


class EntryFilter(NamedTuple):
    """Which entries are read: of one source, of one account, and those before a place, `most` of them."""

    source_id: str | None
    account: str | None
    before: tuple[Instant, str, str, int] | None
    most: int


def balances(connection: Connection) -> dict[Account, int]:
    """The balance of each account that has postings, in cents, debits positive."""
    rows = connection.execute(
        select(postings.c.account, func.sum(postings.c.amount_cents)).group_by(postings.c.account)
    )
    return {Account(account): int(total) for account, total in rows}


def balances_of(connection: Connection, scope: Scope) -> list[Balance]:
    """The merchant's accounts with what stands on each, by party where each party has one."""
    columns = (postings.c.account, postings.c.party_id)
    found = (
        select(*columns, func.sum(postings.c.amount_cents))
        .where(postings.c.merchant_id == scope.merchant_id)
        .group_by(*columns)
        .order_by(postings.c.account, func.coalesce(postings.c.party_id, literal("")))
    )
    return [Balance(account, party_id, int(total)) for account, party_id, total in connection.execute(found)]


def page_of_entries(connection: Connection, scope: Scope, chosen: EntryFilter) -> list[Posting]:
    """The merchant's entries, newest first."""
    found = select(postings).where(postings.c.merchant_id == scope.merchant_id)
    if chosen.source_id is not None:
        found = found.where(postings.c.source_id == chosen.source_id)
    if chosen.account is not None:
        found = found.where(postings.c.account == chosen.account)
        if chosen.account not in _OF_EACH_PAYMENT:
            # As the index says it, word for word, so that it is used.
            found = found.where(text(ASIDE))
    if chosen.before is not None:
        found = found.where(tuple_(*_KEY) < tuple_(*map(literal, chosen.before)))
    rows = connection.execute(found.order_by(*(column.desc() for column in _KEY)).limit(chosen.most))
    return [Posting(*row) for row in rows]
