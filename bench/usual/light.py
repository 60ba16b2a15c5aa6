"""The tables of the light forms: the guide's two collections, filled and looked at."""

from pathlib import Path

import psycopg

from bench.made import FEE_SHILLINGS, Made, checkout_of, owner_of, payment_id

_TABLES = Path(__file__).with_suffix(".sql")


def make_transactions(made: Made) -> None:
    """A booking and a transaction for each payment."""
    with psycopg.connect(made.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES.read_bytes())
        with cursor.copy("copy bookings (id, customer_id, fee_amount) from stdin") as copy:
            for number in made.numbers:
                copy.write_row((f"bkg_{number:022d}", owner_of(number), FEE_SHILLINGS))
        with cursor.copy("copy transactions (id, booking_id, payer, amount, checkout_request_id) from stdin") as copy:
            for number in made.numbers:
                row = (payment_id(number), f"bkg_{number:022d}", owner_of(number), FEE_SHILLINGS, checkout_of(number))
                copy.write_row(row)
    with psycopg.connect(made.database_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def check_completed(made: Made) -> None:
    """Raises AssertionError unless every transaction is completed and every fee held."""
    with psycopg.connect(made.database_url) as connection:
        for table, condition in (("transactions", "status = 'completed'"), ("bookings", "fee_status = 'held'")):
            found = connection.execute(f"select count(*) from {table} where {condition}".encode()).fetchone()  # noqa: S608 - our own names
            assert found == (made.count,), (table, found)
