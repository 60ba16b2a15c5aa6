"""What a customer is told of a payment, in every state of it and in both languages."""

import pytest

from pokea.payments.customer_words import customer_words
from tests.payment_rows import new_payment

OPEN, OVER = 30 * 10**6, 200 * 10**6
"""Microseconds within the lock of a payment that began at 0, and after it."""


@pytest.mark.parametrize("language", ["en", "sw"])
@pytest.mark.parametrize(
    "values",
    [
        {"status": "initiated"},
        {"status": "pending"},
        {"status": "completed"},
        {"status": "failed", "failure_reason": "cancelled"},
        {"status": "failed", "failure_reason": None},
        {"status": "completed", "flags": "paid_twice"},
        {"status": "pending", "flags": "amount_differs"},
    ],
)
def test_every_state_has_words(values: dict[str, str], language: str) -> None:
    """Each state is told in whole sentences of one language, and the two languages differ."""
    told = customer_words(new_payment("pay_1", **values), language, OVER)  # type: ignore[arg-type]  # columns by name
    other = customer_words(
        new_payment("pay_1", **values),  # type: ignore[arg-type]  # columns by name
        "sw" if language == "en" else "en",
        OVER,
    )
    assert told.endswith(".")
    assert told != other


def test_money_that_came_otherwise_outranks_the_status() -> None:
    """Where another amount came, the customer is not told to try again, whatever the status is."""
    for status in ("pending", "failed", "completed"):
        payment = new_payment("pay_1", status=status, flags="amount_differs", failure_reason="cancelled")
        assert "do not pay again" in customer_words(payment, "en", OVER)


def test_a_failure_that_is_held_says_why_to_wait() -> None:
    """While booking and phone are locked the words say that no second payment is let through yet; then no more."""
    payment = new_payment("pay_1", status="failed", failure_reason="cancelled")
    assert "making sure that no money moved" in customer_words(payment, "en", OPEN)
    assert "making sure" not in customer_words(payment, "en", OVER)


def test_only_what_mpesa_takes_back_may_still_be_paid() -> None:
    """A late success is announced after no answer from the phone, and not after the customer's own cancelling."""
    silent = new_payment("pay_1", status="failed", failure_reason="no_response", is_locking=False)
    cancelled = new_payment("pay_1", status="failed", failure_reason="cancelled", is_locking=False)
    assert "after all" in customer_words(silent, "en", OVER)
    assert "after all" not in customer_words(cancelled, "en", OVER)
