"""Rows of money out for tests, each with what matters to the test and usual values for the rest."""

from typing import Any

from pokea.clock import SECOND
from pokea.disbursements.model import AttemptStatus, OutAttempt, OutStep, StepKind, Way

MSISDN = "254708374149"
RECEIPT = "SKR4ABCDEF"
ORIGINATOR = "11111111-2222-4333-8444-555555555555"
CONVERSATION = "AG_20261127_000011112222"


def attempt_row(number: int = 1, **changes: Any) -> OutAttempt:
    """An attempt by B2C that is being sent."""
    usual = OutAttempt(
        id=f"at_{number}",
        merchant_id=1,
        disbursement_id="rf_1",
        number=number,
        way=Way.B2C,
        amount_cents=50_000,
        recipient=MSISDN,
        original_receipt=None,
        originator_id=ORIGINATOR,
        digest="d" * 64,
        created_at=1_000 * SECOND,
        version=1,
        status=AttemptStatus.SENDING,
        is_live=True,
        lease_until=1_090 * SECOND,
        request_id=None,
        receipt=None,
        receiver_name=None,
        charge_cents=None,
        completed_at=None,
        failure_code=None,
        failure_reason=None,
        flags="",
        inquiries=0,
        last_inquiry_at=None,
        next_action_at=None,
    )
    return usual._replace(**changes)


def steps_of(*kinds: StepKind) -> list[OutStep]:
    """Steps of these kinds, one after another."""
    return [OutStep("rf_1", number, kind, "ann", None, None, number) for number, kind in enumerate(kinds, 1)]
