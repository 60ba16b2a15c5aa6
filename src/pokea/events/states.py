"""How objects stand at a version, as their events show it: no phone, no name, no customer (law: event types).

Fields are only ever added. What is not known yet is null; what exists for one status alone is left out of the others.
The order of the fields is the order in the body.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

_SHILLINGS: Final = "In shillings."
_FEE: Final = "`unpaid`, `held`, `disputed`, `released`, `refunding`, `partly_refunded` or `refunded`."


class PaymentState(Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment of a booking's fee."""

    booking_id: Annotated[str, Meta(description="The booking whose fee is paid.")]
    reference: Annotated[str, Meta(description="The booking's reference, as the prompt and statements show it.")]
    status: Annotated[str, Meta(description="`initiated`, `pending`, `completed` or `failed`.")]
    amount: Annotated[int | float, Meta(description=_SHILLINGS)]
    currency: Literal["KES"] = "KES"
    receipt: Annotated[str | None, Meta(description="M-PESA's receipt; null until it is known.")]
    review: Annotated[list[str], Meta(description="Why a person should look at the payment; usually empty.")]
    reason: Annotated[str, Meta(description="Why no money came; only where the payment has failed.")] | UnsetType = (
        UNSET
    )


class BookingState(Struct, frozen=True, kw_only=True, rename="camel"):
    """A booking and its fee."""

    reference: Annotated[str, Meta(description="Shown in the prompt and on statements.")]
    status: Annotated[str, Meta(description="`awaiting_payment`, then `matching` once the fee is held.")]
    fee_status: Annotated[str, Meta(description=_FEE)]
    amount: Annotated[int | float, Meta(description=f"The fee. {_SHILLINGS}")]
    currency: Literal["KES"] = "KES"
    payment_id: Annotated[str | None, Meta(description="The payment that paid the fee; null before.")]


class DisbursementEventState(Struct, frozen=True, kw_only=True, rename="camel"):
    """Money that goes out: a refund of a payment, or a payout to a payee."""

    status: Annotated[str, Meta(description="Where it stands, as the last word of the type.")]
    amount: Annotated[int | float, Meta(description=_SHILLINGS)]
    currency: Literal["KES"] = "KES"
    way: Annotated[str, Meta(description="`reversal` or `b2c`.")]
    payment_id: Annotated[str | None, Meta(description="The payment whose money goes back; null for a payout.")]
    payee_id: Annotated[str | None, Meta(description="The payee who is paid; null for a refund.")]
    booking_id: Annotated[str | None, Meta(description="The booking that it belongs to, if any.")]
    receipt: Annotated[str | None, Meta(description="M-PESA's receipt; null until it is known.")]
    review: Annotated[list[str], Meta(description="Why a person should look at it; usually empty.")]


class EndpointState(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint to which nothing is sent any more."""

    url: Annotated[str, Meta(description="Its address.")]
    status: Literal["disabled"] = "disabled"
    reason: Annotated[str, Meta(description="`gone` after a 410, `failing` after five days of failures.")]


class PingState(Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that an admin asked for, to see whether an endpoint takes what it is sent."""

    endpoint_id: Annotated[str, Meta(description="The endpoint that it is sent to.")]
