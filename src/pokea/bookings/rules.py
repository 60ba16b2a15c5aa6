"""A booking and its fee: the states as tables, who may set what, and references that fit Daraja. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from pokea.errors import ApiError
from pokea.money import CENTS


class FeeStatus(StrEnum):
    """Where the money of a booking's fee is."""

    UNPAID = "unpaid"
    HELD = "held"
    DISPUTED = "disputed"
    """The customer disputes it: it is neither released nor refunded without an admin's decision."""
    RELEASED = "released"
    REFUNDED = "refunded"
    REFUNDING = "refunding"
    """A refund was approved, and not all of it is proved to have gone out."""
    PARTLY_REFUNDED = "partly_refunded"
    """A part has gone back, and the rest is held."""


class BookingStatus(StrEnum):
    """How far a booking has come."""

    AWAITING_PAYMENT = "awaiting_payment"
    MATCHING = "matching"


class FeeEvent(StrEnum):
    """What can happen to a fee."""

    PAID = "paid"
    RELEASED = "released"
    REFUNDED = "refunded"


TRANSITIONS: Final[Mapping[tuple[FeeStatus, FeeEvent], FeeStatus]] = {
    (FeeStatus.UNPAID, FeeEvent.PAID): FeeStatus.HELD,
    (FeeStatus.HELD, FeeEvent.RELEASED): FeeStatus.RELEASED,
    (FeeStatus.HELD, FeeEvent.REFUNDED): FeeStatus.REFUNDED,
}
"""Every change of a fee by one event; what is not in the table does not happen. Refunds change a fee by their sums
(`fees`)."""

STATUS_OF_FEE: Final[Mapping[FeeStatus, BookingStatus]] = {
    FeeStatus.UNPAID: BookingStatus.AWAITING_PAYMENT,
    FeeStatus.HELD: BookingStatus.MATCHING,
    FeeStatus.DISPUTED: BookingStatus.MATCHING,
    FeeStatus.RELEASED: BookingStatus.MATCHING,
    FeeStatus.REFUNDED: BookingStatus.MATCHING,
    FeeStatus.REFUNDING: BookingStatus.MATCHING,
    FeeStatus.PARTLY_REFUNDED: BookingStatus.MATCHING,
}
"""A booking's status follows its fee."""

LONGEST_REFERENCE = 12
"""Characters of Daraja's AccountReference (daraja: STK push request)."""

LINK_CUSTOMER: Final = "link:"
"""How the customer id of a booking begins that a payment link has made; the booking's own id follows."""

_REFERENCE = re.compile(rf"[A-Za-z0-9-]{{1,{LONGEST_REFERENCE}}}")
_RANDOM_CHARACTERS = 7


def after(fee: FeeStatus, event: FeeEvent) -> FeeStatus | None:
    """The fee's status after the event; None when the event cannot happen to such a fee."""
    return TRANSITIONS.get((fee, event))


def is_reference(text: str) -> bool:
    """Whether the text fits Daraja's AccountReference, in characters that every screen shows."""
    return _REFERENCE.fullmatch(text) is not None


def reference_from(identifier: str) -> str:
    """A reference such as `BK-7Q2M4XN`, from the random end of a fresh identifier of `pokea.ids`."""
    return f"BK-{identifier[-_RANDOM_CHARACTERS:].upper()}"


class BookingTerms(NamedTuple):
    """For whom a booking is made, and for how much."""

    customer_id: str
    fee_cents: int


def terms_for(
    subject: str, is_admin: bool, customer_id: str | None, amount_shillings: int | None, default_fee_cents: int
) -> BookingTerms:
    """The terms of a new booking; raises ApiError `forbidden` when a customer sets what only an admin may."""
    for name, value in (("customerId", customer_id), ("amount", amount_shillings)):
        if value is not None and not is_admin:
            raise ApiError("forbidden", f"Only a token with the scope `admin` may set `{name}`; leave it out.")
    fee_cents = default_fee_cents if amount_shillings is None else amount_shillings * CENTS
    return BookingTerms(customer_id or subject, fee_cents)


def fold_reference(text: str) -> str:
    """What makes two references one: people copy them from a prompt or a statement without regard to case."""
    return " ".join(text.casefold().split())
