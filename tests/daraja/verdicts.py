"""What one body or answer proves, by the function that decides every payment: its token, id and amount are right."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from pokea.daraja.callback import CallbackReading
from pokea.daraja.outcomes import Accepted, QueryOutcome, Silent
from pokea.operations.decision import Status, Terms, decide
from pokea.operations.evidence import Delivery, Evidence, from_callback, from_push, from_query
from pokea.operations.rules import STK_PUSH

_PAYMENT: Final = "pay_1"
_ASKED_CENTS: Final = 100


class Verdict(StrEnum):
    """What one body proves about its payment (law: proof)."""

    PAID = "paid"
    NOT_PAID = "not_paid"
    CLAIM = "claim"
    NO_ANSWER = "no_answer"
    NOT_A_CALLBACK = "not_a_callback"


def verdict(reading: CallbackReading | None) -> Verdict:
    """What a callback proves of the push that was accepted under the id, and asked for the amount, that it names."""
    if reading is None:
        return Verdict.NOT_A_CALLBACK
    named = reading.checkout_request_id
    accepted = [] if named is None else [from_push(_PAYMENT, Accepted(named, "", ""), 0)]
    callback = from_callback(_PAYMENT, Delivery("token", reading, b"", 1), proved=True)
    return _decided([*accepted, callback], reading.amount_cents or _ASKED_CENTS)


def query_verdict(outcome: QueryOutcome) -> Verdict:
    """What an answer proves that comes twice, as far apart as two must be that agree (law: evidence)."""
    if isinstance(outcome, Silent):
        return Verdict.NO_ANSWER
    answers = [from_query(_PAYMENT, number, outcome, number * STK_PUSH.agreement) for number in (1, 2)]
    return _decided(answers, _ASKED_CENTS)


def _decided(evidence: Sequence[Evidence], asked_cents: int) -> Verdict:
    status = decide(Terms(_PAYMENT, asked_cents, expires_at=0), STK_PUSH, evidence).status
    return {Status.COMPLETED: Verdict.PAID, Status.FAILED: Verdict.NOT_PAID}.get(status, Verdict.CLAIM)
