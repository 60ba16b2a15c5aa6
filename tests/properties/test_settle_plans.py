"""The settle's statements look rows up by indexes at any size of the tables: their cost stays flat as history grows."""

import re
from typing import Any

import pytest
from sqlalchemy import Connection, text

from pokea.operations.arrivals import Batch
from pokea.operations.settle import settle
from pokea.payments.flow import PaymentFlow
from pokea.storage.database import Database
from tests.deliveries import TOKENS, checkout_of, delivery, pushed_payment
from tests.payment_rows import new_booking
from tests.properties.interleaved import NOW, accepted, batch
from tests.properties.tables import begin_with
from tests.statements import cursors_heard_by

MANY = 3_000
"""So many rows that a batch must not read them all, and so few that the planner would like to."""
SETTLED = 20
_WHOLE_TABLE = re.compile(r"Seq Scan on (payments|bookings|evidence|receipts)\b")


def receipt(number: int) -> str:
    """The receipt of the payment of this number."""
    return f"UE{number:08d}"


@pytest.fixture
def connection(plain: Database) -> Any:
    """A connection in a transaction to a database with many payments on the phones, and as many receipts of others."""
    ids = [f"pay_{number}" for number in range(MANY)]
    with plain.engine.begin() as opened:
        begin_with(
            opened,
            [new_booking(f"bk_{number}") for number in range(MANY)],
            [
                pushed_payment(
                    payment_id,
                    booking_id=f"bk_{number}",
                    msisdn=f"2547{number:08d}",
                    request_id=checkout_of(payment_id),
                )
                for number, payment_id in enumerate(ids)
            ],
        )
        opened.execute(
            text("insert into receipts select 1, 'UA' || n, 'pay_of_old' from generate_series(1, 3000) as n")
        )
        settle(opened, batch(*map(accepted, ids)), PaymentFlow(TOKENS.proves))
        for table in ("payments", "bookings", "evidence", "receipts"):
            opened.execute(text(f"analyze {table}"))
        yield opened


def plans_of(connection: Connection, settled: Batch) -> list[str]:
    """How PostgreSQL executes each statement of this settle."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, statement: str, parameters: Any) -> None:
        if statement.lstrip().startswith(("select", "with")):
            statements.append((statement, parameters))

    with connection.begin_nested() as rehearsal:
        driver: Any = connection.connection.driver_connection
        usual, driver.cursor_factory = driver.cursor_factory, cursors_heard_by(note)
        settle(connection, settled, PaymentFlow(TOKENS.proves))
        driver.cursor_factory = usual
        rehearsal.rollback()
    return [
        "\n".join(connection.exec_driver_sql(f"explain {statement}", parameters).scalars())
        for statement, parameters in statements
    ]


def test_no_statement_of_a_settle_reads_a_whole_table(connection: Connection) -> None:
    """Whether it is paid, cancelled or claimed without a token, each of the four statements uses indexes."""
    paid = [delivery(f"pay_{number}", receipt=receipt(number)) for number in range(SETTLED)]
    cancelled = [delivery(f"pay_{number}", 1032) for number in range(SETTLED, 2 * SETTLED)]
    claimed = [delivery(f"pay_{number}", is_bare=True) for number in range(2 * SETTLED, 3 * SETTLED)]
    plans = plans_of(connection, Batch(NOW, [*paid, *cancelled, *claimed]))
    assert len(plans) == 4
    assert all("Index" in plan for plan in plans)
    assert [found[0] for plan in plans for found in _WHOLE_TABLE.finditer(plan)] == []
