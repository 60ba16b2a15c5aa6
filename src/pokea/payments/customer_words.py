"""The message for the customer about a payment as it stands: one sentence or two in English or Kiswahili.

The row decides: a flag outranks the status, since money that moved otherwise than asked must not be paid again. A page
shows the words as they are, so that every page and program says the same.
"""

from typing import Final

from pokea.clock import Instant
from pokea.daraja.codes.lookup import reason_meaning
from pokea.daraja.codes.reasons import next_step
from pokea.daraja.codes.types import NextStep
from pokea.operations.decision import NO_ANSWER, Flag, Status
from pokea.payments.history.rows import ShownPayment

_PENDING: Final = {
    "en": "If you entered your PIN, there is nothing more to do: the answer will appear here. "
    "No request, or a wrong number? You can try again, or change the number, once this request has ended.",
    "sw": "Ikiwa umeweka PIN, huhitaji kufanya jambo lingine: jibu litaonekana hapa. "
    "Hujaona ombi, au nambari si sahihi? Utaweza kujaribu tena, au kubadilisha nambari, ombi hili likiisha.",
}
_LATE: Final = {
    "en": " If M-PESA confirms the payment after all, it will show here.",
    "sw": " M-PESA ikithibitisha malipo baadaye, yataonekana hapa.",
}
_LOCKED: Final = {
    "en": " We are making sure that no money moved before you pay again.",
    "sw": " Tunahakikisha kuwa hakuna pesa zilizotumwa kabla hujalipa tena.",
}
_TAKEN_BACK: Final = frozenset({"no_response", "expired"})
"""Failures after which M-PESA now and then reports a success; `no_answer` says so itself."""


def reason_words(reason: str, language: str) -> str:
    """The sentences of a reason; `language` is `sw`, else English."""
    text = reason_meaning(reason)
    return text.customer_sw if language == "sw" else text.customer_en


def customer_words(payment: ShownPayment, language: str, now: Instant) -> str:
    """What is known of `payment` and what the customer does next; `language` is `sw`, else English."""
    spoken = "sw" if language == "sw" else "en"
    if Flag.AMOUNT_DIFFERS in payment.flags:
        return reason_words("amount_differs", spoken)
    if payment.status == Status.COMPLETED:
        return reason_words("paid_twice" if Flag.PAID_TWICE in payment.flags else "paid", spoken)
    if payment.status == Status.FAILED:
        return _failed(payment, spoken, now)
    return _PENDING[spoken] if payment.status == Status.PENDING else reason_words("outcome_unknown", spoken)


def _failed(payment: ShownPayment, spoken: str, now: Instant) -> str:
    reason = payment.failure_reason or NO_ANSWER
    words = reason_words(reason, spoken)
    if payment.is_locked(now) and next_step(reason_meaning(reason)) is not NextStep.CONTACT_BUSINESS:
        return words + _LOCKED[spoken]
    return words + _LATE[spoken] if reason in _TAKEN_BACK else words
