"""Making bookings: one change for all that are asked for together, which may be run again and then finds its own work
done."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection

from pokea.bookings.events import created
from pokea.bookings.rules import BookingStatus, FeeStatus, fold_reference
from pokea.bookings.store import Booking, find, find_all, ids_by_reference, insert_booking, insert_free
from pokea.clock import Instant
from pokea.errors import ApiError
from pokea.events.outbox import add_events
from pokea.scope import Scope
from pokea.storage.idempotency import IdempotencyKey, Reservation, release, reserve, reserve_all
from pokea.storage.statements import advisory_lock

REFERENCES_TRIED = 4
"""With a billion bookings one random reference in 34 is taken, and four in a row once in a million."""


class Draft(NamedTuple):
    """A booking to be made. `references` are tried in turn; one that the caller chose stands alone."""

    scope: Scope
    id: str
    references: Sequence[str]
    service: str
    customer_id: str
    fee_cents: int
    created_at: Instant


class Created(NamedTuple):
    """The booking as it was when it was made, and whether an earlier call with the same key made it."""

    booking: Booking
    replayed: bool


class BookingRequest(NamedTuple):
    """A booking that is asked for, and under which idempotency key."""

    draft: Draft
    key: IdempotencyKey | None


Answer: TypeAlias = Created | ApiError
"""What becomes of a request. An ApiError is for its caller, and leaves nothing behind."""


def create_bookings(connection: Connection, requests: Sequence[BookingRequest]) -> list[Answer]:
    """Make what is asked for, as if one request came after another: first those that share nothing with one before
    them. Answers one for each, in their order."""
    answers: dict[str, Answer] = _made_together(connection, _told_apart(requests))
    for each in requests:
        if each.draft.id not in answers:
            answers[each.draft.id] = _made_alone(connection, each)
    return [answers[each.draft.id] for each in requests]


def _told_apart(requests: Sequence[BookingRequest]) -> list[BookingRequest]:
    """The requests that share neither key nor reference with one before them."""
    found: list[BookingRequest] = []
    seen: set[object] = set()
    for each in requests:
        key = {each.key.name} if each.key is not None else set()
        names = {*key, _lock_of(each.draft)}
        if not names & seen:
            found.append(each)
        seen |= names
    return found


def _made_together(connection: Connection, requests: Sequence[BookingRequest]) -> dict[str, Answer]:
    """What is clear at once, in a few statements for all; the rest is left out."""
    keyed = [Reservation(each.key, each.draft.id, each.draft.created_at) for each in requests if each.key is not None]
    earlier = reserve_all(connection, keyed)
    fresh = [each.draft for each in requests if each.key is None or earlier[each.key.name] is None]
    # The unique index tells `Room-9` from `ROOM-9`: who makes either waits for the other's maker, then looks.
    advisory_lock(connection, {_lock_of(draft) for draft in fresh})
    made = {draft.id: _new(draft, draft.references[0]) for draft in fresh}
    answers: dict[str, Answer] = {}
    inserted = insert_free(connection, list(made.values()))
    add_events(connection, [created(booking) for booking in made.values() if booking.id in inserted])
    for booking_id in inserted:
        answers[booking_id] = Created(made[booking_id], replayed=False)
    first_ids = {each.draft.id: earlier[each.key.name] for each in requests if each.key is not None}
    known = find_all(connection, {first for first in first_ids.values() if isinstance(first, str)})
    for booking_id, first in first_ids.items():
        if isinstance(first, ApiError):
            answers[booking_id] = first
        elif first is not None and first in known:
            answers[booking_id] = Created(as_made(known[first]), replayed=True)
    return answers


def _lock_of(draft: Draft) -> str:
    return f"reference {fold_reference(draft.references[0])}"


def _made_alone(connection: Connection, request: BookingRequest) -> Answer:
    try:
        return create_booking(connection, *request)
    except ApiError as refusal:
        if request.key is not None:
            # The transaction goes on, so the key must not stay bound to what is not made.
            release(connection, request.key, request.draft.id)
        return refusal


def create_booking(connection: Connection, draft: Draft, key: IdempotencyKey | None) -> Created:
    """Make the booking, or find the one that the first call with the key made.

    Raises ApiError `reference_taken`, `idempotency_key_reused`, or `unavailable` when every random reference was taken.
    """
    first = None if key is None else reserve(connection, key, draft.id, draft.created_at)
    if first is not None:
        return Created(as_made(_existing(connection, first)), replayed=True)
    for reference in draft.references:
        booking = _new(draft, reference)
        # The unique index tells `Room-9` from `ROOM-9`: who makes either waits for the other's maker, then looks.
        advisory_lock(connection, [f"reference {fold_reference(reference)}"])
        if not ids_by_reference(connection, draft.scope, reference) and insert_booking(connection, booking):
            add_events(connection, [created(booking)])
            return Created(booking, replayed=False)
    ours = find(connection, draft.id)
    if ours is not None:
        return Created(as_made(ours), replayed=False)
    if len(draft.references) == 1:
        raise ApiError("reference_taken", "Another booking has this reference; choose another one, or leave it out.")
    raise ApiError("unavailable", "No free reference was found for the booking; try again.", retry_after_seconds=1)


def as_made(booking: Booking) -> Booking:
    """The booking as the first call's answer showed it, whatever has been paid since."""
    return booking._replace(
        status=BookingStatus.AWAITING_PAYMENT, fee_status=FeeStatus.UNPAID, fee_payment_id=None, paid_at=None, version=1
    )


def _new(draft: Draft, reference: str) -> Booking:
    return Booking(
        id=draft.id,
        merchant_id=draft.scope.merchant_id,
        reference=reference,
        service=draft.service,
        customer_id=draft.customer_id,
        status=BookingStatus.AWAITING_PAYMENT,
        fee_cents=draft.fee_cents,
        fee_status=FeeStatus.UNPAID,
        fee_payment_id=None,
        paid_at=None,
        created_at=draft.created_at,
    )


def _existing(connection: Connection, booking_id: str) -> Booking:
    booking = find(connection, booking_id)
    if booking is None:
        raise LookupError(f"an idempotency key points to {booking_id}, which is not there")
    return booking
