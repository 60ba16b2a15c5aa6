"""What happened on the phones and on the wire, against what the books say, when everything is over."""

import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from pokea.audit.every_rule import RULES
from pokea.audit.rule import Violation, violations
from pokea.clock import Instant, SystemClock, from_datetime
from pokea.money import CENTS
from pokea.operations.arrivals import Batch
from pokea.operations.evidence import Evidence
from pokea.operations.settle import settle
from pokea.operations.tokens import PaymentTokens
from pokea.payments.flow import PaymentFlow
from pokea.redact import Secret
from pokea.simulator.handset import Charge
from pokea.simulator.journal import CallbackEntry
from pokea.storage.tables import bookings, payments
from pokea.universe import oracle
from pokea.universe.oracle import Taken
from pokea.universe.recorder import Acknowledged, name_of
from tests.system.chaos.load import Told
from tests.system.service.running import SECRET_KEY
from tests.system.service.world import callback_name

_TOKENS = PaymentTokens(Secret(SECRET_KEY))
_STOPPED_FOR_ITS_TOKEN = (401, 404)
ACKNOWLEDGED = 200
_AT_ONCE = 100


class _ChargeLine(msgspec.Struct, rename="camel"):
    checkout_request_id: str
    msisdn: str
    amount: int
    receipt: str
    at: str


class _CallbackLine(msgspec.Struct, rename="camel"):
    checkout_request_id: str
    url: str
    sent_at: str
    status: int | None
    body: msgspec.Raw


class _RequestLine(msgspec.Struct):
    at: str
    path: str
    status: int | None
    fault: str | None


class _Document(msgspec.Struct):
    charges: list[_ChargeLine]
    callbacks: list[_CallbackLine]
    requests: list[_RequestLine]


class Journal(NamedTuple):
    """What the simulator knows to be true."""

    charges: Sequence[Charge]
    callbacks: Sequence[CallbackEntry]
    pushes: int
    """Pushes that the gateway let through to M-PESA."""
    questions: int


def read_journal(simulator_url: str) -> Journal:
    """The journal of a running simulator, the callbacks' bodies to the byte."""
    with urllib.request.urlopen(f"{simulator_url}/sim/api/journal", timeout=60) as response:
        document = msgspec.json.decode(response.read(), type=_Document)
    return Journal(
        [
            Charge(line.checkout_request_id, line.msisdn, line.amount * CENTS, line.receipt, _instant(line.at), "")
            for line in document.charges
        ],
        [
            CallbackEntry(line.checkout_request_id, line.url, _instant(line.sent_at), bytes(line.body), line.status)
            for line in document.callbacks
        ],
        sum("processrequest" in each.path and each.status not in _STOPPED_FOR_ITS_TOKEN for each in document.requests),
        sum("stkpushquery" in each.path for each in document.requests),
    )


def _instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(text))


def taken(connection: Connection, journal: Journal) -> list[Taken]:
    """Each charge with the name of the payment for which it was made.

    A callback's address says which, or the id that the service was given. Where both were lost the phone does: then
    nothing has ended the payment, so the phone was prompted for no other since.
    """
    columns = payments.c
    known = select(columns.id, columns.msisdn, columns.created_at, columns.request_id)
    rows = connection.execute(known.order_by(columns.created_at)).all()
    names = {row.request_id: callback_name(row.id) for row in rows}
    names |= {each.checkout_request_id: name_of(each.url) for each in journal.callbacks}
    found = []
    for charge in journal.charges:
        before = [row.id for row in rows if row.msisdn == charge.msisdn and row.created_at // 1000 * 1000 <= charge.at]
        by_phone = callback_name(before[-1]) if before else "of no payment"
        found.append(Taken(names.get(charge.checkout_request_id, by_phone), charge))
    return found


def _books(connection: Connection) -> oracle.Books:
    return oracle.read_books(connection, _TOKENS.proves)


def broken(
    connection: Connection, journal: Journal, disposition: Sequence[Taken], told: Told, everything: bool
) -> list[str]:
    """What does not hold. `everything`: a statement was read, so the books must agree with each charge (law:
    universes)."""
    books = _books(connection)
    acknowledged = [
        *told.acknowledged,
        *(Acknowledged(name_of(each.url), each.body) for each in journal.callbacks if each.status == ACKNOWLEDGED),
    ]
    told_truly = None if everything else oracle.truthful(journal.callbacks, disposition)
    found: list[Violation] = [
        *violations(connection, SystemClock().now(), RULES),
        *oracle.charged_is_completed(books, disposition, told_truly),
        *oracle.completed_is_charged(books, disposition),
        *oracle.acknowledged_is_kept(connection, books, acknowledged),
        *_promises_to_customers(connection, books, told),
    ]
    if journal.pushes > len(books.status):
        found.append(Violation("one_push_a_payment", f"{journal.pushes} pushes for {len(books.status)} payments"))
    return [str(each) for each in found]


def _promises_to_customers(connection: Connection, books: oracle.Books, told: Told) -> Iterator[Violation]:
    """What a customer was told exists, and what was told as paid stays so."""
    known = set(connection.execute(select(bookings.c.id)).scalars())
    yield from (
        Violation("told_is_kept", f"{name} was told and is lost") for name in told.bookings if name not in known
    )
    for name in told.payments:
        if name not in books.status:
            yield Violation("told_is_kept", f"{name} was told and is lost")
    for name in told.completed:
        if books.status.get(name) != "completed":
            yield Violation("told_is_kept", f"{name} was told as completed, and is {books.status.get(name)}")


def read_statement(connection: Connection, disposition: Sequence[Taken]) -> int:
    """Feed every charge in as a line of the organisation's statement; how many payments it completed (law:
    universes)."""
    now = SystemClock().now()
    before = _books(connection)
    lines = [line for line in oracle.statement_of(before, disposition, now) if isinstance(line, Evidence)]
    for start in range(0, len(lines), _AT_ONCE):
        settle(connection, Batch(now, evidence=lines[start : start + _AT_ONCE]), PaymentFlow(_TOKENS.proves))
    after = _books(connection)
    return sum(status == "completed" != before.status[name] for name, status in after.status.items())


def open_payments(connection: Connection) -> int:
    """How many payments have not ended."""
    return sum(status in ("initiated", "pending") for status in _books(connection).status.values())


def statuses(connection: Connection) -> dict[str, int]:
    """How many payments have each status."""
    return dict(sorted(Counter(_books(connection).status.values()).items()))


def names(connection: Connection) -> list[str]:
    """Every payment's id."""
    return sorted(_books(connection).status)
