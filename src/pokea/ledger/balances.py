"""The ledger's SQL."""

from sqlalchemy import Connection, func, select

from pokea.ledger.entries import Account
from pokea.storage.tables import postings


def balances(connection: Connection) -> dict[Account, int]:
    """The balance of each account that has postings, in cents, debits positive."""
    rows = connection.execute(
        select(postings.c.account, func.sum(postings.c.amount_cents)).group_by(postings.c.account)
    )
    return {Account(account): int(total) for account, total in rows}
