"""The payees' SQL: each statement a function with one sentence."""

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from pokea.clock import Instant
from pokea.scope import Scope
from pokea.storage.sql import fetch_one
from pokea.storage.statements import select_in
from pokea.storage.tables import payees

_COLUMNS = payees.c
_FIND: Final = select(payees).where(_COLUMNS.id == bindparam("of_id"), _COLUMNS.merchant_id == bindparam("of_merchant"))


class PayeeRow(NamedTuple):
    """A payee's row; the fields are the table's columns, in their order.

    `held_since`: M-PESA returned another name for the number, and the next payout waits for a new confirmation.
    """

    id: str
    merchant_id: int
    name: str
    msisdn: str
    customer_id: str | None
    version: int
    created_at: Instant
    changed_by: str
    changed_at: Instant
    confirmed_by: str | None
    confirmed_at: Instant | None
    held_since: Instant | None

    def payable_from(self, wait: Instant) -> Instant | None:
        """From when on the payee may be paid; None while a person has yet to confirm the payee (law: who may)."""
        return None if self.confirmed_at is None or self.held_since is not None else self.confirmed_at + wait


def find_payee(connection: Connection, scope: Scope, payee_id: str) -> PayeeRow | None:
    """The merchant's payee of this id."""
    row = fetch_one(connection, _FIND, {"of_id": payee_id, "of_merchant": scope.merchant_id})
    return PayeeRow(*row) if row else None


def find_payees(connection: Connection, payee_ids: Collection[str]) -> list[PayeeRow]:
    """The payees of these ids, of whichever merchant."""
    return [PayeeRow(*row) for row in select_in(connection, payees, payees.c.id, payee_ids)] if payee_ids else []


def lock_payee(connection: Connection, scope: Scope, payee_id: str) -> PayeeRow | None:
    """The same, locked until the transaction ends."""
    own = select(payees).where(_COLUMNS.id == payee_id, _COLUMNS.merchant_id == scope.merchant_id)
    row = connection.execute(own.with_for_update()).first()
    return PayeeRow(*row) if row else None


def page_of_payees(connection: Connection, scope: Scope, before: str, most: int) -> list[PayeeRow]:
    """The merchant's newest payees whose ids are before this one."""
    page = select(payees).where(_COLUMNS.merchant_id == scope.merchant_id, _COLUMNS.id < before)
    return [PayeeRow(*row) for row in connection.execute(page.order_by(_COLUMNS.id.desc()).limit(most))]


def insert_payee(connection: Connection, row: PayeeRow) -> None:
    """Insert a new payee."""
    connection.execute(insert(payees), [row._asdict()])


def update_payee(connection: Connection, row: PayeeRow) -> PayeeRow:
    """Write a payee that is locked; answers the row with its new version."""
    changed = row._replace(version=row.version + 1)
    connection.execute(update(payees).where(_COLUMNS.id == row.id).values(**changed._asdict()))
    return changed
