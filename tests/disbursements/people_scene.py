"""People who ask for refunds and payouts, in a real database: payments that have come, and what is done about them."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import Connection, func, insert, select, update

from pokea.clock import HOUR, Instant
from pokea.disbursements.approving import Approval, Target, approve, reject, withdraw
from pokea.disbursements.calls import Made, OutCall
from pokea.disbursements.caps import OutCaps
from pokea.disbursements.limits import OutRules
from pokea.disbursements.model import Disbursement, DisbursementKind
from pokea.disbursements.payee_store import PayeeRow, insert_payee
from pokea.disbursements.requesting import PayoutRequest, RefundRequest, request_payout, request_refund
from pokea.disbursements.saving import post
from pokea.errors import ApiError
from pokea.ledger.entries import Money, arrival
from pokea.ledger.money_out import Share, released
from pokea.operations import store
from pokea.scope import DEFAULT_SCOPE
from pokea.storage.database import Database
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.tables import bookings, disbursements, funds, outbox, payments, postings
from tests.payment_rows import new_booking, new_payment

NOW: Final[Instant] = 500_000 * HOUR
RULES: Final = OutRules(
    is_on=True,
    caps=OutCaps(one_cents=1_000_000, day_cents=5_000_000, payee_day_cents=1_000_000, hourly_count=20),
    second_person_from_cents=0,
    delay=HOUR // 4,
    payee_wait=24 * HOUR,
    reversal_days=7,
    float_cents=0,
    password_set_on=None,
    shortcode="174379",
    payout_shortcode="174379",
)
FUNDS_CENTS: Final = 10_000_000


class PeopleScene:
    """What people do about money out, on one connection. `now` is the time of the next call."""

    def __init__(self, connection: Connection, *, funded: bool = True) -> None:
        self.connection = connection
        self.now = NOW
        self.rules = RULES
        self._calls = 0
        if funded:
            self.fund(FUNDS_CENTS)

    def fund(self, available_cents: int | None) -> None:
        """What M-PESA last named the account to hold."""
        self.connection.execute(funds.delete())
        row = {"merchant_id": 1, "shortcode": "174379", "asked_at": None, "questions": 0}
        known = {"available_cents": available_cents, "as_of": None if available_cents is None else self.now}
        self.connection.execute(insert(funds), [row | known])

    def paid(self, number: int = 1, money: Money = Money.REFUND_DUE, **values: Any) -> str:
        """A payment that came an hour ago and does this with its money; its booking's fee is held where it is held."""
        booking_id, payment_id = f"bk_{number}", f"pay_{number}"
        usual: dict[str, Any] = {
            "status": "completed",
            "completed_at": self.now - HOUR,
            "receipt": f"SKC82PAC{number:02}",
            "is_open": False,
            "is_locking": False,
            "msisdn": f"2547123456{number:02}",
        }
        payment = new_payment(payment_id, booking_id=booking_id, disposition=money.value, **usual | values)
        held = {"fee_status": "held", "fee_payment_id": payment_id, "paid_at": self.now, "status": "matching"}
        booking = new_booking(booking_id, payment.amount_cents)
        if money is Money.HELD:
            booking = booking._replace(**held)  # type: ignore[arg-type]  # the fields are the table's columns
        self.connection.execute(insert(bookings), [booking._asdict()])
        store.insert_payments(self.connection, [payment])
        post(self.connection, arrival(payment_id, 1, payment.amount_cents, money, self.now))
        return payment_id

    def doubt_receipt(self, payment_id: str = "pay_1") -> None:
        """Another payment names the receipt of this one, from now on."""
        self.connection.execute(update(payments).where(payments.c.id == payment_id).values(flags="receipt_conflict"))

    def paid_again(self) -> str:
        """A second payment of the first booking, whose money is due back."""
        values: dict[str, Any] = {
            "booking_id": "bk_1",
            "receipt": "SKC82PAC99",
            "completed_at": self.now,
            "status": "completed",
        }
        payment = new_payment("pay_9", disposition=Money.REFUND_DUE.value, is_open=False, is_locking=False, **values)
        store.insert_payments(self.connection, [payment])
        post(self.connection, arrival(payment.id, 1, payment.amount_cents, Money.REFUND_DUE, self.now))
        return payment.id

    def payee(self, number: int = 1, owed_cents: int = 100_000, **values: Any) -> str:
        """A payee who was confirmed two days ago and is owed so much."""
        row = PayeeRow(
            id=f"py_{number}",
            merchant_id=1,
            name="Njeri Plumbing",
            msisdn=f"2547222222{number:02}",
            customer_id=None,
            version=1,
            created_at=self.now,
            changed_by="ann",
            changed_at=self.now,
            confirmed_by="ben",
            confirmed_at=self.now - 48 * HOUR,
            held_since=None,
        )
        insert_payee(self.connection, row._replace(**values))
        if owed_cents:
            share = [Share(row.id, owed_cents)]
            post(self.connection, released(f"release_{number}", 1, share, 0, self.now))
        return row.id

    def call(self, subject: str, *, is_admin: bool = False, key: str = "", object_id: str = "") -> OutCall:
        """A call of this person's, with a key of its own unless one is given."""
        self._calls += 1
        own = IdempotencyKey(1, subject, "POST", key or f"key {self._calls}", "body")
        made_id = object_id or f"rf_{self._calls:03}"
        return OutCall(made_id, DEFAULT_SCOPE, subject, is_admin, own, f"nonce {self._calls}", self.now)

    def refund(self, payment_id: str = "pay_1", by: str = "ann", **values: Any) -> Disbursement:
        """A refund that this person asks for."""
        return self.made_refund(self.call(by), payment_id, **values).row

    def made_refund(self, call: OutCall, payment_id: str = "pay_1", **values: Any) -> Made:
        """What comes of a call that asks for a refund."""
        usual: dict[str, Any] = {"amount_cents": None, "way": None, "reason": "late", "confirms_repeat": False}
        wish = RefundRequest(payment_id=payment_id, decision_id=f"dc_{call.id}", **usual | values)
        return request_refund(self.connection, call, wish, self.rules)

    def payout(self, amount_cents: int = 50_000, by: str = "ann", **values: Any) -> Disbursement:
        """A payout that this person asks for."""
        usual: dict[str, Any] = {"payee_id": "py_1", "booking_id": None, "reason": "done", "confirms_repeat": False}
        wish = PayoutRequest(amount_cents=amount_cents, **usual | values)
        return request_payout(self.connection, self.call(by), wish, self.rules).row

    def approve(self, row: Disbursement, by: str = "ben", **values: Any) -> Disbursement:
        """The disbursement once this person has approved it. Raises the refusal."""
        made = self.answer(row, self.call(by, is_admin=values.pop("is_admin", False)), **values)
        if isinstance(made, ApiError):
            raise made
        return made.row

    def answer(self, row: Disbursement, call: OutCall, *, digest: str = "", over_cap: bool = False) -> Made | ApiError:
        """What comes of a call that approves."""
        seen = Approval(digest or row.digest, over_cap)
        return approve(self.connection, call, target_of(row), seen, self.rules)

    def reject(self, row: Disbursement, by: str = "ben") -> Disbursement:
        """The disbursement once this person has rejected it."""
        return reject(self.connection, self.call(by), target_of(row), "no").row

    def withdraw(self, row: Disbursement, by: str = "ann") -> Disbursement:
        """The disbursement once this person has withdrawn it."""
        return withdraw(self.connection, self.call(by), target_of(row), "a mistake").row

    def put(self, row: Disbursement, **values: Any) -> None:
        """Write columns of a disbursement by hand."""
        self.connection.execute(update(disbursements).where(disbursements.c.id == row.id).values(**values))

    def found(self, row: Disbursement) -> Disbursement:
        """The disbursement as it stands."""
        statement = select(disbursements).where(disbursements.c.id == row.id)
        return Disbursement(*self.connection.execute(statement).one())

    def fee(self, booking_id: str = "bk_1") -> str:
        """How the booking's fee stands."""
        return str(self.connection.execute(select(bookings.c.fee_status).where(bookings.c.id == booking_id)).scalar())

    def balances(self) -> dict[str, int]:
        """The balance of each account that is not level, in cents."""
        total = func.sum(postings.c.amount_cents)
        rows = self.connection.execute(select(postings.c.account, total).group_by(postings.c.account))
        return {account: int(cents) for account, cents in rows if cents}

    def events(self, row: Disbursement) -> list[tuple[int, str]]:
        """What happened to the disbursement."""
        own = select(outbox.c.version, outbox.c.type).where(outbox.c.object_id == row.id).order_by(outbox.c.version)
        return [(version, name) for version, name in self.connection.execute(own)]


def target_of(row: Disbursement) -> Target:
    """The disbursement as a call names it."""
    return Target(DisbursementKind(row.kind), row.id)


def refusal(code: str) -> Any:
    """Expects a refusal with this code."""
    return pytest.raises(ApiError, check=lambda failure: failure.code == code)


def scene_on(database: Database) -> Iterator[PeopleScene]:
    """A scene in one transaction, which is rolled back at the end."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield PeopleScene(connection)
        transaction.rollback()
