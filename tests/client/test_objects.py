"""The calls by their objects, on a performer that writes down what it is asked for."""

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from pokea.client import NoReply, NotReached, Page, Payment, StillOpen
from pokea.client.async_objects import AsyncPayments
from pokea.client.calls import Call
from pokea.client.objects import Bookings, Links, Payments

T = TypeVar("T")


class Recorded:
    """A performer whose answers are given; what is an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.left = list(answers)
        self.calls: list[Call[Any]] = []

    def perform(self, call: Call[T]) -> T:
        """The next answer."""
        self.calls.append(call)
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        found: T = answer
        return found


class RecordedAsynchronously:
    """The same for asyncio."""

    def __init__(self, *answers: Any) -> None:
        self.one = Recorded(*answers)

    async def perform(self, call: Call[T]) -> T:
        """The next answer."""
        return self.one.perform(call)


def payment(status: Any = "pending", number: int = 1) -> Payment:
    """A payment of this status."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Payment(
        id=f"pay_{number}", status=status, amount=500, currency="KES", payment_method="mpesa",
        mpesa_receipt_number=None, created_at=moment, completed_at=None, type="booking_fee", booking_id="bk_1",
        phone_number="2547*****678", message="", failure=None, review=(), expires_at=moment, version=1,
    )  # fmt: skip


def test_each_call_has_a_key_of_its_own() -> None:
    """Two calls are two wishes; what the caller names as key is taken as it is."""
    performer = Recorded(None, None, None)
    bookings = Bookings(performer)
    bookings.create("Plumbing")
    bookings.create("Plumbing")
    bookings.create("Plumbing", idempotency_key="order-1")
    first, second, third = [call.key for call in performer.calls]
    assert first is not None
    assert len(first) == 32
    assert first != second
    assert third == "order-1"


def test_waiting_goes_on_while_the_service_is_away() -> None:
    """A service that restarts is asked again; the end of the payment is what is waited for."""
    performer = Recorded(payment(), NotReached("away"), NoReply("away", None), payment("failed"))
    assert Payments(performer).wait("pay_1").status == "failed"
    assert len(performer.calls) == 4


@pytest.mark.parametrize("last", [payment(), NotReached("away")])
def test_waiting_ends_with_its_time(last: Any) -> None:
    """What is known of the payment then comes with the error, and nothing is said of its outcome."""
    performer = Recorded(*[last] * 100)
    with pytest.raises(StillOpen, match="pay_1 has not ended within 0 s") as raised:
        Payments(performer).wait("pay_1", timeout_seconds=0)
    assert raised.value.payment == (None if isinstance(last, Exception) else last)
    assert len(performer.calls) == 1


def test_a_history_is_asked_for_as_far_as_it_is_taken() -> None:
    """The next page is asked for when the last payment of the one before was taken."""
    pages = [Page((payment(number=1), payment(number=2)), "more"), Page((payment(number=3),), None)]
    performer = Recorded(*pages)
    taken = Payments(performer).history(status="pending")
    assert [next(taken).id, next(taken).id, len(performer.calls)] == ["pay_1", "pay_2", 1]
    assert [each.id for each in taken] == ["pay_3"]
    assert "cursor=more" in performer.calls[1].path
    assert all("status=pending" in call.path for call in performer.calls)


def test_all_links_are_taken_page_by_page() -> None:
    """As the history."""
    performer = Recorded(Page((1, 2), "more"), Page((3,), None))
    assert len(list(Links(performer).list())) == 3
    assert "cursor=more" in performer.calls[1].path


def test_the_other_face_does_the_same() -> None:
    """With asyncio a history comes page by page, and a payment is waited for."""

    async def taken() -> tuple[list[str], str]:
        pages = RecordedAsynchronously(Page((payment(number=1),), "more"), Page((payment(number=2),), None))
        found = [each.id async for each in AsyncPayments(pages).history()]
        ended = await AsyncPayments(RecordedAsynchronously(payment(), payment("completed"))).wait("pay_1")
        return found, ended.status

    assert asyncio.run(taken()) == (["pay_1", "pay_2"], "completed")
