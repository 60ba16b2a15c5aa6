"""What is known about an attempt, as one value type (law: attempts and their status).

The rows lie in the table of all operations' evidence and only grow. A Result is judged from its raw body each time, so
that a better reading of Daraja's messages never asks for the evidence to be written anew.
"""

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Final

from msgspec import Struct

from pokea.clock import Instant
from pokea.daraja.result_reading import ResultReading, read_result, without_credential

BODY_BYTES_KEPT = 16 * 1024
"""Of a body at one of an attempt's own addresses; a genuine Result has less than two thousand."""


class OutSource(StrEnum):
    """Where a piece of an attempt's evidence comes from."""

    SEND_BEGAN = "send_began"
    ACCEPTED = "out_accepted"
    REFUSED = "out_refused"
    UNKNOWN = "out_unknown"
    RESULT = "result"
    TIMEOUT_NOTICE = "timeout_notice"
    STATUS_ANSWER = "status_answer"
    STATEMENT_LINE = "statement_line"
    FINDING = "finding"
    RETURNED = "returned"
    BALANCE_ANSWER = "balance_answer"
    """What came to the addresses of a question about the balance, kept beside the evidence of attempts."""
    CHECK_ANSWER = "check_answer"
    """The same for a question of `pokea doctor --out`."""


ASIDE: Final = frozenset({OutSource.BALANCE_ANSWER, OutSource.CHECK_ANSWER})
"""What is about no attempt."""


class Purpose(StrEnum):
    """What one of the addresses is for that Daraja is given."""

    RESULT = "result"
    TIMEOUT = "timeout"
    STATUS = "status"
    STATUS_TIMEOUT = "status_timeout"
    BALANCE = "balance"
    BALANCE_TIMEOUT = "balance_timeout"
    CHECK = "check"
    CHECK_TIMEOUT = "check_timeout"


class OutEvidence(Struct, frozen=True, dict=True):
    """One item of evidence about one attempt; the fields are the table's columns.

    `proved` says of a body that its token is that of this purpose and its sender allowed; it is true of every other
    kind. `code` is a result code, of a finding `paid` or `not_paid`, of an unknown answer `duplicate`. `body` is the
    raw message as it came.
    """

    operation_id: str
    id: str
    source: OutSource
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

    @cached_property
    def reading(self) -> ResultReading | None:
        """What the body says, of the kinds that have one."""
        return None if self.body is None else read_result(self.body)

    @property
    def address(self) -> str:
        """The same for all bodies that came to one address: the source, and the number of the question, if any."""
        return self.id.rpartition(":")[0]

    @property
    def name(self) -> str:
        """What leads to it."""
        return self.operation_id

    @property
    def digest(self) -> str:
        """Names it."""
        return self.id


class OutDelivery(Struct, frozen=True):
    """A body at one of the addresses of money out, as it arrived. `stranger`: its sender, where not on the list."""

    token: str
    body: bytes
    received_at: Instant
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
        """Names this delivery: the same address and body, the same digest."""
        return hashlib.sha256(self.token.encode() + b"\n" + self.body).hexdigest()[:32]


_SOURCE_OF = {
    Purpose.RESULT: OutSource.RESULT,
    Purpose.TIMEOUT: OutSource.TIMEOUT_NOTICE,
    Purpose.STATUS: OutSource.STATUS_ANSWER,
    Purpose.STATUS_TIMEOUT: OutSource.TIMEOUT_NOTICE,
    Purpose.BALANCE: OutSource.BALANCE_ANSWER,
    Purpose.BALANCE_TIMEOUT: OutSource.BALANCE_ANSWER,
    Purpose.CHECK: OutSource.CHECK_ANSWER,
    Purpose.CHECK_TIMEOUT: OutSource.CHECK_ANSWER,
}


def send_began(attempt_id: str, body_digest: str, at: Instant) -> OutEvidence:
    """The sending begins: from here on the request may have left (law: sending, 1)."""
    return OutEvidence(attempt_id, "send_began", OutSource.SEND_BEGAN, at, reason=body_digest)


def accepted(attempt_id: str, conversation_id: str, originator_id: str | None, at: Instant) -> OutEvidence:
    """Daraja took the request for processing."""
    return OutEvidence(
        attempt_id,
        f"accepted:{conversation_id}",
        OutSource.ACCEPTED,
        at,
        request_id=conversation_id,
        originator_id=originator_id,
    )


def refused(attempt_id: str, code: str | None, reason: str, at: Instant) -> OutEvidence:
    """Daraja refused the request, or it never left: nothing happened (law: sending, 3)."""
    return OutEvidence(attempt_id, "refused", OutSource.REFUSED, at, code=code, reason=reason)


DUPLICATE = "duplicate"


def unknown(attempt_id: str, reason: str, at: Instant, *, is_duplicate: bool = False) -> OutEvidence:
    """The request may have left, and what Daraja did with it is not known. `is_duplicate`: Daraja says that it knows
    the request already."""
    code = DUPLICATE if is_duplicate else None
    return OutEvidence(attempt_id, "unknown", OutSource.UNKNOWN, at, code=code, reason=reason)


def delivered(owner_id: str, delivery: OutDelivery, purpose: Purpose, question: int) -> OutEvidence:
    """A body at an address of its owner, an attempt or a question about the balance, with the address's purpose."""
    source = _SOURCE_OF[purpose]
    body = without_credential(delivery.body)[:BODY_BYTES_KEPT]
    reading = read_result(body)
    name = f"{source}:{question}:{delivery.digest}" if question else f"{source}:{delivery.digest}"
    return OutEvidence(
        owner_id,
        name,
        source,
        delivery.received_at,
        proved=not delivery.stranger and reading.is_canonical,
        code=reading.code,
        amount_cents=reading.amount_cents,
        receipt=reading.receipt if source is OutSource.STATUS_ANSWER else reading.transaction_id,
        request_id=reading.conversation_id,
        originator_id=reading.originator_conversation_id,
        body=body,
    )


def stated(attempt_id: str, receipt: str, amount_cents: int, provider_time: str | None, at: Instant) -> OutEvidence:
    """A line of the organisation's statement that has been matched to the attempt."""
    return OutEvidence(
        attempt_id,
        # One that names another amount is another piece: a mistyped file does not stand in the way of the right one.
        f"statement:{receipt}:{amount_cents}",
        OutSource.STATEMENT_LINE,
        at,
        code="0",
        amount_cents=amount_cents,
        receipt=receipt,
        provider_time=provider_time,
    )


def returned(attempt_id: str, receipt: str, amount_cents: int, at: Instant) -> OutEvidence:
    """A statement shows that what the attempt paid has come back."""
    return OutEvidence(
        attempt_id, f"returned:{receipt}", OutSource.RETURNED, at, amount_cents=amount_cents, receipt=receipt
    )


PAID = "paid"
NOT_PAID = "not_paid"


def found(attempt_id: str, finding_id: str, receipt: str | None, at: Instant) -> OutEvidence:
    """Two people found that the attempt was paid, with this receipt, or that it was not."""
    return OutEvidence(
        attempt_id,
        f"finding:{finding_id}",
        OutSource.FINDING,
        at,
        code=NOT_PAID if receipt is None else PAID,
        receipt=receipt,
    )
