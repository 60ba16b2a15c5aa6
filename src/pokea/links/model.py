"""A payment link: what it asks for, and whether it can be paid now. Pure."""

from enum import StrEnum
from typing import Final, NamedTuple

from pokea.bookings.rules import LINK_CUSTOMER, LONGEST_REFERENCE
from pokea.clock import Instant

LINK_ID: Final = "ln"
LONGEST_SHARED_REFERENCE: Final = 7
"""Characters of the reference of a link that is paid many times: each payment adds a dash and four of its own."""


class LinkState(StrEnum):
    """Whether a link can be paid, and if not, why."""

    OPEN = "open"
    EXPIRED = "expired"
    SPENT = "spent"
    OFF = "off"


class Link(NamedTuple):
    """A link's row. `booking_id` is the one booking of a link that is paid once, from its first payer on."""

    id: str
    merchant_id: int
    title: str
    amount_cents: int | None
    reference: str | None
    expires_at: Instant | None
    is_once: bool
    is_active: bool
    booking_id: str | None
    created_at: Instant


class LinkView(NamedTuple):
    """A link, and whether the one booking of a link that is paid once has been paid."""

    link: Link
    is_paid: bool

    def state(self, now: Instant) -> LinkState:
        """Whether the link can be paid at this time."""
        link = self.link
        if link.is_once and self.is_paid:
            return LinkState.SPENT
        if not link.is_active:
            return LinkState.OFF
        if link.expires_at is not None and link.expires_at <= now:
            return LinkState.EXPIRED
        return LinkState.OPEN


class LinkPayment(NamedTuple):
    """A booking that a link has made, and the end of its receipt's address."""

    booking_id: str
    link_id: str
    merchant_id: int
    receipt_token: str
    created_at: Instant


def references_of(link: Link, made: list[str]) -> list[str]:
    """The references to try for a new booking of the link, given references as `bookings.rules` makes them.

    A link that is paid once gives its own; another adds to it the end of a made one, so that statements tell its
    payments apart.
    """
    if link.reference is None:
        return made
    if link.is_once:
        return [link.reference]
    left = LONGEST_REFERENCE - len(link.reference) - 1
    return [f"{link.reference}-{each.removeprefix('BK-')[-left:]}" for each in made]


def customer_of(booking_id: str) -> str:
    """The customer id of a booking that a link makes: nobody's but its own."""
    return LINK_CUSTOMER + booking_id
