"""The ledger's reads, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, event, text

from pokea.clock import Instant
from pokea.disbursements.saving import post
from pokea.disbursements.sums import payable_cents
from pokea.ledger.balances import EntryFilter, page_of_entries
from pokea.ledger.entries import Account, Money, arrival
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database

COUNT = 2_000
ASIDE = 7
"""So many of the payments have their money in suspense."""


def plan_of(connection: Connection, read: Callable[[], object]) -> str:
    """How the database finds what this reads by one statement."""
    sent: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, query: str, values: Any, *_more: Any) -> None:
        sent.append((query, values))

    event.listen(connection, "before_cursor_execute", keep)
    read()
    event.remove(connection, "before_cursor_execute", keep)
    ((query, values),) = sent
    how = "explain query plan" if connection.dialect.name == "sqlite" else "explain"
    return "\n".join(str(row) for row in connection.exec_driver_sql(f"{how} {query}", values))


def entries_on(connection: Connection, account: Account) -> Callable[[], object]:
    """Reads the newest entries on an account."""
    return lambda: page_of_entries(connection, DEFAULT_SCOPE, EntryFilter(None, account, None, 50))


def test_the_few_entries_aside_are_found_by_their_index(database: Database) -> None:
    """Those on an account that not each payment touches; what stands on the two that each does is in no such index."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        for number in range(COUNT):
            at: Instant = number
            money = Money.SUSPENSE if number < ASIDE else Money.HELD
            post(connection, arrival(f"pay_{number}", 1, 50_000, money, at))
        connection.execute(text("analyze"))
        assert "postings_aside" in plan_of(connection, entries_on(connection, Account.SUSPENSE))
        assert "postings_aside" in plan_of(connection, lambda: payable_cents(connection, 1, "py_1"))
        found = page_of_entries(connection, DEFAULT_SCOPE, EntryFilter(None, Account.SUSPENSE, None, 50))
        assert [each.source_id for each in found] == [f"pay_{number}" for number in reversed(range(ASIDE))]
        assert "postings_aside" not in plan_of(connection, entries_on(connection, Account.FEES_HELD))
        transaction.rollback()


@pytest.mark.parametrize("account", list(Account))
def test_every_account_s_entries_are_found(database: Database, account: Account) -> None:
    """Whether its entries are in the index or not."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        one = arrival("pay_1", 1, 50_000, Money.HELD, 1)[0]
        post(connection, [replace(one, account=account)])
        found = page_of_entries(connection, DEFAULT_SCOPE, EntryFilter(None, account, None, 50))
        assert [(each.source_id, each.account) for each in found] == [("pay_1", account)]
        transaction.rollback()
