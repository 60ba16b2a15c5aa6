"""Disbursements in a real database for tests: approved and reserved, begun, and what the worker would do with them."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select

from pokea.clock import Instant
from pokea.disbursements.addresses import AddressBook
from pokea.disbursements.approving import Case, cases_of
from pokea.disbursements.brake import BrakeFact
from pokea.disbursements.claims import Making, OutWork, SendVerdict, claim_out
from pokea.disbursements.consequences import HouseConsequences, Shortcodes
from pokea.disbursements.effects import OutEffects, obligation_of
from pokea.disbursements.evidence import OutDelivery, OutEvidence
from pokea.disbursements.model import Disbursement, DisbursementKind, OutAttempt, OutStep, StepKind, Way
from pokea.disbursements.settle import OutSettling
from pokea.ids import Ids
from pokea.ledger.money_out import reserved
from pokea.operations.settle import Change, Settled
from pokea.storage.tables import attempts, disbursement_steps, disbursements, outbox, postings
from tests.disbursements.bodies import SENT_AT
from tests.disbursements.rows import MSISDN, ORIGINATOR

SITE = "https://pay.example.test"


class ScenesClock(NamedTuple):
    """A clock that stands."""

    at: Instant

    def now(self) -> Instant:
        """The time at which it stands."""
        return self.at


class OutScene:
    """Money out on one connection, with a brake that only keeps what it is given."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.noted: list[BrakeFact] = []
        self.verdict = SendVerdict()
        self.originator = ORIGINATOR
        self.settling = OutSettling(HouseConsequences(Shortcodes("174379", "174379"), self._note, _no_fees))
        self.book = AddressBook(SITE, lambda purpose, owner: f"{purpose}/{owner}".encode().hex()[:48].ljust(48, "0"))

    def approved(self, disbursement_id: str = "rf_1", **changes: Any) -> Disbursement:
        """A refund that two people have made and approved, reserved in the books and due to be sent."""
        row = refund_row(disbursement_id, **changes)
        self.connection.execute(insert(disbursements), [row._asdict()])
        steps = [
            OutStep(row.id, 1, StepKind.REQUESTED, "ann", "late", row.digest, SENT_AT),
            OutStep(row.id, 2, StepKind.APPROVED, "ben", None, row.digest, SENT_AT),
        ]
        self.connection.execute(insert(disbursement_steps), [step._asdict() for step in steps])
        values = [
            {name: getattr(each, name) for name in each.__struct_fields__}
            for each in reserved(obligation_of(row), 1, SENT_AT)
        ]
        self.connection.execute(insert(postings), values)
        return row

    def claim(self, now: Instant = SENT_AT) -> OutWork:
        """What the worker takes in hand at this time."""
        making = Making(Ids(ScenesClock(now)), lambda _attempt_id: self.originator, self.book)
        return claim_out(self.connection, self, making, ("out", 100.0), now)

    def begun(self, **changes: Any) -> OutAttempt:
        """The attempt of an approved refund whose sending has begun."""
        self.approved(**changes)
        return self.claim().sendings[0].attempt

    def settle(self, *arrived: OutDelivery | OutEvidence, now: Instant = SENT_AT) -> Settled[OutAttempt]:
        """Settle what arrived together."""
        return self.settling.settle(self.connection, arrived, (), now)

    def attempt(self, attempt_id: str) -> OutAttempt:
        """The attempt as it stands."""
        return OutAttempt._make(self.connection.execute(select(attempts).where(attempts.c.id == attempt_id)).one())

    def disbursement(self, disbursement_id: str = "rf_1") -> Disbursement:
        """The disbursement as it stands."""
        statement = select(disbursements).where(disbursements.c.id == disbursement_id)
        return Disbursement._make(self.connection.execute(statement).one())

    def balances(self) -> dict[str, int]:
        """The balance of each account that is not level, in cents."""
        total = func.sum(postings.c.amount_cents)
        rows = self.connection.execute(select(postings.c.account, total).group_by(postings.c.account))
        return {account: int(cents) for account, cents in rows if cents}

    def events(self) -> list[tuple[str, int, str]]:
        """Every event, by object and version."""
        columns = (outbox.c.object_id, outbox.c.version, outbox.c.type)
        return [tuple(row) for row in self.connection.execute(select(*columns).order_by(*columns))]

    def take_turn(self, connection: Connection, merchant_id: int) -> None:
        """Nothing else moves money out on this connection."""

    def judge(
        self, connection: Connection, rows: Sequence[Disbursement], _now: Instant
    ) -> Iterator[tuple[Case, SendVerdict]]:
        """Whatever the test has set."""
        yield from ((case, self.verdict) for case in cases_of(connection, rows))

    def lapse(self, _connection: Connection, _row: Disbursement, _now: Instant) -> Change:
        """Nothing lapses here."""
        raise AssertionError("nothing lapses here")

    def _note(self, _connection: Connection, _merchant: int, facts: Sequence[BrakeFact], _now: Instant) -> None:
        self.noted.extend(facts)


def refund_row(disbursement_id: str, **changes: Any) -> Disbursement:
    """An approved refund of 500 shillings by B2C."""
    usual = Disbursement(
        id=disbursement_id,
        merchant_id=1,
        kind=DisbursementKind.REFUND,
        payment_id="pay_1",
        payee_id=None,
        booking_id=None,
        decision_id=None,
        amount_cents=50_000,
        recipient=MSISDN,
        way=Way.B2C,
        reason="late",
        requested_by="ann",
        retried_by=None,
        created_at=SENT_AT,
        nonce="n",
        digest="d" * 64,
        needs_second_person=True,
        version=2,
        status="approved",
        approved_by="ben",
        approved_at=SENT_AT,
        is_over_cap=False,
        waiting=None,
        receipt=None,
        failure_code=None,
        failure_reason=None,
        completed_at=None,
        flags="",
        next_action_at=SENT_AT,
    )
    return usual._replace(**changes)


def _no_fees(_connection: Connection, _followed: Sequence[tuple[Disbursement, OutEffects]], _now: Instant) -> None:
    return
