"""Whose payments a statement and `pokea reconcile` look at, on both kinds of database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert

from pokea.clock import SECOND
from pokea.reconciliation.store import candidates, make_due, nameless
from pokea.scope import DEFAULT_SCOPE, Scope
from pokea.storage.database import Database
from pokea.storage.tables import receipts
from tests.payment_rows import new_payment
from tests.properties.tables import begin_with
from tests.reconciliation.written import PAID_AT, Movement, statement_of

OTHER = Scope(2)
RECEIPT = "TK5BB00001"
NOW = PAID_AT + 60 * SECOND


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Two open payments of the one merchant, of which a statement names one by its receipt; rolled back at the end."""
    with database.engine.connect() as opened, opened.begin() as transaction:
        asked = new_payment("pay_1", created_at=PAID_AT - 30 * SECOND, status="pending", request_id="ws_CO_1")
        unknown = new_payment("pay_2", booking_id="bk_2", msisdn="254712345679", created_at=PAID_AT, request_id=None)
        begin_with(opened, [], [asked, unknown])
        owned = {"merchant_id": DEFAULT_SCOPE.merchant_id, "receipt": RECEIPT, "operation_id": "pay_1"}
        opened.execute(insert(receipts).values(owned))
        yield opened
        transaction.rollback()


def test_a_statement_sees_the_payments_of_its_merchant_alone(connection: Connection) -> None:
    """Those of its time and the owner of a receipt in it; of another merchant's neither."""
    statement = statement_of(Movement(receipt=RECEIPT))
    own = {each.payment_id: each.receipts for each in candidates(connection, DEFAULT_SCOPE, statement)}
    assert own == {"pay_1": {RECEIPT}, "pay_2": frozenset()}
    assert candidates(connection, OTHER, statement) == []


def test_asking_about_all_asks_about_those_of_one_merchant(connection: Connection) -> None:
    """Of another merchant none falls due, and none is counted that Daraja never named."""
    assert (make_due(connection, OTHER, NOW), nameless(connection, OTHER)) == ([], 0)
    assert (make_due(connection, DEFAULT_SCOPE, NOW), nameless(connection, DEFAULT_SCOPE)) == (["pay_1"], 1)
