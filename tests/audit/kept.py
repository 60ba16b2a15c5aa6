"""Books as the settler keeps them, and the ways in which somebody may break them by hand."""

from typing import Final

from sqlalchemy import Connection, insert, text

from pokea.bookings.events import created
from pokea.clock import SECOND, Instant
from pokea.events.outbox import add_events
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Evidence, Source, from_statement
from pokea.operations.payment_events import CREATED, event_of
from pokea.operations.settle import settle
from pokea.operations.store import insert_payments
from pokea.payments.flow import PaymentFlow
from pokea.storage import tables
from pokea.storage.database import Database
from tests.payment_rows import new_booking, new_payment

NOW: Final[Instant] = 1_738_000_000 * SECOND
REFUNDED: Final = "pay_a"
"""A payment for a booking whose fee another one holds."""
FAILED: Final = "pay_b"
"""A payment that was refused."""
_MADE_BEFORE: Final = {REFUNDED: 800, FAILED: 700}
"""Seconds, for the payments that come after the others."""


def keep_books(database: Database, bookings: int = 6) -> None:
    """Bookings bk_1 and on, each paid by a payment of its own; bk_1 paid twice, and asked for in vain once more."""
    with database.engine.begin() as connection:
        _keep(connection, bookings)


def break_books(database: Database, *statements: str) -> None:
    """Do by hand what no part of Pokea does."""
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _keep(connection: Connection, count: int) -> None:
    numbers = range(1, count + 1)
    bookings = [new_booking(f"bk_{number}") for number in numbers]
    connection.execute(insert(tables.bookings), [booking._asdict() for booking in bookings])
    add_events(connection, [created(booking) for booking in bookings])
    wanted = [(f"pay_{number}", f"bk_{number}") for number in numbers] + [(REFUNDED, "bk_1"), (FAILED, "bk_1")]
    for number, (payment_id, booking_id) in enumerate(wanted):
        made_at = NOW - _MADE_BEFORE.get(payment_id, 900) * SECOND
        times = {"created_at": made_at, "expires_at": made_at + 120 * SECOND}
        phone = f"2547{number:08d}"
        row = new_payment(payment_id, booking_id=booking_id, msisdn=phone, is_locking=False, **times)
        insert_payments(connection, [row])
        add_events(connection, [event_of(row, CREATED, made_at)])
        line = from_statement(payment_id, f"TK5AA{number:05d}", 50_000, None, made_at + 60 * SECOND)
        refused = Evidence(payment_id, "push:refused", Source.PUSH_REFUSED, made_at + SECOND, code="400.002.02")
        told = refused if payment_id == FAILED else line
        settle(
            connection, Batch(made_at + 60 * SECOND, evidence=[told]), PaymentFlow(lambda _token, _payment_id: False)
        )


BREAKS: Final = {
    "ledger_balances": (
        "update postings set amount_cents = amount_cents + 1 where source_id = 'pay_3' and kind = 'held'",
    ),
    "escrow_equals_fees": ("update bookings set fee_cents = 60000 where id = 'bk_3'",),
    "fee_held_once": ("update bookings set fee_payment_id = 'pay_4' where id = 'bk_3'",),
    "booking_follows_fee": ("update bookings set status = 'awaiting_payment' where id = 'bk_3'",),
    "completed_is_posted_once": ("delete from postings where source_id = 'pay_3'",),
    "nothing_open_too_long": (
        "update payments set status = 'pending', created_at = created_at - 108000000000 where id = 'pay_b'",
    ),
    "everything_applied": ("update evidence set applied = false where operation_id = 'pay_3'",),
    "rows_follow_evidence": ("update payments set failure_reason = 'cancelled' where id = 'pay_b'",),
    "completed_is_proved": ("delete from evidence where operation_id = 'pay_3'",),
    "proof_completes": ("update payments set status = 'failed' where id = 'pay_3'",),
    "one_live_prompt": ("update payments set created_at = created_at - 90000000 where id = 'pay_a'",),
    "suspense_is_flagged": ("update payments set disposition = 'suspense' where id = 'pay_3'",),
    "adjusted_as_stated": (
        "update evidence set amount_cents = 45000 where operation_id = 'pay_3'",
        "insert into postings (source_id, kind, line, merchant_id, account, amount_cents, posted_at) "
        "values ('pay_4', 'adjusted', 0, 1, 'mpesa_clearing', 500, 0)",
    ),
    "receipt_owned": ("update receipts set operation_id = 'pay_4' where operation_id = 'pay_3'",),
    "told_in_order": ("delete from outbox where object_id in ('pay_3', 'bk_3')",),
}
"""For each rule, statements that break it around pay_3 and bk_3, or the payment that failed."""
