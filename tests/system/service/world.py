"""One running service beside one running simulator: phones of one's own, pushes, callbacks, and a look at the rows."""

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import Connection, case, func, select, update

from pokea.analytics import store as counting
from pokea.analytics.counting import Deltas, OwnerDelta, deltas
from pokea.clock import SECOND
from pokea.ledger.balances import balances
from pokea.operations import store
from pokea.operations.store import Payment
from pokea.operations.tokens import PaymentTokens
from pokea.redact import Secret
from pokea.storage import tables
from pokea.storage.engines import postgres_engine, sqlite_engine
from pokea.storage.statements import in_one_snapshot
from tests.system.service.running import SECRET_KEY, Answer, ServiceProgram, SimulatorProgram, call, eventually

T = TypeVar("T")
Family: TypeAlias = Literal["mpesa", "stk"]
ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
INVALID = {"ResultCode": 1, "ResultDesc": "Invalid callback"}
CHECKING = "We are checking"
HOUR_SECONDS = 3600
SHORTEST_GAP_SECONDS = 15
"""How long a payment that was asked about waits for its next turn (law: inquiries)."""

_phones = itertools.count(254_720_000_001)
_receipts = itertools.count(1)
_tokens = PaymentTokens(Secret(SECRET_KEY))

_MOMENTS = (
    "created_at",
    "expires_at",
    "completed_at",
    "failed_at",
    "next_action_at",
    "last_inquiry_at",
    "inquiry_requested_at",
)
_MOMENTS_OR_ZERO = ("lease_until", "locked_until")


def used_phones() -> list[str]:
    """Every number that a test has had so far."""
    return [str(number) for number in range(254_720_000_001, next(_phones))]


def next_number() -> str:
    """A Safaricom number that no other test has."""
    return str(next(_phones))


def next_receipt() -> str:
    """A receipt that no other test has."""
    return f"UKTEST{next(_receipts):04d}"


def callback_name(transaction_id: str) -> str:
    """What names this payment in its own callback address."""
    return _tokens.callback_name(transaction_id)


def callback_token(transaction_id: str) -> str:
    """The last part of the address that a version before schema 3.3 would have given this payment."""
    return _tokens.callback_token(transaction_id)


def success(checkout: str | None, amount: Any, receipt: str, merchant: str = "29115-34620561-1") -> dict[str, Any]:
    """A callback in Daraja's form that says: paid (daraja: STK callback success)."""
    values = {"Amount": amount, "MpesaReceiptNumber": receipt, "TransactionDate": 20261124120000}
    items = [{"Name": name, "Value": value} for name, value in values.items()]
    return _envelope(checkout, merchant, ResultCode=0, CallbackMetadata={"Item": items})


def failure(checkout: str | None, code: int | str, merchant: str = "29115-34620561-1") -> dict[str, Any]:
    """A callback in Daraja's form that says: not paid."""
    return _envelope(checkout, merchant, ResultCode=code)


def _envelope(checkout: str | None, merchant: str, **rest: Any) -> dict[str, Any]:
    ids = {"MerchantRequestID": merchant, "CheckoutRequestID": checkout}
    return {"Body": {"stkCallback": ids | {"ResultDesc": "As it was."} | rest}}


class Pushed(NamedTuple):
    """A payment whose push was answered with 201."""

    id: str
    checkout: str
    phone: str
    booking_id: str
    amount: int
    client_secret: str


class World:
    """What a test acts on. `database_url` is the service's."""

    def __init__(self, service: ServiceProgram, simulator: SimulatorProgram, database_url: str) -> None:
        self.service = service
        self.simulator = simulator
        self.database_url = database_url
        self._decoy: Pushed | None = None

    def new_phone(self, behaviour: str = "manual", **rest: Any) -> str:
        """A phone that no other test has; one that acts by itself does so at once unless told otherwise."""
        phone = next_number()
        self.simulator.subscriber(phone, behaviour, **{"delaySeconds": 0} | rest)
        return phone

    def push(self, phone: str | None = None, amount: int | None = None, subject: str = "amina") -> Pushed:
        """A new booking whose fee this phone (by default a new one, answered by hand) was asked for."""
        return self.push_again(self.service.book(amount, subject), phone, subject)

    def push_again(self, booking: Mapping[str, Any], phone: str | None = None, subject: str = "amina") -> Pushed:
        """Another prompt for the fee of a booking."""
        phone = phone or self.new_phone()
        answer = self.service.push(booking, phone, subject=subject)
        assert answer.status == 201, answer
        return self.pushed(answer, booking, phone)

    def pushed(self, answer: Answer, booking: Mapping[str, Any], phone: str) -> Pushed:
        """The payment that an answer to a push names; its checkout id is empty while it is unknown."""
        data = answer.body["data"]
        checkout = data["checkoutRequestId"] or ""
        amount = booking["bookingFee"]["amount"]
        return Pushed(data["transactionId"], checkout, phone, booking["id"], amount, data["clientSecret"])

    def post_callback(self, body: Any, token: str = "", family: Family = "mpesa") -> Answer:
        """Post a body to a callback address; without a token to the bare one."""
        url = f"{self.service.url}/api/v1/payments/{family}/callback{'/' + token if token else ''}"
        return call("POST", url, body)

    def tell(self, payment: Pushed, body: Any, family: Family = "mpesa") -> Answer:
        """Post a body to the payment's own callback address."""
        return self.post_callback(body, callback_name(payment.id), family)

    def newest(self, phone: str) -> str:
        """The id of the newest payment of this phone, whoever asked for it."""
        answer = self.service.call("GET", f"/payments/mpesa/history?q={phone}", scope="admin")
        return str(answer.body["transactions"][0]["id"])

    def finish(self, payment: Pushed) -> None:
        """End a payment that a test leaves open: the phone's owner cancels, and the callback says so."""
        self.simulator.answer(payment.phone, "cancel")
        eventually(lambda: self.service.status(payment.id)["status"] == "failed", f"{payment.id} is cancelled")

    def heard(self, payments: Iterable[Pushed]) -> list[Pushed]:
        """Those of the payments of which the service has acknowledged a callback."""
        sent = self.simulator.journal()["callbacks"]
        acknowledged = {each["checkoutRequestId"] for each in sent if each["status"] == 200}
        return [payment for payment in payments if payment.checkout in acknowledged]

    def untouched(self, payment: Pushed) -> bool:
        """Whether neither the payment nor its booking has changed since the prompt was sent."""
        transaction = self.service.status(payment.id)
        as_sent = (transaction["status"], transaction["review"], transaction["version"]) == ("pending", [], 2)
        return as_sent and self.is_unpaid(payment.booking_id)

    def is_unpaid(self, booking_id: str) -> bool:
        """Whether the booking awaits its payment."""
        booking = self.service.booking(booking_id)
        fee = booking["bookingFee"]
        return (booking["status"], fee["status"], fee["paidAt"]) == ("awaiting_payment", "unpaid", None)

    def is_held(self, booking_id: str) -> bool:
        """Whether the booking's fee is held and a technician is looked for."""
        booking = self.service.booking(booking_id)
        return (booking["status"], booking["bookingFee"]["status"]) == ("matching", "held")

    # What only the database shows

    def query(self, question: Callable[[Connection], T]) -> T:
        """What a function of a connection finds, or changes, in the service's database."""
        return on_database(self.database_url, question)

    def read(self, question: Callable[[Connection], T]) -> T:
        """What a function of a connection finds, all of it as it stood at one moment."""
        return on_snapshot(self.database_url, question)

    def row(self, transaction_id: str) -> Payment:
        """The payment's row."""
        found = self.query(lambda connection: store.find(connection, transaction_id))
        assert found is not None
        return found

    def bodies(self, transaction_id: str) -> list[bytes]:
        """The bodies of the callbacks that are kept as the payment's evidence."""
        columns = tables.evidence.c
        statement = select(columns.body).where(columns.operation_id == transaction_id, columns.source == "callback")
        return [bytes(body) for body in self.query(lambda connection: connection.execute(statement).scalars().all())]

    def answers(self, transaction_id: str) -> int:
        """How many of Daraja's answers about the payment have been settled."""
        columns = tables.evidence.c
        statement = select(func.count()).where(columns.operation_id == transaction_id, columns.source == "query")
        return self.query(lambda connection: connection.execute(statement).scalar_one())

    def claims(self) -> list[bytes]:
        """The bodies that prove nothing and were kept all the same, oldest first."""
        statement = select(tables.claims.c.body).order_by(tables.claims.c.id)
        return [bytes(body) for body in self.query(lambda connection: connection.execute(statement).scalars().all())]

    def postings(self, transaction_id: str) -> dict[str, int]:
        """What the payment moved: cents by account, debits positive."""
        columns = tables.postings.c
        statement = select(columns.account, columns.amount_cents).where(columns.source_id == transaction_id)
        return {row.account: row.amount_cents for row in self.query(lambda it: it.execute(statement).all())}

    def books_balance(self) -> bool:
        """Whether every shilling stands twice."""
        return sum(self.query(balances).values()) == 0

    def age(self, seconds: float, *transaction_ids: str) -> None:
        """Let time pass for these payments alone, and let the service look at once for what has come due."""
        self.shift(seconds, *transaction_ids)
        self._wake()

    def shift(self, seconds: float, *transaction_ids: str) -> None:
        """Move everything that ever happened to these payments so far into the past."""
        self.query(lambda connection: make_older(connection, round(seconds * SECOND), transaction_ids))

    def put_off(self, *payments: Pushed) -> None:
        """Move these payments an hour into the future: until then Daraja is asked only where something is claimed."""
        self.shift(-HOUR_SECONDS, *(payment.id for payment in payments))

    def _wake(self) -> None:
        """Make the service look for what is due, which it does every two seconds, or when a payment is claimed.

        What is claimed is a payment of no other use, once a minute of its own time, as often as it may be (law:
        inquiries).
        """
        if self._decoy is None:
            self._decoy = self.push()
        self.shift(60, self._decoy.id)
        self.post_callback(failure(self._decoy.checkout, 1032))


def on_database(url: str, question: Callable[[Connection], T]) -> T:
    """What a function of a connection finds, or changes, in one transaction."""
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE") if url.startswith("sqlite") else postgres_engine(url)
    try:
        with engine.begin() as connection:
            return question(connection)
    finally:
        engine.dispose()


def on_snapshot(url: str, question: Callable[[Connection], T]) -> T:
    """What a function of a connection finds, all of it as it stood at one moment: for several statements about what
    services change meanwhile."""

    def asked(connection: Connection) -> T:
        in_one_snapshot(connection)
        return question(connection)

    return on_database(url, asked)


def make_older(connection: Connection, span: int, transaction_ids: Collection[str]) -> None:
    """Let everything of these payments have happened earlier by a span, and be counted where it then belongs."""
    # Locked first: a service that settles one meanwhile would count it from the row that was read before.
    ids = tables.payments.c.id
    connection.execute(select(ids).where(ids.in_(transaction_ids)).order_by(ids).with_for_update())
    was = list(store.find_all(connection, transaction_ids).values())
    for table in (tables.payments, tables.open_payments):
        columns = table.c
        values: dict[Any, Any] = {name: columns[name] - span for name in _MOMENTS if name in columns}
        # Nought means "no longer", not 1970.
        values |= {
            name: case((columns[name] > 0, columns[name] - span), else_=0)
            for name in _MOMENTS_OR_ZERO
            if name in columns
        }
        connection.execute(update(table).where(columns.id.in_(transaction_ids)).values(values))
    received_at = tables.evidence.c.received_at
    of_these = tables.evidence.c.operation_id.in_(transaction_ids)
    connection.execute(update(tables.evidence).where(of_these).values(received_at=received_at - span))
    _count(connection, list(store.find_all(connection, transaction_ids).values()), 1)
    _count(connection, was, -1)


def _count(connection: Connection, payments: Collection[Payment], times: Literal[1, -1]) -> None:
    owners, counters = deltas((None, payment) for payment in payments)
    signed_owners = [
        OwnerDelta(row.merchant_id, row.owner, row.day, *(times * size for size in row[3:])) for row in owners
    ]
    counting.add(connection, Deltas(signed_owners, [row._replace(amount=times * row.amount) for row in counters]))
