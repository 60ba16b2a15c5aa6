"""The links' SQL: each statement a function with one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from pokea.bookings.create import Draft, create_booking
from pokea.bookings.rules import FeeStatus
from pokea.bookings.store import Booking
from pokea.bookings.store import find as find_booking
from pokea.clock import Instant
from pokea.links.limits import LinkLimit, count_use
from pokea.links.model import Link, LinkPayment, LinkState, LinkView, customer_of, references_of
from pokea.operations import store as operations
from pokea.operations.store import Payment
from pokea.scope import Scope
from pokea.storage import idempotency
from pokea.storage.idempotency import IdempotencyKey
from pokea.storage.sql import fetch_all, fetch_one
from pokea.storage.statements import advisory_lock, insert_if_new
from pokea.storage.tables import bookings, link_bookings, links

_WIDTH = len(Link._fields)
_VIEWS = select(links, bookings.c.fee_status).outerjoin(bookings, bookings.c.id == links.c.booking_id)
_FIND = _VIEWS.where(links.c.id == bindparam("of_id"))
_PAGE = (
    _VIEWS.where(links.c.merchant_id == bindparam("of_merchant"), links.c.id < bindparam("before"))
    .order_by(links.c.id.desc())
    .limit(bindparam("most"))
)
_BY_BOOKING = select(link_bookings).where(link_bookings.c.booking_id == bindparam("of_booking"))
_BY_RECEIPT = select(link_bookings).where(link_bookings.c.receipt_token == bindparam("of_token"))


class MadeLink(NamedTuple):
    """A link, and whether an earlier call with the same key made it."""

    view: LinkView
    replayed: bool


class PaymentPage(NamedTuple):
    """A booking that a link has made, with the link, unless it was deleted, and the payment that paid the booking."""

    page: LinkPayment
    booking: Booking
    view: LinkView | None
    payment: Payment | None

    def state(self, now: Instant) -> LinkState:
        """Whether the booking can still be paid; a deleted link counts as switched off."""
        return LinkState.OFF if self.view is None else self.view.state(now)


class LinkPaymentRequest(NamedTuple):
    """What the payer of a link wants: the booking's new id, references to try, and the amount where it is open."""

    booking_id: str
    references: list[str]
    amount_cents: int | None
    receipt_token: str
    now: Instant


def make_link(connection: Connection, link: Link, key: IdempotencyKey | None) -> MadeLink | None:
    """Insert the link, or find the one that the first call with the key made; None when that one was deleted.

    Raises ApiError `idempotency_key_reused`.
    """
    first = None if key is None else idempotency.reserve(connection, key, link.id, link.created_at)
    if first is not None:
        view = find_link(connection, first)
        return None if view is None else MadeLink(view, replayed=True)
    insert_if_new(connection, links, link._asdict())
    return MadeLink(LinkView(link, is_paid=False), replayed=False)


def find_link(connection: Connection, link_id: str) -> LinkView | None:
    """The link of this id, which cannot be guessed, whosever it is."""
    row = fetch_one(connection, _FIND, {"of_id": link_id})
    return _view(row) if row else None


def find_own_link(connection: Connection, scope: Scope, link_id: str) -> LinkView | None:
    """The merchant's link of this id."""
    view = find_link(connection, link_id)
    return view if view is not None and view.link.merchant_id == scope.merchant_id else None


def list_links(connection: Connection, scope: Scope, before: str, most: int) -> list[LinkView]:
    """The merchant's newest links whose ids are before this one."""
    values = {"of_merchant": scope.merchant_id, "before": before, "most": most}
    return [_view(row) for row in fetch_all(connection, _PAGE, values)]


def change_link(connection: Connection, scope: Scope, link_id: str, changes: Mapping[str, Any]) -> LinkView | None:
    """Give columns of the merchant's link new values, and answer it as it is then."""
    if changes:
        own = (links.c.id == link_id, links.c.merchant_id == scope.merchant_id)
        connection.execute(update(links).where(*own).values(**changes))
    return find_own_link(connection, scope, link_id)


def delete_link(connection: Connection, scope: Scope, link_id: str) -> bool:
    """Delete the merchant's link, whose payments and receipts stay; says whether it was there."""
    gone = delete(links).where(links.c.id == link_id, links.c.merchant_id == scope.merchant_id).returning(links.c.id)
    return connection.execute(gone).first() is not None


def begin_payment(
    connection: Connection, link_id: str, wanted: LinkPaymentRequest, limits: Sequence[LinkLimit]
) -> LinkPayment | LinkState | None:
    """Make the booking that a payer of the link pays; for a link that is paid once, find the one that is there.

    Answers why it cannot be paid, or None for a link that does not exist. Raises ApiError `too_many_requests`.
    """
    # Two first payers of a link that is paid once must meet at one booking, whose lock lets one of them pay.
    advisory_lock(connection, [f"link {link_id}"])
    view = find_link(connection, link_id)
    if view is None or view.state(wanted.now) is not LinkState.OPEN:
        return None if view is None else view.state(wanted.now)
    link = view.link
    if link.booking_id is not None:
        return _payment_of(connection, link.booking_id)
    count_use(connection, limits, wanted.booking_id, wanted.now)
    cents = wanted.amount_cents if link.amount_cents is None else link.amount_cents
    if cents is None:
        raise ValueError("the payer of a link without an amount gives one")
    draft = Draft(
        Scope(link.merchant_id),
        wanted.booking_id,
        references_of(link, wanted.references),
        link.title,
        customer_of(wanted.booking_id),
        cents,
        wanted.now,
    )
    create_booking(connection, draft, None)
    made = LinkPayment(draft.id, link.id, link.merchant_id, wanted.receipt_token, wanted.now)
    insert_if_new(connection, link_bookings, made._asdict())
    if link.is_once:
        connection.execute(update(links).where(links.c.id == link.id).values(booking_id=draft.id))
    return made


def find_page(connection: Connection, booking_id: str) -> PaymentPage | None:
    """The payment page of a booking that a link has made."""
    found = _payment_of(connection, booking_id)
    return None if found is None else _whole(connection, found)


def find_receipt(connection: Connection, token: str) -> PaymentPage | None:
    """The same by the end of its receipt's address."""
    row = fetch_one(connection, _BY_RECEIPT, {"of_token": token})
    return _whole(connection, LinkPayment(*row)) if row else None


def _payment_of(connection: Connection, booking_id: str) -> LinkPayment | None:
    row = fetch_one(connection, _BY_BOOKING, {"of_booking": booking_id})
    return LinkPayment(*row) if row else None


def _whole(connection: Connection, page: LinkPayment) -> PaymentPage | None:
    booking = find_booking(connection, page.booking_id)
    if booking is None:
        return None
    paid_by = booking.fee_payment_id
    payment = None if paid_by is None else operations.find(connection, paid_by)
    return PaymentPage(page, booking, find_link(connection, page.link_id), payment)


def _view(row: Any) -> LinkView:
    fee_status = row[_WIDTH]
    return LinkView(Link(*row[:_WIDTH]), is_paid=fee_status is not None and fee_status != FeeStatus.UNPAID)
