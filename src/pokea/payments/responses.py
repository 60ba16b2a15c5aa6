"""The forms of the payment calls' answers, for the OpenAPI document; `schemas` makes the bodies themselves."""

from typing import Literal

from pydantic import Field

from pokea.api.bodies import Outgoing
from pokea.daraja.codes.types import NextStep
from pokea.operations.decision import Flag, Status


class PaymentFailure(Outgoing):
    """Why a payment failed."""

    code: str | None = Field(description="Daraja's code; null when there was none.")
    reason: str | None = Field(description="One word for programs, such as `cancelled` or `no_answer`.")
    message: str = Field(description="A sentence for the customer, in the language of `Accept-Language`.")
    retryable: bool = Field(description="Whether the customer may be prompted again now.")
    next_step: NextStep = Field(
        description="The one thing for the customer to do: `try_again` (once `retryable`), `another_number` "
        "or `contact_business`."
    )


class Transaction(Outgoing):
    """A payment."""

    id: str
    status: Status
    amount: int | float = Field(description="In shillings.")
    currency: Literal["KES"]
    payment_method: Literal["mpesa"]
    mpesa_receipt_number: str | None = Field(description="M-PESA's receipt, once it is known.")
    created_at: str
    completed_at: str | None
    type: Literal["booking_fee"]
    booking_id: str
    phone_number: str = Field(description="Masked, as on M-PESA's own statements.")
    message: str = Field(
        description="What is known and what the customer does next, in the language of `Accept-Language`."
    )
    failure: PaymentFailure | None
    review: list[Flag] = Field(description="Why a person should look at it; mostly empty.")
    expires_at: str = Field(description="Until then the prompt may be answered.")
    version: int = Field(description="Rises with every change that can be seen.")


class StatusAnswer(Outgoing):
    """One payment."""

    success: Literal[True]
    transaction: Transaction


class PushData(Outgoing):
    """A prompt that was sent, or of which it is not known yet whether it was."""

    transaction_id: str
    request_id: str | None = Field(
        alias="checkoutRequestId", description="Daraja's id; null while the outcome of the push is unknown."
    )
    customer_message: str
    client_secret: str = Field(description="Reads this one payment for 24 hours, as a bearer token.")
    expires_at: str
    phone_number: str = Field(description="Masked.")
    hint: str | None = Field(description="What may be wrong with the number, though it was prompted.")


class PushResponse(Outgoing):
    """The answer to a push."""

    success: Literal[True]
    message: str
    data: PushData


class HistoryAnswer(Outgoing):
    """A page of payments, newest first."""

    success: Literal[True]
    count: int = Field(description="Transactions on this page.")
    total: int
    page: int
    pages: int
    transactions: list[Transaction]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last.")
    age_seconds: int = Field(
        ge=0, description="So many seconds old this page is at the most; 0 where it shows how things stand now."
    )
    cut: bool = Field(False, description="There is more than a search returns; left out otherwise.")
