"""Payments made for a load: bookings, payments whose pushes Daraja has accepted, and genuine callbacks for them.

The rows are what the settler would have made of the same evidence, by the same pure functions; they are written
set-based.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from msgspec import Struct
from sqlalchemy import Connection, Table, func, select, union_all

from bench.load import http_request
from pokea.api.auth.tokens import issue_token
from pokea.api.callback_address import own_name
from pokea.bookings.store import Booking
from pokea.clock import SECOND, Instant, SystemClock
from pokea.daraja.outcomes import Accepted
from pokea.operations.decision import Status, decide
from pokea.operations.evidence import Evidence, from_push
from pokea.operations.rules import STK_PUSH
from pokea.operations.schedule import next_action_at
from pokea.operations.store import Payment, with_decision
from pokea.operations.tokens import PaymentTokens
from pokea.payments.push import LEASE, PROMPT
from pokea.redact import Secret
from pokea.scope import DEFAULT_SCOPE
from pokea.storage import tables
from tests.deliveries import callback_body
from tests.system.service.running import JWT_SECRET, SECRET_KEY
from tests.system.service.world import on_database

FEE_SHILLINGS = 500
OWNERS = 97
"""So many customers share the payments."""
CALLBACK_PATH = "/api/v1/payments/mpesa/callback"
_FIRST_PHONE = 254_700_000_000
_TOKENS = PaymentTokens(Secret(SECRET_KEY))
_TOKEN_SECONDS = 3600


class Made(Struct, frozen=True):
    """Payments that wait for their callbacks: numbers `first` and on."""

    database_url: str
    first: int
    count: int

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [payment_id(number) for number in self.numbers]

    @property
    def callbacks(self) -> list[bytes]:
        """For each payment the request that tells of its success at its own address, as Daraja would post it."""
        return [callback_request(number) for number in self.numbers]

    @property
    def bare_callbacks(self) -> list[bytes]:
        """The same at the guide's address, which is that of all payments."""
        return [http_request("POST", CALLBACK_PATH, _body(number)) for number in self.numbers]

    @property
    def numbers(self) -> range:
        """The number of each."""
        return range(self.first, self.first + self.count)


class Prepared(Struct):
    """What `bench.prepared` has made: for each payment its callback as a request, its id, and its page's secret; the
    beginning of a year."""

    callbacks: Sequence[bytes] = ()
    ids: Sequence[str] = ()
    secrets: Sequence[str] = ()
    first_at: Instant = 0


def payment_id(number: int) -> str:
    """The id of the payment of this number."""
    return f"pay_{number:022d}"


def owner_of(number: int) -> str:
    """The customer of the payment of this number."""
    return f"customer-{number % OWNERS}"


def checkout_of(number: int) -> str:
    """The id that Daraja gave to the push of the payment of this number."""
    return f"ws_CO_25112026{number:012d}"


def callback_request(number: int, code: int = 0) -> bytes:
    """The callback of one payment, as a request to its own address."""
    path = f"{CALLBACK_PATH}/{own_name(payment_id(number), _TOKENS.callback_token(payment_id(number)))}"
    return http_request("POST", path, _body(number, code))


def _body(number: int, code: int = 0) -> bytes:
    return callback_body(checkout_of(number), code, f"UB{number:08d}", FEE_SHILLINGS)


def phone_of(number: int) -> str:
    """The phone of the payment of this number."""
    return str(_FIRST_PHONE + number)


def client_secret(number: int) -> str:
    """What the page of one payment reads it with."""
    return _TOKENS.client_secret(payment_id(number))


def bearer(subject: str, *scopes: str) -> str:
    """An Authorization header's value for this caller."""
    return f"Bearer {issue_token(Secret(JWT_SECRET), subject, scopes, SystemClock().now(), _TOKEN_SECONDS)}"


def make_payments(database_url: str, count: int, first: int = 1) -> Made:
    """Write so many bookings, each with a payment whose prompt is on the phone."""
    now = SystemClock().now()
    pushed = [_pushed(number, now) for number in range(first, first + count)]
    make_bookings(database_url, count, first)
    write_rows(database_url, tables.payments, (_columns_of(tables.payments, payment) for payment, _ in pushed))
    write_rows(
        database_url, tables.open_payments, (_columns_of(tables.open_payments, payment) for payment, _ in pushed)
    )
    write_rows(database_url, tables.evidence, (_evidence_row(piece) for _, piece in pushed))
    return Made(database_url, first, count)


def make_bookings(database_url: str, count: int, first: int = 1) -> None:
    """Write so many bookings that await their payment."""
    now = SystemClock().now()
    write_rows(database_url, tables.bookings, (_booking(number, now) for number in range(first, first + count)))


def _pushed(number: int, now: Instant) -> tuple[Payment, Evidence]:
    empty: dict[str, Any] = dict.fromkeys(Payment._fields)
    identity = payment_id(number)
    expires_at = now + PROMPT
    asked = {
        "id": identity,
        "booking_id": booking_id(number),
        "owner": owner_of(number),
        "msisdn": phone_of(number),
        "amount_cents": FEE_SHILLINGS * 100,
        "type": "booking_fee",
        "account_reference": f"BKG-{number:08d}",
        "requires_query": False,
        "created_at": now,
        "lease_until": now + LEASE,
        "expires_at": expires_at,
        "version": 1,
        "status": Status.INITIATED.value,
        "flags": "",
        "is_locking": True,
        "locked_until": expires_at + STK_PUSH.lock_grace,
        "next_action_at": now + LEASE,
        "inquiries": 0,
        "is_open": True,
        "merchant_id": DEFAULT_SCOPE.merchant_id,
    }
    payment = Payment(**empty | asked)
    piece = from_push(identity, Accepted(checkout_of(number), f"29115-{number}-1", "Success"), now + SECOND // 2)
    row = decide(payment.terms, STK_PUSH, [piece])
    due_at = next_action_at(STK_PUSH, row, [piece], payment.inquiry_state)
    return with_decision(payment, row, due_at, now)._replace(version=2), piece


def _booking(number: int, now: Instant) -> Booking:
    identity, reference = booking_id(number), f"BKG-{number:08d}"
    fee = FEE_SHILLINGS * 100
    return Booking(
        id=identity,
        merchant_id=DEFAULT_SCOPE.merchant_id,
        reference=reference,
        service="Plumbing",
        customer_id=owner_of(number),
        status="awaiting_payment",
        fee_cents=fee,
        fee_status="unpaid",
        fee_payment_id=None,
        paid_at=None,
        created_at=now,
    )


def booking_id(number: int) -> str:
    """The id of the booking of this number."""
    return f"bkg_{number:022d}"


def _evidence_row(piece: Evidence) -> tuple[Any, ...]:
    values = {name: getattr(piece, name) for name in Evidence.__struct_fields__} | {"applied": True}
    return tuple(values[column.name] for column in tables.evidence.columns)


def _columns_of(table: Table, payment: Payment) -> tuple[Any, ...]:
    return tuple(getattr(payment, column.name) for column in table.columns)


def write_rows(database_url: str, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows in the order of the table's columns, as fast as the database takes them."""
    names = ", ".join(column.name for column in table.columns)
    if database_url.startswith("sqlite:///"):
        marks = ", ".join("?" for _ in table.columns)
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            file.executemany(f"insert into {table.name} ({names}) values ({marks})", rows)  # noqa: S608 - our own names
        file.close()
        return
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        with cursor.copy(f"copy {table.name} ({names}) from stdin".encode()) as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute(f"analyze {table.name}".encode())


def check_settled(made: Made, acknowledged: Sequence[int] | None = None) -> None:
    """Raises AssertionError unless each payment has one settlement, one pair of postings, one event and a held fee.

    With `acknowledged`, the positions of the callbacks that were, only those must have it; none may have more.
    """
    ids = made.ids
    wanted = set(ids if acknowledged is None else [ids[position] for position in acknowledged])
    found = on_database(made.database_url, _settled)
    lost = {name: len(wanted - ids) for name, ids in found.items() if wanted - ids}
    assert not lost, f"acknowledged and not there: {lost}"
    assert len({frozenset(ids) for ids in found.values()}) == 1, {name: len(ids) for name, ids in found.items()}


_EVENTS = (tables.outbox, tables.events)


def _settled(connection: Connection) -> dict[str, set[str]]:
    payments, postings, bookings = tables.payments, tables.postings, tables.bookings
    # Numbered or not: the background may have been at it.
    announced = (select(each.c.object_id).where(each.c.type == "payment.completed") for each in _EVENTS)
    pairs = (
        select(postings.c.source_id)
        .group_by(postings.c.source_id)
        .having(func.count() == 2, func.sum(postings.c.amount_cents) == 0)  # noqa: PLR2004 - a debit and a credit
    )
    statements: dict[str, Any] = {
        "completed": select(payments.c.id).where(payments.c.status == "completed"),
        "posted as a pair": pairs,
        "events": union_all(*announced),
        "held": select(bookings.c.fee_payment_id).where(bookings.c.fee_status == "held"),
    }
    return {name: set(_once_each(connection.execute(it).scalars())) for name, it in statements.items()}


def _once_each(ids: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for each in ids:
        assert each not in seen, f"{each} is there twice"
        seen.add(each)
        yield each
