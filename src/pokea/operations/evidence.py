"""What is known about an operation, as one value type.

A payment's evidence is a set that only grows (law: evidence). Each piece has an id that is made of what it says, so
that the same item received twice is one item: a callback's is the digest of its token and body, a query's its attempt,
and so on.
"""

import hashlib
from enum import StrEnum

from msgspec import Struct

from pokea.clock import Instant
from pokea.daraja.callback import CallbackReading
from pokea.daraja.outcomes import Accepted, Answered, PushOutcome, SubmissionRefused

CLAIM_BYTES_KEPT = 4 * 1024
"""Of a body that proves nothing; a genuine callback has less than a thousand bytes."""


class Source(StrEnum):
    """Where a piece of evidence comes from, and what it can say."""

    PUSH_ACCEPTED = "push_accepted"
    PUSH_REFUSED = "push_refused"
    PUSH_UNKNOWN = "push_unknown"
    CALLBACK = "callback"
    QUERY = "query"
    STATEMENT = "statement"
    GAVE_UP = "silence"
    RECEIPT_DISPUTE = "receipt_dispute"


class Evidence(Struct, frozen=True):
    """One item of evidence about one operation.

    `proved` says of a callback that its token is the payment's, its sender allowed and its form Daraja's own; it is
    true of every other kind. Codes are compared as text (daraja: ground rules). `amount_cents` is None where the source
    named no amount that can be read. `reason` is that of a refused push, whose code may mean several things
    (daraja: push errors). `body` is the raw message as it came, of a callback that is not proved its first
    CLAIM_BYTES_KEPT, of a refused push Daraja's words, masked.
    """

    operation_id: str
    id: str
    source: Source
    received_at: Instant
    proved: bool = True
    code: str | None = None
    reason: str | None = None
    amount_cents: int | None = None
    receipt: str | None = None
    request_id: str | None = None
    originator_id: str | None = None
    provider_time: str | None = None
    body: bytes | None = None

    @property
    def name(self) -> str:
        """What leads to it."""
        return self.operation_id

    @property
    def digest(self) -> str:
        """Names it."""
        return self.id


def from_push(payment_id: str, outcome: PushOutcome, received_at: Instant) -> Evidence:
    """Daraja's answer to the push."""
    if isinstance(outcome, Accepted):
        return Evidence(
            payment_id,
            f"push:{outcome.checkout_request_id}",
            Source.PUSH_ACCEPTED,
            received_at,
            request_id=outcome.checkout_request_id,
            originator_id=outcome.merchant_request_id,
        )
    if isinstance(outcome, SubmissionRefused):
        return Evidence(
            payment_id,
            "push:refused",
            Source.PUSH_REFUSED,
            received_at,
            code=outcome.code,
            reason=outcome.reason,
            body=outcome.message.encode(errors="replace"),
        )
    return Evidence(payment_id, "push:unknown", Source.PUSH_UNKNOWN, received_at)


def push_lost(payment_id: str, received_at: Instant) -> Evidence:
    """The process that was pushing is gone: what Daraja answered is unknown."""
    return Evidence(payment_id, "push:unknown", Source.PUSH_UNKNOWN, received_at)


def from_callback(payment_id: str, delivery: "Delivery", proved: bool) -> Evidence:
    """A callback at the payment's own address."""
    reading = delivery.reading
    believed = proved and delivery.from_allowed_address and reading.canonical
    return Evidence(
        payment_id,
        f"callback:{delivery.digest}",
        Source.CALLBACK,
        delivery.received_at,
        proved=believed,
        code=reading.code,
        amount_cents=reading.amount_cents,
        receipt=reading.receipt,
        request_id=reading.checkout_request_id,
        originator_id=reading.merchant_request_id,
        provider_time=reading.transaction_date,
        body=delivery.body if believed else delivery.body[:CLAIM_BYTES_KEPT],
    )


def from_query(payment_id: str, attempt: int, answer: Answered, received_at: Instant) -> Evidence:
    """Daraja's answer to one question about the payment; silence is no evidence (law: inquiries)."""
    return Evidence(payment_id, f"query:{attempt}", Source.QUERY, received_at, code=answer.code)


def from_statement(
    payment_id: str, receipt: str, amount_cents: int, provider_time: str | None, received_at: Instant
) -> Evidence:
    """A line of the organisation's statement that has been matched to the payment."""
    return Evidence(
        payment_id,
        f"statement:{receipt}",
        Source.STATEMENT,
        received_at,
        code="0",
        amount_cents=amount_cents,
        receipt=receipt,
        provider_time=provider_time,
    )


def silence(payment_id: str, received_at: Instant) -> Evidence:
    """We asked as long as the law allows, or could not ask at all, and know nothing (law: time)."""
    return Evidence(payment_id, "silence", Source.GAVE_UP, received_at)


def receipt_dispute(payment_id: str, receipt: str, received_at: Instant) -> Evidence:
    """A callback gave the receipt that settled this payment to another one (law: proof)."""
    return Evidence(payment_id, f"dispute:{receipt}", Source.RECEIPT_DISPUTE, received_at, receipt=receipt)


class Delivery(Struct, frozen=True):
    """A callback as it arrived, before its payment is known. `token` is empty at the bare address.

    `payment_id` is the payment that the address names, proved by nothing yet; None where it has a token alone.
    `only_of_owner`: the body has no callback's form, so it is kept only if the token is a payment's. `stranger` is the
    sender's address where it is not on the list of those that are believed.
    """

    token: str
    reading: CallbackReading
    body: bytes
    received_at: Instant
    payment_id: str | None = None
    from_allowed_address: bool = True
    only_of_owner: bool = False
    stranger: str = ""

    @property
    def operation_id(self) -> None:
        """Not known before it is settled."""
        return

    @property
    def name(self) -> str:
        """The token that it came with."""
        return self.token

    @property
    def digest(self) -> str:
        """Names this delivery: the same token and body, the same digest."""
        return hashlib.sha256(self.token.encode() + b"\n" + self.body).hexdigest()[:32]
