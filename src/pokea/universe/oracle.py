"""The books against the truth: what only a universe can check, since it knows what happened on the phones (law:
universes)."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, exists, func, or_, select

from pokea.api.callback_address import read_own_name
from pokea.audit.rule import Violation
from pokea.clock import SECOND, Instant
from pokea.daraja.callback import read_callback
from pokea.daraja.wire import SUCCESS
from pokea.money import CENTS
from pokea.operations.arrivals import CALLBACKS_KEPT
from pokea.operations.decision import NO_ANSWER
from pokea.operations.evidence import Evidence, Source, from_statement
from pokea.operations.store import SELECT_PAYMENTS
from pokea.payments.push import SENT_WITHIN
from pokea.simulator.handset import Charge
from pokea.simulator.journal import CallbackEntry
from pokea.storage.tables import claims, evidence, open_payments, payments
from pokea.universe.forger import Victim
from pokea.universe.next_version import KIND
from pokea.universe.recorder import Acknowledged, Push, name_of

ACKNOWLEDGED = 200
_MOST_SENT = 2
_SHOWN = 38
"""Of a name: its id, and no more of the token than its point."""
_AGREEING = 2
"""So many queries that say the same have the last word (law: evidence)."""


class Taken(NamedTuple):
    """Money that left a phone, and the name of the payment for which it did."""

    name: str
    charge: Charge


class PromptBegun(NamedTuple):
    """A prompt that came up on a phone, and the name of the payment for which it did."""

    name: str
    began_at: Instant


class Books(NamedTuple):
    """What the service knows of its payments. `proves` says whether a token is that of a payment."""

    proves: Callable[[str, str], bool]
    status: dict[str, str]
    cents: dict[str, int]
    expires_at: dict[str, Instant]
    """By the clock of the process that made the payment."""

    def payment_of(self, name: str) -> str | None:
        """The payment whose own address ends in this name."""
        payment_id, token = read_own_name(name)
        is_one = payment_id is not None and payment_id in self.status and self.proves(token, payment_id)
        return payment_id if is_one else None


def read_books(connection: Connection, proves: Callable[[str, str], bool]) -> Books:
    """Every payment."""
    columns = payments.c
    rows = list(connection.execute(select(columns.id, columns.status, columns.amount_cents, columns.expires_at)))
    return Books(
        proves,
        {row.id: row.status for row in rows},
        {row.id: row.amount_cents for row in rows},
        {row.id: row.expires_at for row in rows},
    )


def charged_is_completed(books: Books, taken: Sequence[Taken], told: Sequence[str] | None) -> Iterator[Violation]:
    """Every charge is a completed payment, and none has ended as failed; `told` bounds it to payments of these names.

    They are those whose truthful callback the service has acknowledged; None for all, once a statement was read.
    """
    for name, charge in taken:
        payment_id = books.payment_of(name)
        if payment_id is None:
            yield Violation("charged_is_completed", f"{charge.receipt} was charged, and no payment is its own")
        elif (told is None or name in told) and books.status[payment_id] != "completed":
            yield Violation("charged_is_completed", f"{payment_id} was charged, and is {books.status[payment_id]}")
        elif books.cents[payment_id] != charge.amount_cents:
            yield Violation("charged_is_completed", f"{payment_id} was charged another amount than it asked for")


def completed_is_charged(books: Books, taken: Sequence[Taken]) -> Iterator[Violation]:
    """Every completed payment is a charge, and one charge only: this holds at every moment, without exemption."""
    charged = [books.payment_of(name) for name, _ in taken]
    for payment_id, status in books.status.items():
        if status == "completed" and charged.count(payment_id) != 1:
            yield Violation(
                "completed_is_charged", f"{payment_id} is completed, and was charged {charged.count(payment_id)} times"
            )


def one_push_a_payment(books: Books, pushes: Sequence[Push]) -> Iterator[Violation]:
    """A payment is pushed once; only what the gateway stopped for its token may be sent again, once (law: push)."""
    by_name: dict[str, list[Push]] = {}
    for push in pushes:
        if push.left:
            by_name.setdefault(push.name, []).append(push)
    for name, sent in by_name.items():
        payment_id = books.payment_of(name)
        if payment_id is None:
            yield Violation("one_push_a_payment", f"a push left for no payment that is in the books ({name[:_SHOWN]}…)")
        if len(sent) > _MOST_SENT or not all(push.token_refused for push in sent[:-1]):
            yield Violation("one_push_a_payment", f"{payment_id} was pushed {len(sent)} times")


def pushed_in_time(pushes: Sequence[Push]) -> Iterator[Violation]:
    """A push is sent within 15 s of its request or not at all, whatever was waited for (law: push)."""
    for push in pushes:
        if push.asked_at_seconds is None:
            yield Violation("pushed_in_time", f"a push left that no request had asked for ({push.name[:_SHOWN]}…)")
        elif push.left_at_seconds - push.asked_at_seconds > SENT_WITHIN / SECOND:
            waited = push.left_at_seconds - push.asked_at_seconds
            yield Violation("pushed_in_time", f"a push left {waited:.1f} s after its request ({push.name[:_SHOWN]}…)")


def prompted_in_time(books: Books, pushes: Sequence[Push], prompted: Sequence[PromptBegun]) -> Iterator[Violation]:
    """No prompt begins after its own `expiresAt`, by the clock of the process that has promised it (law: push)."""
    skews = {push.name: push.sender.skew for push in pushes}
    for name, began_at in prompted:
        payment_id = books.payment_of(name)
        if payment_id is not None and began_at + skews[name] > books.expires_at[payment_id]:
            late = (began_at + skews[name] - books.expires_at[payment_id]) / SECOND
            yield Violation("prompted_in_time", f"the prompt of {payment_id} began {late:.1f} s after its own end")


def answered_is_kept(connection: Connection, books: Books, pushes: Sequence[Push]) -> Iterator[Violation]:
    """An id that Daraja gave a push is kept, if the process that heard it has lived on (law: push)."""
    columns = evidence.c
    pieces = connection.execute(select(columns.operation_id, columns.id).where(columns.source == "push_accepted"))
    kept = {tuple(row) for row in pieces}
    for push in pushes:
        payment_id = books.payment_of(push.name)
        if push.answered_with and not push.sender.over and (payment_id, f"push:{push.answered_with}") not in kept:
            yield Violation("answered_is_kept", f"Daraja's answer to the push of {payment_id} was heard, and is lost")


def quiet_is_asked(connection: Connection) -> Iterator[Violation]:
    """Hours after the last fault Daraja has been asked about every payment that it can be asked about (law:
    inquiries)."""
    columns = payments.c
    unasked = SELECT_PAYMENTS.where(
        func.coalesce(open_payments.c.inquiries, columns.inquiries) == 0,
        columns.request_id.is_not(None),
        or_(columns.status == "pending", columns.failure_reason == NO_ANSWER),
    )
    for row in connection.execute(unasked.order_by(columns.id)):
        yield Violation("quiet_is_asked", f"{row.id} is {row.status}, and Daraja was never asked about it")


def acknowledged_is_kept(
    connection: Connection, books: Books, acknowledged: Sequence[Acknowledged]
) -> Iterator[Violation]:
    """Whatever the service has acknowledged is in its database: as evidence, or in the ring of claims."""
    columns = evidence.c
    kept = set(connection.execute(select(columns.id).where(columns.source == "callback")).scalars())
    counted = list(connection.execute(select(columns.operation_id).where(columns.source == "callback")).scalars())
    bodies = {bytes(body) for body in connection.execute(select(claims.c.body)).scalars()}
    for name, body in acknowledged:
        digest = hashlib.sha256(read_own_name(name).token.encode() + b"\n" + body).hexdigest()[:32]
        payment_id = books.payment_of(name)
        if f"callback:{digest}" in kept or (payment_id is None and body in bodies):
            continue
        if counted.count(payment_id) < CALLBACKS_KEPT:
            yield Violation("acknowledged_is_kept", f"a callback of {payment_id or 'nobody'} is acknowledged and lost")


def unpaid(connection: Connection, pushes: Sequence[Push], forger: str) -> list[Victim]:
    """Unpaid payments of which Daraja's id is known, with the name of each; not the payment of the forger itself."""
    columns, pieces = payments.c, evidence.c
    kinds = select(pieces.operation_id).where(pieces.operation_id == columns.id)
    accepted = exists(kinds.where(pieces.source == "push_accepted"))
    lost = exists(kinds.where(pieces.source.in_(["push_unknown", "push_refused"])))
    found = select(columns.id, columns.amount_cents)
    rows = connection.execute(
        found.where(columns.id != forger, columns.status != "completed", accepted, ~lost).order_by(columns.id)
    )
    names = {read_own_name(push.name).payment_id: push.name for push in pushes}
    return [Victim(names[payment_id], cents // CENTS) for payment_id, cents in rows if payment_id in names]


def unknown_is_kept(connection: Connection, told: int) -> Iterator[Violation]:
    """Evidence of a kind that only a later version knows is in the database, all of it, and in no payment's row."""
    unknown = select(evidence.c.applied).where(evidence.c.source == KIND)
    applied = list(connection.execute(unknown).scalars())
    if len(applied) != told:
        yield Violation("unknown_is_kept", f"of {told} pieces of a later version {len(applied)} are left")
    if any(applied):
        yield Violation("unknown_is_kept", f"{sum(applied)} pieces count as applied that nobody here understands")


def truthful(callbacks: Sequence[CallbackEntry], taken: Sequence[Taken], doubted: Collection[str] = ()) -> list[str]:
    """Names of charged payments of which the service has acknowledged a true callback, without those `doubted`."""
    charged: dict[str, Charge] = {name: charge for name, charge in taken if name not in doubted}
    named = {(name_of(entry.url), receipt) for entry in callbacks if (receipt := _receipt_in(entry))}
    told = Counter(receipt for _, receipt in named)
    found: dict[str, None] = {}
    for entry in callbacks:
        name = name_of(entry.url)
        reading = read_callback(entry.body)
        if entry.status != ACKNOWLEDGED or reading is None or name not in charged:
            continue
        charge = charged[name]
        if told[charge.receipt] > 1:
            continue  # a callback that lied has named this receipt for another payment, perhaps first
        if (
            reading.code == SUCCESS
            and reading.amount_cents == charge.amount_cents
            and reading.receipt == charge.receipt
        ):
            found[name] = None
    return list(found)


def told_of_failure(
    connection: Connection, books: Books, callbacks: Sequence[CallbackEntry], pushes: Sequence[Push]
) -> set[str]:
    """Names of payments that Daraja has said to have failed: by a callback, by the answer to a push, or by two queries
    about one that had ended in silence.

    A service that wants to hear of a success by a query as well asks a last time about these and no more (law: time):
    where the query is wrong too, it had no truthful channel.
    """
    pieces = evidence.alias()
    silent = exists().where(pieces.c.operation_id == evidence.c.operation_id, pieces.c.source == Source.GAVE_UP.value)
    denials = select(evidence.c.operation_id).where(
        evidence.c.source == Source.QUERY.value, evidence.c.code != SUCCESS, silent
    )
    denied = set(
        connection.execute(denials.group_by(evidence.c.operation_id).having(func.count() >= _AGREEING)).scalars()
    )
    by_callback = {name_of(entry.url) for entry in callbacks if _code_in(entry) != SUCCESS}
    return by_callback | {push.name for push in pushes if push.refused or books.payment_of(push.name) in denied}


def _code_in(entry: CallbackEntry) -> str | None:
    reading = read_callback(entry.body)
    return reading.code if reading is not None else None


def _receipt_in(entry: CallbackEntry) -> str | None:
    reading = read_callback(entry.body)
    return reading.receipt if reading is not None else None


def statement_of(books: Books, taken: Sequence[Taken], now: Instant) -> list[Evidence]:
    """The organisation's statement: a line of evidence for every charge."""
    lines: list[Evidence] = []
    for name, charge in taken:
        payment_id = books.payment_of(name)
        if payment_id is not None:
            lines.append(from_statement(payment_id, charge.receipt, charge.amount_cents, None, now))
    return lines
