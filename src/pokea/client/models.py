"""What the service answers, as values. Written by `make docs` from our OpenAPI.

A field that the service adds later is passed over, and a new word of a closed list is taken as it is, so
that an older client goes on working. Amounts are in shillings, instants are aware and in UTC.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    BookingStatus: TypeAlias = Literal["awaiting_payment", "matching"]
    FeeStatus: TypeAlias = Literal["unpaid", "held", "disputed", "released", "refunded", "refunding", "partly_refunded"]
    Status: TypeAlias = Literal["initiated", "pending", "completed", "failed"]
    NextStep: TypeAlias = Literal["try_again", "another_number", "contact_business"]
    Flag: TypeAlias = Literal[
        "amount_differs", "code_unknown", "paid_twice", "receipt_conflict", "several_receipts", "stuck"
    ]
    LinkState: TypeAlias = Literal["open", "expired", "spent", "off"]
    EndpointStatus: TypeAlias = Literal["enabled", "disabled"]
    DisbursementStatus: TypeAlias = Literal[
        "requested",
        "rejected",
        "withdrawn",
        "approved",
        "lapsed",
        "sending",
        "accepted",
        "unknown",
        "completed",
        "failed",
        "returned",
    ]
    Waiting: TypeAlias = Literal["needs_funds", "cap", "delay", "payee_wait", "stopped"]
    Way: TypeAlias = Literal["reversal", "b2c"]
else:
    # At run time any text is taken: a newer service may have more words.
    BookingStatus = str
    FeeStatus = str
    Status = str
    NextStep = str
    Flag = str
    LinkState = str
    EndpointStatus = str
    DisbursementStatus = str
    Waiting = str
    Way = str


class BookingFee(Struct, frozen=True, kw_only=True, rename="camel"):
    """The fee of a booking."""

    amount: int | float
    """In shillings."""
    currency: str = "KES"
    status: FeeStatus
    """`unpaid`, `held` in escrow, `released`, `refunding`, `partly_refunded`, or `refunded`."""
    paid_at: datetime | None
    """When the payment completed; null before."""


class Booking(Struct, frozen=True, kw_only=True, rename="camel"):
    """A booking."""

    id: str
    reference: str
    service: str
    customer_id: str
    status: BookingStatus
    """`awaiting_payment`, then `matching` once the fee is held."""
    business_name: str | None = None
    """Who is paid, as M-PESA shows it (POKEA_BUSINESS_NAME); null when that is not set."""
    booking_fee: BookingFee
    created_at: datetime


class PaymentFailure(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a payment failed."""

    code: str | None
    """Daraja's code; null when there was none."""
    reason: str | None
    """One word for programs, such as `cancelled` or `no_answer`."""
    message: str
    """A sentence for the customer, in the language of `Accept-Language`."""
    retryable: bool
    """Whether the customer may be prompted again now."""
    next_step: NextStep
    """The one thing for the customer to do: `try_again` (once `retryable`), `another_number` or `contact_business`."""


class Payment(Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment."""

    id: str
    status: Status
    amount: int | float
    """In shillings."""
    currency: str
    payment_method: str
    mpesa_receipt_number: str | None
    """M-PESA's receipt, once it is known."""
    created_at: datetime
    completed_at: datetime | None
    type: str
    booking_id: str
    phone_number: str
    """Masked, as on M-PESA's own statements."""
    message: str
    """What is known and what the customer does next, in the language of `Accept-Language`."""
    failure: PaymentFailure | None
    review: tuple[Flag, ...]
    """Why a person should look at it; mostly empty."""
    expires_at: datetime
    """Until then the prompt may be answered."""
    version: int
    """Rises with every change that can be seen."""


class Push(Struct, frozen=True, kw_only=True, rename="camel"):
    """A prompt that was sent, or of which it is not known yet whether it was."""

    transaction_id: str
    checkout_request_id: str | None
    """Daraja's id; null while the outcome of the push is unknown."""
    customer_message: str
    client_secret: str
    """Reads this one payment for 24 hours, as a bearer token."""
    expires_at: datetime
    phone_number: str
    """Masked."""
    hint: str | None
    """What may be wrong with the number, though it was prompted."""


class Link(Struct, frozen=True, kw_only=True, rename="camel"):
    """A link."""

    id: str
    url: str
    """The address to send."""
    title: str
    amount: int | float | None
    """In shillings; null where the payer types it."""
    reference: str | None
    expires_at: datetime | None
    once: bool
    active: bool
    state: LinkState
    """`open`, `expired`, `spent` (paid, of a link that is paid once) or `off`."""
    created_at: datetime


class Webhook(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint."""

    id: str
    url: str
    types: tuple[str, ...]
    description: str | None
    latest_only: bool
    status: EndpointStatus
    """`disabled`: nothing is sent, and what happens waits."""
    disabled_at: datetime | None = None
    """Only of one that is disabled."""
    reason: str | None = None
    """Why it is disabled: `gone` (it answered 410) or `failing` (for five days)."""
    failing_since: str | None
    """When the first of its failures in a row was; null while it works."""
    next_probe_at: datetime | None
    """When it is tried next, after five failures in a row."""
    created_at: datetime
    secret: str | None = None
    """What its messages are signed with; only in the answer that makes it."""


class Delivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far an object has come at the endpoint."""

    object: str
    """The object's id."""
    acked_version: int
    """The endpoint has this version and those before that it subscribes to."""
    wanted_version: int
    """The newest version that it subscribes to."""
    again: tuple[int, ...]
    """Versions that are sent again."""
    status: str
    """`parked`: ten attempts failed while other events arrived; replay it."""
    attempts: int
    """Failures in a row while other events arrived."""
    due_at: datetime | None
    """From when on it is sent; null where nothing waits."""
    tried_at: datetime | None
    """When something was last sent."""
    tried_version: int | None
    answer_status: int | None
    """The status that came then; 0 for none."""
    answer: str | None
    """The beginning of that answer, or why there was none."""


class Event(Struct, frozen=True, kw_only=True, rename="camel"):
    """An event with its place in the list."""

    sequence: int
    """Its place in the list of all events; the numbers have no gap."""
    id: str
    """The same for ever: the key against duplicates."""
    type: str
    timestamp: str
    data: dict[str, object]
    """The object as it was at this version: see docs/events.md."""
    livemode: bool
    """Whether real money moves: true in production only."""


class OutFailure(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why no money went out."""

    code: str | None
    """Daraja's code, where it gave one (docs/codes.md)."""
    message: str


class OutAttempt(Struct, frozen=True, kw_only=True, rename="camel"):
    """One sending."""

    id: str
    way: Way
    status: str
    """`sending`, `accepted`, `unknown`, `completed`, `failed` or `returned`."""
    flags: tuple[str, ...]
    """Why a person should look at it; usually empty."""
    receipt: str | None
    """M-PESA's receipt of the movement."""
    sent_at: datetime
    failure: OutFailure | None


class Finding(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a person found out about a sending whose outcome is unknown."""

    id: str
    attempt_id: str
    paid: bool
    receipt: str | None
    statement: str | None
    """The digest of the statement in which no line fits."""
    reason: str | None
    found_by: str
    found_at: datetime
    confirms: str | None
    """The finding of another person that this one confirms."""


class Refund(Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment's money that goes back to the phone that paid."""

    id: str
    status: DisbursementStatus
    """Computed from what people did and what is proved."""
    waiting: Waiting | None
    """`needs_funds`, `cap`, `delay`, `payee_wait` or `stopped`: what it waits for."""
    amount: int | float
    """In shillings."""
    currency: str = "KES"
    way: Way
    recipient: str
    """The number that gets the money, masked."""
    reason: str
    requested_by: str | None
    """Null for a customer."""
    retried_by: str | None
    approved_by: str | None
    """Null before, and where no second person is needed."""
    digest: str | None
    """What is approved: any change makes another one. Null for a customer."""
    attempts: tuple[OutAttempt, ...]
    findings: tuple[Finding, ...]
    receipt: str | None
    """M-PESA's receipt, once it is proved that the money went out."""
    failure: OutFailure | None
    flags: tuple[str, ...]
    """Why a person should look at it; usually empty."""
    version: int
    created_at: datetime
    approved_at: datetime | None
    completed_at: datetime | None
    payment_id: str


class Payout(Struct, frozen=True, kw_only=True, rename="camel"):
    """Money that goes to a payee."""

    id: str
    status: DisbursementStatus
    """Computed from what people did and what is proved."""
    waiting: Waiting | None
    """`needs_funds`, `cap`, `delay`, `payee_wait` or `stopped`: what it waits for."""
    amount: int | float
    """In shillings."""
    currency: str = "KES"
    way: Way
    recipient: str
    """The number that gets the money, masked."""
    reason: str
    requested_by: str | None
    """Null for a customer."""
    retried_by: str | None
    approved_by: str | None
    """Null before, and where no second person is needed."""
    digest: str | None
    """What is approved: any change makes another one. Null for a customer."""
    attempts: tuple[OutAttempt, ...]
    findings: tuple[Finding, ...]
    receipt: str | None
    """M-PESA's receipt, once it is proved that the money went out."""
    failure: OutFailure | None
    flags: tuple[str, ...]
    """Why a person should look at it; usually empty."""
    version: int
    created_at: datetime
    approved_at: datetime | None
    completed_at: datetime | None
    payee_id: str
    booking_id: str | None


class Payee(Struct, frozen=True, kw_only=True, rename="camel"):
    """A payee, whole: who confirms it compares the number."""

    id: str
    name: str
    phone_number: str
    customer_id: str | None
    status: str
    """`waiting`: confirmed, and not paid before `payableFrom`. `held`: M-PESA returned another name than before, so
    that another person has to confirm it anew."""
    payable_from: str | None
    changed_by: str
    changed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    created_at: datetime
