"""The calls about money that goes out, as values: refunds, payouts, payees, and what becomes of a held fee."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import urlencode

import msgspec

from pokea.client.answers import Page, one, page_of
from pokea.client.calls import LEFT, Call, Left, given, posting, segment
from pokea.client.models import Booking, DisbursementStatus, Payee, Payout, Refund, Way

T = TypeVar("T")
Step: TypeAlias = Literal["done", "release", "dispute"]
Act: TypeAlias = Literal["approve", "reject", "withdraw", "retry"]


class Kind(msgspec.Struct, frozen=True):
    """A kind of disbursement: where its calls are, and the name under which they answer one."""

    path: str
    name: str


REFUNDS = Kind("/refunds", "refund")
PAYOUTS = Kind("/payouts", "payout")


def make_refund(
    key: str, payment_id: str, reason: str, *, amount: int | None, way: Way | None, confirm_repeat: bool
) -> Call[Refund]:
    """POST /refunds."""
    body = given(paymentId=payment_id, reason=reason, amount=amount, way=way, confirmRepeat=confirm_repeat)
    return posting("/refunds", body, key, one(Refund, "refund"))


def make_payout(
    key: str, payee_id: str, amount: int, reason: str, *, booking_id: str | None, confirm_repeat: bool
) -> Call[Payout]:
    """POST /payouts."""
    body = given(payeeId=payee_id, amount=amount, reason=reason, bookingId=booking_id, confirmRepeat=confirm_repeat)
    return posting("/payouts", body, key, one(Payout, "payout"))


def read_one(kind: Kind, model: type[T], object_id: str) -> Call[T]:
    """The call that reads a refund or a payout."""
    return Call("GET", f"{kind.path}/{segment(object_id)}", one(model, kind.name))


def list_some(
    kind: Kind, model: type[T], status: DisbursementStatus | None, limit: int = 100, cursor: str | None = None
) -> Call[Page[T]]:
    """The call that reads a page of refunds or payouts."""
    query = urlencode(given(status=status, limit=limit, cursor=cursor))
    return Call("GET", f"{kind.path}?{query}", page_of(model, f"{kind.name}s"))


def act(kind: Kind, model: type[T], key: str, object_id: str, act_name: Act, **fields: Any) -> Call[T]:
    """The call by which a person approves, rejects, withdraws or retries a refund or a payout."""
    return posting(f"{kind.path}/{segment(object_id)}/{act_name}", given(**fields), key, one(model, kind.name))


def make_payee(key: str, name: str, phone: str, customer_id: str | None) -> Call[Payee]:
    """POST /payees."""
    body = given(name=name, phoneNumber=phone, customerId=customer_id)
    return posting("/payees", body, key, one(Payee, "payee"))


def read_payee(payee_id: str) -> Call[Payee]:
    """GET /payees/{id}."""
    return Call("GET", f"/payees/{segment(payee_id)}", one(Payee, "payee"))


def list_payees(limit: int = 100, cursor: str | None = None) -> Call[Page[Payee]]:
    """GET /payees."""
    return Call("GET", f"/payees?{urlencode(given(limit=limit, cursor=cursor))}", page_of(Payee, "payees"))


def change_payee(
    payee_id: str, *, name: str | None, phone: str | None, customer_id: str | Left | None = LEFT
) -> Call[Payee]:
    """PATCH /payees/{id}."""
    body = given(name=name, phoneNumber=phone) | ({} if isinstance(customer_id, Left) else {"customerId": customer_id})
    return Call("PATCH", f"/payees/{segment(payee_id)}", one(Payee, "payee"), msgspec.json.encode(body))


def confirm_payee(key: str, payee_id: str) -> Call[Payee]:
    """POST /payees/{id}."""
    return posting(f"/payees/{segment(payee_id)}/confirm", {}, key, one(Payee, "payee"))


def decide_fee(
    key: str,
    booking_id: str,
    step: Step,
    *,
    payee_id: str | None = None,
    split: Sequence[Mapping[str, Any]] | None = None,
    reason: str | None = None,
) -> Call[Booking]:
    """POST /bookings/{id}: the service is done, the fee is released to whom it is due, or it is disputed."""
    body = given(payeeId=payee_id, split=split, reason=reason)
    return posting(f"/bookings/{segment(booking_id)}/{step}", body, key, one(Booking, "booking"))


def refund_fee(key: str, booking_id: str, amount: int | None, reason: str | None) -> Call[Refund]:
    """POST /bookings/{id}: the fee, or a part of it, goes back."""
    body = given(amount=amount, reason=reason)
    return posting(f"/bookings/{segment(booking_id)}/refund", body, key, one(Refund, "refund"))
