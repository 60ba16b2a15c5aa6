"""What the bookings' calls take and answer."""

import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from pokea.api.auth.tokens import LONGEST_SUBJECT, is_subject
from pokea.api.bodies import Incoming, Outgoing, Shillings
from pokea.bookings.rules import LONGEST_REFERENCE, BookingStatus, FeeStatus, is_reference
from pokea.bookings.store import Booking
from pokea.clock import iso
from pokea.money import shillings_json

LONGEST_SERVICE = 100


# Such a character turns around or hides what stands beside it, on every page that shows the text.
_DECEPTIVE = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


def one_line(field: str) -> Callable[[str], str]:
    """A validator of a text of one line that people are shown, whose sentences name the field."""

    def check(text: str) -> str:
        if not 0 < len(text) <= LONGEST_SERVICE or any(unicodedata.category(character) == "Cc" for character in text):
            raise ValueError(f"`{field}` must be one line of 1 to {LONGEST_SERVICE} characters.")
        if _DECEPTIVE.intersection(text):
            raise ValueError(f"`{field}` must not hold characters that set the direction of text or end a line.")
        return text

    return check


def _reference(text: str) -> str:
    if not is_reference(text):
        raise ValueError("`reference` must be 1 to 12 letters, digits or dashes, such as BK-7Q2M4XN; or leave it out.")
    return text


def _customer_id(text: str) -> str:
    if not is_subject(text):
        raise ValueError(f"`customerId` must be 1 to {LONGEST_SUBJECT} printable characters, as in the token's `sub`.")
    return text


_UNFIT = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"


def _documented(pattern: str, longest: int) -> Any:
    """What the validators check, for the document; their sentences are clearer than a pattern's."""
    return Field(json_schema_extra={"minLength": 1, "maxLength": longest, "pattern": pattern})


ONE_LINE = _documented(rf"^[^{_UNFIT}]*[^\s{_UNFIT}][^{_UNFIT}]*$", LONGEST_SERVICE)
"""What `one_line` checks, for the document."""
Service = Annotated[str, AfterValidator(one_line("service")), ONE_LINE]
Reference = Annotated[str, AfterValidator(_reference), _documented("^[A-Za-z0-9-]+$", LONGEST_REFERENCE)]
CustomerId = Annotated[str, AfterValidator(_customer_id), _documented("^[!-~]([ -~]*[!-~])?$", LONGEST_SUBJECT)]


class CreateBooking(Incoming):
    """A booking to be made."""

    service: Service = Field(description="What is booked, in words.")
    reference: Reference | None = Field(
        None,
        description="Shown in the prompt and on statements: 1 to 12 letters, digits or dashes. Made when left out.",
    )
    customer_id: CustomerId | None = Field(
        None, description="Whose booking it is; `admin` only. By default the caller's."
    )
    amount: Shillings | None = Field(
        None, description="The fee in whole shillings; `admin` only. By default the service's fee."
    )


EXAMPLE = {"service": "Plumbing in Kilimani"}


class BookingFee(Outgoing):
    """The fee of a booking."""

    amount: int | float = Field(description="In shillings.")
    currency: Literal["KES"] = "KES"
    status: FeeStatus = Field(
        description="`unpaid`, `held` in escrow, `released`, `refunding`, `partly_refunded`, or `refunded`."
    )
    paid_at: str | None = Field(description="When the payment completed; null before.")


class BookingBody(Outgoing):
    """A booking."""

    id: str
    reference: str
    service: str
    customer_id: str
    status: BookingStatus = Field(description="`awaiting_payment`, then `matching` once the fee is held.")
    business_name: str | None = Field(
        None, description="Who is paid, as M-PESA shows it (POKEA_BUSINESS_NAME); null when that is not set."
    )
    booking_fee: BookingFee
    created_at: str


class BookingAnswer(Outgoing):
    """One booking."""

    success: Literal[True] = True
    booking: BookingBody


class CheckoutAnswer(BookingAnswer):
    """A booking, and the words with which the checkout takes its fee."""

    words: dict[str, str] = Field(description="Words of the checkout by their names, in `Accept-Language`.")


def answer_of(booking: Booking, business_name: str | None = None) -> BookingAnswer:
    """The answer that shows a booking, and the name of the business that is paid where it is set."""
    fee = BookingFee(
        amount=shillings_json(booking.fee_cents),
        status=FeeStatus(booking.fee_status),
        paid_at=iso(booking.paid_at),
    )
    body = BookingBody(
        id=booking.id,
        reference=booking.reference,
        service=booking.service,
        customer_id=booking.customer_id,
        status=BookingStatus(booking.status),
        business_name=business_name,
        booking_fee=fee,
        created_at=iso(booking.created_at) or "",
    )
    return BookingAnswer(booking=body)


BOOKING_EXAMPLE: Final[dict[str, Any]] = {
    "success": True,
    "booking": {
        "id": "bk_01m8emqm5vvnpb1k2m2nmc2k34",
        "reference": "BK-EPTTESY",
        "service": "Plumbing in Kilimani",
        "customerId": "amina",
        "status": "awaiting_payment",
        "businessName": "FIXIT LTD",
        "bookingFee": {"amount": 500, "currency": "KES", "status": "unpaid", "paidAt": None},
        "createdAt": "2026-11-27T13:57:17.627Z",
    },
}
CHECKOUT_EXAMPLE: Final[dict[str, Any]] = {
    **BOOKING_EXAMPLE,
    "words": {"waiting": "Check your phone", "retry": "Try again"},
}
