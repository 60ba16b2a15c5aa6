"""A payment that cannot be settled is flagged for a person, and that is told like any other change."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from pokea.clock import SECOND
from pokea.operations.arrivals import Batch
from pokea.operations.settle import flag_stuck, settle
from pokea.payments.flow import PaymentFlow
from pokea.storage import tables
from pokea.storage.database import Database
from tests.payment_rows import new_booking, new_payment
from tests.properties.evidence_sets import PAYMENT, accepted
from tests.properties.tables import begin_with, check_books, rows_of

NOW = 1_000 * SECOND


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A database with one booking and its open payment."""
    with database.engine.connect() as opened:
        begin_with(opened, [new_booking()], [new_payment(PAYMENT)])
        yield opened


def proves(token: str, payment_id: str) -> bool:
    return False


def test_a_stuck_payment_is_told(connection: Connection) -> None:
    """The flag raises the version, and the version is in the outbox and in what is announced."""
    told = flag_stuck(connection, [PAYMENT], NOW)
    assert [(each.operation_id, each.version, each.event) for each in told] == [(PAYMENT, 2, "payment.flagged")]
    assert [row.version for row in rows_of(connection, tables.outbox)] == [2]
    check_books(connection)


def test_a_payment_is_flagged_once(connection: Connection) -> None:
    """Flagging it again changes nothing and tells nothing."""
    flag_stuck(connection, [PAYMENT], NOW)
    assert flag_stuck(connection, [PAYMENT], NOW) == []
    check_books(connection)


def test_a_stuck_payment_is_settled_when_more_arrives(connection: Connection) -> None:
    """The flag stays, the row follows the evidence, and the events have no gap."""
    flag_stuck(connection, [PAYMENT], NOW)
    settle(connection, Batch(NOW, evidence=[accepted()]), PaymentFlow(proves))
    (row,) = rows_of(connection, tables.payments)
    assert (row.status, row.flags, row.version) == ("pending", "stuck", 3)
    check_books(connection)
