"""Money out against the truth: what only a universe can check, since it knows what M-PESA paid (law: universes with
money out).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from pokea.audit.rule import Violation
from pokea.clock import HOUR, Instant
from pokea.daraja.result_reading import read_result
from pokea.disbursements.decision import SUCCESS
from pokea.disbursements.evidence import OutDelivery, OutSource, Purpose
from pokea.disbursements.model import Disbursement, OutAttempt, OutFlag, OutStep, StepKind
from pokea.ledger.entries import Account
from pokea.money import CENTS
from pokea.operations.decision import Flag
from pokea.operations.evidence import Source
from pokea.operations.tokens import callback_digest
from pokea.settings import Settings
from pokea.simulator.apis.conversations import Conversation
from pokea.simulator.journal import Journal, ResultEntry
from pokea.storage.tables import (
    attempts,
    disbursement_steps,
    disbursements,
    events,
    evidence,
    flags,
    out_addresses,
    outbox,
    payments,
    postings,
)
from pokea.universe.recorder import OutSend, name_of

ACKNOWLEDGED: Final = 200
_DAY: Final[Instant] = 24 * HOUR
_UNPROVED: Final = frozenset({"sending", "unknown", "accepted"})
_PAID: Final = frozenset({"completed", "returned"})
_MOST_SENT: Final = 2


class PaidOut(NamedTuple):
    """One movement of the journal: money that went to a phone, and the attempt whose request asked for it."""

    attempt_id: str | None
    msisdn: str
    cents: int
    receipt: str
    cost_cents: int
    original_receipt: str
    """Of a reversal, the payment that it undid."""


class OutBooks(NamedTuple):
    """What the service knows of money out."""

    rows: Mapping[str, Disbursement]
    attempts: Mapping[str, OutAttempt]
    steps: Sequence[OutStep]
    owners: Mapping[bytes, str]
    """By the digest of the token: whose each address is that Daraja was given for a Result."""

    def owner_of(self, url: str) -> str | None:
        """The attempt to which this address belongs."""
        return self.owners.get(callback_digest(name_of(url)))


def read_out_books(connection: Connection) -> OutBooks:
    """Everything."""
    rows = [Disbursement._make(row) for row in connection.execute(select(disbursements))]
    sent = [OutAttempt._make(row) for row in connection.execute(select(attempts))]
    steps = [OutStep._make(row) for row in connection.execute(select(disbursement_steps))]
    found = select(out_addresses.c.digest, out_addresses.c.owner_id).where(
        out_addresses.c.purpose == Purpose.RESULT.value
    )
    owners = {bytes(digest): owner for digest, owner in connection.execute(found)}
    return OutBooks({row.id: row for row in rows}, {row.id: row for row in sent}, steps, owners)


def paid_out(journal: Journal, conversations: Sequence[Conversation], books: OutBooks) -> list[PaidOut]:
    """What M-PESA paid by requests of ours. What an operator of the portal reversed is none of it."""
    urls = {each.conversation_id: each.fields.known("ResultURL") for each in conversations}
    found = []
    for payout in journal.payouts:
        owner = books.owner_of(urls[payout.conversation_id])
        found.append(PaidOut(owner, payout.msisdn, payout.amount_cents, payout.receipt, payout.cost_cents, ""))
    for reversal in journal.reversals:
        if reversal.conversation_id:
            paid = journal.payment_of(reversal.original_receipt)
            payer = paid.party.msisdn if paid is not None and paid.party is not None else ""
            owner = books.owner_of(urls[reversal.conversation_id])
            found.append(PaidOut(owner, payer, reversal.amount_cents, reversal.receipt, 0, reversal.original_receipt))
    return found


def paid_once(books: OutBooks, paid: Sequence[PaidOut]) -> Iterator[Violation]:
    """Every movement belongs to an attempt, and no disbursement has two."""
    times: dict[str, int] = {}
    for each in paid:
        if each.attempt_id is None or each.attempt_id not in books.attempts:
            yield Violation("paid_by_an_attempt", f"{each.receipt} was paid, and no attempt asked for it")
            continue
        parent = books.attempts[each.attempt_id].disbursement_id
        times[parent] = times.get(parent, 0) + 1
    for parent, count in times.items():
        if count > 1:
            yield Violation("paid_once", f"{parent} was paid {count} times")


def misnamed(connection: Connection, books: OutBooks, paid: Sequence[PaidOut]) -> frozenset[str]:
    """Attempts that gave another customer's payment back, because a callback at the payment's own address had named its
    receipt, and nothing that was known then said otherwise.

    Once M-PESA's Result says to whom the money went, the attempt must be flagged: else it is none of these.
    """
    found = set()
    for each in paid:
        attempt = books.attempts.get(each.attempt_id or "")
        row = books.rows.get(attempt.disbursement_id) if attempt is not None else None
        if attempt is None or row is None or row.payment_id is None or each.original_receipt == "":
            continue
        named = select(evidence.c.id).where(
            evidence.c.operation_id == row.payment_id,
            evidence.c.source == Source.CALLBACK.value,
            evidence.c.proved,
            evidence.c.receipt == each.original_receipt,
        )
        doubted = select(flags.c.flag).where(
            flags.c.operation_id == row.payment_id,
            flags.c.flag.in_([Flag.RECEIPT_CONFLICT.value, Flag.SEVERAL_RECEIPTS.value]),
            flags.c.raised_at < attempt.created_at,
        )
        answered = select(evidence.c.id).where(
            evidence.c.operation_id == attempt.id, evidence.c.source == OutSource.RESULT.value, evidence.c.proved
        )
        is_told = OutFlag.RECIPIENT_DIFFERS in attempt.raised or connection.execute(answered).first() is None
        was_named = connection.execute(named).first() is not None
        if was_named and is_told and connection.execute(doubted).first() is None:
            found.add(attempt.id)
    return frozenset(found)


def books_agree(
    books: OutBooks, paid: Sequence[PaidOut], excused: Collection[str] = frozenset()
) -> Iterator[Violation]:
    """What is completed was paid, with this amount, recipient and receipt; what has failed was not.

    `excused` are attempts whose recipient is not looked at.
    """
    by_attempt = {each.attempt_id: each for each in paid}
    for attempt in books.attempts.values():
        truth = by_attempt.get(attempt.id)
        if attempt.status in _PAID and truth is None:
            yield Violation("completed_is_paid", f"{attempt.id} is {attempt.status}, and nothing was paid")
        if truth is None:
            continue
        if attempt.status == "failed":
            yield Violation("paid_is_not_failed", f"{attempt.id} has failed, and {truth.receipt} was paid for it")
        recipient = truth.msisdn if attempt.id in excused else attempt.recipient
        if (truth.cents, truth.msisdn) != (attempt.amount_cents, recipient):
            yield Violation("paid_as_approved", f"{truth.receipt} paid another amount or recipient than {attempt.id}")
        if attempt.status in _PAID and attempt.receipt != truth.receipt:
            yield Violation("completed_is_paid", f"{attempt.id} shows {attempt.receipt}, and {truth.receipt} paid it")


def never_announced_as_failed(connection: Connection, books: OutBooks, paid: Sequence[PaidOut]) -> Iterator[Violation]:
    """No sending that paid was ever announced as failed: each such event belongs to an attempt that did not pay."""
    kinds = ["refund.failed", "payout.failed"]
    announced: Counter[str] = Counter()
    for table in (outbox, events):
        announced.update(connection.execute(select(table.c.object_id).where(table.c.type.in_(kinds))).scalars())
    ids = {each.attempt_id for each in paid}
    for parent, times in announced.items():
        unpaid = sum(each.disbursement_id == parent and each.id not in ids for each in books.attempts.values())
        if times > unpaid:
            sentence = f"{parent} was announced as failed {times} times, and {unpaid} of its sendings did not pay"
            yield Violation("paid_is_not_failed", sentence)


def by_two_people(books: OutBooks, paid: Sequence[PaidOut], settings: Settings) -> Iterator[Violation]:
    """No money moved by one person's word, unless it is so little that the settings allow it."""
    alone_below = settings.pokea_out_second_person_from * CENTS
    for each in paid:
        attempt = books.attempts.get(each.attempt_id or "")
        if attempt is None:
            continue
        mine = [step for step in books.steps if step.disbursement_id == attempt.disbursement_id]
        asked = {step.subject for step in mine if step.kind in (StepKind.REQUESTED, StepKind.RETRIED)}
        approvers = {step.subject for step in mine if step.kind == StepKind.APPROVED and step.digest == attempt.digest}
        if not approvers or (approvers & asked):
            yield Violation("by_two_people", f"{each.receipt} was paid for {attempt.id} by the word of one person")
        if "time" in approvers and attempt.amount_cents >= alone_below:
            yield Violation("by_two_people", f"{each.receipt} was paid for {attempt.id}, and no second person approved")


def sent_once(books: OutBooks, sends: Sequence[OutSend]) -> Iterator[Violation]:
    """An attempt is sent once, after it is durable; what the gateway stopped for its token may be sent once more."""
    by_token: dict[str, list[OutSend]] = {}
    for each in sends:
        if not each.is_durable:
            yield Violation("durable_before_sent", f"money out left that was not in the books ({each.token[:6]}…)")
        if each.left:
            by_token.setdefault(each.token, []).append(each)
    for token, mine in by_token.items():
        if len(mine) > _MOST_SENT or not all(each.token_refused for each in mine[:-1]):
            owner = books.owners.get(callback_digest(token))
            yield Violation("sent_once", f"{owner} was sent {len(mine)} times")


def within_caps(books: OutBooks, paid: Sequence[PaidOut], settings: Settings) -> Iterator[Violation]:
    """Whatever was paid was within the caps when it was sent, unless an admin went above them knowingly."""
    ids = {each.attempt_id for each in paid}
    sent = [(each, books.rows[each.disbursement_id]) for each in books.attempts.values() if each.id in ids]
    for attempt, row in sent:
        if row.is_over_cap or row.approved_at is None:
            continue
        order = (row.approved_at, row.id)
        before = [
            other
            for _, other in sent
            if other.approved_at is not None
            and other.approved_at > attempt.created_at - _DAY
            and (other.approved_at, other.id) < order
        ]
        day = sum(other.amount_cents for other in before) + row.amount_cents
        payee = sum(other.amount_cents for other in before if other.recipient == row.recipient) + row.amount_cents
        hourly = 1 + sum(other.approved_at > attempt.created_at - HOUR for other in before if other.approved_at)
        most = {
            "one": (row.amount_cents, settings.pokea_out_limit_one * CENTS),
            "day": (day, settings.pokea_out_limit_day * CENTS),
            "payee": (payee, settings.pokea_out_limit_payee_day * CENTS),
            "hourly": (hourly, settings.pokea_out_limit_hourly),
        }
        for name, (reached, cap) in most.items():
            if reached > cap:
                yield Violation(
                    "within_caps", f"{row.id} was paid above the cap `{name}`: {reached}, and {cap} is most"
                )


def refunds_within_payments(
    connection: Connection, books: OutBooks, paid: Sequence[PaidOut], excused: Collection[str] = frozenset()
) -> Iterator[Violation]:
    """What went back of a payment is no more than what it brought, and went to the phone that paid.

    `excused` are attempts whose recipient is not looked at.
    """
    known = {row.id: row for row in connection.execute(select(payments))}
    back: dict[str, int] = {}
    for each in paid:
        attempt = books.attempts.get(each.attempt_id or "")
        row = books.rows.get(attempt.disbursement_id) if attempt is not None else None
        if row is None or row.payment_id is None:
            continue
        payment = known[row.payment_id]
        back[payment.id] = back.get(payment.id, 0) + each.cents
        if each.attempt_id in excused:
            continue
        if each.msisdn != payment.msisdn or each.original_receipt not in ("", payment.receipt):
            yield Violation("refund_to_payer", f"{each.receipt} refunded {payment.id} to another phone")
    for payment_id, cents in back.items():
        if cents > known[payment_id].amount_cents:
            yield Violation("refund_within_payment", f"{payment_id} was refunded {cents} cents")


def charges_once(connection: Connection, paid: Sequence[PaidOut]) -> Iterator[Violation]:
    """A charge is posted once and as it was, or not at all."""
    costs = {each.attempt_id: each.cost_cents for each in paid}
    columns = postings.c
    posted = (
        select(columns.source_id, func.sum(columns.amount_cents))
        .where(columns.account == Account.MPESA_CHARGES.value)
        .group_by(columns.source_id)
    )
    for source, cents in connection.execute(posted):
        if cents != costs.get(source, 0):
            yield Violation(
                "charges_once", f"{cents} cents of charges are posted for {source}, not {costs.get(source)}"
            )


def clearing_is_the_truth(
    connection: Connection, books: OutBooks, paid: Sequence[PaidOut], charged_cents: int
) -> Iterator[Violation]:
    """Our clearing account holds what the phones paid, less what is proved to have gone out."""
    columns = postings.c
    held = connection.execute(
        select(func.coalesce(func.sum(columns.amount_cents), 0)).where(columns.account == Account.MPESA_CLEARING.value)
    ).scalar_one()
    proved = {each.id for each in books.attempts.values() if each.status in _PAID}
    out = sum(each.cents for each in paid if each.attempt_id in proved)
    if held != charged_cents - out:
        sentence = f"{held} cents stand in mpesa_clearing; {charged_cents} came in, and {out} are proved to have left"
        yield Violation("clearing_is_the_truth", sentence)


def acknowledged_result_is_kept(connection: Connection, results: Sequence[ResultEntry]) -> Iterator[Violation]:
    """Each Result that the service has acknowledged is in the database."""
    kept = {name.rpartition(":")[2] for name in connection.execute(select(evidence.c.id)).scalars()}
    for each in results:
        digest = OutDelivery(name_of(each.url), each.body, each.sent_at).digest
        if each.status == ACKNOWLEDGED and digest not in kept:
            yield Violation("acknowledged_is_kept", f"a Result of {each.conversation_id} was acknowledged and is lost")


def true_result_completes(
    books: OutBooks, paid: Sequence[PaidOut], results: Sequence[ResultEntry]
) -> Iterator[Violation]:
    """A sending that paid, and of which a true Result was acknowledged, is completed."""
    truths = {each.attempt_id: each for each in paid}
    for each in results:
        owner = books.owner_of(each.url)
        truth = truths.get(owner)
        if each.status != ACKNOWLEDGED or truth is None or owner is None:
            continue
        reading = read_result(each.body)
        is_true = reading.code == SUCCESS and reading.transaction_id == truth.receipt
        is_ours = reading.amount_cents == truth.cents and (
            reading.original_transaction_id == truth.original_receipt
            if truth.original_receipt
            else reading.receiver_msisdn == truth.msisdn
        )
        if is_true and is_ours and books.attempts[owner].status not in _PAID:
            sentence = f"{owner} was paid, its true Result was acknowledged, and it is {books.attempts[owner].status}"
            yield Violation("true_result_completes", sentence)


def nothing_stays_unknown(books: OutBooks, excused: Collection[str]) -> Iterator[Violation]:
    """Once two people have looked at a statement of the day, each sending has paid or has failed."""
    for attempt in books.attempts.values():
        if attempt.status in _UNPROVED and attempt.id not in excused:
            yield Violation("nothing_stays_unknown", f"{attempt.id} is {attempt.status} after everything was looked at")
