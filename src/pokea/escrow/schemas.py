"""What the calls about held money take and answer."""

import json
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from pokea.api.bodies import Incoming, Outgoing, Shillings
from pokea.bookings.schemas import ONE_LINE, BookingBody, one_line
from pokea.clock import iso
from pokea.disbursements.schemas import RefundBody
from pokea.errors import invalid
from pokea.escrow.deciding import EscrowDecision
from pokea.escrow.reviewing import FlagDecision
from pokea.escrow.shares import MOST_SHARES, WantedShare
from pokea.money import CENTS, shillings_json
from pokea.operations.decision import Flag

Why = Annotated[str, AfterValidator(one_line("reason")), ONE_LINE]
PayeeId = Annotated[str, Field(max_length=64, pattern=r"^py_[0-9a-z]{26}$", description="The payee's `id`.")]


class SplitPart(Incoming):
    """The part of one payee."""

    payee_id: PayeeId
    amount: Shillings | None = Field(None, description="In whole shillings; left out for the rest, once.")


class SplitBody(Incoming):
    """Who gets a fee: one payee, or parts of several that sum to it, less the commission."""

    payee_id: PayeeId | None = None
    split: list[SplitPart] | None = Field(None, max_length=MOST_SHARES, description="A part for each payee.")
    reason: Why | None = Field(None, description="Why, in one line.")

    def wanted(self) -> list[WantedShare]:
        """The parts; raises ApiError `invalid_request` where payee and parts are both given."""
        if self.payee_id is not None and self.split is not None:
            raise invalid("split", "Send `payeeId` or `split`, not both.")
        if self.payee_id is not None:
            return [WantedShare(self.payee_id, None)]
        return [
            WantedShare(each.payee_id, None if each.amount is None else each.amount * CENTS)
            for each in self.split or ()
        ]


class DisputeBody(Incoming):
    """Why a fee is disputed."""

    reason: Why | None = Field(None, description="Why, in one line.")


class RefundFeeBody(Incoming):
    """The refund of a held fee."""

    amount: Shillings | None = Field(None, description="In whole shillings; by default all that is held.")
    reason: Why = Field("Refund", description="Why, in one line: the other person reads it.")


class ReviewBody(Incoming):
    """A person's decision about a flag."""

    flag: Flag = Field(description="Which of the payment's `review`.")
    decision: FlagDecision = Field(description="Where its money belongs; `keep` moves nothing.")
    reason: Why = Field(description="Why, in one line.")


class DecisionPart(Outgoing):
    """The part of one payee."""

    payee_id: str
    amount: int | float


class DecisionBody(Outgoing):
    """A decision, which is never changed."""

    id: str
    kind: Literal["release", "dispute", "refund", "flag"]
    amount: int | float | None
    split: list[DecisionPart]
    commission: int | float | None
    flag: str | None
    decided_by: str
    reason: str | None
    created_at: str


class DecidedAnswer(Outgoing):
    """The booking after the decision."""

    success: Literal[True] = True
    booking: BookingBody
    decision: DecisionBody | None = Field(description="Null where nothing about money was decided.")


class FeeRefundAnswer(Outgoing):
    """The booking, the decision, and the refund that another person approves."""

    success: Literal[True] = True
    booking: BookingBody
    decision: DecisionBody | None
    refund: RefundBody


class ReviewAnswer(Outgoing):
    """The payment's flags after the decision."""

    success: Literal[True] = True
    transaction_id: str
    review: list[str] = Field(description="The flags that still wait for a person.")
    decision: DecisionBody | None


DECISION_EXAMPLE: Final[dict[str, Any]] = {
    "id": "oc_01jd8x4m7qv1n2p3r4s5t6v7w8",
    "kind": "release",
    "amount": 500,
    "split": [{"payeeId": "py_01jd8x4m7qv1n2p3r4s5t6v7w8", "amount": 450}],
    "commission": 50,
    "flag": None,
    "decidedBy": "amina",
    "reason": None,
    "createdAt": "2026-11-27T13:58:00.000Z",
}


def decision_body(made: EscrowDecision | None) -> DecisionBody | None:
    """A decision as the API shows it."""
    if made is None:
        return None
    parts = json.loads(made.split) if made.split else []
    return DecisionBody(
        id=made.id,
        kind=made.kind,
        amount=None if made.amount_cents is None else shillings_json(made.amount_cents),
        split=[DecisionPart(payee_id=each["payeeId"], amount=shillings_json(each["amountCents"])) for each in parts],
        commission=None if made.commission_cents is None else shillings_json(made.commission_cents),
        flag=made.flag,
        decided_by=made.subject,
        reason=made.reason,
        created_at=iso(made.created_at),
    )
