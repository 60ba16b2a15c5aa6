"""A disbursement and its attempts, as values (law: words; law: attempts and their status).

A disbursement is an obligation to pay out: a refund or a payout. An attempt is one sending of it. A disbursement has
many attempts, at most one of them not proved failed.
"""

import hashlib
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.clock import HOUR, SECOND, Instant

ATTEMPT_ID: Final = "at"
PAYEE_ID: Final = "py"
FINDING_ID: Final = "fd"
LEASE: Final[Instant] = 90 * SECOND
"""How long a sending may take; after it nobody knows whether the request left (law: sending, 1)."""
APPROVAL_LASTS: Final[Instant] = 24 * HOUR
MOST_CENTS: Final = 250_000 * 100
"""M-PESA's own limit of one payment; no setting goes above it (law: who may)."""


class DisbursementKind(StrEnum):
    """What a disbursement is to the outside."""

    REFUND = "refund"
    PAYOUT = "payout"


ID_OF_KIND: Final = {DisbursementKind.REFUND: "rf", DisbursementKind.PAYOUT: "po"}
"""How the ids of each kind begin."""


class Way(StrEnum):
    """By which of Daraja's APIs the money goes out (law: which way)."""

    REVERSAL = "reversal"
    B2C = "b2c"


class DisbursementStatus(StrEnum):
    """Where a disbursement stands; computed from its steps and its attempts, never set."""

    REQUESTED = "requested"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    LAPSED = "lapsed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    RETURNED = "returned"


class AttemptStatus(StrEnum):
    """Where one sending stands; computed from its evidence."""

    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    RETURNED = "returned"


class Waiting(StrEnum):
    """What an approved or requested disbursement waits for."""

    NEEDS_FUNDS = "needs_funds"
    CAP = "cap"
    DELAY = "delay"
    PAYEE_WAIT = "payee_wait"
    STOPPED = "stopped"


class StepKind(StrEnum):
    """What a person, or for a lapse the time, did about a disbursement."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    RETRIED = "retried"


class OutFlag(StrEnum):
    """Why a person should look at an attempt or a disbursement."""

    AMOUNT_DIFFERS = "amount_differs"
    CODE_UNKNOWN = "code_unknown"
    DUPLICATE_ID = "duplicate_id"
    """Daraja says that it knows our id of a request, which it was sent once."""
    NAME_DIFFERS = "name_differs"
    NOT_FINAL = "not_final"
    """A Result whose code says neither that money went out nor that it did not."""
    PAID_OUT_TWICE = "paid_out_twice"
    RECEIPT_CONFLICT = "receipt_conflict"
    RECIPIENT_DIFFERS = "recipient_differs"
    REVERSED_ELSEWHERE = "reversed_elsewhere"
    STUCK = "stuck"


class Disbursement(NamedTuple):
    """A disbursement's row; the fields are the table's columns, in their order.

    `needs_second_person`: not so where the amount is below POKEA_OUT_SECOND_PERSON_FROM, and then `approved_by` stays
    empty. `next_action_at` is when the worker looks at it.
    """

    id: str
    merchant_id: int
    kind: str
    payment_id: str | None
    payee_id: str | None
    booking_id: str | None
    decision_id: str | None
    amount_cents: int
    recipient: str
    way: str
    reason: str
    requested_by: str
    retried_by: str | None
    created_at: Instant
    nonce: str
    digest: str
    needs_second_person: bool
    version: int
    status: str
    approved_by: str | None
    approved_at: Instant | None
    is_over_cap: bool
    waiting: str | None
    receipt: str | None
    failure_code: str | None
    failure_reason: str | None
    completed_at: Instant | None
    flags: str
    next_action_at: Instant | None

    @property
    def source_of_money(self) -> str:
        """The payment whose money goes back, or the payee who is paid."""
        return self.payment_id or self.payee_id or ""


class OutStep(NamedTuple):
    """One thing that was done about a disbursement; the fields are the table's columns, in their order."""

    disbursement_id: str
    number: int
    kind: str
    subject: str
    reason: str | None
    digest: str | None
    made_at: Instant


class OutAttempt(NamedTuple):
    """One sending's row; the fields are the table's columns, in their order.

    `is_live`: not proved failed so far; once that ends it never begins again. `originator_id` is our id of a B2C
    payment, `request_id` Daraja's ConversationID, `digest` what was approved.
    """

    id: str
    merchant_id: int
    disbursement_id: str
    number: int
    way: str
    amount_cents: int
    recipient: str
    original_receipt: str | None
    originator_id: str | None
    digest: str
    created_at: Instant
    version: int
    status: str
    is_live: bool
    lease_until: Instant
    request_id: str | None
    receipt: str | None
    receiver_name: str | None
    charge_cents: int | None
    completed_at: Instant | None
    failure_code: str | None
    failure_reason: str | None
    flags: str
    inquiries: int
    last_inquiry_at: Instant | None
    next_action_at: Instant | None

    @property
    def terms(self) -> "AttemptTerms":
        """What was sent."""
        return AttemptTerms(
            self.id, Way(self.way), self.amount_cents, self.recipient, self.original_receipt, self.originator_id
        )

    @property
    def raised(self) -> tuple[OutFlag, ...]:
        """Why a person should look at it."""
        return tuple(OutFlag(name) for name in self.flags.split(",") if name)


class AttemptTerms(NamedTuple):
    """What was sent: fixed when the attempt is made."""

    attempt_id: str
    way: Way
    amount_cents: int
    recipient: str
    original_receipt: str | None
    originator_id: str | None


def digest_of(
    disbursement_id: str, kind: str, *, amount_cents: int, recipient: str, way: str, source: str, nonce: str
) -> str:
    """What an approval is of: any change of these makes another digest and voids the approval (law: who may).

    64 hexadecimal digits. `source` is the payment or the payee.
    """
    parts = (disbursement_id, kind, str(amount_cents), recipient, way, source, nonce)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def balance_owner(merchant_id: int, shortcode: str) -> str:
    """Whose the addresses of a question about this account's balance are."""
    return f"bal_{merchant_id}_{shortcode}"


def read_balance_owner(owner_id: str) -> tuple[int, str] | None:
    """The merchant and the shortcode that `balance_owner` was given; None for the id of anything else."""
    prefix, _, rest = owner_id.partition("_")
    merchant, _, shortcode = rest.partition("_")
    return (int(merchant), shortcode) if prefix == "bal" and merchant.isdecimal() and shortcode else None
