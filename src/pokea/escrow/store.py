"""The ledger's SQL."""

from collections.abc import Sequence

from msgspec.structs import asdict
from sqlalchemy import Connection, func, select

from pokea.escrow.ledger import Account, Posting
from pokea.storage.statements import insert_new
from pokea.storage.tables import postings


def post(connection: Connection, entries: Sequence[Posting]) -> None:
    """Write the postings that are not yet there; they are unique by payment and kind."""
    insert_new(connection, postings, [asdict(entry) for entry in entries])


def balances(connection: Connection) -> dict[Account, int]:
    """The balance of each account that has postings, in cents, debits positive."""
    rows = connection.execute(
        select(postings.c.account, func.sum(postings.c.amount_cents)).group_by(postings.c.account)
    )
    return {Account(account): int(total) for account, total in rows}
