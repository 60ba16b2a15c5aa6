"""What the rest of the house makes of settled attempts, in the same transaction: funds, names, brake, alerts, fees."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from pokea.alerts.alert import Alert, AlertCode, clear_alert, raise_alerts
from pokea.clock import Instant
from pokea.daraja.codes.out_codes import INITIATOR_CODES
from pokea.disbursements import store
from pokea.disbursements.brake import BrakeFact, FactKind
from pokea.disbursements.decision import SUCCESS
from pokea.disbursements.effects import OutEffects
from pokea.disbursements.evidence import OutEvidence
from pokea.disbursements.model import AttemptStatus, Disbursement, OutAttempt, OutFlag, Way, read_balance_owner
from pokea.ledger.entries import Account
from pokea.storage.statements import insert_new, select_in
from pokea.storage.tables import recipient_names

_NAMES = (recipient_names.c.merchant_id, recipient_names.c.msisdn, recipient_names.c.name)
_FACT_OF_FLAG = {
    OutFlag.AMOUNT_DIFFERS: FactKind.AMOUNT_DIFFERS,
    OutFlag.RECIPIENT_DIFFERS: FactKind.RECIPIENT_DIFFERS,
    OutFlag.PAID_OUT_TWICE: FactKind.PAID_OUT_TWICE,
}

NoteFacts = Callable[[Connection, int, Sequence[BrakeFact], Instant], None]
"""Keeps facts about the brake for a merchant, and stops money out where they ask for it."""
FollowFees = Callable[[Connection, Sequence[tuple[Disbursement, OutEffects]], Instant], None]
"""Lets bookings' fees follow refunds that have changed."""


class Consequences(Protocol):
    """What a settle of attempts calls, inside its transaction."""

    def paid_from(self, disbursement: Disbursement) -> Account:
        """The account that pays this disbursement."""

    def balances(self, connection: Connection, answers: Sequence[OutEvidence], now: Instant) -> None:
        """Answers about the balance have come."""

    def results(self, connection: Connection, came: Sequence[tuple[OutAttempt, OutEvidence]]) -> None:
        """Results of attempts have come."""

    def attempts(self, connection: Connection, changed: Sequence[tuple[OutAttempt, OutAttempt]], now: Instant) -> None:
        """Attempts have changed, each from what it was to what it is."""

    def disbursements(
        self, connection: Connection, followed: Sequence[tuple[Disbursement, OutEffects]], now: Instant
    ) -> None:
        """Disbursements have changed."""

    def stuck(self, connection: Connection, changed: Sequence[OutAttempt], now: Instant) -> None:
        """Attempts have evidence that cannot be settled."""


class Shortcodes(NamedTuple):
    """The shortcode that takes payments and gives them back, and the one that pays out, often the same."""

    takes: str
    pays_out: str

    def of(self, way: str) -> str:
        """The shortcode whose account pays by this way."""
        return self.pays_out if way == Way.B2C else self.takes


class HouseConsequences:
    """The consequences in a running service.

    `note_facts` keeps what the brake decides by. `fees` follows disbursements that change what a booking's fee is.
    """

    def __init__(self, shortcodes: Shortcodes, note_facts: NoteFacts, fees: FollowFees) -> None:
        self._shortcodes = shortcodes
        self._note_facts = note_facts
        self._fees = fees

    def paid_from(self, disbursement: Disbursement) -> Account:
        """Payouts leave an account of their own where B2C has its own shortcode."""
        own = self._shortcodes.pays_out != self._shortcodes.takes and disbursement.way == Way.B2C
        return Account.PAYOUT_FLOAT if own else Account.MPESA_CLEARING

    def balances(self, connection: Connection, answers: Sequence[OutEvidence], now: Instant) -> None:
        """Keep what the account was named to hold by answers at addresses of our own questions."""
        for answer in answers:
            reading = answer.reading
            owner = read_balance_owner(answer.operation_id)
            if owner is None or reading is None or not answer.proved or reading.code != SUCCESS:
                continue
            if reading.utility_cents is not None:
                store.name_funds(connection, *owner, reading.utility_cents, now)
                store.look_at_waiting(connection, owner[0], now)
                clear_alert(connection, AlertCode.INITIATOR_SILENT, owner[1])

    def results(self, connection: Connection, came: Sequence[tuple[OutAttempt, OutEvidence]]) -> None:
        """Keep what the account was named to hold by the last of these Results (law: who may)."""
        named: dict[tuple[int, str], tuple[int, Instant]] = {}
        for attempt, item in sorted(came, key=lambda each: each[1].received_at):
            reading = item.reading
            if item.proved and reading is not None and reading.code == SUCCESS and reading.utility_cents is not None:
                account = attempt.merchant_id, self._shortcodes.of(attempt.way)
                named[account] = reading.utility_cents, item.received_at
        for account, (cents, received_at) in sorted(named.items()):
            store.name_funds(connection, *account, cents, received_at)

    def attempts(self, connection: Connection, changed: Sequence[tuple[OutAttempt, OutAttempt]], now: Instant) -> None:
        """Keep names that M-PESA returned, and the facts by which the brake decides."""
        facts: dict[int, list[BrakeFact]] = defaultdict(list)
        alerts: list[Alert] = []
        newly_named = [
            after for before, after in changed if after.receiver_name and after.receiver_name != before.receiver_name
        ]
        first_names = _first_names(connection, newly_named)
        for after in newly_named:
            alerts += self._name(connection, after, first_names, now)
        for before, after in changed:
            facts[after.merchant_id] += facts_of(before, after, now)
            alerts += _alerts_of(before, after)
        for merchant_id, found in facts.items():
            self._note_facts(connection, merchant_id, found, now)
        raise_alerts(connection, alerts, now)

    def disbursements(
        self, connection: Connection, followed: Sequence[tuple[Disbursement, OutEffects]], now: Instant
    ) -> None:
        """Let fees follow, and stop money out where something was paid twice or to another."""
        for before, effects in followed:
            twice = [BrakeFact(_FACT_OF_FLAG[flag], subject, now) for flag, subject in effects.stops]
            if twice:
                self._note_facts(connection, before.merchant_id, twice, now)
                raise_alerts(connection, [_stopping(before, flag) for flag, _ in effects.stops], now)
        self._fees(connection, followed, now)

    def stuck(self, connection: Connection, changed: Sequence[OutAttempt], now: Instant) -> None:
        """Raise an alert for each attempt whose evidence cannot be settled."""
        says = "The evidence of attempt {} cannot be settled. It is kept: look at the log for the reason."
        alerts = [Alert(AlertCode.OUT_STUCK, row.id, says.format(row.id)) for row in changed]
        raise_alerts(connection, alerts, now)

    def _name(
        self, connection: Connection, after: OutAttempt, first_names: dict[tuple[int, str], str], now: Instant
    ) -> list[Alert]:
        """Compare the recipient's name with the first that M-PESA returned for the number."""
        name = after.receiver_name or ""
        first = first_names.get((after.merchant_id, after.recipient))
        if first is None:
            first_names[after.merchant_id, after.recipient] = name
            row = {"merchant_id": after.merchant_id, "msisdn": after.recipient, "first_seen_at": now, "name": name}
            insert_new(connection, recipient_names, [row])
            return []
        if fold_name(first) == fold_name(name):
            return []
        store.hold_payees(connection, after.merchant_id, after.recipient, now)
        store.flag_disbursement(connection, after.disbursement_id, OutFlag.NAME_DIFFERS)
        text = f"M-PESA named another person for the recipient of {after.disbursement_id} than before: the payee's "
        return [Alert(AlertCode.NAME_DIFFERS, after.disbursement_id, f"{text}next payout is held until confirmed.")]


def _first_names(connection: Connection, rows: Sequence[OutAttempt]) -> dict[tuple[int, str], str]:
    """The first name that M-PESA returned for each recipient, by merchant and number, where there is one."""
    numbers = {row.recipient for row in rows}
    found = select_in(connection, _NAMES, recipient_names.c.msisdn, numbers) if numbers else []
    return {(merchant_id, msisdn): name for merchant_id, msisdn, name in found}


def facts_of(before: OutAttempt, after: OutAttempt, now: Instant) -> list[BrakeFact]:
    """What the brake learns from a change of an attempt."""
    facts = []
    if after.failure_code in INITIATOR_CODES and before.failure_code != after.failure_code:
        facts.append(BrakeFact(FactKind.INITIATOR_REFUSED, after.id, now))
    if after.status == AttemptStatus.UNKNOWN and before.status != AttemptStatus.UNKNOWN:
        facts.append(BrakeFact(FactKind.UNKNOWN, after.id, now))
    return facts


def fold_name(name: str) -> str:
    """What makes two names one: M-PESA writes them in capitals or not, with one blank or two."""
    return " ".join(name.casefold().split())


def _alerts_of(before: OutAttempt, after: OutAttempt) -> list[Alert]:
    new = [flag for flag in after.raised if flag not in before.raised]
    says = {
        OutFlag.REVERSED_ELSEWHERE: "Daraja says that the payment is reversed already, by somebody else: look at the "
        "statement, then record a finding.",
        OutFlag.RECEIPT_CONFLICT: "Its receipt belongs to another operation: look at both.",
        OutFlag.DUPLICATE_ID: "Daraja says that it knows this request already, and it was sent once: it is asked; look "
        "at the statement.",
        OutFlag.CODE_UNKNOWN: "Daraja gave a code that is not known: it is asked again; look at the statement.",
    }
    return [Alert(AlertCode.OUT_FLAGGED, after.id, f"Attempt {after.id}: {says[flag]}") for flag in new if flag in says]


def _stopping(row: Disbursement, flag: OutFlag) -> Alert:
    says = {
        OutFlag.PAID_OUT_TWICE: "has been paid out twice",
        OutFlag.AMOUNT_DIFFERS: "was answered with another amount than was sent",
        OutFlag.RECIPIENT_DIFFERS: "was answered with another recipient than was sent",
    }
    return Alert(
        AlertCode.OUT_STOPPED,
        row.id,
        f"{row.id} {says[flag]}: all money out is stopped. Look at the statement; an admin starts it again.",
    )
