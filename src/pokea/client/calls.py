"""The calls of the API as values: what is sent, how its answer is read, and whether it may be repeated.

Both faces of the client, the blocking and the asyncio one, make their calls here and differ only in how they wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from pokea.client.answers import Answered, EventPage, Page, Read, nothing, one, page_of, page_of_events, read_answer
from pokea.client.models import Booking, Link, Payment, Push, Status
from pokea.client.retrying import Repeatable

T = TypeVar("T")
API: Final = "/api/v1"
KEY_HEADER: Final = "Idempotency-Key"
_LONGEST_KEY: Final = 255


class Left(msgspec.Struct, frozen=True):
    """A field that is left as it is."""


LEFT: Final = Left()
"""Where None has a meaning of its own: the field is not sent, and stays."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call. With `key` it carries an Idempotency-Key, the same over all attempts."""

    method: str
    path: str
    read: Read[T]
    body: bytes | None = None
    key: str | None = None

    @property
    def repeatable(self) -> Repeatable:
        """Whether it may be sent again while it is not known what became of it."""
        # A link's PATCH sets what it names. A DELETE that was done is answered 404 the second time.
        return Repeatable.YES if self.key is not None or self.method in ("GET", "PATCH") else Repeatable.NO

    def headers(self, token: str) -> dict[str, str]:
        """What is sent in front of the body. Raises ValueError for a token that no header can carry."""
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("the token is empty, or is not one line of ASCII without spaces")
        found = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if self.body is not None:
            found["Content-Type"] = "application/json"
        return found | ({KEY_HEADER: self.key} if self.key is not None else {})

    def value_of(self, answer: Answered) -> T:
        """The value of an answer. Raises CallRefused and NotPokea."""
        return read_answer(answer, self.read)


def make_booking(
    key: str,
    service: str,
    *,
    amount: int | None = None,
    reference: str | None = None,
    customer_id: str | None = None,
) -> Call[Booking]:
    """POST /bookings."""
    body = given(service=service, amount=amount, reference=reference, customerId=customer_id)
    return posting("/bookings", body, key, one(Booking, "booking"))


def read_booking(booking_id: str) -> Call[Booking]:
    """GET /bookings/{id}."""
    return Call("GET", f"/bookings/{segment(booking_id)}", one(Booking, "booking"))


def push(key: str, booking: Booking | str, phone: str, amount: float | None) -> Call[Push]:
    """POST /payments/mpesa/stkpush. Raises TypeError for an id of a booking without an amount."""
    if isinstance(booking, Booking):
        booking_id, fee = booking.id, booking.booking_fee.amount if amount is None else amount
    elif amount is None:
        raise TypeError("with the id of a booking its fee is needed as `amount`; or pass the booking itself")
    else:
        booking_id, fee = booking, amount
    body = {"phoneNumber": phone, "bookingId": booking_id, "amount": fee, "type": "booking_fee"}
    return posting("/payments/mpesa/stkpush", body, key, one(Push, "data"))


def read_payment(payment_id: str) -> Call[Payment]:
    """GET /payments/mpesa/status/{id}."""
    return Call("GET", f"/payments/mpesa/status/{segment(payment_id)}", one(Payment, "transaction"))


def list_payments(
    *,
    status: Status | None = None,
    since: date | None = None,
    until: date | None = None,
    booking_id: str | None = None,
    search: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Call[Page[Payment]]:
    """GET /payments/mpesa/history."""
    query = given(
        status=status, bookingId=booking_id, q=search, limit=limit, cursor=cursor, **{"from": moment_text(since)},
        to=moment_text(until),
    )  # fmt: skip
    return Call("GET", f"/payments/mpesa/history?{urlencode(query)}", page_of(Payment, "transactions"))


def make_link(
    key: str,
    title: str,
    *,
    amount: int | None = None,
    reference: str | None = None,
    expires_at: date | None = None,
    once: bool = False,
) -> Call[Link]:
    """POST /links."""
    body = given(title=title, amount=amount, reference=reference, expiresAt=moment_text(expires_at), once=once)
    return posting("/links", body, key, one(Link, "link"))


def read_link(link_id: str) -> Call[Link]:
    """GET /links/{id}."""
    return Call("GET", f"/links/{segment(link_id)}", one(Link, "link"))


def list_links(*, limit: int = 100, cursor: str | None = None) -> Call[Page[Link]]:
    """GET /links."""
    return Call("GET", f"/links?{urlencode(given(limit=limit, cursor=cursor))}", page_of(Link, "links"))


def change_link(
    link_id: str,
    *,
    title: str | None = None,
    active: bool | None = None,
    expires_at: date | Left | None = LEFT,
) -> Call[Link]:
    """PATCH /links/{id}."""
    body = given(title=title, active=active)
    if not isinstance(expires_at, Left):
        body["expiresAt"] = moment_text(expires_at)
    return Call("PATCH", f"/links/{segment(link_id)}", one(Link, "link"), msgspec.json.encode(body))


def delete_link(link_id: str) -> Call[None]:
    """DELETE /links/{id}."""
    return Call("DELETE", f"/links/{segment(link_id)}", nothing)


def list_events(
    after: int = 0, *, event_type: str | None = None, object_id: str | None = None, limit: int = 100
) -> Call[EventPage]:
    """GET /events."""
    query = urlencode(given(after=after, type=event_type, object=object_id, limit=limit))
    return Call("GET", f"/events?{query}", page_of_events)


def posting(path: str, body: Mapping[str, Any], key: str, read: Read[T]) -> Call[T]:
    """A POST of this body with this key. Raises ValueError for a key that the service would refuse."""
    if not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise ValueError(f"an idempotency key has 1 to {_LONGEST_KEY} printable ASCII characters")
    return Call("POST", path, read, msgspec.json.encode(body), key)


def given(**fields: Any) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in fields.items() if value is not None}


def segment(text: str) -> str:
    """One part of a path. Raises ValueError for an empty id, with which another address would be called."""
    if text in ("", ".", ".."):
        raise ValueError("the id is empty")
    return quote(text, safe="")


def moment_text(moment: date | None) -> str | None:
    """A day or an instant as the API takes it. Raises ValueError for an instant without a time zone."""
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise ValueError("an instant needs a time zone, such as datetime.UTC")
    return None if moment is None else moment.isoformat()
